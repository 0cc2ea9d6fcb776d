"""Methods of this project: ``decompose``, ``extensive`` (own branch and bound) and ``highs`` (the same
arrays, equilibrated, given to HiGHS whole).

All three as ``stockpile solve`` has them up to the point where a plan is made of what was found.
"""

from __future__ import annotations

import time
from contextlib import nullcontext

from benchmarks.floor import Floor, watched
from benchmarks.methods import Asked, Found, Steps, finite
from models.files import read
from models.options import Options
from optimizer.data import Data
from optimizer.highs import Report
from optimizer.methods import find
from optimizer.progress import Clock, Progress

PHASES = {"formulation": "building", "arrays": "building", "search": "solving"}


class _Telling:
    """Hands on what a search tells, and keeps when its relaxation was done."""

    def __init__(self, steps: Steps, money: float) -> None:
        self.steps, self.money = steps, money
        self.begun = time.monotonic()
        self.relaxed: float | None = None
        self.searching = False

    def phase(self, now: Progress) -> None:
        """A phase begins."""
        self.begun = time.monotonic()
        self.steps.begin(PHASES[now.phase])

    def report(self, now: Report) -> None:
        """Until there is a plan or a branch, bounds are those of the relaxation."""
        objective, bound = finite(now.incumbent), finite(now.bound)
        self.searching = self.searching or now.nodes > 0 or objective is not None
        if not self.searching and bound is not None:
            self.relaxed = time.monotonic() - self.begun
        self.steps.standing(
            None if objective is None else objective * self.money,
            None if bound is None else bound * self.money,
        )


def run(asked: Asked, steps: Steps) -> Found:
    """Read, build, solve."""
    steps.begin("reading")
    instance = read(asked.path)
    steps.begin("building")
    data = Data(instance)
    options = Options.model_validate(
        {"relative_gap": asked.gap, "threads": asked.threads, "method": asked.method}
    )
    money = data.units.money
    telling = _Telling(steps, money)
    pieces = asked.method == "decompose"
    with watched() if pieces else nullcontext(Floor()) as floor:
        way = find(
            data,
            options,
            Clock(asked.left(), telling.phase),
            stop=None,
            report=telling.report,
            start=lambda _: None,
        )
    steps.begin("end")
    rows, columns = way.arrays.shape
    steps.size(len(data.tree), rows, columns, way.arrays.matrix.nnz)
    found = way.found
    objective, bound = finite(found.objective), finite(found.bound)
    if found.x is None:
        objective = None
    return Found(
        end=found.end,
        objective=None if objective is None else objective * money,
        bound=None if bound is None else bound * money,
        branch_nodes=found.branch_nodes,
        relaxation=telling.relaxed if pieces else None,
        floor=floor.seconds,
        besides=floor.spent,
        note="" if way.word == asked.method else way.word,
    )
