"""How every picture looks: colours, number formats, axes, and what stands where there is nothing to show."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from optimizer.summary.words import cut

Tables = Mapping[str, pd.DataFrame]
"""Tidy tables by name: of a plan, a comparison or an evaluation."""
Drawing = alt.Chart | alt.LayerChart | alt.FacetChart | alt.HConcatChart | alt.VConcatChart

BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILLION, YELLOW, GREY, BLACK = (
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#bbbbbb", "#000000",
)  # fmt: skip
"""Told apart with any colour vision: Okabe and Ito, Color Universal Design (2008), and a grey."""
FILLS = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILLION, YELLOW, GREY)
"""For areas. Some are pale on white, so that areas have an outline in :data:`INK` or text on them."""
STROKES = (BLUE, VERMILLION, GREEN, BLACK)
"""For lines and points: at least 3 to 1 against white (WCAG 2.2, 1.4.11)."""
INK, QUIET, RULE, PAPER = "#333333", "#595959", "#dddddd", "#ffffff"
DASHES: tuple[list[int], ...] = ([1, 0], [6, 3], [2, 2], [8, 2, 2, 2])
"""Lines differ in dashes as well as in colour."""
SHAPES = ("circle", "square", "triangle-up", "diamond")

GROUPS = {
    "domestic": BLUE,
    "ally": GREEN,
    "partner": SKY,
    "neutral": YELLOW,
    "adversary": VERMILLION,
}
"""Groups of countries from near to far."""
CATEGORIES = {
    "project": ("projects", BLUE),
    "agreement": ("agreements", ORANGE),
    "spot": ("spot purchases", GREEN),
    "storage": ("storage, handling, disposal", GREY),
    "disposal": ("storage, handling, disposal", GREY),
    "depot": ("opening depots", YELLOW),
}
"""Categories of spend: names and colours."""

FONT = "Arial, Helvetica, Liberation Sans, sans-serif"
"""Alike in width, so that a picture laid out on one machine fits on another."""
WIDTH = 620
"""Width of a picture's plot, pixels."""
LABEL = 230
"""Most room for a label on the left, pixels."""

USD_LABEL = (
    "datum.value == 0 ? '0' : abs(datum.value) >= 1e9 ? format(datum.value / 1e9, ',.{digits}~r') + ' bn' :"
    " abs(datum.value) >= 1e6 ? format(datum.value / 1e6, ',.{digits}~r') + ' m' :"
    " abs(datum.value) >= 1e3 ? format(datum.value, ',.0f') : format(datum.value, '.{digits}~r')"
)
"""Labels of an axis of money: 1.5 bn, 200 m, 50,000."""
TONNE_LABEL = "abs(datum.value) >= 1e3 ? format(datum.value, ',.0f') : format(datum.value, '.3~r')"
PERCENT_LABEL = "format(100 * datum.value, '.3~r') + ' %'"


def usd_axis(title: str, digits: int = 3, **more: Any) -> alt.Axis:
    """An axis of money; ``title`` names the unit."""
    return alt.Axis(title=title, labelExpr=USD_LABEL.format(digits=digits), **more)


def digits_for(low: float, high: float) -> int:
    """Significant digits that keep the labels of an axis from low to high apart."""
    size, span = max(abs(low), abs(high)), high - low
    return 3 if span <= 0 or size <= 0 else max(3, min(9, 2 + math.ceil(math.log10(size / span))))


def tonne_axis(title: str, **more: Any) -> alt.Axis:
    """An axis of tonnes; ``title`` names the unit."""
    return alt.Axis(title=title, labelExpr=TONNE_LABEL, **more)


def percent_axis(title: str, **more: Any) -> alt.Axis:
    """An axis of shares or probabilities (fractions in the data)."""
    return alt.Axis(title=title, labelExpr=PERCENT_LABEL, **more)


