"""Where supply comes from, on a map: what an instance says of one commodity, or of one stage."""

from __future__ import annotations

from typing import Any, Literal

import altair as alt
import pandas as pd

from models.instance import Instance, at
from optimizer.report.outlines import NUMERIC
from optimizer.report.style import BLUE, INK, PERCENT_LABEL, QUIET, Tables, empty, styled, tips
from optimizer.summary.words import percent, tonnes, usd

TITLE = "Where supply comes from"
NONE = "Nobody supplies it."
WIDE, HIGH = 860, 390
COLUMNS = ["commodity", "material", "stage", "country", "via", "source", "tonnes", "usd"]
Of = Literal["market", "offers"]
By = Literal["country", "via"]
SOURCES = {"market": "commerce", "spot": "spot offers", "agreement": "agreements", "project": "projects"}


def supply(instance: Instance) -> pd.DataFrame:
    """Yearly supply by row of the instance, as it is without any disruption, mean over the periods.

    Columns: commodity, material, stage, country (id), via (ids, joined with ``;``), source (market, spot,
    agreement, project), tonnes [t/year], usd [USD/year at the reference price]. Agreements and projects count
    with the most that may be contracted or run; of an agreement whatever its term.
    """
    span = range(instance.horizon.periods)
    commodities = {c.id: c for c in instance.commodities}
    rows: list[tuple[Any, ...]] = []

    def add(commodity: str, country: str, via: tuple[str, ...], source: str, amounts: list[float]) -> None:
        m = commodities[commodity]
        worth = [amount * at(m.price, t) for t, amount in zip(span, amounts, strict=True)]
        mean, usd = sum(amounts) / len(span), sum(worth) / len(span)
        rows.append((commodity, m.material, m.stage, country, ";".join(via), source, mean, usd))

    for row in instance.market:
        add(row.commodity, row.country, row.via, "market", [at(row.quantity, t) for t in span])
    for offer in instance.spot:
        amounts = [sum(at(tier.quantity, t) for tier in offer.tiers) for t in span]
        add(offer.commodity, offer.country, offer.via, "spot", amounts)
    for agreement in instance.agreements:
        most = [agreement.volume.max for _ in span]
        add(agreement.commodity, agreement.country, agreement.via, "agreement", most)
    for project in instance.projects:
        built = project.capacity.max if project.capacity is not None else 0.0
        for commodity, share in project.outputs.items():
            run = [share * (at(project.existing_capacity, t) + built) for t in span]
            add(commodity, project.country, project.via, "project", run)
    return pd.DataFrame(rows, columns=COLUMNS)


def data(
    tables: Tables, *, commodity: str = "", stage: str = "", of: Of = "market", by: By = "country"
) -> pd.DataFrame:
    """Country by country, the largest first: country, name, group, amount, share, outline.

    ``tables``: ``supply`` as :func:`supply` makes it, and ``countries`` of the instance. Of a commodity the
    amount is t/year, of a stage USD/year, as tonnes of different materials do not add up. ``by`` via counts
    what passes through a country, each country on the way with the whole of it: shares may add up to more
    than 1. ``outline`` is the country's on the map, '' if it has none.
    """
    rows = tables["supply"]
    rows = rows[rows["commodity"] == commodity] if commodity else rows[rows["stage"] == stage]
    rows = rows[(rows["source"] == "market") == (of == "market")]
    amount = "tonnes" if commodity else "usd"
    total = float(rows[amount].sum())
    if by == "via":
        rows = rows.assign(country=rows["via"].str.split(";")).explode("country")
        rows = rows[rows["country"] != ""]
    found = rows.groupby("country", as_index=False)[[amount]].sum().rename(columns={amount: "amount"})
    found = found[found["amount"] > 0]
    known = tables["countries"].set_index("id")
    found["name"] = found["country"].map(known["name"]).fillna(found["country"])
    found["group"] = found["country"].map(known["group"]).fillna("")
    found["share"] = found["amount"] / total if total else 0.0
    found["outline"] = found["country"].map(NUMERIC).fillna("")
    columns = ["country", "name", "group", "amount", "share", "outline"]
    return found[columns].sort_values(["amount", "country"], ascending=[False, True], ignore_index=True)


def words(rows: pd.DataFrame, what: str, unit: str) -> str:
    """The map in a sentence; ``rows`` as :func:`data` gives them, ``unit`` t or USD."""
    if rows.empty:
        return f"{what}: nobody supplies it."
    told = tonnes if unit == "t" else (lambda value: f"{usd(value)} USD")
    top = rows.head(4)
    leading = ", ".join(
        f"{name} {percent(float(share))} ({told(float(amount))} a year)"
        for name, share, amount in zip(top["name"], top["share"], top["amount"], strict=True)
    )
    rest = len(rows) - 4
    missing = rows[rows["outline"] == ""]
    more = f", and {rest} more" if rest > 0 else ""
    off = f" Not on the map: {', '.join(missing['name'])}." if len(missing) else ""
    return f"{what}: {leading}{more}.{off}"


def chart(rows: pd.DataFrame, what: str, unit: str, outlines: str) -> Any:
    """Countries in the depth of their share, as ``rows`` of :func:`data`.

    ``outlines``: the address of the outlines. For whoever does not see it, :func:`words` and the rows
    themselves say the same; hundreds of shapes would say nothing.
    """
    if rows.empty:
        return empty(TITLE, NONE)
    shown = rows[rows["outline"] != ""]
    shown = shown.assign(
        told=[tonnes(v) if unit == "t" else f"{usd(v)} USD" for v in shown["amount"]],
        part=[percent(v) for v in shown["share"]],
    )
    world = alt.Chart(alt.topo_feature(outlines, "countries"))
    # Nothing is mined in Antarctica; without it the rest is larger.
    land = world.transform_filter("datum.id !== '010'").mark_geoshape(
        fill="#eeeeee", stroke="#bbbbbb", strokeWidth=0.5, aria=False
    )
    filled = (
        world.mark_geoshape(stroke=INK, strokeWidth=0.6, aria=False)
        .transform_lookup("id", alt.LookupData(shown, "outline", ["name", "group", "told", "part", "share"]))
        .transform_filter("isValid(datum.share)")
        .encode(
            color=alt.Color(
                "share:Q",
                scale=alt.Scale(domain=[0, max(0.05, float(rows["share"].max()))], range=["#dceaf4", BLUE]),
                legend=alt.Legend(
                    title="share of supply", orient="bottom", labelExpr=PERCENT_LABEL, gradientLength=240,
                    titleColor=QUIET,
                ),
            ),
            tooltip=tips(name="country", group="group", told="a year", part="share"),
        )
    )  # fmt: skip
    whole = alt.layer(land, filled).project("naturalEarth1").properties(width=WIDE, height=HIGH)
    return styled(whole, TITLE, what, words(rows, what, unit))
