"""Foresight, rolling, EVPI, VSS and broken rules with a pencil."""

from __future__ import annotations

from typing import Any

import pytest

from models.instance import Instance, Scenario
from optimizer.evaluate import Evaluation, Interval, evaluate, information
from optimizer.solve import solve
from tests.optimizer.evaluate.support import BANS, CONTRACT, EXACT, ban, reserve


def losses(evaluation: Evaluation, way: str) -> dict[str, float]:
    table = evaluation.tables["scenarios"]
    mine = table[table["way"] == way]
    return dict(zip(mine["scenario"], mine["loss"], strict=True))


def scenario(raw: dict[str, Any]) -> Scenario:
    return Scenario.model_validate(raw)


def test_the_price_of_not_knowing_how_long_a_ban_lasts() -> None:
    """Of 10 t, 4 are left under the ban; a year without release is 6 t short: 5·20 + 1·100.

    Knowing that it ends after a year, all 6 t are released and nothing is lost. Knowing that it lasts two,
    12 t are needed and 6 there: 6 t of the first tier are short, 120 USD, as long as each year gets 1 t.

    Not knowing (the odds are even then), releasing r loses (6-r)·20 in the first year; if the ban lasts, r t
    are short in the second: 20 each up to 5, and the sixth 100. r = 5: 20 or 120, on average 70. r = 6:
    0 or 200, on average 100. So r = 5, and not knowing costs 20 USD where the ban is short.
    """
    instance = reserve(scenarios=BANS)
    plan = solve(instance, EXACT)
    assert plan.objective == pytest.approx(0.25 * 20 + 0.25 * 120)
    found = evaluate(instance, plan, instance.scenarios, ways=("tree", "foresight", "rolling"), processes=1)
    assert losses(found, "foresight") == pytest.approx({"short": 0.0, "long": 120.0, "": 0.0}, abs=1e-6)
    assert losses(found, "rolling") == pytest.approx({"short": 20.0, "long": 120.0, "": 0.0}, abs=1e-6)
    assert losses(found, "tree") == pytest.approx({"short": 20.0, "long": 120.0, "": 0.0}, abs=1e-6)
    assert found.figure("foresight", "objective") == pytest.approx(30.0)
    assert found.figure("rolling", "objective") == pytest.approx(35.0)
    assert found.figure("rolling", "price_of_foresight") == pytest.approx(5.0)


def test_a_tree_on_which_the_ban_is_never_seen() -> None:
    """A plan for bans of one year only, on a ban of two: knowing the future 120 USD as above; rolling
    believes that it ends, releases all, and is 6 t short in 2029: 200 USD."""
    instance = reserve(scenarios=[BANS[0]])
    plan = solve(instance, EXACT)
    unseen = (scenario(ban("long", 1.0, 1, 2)),)
    found = evaluate(instance, plan, unseen, ways=("foresight", "rolling"), processes=1)
    assert losses(found, "foresight") == pytest.approx({"long": 120.0})
    assert losses(found, "rolling") == pytest.approx({"long": 200.0})


def test_the_tail_of_a_plan_is_measured_from_its_quantile() -> None:
    """λ = 0.5, α = 0.5: the plan's losses are 0 (0.5), 20 and 120, so η = 0, and a loss L is worth
    0.5·L + 0.5·(0 + L/0.5) = 1.5·L: 180 USD for 120."""
    instance = reserve(scenarios=BANS, objective={"cvar_weight": 0.5, "cvar_alpha": 0.5})
    plan = solve(instance, EXACT)
    found = evaluate(instance, plan, instance.scenarios, processes=1)
    table = found.tables["scenarios"].set_index("scenario")
    assert table.at["long", "value"] == pytest.approx(180.0)


def test_what_knowing_the_future_is_worth() -> None:
    """The contract: 30·v in any case, and 100·(10-v) with 0.4: it falls by 10 per tonne, so v = 10, 300 USD.

    Knowing: under the ban v = 10, 300 USD; otherwise v = 0 and nothing is paid: 0.4·300 = 120 USD.
    The mean scenario: CHN sells 0.6·10 = 6 t, 4 t are missing, v = 4. On the tree that costs
    4·30 + 0.4·6·100 = 360 USD.
    """
    instance = Instance.parse(CONTRACT)
    plan = solve(instance, EXACT)
    found = {row.measure: row for row in information(instance, plan, EXACT)}
    expected = {"stochastic": 300, "wait_and_see": 120, "evpi": 180, "expected_value_plan": 360, "vss": 60}
    assert {name: row.value for name, row in found.items()} == pytest.approx(expected)
    assert all(holds(row) for row in found.values())


