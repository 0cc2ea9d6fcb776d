"""The figures of the plan made by hand are worked out in the comments of tests/optimizer/handmade.py."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models import files
from models.instance import at
from models.options import Options
from optimizer.solve import solve
from optimizer.tables import DESCRIPTIONS, money, plan_tables, spend
from optimizer.tables.frame import Array, Frame
from tests.optimizer import handmade


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    instance = handmade.instance()
    return plan_tables(instance, handmade.plan(instance))


def cell(table: pd.DataFrame, column: str, **where: object) -> object:
    """The one value of a column in the row that the keywords name."""
    for key, value in where.items():
        table = table[table[key] == value]
    assert len(table) == 1, table
    return table[column].iloc[0]


def test_commitments_name_what_is_signed_when_and_for_how_much(tables: dict[str, pd.DataFrame]) -> None:
    signed = tables["commitments"].set_index("id").loc["ga-aus"]
    assert (signed["name"], signed["group"], signed["quantity"]) == ("Aussie Gallium", "ally", 4.0)
    assert (signed["first_year"], signed["end_year"]) == (2027, 2029)
    assert signed["committed_usd"] == pytest.approx(50 + 40)
    # Deliveries: 400 in 2027; in 2028 0.75·400 + 0.25·600 = 450.
    assert signed["expected_usd"] == pytest.approx(90 + 400 + 450)
    built = tables["commitments"].set_index("id").loc["smelter"]
    assert built["first_year"] == 2028
    assert built["committed_usd"] == pytest.approx(200)
    assert cell(tables["commitments"], "committed_usd", id="vault") == 30


def test_spend_by_year(tables: dict[str, pd.DataFrame]) -> None:
    by_year = tables["spend"].groupby("year")["usd"].sum()
    assert by_year[2027] == pytest.approx(845)
    assert by_year[2028] == pytest.approx(0.75 * 462.5 + 0.25 * 644)


def test_a_projects_money_is_split_by_the_value_of_what_it_makes(tables: dict[str, pd.DataFrame]) -> None:
    # 1 t zinc at 50 and 0.5 t gallium at 100 per t of activity: half each.
    capex = tables["spend"][tables["spend"]["item"] == "capex"]
    assert dict(zip(capex["material"], capex["usd"], strict=True)) == {"gallium": 100, "zinc": 100}


@pytest.mark.parametrize("key", ["category", "material", "country", "group"])
def test_every_total_adds_up_to_the_spend(tables: dict[str, pd.DataFrame], key: str) -> None:
    assert tables[f"spend_by_{key}"]["usd"].sum() == pytest.approx(tables["spend"]["usd"].sum())


def test_money_in_less_money_out_is_the_change_in_cash(tables: dict[str, pd.DataFrame]) -> None:
    by_side = tables["money"].groupby(["year", "side"])["usd"].sum()
    assert by_side[2027, "in"] - by_side[2027, "out"] == pytest.approx(by_side[2027, "held"])
    assert by_side[2027, "held"] == pytest.approx(51)
    change = by_side[2028, "held"] - by_side[2027, "held"]
    assert by_side[2028, "in"] - by_side[2028, "out"] == pytest.approx(change)
    assert by_side[2028, "held"] == pytest.approx(0.75 * 9.5 + 0.25 * 137)


def test_funding_by_source_and_in_all(tables: dict[str, pd.DataFrame]) -> None:
    funding = tables["funding"].set_index("source")
    assert funding.loc["approp", "expected_drawn_usd"] == 600
    loan = funding.loc["vault-loan"]
    assert loan["expected_drawn_usd"] == pytest.approx(200 + 0.75 * 450)
    assert loan["largest_drawn_usd"] == 650
    assert loan["expected_repaid_usd"] == pytest.approx(0.25 * 200)
    assert loan["expected_fees_usd"] == pytest.approx(0.02 * 537.5)
    assert loan["expected_interest_usd"] == pytest.approx(20)
    assert loan["expected_owed_at_end_usd"] == pytest.approx(0.75 * 650)
    assert funding.loc["(all)", "amount_usd"] == 2000
    assert funding.loc["(all)", "largest_drawn_usd"] == 1250


def test_flows_balance_for_consumers(tables: dict[str, pd.DataFrame]) -> None:
    flows = tables["flows"]
    wanted = flows["demand_t"] - flows["eased_t"] - flows["short_t"] - flows["cut_t"] + flows["substitutes_t"]
    assert wanted.to_numpy() == pytest.approx(
        (flows["bought_t"] + flows["released_t"] + flows["private_t"]).to_numpy()
    )
    late = flows[(flows["commodity"] == "ga") & (flows["year"] == 2028)].iloc[0]
    assert late["demand_t"] == 15
    assert late["market_t"] == pytest.approx(0.75 * 15)
    assert late["short_t"] == pytest.approx(0.25 * 3)
    assert late["cut_t"] == pytest.approx(0.25 * 0.2 * 5)
    assert late["made_t"] == pytest.approx(0.5)


def test_stock_in_days_of_use(tables: dict[str, pd.DataFrame]) -> None:
    assert cell(tables["flows"], "stock_days", commodity="ga", year=2027) == pytest.approx(365 * 5 / 15)
    assert pd.isna(cell(tables["flows"], "stock_days", commodity="zn", year=2027)), "nobody uses zinc"


def test_cover_is_judged_only_where_the_rule_holds(tables: dict[str, pd.DataFrame]) -> None:
    # 73 days of 10 t/year (demand rows only). Under the ban gallium is not calm, so 2028 counts node 1 alone.
    assert cell(tables["cover"], "target_t", year=2028) == pytest.approx(2)
    assert cell(tables["cover"], "probability", year=2028) == 0.75
    assert cell(tables["cover"], "least_stock_t", year=2028) == 9.5


def test_scenarios_worst_first_with_what_is_short(tables: dict[str, pd.DataFrame]) -> None:
    assert list(tables["scenarios"]["scenario"]) == ["ban", "(undisturbed)"]
    assert list(tables["scenarios"]["drawn_usd"]) == [800, 1250]
    short = tables["scenario_shortages"]
    assert cell(short, "short_t", id="ga:essential") == 3
    assert cell(short, "loss_usd", id="chips") == pytest.approx(100)
    assert short["loss_usd"].sum() == pytest.approx(1000)
    assert cell(tables["scenario_cover"], "days", scenario="ban") == 182.5


def test_nodes_carry_their_year_and_probability(tables: dict[str, pd.DataFrame]) -> None:
    assert cell(tables["deliveries"], "probability", node=2) == 0.25
    assert cell(tables["stock"], "year", node=1) == 2028
    assert cell(tables["cash"], "cash_usd", node=2, source="") == 137


def test_without_a_plan_every_table_is_there_and_says_nothing_of_one() -> None:
    instance = handmade.instance()
    full, none = (
        plan_tables(instance, handmade.plan(instance)),
        plan_tables(instance, handmade.no_plan(instance)),
    )
    assert list(none) == list(full) == list(DESCRIPTIONS)
    for name, table in none.items():
        assert list(table.columns) == list(full[name].columns), name
        assert (table.dtypes == full[name].dtypes).all(), name
        assert len(table) == {"overview": 1, "relaxations": 1, "nodes": 3}.get(name, 0), name


def test_half_years_are_not_rounded() -> None:
    instance = handmade.instance(
        horizon={"start_year": 2027, "periods": 2, "period_years": 0.5},
        projects=[{**handmade.INSTANCE["projects"][0], "lead_years": 0.5}],
    )
    tables = plan_tables(instance, handmade.plan(instance))
    assert sorted(tables["flows"]["year"].unique()) == [2027.0, 2027.5]
    # Rates halve: storage 2·0.5 per tonne, demand 15·0.5.
    assert cell(tables["flows"], "demand_t", commodity="ga", year=2027.0) == 7.5
    storage = tables["spend"][tables["spend"]["item"] == "storage"]
    assert storage["usd"].iloc[0] == pytest.approx(5)


def test_a_plan_for_another_instance_is_refused() -> None:
    with pytest.raises(ValueError, match="another instance"):
        plan_tables(handmade.instance(name="other"), handmade.plan())


CASES = sorted((Path(__file__).resolve().parents[1] / "cases").glob("rule-*.json"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_tables_of_a_solved_plan_add_up(path: Path) -> None:
    """Spend, proceeds and cost of money, worked out from tonnes, give the plan's cost and cash."""
    instance = files.read(path)
    plan = solve(instance, Options(marginals=False))
    frame = Frame(instance, plan)
    rate, years, periods = instance.discount_rate, instance.horizon.period_years, instance.horizon.periods
    # By node: what goes out and comes in, undiscounted.
    due = (
        spend.committed(frame)
        .groupby("period")["usd"]
        .sum()
        .reindex(range(periods), fill_value=0.0)
        .to_numpy()
    )
    outlay = by_node(frame, spend.per_node(frame)) + due[frame.period]
    back = by_node(frame, money.proceeds(frame))
    owner = {s.id: max(0.0, s.rate - rate) / s.rate for s in money.sources(frame) if s.rate > 0}
    price = money.cost_of_money(frame)
    # Purchases count when they are made: a loan costs its fee and what its rate is above the discount rate.
    beyond = (
        price["item"]
        .map({"fees": 1.0, "repayments": 0.0})
        .fillna(price["member"].map(owner))
        .astype("float64")
    )
    finance = by_node(frame, price.assign(usd=price["usd"] * beyond))
    discounted = frame.probability * (1 + rate) ** (-frame.period * years)
    final = frame.operation("stock").merge(frame.nodes[frame.nodes["period"] == periods - 1], on="node")
    worth = {c.id: c.terminal_factor * at(c.price, periods - 1) for c in instance.commodities}
    terminal = (final["value"] * final["probability"] * final["commodity"].map(worth).astype("float64")).sum()
    cost = (discounted * (outlay + finance - back)).sum() - terminal * (1 + rate) ** (-periods * years)
    assert plan.risk is not None
    assert cost == pytest.approx(plan.risk.expected_cost, rel=1e-7, abs=1.0)

    if instance.budget is not None:
        cash = by_node(frame, frame.operation("cash").rename(columns={"value": "usd"}))
        drawn = by_node(frame, frame.operation("draw").rename(columns={"value": "usd"}))
        parents = [n.parent for n in frame.tree.nodes]
        before = np.array([instance.budget.opening_cash if p is None else cash[p] for p in parents])
        assert cash == pytest.approx(before + drawn + back - outlay - by_node(frame, price), abs=1.0)

    tables = plan_tables(instance, plan)
    flows = tables["flows"]
    wanted = flows["demand_t"] - flows["eased_t"] - flows["short_t"] - flows["cut_t"] + flows["substitutes_t"]
    served = flows["bought_t"] + flows["released_t"] + flows["private_t"]
    assert wanted.to_numpy() == pytest.approx(served.to_numpy(), rel=1e-7, abs=1e-7)
    entering = flows["delivered_t"] + flows["spot_t"] + flows["made_t"] + flows["out_t"]
    leaving = flows["inputs_t"] + flows["in_t"] + flows["released_t"] + flows["sold_t"] + flows["scrapped_t"]
    assert entering.to_numpy() == pytest.approx(leaving.to_numpy(), rel=1e-7, abs=1e-7)
    losses = tables["scenario_shortages"].groupby("scenario")["loss_usd"].sum()
    for row in tables["scenarios"].itertuples():
        # Undiscounted: where nothing is eased it is not below the discounted loss.
        if tables["substitutions"].empty:
            assert losses.get(row.scenario, 0.0) >= row.loss_usd * (1 - 1e-9)


def by_node(frame: Frame, lines: pd.DataFrame) -> Array:
    """USD summed by node."""
    sums = lines.groupby("node")["usd"].sum()
    return sums.reindex(range(len(frame.tree)), fill_value=0.0).to_numpy()
