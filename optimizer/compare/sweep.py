"""All alternatives solved, each with what the others have found; then each plan under each other's rules."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from models.alternatives import Alternative
from models.options import Options
from models.plan import Commitments, Plan
from optimizer.compare.find import Search
from optimizer.compare.judge import Judge
from optimizer.compare.order import Order
from optimizer.compare.pool import Pool, Running, Task
from optimizer.compare.reuse import as_infeasible, bounded, moved, same_plan

BETTER = 1e-9
"""Relative: a plan that is better by less is as good, and the LP solver's rounding."""
ROUNDS = 5
"""Times that plans are exchanged and judged again, at most; each improves one, so one or two do."""


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


Verdict = dict[tuple[str, str], float | None]
"""(plan of, judged by): USD; None if the commitments cannot meet the rules."""


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
        self._settle()

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

    def _settle(self) -> None:
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
        self._improve(i, j)
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

    # ---- regret

    def judge(self) -> Verdict:
        """What every plan's commitments come to under every alternative; plans are improved by one another.

        Empty if it was stopped.
        """
        self.judging = True
        for _ in range(ROUNDS):
            verdict = self._verdict()
            better = self._best(verdict)
            if self.stop.is_set():
                return {}
            if not better:
                return verdict
            for i, j in better.items():
                self._improve(i, j)
            self._settle()
        return verdict

    def _verdict(self) -> Verdict:
        names = [a.name for a in self.alternatives]
        verdict: Verdict = {}
        for p, name in enumerate(names):
            plan = self.solved[p].plan
            if plan.commitments is None:
                continue
            for q in range(len(names)):
                known = self._known(p, q)
                if known is not None:
                    verdict[name, names[q]] = known
        makers: list[Callable[[int], Task]] = []
        for p, name in enumerate(names):
            made = self.solved[p].plan.commitments
            if made is None:
                continue
            for kind in dict.fromkeys(self.order.kinds):
                ask = [
                    q
                    for family in self.order.families
                    for q in family
                    if self.order.kinds[q] == kind and (name, names[q]) not in verdict
                ]
                if ask:
                    makers.append(self._judge(name, made, ask, kind))
        for position, found in self.pool.run(makers):
            task = makers[position](1)
            for q, value in (found or {}).items():
                verdict[task.name, q] = value
        return verdict

    def _judge(self, name: str, made: Commitments, ask: Sequence[int], kind: str) -> Callable[[int], Task]:
        by = tuple(self.alternatives[q] for q in ask)
        return lambda threads: Judge(
            name, made, by, kind,
            self.options.model_copy(update={"threads": self.options.threads or max(1, threads)}),
        )  # fmt: skip

    def _known(self, p: int, q: int) -> float | None:
        """What needs no solve: the same commitments; a plan that meets stricter rules as it stands."""
        plan, other = self.solved[p].plan, self.solved[q].plan
        if p == q or (other.commitments is not None and alike(plan.commitments, other.commitments)):
            return other.objective
        if self.order.allows[p][q] and moved(plan, self.alternatives[q], self.options) is not None:
            return plan.objective
        return None

    def _best(self, verdict: Verdict) -> dict[int, int]:
        """Alternatives under which somebody else's commitments do better than their own: whose."""
        better: dict[int, int] = {}
        for q, alternative in enumerate(self.alternatives):
            mine = self.solved[q].plan.objective
            values = [
                (value, p)
                for p, other in enumerate(self.alternatives)
                if (value := verdict.get((other.name, alternative.name))) is not None
            ]
            if values and (mine is None or min(values)[0] < mine - BETTER * abs(mine)):
                better[q] = min(values)[1]
        return better

    def _improve(self, i: int, j: int) -> None:
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


def alike(one: Commitments | None, other: Commitments | None) -> bool:
    """Whether two plans commit to the same, sizes but for rounding."""
    if one is None or other is None:
        return one is other
    return _keys(one) == _keys(other)


def _keys(made: Commitments) -> set[tuple[str, str, int, str]]:
    def size(value: float) -> str:
        return f"{value:.9g}"

    return (
        {("agreement", a.id, a.start, size(a.volume)) for a in made.agreements}
        | {("project", k.id, k.start, size(k.capacity)) for k in made.projects}
        | {("depot", d.id, 0, "") for d in made.depots}
    )
