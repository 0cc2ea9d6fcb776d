"""A plan unfolded, against the figures of the plan made by hand and against the plan's own losses."""

from __future__ import annotations

import pandas as pd
import pytest

from models.instance import Effect, Instance
from optimizer.replay import TABLES, unfold
from optimizer.replay.words import Names, sentences
from optimizer.solve import solve
from optimizer.tables import plan_tables
from tests.optimizer import handmade


def unfolded(instance: Instance | None = None) -> dict[str, pd.DataFrame]:
    """Tables of the plan made by hand."""
    instance = instance or handmade.instance()
    plan = handmade.plan(instance)
    return unfold(instance, plan, plan_tables(instance, plan))


def test_paths_lead_from_the_first_year_to_the_last_the_worst_first() -> None:
    paths = unfolded()["paths"]
    assert list(paths["scenario"]) == ["ban", "ban", "(undisturbed)", "(undisturbed)"]
    assert list(paths["node"]) == [0, 2, 0, 1]
    assert list(paths["year"]) == [2027, 2028, 2027, 2028]
    assert set(paths.loc[paths["scenario"] == "ban", "loss_usd"]) == {1000.0}


def test_what_happens_is_told_in_words() -> None:
    told = unfolded()["happenings"]
    assert [tuple(row) for row in told.itertuples(index=False)] == [
        (2, "begins", "From China: nothing."),
        (2, "begins", "Prices: gallium × 2."),
    ]


def test_what_goes_on_and_ends_is_told_from_what_begins() -> None:
    """Three years: the ban is in force in the second, half of it in the third; then nothing."""
    events = [
        {"id": "ban", "start": 1, "duration": 2, "effects": [{"kind": "price", "factor": 2.0}]},
        {"id": "cut", "start": 1, "duration": 1,
         "effects": [{"kind": "supply", "factor": 0.1, "countries": ["CHN"], "commodities": ["ga"]}]},
    ]  # fmt: skip
    instance = handmade.instance(
        horizon={"start_year": 2027, "periods": 4},
        scenarios=[{"id": "ban", "probability": 0.25, "events": events}],
    )
    plan = handmade.plan(instance, tree=[], operations={}, risk=None)
    told = unfold(instance, plan, plan_tables(instance, plan))["happenings"]
    assert [tuple(row) for row in told.itertuples(index=False)] == [
        (4, "begins", "From China: 90 % less gallium."),
        (4, "begins", "Prices: everything × 2."),
        (5, "goes on", "Prices: everything × 2."),
        (5, "ends", "From China: 90 % less gallium."),
        (6, "ends", "Prices: everything × 2."),
    ]


def test_tonnes_by_hand() -> None:
    goods = unfolded()["goods"].set_index(["node", "commodity"])
    ga = goods.loc[2, "ga"]
    # 4 t delivered, 0.5 of the smelter; 9.5 released with the 5 from stock; 3 short at 300 USD/t.
    assert ga["delivered_t"] == 4.0
    assert ga["made_t"] == pytest.approx(0.5)
    assert ga["released_t"] == 9.5
    assert (ga["short_t"], ga["loss_usd"]) == (3.0, 900.0)
    assert ga["stock_t"] == 0.0
    # At the usual 100 USD/t: 4.5 t gained, 9.5 t given, nothing held.
    assert (ga["gained_usd"], ga["given_usd"], ga["held_usd"]) == (450.0, 950.0, 0.0)
    assert (ga["name"], ga["stage"], ga["usual_price_usd"]) == ("gallium", "metal", 100.0)
    assert goods.loc[0, "ga"]["spot_t"] == 1.0
    assert goods.loc[1, "zn"]["made_t"] == pytest.approx(1.0)