def year_axis(years: Sequence[str] = (), room: int = WIDTH) -> alt.Axis:
    """An axis of calendar years; where they would touch, only some are written."""
    step = max(1, -(-len(years) * 44 // room))
    return alt.Axis(title="year", labelAngle=0, values=list(years)[::step] if years else alt.Undefined)


def tips(**columns: str) -> list[alt.Tooltip]:
    """Tooltips: column of text = what it is called."""
    return [alt.Tooltip(f"{column}:N", title=title) for column, title in columns.items()]


def hues(names: Sequence[str], palette: Mapping[str, str] | Sequence[str] = FILLS) -> alt.Scale:
    """One colour for each name. Names beyond the palette share its last colour."""
    if isinstance(palette, Mapping):
        colours = [palette.get(name, GREY) for name in names]
    else:
        colours = [palette[min(n, len(palette) - 1)] for n in range(len(names))]
    return alt.Scale(domain=list(names), range=colours)


def legend(columns: int = 3) -> alt.Legend:
    """A legend below the picture, where it takes nothing from its width."""
    return alt.Legend(
        title=None, orient="bottom", columns=columns, columnPadding=24, labelLimit=260, symbolStrokeColor=INK
    )


def titled(text: str, below: str = "", size: int = 14) -> alt.TitleParams:
    """A title that says what is seen, and a line below it."""
    return alt.TitleParams(
        text, anchor="start", offset=10, fontSize=size, subtitle=below if below else alt.Undefined
    )


def styled(chart: Any, title: str, below: str = "", description: str = "") -> Any:
    """A whole picture: title, light background, type. Its parts carry no configuration of their own."""
    return (
        chart.properties(
            title=titled(title, below), background=PAPER, padding=12, description=description or title
        )
        .configure(font=FONT)
        .configure_title(color=INK, subtitleColor=QUIET, anchor="start", fontSize=14, subtitleFontSize=12)
        .configure_axis(
            labelColor=INK, titleColor=INK, labelFontSize=11, titleFontSize=11, titleFontWeight="normal",
            gridColor="#e6e6e6", domainColor="#888888", tickColor="#888888", labelLimit=LABEL,
        )
        .configure_header(labelColor=INK, titleColor=INK, labelFontSize=11, titleFontSize=11)
        .configure_legend(labelColor=INK, titleColor=INK, labelFontSize=11, titleFontSize=11, labelLimit=260)
        .configure_view(strokeWidth=0)
    )  # fmt: skip


def bare(chart: Any) -> Any:
    """The same picture without its own configuration, to stand beside others."""
    plain = chart.copy(deep=True)
    for name in ("config", "background", "padding"):
        setattr(plain, name, alt.Undefined)
    return plain


def empty(title: str, words: str) -> Any:
    """What stands where a table has no rows: a sentence, never a broken picture."""
    chart = (
        alt.Chart(pd.DataFrame({"words": [words]}))
        .mark_text(align="left", baseline="middle", fontSize=13, color=QUIET, limit=WIDTH)
        .encode(text=alt.Text("words:N"), x=alt.value(0), y=alt.value(20))
        .properties(width=WIDTH, height=40)
    )
    return styled(chart, title, description=words)


def text_years(years: pd.Series) -> pd.Series:
    """Calendar years as text: 2027; 2027.5 where periods are not whole years."""
    return years.map(lambda y: f"{y:.2f}".rstrip("0").rstrip(".")).astype("str")


def short(names: pd.Series, limit: int = 34) -> pd.Series:
    """Names cut at the first comma or "and", where that keeps them apart."""
    first = names.str.split(r", | and ", regex=True).str[0]
    whole = pd.DataFrame({"first": first, "name": names}).drop_duplicates()
    twice = set(whole.loc[whole["first"].duplicated(keep=False), "first"])
    return first.where(~first.isin(twice), names).map(lambda name: cut(name, limit)).astype("str")


def top(totals: pd.Series, most: int, rest: str) -> pd.Series:
    """What each item is shown as: itself if it is one of the ``most`` largest, otherwise ``rest``.

    ``totals`` by item. Where only one would be left over, it is shown.
    """
    ordered = totals.sort_values(ascending=False)
    kept = len(ordered) if len(ordered) <= most + 1 else most
    over = f"{len(ordered) - kept} {rest}"
    return pd.Series(
        [str(item) if n < kept else over for n, item in enumerate(ordered.index)],
        index=ordered.index,
        dtype="str",
    )
