"""``stockpile explain`` as a person or a script meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from api.cli import run
from models import files
from tests.optimizer import handmade

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("explained")
    files.write(handmade.instance(), folder / "by-hand.json")
    assert run(["solve", str(folder / "by-hand.json"), "--out", str(folder / "out"), "--gap", "0"]) == 0
    return folder / "out"


def test_a_page_with_its_tables(solved: Path, tmp_path: Path, capsys: Capture) -> None:
    words = ["explain", str(solved), "--alternatives", "1", "--within", "20%", "--out", str(tmp_path)]
    capsys.readouterr()
    assert run(words) == 0
    text = capsys.readouterr().out
    titles = ("What binds", "What was chosen", "What was not chosen", "Near-optimal alternatives")
    assert [title for title in titles if title in text] == list(titles)
    assert max(map(len, text.splitlines())) <= 96
    chosen = pd.read_csv(tmp_path / "tables" / "chosen.csv")
    assert chosen["id"].tolist() == ["vault"]
    pd.testing.assert_frame_equal(
        pd.read_parquet(tmp_path / "tables" / "binding.parquet")[["kind", "item"]],
        pd.read_csv(tmp_path / "tables" / "binding.csv")[["kind", "item"]],
    )
    assert (tmp_path / "explanation.txt").read_text(encoding="utf-8") in text


def test_one_item_as_json(solved: Path, capsys: Capture) -> None:
    capsys.readouterr()
    assert run(["explain", str(solved), "--item", "ga-aus", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [row["id"] for row in document["tables"]["not_chosen"]] == ["ga-aus"]
    assert "Not chosen." in document["text"]


def test_an_unknown_item_names_its_neighbours(solved: Path, capsys: Capture) -> None:
    assert run(["explain", str(solved), "--item", "ga-auz"]) == 2
    assert "ga-aus" in capsys.readouterr().err


@pytest.mark.parametrize("share", ["many", "-1%", "120%"])
def test_a_share_that_is_none(solved: Path, capsys: Capture, share: str) -> None:
    assert run(["explain", str(solved), "--within", share]) == 1
    assert share in capsys.readouterr().err


def test_where_there_is_no_plan_it_says_what_would_have_to_give_way(tmp_path: Path, capsys: Capture) -> None:
    files.write(handmade.infeasible(), tmp_path / "none.json")
    assert run(["explain", str(tmp_path / "none.json"), "--json"]) == 3
    document = json.loads(capsys.readouterr().out)
    assert document["tables"]["relaxations"][0]["family"] == "service"
    assert "give way" in document["text"]
