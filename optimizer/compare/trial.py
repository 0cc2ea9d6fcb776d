"""Every plan under the rules of every alternative, and plans improved by what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from models.alternatives import Alternative
from models.plan import Commitments
from optimizer.compare.alike import Keys, alike, keys_of
from optimizer.compare.judge import Judge
from optimizer.compare.pool import Task
from optimizer.compare.reuse import moved
from optimizer.compare.sweep import Sweep

BETTER = 1e-9
"""Relative: a plan that is better by less is as good, and the LP solver's rounding."""
ROUNDS = 5
"""Times that plans are exchanged and judged again, at most; each improves one, so one or two do."""


Verdict = dict[tuple[str, str], float | str]
"""(plan of, judged by): USD; where the commitments cannot meet the rules the reason, as far as known."""


class Trial:
    """The plans of a sweep, judged."""

    def __init__(self, sweep: Sweep) -> None:
        self.sweep, self.pool, self.stop = sweep, sweep.pool, sweep.stop
        self.alternatives, self.order, self.options = sweep.alternatives, sweep.order, sweep.options
        self.solved = sweep.solved
        self.judged: dict[tuple[Keys, str], float | str] = {}

    def verdict(self) -> Verdict:
        """What every plan's commitments come to under every alternative; plans are improved by one another.

        Empty if it was stopped.
        """
        self.sweep.judging = True
        for _ in range(ROUNDS):
            verdict = self._pass()
            if self.stop.is_set():
                return {}
            better = self._best(verdict)
            if not better:
                break
            for i, j in better.items():
                self.sweep.improve(i, j)
            self.sweep.settle()
        else:
            verdict = self._pass()
        return {} if self.stop.is_set() else verdict

    def _pass(self) -> Verdict:
        names = [a.name for a in self.alternatives]
        made = {p: m for p in range(len(names)) if (m := self.solved[p].plan.commitments) is not None}
        for p, commitments in made.items():
            for q in range(len(names)):
                if (value := self._known(p, q)) is not None:
                    self.judged[keys_of(commitments), names[q]] = value
        self._ask(made)
        found: Verdict = {}
        for p, commitments in made.items():
            for name in names:
                if (judged := self.judged.get((keys_of(commitments), name))) is not None:
                    found[names[p], name] = judged
        return found

    def _ask(self, made: dict[int, Commitments]) -> None:
        """Judge what is not known yet, equal commitments once."""
        makers: list[Callable[[int], Task]] = []
        asked: list[Keys] = []
        for p, commitments in made.items():
            if keys_of(commitments) in asked:
                continue
            for kind in dict.fromkeys(self.order.kinds):
                members = [q for family in self.order.families for q in family if self.order.kinds[q] == kind]
                open_ = [
                    a
                    for a in (self.alternatives[q] for q in members)
                    if (keys_of(commitments), a.name) not in self.judged
                ]
                if open_:
                    makers.append(self._judge(p, commitments, open_, kind))
                    asked.append(keys_of(commitments))
        for position, found in self.pool.run(makers):
            for q, value in (found or {}).items():
                self.judged[asked[position], q] = value

    def _judge(
        self, p: int, made: Commitments, by: Sequence[Alternative], kind: str
    ) -> Callable[[int], Task]:
        other = kind != self.order.kinds[p]
        return lambda threads: Judge(
            self.alternatives[p].name, other, made, tuple(by), kind,
            self.options.model_copy(update={"threads": self.options.threads or threads}),
        )  # fmt: skip

    def _known(self, p: int, q: int) -> float | None:
        """What needs no solve: the same commitments; a plan that meets stricter rules as it stands."""
        plan, other = self.solved[p].plan, self.solved[q].plan
        known = self.judged.get((keys_of(plan.commitments or Commitments()), self.alternatives[q].name))
        if known is not None and p != q:
            return None
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
                if isinstance(value := verdict.get((other.name, alternative.name)), float)
            ]
            if values and (mine is None or min(values)[0] < mine - BETTER * abs(mine)):
                better[q] = min(values)[1]
        return better
