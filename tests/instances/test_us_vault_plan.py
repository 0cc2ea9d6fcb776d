"""The plan of the real case, read as a planner would: nobody sells into a crisis, nobody stores what nobody
uses."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from models.files import read
from models.instance import Instance
from models.options import Options
from models.plan import Plan
from optimizer.solve import solve
from optimizer.tables import plan_tables

CASE = Path(__file__).resolve().parents[2] / "instances" / "us-vault-2026"
TRACE = 1e-6
"""Tonnes below which a flow is the solver's rounding."""

pytestmark = pytest.mark.slow


def at(series: float | tuple[float, ...], period: int) -> float:
    return series[period] if isinstance(series, tuple) else series


@pytest.fixture(scope="module")
def case() -> Instance:
    return read(CASE)


@pytest.fixture(scope="module")
def plan(case: Instance) -> Plan:
    return solve(case, Options(relative_gap=0.02, threads=1, marginals=False))


@pytest.fixture(scope="module")
def tables(case: Instance, plan: Plan) -> dict[str, pd.DataFrame]:
    return plan_tables(case, plan)


@pytest.fixture(scope="module")
def struck(case: Instance, plan: Plan) -> set[tuple[str, int]]:
    """(commodity, node) where an effect in force names the material, or every material.

    Read from the scenarios alone: a node has the effects of any scenario through it.
    """
    events = {scenario.id: scenario.events for scenario in case.scenarios}
    material = {m.id: m.material for m in case.commodities}
    found = set()
    for node in plan.tree:
        for event in events.get(node.scenarios[0], ()) if node.scenarios else ():
            if event.start <= node.period < event.start + event.duration:
                for effect in event.effects:
                    hit = effect.materials or tuple(material.values())
                    found |= {(key, node.id) for key, name in material.items() if name in hit}
    return found


def test_the_plan_is_proved_and_audited(plan: Plan) -> None:
    assert plan.status == "optimal"
    assert plan.certificate is not None
    assert plan.certificate.passed


def test_nobody_sells_into_a_crisis(tables: dict[str, pd.DataFrame], struck: set[tuple[str, int]]) -> None:
    sold = tables["pool"].query("sold_t > @TRACE")
    assert len(sold) > 0
    assert [key for key in zip(sold["commodity"], sold["node"], strict=True) if key in struck] == []


def test_nobody_sells_what_users_lack(case: Instance, tables: dict[str, pd.DataFrame]) -> None:
    """In a calm year a contract that must be taken may cost users a trace: the model sells abroad what they
    would buy back. It stays below one per cent of use, and no more is released than substitutes take."""
    short = tables["shortages"].groupby(["commodity", "node"])["short_t"].sum()
    eased = tables["substitutions"].assign(used_t=lambda t: t["ratio"] * t["eased_t"])
    used = eased.groupby(["commodity", "node"])["used_t"].sum()
    sold = tables["pool"].query("sold_t > @TRACE")
    columns = (sold[name].tolist() for name in ("commodity", "node", "period", "released_t"))
    for commodity, node, period, released in zip(*columns, strict=True):
        use = sum(at(q.quantity, period) for q in case.demand if q.commodity == commodity)
        assert short.get((commodity, node), 0.0) <= 0.01 * use, (commodity, node)
        assert released <= used.get((commodity, node), 0.0) + TRACE, (commodity, node)


def test_nobody_buys_spot_to_sell(tables: dict[str, pd.DataFrame]) -> None:
    """A spot purchase is free to be left alone; contracts and plants deliver whether one likes it or not."""
    pool, spot = tables["pool"], tables["spot"]
    sold = pool[pool["sold_t"] > TRACE]
    bought = spot[spot["bought_t"] > TRACE]
    assert set(zip(sold["commodity"], sold["node"], strict=True)).isdisjoint(
        zip(bought["commodity"], bought["node"], strict=True)
    )


def test_nobody_stores_what_nobody_uses(case: Instance, plan: Plan, tables: dict[str, pd.DataFrame]) -> None:
    """What lies in the reserve is used by consumers, or by a plant that is funded; what was there before may
    still wait to be sold; what a joint plant cannot help making may wait for a buyer."""
    assert plan.commitments is not None
    funded = {k.id for k in plan.commitments.projects}
    used = {row.commodity for row in case.demand}
    used |= {m for k in case.projects if k.id in funded for m in k.inputs}
    used |= {row.commodity for row in case.opening_stock}
    stock = tables["stock"]
    assert set(stock[stock["stock_t"] > TRACE]["commodity"]) <= used


def test_stock_is_days_not_decades(tables: dict[str, pd.DataFrame]) -> None:
    """To 2033, the last year that is read, no expected stock lasts longer than a year and a quarter."""
    flows = tables["flows"]
    read_years = flows[(flows["year"] <= 2033) & flows["stock_days"].notna()]
    assert read_years["stock_days"].max() < 456
    assert read_years["stock_days"].max() > 30


def test_sales_are_the_smaller_part(case: Instance, tables: dict[str, pd.DataFrame]) -> None:
    """What sales bring is less than half of what is spent and of what was held at the start: a reserve, not a
    trading house."""
    money = tables["money"]
    sales = money[(money["side"] == "in") & (money["item"] == "sales")]["usd"].sum()
    price = {m.id: at(m.price, 0) for m in case.commodities}
    held = sum(row.quantity * price[row.commodity] for row in case.opening_stock)
    assert 0 < sales < 0.5 * (tables["spend"]["usd"].sum() + held)
