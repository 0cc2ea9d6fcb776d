"""Which way a programme is written and searched: whole, or cut along the scenario tree."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from models.faults import SolverFailed
from models.options import Options
from optimizer.checkpoint import Checkpoint, named
from optimizer.compile import Arrays, Vector, no_collection
from optimizer.data import Data
from optimizer.decompose import CannotDecompose, Learnt, Nodes, prepare, solve
from optimizer.highs import Outcome, Report
from optimizer.progress import Clock
from optimizer.search import search
from optimizer.template import Template, arrays_of

LARGE = 300
"""Nodes of the scenario tree from which ``auto`` decomposes (docs/decisions/0021-decomposition.md)."""
WHOLE = 150_000
"""Entries up to which a programme with its decisions made is solved again as a whole: its solution is then a
corner, and marginal values can be told."""


@dataclass(frozen=True)
class Way:
    """What was found, and how."""

    arrays: Arrays
    """Without the matrix where the solution is the plan as it stands."""
    found: Outcome
    word: str
    """The method and, where it was not asked for by name or could not be used, the reason."""
    in_pieces: bool
    """Whether the solution is the plan as it stands: too large to be solved again as a whole."""
    entries: int
    """Of the matrix."""


def find(
    data: Data,
    options: Options,
    clock: Clock,
    *,
    stop: threading.Event | None,
    report: Callable[[Report], None] | None,
    start: Callable[[Arrays], Vector | None],
    checkpoint: Callable[[Checkpoint], None] | None = None,
    resume: Checkpoint | None = None,
    pool: str = "auto",
) -> Way:
    """The arrays, and what is found by the method asked for, or by the extensive form where that cannot.

    ``checkpoint`` is handed where the search stands every few seconds, ``resume`` is where an earlier one
    stood; of one that was made by another method or for other pieces, the decomposition takes the decisions.
    ``pool`` says where subproblems are solved (:mod:`optimizer.decompose.pools`).
    """
    pieces, word = chosen(options, len(data.tree))
    arrays: Arrays | None = None
    if pieces:
        arrays, nodes = _with_nodes(data, clock)
        entries = int(arrays.matrix.nnz)
        large = entries > WHOLE
        try:
            with clock.phase("arrays"):
                cut = prepare(arrays, nodes)
            if resume is None or resume.incumbent is None:
                proposed = start(arrays)
            else:
                proposed = _decisions(resume, arrays)
            if large:
                # What is in the pieces need not be held twice.
                arrays = replace(arrays, matrix=sp.csc_array(arrays.shape))
            with clock.phase("search"):
                found = solve(
                    cut,
                    options,
                    seconds=clock.left(),
                    stop=stop,
                    report=report,
                    start=proposed,
                    pool=pool,
                    checkpoint=None if checkpoint is None else _handing(checkpoint, arrays),
                    resume=None if resume is None else resume.learnt,
                )
            said = f"{word}; {found.note}" if found.note else word
            if found.end != "infeasible":
                return Way(arrays, found, said, large, entries)
            if large and np.isposinf(found.bound):
                # The proof has to do: as a whole it would take days. Why there is none is told of the whole.
                return Way(arrays_of(data, clock.phase), found, said, False, entries)
            word = "extensive: it has to confirm that there is no plan"
        except (CannotDecompose, SolverFailed) as reason:
            word = f"extensive: {reason}"
        if not arrays.matrix.nnz:
            arrays = None
    if arrays is None:
        arrays = arrays_of(data, clock.phase)
    with clock.phase("search"):
        found = search(
            arrays,
            options,
            seconds=clock.left(),
            stop=stop,
            report=report,
            start=start(arrays),
            checkpoint=checkpoint,
            resume=resume,
        )
    return Way(arrays, found, word, False, int(arrays.matrix.nnz))


def chosen(options: Options, nodes: int) -> tuple[bool, str]:
    """Whether to decompose, and the method in words."""
    if options.method != "auto":
        return options.method == "decompose", options.method
    if nodes >= LARGE:
        return True, f"decompose: the scenario tree has {nodes} nodes, {LARGE} or more"
    return False, f"extensive: the scenario tree has {nodes} nodes, fewer than {LARGE}"


def _handing(checkpoint: Callable[[Checkpoint], None], arrays: Arrays) -> Callable[[Learnt], None]:
    """Checkpoints of what a decomposition has learnt."""
    names = named([arrays.columns[j] for j in np.flatnonzero(arrays.integer).tolist()])

    def hand(now: Learnt) -> None:
        checkpoint(
            Checkpoint(
                names, now.decisions, now.objective, now.bound, now.nodes,
                learnt=now, programme=now.programme,
            )
        )  # fmt: skip

    return hand


def _decisions(resume: Checkpoint, arrays: Arrays) -> Vector:
    """The decisions of a checkpoint by column; nan where it says nothing."""
    x = np.full(len(arrays.columns), np.nan)
    integers = np.flatnonzero(arrays.integer)
    x[integers] = resume.values([arrays.columns[j] for j in integers.tolist()])
    return x


def _with_nodes(data: Data, clock: Clock) -> tuple[Arrays, Nodes]:
    with no_collection():
        template = Template(data.instance)
        with clock.phase("formulation"):
            template.learn((node.period, data.states[node.id]) for node in data.tree.nodes)
        with clock.phase("arrays"):
            arrays = template.arrays(data.tree, data.states)
    columns, rows = template.names_at_nodes
    return arrays, Nodes(data.tree, columns, rows)
