"""The map of supply: sums by hand, countries it does not have, what screen readers are told."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from models.instance import Instance
from optimizer.report.charts import supply_map
from optimizer.report.outlines import NUMERIC

ATLAS = Path(__file__).parents[3] / "api/web/static/vendor/world-atlas@2.0.2/countries-110m.json"

INSTANCE = Instance.parse(
    {
        "schema_version": "1",
        "name": "map",
        "horizon": {"start_year": 2030, "periods": 2},
        "countries": [
            {"id": "CHN", "name": "China", "group": "adversary"},
            {"id": "AUS", "name": "Australia", "group": "ally"},
            {"id": "ROW", "name": "Rest of world", "group": "neutral"},
        ],
        "commodities": [
            {"id": "ga", "name": "gallium", "material": "gallium", "stage": "refined", "price": [100, 300]},
            {"id": "ge", "name": "germanium", "material": "germanium", "stage": "refined", "price": 1000},
        ],
        "market": [
            {"commodity": "ga", "country": "AUS", "via": ["CHN"], "quantity": [10, 20]},
            {"commodity": "ga", "country": "CHN", "quantity": 3},
            {"commodity": "ga", "country": "ROW", "quantity": 2},
            {"commodity": "ge", "country": "CHN", "quantity": 5},
        ],
        "spot": [
            {
                "id": "s", "commodity": "ga", "country": "AUS",
                "tiers": [{"quantity": 1, "premium": 0}, {"quantity": 2, "premium": 0.1}],
            }
        ],
        "projects": [
            {
                "id": "p", "kind": "mine", "country": "CHN", "outputs": {"ga": 0.5, "ge": 0.25},
                "existing_capacity": 4, "capacity": {"max": 8},
            }
        ],
        "agreements": [
            {
                "id": "a", "supplier": "x", "country": "AUS", "commodity": "ga", "term_years": 1,
                "volume": {"max": 7}, "price": {"kind": "fixed", "value": 1},
            }
        ],
    }
)  # fmt: skip


@pytest.fixture
def tables() -> dict[str, pd.DataFrame]:
    return {"supply": supply_map.supply(INSTANCE), "countries": INSTANCE.tables()["countries"]}


def test_a_commodity_in_tonnes(tables: dict[str, pd.DataFrame]) -> None:
    """Mean over two years: Australia (10 + 20)/2 = 15, China 3, the rest 2; of 20 t together."""
    rows = supply_map.data(tables, commodity="ga")
    assert list(rows.itertuples(index=False, name=None)) == [
        ("AUS", "Australia", "ally", 15.0, 0.75, "036"),
        ("CHN", "China", "adversary", 3.0, 0.15, "156"),
        ("ROW", "Rest of world", "neutral", 2.0, 0.1, ""),
    ]
    words = supply_map.words(rows, "Gallium", "t")
    assert words == (
        "Gallium: Australia 75 % (15 t a year), China 15 % (3 t a year), Rest of world 10 % (2 t a year)."
        " Not on the map: Rest of world."
    )


def test_a_stage_in_money(tables: dict[str, pd.DataFrame]) -> None:
    """Australia (10·100 + 20·300)/2 = 3,500 USD; China 3·200 + 5·1000 = 5,600; the rest 2·200 = 400."""
    rows = supply_map.data(tables, stage="refined")
    assert dict(zip(rows["country"], rows["amount"], strict=True)) == {
        "CHN": 5600.0,
        "AUS": 3500.0,
        "ROW": 400.0,
    }
    assert rows["share"].sum() == pytest.approx(1)


def test_what_passes_through(tables: dict[str, pd.DataFrame]) -> None:
    rows = supply_map.data(tables, commodity="ga", by="via")
    assert rows[["country", "amount", "share"]].to_dict("records") == [
        {"country": "CHN", "amount": 15.0, "share": 0.75}
    ]


def test_what_may_be_bought_or_built(tables: dict[str, pd.DataFrame]) -> None:
    """Australia: spot 1 + 2, agreement 7; China: 0.5·(4 + 8) = 6 t of gallium, 0.25·12 = 3 t of germanium."""
    rows = supply_map.data(tables, commodity="ga", of="offers")
    assert dict(zip(rows["country"], rows["amount"], strict=True)) == {"AUS": 10.0, "CHN": 6.0}
    rows = supply_map.data(tables, commodity="ge", of="offers")
    assert dict(zip(rows["country"], rows["amount"], strict=True)) == {"CHN": 3.0}


def test_nobody_supplies(tables: dict[str, pd.DataFrame]) -> None:
    rows = supply_map.data(tables, commodity="ge", by="via")
    assert rows.empty
    assert supply_map.words(rows, "Germanium", "t") == "Germanium: nobody supplies it."
    supply_map.chart(rows, "Germanium", "t", "/x.json").to_dict()


def test_outlines_come_from_where_they_are_shipped(tables: dict[str, pd.DataFrame]) -> None:
    spec = supply_map.chart(
        supply_map.data(tables, commodity="ga"), "Gallium", "t", "/static/x.json"
    ).to_dict()
    assert spec["data"] == {
        "url": "/static/x.json", "format": {"type": "topojson", "feature": "countries"},
    }  # fmt: skip
    text = json.dumps(spec)
    assert '"036"' in text
    assert "Rest of world" not in json.dumps(spec["datasets"])
    assert "Rest of world" in spec["description"]


def test_every_code_is_an_outline() -> None:
    """The shipped outlines and the codes are of the same countries, each once."""
    atlas = json.loads(ATLAS.read_text(encoding="utf-8"))
    ids = {shape["id"] for shape in atlas["objects"]["countries"]["geometries"] if "id" in shape}
    assert set(NUMERIC.values()) == ids
    assert len(NUMERIC) == len(ids)
    assert (NUMERIC["USA"], NUMERIC["CHN"], NUMERIC["AFG"], NUMERIC["COD"]) == ("840", "156", "004", "180")
