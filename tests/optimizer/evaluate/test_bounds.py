"""EVPI and VSS on reference cases, and replications that hold the true optimum."""

from __future__ import annotations

import pytest

from models.instance import Instance
from optimizer.evaluate import Draw, Replications, evaluate, information
from optimizer.evaluate.replications import sample_bounds
from optimizer.solve import solve
from tests.optimizer.evaluate.support import CONTRACT, EXACT, solved

SURE = {
    "id": "hazard", "country": "CHN", "ending_rate": 1.0, "dated": {"period": 0, "probability": 0.4},
    "levels": [{"id": "all", "effects": [{"kind": "supply", "factor": 0.0, "countries": ["CHN"]}]}],
}  # fmt: skip
"""The ban of the contract's own scenario, as a hazard: 0.4 in the only year."""


@pytest.mark.parametrize(
    "name", ["rule-loan-only", "rule-joint-scrap", "rule-cash-and-substitute", "case-26"]
)
def test_information_is_worth_something(name: str) -> None:
    instance, plan = solved(name)
    found = {row.measure: row for row in information(instance, plan, EXACT)}
    slack = 1e-6 * abs(found["stochastic"].value)
    assert found["evpi"].high >= found["evpi"].low >= -slack
    assert found["vss"].high >= found["vss"].low >= -slack
    assert found["wait_and_see"].low <= found["stochastic"].low + slack


def test_samples_bound_the_best_plan() -> None:
    """The contract for all 10 t costs 300 USD whatever comes, and no plan costs less on average. With a share
    s of bans in a sample the best costs 300 USD if s > 0.3 and 1000·s otherwise: never above 300."""
    instance = Instance.parse({**CONTRACT, "hazards": [SURE]})
    plan = solve(instance, EXACT)
    samples = sample_bounds(instance, plan, Replications(samples=4, n=20), seed=2, options=EXACT)
    assert [s.plan for s in samples] == pytest.approx([300.0] * 4)
    for s in samples:
        assert s.bound <= 300.0 + 1e-6
    found = evaluate(
        instance,
        plan,
        Draw(40, 2),
        ways=("rolling",),
        bounds=Replications(samples=4, n=20),
        processes=1,
        options=EXACT,
    )
    bounds = found.tables["bounds"].set_index("measure")
    assert bounds.at["plan_rolling", "value"] == pytest.approx(300.0)
    assert bounds.at["lower_bound", "value"] == pytest.approx(sum(s.bound for s in samples) / 4)
    assert 0 <= bounds.at["optimality_gap", "value"] <= bounds.at["optimality_gap", "high"]
    assert "4 samples of 20 draws" in found.notes[0]
