"""What effects do, selector by selector (model.md §1)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from models.instance import Effect, Instance
from optimizer.data import Data
from optimizer.states import Selector, State, states
from optimizer.tree import grow
from tests.optimizer.byhand.base import by_hand, commerce, contract, cut, good, hit, need, offer, plant, vault

INSTANCE = by_hand(
    None,
    commodities=[good(), good("ge"), good("slag", material="ga-ium")],
    demand=[need(segment="defense"), need("general", "ga"), need("ge-use", "ge", segment="defense")],
    industries=[
        {
            "id": "chips",
            "segment": "defense",
            "output": 100.0,
            "needs": {"ga": 1.0, "ge": 1.0},
            "loss": [{"share": 1.0, "factor": 1.0}],
        }
    ],
    market=[commerce(), commerce(country="AUS") | {"via": ["CHN"]}, commerce(commodity="ge", country="AUS")],
    spot=[offer(), offer("ge-offer", commodity="ge", country="AUS", via=["CHN", "USA"])],
    agreements=[contract(country="CHN"), contract("ge-contract", commodity="ge")],
    projects=[
        plant(existing_capacity=1.0),
        plant("joint", country="AUS", outputs={"slag": 1.0, "ge": 1.0}, existing_capacity=1.0),
    ],
    depots=[vault(), vault("yard", country="AUS")],
).instance

TABLES = ("market", "spot", "agreements", "projects", "depots")


def state(*effects: dict[str, Any], instance: Instance = INSTANCE) -> State:
    return Selector(instance).state(Effect.model_validate(e) for e in effects)


def reach(effect: dict[str, Any]) -> dict[str, list[int]]:
    """Positions of the rows a supply effect hits, by table; tables without any are left out."""
    hits = Selector(INSTANCE).supply(Effect.model_validate(effect))
    return {table: np.flatnonzero(rows).tolist() for table, rows in hits.items() if rows.any()}


@pytest.mark.parametrize(
    ("selector", "hits"),
    [
        # Nothing named: everything.
        (
            {},
            {"market": [0, 1, 2], "spot": [0, 1], "agreements": [0, 1], "projects": [0, 1], "depots": [0, 1]},
        ),
        # Own country or via; depots have no via.
        ({"countries": ["CHN"]}, {"market": [0, 1], "spot": [1], "agreements": [0]}),
        ({"countries": ["AUS"]}, {"market": [1, 2], "spot": [1], "projects": [1], "depots": [1]}),
        ({"groups": ["adversary"]}, {"market": [0, 1], "spot": [1], "agreements": [0]}),
        # Countries and groups name one set together.
        (
            {"countries": ["CHN"], "groups": ["ally"]},
            {"market": [0, 1, 2], "spot": [1], "agreements": [0], "projects": [1], "depots": [1]},
        ),
        # A commodity: depots are left alone unless the channel names them. A project counts by any output.
        ({"commodities": ["ge"]}, {"market": [2], "spot": [1], "agreements": [1], "projects": [1]}),
        ({"materials": ["ga-ium"]}, {"market": [0, 1], "spot": [0], "agreements": [0], "projects": [0, 1]}),
        ({"commodities": ["ge"], "channels": ["depot"]}, {"depots": [0, 1]}),
        ({"commodities": ["ge"], "channels": ["depot", "market"]}, {"market": [2], "depots": [0, 1]}),
        # Commodities and materials name one set together.
        (
            {"commodities": ["ge"], "materials": ["ga-ium"]},
            {"market": [0, 1, 2], "spot": [0, 1], "agreements": [0, 1], "projects": [0, 1]},
        ),
        # Members never are market rows.
        ({"members": ["offer", "joint", "yard"]}, {"spot": [0], "projects": [1], "depots": [1]}),
        ({"members": ["ge-contract"], "countries": ["CHN"]}, {}),
        ({"members": ["yard"], "commodities": ["ge"]}, {}),
        ({"members": ["yard"], "commodities": ["ge"], "channels": ["depot"]}, {"depots": [1]}),
        # Channels.
        ({"channels": ["market"]}, {"market": [0, 1, 2]}),
        ({"channels": ["spot"]}, {"spot": [0, 1]}),
        ({"channels": ["agreement"]}, {"agreements": [0, 1]}),
        ({"channels": ["project"]}, {"projects": [0, 1]}),
        ({"channels": ["depot"]}, {"depots": [0, 1]}),
        # All that is filled must agree.
        ({"channels": ["market", "spot"], "countries": ["CHN"], "commodities": ["ge"]}, {"spot": [1]}),
    ],
)
def test_supply_selectors(selector: dict[str, Any], hits: dict[str, list[int]]) -> None:
    assert reach(cut(**selector)) == hits


@pytest.mark.parametrize(
    ("selector", "rows", "industries"),
    [
        ({}, [0, 1, 2], [0]),
        ({"segments": ["defense"]}, [0, 2], [0]),
        ({"segments": ["general"]}, [1], []),
        # Naming a commodity or material leaves industries alone.
        ({"commodities": ["ga"]}, [0, 1], []),
        ({"materials": ["ge-ium"], "segments": ["defense"]}, [2], []),
    ],
)
def test_demand_selectors(selector: dict[str, Any], rows: list[int], industries: list[int]) -> None:
    effect = Effect.model_validate({"kind": "demand", "factor": 2.0, **selector})
    hit_rows, hit_industries = Selector(INSTANCE).demand(effect)
    assert np.flatnonzero(hit_rows).tolist() == rows
    assert np.flatnonzero(hit_industries).tolist() == industries


@pytest.mark.parametrize(
    ("selector", "hits"),
    [
        ({}, [0, 1, 2]),
        ({"commodities": ["ge"]}, [1]),
        ({"materials": ["ga-ium"]}, [0, 2]),
        ({"materials": ["ga-ium"], "commodities": ["ge"]}, [0, 1, 2]),
    ],
)
def test_price_selectors(selector: dict[str, Any], hits: list[int]) -> None:
    effect = Effect.model_validate({"kind": "price", "factor": 2.0, **selector})
    assert np.flatnonzero(Selector(INSTANCE).price(effect)).tolist() == hits


def test_effects_together_multiply() -> None:
    both = state(cut(0.5, countries=["CHN"]), cut(0.5, commodities=["ga"]))
    assert both.market.tolist() == [0.25, 0.25, 1.0]
    assert both.spot.tolist() == [0.5, 0.5]
    price = {"kind": "price", "factor": 3.0}
    assert state(price, price).price.tolist() == [9.0, 9.0, 9.0]
    demand = {"kind": "demand", "factor": 1.5, "segments": ["defense"]}
    assert state(demand, demand).demand.tolist() == [2.25, 1.0, 2.25]
    assert state(demand, demand).industries.tolist() == [2.25]


def test_each_kind_leaves_the_others_alone() -> None:
    supply, price, demand = (
        state(cut()),
        state({"kind": "price", "factor": 2.0}),
        state({"kind": "demand", "factor": 2.0}),
    )
    for table in TABLES:
        assert (getattr(supply, table) == 0).all()
        assert (getattr(price, table) == 1).all()
        assert (getattr(demand, table) == 1).all()
    assert (supply.price == 1).all()
    assert (supply.demand == 1).all()
    assert (price.demand == 1).all()
    assert (demand.price == 1).all()


@pytest.mark.parametrize(
    ("effect", "calm"),
    [
        (cut(channels=["market"], commodities=["ge"]), [True, False, True]),
        (cut(members=["offer"]), [False, True, True]),
        (cut(members=["contract"]), [False, True, True]),
        # A project disturbs what it makes.
        (cut(members=["joint"]), [True, False, False]),
        # A depot disturbs nothing.
        (cut(channels=["depot"]), [True, True, True]),
        ({"kind": "price", "factor": 1.0 + 1e-15, "commodities": ["ge"]}, [True, False, True]),
        ({"kind": "demand", "factor": 1.5, "commodities": ["ga"]}, [False, True, True]),
        # The industry needs gallium and germanium.
        ({"kind": "demand", "factor": 1.5, "segments": ["defense"]}, [False, False, True]),
        # More than usual is not calm either.
        (cut(1.1, channels=["market"]), [False, False, True]),
        # Exactly 1 is.
        (cut(1.0), [True, True, True]),
    ],
)
def test_calm(effect: dict[str, Any], calm: list[bool]) -> None:
    assert state(effect).calm.tolist() == calm


def test_calm_is_exactly_one() -> None:
    """Twice a half is 1; 49 times a 49th is a rounding error below."""
    assert state(cut(2.0), cut(0.5)).calm.all()
    assert not state(cut(49.0), cut(1 / 49)).calm[0]


def test_nodes_with_the_same_effects_share_one_state() -> None:
    instance = by_hand(
        None,
        periods=3,
        market=[commerce()],
        scenarios=[
            hit(cut(countries=["CHN"]), name="a", probability=0.2, duration=2),
            hit(cut(countries=["CHN"]), name="b", probability=0.2, start=2),
        ],
    ).instance
    tree = grow(instance)
    found = states(instance, tree)
    assert len(found) == len(tree)
    assert len({id(s) for s in found}) == 2
    assert all((found[n.id].market[0] == 0.0) == bool(n.in_force) for n in tree.nodes)


def test_an_instance_without_rows_is_calm() -> None:
    instance = by_hand(None, demand=[]).instance
    assert Data(instance).calm("ga", 0)
    assert state(cut(), instance=instance).calm.all()
