"""The instance with a slack on every rule, as arrays, and the questions asked of it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from models.faults import SolverFailed
from models.options import Options
from optimizer.compile import Arrays, Vector
from optimizer.cones import folded, run
from optimizer.explain.rules import Rule
from optimizer.highs import Outcome, Solver
from optimizer.search import search

Rules = frozenset[int]
"""Positions in the list of rules."""
NOTHING = 1e-9
"""Relaxations below this share of a rule's size are the solver's noise."""
GAP, ANY = 1e-4, 1.0
"""Relative gap of the weight of the relaxations (for given yes/no decisions amounts are exact), and a gap at
which any point will do."""
HINT = 1e-5
"""Share of the instance's own cost that stays in the objective. With none the LP is so degenerate that the
simplex method took more than 150 s for the real case; with this 30 s."""
TAKEN = 0.05
"""Fixed costs make the relaxation sign a tenth of an agreement: above this share it is taken."""
LAST_SECONDS = 5.0
"""What the last LP of an answer may take although the time is used up."""


class OutOfTime(Exception):
    """The time for explaining is used up, or somebody stopped it."""


@dataclass(frozen=True)
class Relaxed:
    """A point of the elastic programme and the rules it relaxes."""

    x: Vector
    used: Rules
    weight: float
    proven: bool
    """Nothing weighs less."""


def with_slacks(arrays: Arrays, rules: list[Rule]) -> tuple[Arrays, list[list[int | None]]]:
    """One column per rule, at its weight; a relaxed upper bound becomes a row. No other cost is left.

    Also the row of each place of each rule, None where there is no limit.
    """
    rows, count = list(arrays.rows), arrays.shape[1]
    entries: list[tuple[int, int, float]] = []
    upper = arrays.upper.copy()
    limits: list[float] = []
    rows_of: list[list[int | None]] = [[] for _ in rules]
    for g, rule in enumerate(rules):
        for place in rule.places:
            if not place.bound:
                entries.append((place.index, count + g, place.step))
                rows_of[g].append(place.index)
            elif np.isfinite(arrays.upper[place.index]):
                entries += [(len(rows), place.index, 1.0), (len(rows), count + g, -place.step)]
                rows.append(("relaxed", arrays.columns[place.index]))
                limits.append(arrays.upper[place.index])
                rows_of[g].append(len(rows) - 1)
                upper[place.index] = np.inf
            else:
                rows_of[g].append(None)
    none = np.zeros(len(rules))
    old = arrays.matrix.tocoo()
    added = np.array(entries).reshape(-1, 3).T
    at_row = np.concatenate([old.row, added[0].astype(int)])
    at_column = np.concatenate([old.col, added[1].astype(int)])
    values = np.concatenate([old.data, added[2]])
    matrix = sp.coo_array((values, (at_row, at_column)), shape=(len(rows), count + len(rules)))
    elastic = replace(
        arrays,
        matrix=sp.csc_array(matrix),
        cost=np.concatenate([np.zeros(count), [rule.weight for rule in rules]]),
        expected_cost=np.concatenate([np.zeros(count), none]),
        offset=0.0,
        lower=np.concatenate([arrays.lower, none]),
        upper=np.concatenate([upper, np.full(len(rules), np.inf)]),
        integer=np.concatenate([arrays.integer, np.zeros(len(rules), dtype=bool)]),
        row_lower=np.concatenate([arrays.row_lower, np.full(len(limits), -np.inf)]),
        row_upper=np.concatenate([arrays.row_upper, limits]),
        columns=[*arrays.columns, *(("relax", (g,)) for g in range(len(rules)))],
        rows=rows,
    )
    return elastic, rows_of


class Elastic:
    """Which rules have to give way, asked of the elastic programme.

    Most conflicts show in its LP relaxation already, which answers much faster: it is asked first, and what
    it rules out is ruled out.
    """

    def __init__(
        self,
        arrays: Arrays,
        rules: list[Rule],
        options: Options,
        seconds: float,
        stop: threading.Event | None = None,
    ) -> None:
        self.rules, self.stop = rules, stop
        self.options = options
        self.first = arrays.shape[1]
        self.arrays, self.rows_of = with_slacks(arrays, rules)
        self.every = frozenset(range(len(rules)))
        self.seconds, self.deadline = seconds, time.monotonic() + seconds
        self._integers = np.flatnonzero(self.arrays.integer)
        self._weights = self.arrays.cost
        self._hint = HINT * np.concatenate([arrays.cost, np.zeros(len(rules))])
        linear = replace(self.arrays, integer=np.zeros_like(self.arrays.integer), cost=self._hint)
        self._linear = Solver(linear, threads=options.threads, seed=options.seed)
        self._points: dict[Rules, Vector] = {}
        self._known: dict[Rules, bool] = {}
        self._known_linear: dict[Rules, bool] = {}

    def cheapest(self, allowed: Rules, gap: float = GAP, share: float = 1.0) -> Relaxed | None:
        """The relaxations of least weight among the allowed rules; None if they do not suffice.

        Takes at most a share of all the time. Raises :class:`OutOfTime` if nothing was found in time.
        """
        found = self._search(allowed, self._weights, gap, share)
        return None if found.x is None else self._exact(found.x, allowed, found.end == "optimal")

    def from_fractions(self) -> Relaxed | None:
        """Relaxations for the decisions that the LP relaxation takes more than a little of: not those of
        least weight, but an answer should the search have none in time. None if there is none this way.
        """
        allowed = self.every
        slacks = np.arange(self.first, len(self._weights))
        self._linear.bound(slacks, np.zeros(len(slacks)), self._open(allowed))
        self._linear.set_cost(self._weights + self._hint)
        self._linear.forget()
        try:
            found = self._linear.run(time_limit=self.left(), stop=self.stop)
            if found.end != "optimal" or found.x is None:
                return None
            x = np.zeros_like(found.x)
            x[self._taken(found.x)] = 1.0
            return self._exact(x, allowed, False)
        except (OutOfTime, SolverFailed):
            # Rounded like this the decisions may break what never gives way.
            return None
        finally:
            self._linear.set_cost(self._hint)

    def _taken(self, x: Vector) -> list[int]:
        """Yes/no columns above a threshold, of each item the start it takes most of."""
        best: dict[tuple[str, Any], int] = {}
        for j in self._integers.tolist():
            name, index = self.arrays.columns[j]
            # What is no commitment has an index that does not begin with an item.
            item = (name, index[0] if name in ("sign", "build", "open") else index)
            if x[j] >= TAKEN and (item not in best or x[j] > x[best[item]]):
                best[item] = j
        taken = set(best.values())
        by_row = sp.csr_array(self.arrays.matrix)
        for i, (name, _) in enumerate(self.arrays.rows):
            if name != "choose_max":
                continue
            at = slice(by_row.indptr[i], by_row.indptr[i + 1])
            members = sorted(taken.intersection(by_row.indices[at].tolist()), key=lambda j: -x[j])
            # As many as the relaxation takes together: a choice gives way no more than there.
            most = np.ceil(sum(x[j] for j in by_row.indices[at] if j < self.first) - NOTHING)
            taken -= set(members[int(most) :])
        return sorted(taken)

    def known(self, allowed: Rules) -> Relaxed | None:
        """Relaxations among the allowed rules met on the way, not those of least weight; None without any."""
        met = next((x for rules, x in self._points.items() if rules <= allowed), None)
        return None if met is None else self._exact(met, allowed, False)

    def suffices(self, allowed: Rules) -> bool:
        """Whether relaxing these rules is enough, by whatever amounts."""
        if not self.possible(allowed):
            return False
        answer = _follows(self._known, allowed)
        if answer is None:
            found = self._search(allowed, np.zeros_like(self._weights), ANY, 1.0)
            answer = found.x is not None
            if found.x is not None:
                self._known[allowed] = True
                self._points[allowed] = found.x
        return answer

    def possible(self, allowed: Rules) -> bool:
        """Whether relaxing these rules could be enough if yes/no decisions could be fractions."""
        answer = _follows(self._known_linear, allowed)
        if answer is None:
            slacks = np.arange(self.first, len(self._weights))
            self._linear.bound(slacks, np.zeros(len(slacks)), self._open(allowed))
            # Warm starts lose their way after a change this large.
            self._linear.forget()
            try:
                found = self._linear.run(time_limit=self.left(), stop=self.stop)
            except SolverFailed:
                # The simplex method can stumble over an LP that is infeasible; nothing is ruled out then.
                return True
            answer = self._known_linear[allowed] = not self._nothing(found)
        return answer

    def least(self, g: int, relaxed: Relaxed) -> Outcome | None:
        """The LP in which one rule gives way as little as it can, the others of a set as they like, with the
        yes/no decisions as they are: its duals say why. None if it has no optimum.
        """
        solver = self._rounded(relaxed.x)
        slacks = np.arange(self.first, len(relaxed.x))
        solver.bound(slacks, np.zeros(len(slacks)), self._open(relaxed.used))
        price = np.zeros_like(self._weights)
        price[self.first + g] = self._weights[self.first + g]
        outcome = self._run(solver, price, self.left(), self.stop)
        return outcome if outcome.end == "optimal" else None

    def left(self) -> float:
        """Seconds left; raises :class:`OutOfTime` if there are none or somebody asked to stop."""
        left = self.deadline - time.monotonic()
        if left <= 0 or (self.stop is not None and self.stop.is_set()):
            raise OutOfTime
        return left

    def _search(self, allowed: Rules, price: Vector, gap: float, share: float) -> Outcome:
        """Branch and bound over the yes/no decisions; without values if there are none that suffice."""
        upper = self.arrays.upper.copy()
        upper[self.first :] = self._open(allowed)
        arrays = replace(self.arrays, upper=upper, cost=price + self._hint)
        found = search(
            arrays,
            self.options.model_copy(update={"relative_gap": gap}),
            seconds=min(self.left(), share * self.seconds),
            stop=self.stop,
            # Signing, building and opening nothing is a plan once the rules are gone.
            start=np.zeros_like(upper),
        )
        if self._nothing(found):
            self._known[allowed] = False
        return found

    def _exact(self, x: Vector, allowed: Rules, proven: bool) -> Relaxed:
        """The same yes/no decisions, rounded, and for these the least amounts."""
        solver = self._rounded(x)
        slacks = np.arange(self.first, len(x))
        solver.bound(slacks, np.zeros(len(slacks)), self._open(allowed))
        # What has been found is told, whoever asks to stop.
        outcome = self._run(solver, self._weights, max(LAST_SECONDS, self.deadline - time.monotonic()))
        if outcome.end == "time_limit":
            raise OutOfTime
        if outcome.end != "optimal" or outcome.x is None:
            raise SolverFailed(f"with yes/no decisions rounded the relaxed instance became {outcome.end}.")
        x = np.maximum(outcome.x, self.arrays.lower)
        used = frozenset(g for g in self.every if x[self.first + g] > NOTHING)
        self._known[used] = True
        return Relaxed(x, used, float(self._weights @ x), proven)

    def _run(
        self, solver: Solver, price: Vector, seconds: float, stop: threading.Event | None = None
    ) -> Outcome:
        """The optimum of an LP at a price, by way of the optimum with a hint of the instance's own cost."""
        solver.set_cost(price + self._hint)
        first = run(solver, time_limit=seconds, stop=stop)
        if first.end != "optimal":
            return first
        solver.set_cost(price)
        left = max(LAST_SECONDS, seconds - first.seconds)
        return folded(self.arrays, solver, run(solver, time_limit=left, stop=stop))

    def _nothing(self, found: Outcome) -> bool:
        """Whether there is no point; raises :class:`OutOfTime` if there was no time to know."""
        if found.x is None and found.end in ("time_limit", "interrupted"):
            raise OutOfTime
        if found.x is None and found.end != "infeasible":
            raise SolverFailed(f"the relaxed instance is {found.end}.")
        return found.x is None

    def _open(self, allowed: Rules) -> Vector:
        """Upper bounds of the slacks."""
        return np.array([np.inf if g in allowed else 0.0 for g in range(len(self.rules))])

    def _rounded(self, x: Vector) -> Solver:
        """The LP with yes/no decisions rounded, at the weights."""
        solver = Solver(self.arrays, threads=self.options.threads, seed=self.options.seed)
        solver.fix(self._integers, np.round(x[self._integers]))
        return solver


def _follows(known: dict[Rules, bool], allowed: Rules) -> bool | None:
    """What is known of a larger or smaller set says it; None if nothing does."""
    for rules, answer in known.items():
        if (answer and rules <= allowed) or (not answer and rules >= allowed):
            return answer
    return None
