"""One page of everything known about one id."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from models.instance import Agreement, Instance
from models.options import Options
from models.plan import Plan
from optimizer.summary.words import columns, figures, usd, wrap, year
from optimizer.tables import plan_tables
from optimizer.why import decisions, page
from optimizer.why import sections as sections_of
from optimizer.why.flip import Flip
from optimizer.why.ground import Ground, Option
from optimizer.why.margin import Margin, margin
from optimizer.why.names import kind_of
from optimizer.why.offers import offers
from optimizer.why.result import Why
from optimizer.why.tonnes import entry
from optimizer.why.values import Limit, binding, limits

ITEM_SECONDS = 120.0
"""What the search for the price of one item may take, unless said otherwise."""
MOST = 30

Report = Callable[[str, int, int], None]


def explain_item(
    instance: Instance,
    plan: Plan,
    item: str,
    *,
    options: Options = Options(),
    seconds: float = ITEM_SECONDS,
    progress: Report | None = None,
    stop: threading.Event | None = None,
) -> Why:
    """Everything about one id: of an option, a commodity, a material, a country or group, a source, a rule.

    ``seconds``: when the search for its price ends; an interval is told then. Tables: ``facts`` and those of
    :data:`optimizer.why.DESCRIPTIONS` that concern it, its spend and its flows.

    Raises UnknownItem with near matches; ValueError if there is no plan, or it is for another instance.
    """
    kind = kind_of(instance, item)
    tell = progress or (lambda *_: None)
    begun = time.monotonic()
    tell("writing the equations", 0, 0)
    ground = Ground(instance, plan, options, seconds=seconds, stop=stop)
    about = _about(instance, kind, item)
    told = plan_tables(instance, plan)
    tables: dict[str, pd.DataFrame] = {}
    sections: list[page.Section] = []

    facts: list[tuple[str, str]] = [("what", kind), *_facts(instance, kind, item)]
    option = ground.options_on_offer.get(item)
    tell("what binds", 0, 0)
    found = [limit for limit in limits(ground) if _concerns(limit, about, item)]
    if option is not None:
        tell("the price of the decision", 0, 0)
        price = decisions.flips(ground, [option], report=lambda *_: None)
        tables |= decisions.tables(ground, price)
        sections.append(("The decision", _decision(ground, option, price[0])))
        if price[0].forced is False:
            side = margin(ground, option)
            if side is not None:
                facts += _sides(ground, side)
    if kind in ("spot", "agreement", "project"):
        tell("the price at which it enters", 0, 0)
        thresholds = entry(ground, lambda *_: None, item)
        if len(thresholds):
            tables["entry"] = thresholds
            lines = [
                line for r in page.each(thresholds) for line in wrap(f"Unused {r.what}: enters {r.words}.")
            ]
            sections.append(("By the tonne", lines))
    tables["binding"] = binding(found)
    worth = offers(ground)
    goods = {item} if kind in ("agreement", "project", "spot") else about
    tables["offers"] = worth[
        worth["id"].isin(goods) | worth["commodity"].isin(goods) | (worth["group"] == item)
    ]
    sections.append(("What binds", _binds(tables["binding"], found) + _worth(tables["offers"], item)))
    sections.append(("Money", sections_of.money(told, tables, kind, item, about)))
    sections.append(("Tonnes", sections_of.flows(told, tables, about)))
    sections.append(("In the rules", sections_of.rules(instance, item, about)))
    tables["facts"] = pd.DataFrame(facts, columns=["fact", "value"])
    first = (f"{item}: {kind} of {plan.instance}", columns([list(f) for f in facts], "ll", shrink=(1,)))
    end = wrap(f"Explained in {figures(time.monotonic() - begun, 2)} s.")
    return Why(tables, page.page([first, *sections, ("Effort", end)]))


def _about(instance: Instance, kind: str, item: str) -> set[str]:
    """Commodities an id is about, and the id itself."""
    if kind == "material" or (kind == "commodity" and any(c.material == item for c in instance.commodities)):
        return {item, *(c.id for c in instance.commodities if c.material == item)}
    return {item}


def _concerns(limit: Limit, about: set[str], item: str) -> bool:
    return limit.id in about or limit.item == item or limit.item in about


def _facts(instance: Instance, kind: str, item: str) -> list[tuple[str, str]]:
    """Its row in the instance, field by field, as it is written there."""
    tables: dict[str, Any] = {
        "agreement": instance.agreements, "project": instance.projects, "depot": instance.depots,
        "spot": instance.spot, "commodity": instance.commodities, "country": instance.countries,
        "demand": instance.demand, "industry": instance.industries, "choice": instance.choices,
        "substitution": instance.substitutions, "allocation": instance.allocations,
        "source": (instance.budget.sources or ()) if instance.budget else (), "scenario": instance.scenarios,
    }  # fmt: skip
    row = next((r for r in tables.get(kind, ()) if r.id == item), None)
    if row is None:
        return []
    plain = row.model_dump(exclude_defaults=True)
    return [(name, sections_of.text(value)) for name, value in plain.items() if name not in ("id", "events")]


def _decision(ground: Ground, option: Option, price: Flip) -> list[str]:
    low, high = ground.usd(price.low), ground.usd(price.high)
    told = page.interval(low, high, price.impossible)
    proven = price.proven(decisions.GAP * abs(ground.best))
    how = "" if proven else " The search was ended by time: the interval holds, the price is somewhere in it."
    verb = {"agreement": "signing", "project": "building", "depot": "opening"}[option.kind]
    if price.impossible:
        return wrap(
            f"No plan meets all rules with {'' if price.forced else 'out '}it.".replace("with out", "without")
        )
    if not price.forced:
        amount, unit = decisions.size(ground, option)
        lines = wrap(f"Chosen: {figures(amount)} {unit}. Doing without it would cost {told} USD.{how}")
    else:
        lines = wrap(f"Not chosen. {verb.capitalize()} it would cost {told} USD.{how}")
        if price.paid > 0 and np.isfinite(high):
            asked, unit, per = decisions.asked(ground, option)
            cut = price.high / price.paid * per
            if isinstance(option.row, Agreement):
                tonnes = price.paid * ground.data.units.tonnes[option.row.commodity]
                mean = "" if option.row.price.kind == "fixed" else " on average"
                lines += wrap(
                    f"It would enter for certain with {usd(cut)} {unit} off the price ({usd(asked)}{mean}):"
                    f" the price of the decision over {figures(tonnes)} t paid for, expected and discounted."
                    " That is an estimate from above: volumes would follow the price, so that less may do."
                )
            else:
                exact = "exactly" if proven else "at most"
                lines += wrap(f"It would enter if it cost the agency {exact} {usd(cut)} USD less to have.")
    if price.better > 0:
        lines += wrap(f"A plan better by {usd(ground.usd(price.better))} USD was found on the way.")
    return lines


def _sides(ground: Ground, side: Margin) -> list[tuple[str, str]]:
    more = "no more on offer" if side.more is None else f"{usd(side.more)} USD"
    less = "the least there is" if side.less is None else f"{usd(side.less)} USD"
    return [("one more t/year would save", more), ("one t/year less would cost", less)]


def _binds(table: pd.DataFrame, found: list[Limit]) -> list[str]:
    if table.empty:
        return wrap("No limit on it costs anything: more of it would be of no use.")
    body = [
        [str(r.item), page.KINDS.get(str(r.kind), str(r.kind)), usd(r.rent_usd),
         f"{usd(r.value_usd)} per {r.unit}", "" if pd.isna(r.year) else year(r.year)]
        for r in page.each(table.head(MOST))
    ]  # fmt: skip
    lines = columns(
        body, "llrrr", head=["limit", "of", "USD in all", "one more is worth", "most in"], shrink=(0, 1)
    )
    by_year: dict[tuple[str, str], dict[float, float]] = {}
    for limit in found:
        if limit.year is not None:
            years = by_year.setdefault((limit.kind, limit.item), {})
            years[limit.year] = years.get(limit.year, 0.0) + limit.value
    for (kind, name), years in list(by_year.items())[:MOST]:
        each = ", ".join(f"{year(y)} {usd(v)}" for y, v in sorted(years.items()))
        lines += wrap(f"{page.KINDS.get(kind, kind)}, {name}: {each}", "  ", "  ")
    return lines


def _worth(table: pd.DataFrame, item: str) -> list[str]:
    rows = table[table["value_usd"] > 0].head(MOST)
    if rows.empty:
        return []
    body = [[str(r.id), str(r.what), f"{usd(r.value_usd)} USD"] for r in page.each(rows)]
    return ["", *columns(body, "llr", head=["one more t/year of", "", "is worth"], shrink=(0,))]
