"""Draws the picture of the README from a solved plan: ``python -m docs.picture out/us-vault-2026``."""

from __future__ import annotations

import sys
from pathlib import Path

import altair as alt
import pandas as pd

from optimizer.results import read_results
from optimizer.tables import plan_tables

IMAGES = Path(__file__).parent / "images"
UNTIL = 2033
"""Last year shown: the years after it carry the end of the horizon (see the instance's README)."""
LEAST_DAYS = 8.0
"""A commodity is shown if it is ever held for so many days of use."""
CATEGORIES = {
    "project": ("projects", "#0072b2"),
    "agreement": ("agreements", "#e69f00"),
    "spot": ("spot purchases", "#009e73"),
    "storage": ("storage, handling, disposal", "#999999"),
    "disposal": ("storage, handling, disposal", "#999999"),
    "depot": ("opening depots", "#cc79a7"),
}
"""Names, and colours that people with any colour vision tell apart (Okabe and Ito 2008)."""
MOST_MATERIALS = 8
"""Materials shown by spend."""
TEXT = "#333333"


def reserve(flows: pd.DataFrame) -> alt.LayerChart | alt.FacetChart:
    """Expected stock in days of undisturbed use, by commodity and year."""
    held = flows[(flows["year"] <= UNTIL) & flows["stock_days"].notna()]
    peak = held.groupby("commodity")["stock_days"].max()
    held = held[held["commodity"].isin(peak[peak >= LEAST_DAYS].index)].assign(
        year=lambda t: t["year"].astype(int).astype(str),
        label=lambda t: t["name"].str.split(r",| and ", regex=True).str[0],
        days=lambda t: t["stock_days"].where(t["stock_days"] >= 0.5),
    )
    order = list(held.groupby("label")["stock_days"].max().sort_values(ascending=False).index)
    scale = alt.Scale(scheme="blues", type="sqrt", domain=[0, float(peak.max())])
    base = alt.Chart(held).encode(
        x=alt.X("year:O", title=None, axis=alt.Axis(labelAngle=0)),
        y=alt.Y("label:N", sort=order, title=None, axis=alt.Axis(labelLimit=220)),
    )
    dark = 0.32 * peak.max()
    chart: alt.LayerChart | alt.FacetChart = (
        alt.layer(
            base.mark_rect(stroke="white").encode(
                color=alt.Color("days:Q", scale=scale, legend=None),
            ),
            base.mark_text(fontSize=11).encode(
                text=alt.Text("days:Q", format=".0f"),
                color=alt.condition(f"datum.days > {dark}", alt.value("white"), alt.value(TEXT)),
            ),
        )
        .transform_filter("isValid(datum.days)")
        .properties(width=330, height=18 * len(order), title="Reserve at the end of the year, days of use")
    )
    return chart


def named(lines: pd.DataFrame) -> pd.DataFrame:
    """Lines of spend up to the last year shown, in million USD, with categories as they are called."""
    return lines[lines["year"] <= UNTIL].assign(
        year=lambda t: t["year"].astype(int).astype(str),
        category=lambda t: t["category"].map(lambda c: CATEGORIES[c][0]),
        material=lambda t: t["material"].str.replace("_", " "),
        million=lambda t: t["usd"] / 1e6,
    )


def colour(lines: pd.DataFrame) -> alt.Color:
    """One colour for each category, the same in both charts of spend."""
    hues = {name: hue for name, hue in CATEGORIES.values() if name in set(lines["category"])}
    scale = alt.Scale(domain=list(hues), range=list(hues.values()))
    legend = alt.Legend(title=None, orient="bottom", columns=2, labelLimit=200)
    return alt.Color("category:N", sort=list(hues), scale=scale, legend=legend)


def spend(lines: pd.DataFrame) -> alt.Chart:
    """Expected spend by year and category."""
    rows = lines.groupby(["year", "category"], as_index=False)["million"].sum()
    chart: alt.Chart = (
        alt.Chart(rows)
        .mark_bar()
        .encode(
            x=alt.X("year:O", title=None, axis=alt.Axis(labelAngle=0)),
            y=alt.Y("million:Q", title="million USD a year"),
            color=colour(lines),
        )
        .properties(width=330, height=150, title="Spend by year")
    )
    return chart


def materials(lines: pd.DataFrame) -> alt.Chart:
    """Expected spend over the years shown by material and category."""
    rows = lines[lines["material"] != ""].groupby(["material", "category"], as_index=False)["million"].sum()
    most = rows.groupby("material")["million"].sum().nlargest(MOST_MATERIALS)
    chart: alt.Chart = (
        alt.Chart(rows[rows["material"].isin(most.index)])
        .mark_bar()
        .encode(
            y=alt.Y("material:N", sort=list(most.index), title=None, axis=alt.Axis(labelLimit=220)),
            x=alt.X("million:Q", title="million USD"),
            color=colour(lines),
        )
        .properties(width=330, height=16 * len(most), title=f"Spend to {UNTIL} by material")
    )
    return chart


def picture(folder: Path) -> alt.HConcatChart:
    """Both charts of the plan in a folder of results."""
    instance, plan = read_results(folder)
    tables = plan_tables(instance, plan)
    lines = named(tables["spend"])
    chart: alt.HConcatChart = (
        alt.hconcat(
            reserve(tables["flows"]),
            alt.vconcat(spend(lines), materials(lines), spacing=24),
            spacing=40,
        )
        .resolve_scale(color="independent")
        .properties(
            title=alt.TitleParams(
                instance.name, subtitle="Expected over the scenarios, undiscounted", anchor="start", offset=12
            ),
            background="white",
            padding=14,
        )
        .configure(font="sans-serif")
        .configure_title(color=TEXT, subtitleColor=TEXT, anchor="start")
        .configure_axis(labelColor=TEXT, titleColor=TEXT, labelFontSize=11, titleFontWeight="normal")
        .configure_view(strokeWidth=0)
    )
    return chart


def main(folder: str, file: str = "") -> None:
    """Write docs/images/plan.svg, or another file whose suffix (.svg, .png) tells the format."""
    target = Path(file) if file else IMAGES / "plan.svg"
    target.parent.mkdir(parents=True, exist_ok=True)
    picture(Path(folder)).save(target, scale_factor=2 if target.suffix == ".png" else 1)


if __name__ == "__main__":
    main(*sys.argv[1:])
