"""Hazards in an instance: every fault at once, every format, nothing of it in what a plan is made from."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from models import files
from models.faults import FaultyInstance
from models.instance import Instance
from models.schema import json_schema
from models.tables import grids
from tests.models.small import SMALL, Raw

CUT = {"kind": "supply", "factor": 0.1, "countries": ["CHN"], "materials": ["gallium"]}

HAZARDS: Raw = {name: SMALL[name] for name in ("hazards", "regimes", "hazard_rates")}

PLAIN = {name: rows for name, rows in SMALL.items() if name not in HAZARDS}


def faults(raw: Raw) -> dict[str, str]:
    """Where, and what is allowed."""
    with pytest.raises(FaultyInstance) as caught:
        Instance.parse(raw)
    return {" · ".join((f.table, f.row, f.field)): f.allowed for f in caught.value.faults}


def broken(table: str, row: int, **fields: Any) -> dict[str, str]:
    rows = [dict(entry) for entry in HAZARDS[table]]
    rows[row] |= fields
    return faults(SMALL | {table: rows})


@pytest.mark.parametrize("name", ["folder", "case.yaml", "case.json", "case.xlsx"])
def test_every_format_gives_it_back(name: str, tmp_path: Path) -> None:
    instance = Instance.parse(SMALL)
    files.write(instance, tmp_path / name)
    again = files.read(tmp_path / name)
    assert again == instance
    assert again.fingerprint() == instance.fingerprint()


def test_pandas_gives_it_back() -> None:
    instance = Instance.parse(SMALL)
    assert Instance.from_tables(instance.tables()) == instance


def test_tables_by_name() -> None:
    """As the table scenarios: what is nested repeats the ids it belongs to."""
    found = {grid.name: grid for grid in grids(Instance.parse(SMALL))}
    assert found["hazards.levels"].columns == ["hazard", "id", "probability"]
    assert found["hazards.levels.effects"].columns[:2] == ["hazard", "level"]
    assert [row[:4] for row in found["hazards.levels.effects"].rows] == [
        ["licence", "strict", "supply", 0.1],
        ["licence", "strict", "price", 1.5],
        ["licence", "lenient", "supply", 0.6],
        ["embargo", "only", "supply", 0.1],
    ]
    assert found["regimes"].rows == [["CHN", 0.05, 0.25, 0.2, 0.5, 3.0]]
    assert found["hazard_rates"].rows == [["high", 4.0, "licence;embargo"], ["more", 2.0, None]]


def test_they_are_part_of_the_fingerprint_and_of_nothing_else() -> None:
    plain, instance = Instance.parse(PLAIN), Instance.parse(SMALL)
    assert plain.fingerprint() != instance.fingerprint()
    without = instance.model_copy(update={"hazards": (), "regimes": (), "hazard_rates": ()})
    assert without == plain
    assert without.fingerprint() == plain.fingerprint()


def test_the_schema_describes_them() -> None:
    schema = json_schema()
    assert schema["$defs"]["Hazard"]["required"] == ["id", "country", "ending_rate", "levels"]
    assert {"hazards", "regimes", "hazard_rates"} <= schema["properties"].keys()


@pytest.mark.parametrize(
    ("table", "row", "fields", "where", "allowed"),
    [
        ("hazards", 0, {"country": "CHM"}, "licence · country", "did you mean 'CHN'"),
        ("hazards", 0, {"rate": -1.0}, "licence · rate", "at least 0"),
        ("hazards", 1, {"after": ["licnce"]}, "embargo · after[1]", "did you mean 'licence'"),
        ("hazards", 1, {"after": ["embargo"]}, "embargo · after[1]", "another hazard"),
        ("hazards", 1, {"after": ["licence", "licence"]}, "embargo · after[2]", "each entry once"),
        ("hazards", 1, {"after_rate": None}, "embargo · after_rate", "a rate, as the hazard has an after"),
        ("hazards", 1, {"after": []}, "embargo · after", "as the hazard has an after_rate"),
        ("hazards", 1, {"becomes": "war"}, "embargo · becomes", "an id that stands in hazards"),
        ("hazards", 1, {"becomes": "embargo"}, "embargo · becomes", "a lower ending_rate makes it last"),
        ("hazards", 1, {"becomes": None}, "embargo · becomes_probability", "the hazard has no becomes"),
        ("hazards", 1, {"replaces": ["embargo"]}, "embargo · replaces[1]", "another hazard"),
        ("hazards", 0, {"replaces": ["embargo"]}, "licence · replaces", "none of them would do anything"),
        ("hazards", 1, {"dated": {"period": 4}}, "embargo · dated.period", "0 to 3"),
        ("hazards", 1, {"dated": {"period": 1, "level": "x"}}, "embargo · dated.level", "its levels: only"),
        ("hazards", 1, {"levels": []}, "embargo · levels", "at least one entry"),
        ("hazards", 1, {"id": "licence"}, "licence · id", "used once in the whole instance"),
        ("hazards", 1, {"id": "USA"}, "USA · id", "used once in the whole instance"),
        ("hazards", 1, {"id": "b" * 81}, f"{'b' * 81} · id", "at most 80 characters"),
        ("regimes", 0, {"country": "CHM"}, "1 · country", "did you mean 'CHN'"),
        ("regimes", 0, {"tense_at_start": 1.5}, "1 · tense_at_start", "at most 1"),
        ("hazard_rates", 0, {"hazards": ["embrgo"]}, "high · hazards[1]", "did you mean 'embargo'"),
        ("hazard_rates", 0, {"hazards": ["embargo", "embargo"]}, "high · hazards[2]", "each entry once"),
        ("hazard_rates", 0, {"id": "embargo"}, "embargo · id", "used once in the whole instance"),
    ],
)
def test_faults(table: str, row: int, fields: Raw, where: str, allowed: str) -> None:
    found = broken(table, row, **fields)
    assert allowed in found[f"{table} · {where}"]


def test_faults_of_levels() -> None:
    levels = [
        {"id": "one", "probability": 0.5, "effects": [{**CUT, "countries": ["CHM"]}]},
        {
            "id": "one",
            "probability": 0.4,
            "effects": [{"kind": "price", "factor": 2.0, "countries": ["CHN"]}],
        },
    ]
    found = broken("hazards", 0, levels=levels)
    assert found == {
        "hazards · licence · levels": "probabilities that sum to 1",
        "hazards · licence · levels[one].id": "an id used once in the hazard",
        "hazards · licence · levels[one].effects[1].countries[1]": (
            "an id that stands in countries; did you mean 'CHN'?"
        ),
        "hazards · licence · levels[one].effects[1].countries": (
            "nothing: a price effect reads only commodities, materials"
        ),
    }
    long = [{"id": "l" * 81, "effects": [CUT]}]
    assert "at most 80 characters" in next(iter(broken("hazards", 0, levels=long).values()))


def test_one_regime_for_a_country() -> None:
    twice = faults(SMALL | {"regimes": HAZARDS["regimes"] * 2})
    assert twice == {"regimes · 2 · country": "each country once"}


def test_all_faults_of_all_hazards_in_one_answer() -> None:
    """Beside faults of another table, with file and line."""
    raw = copy.deepcopy(SMALL)
    raw["demand"][0]["commodity"] = "gx"
    for row in raw["hazards"]:
        row["country"] = "CHM"
    raw["regimes"][0]["country"] = "CHM"
    assert len(faults(raw)) == 4


def test_a_fault_in_a_file_names_its_line(tmp_path: Path) -> None:
    files.write(Instance.parse(SMALL), tmp_path / "case")
    path = tmp_path / "case" / "hazards.levels.csv"
    path.write_text(path.read_text().replace("0.75", "0.7"))
    with pytest.raises(FaultyInstance) as caught:
        files.read(tmp_path / "case")
    (fault,) = caught.value.faults
    assert (fault.table, fault.row, fault.field) == ("hazards", "licence", "levels")
