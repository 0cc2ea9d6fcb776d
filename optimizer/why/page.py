"""The explanation as a page, at most 96 columns wide."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from models.instance import Instance
from models.plan import Plan
from optimizer.summary.words import columns, count, few, figures, percent, printable, usd, wrap, year

MOST = 25
"""Rows of a section; the rest is in the tables."""
Section = tuple[str, list[str]]

KINDS = {
    "market": "supply of commerce",
    "private_stock": "stock of consumers",
    "release": "what may be released",
    "sale": "what may be sold",
    "spot": "depth of spot",
    "agreement": "volume on offer",
    "project": "capacity to build",
    "activity": "capacity at work",
    "substitution": "substitution",
}
"""How kinds of limits are called; others go by their own name."""


def each(table: pd.DataFrame) -> Iterator[Any]:
    """The rows of a table, their cells as attributes."""
    yield from table.itertuples(index=False)


def page(sections: Sequence[Section]) -> str:
    """Titles underlined, sections apart; those without lines are left out."""
    blocks = ["\n".join([printable(t), "-" * len(printable(t)), *lines]) for t, lines in sections if lines]
    return "\n\n".join(blocks) + "\n"


def head(instance: Instance, plan: Plan, seconds: float) -> Section:
    """What is explained, and against what prices are counted."""
    lines = wrap(
        f"Objective {usd(plan.objective or 0.0)} USD. Prices are what the objective would rise by with"
        " everything else decided anew: expected USD of today, losses weighed as the instance weighs them."
    )
    if plan.gap is not None and plan.gap > 0:
        lines += wrap(
            f"The plan is proven within {usd(max(0.01, plan.gap))} USD of the optimum; prices count from the"
            " plan."
        )
    lines += wrap(f"Explained in {figures(seconds, 2)} s.")
    return f"Why: {plan.instance}", lines


def binds(tables: dict[str, pd.DataFrame], plan: Plan) -> Section:
    """Rules and limits that cost something; by material; what one more t/year of each offer is worth."""
    lines: list[str] = []
    money = [v for v in plan.marginal_values if v.kind in ("envelope", "source") and v.year is None]
    for value in money:
        lines += wrap(f"- {value.words}", "  ", "  ")
    table = tables["binding"]
    table = table[~table["kind"].isin(("envelope", "source", "market", "private_stock"))]
    if len(table):
        lines += wrap("What each limit costs, its price times its size over all years:")
        body = [
            [str(r.item), KINDS.get(str(r.kind), str(r.kind)), usd(r.rent_usd),
             f"{usd(r.value_usd)} per {r.unit}", "" if pd.isna(r.year) else year(r.year)]
            for r in each(table.head(MOST))
        ]  # fmt: skip
        head_ = ["limit", "of", "USD in all", "one more is worth", "most in"]
        lines += columns(body, "llrrr", head=head_, shrink=(0, 1))
        lines += _more(len(table), "binding")
    if len(tables["materials"]):
        lines += ["", *wrap("The limit that counts most, by material:")]
        body = [
            [
                str(r.material),
                f"{KINDS.get(str(r.kind), str(r.kind))}: {r.item}",
                usd(r.rent_usd),
                percent(r.share),
            ]
            for r in each(tables["materials"].head(MOST))
        ]
        lines += columns(body, "llrr", head=["material", "limit", "USD in all", "share"], shrink=(1, 0))
        lines += _more(len(tables["materials"]), "materials")
    lines += _worth(tables["offers"])
    return "What binds", lines


def _worth(offers: pd.DataFrame) -> list[str]:
    worth = offers[offers["value_usd"] > 0]
    lines: list[str] = []
    for kind, words in OFFERS.items():
        rows = worth[worth["kind"] == kind].head(6)
        sentences = [
            words.format(id=r.id, commodity=r.commodity, group=r.group, what=r.what, value=usd(r.value_usd))
            for r in each(rows)
        ]
        for sentence in sentences:
            lines += wrap(f"- {sentence}", "  ", "  ")
    return ["", *wrap("One more tonne a year, in all years of the horizon or term:"), *lines] if lines else []


OFFERS = {
    "agreement": "volume under {id} ({commodity}) is worth {value} USD",
    "project": "capacity of {id} ({commodity}) is worth {value} USD",
    "spot": "on offer at {id}, {what}, is worth {value} USD",
    "market": "of {commodity} in commerce from {group} is worth {value} USD",
}


def chosen(table: pd.DataFrame) -> Section:
    """What doing without each would cost."""
    if table.empty:
        return "What was chosen, and what it would cost to do without", []
    body = [
        [
            str(r.id),
            str(r.name),
            f"{figures(r.amount)} {r.unit}",
            interval(r.low_usd, r.high_usd, r.impossible),
        ]
        for r in each(table.head(MOST))
    ]
    head_ = ["chosen", "what", "size", "without it, USD more"]
    lines = columns(body, "lllr", head=head_, shrink=(0, 1)) + _more(len(table), "chosen")
    return "What was chosen, and what it would cost to do without", lines + _better(table)


def not_chosen(table: pd.DataFrame, entry: pd.DataFrame) -> Section:
    """What having each would cost, and what would make it enter."""
    lines: list[str] = []
    if len(table):
        body = [
            [str(r.id), str(r.name), interval(r.low_usd, r.high_usd, r.impossible), _cut(r)]
            for r in each(table.head(2 * MOST))
        ]
        head_ = ["not chosen", "what", "to have it, USD more", "enters for certain at"]
        lines += columns(body, "llrl", head=head_, shrink=(0, 1)) + _more(len(table), "not_chosen", 2 * MOST)
        lines += wrap(
            "With that cut the plan found with the option is as good as this one. Of agreements a smaller cut"
            " may do; of projects and depots none does where the price is a single number."
        )
        lines += _better(table)
    if len(entry):
        lines += ["", *wrap("Bought by the tonne and not used; yes/no decisions as they are:")]
        body = [[str(r.id), str(r.what), str(r.words)] for r in each(entry.head(2 * MOST))]
        lines += columns(body, "lll", head=["option", "", "enters"], shrink=(0,)) + _more(
            len(entry), "entry", 2 * MOST
        )
    return "What was not chosen, and why", lines


def near(tables: dict[str, pd.DataFrame], within: float, in_time: bool) -> Section:
    """Alternatives and what each does instead; ``in_time``: the search was not ended by time."""
    lines: list[str] = []
    table = tables.get("alternatives")
    if table is None:
        return "Near-optimal alternatives", lines
    if table.empty:
        return "Near-optimal alternatives", wrap(
            f"None was found within {percent(within)}{'' if in_time else ' before time was up'}."
        )
    for r in each(table):
        far = "as far from it as can be" if r.furthest_proven else "the furthest found in the time"
        lines += wrap(
            f"{r.alternative}. {count(r.distance, 'decision')} turned ({far}), {usd(r.extra_usd)} USD more"
            f" ({percent(r.extra_share)}): {r.words}",
            "  ",
            "   ",
        )
    return "Near-optimal alternatives", lines


def interval(low: float, high: float, impossible: bool) -> str:
    """A price: one number where the ends read alike."""
    if impossible:
        return "impossible"
    if not np.isfinite(high):
        return f"at least {usd(low)}"
    if usd(low) == usd(high):
        return usd(high)
    return f"{usd(low)} to {usd(high)}"


def _cut(r: Any) -> str:
    if r.impossible or not np.isfinite(r.cut_enough):
        return ""
    if r.price_unit == "USD/t":
        below = r.price_now - r.cut_enough
        return f"{usd(below)} USD/t (asked: {usd(r.price_now)})" if below > 0 else "no price above 0"
    return f"{usd(r.cut_enough)} USD less to pay"


def _better(table: pd.DataFrame) -> list[str]:
    better = table[table["better_usd"] > 0]
    if better.empty:
        return []
    top = max(each(better), key=lambda r: r.better_usd)
    return wrap(
        f"A plan better by {usd(top.better_usd)} USD was found on the way ({top.id} turned): the plan"
        " explained is not the best. Solve again with a smaller gap."
    )


def _more(rows: int, table: str, most: int = MOST) -> list[str]:
    return few([""] * rows, most, f"the table {table}")[most:] if rows > most else []
