"""Where supply comes from and where it ends: country, stage, material, end."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from optimizer.report.flow import Layout, layout
from optimizer.report.style import GROUPS, INK, QUIET, Tables, empty, hues, legend, styled, tips, top
from optimizer.summary.words import usd

TITLE = "From which countries, at which stage, for what"
BELOW = "USD spent on supply, expected: agreements, projects and spot purchases. Colour: group of the country"
NONE = "Nothing is bought, and no project is funded."
MOST_COUNTRIES, MOST_MATERIALS = 10, 12
COLUMNS = {"country": "country", "stage": "stage", "material": "material", "end": "where it ends"}
ENDS = {
    "released_t": "released to consumers",
    "sold_t": "sold on the market",
    "inputs_t": "processed further",
    "scrapped_t": "scrapped",
}
HELD, OWNERS = "held at the end", "not taken by the reserve"
X, BAR, WIDE, HEIGHT, APART, HEAD = (205.0, 335.0, 460.0, 680.0), 12.0, 870, 400.0, 15.0, 24.0


def data(tables: Tables) -> pd.DataFrame:
    """Expected USD by country, group, stage, material and end, from the plan's ``spend`` and ``flows``.

    The end of a commodity's tonnes is the same for all its sources: what the pool releases, sells, processes
    and scraps over the years, and what it holds at the end. Storage is left out, as it buys nothing.
    """
    spend, flows = tables["spend"], tables["flows"]
    spend = spend[spend["category"].isin(["agreement", "project", "spot"]) & (spend["commodity"] != "")]
    columns = ["country", "group", "stage", "material", "end", "usd"]
    if spend.empty:
        return pd.DataFrame(columns=columns)
    rows = spend.groupby(["country", "group", "commodity", "material"], as_index=False)[["usd"]].sum()
    rows = rows.merge(_ends(flows), on="commodity")
    rows["usd"] *= rows["share"]
    rows["stage"] = rows["commodity"].map(dict(zip(flows["commodity"], flows["stage"], strict=True)))
    if "countries" in tables:
        names = dict(zip(tables["countries"]["id"], tables["countries"]["name"], strict=True))
        rows["country"] = rows["country"].map(names).fillna(rows["country"])
    rows["material"] = rows["material"].str.replace("_", " ")
    table = rows.groupby(columns[:-1], as_index=False)[["usd"]].sum()
    return table[table["usd"] > 0].sort_values("usd", ascending=False, ignore_index=True)


def _ends(flows: pd.DataFrame) -> pd.DataFrame:
    """Shares of each end, by commodity: commodity, end, share."""
    totals = flows.groupby("commodity")[list(ENDS)].sum().clip(lower=0).rename(columns=ENDS)
    last = flows[flows["period"] == flows["period"].max()].set_index("commodity")
    totals[HELD] = last["stock_t"].reindex(totals.index).clip(lower=0)
    # A support or an offtake that is not taken buys no tonnes for the pool.
    totals[OWNERS] = (totals.sum(axis=1) <= 1e-9).astype("float64")
    shares = totals.div(totals.sum(axis=1), axis=0)
    long = shares.reset_index().melt("commodity", var_name="end", value_name="share")
    return long[long["share"] > 1e-9]


def words(tables: Tables) -> str:
    """The picture in a sentence."""
    rows = data(tables)
    if rows.empty:
        return NONE
    total = rows["usd"].sum()
    told = []
    for column, name in (("country", "From"), ("material", "For"), ("end", "In the end")):
        largest = rows.groupby(column)["usd"].sum().sort_values(ascending=False).head(4)
        told.append(f"{name}: " + ", ".join(f"{item} {usd(v)}" for item, v in largest.items()))
    return f"{usd(total)} USD spent on supply. " + ". ".join(told) + "."


def chart(tables: Tables) -> Any:
    """Bars of items, ribbons between them; small countries and materials are put together."""
    rows = data(tables)
    if rows.empty:
        return empty(TITLE, NONE)
    rows["country"] = rows["country"] + " · " + rows["group"]
    grouped = rows.assign(
        country=rows["country"].map(top(rows.groupby("country")["usd"].sum(), MOST_COUNTRIES, "others")),
        material=rows["material"].map(top(rows.groupby("material")["usd"].sum(), MOST_MATERIALS, "others")),
    )
    grouped["stage"] = grouped["stage"].where(grouped["stage"] != "", "no stage")
    place = layout(grouped, list(COLUMNS), "group", "usd", x=X, bar=BAR, height=HEIGHT, apart=APART)
    groups = [g for g in GROUPS if g in set(rows["group"])] + sorted(set(rows["group"]) - set(GROUPS))
    whole = alt.layer(_ribbons(place, groups), *_items(place), _heads())
    return styled(
        whole.properties(width=WIDE, height=place.height + HEAD), TITLE, BELOW, words(tables)
    ).configure_view(strokeWidth=0)


def _x(column: str = "x") -> alt.X:
    return alt.X(f"{column}:Q", scale=alt.Scale(domain=[0, WIDE], nice=False, zero=False), axis=None)


def _y(place: Layout, column: str) -> alt.Y:
    domain = [place.height, -HEAD]
    return alt.Y(f"{column}:Q", scale=alt.Scale(domain=domain, nice=False, zero=False), axis=None)


def _ribbons(place: Layout, groups: list[str]) -> Any:
    rows = place.ribbons.assign(told=place.ribbons["value"].map(usd))
    return (
        alt.Chart(rows.drop(columns="value"))
        .mark_area(interpolate="monotone", opacity=0.55, stroke=QUIET, strokeWidth=0.4)
        .encode(
            x=_x(),
            y=_y(place, "top"),
            y2="bottom:Q",
            detail="ribbon:N",
            color=alt.Color("colour:N", sort=groups, scale=hues(groups, GROUPS), legend=legend(5)),
            tooltip=tips(source="from", target="to", colour="group of the country", told="USD"),
        )
    )


def _items(place: Layout) -> list[Any]:
    """Bars and their labels: the first column's on the left, the others' on the right."""
    rows = place.items.assign(
        end=place.items["x"] + BAR,
        told=place.items["value"].map(usd),
        label=place.items["item"] + "  " + place.items["value"].map(usd),
        kind=place.items["column"].map(COLUMNS),
    )
    first = rows["column"] == next(iter(COLUMNS))
    rows["at"] = (rows["x"] - 5).where(first, rows["end"] + 5)
    tooltip = tips(kind="what", item="name", told="USD")
    bars = (
        alt.Chart(rows)
        .mark_rect(color=INK)
        .encode(x=_x(), x2="end:Q", y=_y(place, "top"), y2="bottom:Q", tooltip=tooltip)
    )
    texts = []
    for part, align in ((rows[first], "right"), (rows[~first], "left")):
        style: dict[str, Any] = {"align": align, "fontSize": 11, "limit": 200}
        base = alt.Chart(part).encode(x=_x("at"), y=_y(place, "middle"), text="label:N", tooltip=tooltip)
        # A white edge keeps labels readable on ribbons.
        texts += [
            base.mark_text(**style, stroke="white", strokeWidth=3, strokeJoin="round"),
            base.mark_text(**style, color=INK),
        ]
    return [bars, *texts]


def _heads() -> Any:
    first = next(iter(COLUMNS))
    rows = pd.DataFrame(
        {
            "head": list(COLUMNS.values()),
            "at": [x + (BAR if c == first else 0) for c, x in zip(COLUMNS, X, strict=True)],
            "first": [c == first for c in COLUMNS],
        }
    )
    return (
        alt.Chart(rows)
        .mark_text(
            fontSize=12, fontWeight="bold", color=INK, align=alt.expr("datum.first ? 'right' : 'left'")
        )
        .encode(x=_x("at"), y=alt.value(8), text="head:N")
    )
