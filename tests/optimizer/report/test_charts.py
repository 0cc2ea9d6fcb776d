"""Every picture: valid for all tables, full, of one row and empty; figures by hand; units, colours, words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
import vl_convert

from optimizer.report import style
from optimizer.report.charts import BY_KIND, Picture, exceedance, frontier, money, sourcing, targets, timeline
from optimizer.report.charts import entering as entering_chart
from optimizer.report.page import VEGA_LITE
from optimizer.report.style import Tables
from tests.optimizer.report import made

MADE = {"plan": made.plan(), "comparison": made.comparison(), "evaluation": made.evaluation()}
EVERY = [(kind, picture) for kind, pictures in BY_KIND.items() for picture in pictures]
each = pytest.mark.parametrize(("kind", "picture"), EVERY, ids=[f"{k}-{p.name}" for k, p in EVERY])
UNIT = re.compile(r"USD|\bt\b|days|probability|year")
OTHERS = {"#8fb8dc", style.QUIET, style.INK, style.RULE, style.PAPER, "white", "#e6e6e6", "#888888"}
"""Besides the palette: a pale blue, greys and white."""
NAMES = ("name", "commodity", "scenario", "id", "item", "country", "material", "segment", "source", "member")


def drawn(picture: Picture, tables: Tables) -> tuple[dict[str, Any], str]:
    """The specification, which Altair holds against the schema of Vega-Lite, and the picture."""
    spec = picture.chart(tables).to_dict()
    return spec, vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE)


def inside(spec: Any, name: str) -> Iterator[Any]:
    """Everything of a name in a specification."""
    if isinstance(spec, dict):
        for key, value in spec.items():
            if key == name:
                yield value
            if key != "datasets":
                yield from inside(value, name)
    elif isinstance(spec, list):
        for value in spec:
            yield from inside(value, name)


@each
def test_full_tables(kind: str, picture: Picture) -> None:
    spec, svg = drawn(picture, MADE[kind])
    assert len(picture.data(MADE[kind])) > 0
    assert "Infinity" not in svg
    assert "NaN" not in svg
    assert spec["title"]["text"] == picture.title
    assert spec["description"] == picture.words(MADE[kind])
    assert picture.words(MADE[kind]).endswith(".")


@each
def test_tables_without_rows_say_so(kind: str, picture: Picture) -> None:
    tables = {name: table.iloc[:0] for name, table in MADE[kind].items()}
    spec, svg = drawn(picture, tables)
    assert picture.data(tables).empty
    assert spec["mark"]["type"] == "text"
    assert picture.words(tables).split()[0] in svg


@each
def test_tables_of_one_row(kind: str, picture: Picture) -> None:
    _, svg = drawn(picture, {name: table.iloc[:1] for name, table in MADE[kind].items()})
    assert "NaN" not in svg


@each
def test_every_axis_of_numbers_names_its_unit(kind: str, picture: Picture) -> None:
    spec = picture.chart(MADE[kind]).to_dict()
    for channel in ("x", "y"):
        for encoding in inside(spec, channel):
            if isinstance(encoding, dict) and encoding.get("type") == "quantitative":
                axis = encoding.get("axis", {})
                assert axis is None or UNIT.search(axis.get("title") or ""), (channel, encoding)


@each
def test_colours_come_from_the_palette(kind: str, picture: Picture) -> None:
    spec = picture.chart(MADE[kind]).to_dict()
    known = {*style.FILLS, *style.STROKES, *OTHERS}
    text = re.findall(
        r'"(#[0-9a-fA-F]{3,8})"', str({k: v for k, v in spec.items() if k != "datasets"}).replace("'", '"')
    )
    assert set(text) <= known
    for scale in inside(spec, "scale"):
        if isinstance(scale, dict) and "scheme" in scale:
            assert scale["scheme"] in ("blues", "oranges"), "one hue from pale to dark"


@each
def test_the_same_tables_are_not_changed(kind: str, picture: Picture) -> None:
    before = {name: table.copy() for name, table in MADE[kind].items()}
    picture.chart(MADE[kind])
    for name, table in before.items():
        pd.testing.assert_frame_equal(table, MADE[kind][name])


@pytest.mark.parametrize("kind", list(MADE))
def test_hostile_names_are_only_names(kind: str) -> None:
    """Names reach the pictures as data, never as a field, an expression or markup."""
    tables = {
        name: table.assign(**{c: table[c] + made.HOSTILE for c in table.columns if c in NAMES})
        for name, table in MADE[kind].items()
    }
    if kind == "comparison":
        tables = made.comparison(made.HOSTILE)
    for picture in BY_KIND[kind]:
        spec, svg = drawn(picture, tables)
        assert "<script" not in svg.lower()
        assert "<img" not in svg.lower()
        assert not any("script" in str(expr) for expr in inside(spec, "labelExpr"))


def test_exceedance_by_hand() -> None:
    # The plan made by hand: 1,000 USD with 0.25, otherwise nothing.
    rows = exceedance.data(MADE["plan"])
    assert list(zip(rows["loss_usd"], rows["probability"], strict=True)) == [(0.0, 0.25), (1000.0, 0.0)]


def test_exceedance_of_an_evaluation_beside_the_plan() -> None:
    tables = {**made.evaluation(), "plan_scenarios": MADE["plan"]["scenarios"]}
    rows = exceedance.data(tables)
    assert list(dict.fromkeys(rows["curve"])) == [
        "evaluated: foresight",
        "evaluated: rolling",
        exceedance.OWN,
    ]
    at = rows[rows["curve"] == "evaluated: rolling"]
    assert list(zip(at["loss_usd"], at["probability"], strict=True)) == [(0.0, 0.4), (6e6, 0.1), (15e6, 0.0)]


def test_exceedance_begins_at_nothing() -> None:
    """A table that begins at the least loss that occurs gets the probability of any loss in front."""
    tables = made.evaluation()
    tables["exceedance"] = tables["exceedance"][tables["exceedance"]["loss"] > 0]
    first = exceedance.data(tables).iloc[0]
    assert (first["loss_usd"], first["probability"]) == (0.0, pytest.approx(0.4))


def test_long_curves_are_thinned() -> None:
    many = pd.DataFrame({"scenario": [str(n) for n in range(5000)], "probability": 1 / 5000,
                         "loss_usd": [float(n) for n in range(5000)]})  # fmt: skip
    rows = exceedance.data({"scenarios": many})
    assert len(rows) <= exceedance.MOST
    assert (rows["loss_usd"].min(), rows["loss_usd"].max()) == (0.0, 4999.0)


def test_sourcing_by_hand() -> None:
    # Gallium from Australia: the agreement, 50 + 40 + 400 in 2027 and 0.75·400 + 0.25·600 in 2028, and 110 of
    # spot: 1,050 USD. Of the pool's gallium 0.25·9.5 t are released and 0.75·9.5 t held at the end.
    rows = sourcing.data(MADE["plan"])
    australia = rows[rows["country"] == "Australia"].set_index("end")["usd"]
    assert australia.to_dict() == pytest.approx({"held at the end": 787.5, "released to consumers": 262.5})
    assert set(rows[rows["material"] == "zinc"]["end"]) == {"scrapped"}
    # All that is spent on supply: 490 + 450 agreements, 110 spot, 200 + 8 + 30 the smelter.
    assert rows["usd"].sum() == pytest.approx(1288.0)


def test_money_by_hand() -> None:
    rows = money.data(MADE["plan"]).set_index(["panel", "year", "item"])["usd"]
    assert rows["in", "2027", "approp"] == pytest.approx(600.0)
    assert rows["in", "2028", "vault-loan"] == pytest.approx(0.75 * 450)
    assert rows["in", "2028", "releases to consumers"] == pytest.approx(0.25 * 950)
    assert rows["out", "2027", "agreements"] == pytest.approx(490.0)
    assert rows["out", "2027", "storage, handling, disposal"] == pytest.approx(15.0)
    assert rows["out", "2028", "fees and interest"] == pytest.approx(0.75 * 9 + 20)


def test_targets_by_hand() -> None:
    # 73 days of 10 t/year are 2 t; 9.5 t are held in 2028 where the rule holds, 0.75·9.5 in expectation.
    rows = targets.data(MADE["plan"]).set_index(["commodity", "year", "measure"])["amount_t"]
    assert rows["ga", "2028", targets.TARGET] == pytest.approx(2.0)
    assert rows["ga", "2028", targets.LEAST] == pytest.approx(9.5)
    assert rows["ga", "2028", targets.STOCK] == pytest.approx(7.125)


def test_timeline_by_hand() -> None:
    rows = timeline.data(MADE["plan"])
    spans = {(r["id"], r["phase"]): (r["from_year"], r["to_year"]) for _, r in rows.iterrows()}
    assert spans == {
        ("ga-aus", timeline.DELIVERS): (2027.0, 2029.0),
        ("smelter", timeline.BUILDS): (2027.0, 2028.0),
        ("smelter", timeline.RUNS): (2028.0, 2029.0),
        ("vault", timeline.OPEN): (2027.0, 2029.0),
    }


def test_what_enters_and_leaves_by_hand() -> None:
    rows = entering_chart.data(MADE["comparison"])
    told = {(r["id"], r["alternative"]): (r["amount"], r["change"]) for _, r in rows.iterrows()}
    assert told == {
        ("a", "100 m"): (50.0, ""),
        ("a", "200 m"): (80.0, "grows"),
        ("a", "300 m"): (0.0, "leaves"),
        ("k", "200 m"): (10.0, "enters"),
        ("k", "300 m"): (10.0, "moves"),
        ("vault", "300 m"): (1000.0, "enters"),
    }


def test_the_frontier_is_what_no_other_betters() -> None:
    rows = pd.DataFrame(
        {"expected_cost_usd": [3.0, 1.0, 2.0, 2.0, 4.0], "risk_usd": [5.0, 9.0, 6.0, 7.0, 5.0]}
    )
    kept = frontier.efficient(rows)
    assert list(zip(kept["expected_cost_usd"], kept["risk_usd"], strict=True)) == [(1, 9), (2, 6), (3, 5)]
    # The alternative without a plan is not there.
    assert list(frontier.data(MADE["comparison"])["alternative"]) == ["100 m", "200 m", "300 m"]
