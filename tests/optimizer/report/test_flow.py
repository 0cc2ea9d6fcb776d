"""Places of a layered flow: everything adds up, nothing overlaps."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.report.flow import POINTS, layout

PATHS = pd.DataFrame(
    [("A", "x", "near", 3.0), ("A", "y", "near", 1.0), ("B", "x", "far", 4.0)],
    columns=["one", "two", "group", "usd"],
)


def test_by_hand() -> None:
    # 8 USD fill 80 pixels: A 40 and B 40; x 70 and y 10. 3 pixels lie between the bars of a column.
    place = layout(PATHS, ["one", "two"], "group", "usd", x=(0, 100), bar=10, height=80, apart=5)
    items = place.items.set_index("item")
    assert (items["bottom"] - items["top"]).to_dict() == pytest.approx({"A": 40, "B": 40, "x": 70, "y": 10})
    assert place.height == pytest.approx(83.0)
    assert items.loc["B", "top"] == pytest.approx(43.0)
    first = place.ribbons[(place.ribbons["source"] == "A") & (place.ribbons["target"] == "y")]
    assert len(first) == POINTS
    assert (first["bottom"] - first["top"]).tolist() == pytest.approx([10.0] * POINTS, abs=0.02)
    # A's ribbon to x, the upper, leaves first; the one to y from 30 on, and arrives where y begins.
    assert first["top"].iloc[0] == pytest.approx(30.0)
    assert first["top"].iloc[-1] == pytest.approx(items.loc["y", "top"])
    assert (first["x"].iloc[0], first["x"].iloc[-1]) == (10.0, 100.0)


def test_small_items_keep_their_labels_apart_and_the_rest_comes_last() -> None:
    paths = pd.DataFrame([("9 others", 50.0), ("big", 50.0), *((f"s{n}", 0.01) for n in range(6))],
                         columns=["one", "usd"]).assign(two="all", group="")  # fmt: skip
    place = layout(paths, ["one", "two"], "group", "usd", x=(0, 100), bar=10, height=100, apart=15)
    column = place.items[place.items["column"] == "one"]
    assert column["middle"].diff().dropna().min() >= 15 - 1e-9
    assert column["item"].iloc[-1] == "9 others"


rows = st.lists(
    st.tuples(st.sampled_from("ABCD"), st.sampled_from("xyz"), st.sampled_from("gh"), st.floats(0.01, 1e9)),
    min_size=1,
    max_size=12,
)


@given(rows)
def test_bars_and_ribbons_add_up(paths: list[tuple[str, str, str, float]]) -> None:
    table = pd.DataFrame(paths, columns=["one", "two", "group", "usd"])
    place = layout(table, ["one", "two"], "group", "usd", x=(0, 100), bar=10, height=400, apart=15)
    for _, column in place.items.groupby("column"):
        assert column["value"].sum() == pytest.approx(table["usd"].sum())
        assert (column["top"].iloc[1:].to_numpy() >= column["bottom"].iloc[:-1].to_numpy() - 1e-9).all()
    ends = place.ribbons.drop_duplicates("ribbon")
    assert ends["value"].sum() == pytest.approx(table["usd"].sum())
    assert (place.ribbons["bottom"] >= place.ribbons["top"] - 0.011).all()
    assert place.ribbons["top"].min() >= -0.01
    assert place.ribbons["bottom"].max() <= place.height + 0.02
