"""The picture of a search: its rows, its words, rows that are added while it is looked at."""

from __future__ import annotations

import pandas as pd
import pytest
import vl_convert

from optimizer.report.charts import SEARCH, gap
from optimizer.report.page import VEGA_LITE

NA = float("nan")


def progress(*rows: tuple[float, float, float]) -> dict[str, pd.DataFrame]:
    return {"progress": pd.DataFrame(list(rows), columns=["seconds", "incumbent", "bound"])}


STEPS = progress(
    (0.5, NA, NA), (1.0, NA, 60e6), (2.0, 120e6, 60e6), (3.0, 120e6, 60e6), (4.0, 100e6, NA),
    (9.0, 100e6, 95e6),
)  # fmt: skip


def test_a_row_where_something_changed_and_at_the_end() -> None:
    rows = gap.data(STEPS)
    # Nothing is known at 0.5 s; at 3 s nothing is new; at 4 s the bound is not told, and stays.
    assert list(rows["seconds"]) == [1.0, 2.0, 4.0, 9.0]
    assert list(rows["incumbent_usd"].fillna(-1)) == [-1, 120e6, 100e6, 100e6]
    assert list(rows["bound_usd"]) == [60e6, 60e6, 60e6, 95e6]


def test_words_by_hand() -> None:
    # 100 m less 95 m is 5 m, 5 % of 100 m; two plans: 120 m and 100 m.
    assert gap.words(STEPS) == (
        "After 9 s and 2 plans found, the best has an objective of 100 m USD; no plan is below 95 m USD:"
        " they are 5 m USD (5 %) apart."
    )
    assert gap.words(progress((61.0, NA, 60e6))) == (
        "After 1 min 1 s there is no plan yet; no plan is below 60 m USD."
    )
    assert gap.words(progress((3600.0, 0.0, NA))).endswith("0 USD; there is no bound yet.")
    assert gap.words(progress()) == gap.NONE
    assert gap.words(progress((1.0, 0.0, 0.0))).endswith("they are 0 USD apart.")


def test_the_rows_have_a_name_so_that_more_can_be_added() -> None:
    spec = gap.chart(STEPS).to_dict()
    assert spec["data"]["name"] == gap.SERIES
    assert spec["data"]["values"] == gap.long(gap.data(STEPS)).to_dict("records")
    assert {row["measure"] for row in spec["data"]["values"]} == {gap.PLAN, gap.BOUND}
    svg = vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE)
    assert "NaN" not in svg
    assert "best plan so far" in svg


def test_before_anything_is_known_it_says_so() -> None:
    spec = SEARCH.chart(progress((1.0, NA, NA))).to_dict()
    assert spec["mark"]["type"] == "text"
    assert SEARCH.words(progress((1.0, NA, NA))) == gap.NONE


def test_many_points_are_thinned_and_both_ends_kept() -> None:
    rows = gap.data(progress(*((float(n), 1e9 - n, float(n)) for n in range(10_000))))
    assert len(rows) <= gap.MOST
    assert (rows["seconds"].min(), rows["seconds"].max()) == (0.0, 9999.0)


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.2, "0 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (7500, "2 h 5 min")]
)
def test_times(seconds: float, told: str) -> None:
    assert gap.lasting(seconds) == told
