"""Rules on concentration in comparisons: cones whose tangents are met on the way."""

from __future__ import annotations

import math

import pytest

from models.alternatives import Alternative
from models.instance import Instance
from optimizer.audit import audit
from optimizer.compare import compare
from optimizer.solve import solve
from tests.optimizer.byhand.base import by_hand, offer
from tests.optimizer.byhand.rules import AUS, spread


def test_regret_within_cones() -> None:
    """200 t at 10 or 20 USD/t; of the cheap one the share s with s² + (1-s)² = hhi (test_concentration).

    Envelopes that hold all of it give the same plan, so neither regrets the other. Below, a little is short.
    """
    raw = by_hand(None, spot=[offer(), AUS], risk=spread(0.6)).instance.as_dict()
    s = (1 + math.sqrt(2 * 0.6 - 1)) / 2
    cost = 200 * (10 * s + 20 * (1 - s))
    rows = [
        Alternative(f"{share:g}", Instance.parse({**raw, "budget": {"envelope": cost * share}}))
        for share in (0.999, 1.001, 2.0)
    ]
    comparison = compare(rows[0].instance, rows)
    for row in rows:
        plan, alone = comparison.plans[row.name], solve(row.instance)
        assert plan.objective == pytest.approx(alone.objective, rel=1e-6)
        assert audit(row.instance, plan).passed
    assert comparison.plans["1.001"].objective == pytest.approx(cost, rel=1e-6)
    assert comparison.plans["0.999"].objective > cost
    judged = comparison.tables["regret"].set_index(["plan_of", "judged_by"])["regret"]
    assert judged["2", "1.001"] == pytest.approx(0, abs=1e-6 * cost)
    assert judged["1.001", "2"] == pytest.approx(0, abs=1e-6 * cost)
