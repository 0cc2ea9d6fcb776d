"""``stockpile report``: a folder in, a file or pictures out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from api.cli import run
from optimizer.results import write_results
from tests.optimizer import handmade

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    instance = handmade.instance()
    write_results(instance, handmade.plan(instance), tmp_path / "plan", ["csv"])
    return tmp_path / "plan"


def test_report(folder: Path, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "new" / "report.html"
    assert run(["report", str(folder), "--out", str(out), "--title", "Reserve 2027"]) == 0
    printed = capsys.readouterr()
    assert printed.out == f"by hand: report written to {out}\n"
    assert printed.err == ""
    assert "<h1>Reserve 2027</h1>" in out.read_text(encoding="utf-8")


def test_report_lies_in_the_folder_by_default_and_is_told_as_json(folder: Path, capsys: Capture) -> None:
    assert run(["report", str(folder), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["files"] == [str(folder / "report.html")]
    assert told["bytes"] == (folder / "report.html").stat().st_size
    assert told["parts"] == [{"kind": "plan", "name": "by hand", "folder": str(folder)}]


def test_pictures(folder: Path, tmp_path: Path, capsys: Capture) -> None:
    assert run(["report", str(folder), "--format", "svg", "--out", str(tmp_path / "svg")]) == 0
    assert "pictures written to" in capsys.readouterr().out
    assert (tmp_path / "svg" / "timeline.svg").is_file()


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["report", "nowhere"], 2, "nowhere is not there"),
        (["report", "."], 2, "holds no results"),
        (["report", ".", "--format", "pdf"], 1, "pdf"),
    ],
)
def test_what_cannot_be_reported(
    words: list[str], code: int, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(words) == code
    assert told in capsys.readouterr().err
