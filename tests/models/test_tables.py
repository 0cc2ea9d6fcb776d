"""Pandas tables: the same tables as in files, and faults in them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.faults import FaultyInstance
from models.instance import Instance
from tests.models.small import small

SMALL = Instance.parse(small())


def faults(tables: dict[str, Any]) -> list[tuple[str, str, str]]:
    with pytest.raises(FaultyInstance) as caught:
        Instance.from_tables(tables)
    return [(fault.table, fault.row, fault.field) for fault in caught.value.faults]


def test_tables_and_columns() -> None:
    tables = SMALL.tables()
    assert list(tables["spot.tiers"].columns) == ["spot", "quantity", "premium"]
    assert tables["spot.tiers"]["premium"].to_list() == [0.05, 0.4]
    assert list(tables["market"].columns) == ["commodity", "country", "via", "quantity"]
    assert [c for c in tables["commodities"].columns if c.startswith("price")] == [
        "price",
        *(f"price[{year}]" for year in range(2027, 2031)),
    ]
    assert tables["agreements"]["volume.max"].to_list() == [8.0, 3.0]
    assert tables["instance"].set_index("field").loc["horizon.periods", "value"] == 4


def test_they_can_be_worked_with() -> None:
    tables = SMALL.tables()
    tables["market"]["quantity"] *= 2
    tables["depots"] = tables["depots"].sample(frac=1, random_state=1)[::-1]
    tables["spot.tiers"].index = pd.Index([7, 7])
    again = Instance.from_tables(tables)
    assert [row.quantity for row in again.market] == [32.0, 16.0]


@pytest.mark.parametrize("empty", [None, np.nan, pd.NA, pd.NaT, ""])
def test_empty_cells(empty: Any) -> None:
    tables = SMALL.tables()
    tables["depots"] = tables["depots"].astype(object)
    tables["depots"].loc[0, "capacity"] = empty
    assert Instance.from_tables(tables).depots[0].capacity is None


@pytest.mark.parametrize("kind", ["int64", "float32", "Int64", "Float64", "string", "category", "object"])
def test_kinds_of_column(kind: str) -> None:
    tables = SMALL.tables()
    tables["opening_stock"]["quantity"] = tables["opening_stock"]["quantity"].astype(kind)
    assert Instance.from_tables(tables) == SMALL


def test_text_is_taken_to_the_letter() -> None:
    tables = SMALL.tables()
    tables["countries"]["name"] = ["'=1", "=1", "'"]
    assert [c.name for c in Instance.from_tables(tables).countries] == ["'=1", "=1", "'"]


def test_faults_of_tables_and_of_what_they_say_come_together() -> None:
    tables = SMALL.tables()
    tables["market"]["color"] = "red"
    tables["market"].loc[0, "country"] = "CHIN"
    tables["spot.tiers"].loc[1, "spot"] = "nobody"
    tables["depots"].loc[0, "capacity"] = np.inf
    tables["demnd"] = pd.DataFrame({"id": ["x"]})
    tables["choices"] = tables["choices"].rename(columns={"members": 7})
    assert sorted(faults(tables)) == sorted(
        [
            ("market", "", "color"),
            ("market", "1", "country"),
            ("spot.tiers", "2", "spot"),
            ("depots", "yard", "capacity"),
            ("demnd", "", ""),
            ("choices", "", "7"),
            ("choices", "one", "members"),
        ]
    )


def test_without_a_horizon_years_are_counted_from_the_first_column() -> None:
    tables = SMALL.tables()
    tables["instance"] = tables["instance"][~tables["instance"]["field"].str.startswith("horizon")]
    assert faults(tables) == [("horizon", "", "")]


@pytest.mark.parametrize("table", ["instance", "spot.tiers", "market"])
def test_tables_without_the_columns_they_need(table: str) -> None:
    tables = SMALL.tables()
    tables[table] = pd.DataFrame({"x": [1]})
    assert (table, "", "x") in faults(tables) or table == "instance"
    tables[table] = pd.DataFrame()
    if table == "market":
        assert Instance.from_tables(tables).market == ()
    else:
        assert faults(tables)


def test_only_data_frames() -> None:
    with pytest.raises(TypeError, match="market: a pandas DataFrame is expected, got list"):
        Instance.from_tables({**SMALL.tables(), "market": []})  # type: ignore[dict-item]  # on purpose
