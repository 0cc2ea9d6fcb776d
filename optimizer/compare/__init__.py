"""Budgets and other alternatives of one instance, solved together and laid side by side.

What one solve finds serves the others (docs/decisions/0017): one formulation for all alternatives that differ
in numbers alone, plans and bounds handed from envelope to envelope, and no search at all where they settle an
alternative. The results are the same whatever the number of processes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from models.alternatives import Alternative, Alternatives, budgets, check_names, read_alternatives
from models.instance import Instance
from models.options import Options
from optimizer.compare.store import (
    Comparison,
    finished,
    keep,
    kept,
    read_comparison,
    write_comparison,
)
from optimizer.compare.sweep import Progress, Solved, Sweep
from optimizer.compare.tables import DESCRIPTIONS, comparison_tables
from optimizer.compare.trial import Trial

__all__ = [
    "DESCRIPTIONS",
    "Alternative",
    "Alternatives",
    "Comparison",
    "Progress",
    "budgets",
    "compare",
    "read_alternatives",
    "read_comparison",
    "write_comparison",
]


def compare(
    instance: Instance,
    alternatives: Sequence[Alternative],
    options: Options = Options(),
    *,
    baseline: str | None = None,
    regret: bool = True,
    folder: str | Path | None = None,
    processes: int | None = None,
    progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
) -> Comparison:
    """Solve all alternatives and compare them.

    Parameters
    ----------
    instance: what the alternatives change; its name and fingerprint go into the result.
    alternatives: of :func:`budgets`, :func:`read_alternatives`, or made by hand.
    options: of each solve; ``time_limit`` is for one alternative.
    baseline: name of the alternative that differences are taken to; the first by default.
    regret: judge every plan's commitments under the rules of every other alternative.
    folder: where plans are kept as they are found, and the comparison in the end; what an earlier run left
        there is taken where instance, options and version are the same.
    processes: child processes at most; by default as many as cores, and none while tasks are short.
    progress: called as alternatives begin and end, and while they run.
    stop: set it to end early: what runs hands over the best it has, what is finished stays in ``folder``.

    Returns
    -------
    The comparison; stopped early it names what is ``missing``, has no regret, and is not written as a whole.

    Raises
    ------
    FaultyAlternatives: names that are not unique or cannot be those of a folder; an unknown baseline.
    SolverFailed, AuditFailed: as :func:`optimizer.solve.solve`. UnwritableFile.
    """
    alternatives = tuple(alternatives)
    base = check_names(alternatives, baseline)
    stop = stop or threading.Event()
    place = None if folder is None else Path(folder)
    by_name = {a.name: a for a in alternatives}

    def note(name: str, solved: Solved) -> None:
        if place is not None:
            keep(place, by_name[name], options, solved)

    sweep = Sweep(alternatives, options, processes=processes, progress=progress, stop=stop, keep=note)
    with sweep.pool:
        sweep.run({} if place is None else kept(place, alternatives, options))
        verdict = Trial(sweep).verdict() if regret and not stop.is_set() else {}
    solved = {a.name: sweep.solved[i] for i, a in enumerate(alternatives) if i in sweep.solved}
    missing = tuple(a.name for a in alternatives if a.name not in solved or not finished(solved[a.name].plan))
    judged = regret and bool(verdict)
    comparison = Comparison(
        name=instance.name,
        fingerprint=instance.fingerprint(),
        baseline=base,
        plans={name: s.plan for name, s in solved.items()},
        instances={name: by_name[name].instance for name in solved},
        tables=comparison_tables(alternatives, solved, base, verdict),
        options=options,
        regret=judged,
        descriptions={a.name: a.description for a in alternatives},
        missing=missing,
    )
    if place is not None and not stop.is_set():
        write_comparison(comparison, place)
    return comparison
