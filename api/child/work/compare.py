"""A comparison, as ``stockpile compare --out result`` does it.

Its folder is its checkpoint: plans are kept below ``checkpoint`` as they are found, and another run of the
same job goes on from there.
"""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path
from typing import Any

from api.child.order import Order
from api.child.tell import Teller
from api.child.work.folder import CHECKPOINT, capped, instance_in, result_in
from models.alternatives import Alternative, budgets, parse_alternatives
from models.faults import Fault, FaultyAlternatives
from models.instance import Instance
from models.jobs import CompareWork, SolverStatus
from optimizer.compare import Comparison, Progress, compare, write_comparison
from optimizer.progress import Progress as Stands

EVERY = 1.0
"""Seconds between two looks at the files while nothing is told to be done."""
PLANS = "plans"
NAMED = 64
"""Alternatives that are told one by one; of more only how many."""
PROVEN = ("optimal", "infeasible", "unbounded")


def compare_work(order: Order, deadline: float, tell: Teller, stop: threading.Event) -> dict[str, Any]:
    """Solve all alternatives, lay them side by side, write."""
    work = CompareWork.model_validate(order.work)
    rows = alternatives_of(work, instance := instance_in(order.folder))
    kept = _Kept(order.folder / CHECKPOINT, tell)

    def report(now: Progress) -> None:
        kept.look(len(now.done))
        figures: dict[str, Any] = {"done": len(now.done), "total": now.total}
        if len(now.running) == 1 and (stands := now.running[0][1]) is not None:
            figures |= {"incumbent": stands.incumbent, "bound": stands.bound, "gap": stands.gap}
            figures |= {"nodes": stands.nodes}
        if now.total <= NAMED:
            figures |= {"solved": now.done, "running": [_standing(*entry) for entry in now.running]}
        tell.progress("judge" if now.judging else "solve", **figures)

    comparison = compare(
        instance,
        rows,
        capped(work.options, order.threads),
        baseline=work.baseline,
        regret=work.regret,
        folder=kept.folder,
        progress=report,
        stop=stop,
    )
    kept.look()
    tell.progress("write", done=len(comparison.plans), total=len(rows))
    with result_in(order.folder) as folder:
        shutil.copytree(kept.folder, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".*"))
        if comparison.plans and (comparison.missing or stop.is_set()):
            # Nobody will go on in this folder: what is there is laid side by side.
            write_comparison(comparison, folder)
    return {"solver_status": status(comparison, stop.is_set(), deadline)}


def _standing(name: str, stands: Stands | None, seconds: float) -> dict[str, Any]:
    """Where the search for one alternative stands."""
    found = {"alternative": name, "seconds": seconds}
    if stands is not None:
        found |= {"incumbent": stands.incumbent, "bound": stands.bound, "gap": stands.gap}
    return found


def alternatives_of(work: CompareWork, instance: Instance) -> tuple[Alternative, ...]:
    """Those written out first, then those of the budgets. Raises FaultyAlternatives, all faults at once."""
    rows: tuple[Alternative, ...] = ()
    wrong: list[Fault] = []
    try:
        if work.alternatives:
            rows += parse_alternatives({"alternatives": list(work.alternatives)}, instance).rows
    except FaultyAlternatives as error:
        wrong += error.faults
    try:
        if work.budgets:
            rows += budgets(instance, work.budgets)
    except FaultyAlternatives as error:
        wrong += error.faults
    if wrong:
        raise FaultyAlternatives(wrong)
    return rows


def status(comparison: Comparison, stopped: bool, deadline: float) -> SolverStatus:
    """The word for all plans together: the least of what can be said of each."""
    if comparison.missing or stopped:
        return "time_limit" if time.monotonic() >= deadline else "interrupted"
    ends = {plan.status for plan in comparison.plans.values()} - set(PROVEN)
    return "optimal" if not ends else "time_limit" if "time_limit" in ends else "feasible"


class _Kept:
    """Files of the checkpoint, told as they are written."""

    def __init__(self, folder: Path, tell: Teller) -> None:
        self.folder, self.tell = folder, tell
        folder.mkdir(parents=True, exist_ok=True)
        self.known = self.there()
        self.done, self.looked = 0, 0.0

    def there(self) -> dict[str, tuple[int, int]]:
        """Size and time of every file that a later run may need, by path below the folder."""
        found = {}
        for path in (self.folder / PLANS).rglob("*"):
            if path.is_file() and not path.name.startswith("."):
                about = path.stat()
                found[path.relative_to(self.folder).as_posix()] = (about.st_size, about.st_mtime_ns)
        return found

    def look(self, done: int | None = None) -> None:
        """Tell what is new, in the order in which it was written; ``done``: only if it is worth a look."""
        if done == self.done and time.monotonic() - self.looked < EVERY:
            return
        self.done, self.looked = done or 0, time.monotonic()
        now = self.there()
        for name in sorted(now, key=lambda name: now[name][1]):
            if self.known.get(name) != now[name]:
                self.tell.checkpoint(name)
        self.known = now
