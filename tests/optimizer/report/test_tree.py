"""The pictures of scenarios: the tree, and one scenario year by year."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
import vl_convert

from models.instance import Instance
from optimizer.replay import unfold
from optimizer.report.charts import replay, tree
from optimizer.report.page import VEGA_LITE
from optimizer.report.style import Tables
from tests.optimizer import handmade
from tests.optimizer.report import made


def tables(scenario: str = "ban", period: int = 1) -> dict[str, pd.DataFrame]:
    """Those of the plan made by hand, unfolded, with a scenario chosen."""
    instance = handmade.instance()
    found = made.plan()
    chosen = pd.DataFrame({"scenario": [scenario], "period": [period]})
    return {**found, **unfold(instance, handmade.plan(instance), found), "chosen": chosen}


def drawn(module: Any, of: Tables) -> tuple[dict[str, Any], str]:
    spec = module.chart(of).to_dict()
    return spec, vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE)


@pytest.mark.parametrize("module", [tree, replay])
def test_full_and_empty_tables(module: Any) -> None:
    spec, svg = drawn(module, tables())
    assert spec["title"]["text"] == module.TITLE
    assert spec["description"] == module.words(tables())
    assert "NaN" not in svg
    nothing = {name: table.iloc[:0] for name, table in tables().items()}
    assert module.data(nothing).empty
    assert drawn(module, nothing)[0]["mark"]["type"] == "text"
    assert module.words(nothing) == module.NONE


@pytest.mark.parametrize("module", [tree, replay])
def test_tables_are_not_changed_and_names_stay_names(module: Any) -> None:
    before = tables()
    after = {name: table.copy() for name, table in before.items()}
    module.chart(after)
    for name, table in before.items():
        pd.testing.assert_frame_equal(table, after[name])
    hostile = {
        name: table.assign(scenario=table["scenario"] + made.HOSTILE) if "scenario" in table else table
        for name, table in before.items()
    }
    _, svg = drawn(module, hostile)
    assert "<script" not in svg.lower()
    assert "<img" not in svg.lower()


def test_the_tree_by_hand() -> None:
    rows = tree.data(tables()).set_index("node")
    # The undisturbed scenario is the top line; the ban leaves it in 2028 and ends there.
    assert rows["row"].to_dict() == {0: 0, 1: 0, 2: 1}
    assert rows["leaf"].to_dict() == {0: "", 1: "(undisturbed)", 2: "ban"}
    assert rows["state"].to_dict() == {0: tree.CALM, 1: tree.CALM, 2: tree.DISTURBED}
    assert rows["scenarios"].to_dict() == {0: 2, 1: 1, 2: 1}
    assert rows.loc[2, "loss_usd"] == 1000.0
    assert rows.loc[2, "scenario_loss_usd"] == 1000.0
    assert rows.loc[2, "scenario_probability"] == 0.25
    assert tree.words(tables()) == "2 scenarios. The worst is ban, probability 25 %, loss 1,000 USD."


def test_scenarios_that_part_late_are_neighbours() -> None:
    def event(start: int, duration: int, factor: float) -> list[dict[str, Any]]:
        effect = {"kind": "price", "factor": factor}
        return [{"id": "e", "start": start, "duration": duration, "effects": [effect]}]

    scenarios = [
        ("early-long", event(1, 3, 2.0)),
        ("late", event(3, 1, 3.0)),
        ("early-short", event(1, 1, 2.0)),
    ]
    instance = handmade.instance(
        horizon={"start_year": 2027, "periods": 4},
        scenarios=[{"id": s, "probability": 0.2, "events": e} for s, e in scenarios],
    )
    rows = tree.data(_bare(instance))
    ends = rows[rows["leaf"] != ""].sort_values("row")
    assert list(ends["leaf"]) == ["(undisturbed)", "late", "early-long", "early-short"]
    # What is shared lies on the line of the first scenario through it.
    assert set(rows.loc[rows["period"] == 0, "row"]) == {0}
    assert list(rows.loc[rows["period"] == 1, "row"]) == [0, 2]


def test_of_many_scenarios_the_worst_are_drawn() -> None:
    scenarios = [
        {"id": f"s{n}", "probability": 0.001,
         "events": [{"id": "e", "start": 1, "duration": 1,
                     "effects": [{"kind": "price", "factor": 1.0 + n / 100}]}]}
        for n in range(1, 101)
    ]  # fmt: skip
    found = _bare(handmade.instance(scenarios=scenarios))
    rows = tree.data(found)
    assert (rows["leaf"] != "").sum() == tree.MOST
    assert "(undisturbed)" in set(rows["leaf"])
    spec, _ = drawn(tree, found)
    assert "41 scenarios of smaller loss are not drawn" in spec["title"]["subtitle"]


def _bare(instance: Instance) -> dict[str, pd.DataFrame]:
    """Tables of a plan that does nothing."""
    from optimizer.tables import plan_tables

    plan = handmade.plan(instance, tree=[], operations={}, risk=None)
    found = plan_tables(instance, plan)
    return {**found, **unfold(instance, plan, found)}


def test_a_scenario_year_by_year_by_hand() -> None:
    rows = replay.data(tables()).set_index(["panel", "year"])["usd"]
    lost, spent, earned, worth = (name for name, _ in replay.PANELS.values())
    assert rows[lost].to_dict() == {"2027": 0.0, "2028": 1000.0}
    assert rows[spent].to_dict() == {"2027": 845.0, "2028": 644.0}
    assert rows[earned].to_dict() == {"2027": 0.0, "2028": 950.0}
    assert rows[worth].to_dict() == {"2027": 500.0, "2028": 0.0}
    told = replay.words(tables())
    assert told == "ban, probability 25 %: consumers lose 1,000 USD in all, most in 2028: 1,000."


def test_years_to_come_are_pale() -> None:
    rows = replay.data(tables(period=0))
    assert set(rows.loc[rows["year"] == "2027", "past"]) == {True}
    assert set(rows.loc[rows["year"] == "2028", "past"]) == {False}
    assert "lose nothing in any year" in replay.words(tables("(undisturbed)"))
