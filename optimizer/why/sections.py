"""Sections of the page of one id that are read from the plan's tables and from the instance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from models.instance import Instance
from optimizer.summary.words import columns, count, figures, percent, usd, wrap, year
from optimizer.why import page


def money(
    told: dict[str, pd.DataFrame], tables: dict[str, pd.DataFrame], kind: str, item: str, about: set[str]
) -> list[str]:
    """What is expected to be spent on it, by year; of a source what is drawn."""
    spend = told["spend"]
    by = [
        c
        for c in ("item", "id", "commodity", "material", "country", "group", "category")
        if c in spend.columns
    ]
    mask = np.zeros(len(spend), dtype=bool)
    for column in by:
        mask |= spend[column].astype("str").isin(about).to_numpy()
    mine = spend[mask]
    tables["spend"] = mine
    lines: list[str] = []
    if len(mine):
        whole = float(mine["usd"].sum())
        share = percent(whole / float(spend["usd"].sum())) if whole else "0 %"
        lines += wrap(f"Expected spend {usd(whole)} USD, {share} of all.")
        by_year = mine.groupby("year")["usd"].sum().reset_index()
        lines += wrap("By year: " + ", ".join(f"{year(r.year)} {usd(r.usd)}" for r in page.each(by_year)))
    funding = told["funding"]
    if kind in ("source", "envelope") and "source" in funding.columns:
        mine = funding[funding["source"] == item]
        for r in mine.to_dict("records"):
            lines += wrap(", ".join(f"{k} {text(v)}" for k, v in r.items()))
    return lines


def flows(told: dict[str, pd.DataFrame], tables: dict[str, pd.DataFrame], about: set[str]) -> list[str]:
    """Expected tonnes by year of the commodities it is about."""
    whole = told["flows"]
    mine = whole[whole["commodity"].isin(about)]
    if mine.empty:
        return []
    tables["flows"] = mine
    shown = [c for c in mine.columns if c.endswith("_t") and mine[c].abs().sum() > 0][:7]
    lines: list[str] = []
    for commodity, rows in mine.groupby("commodity", sort=False):
        body = [[year(float(r["year"])), *(figures(float(r[c])) for c in shown)] for _, r in rows.iterrows()]
        head = ["year", *(c[:-2] for c in shown)]
        lines += [*wrap(f"{commodity}, expected tonnes:"), *columns(body, "r" * len(head), head=head)]
    return lines


def rules(instance: Instance, item: str, about: set[str]) -> list[str]:
    """Rules and rows of the instance that name it."""
    named = []
    for choice in instance.choices:
        if item in (choice.id, *choice.members):
            named.append(f"choice {choice.id}: {', '.join(choice.members)}")
    for rule in instance.risk.cover:
        if rule.commodity in about:
            of = f" of {' + '.join(rule.segments)}" if rule.segments else ""
            named.append(f"cover of {rule.commodity}: {figures(rule.days)} days{of}")
    required = [(a.id, a.requires) for a in instance.agreements]
    required += [(k.id, k.requires) for k in instance.projects]
    named += [f"{id_} requires it" for id_, of in required if item in of]
    effects = [(s.id, e) for s in instance.scenarios for event in s.events for e in event.effects]
    hit = dict.fromkeys(s for s, e in effects if item in (*e.members, *e.countries, *e.groups))
    if hit:
        named.append(f"named by {count(len(hit), 'scenario')}: {', '.join(list(hit)[:6])}")
    return [line for text in named for line in wrap(f"- {text}", "  ", "  ")]


def text(value: Any) -> str:
    """A value of the instance as text."""
    if isinstance(value, dict):
        return ", ".join(f"{k} {text(v)}" for k, v in value.items())
    if isinstance(value, tuple | list):
        return " ".join(text(v) for v in value)
    return figures(value, 4) if isinstance(value, float) else str(value)
