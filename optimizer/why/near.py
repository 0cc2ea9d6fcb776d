"""Plans that decide something else and cost little more.

Each is as far as can be from the plan and from those found before it: the sum of Hamming distances between
yes/no decisions is maximised, with the objective within a share of the plan's as a row. First by turning
decisions one after the other, the cheapest first, while the limit allows; then by branch and bound, which
may run out of time on a large instance (``proven`` says so). Of the decisions found the cheapest plan is
made, and audited like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from models.faults import AuditFailed
from models.plan import Plan
from optimizer.audit import audit
from optimizer.compile import Arrays, Vector
from optimizer.highs import Outcome
from optimizer.search import search
from optimizer.solve import make_plan, polish
from optimizer.tidy import tidy
from optimizer.why.flip import Flip, nearest
from optimizer.why.ground import Ground

SLACK = 1e-9
"""Relative excess over the limit that is rounding."""


@dataclass(frozen=True)
class Alternative:
    """A plan near the best one."""

    plan: Plan
    distance: int
    """Yes/no decisions that differ from the plan explained; another start counts as two."""
    proven: bool
    """No plan within the limit is further from all those before it."""


def alternatives(
    ground: Ground,
    count: int,
    within: float,
    known: Iterable[Flip] = (),
    *,
    seconds: float,
    report: Callable[[int, int], None],
) -> list[Alternative]:
    """At most ``count`` plans with an objective at most ``within`` (a share of its size) above the plan's.

    ``known`` are prices of single decisions: their plans are first guesses. Fewer plans come back where there
    are no more, or time runs out. ``seconds``: for each.
    """
    limit = ground.best + within * abs(ground.best)
    seen, found = [ground.pattern], []
    cheap = [f for f in known if f.pattern is not None and ground.best + f.high <= limit]
    cheap.sort(key=lambda f: (f.high, f.option.id))
    for number in range(count):
        left = min(seconds, ground.left())
        if left <= 0:
            break
        report(number, count)
        pattern, proven = _furthest(ground, seen, limit, cheap, left)
        if pattern is None:
            break
        seen.append(pattern)
        found.append(Alternative(_plan(ground, pattern), _distance(ground, pattern, [seen[0]]), proven))
    return found


def _distance(ground: Ground, pattern: Vector, others: list[Vector]) -> int:
    at = [ground.place[int(j)] for j in ground.decided]
    return round(sum(float(np.abs(pattern[at] - other[at]).sum()) for other in others))


def _greedy(ground: Ground, seen: list[Vector], limit: float, cheap: list[Flip]) -> Vector | None:
    """The plan's decisions turned one by one, those that count most first, then the cheapest."""
    now, basis = ground.pattern, ground.fixed_basis
    free = np.zeros(len(now)), np.ones(len(now))

    def counts(flip: Flip) -> int:
        assert flip.pattern is not None, "cheap ones have a plan"
        return _distance(ground, flip.pattern, seen)

    for flip in sorted(cheap, key=lambda f: -counts(f)):
        if ground.left() <= 0:
            break
        turned = np.array([ground.place[j] for j in flip.option.columns])
        aim, (lower, upper) = now.copy(), (free[0].copy(), free[1].copy())
        assert flip.pattern is not None, "cheap ones have a plan"
        aim[turned] = lower[turned] = upper[turned] = flip.pattern[turned]
        near = nearest(ground, aim, lower, upper)
        if near is None or _distance(ground, near, seen) <= _distance(ground, now, seen):
            continue
        solved = ground.cost(near, cutoff=limit + SLACK * abs(limit), basis=basis)
        if solved.end == "optimal" and solved.objective <= limit + SLACK * abs(limit):
            now, basis = near, solved.basis
    return now if all(_distance(ground, now, [s]) > 0 for s in seen) else None


def _furthest(
    ground: Ground, seen: list[Vector], limit: float, cheap: list[Flip], seconds: float
) -> tuple[Vector | None, bool]:
    """Decisions furthest from those seen whose best plan stays within the limit; None if there are none."""
    arrays = _away(ground, seen, limit)
    best = _greedy(ground, seen, limit, cheap)
    start = None
    if best is not None:
        start = np.zeros(arrays.shape[1])
        start[ground.integers] = best
    # Distances are whole numbers: less than one apart is the same.
    gap = 0.99 / max(1.0, float(np.abs(arrays.cost).sum()) + abs(arrays.offset))
    options = ground.options.model_copy(update={"relative_gap": gap})
    seconds = min(seconds, ground.left())
    outcome = search(arrays, options, seconds=seconds, stop=ground.stop, start=start)
    proven = outcome.end in ("optimal", "infeasible")
    candidates = [] if best is None else [best]
    if outcome.x is not None:
        candidates.append(np.round(outcome.x[ground.integers]))
    kept = [c for c in candidates if all(_distance(ground, c, [s]) > 0 for s in seen)]
    kept = [c for c in kept if _cost(ground, c) <= limit + SLACK * abs(limit)]
    return max(kept, key=lambda c: _distance(ground, c, seen), default=None), proven


def _cost(ground: Ground, pattern: Vector) -> float:
    solved = ground.cost(pattern)
    return solved.objective if solved.end == "optimal" else np.inf


def _away(ground: Ground, seen: list[Vector], limit: float) -> Arrays:
    """Minimise minus the distance to all seen, other than each of them, within the limit."""
    whole = ground.arrays
    at = [ground.place[int(j)] for j in ground.decided]
    cost, offset = np.zeros(whole.shape[1]), 0.0
    cuts, least = [], []
    for pattern in seen:
        mine = pattern[at]
        cost[ground.decided] -= 1.0 - 2.0 * mine
        offset -= float(mine.sum())
        cut = np.zeros(whole.shape[1])
        cut[ground.decided] = 1.0 - 2.0 * mine
        cuts.append(cut)
        least.append(1.0 - float(mine.sum()))
    rows = sp.csr_array(np.array([whole.cost, *cuts]))
    return replace(
        whole,
        matrix=sp.csc_array(sp.vstack([whole.matrix, rows])),
        cost=cost,
        offset=offset,
        row_lower=np.concatenate([whole.row_lower, [-np.inf], least]),
        row_upper=np.concatenate([whole.row_upper, [limit - whole.offset], np.full(len(seen), np.inf)]),
        rows=[*whole.rows, ("within", ()), *(("other", (k,)) for k in range(len(seen)))],
    )


def _plan(ground: Ground, pattern: Vector) -> Plan:
    """The best plan with these decisions, audited."""
    x = np.zeros(ground.arrays.shape[1])
    x[ground.integers] = pattern
    clean, _, _ = polish(ground.arrays, x, ground.options)
    clean = tidy(ground.data, ground.arrays, clean)
    bound = -np.inf if ground.plan.bound is None else ground.plan.bound / ground.money
    outcome = Outcome("optimal", clean, np.inf, bound, None, None, 0, 0)
    plan = make_plan(ground.data, ground.arrays, clean, outcome, ground.options)
    certificate = audit(ground.instance, plan)
    if not certificate.passed:
        raise AuditFailed("; ".join(certificate.findings))
    return plan.model_copy(update={"certificate": certificate})
