"""All alternatives solved, each with what the others have found; and what must hold between them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from models.alternatives import Alternative
from models.options import Options
from models.plan import Commitments, Plan
from optimizer.compare.alike import alike
from optimizer.compare.find import Search
from optimizer.compare.order import Order
from optimizer.compare.pool import Pool, Running, Task
from optimizer.compare.reuse import as_infeasible, bounded, moved, same_plan


@dataclass(frozen=True)
class Solved:
    """An alternative's plan and what it cost to find."""

    plan: Plan
    seconds: float
    reused: str = ""
    """Name of the alternative whose plan it is; empty if its own search found it."""


@dataclass(frozen=True)
class Progress:
    """Where a comparison stands."""

    total: int
    done: tuple[str, ...]
    """Alternatives solved."""
    running: Running
    judging: bool = False
    """Whether plans are judged under each other's rules."""


class Sweep:
    """One comparison under way."""

    def __init__(
        self,
        alternatives: Sequence[Alternative],
        options: Options,
        *,
        processes: int | None,
        progress: Callable[[Progress], None] | None,
        stop: threading.Event,
        keep: Callable[[str, Solved], None],
    ) -> None:
        self.alternatives, self.options, self.stop, self.keep = alternatives, options, stop, keep
        self.progress = progress
        self.order = Order(alternatives)
        self.solved: dict[int, Solved] = {}
        self.judging = False
        members: dict[str, list[Alternative]] = {}
        for alternative, kind in zip(alternatives, self.order.kinds, strict=True):
            members.setdefault(kind, []).append(alternative)
        self.pool = Pool(members, processes, stop, self._tell if progress else None)

    def _tell(self, running: Running = ()) -> None:
        if self.progress is not None:
            done = tuple(self.alternatives[i].name for i in self.solved)
            self.progress(Progress(len(self.alternatives), done, running, self.judging))

    def take(self, i: int, solved: Solved, *, new: bool = True) -> None:
        """An alternative's plan is there."""
        self.solved[i] = solved
        if new:
            self.keep(self.alternatives[i].name, solved)
        self._tell()

    # ---- solving

    def run(self, earlier: dict[str, Solved]) -> None:
        """Solve round by round; ``earlier`` is what another run has left."""
        for members in self.order.rounds:
            before = set(self.solved)
            open_ = []
            for i in members:
                there = earlier.get(self.alternatives[i].name) or self._shared(i, before)
                if there is not None:
                    self.take(i, there, new=self.alternatives[i].name not in earlier)
                else:
                    open_.append(i)
            self._search(open_, before)
            if self.stop.is_set():
                return
        self.settle()

    def _shared(self, i: int, before: set[int]) -> Solved | None:
        """What one that allows more settles, the nearest first: its plan, or that there is none."""
        begun = time.monotonic()
        alternative = self.alternatives[i]
        larger = [j for j in before if self.order.allows[j][i]]
        for j in sorted(larger, key=lambda j: (sum(self.order.allows[j]), j)):
            name = self.alternatives[j].name
            plan = same_plan(self.alternatives[j], self.solved[j].plan, alternative, self.options)
            if plan is None:
                plan = as_infeasible(name, self.solved[j].plan, alternative, self.options)
            if plan is not None:
                return Solved(plan, time.monotonic() - begun, self.solved[j].reused or name)
        return None

    def _search(self, members: Sequence[int], before: set[int]) -> None:
        for position, plan in self.pool.run([self._maker(i, before) for i in members]):
            if isinstance(plan, Plan):
                i = members[position]
                self.take(i, Solved(plan, sum(plan.effort.seconds.values())))

    def _maker(self, i: int, before: set[int]) -> Callable[[int], Task]:
        near = self.order.neighbours(i, before)
        return lambda threads: self._task(i, near, before, threads)

    def _task(self, i: int, near: Sequence[int], before: set[int], threads: int) -> Search:
        bounds = [self.solved[j].plan.bound for j in before if self.order.allows[j][i]]
        starts: list[Commitments] = []
        for j in near or sorted(before)[:1]:
            made = self.solved[j].plan.commitments
            if made is not None and not any(alike(made, other) for other in starts):
                starts.append(made)
        return Search(
            alternative=self.alternatives[i],
            kind=self.order.kinds[i],
            options=self.options.model_copy(update={"threads": self.options.threads or threads}),
            asked=self.options,
            starts=tuple(starts),
            bound=max((b for b in bounds if b is not None), default=float("-inf")),
        )

    # ---- what holds between them

    def settle(self) -> None:
        """A larger envelope may always use the plan of a smaller one, whose bound is at least its own."""
        every = range(len(self.alternatives))
        for lax in every:
            for strict in every:
                if strict != lax and self.order.allows[lax][strict]:
                    self._adopt(lax, strict)
        for strict in every:
            known = [self.solved[lax].plan.bound for lax in every if self.order.allows[lax][strict]]
            best = max((b for b in known if b is not None), default=None)
            mine = self.solved[strict]
            if best is not None and mine.plan.bound is not None and best > mine.plan.bound:
                self.take(strict, replace(mine, plan=bounded(mine.plan, best)))

    def _adopt(self, i: int, j: int) -> None:
        """What j has found for i, which allows more, if it is better there."""
        if not self._worse(i, j):
            return
        self.improve(i, j)
        if self._worse(i, j):
            # As good but for rounding; monotone is meant to the last digit.
            mine, theirs = self.solved[i].plan, self.solved[j].plan
            plan = moved(theirs, self.alternatives[i], self.options, bound=mine.bound)
            if plan is not None:
                kept = mine.marginal_values if mine.commitments is not None else theirs.marginal_values
                plan = plan.model_copy(update={"marginal_values": kept})
                origin = self.solved[j].reused or self.alternatives[j].name
                self.take(i, Solved(plan, self.solved[i].seconds, origin))

    def _worse(self, i: int, j: int) -> bool:
        mine, theirs = self.solved[i].plan.objective, self.solved[j].plan.objective
        return theirs is not None and (mine is None or theirs < mine)

    def improve(self, i: int, j: int) -> None:
        """The commitments of j made a plan of i, sizes as they suit i."""
        made = self.solved[j].plan.commitments
        mine = self.solved[i]
        assert made is not None, "it was judged"
        bound = float("-inf") if mine.plan.bound is None else mine.plan.bound
        task = Search(
            alternative=self.alternatives[i],
            kind=self.order.kinds[i],
            # Whatever the gap: the search has been, this is its incumbent improved.
            options=self.options.model_copy(update={"relative_gap": 1.0}),
            asked=self.options,
            starts=(made,),
            bound=bound,
        )
        for _, plan in self.pool.run([lambda _: task]):
            if not isinstance(plan, Plan) or plan.objective is None:
                continue
            if mine.plan.objective is None or plan.objective < mine.plan.objective:
                spent = mine.seconds + sum(plan.effort.seconds.values())
                self.take(i, Solved(bounded(plan, mine.plan.bound), spent, self.alternatives[j].name))