def test_what_commerce_lacks_and_industries_lose_by_hand() -> None:
    tables = unfolded()
    lost = tables["lost_supply"]
    assert lost.to_dict("records") == [
        {"node": 2, "commodity": "ga", "name": "gallium", "usual_t": 15.0, "left_t": 0.0, "lost_t": 15.0,
         "lost_share": 1.0, "countries": "China"},
    ]  # fmt: skip
    assert tables["lost_output"].to_dict("records") == [
        {"node": 2, "industry": "chips", "segment": "defense", "cut_share": 0.2, "loss_usd": 100.0}
    ]


def test_money_by_hand() -> None:
    # The sums stand in handmade.py: 845 out in the first year, 644 under the ban.
    rows = unfolded()["balance"].set_index("node")
    spent = {"spent_usd": 845.0, "agreements_usd": 490.0, "spot_usd": 110.0, "projects_usd": 200.0,
             "holding_usd": 15.0, "depots_usd": 30.0, "earned_usd": 0.0, "drawn_usd": 800.0,
             "finance_usd": 4.0, "cash_usd": 51.0, "loss_usd": 0.0, "reserve_usd": 500.0}  # fmt: skip
    assert rows.loc[0, list(spent)].to_dict() == pytest.approx(spent)
    ban = {"spent_usd": 644.0, "earned_usd": 950.0, "drawn_usd": 0.0, "repaid_usd": 200.0,
           "finance_usd": 20.0, "cash_usd": 137.0, "loss_usd": 1000.0, "reserve_usd": 0.0,
           "drawn_so_far_usd": 800.0, "spent_so_far_usd": 1489.0, "loss_so_far_usd": 1000.0}  # fmt: skip
    assert rows.loc[2, list(ban)].to_dict() == pytest.approx(ban)


def test_without_a_plan_nothing_unfolds() -> None:
    instance = handmade.instance()
    plan = handmade.no_plan(instance)
    tables = unfold(instance, plan, plan_tables(instance, plan))
    assert list(tables) == list(TABLES)
    assert all(table.empty for table in tables.values())


def test_losses_of_the_years_discounted_are_the_loss_of_the_scenario() -> None:
    """With a plan of the solver, substitution included: what the years cost adds up to L_s."""
    instance = handmade.instance(
        discount_rate=0.1,
        substitutions=[{"id": "zn-for-ga", "demand": "ga:essential", "commodity": "zn", "ratio": 2.0,
                        "max_share": 0.2, "cost": 40.0}],
    )  # fmt: skip
    plan = solve(instance)
    tables = unfold(instance, plan, plan_tables(instance, plan))
    loss = tables["balance"].set_index("node")["loss_usd"]
    for _, path in tables["paths"].groupby("scenario"):
        years = sum(loss[node] / 1.1**t for node, t in zip(path["node"], path["period"], strict=True))
        assert years == pytest.approx(path["loss_usd"].iloc[0])


@pytest.mark.parametrize(
    ("effect", "words"),
    [
        ({"kind": "supply", "factor": 0.0}, "Supply: nothing."),
        ({"kind": "supply", "factor": 0.5}, "Supply: 50 % less of everything."),
        ({"kind": "supply", "factor": 0.9, "groups": ["adversary"], "channels": ["spot"]},
         "From adversary countries on the spot market: 10 % less of everything."),
        ({"kind": "supply", "factor": 0.0, "countries": ["CHN"], "materials": ["rare_earths"]},
         "From China: no rare earths."),
        ({"kind": "supply", "factor": 1.2, "members": ["smelter"]}, "From smelter: everything × 1.2."),
        ({"kind": "demand", "factor": 1.5, "segments": ["defense"]},
         "Demand of defense: everything × 1.5."),
        ({"kind": "demand", "factor": 0.8, "commodities": ["ga"]}, "Demand: gallium × 0.8."),
    ],
)  # fmt: skip
def test_effects_in_words(effect: dict[str, object], words: str) -> None:
    assert sentences([Effect.model_validate(effect, strict=False)], Names.of(handmade.instance())) == [words]