def holds(row: Interval) -> bool:
    return row.low - 1e-6 <= row.value <= row.high + 1e-6


def test_a_floor_that_cannot_be_kept_gives_way_as_little_as_can_be() -> None:
    """80 % is to be served: 2 t may be short. The plan's own ban takes 3 of 6 t for a year. One that takes
    all for two years leaves 4 t and the reserve's 6: 12 t are missing, of which 4 may be and 6 are there. 2 t
    break the rule, whichever way."""
    instance = reserve(
        scenarios=[ban("half", 0.5, 1, 1, 0.5)],
        risk={"service": [{"segment": "all", "min_fraction": 0.8}]},
    )
    plan = solve(instance, EXACT)
    unseen = (scenario(ban("half", 0.5, 1, 1, 0.5)), scenario(ban("all", 0.25, 1, 2)))
    found = evaluate(instance, plan, unseen, ways=("tree", "foresight", "rolling"), processes=1)
    for way in ("tree", "foresight", "rolling"):
        assert found.figure(way, "rules_broken") == 1
        assert found.figure(way, "probability_of_broken_rules") == pytest.approx(0.25)
    broken = found.tables["broken"].set_index("way")
    assert broken.loc["foresight", ["rule", "item", "scenarios", "unit"]].tolist() == [
        "service",
        "ga:all",
        1,
        "t",
    ]
    assert broken.loc["tree", "largest"] <= 2.0 + 1e-6
    kept = found.tables["scenarios"].set_index(["way", "scenario"])["kept"]
    assert not kept["foresight", "all"]
    assert kept["foresight", "half"]


def test_a_limit_on_expected_loss_is_checked_afterwards() -> None:
    """The long ban for certain loses 120 USD; 50 are allowed."""
    instance = reserve(scenarios=BANS, risk={"expected_loss_limit": 50.0})
    plan = solve(instance, EXACT)
    unseen = (scenario(ban("long", 1.0, 1, 2)),)
    found = evaluate(instance, plan, unseen, ways=("tree", "foresight"), processes=1)
    for way in ("tree", "foresight"):
        assert found.figure(way, "limits_broken") == 1
        row = found.tables["broken"].set_index("way").loc[way]
        assert row["rule"] == "limit on expected loss"
        assert row["largest"] == pytest.approx(70.0)
        # What is left is still the best there is.
        assert found.figure(way, "expected_loss") == pytest.approx(120.0)


def test_money_that_is_owed_and_not_there_is_told() -> None:
    """A contract at the reference price of 50 USD/t, worth it with a ban of 0.6: 10 t for the 500 USD there
    are. Under a price effect of 3 they cost 1500: 1000 are missing. Nothing of it can be sold."""
    raw = {
        **CONTRACT,
        "agreements": [{**CONTRACT["agreements"][0], "price": {"kind": "index"}}],
        "budget": {"opening_cash": 500.0},
        "scenarios": [ban("ban", 0.6, 0, 1)],
    }
    instance = Instance.parse(raw)
    plan = solve(instance, EXACT)
    assert plan.commitments is not None
    assert [a.volume for a in plan.commitments.agreements] == pytest.approx([10.0])
    dear = Scenario.model_validate(
        {"id": "dear", "probability": 1.0, "events": [
            {"id": "e", "start": 0, "duration": 1, "effects": [{"kind": "price", "factor": 3.0}]}]}
    )  # fmt: skip
    found = evaluate(instance, plan, (dear,), ways=("tree", "foresight"), processes=1)
    for way in ("tree", "foresight"):
        row = found.tables["broken"].set_index("way").loc[way]
        assert (row["rule"], row["unit"]) == ("money", "USD")
        assert row["largest"] == pytest.approx(1000.0)


def test_a_trunk_without_probability_is_decided_anew() -> None:
    """The plan's scenarios all begin in 2027: what its trunk does later costs it nothing and says nothing. A
    ban of 2029 alone needs 6 t, which the reserve still has if nobody gave them away before."""
    instance = reserve(scenarios=[ban("now", 1.0, 0, 1)])
    plan = solve(instance, EXACT)
    late = (scenario(ban("late", 1.0, 2, 1)),)
    found = evaluate(instance, plan, late, processes=1)
    assert losses(found, "foresight") == pytest.approx({"late": 0.0}, abs=1e-6)
