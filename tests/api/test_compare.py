"""``stockpile compare``: words in, tables and a folder out; interrupted, and gone on with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import typer

from api.cli import run
from api.cli.compare import envelopes
from models import files
from optimizer.compare import DESCRIPTIONS, read_comparison
from optimizer.results import read_results
from tests.optimizer.compare.lumps import instance

ROOT = Path(__file__).resolve().parents[2]
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def lumps(tmp_path: Path) -> Path:
    files.write(instance(), tmp_path / "lumps.json")
    return tmp_path / "lumps.json"


def test_envelopes() -> None:
    assert envelopes("4e9:20e9:9") == [e * 1e9 for e in (4, 6, 8, 10, 12, 14, 16, 18, 20)]
    assert envelopes("0.2e9:1.2e9:3") == [0.2e9, 0.7e9, 1.2e9]
    assert envelopes("5,7e3, 6") == [5.0, 7000.0, 6.0]
    assert envelopes("5:5:1") == [5.0]


@pytest.mark.parametrize(
    "text", ["", "a", "1:2", "1:2:0", "1:2:1", "1:2:3:4", "1:2:2.5", "-1", "nan", "1:inf:3"]
)
def test_what_are_no_envelopes(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        envelopes(text)


def test_a_table_to_read_and_a_folder(lumps: Path, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "out"
    assert run(["compare", str(lumps), "--budgets", "500,1300,3000", "--gap", "0", "--out", str(out)]) == 0
    text = capsys.readouterr().out
    assert text.startswith("by hand: 3 alternatives compared\n")
    assert "1300 · enters: big 60 t/year; leaves: small" in text
    assert f"Written to {out}" in text
    comparison = read_comparison(out)
    assert (comparison.baseline, comparison.missing, comparison.regret) == ("500", (), True)
    assert list(comparison.tables) == sorted(DESCRIPTIONS)
    head = json.loads((out / "comparison.json").read_text())
    assert head["version"] == 1
    assert [row["name"] for row in head["alternatives"]] == ["500", "1300", "3000"]
    for name in DESCRIPTIONS:
        assert len(pd.read_csv(out / "tables" / f"{name}.csv")) == len(comparison.tables[name])
    whole, plan = read_results(out / "plans" / "1300")
    assert (whole.budget.envelope if whole.budget else None, plan.objective) == (
        1300.0,
        pytest.approx(5100.0),
    )


def test_as_json(lumps: Path, capsys: Capture) -> None:
    words = ["compare", str(lumps), "--budgets", "500,1300", "--baseline", "1300", "--no-regret", "--json"]
    assert run(words) == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert told["baseline"] == "1300"
    assert list(told["tables"]) == list(DESCRIPTIONS)
    assert told["tables"]["alternatives"][0]["objective"] == pytest.approx(7100.0, rel=1e-3)
    assert told["tables"]["regret"] == []


def test_alternatives_and_budgets_together(lumps: Path, tmp_path: Path, capsys: Capture) -> None:
    rows = tmp_path / "splits.yaml"
    rows.write_text("baseline: b\nalternatives: [{name: a, forbid: [big]}, {name: b, envelope: 1600}]")
    assert run(["compare", str(lumps), "--alternatives", str(rows), "--budgets", "500", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["baseline"], [r["alternative"] for r in told["tables"]["alternatives"]]) == (
        "b",
        ["a", "b", "500"],
    )


def test_faults_of_the_file_have_lines(lumps: Path, tmp_path: Path, capsys: Capture) -> None:
    rows = tmp_path / "splits.yaml"
    rows.write_text("alternatives:\n- name: a\n  envelope: -1\n- name: b\n  forbid: [bigg]\n")
    assert run(["compare", str(lumps), "--alternatives", str(rows)]) == 2
    err = capsys.readouterr().err
    assert err.startswith("2 faults\n")
    assert "splits.yaml, line 3" in err
    assert "splits.yaml, line 5" in err
    assert "did you mean 'big'?" in err
    assert run(["compare", str(lumps), "--alternatives", str(rows), "--json"]) == 2
    told = json.loads(capsys.readouterr().out)
    assert told["error"] == {"kind": "FaultyAlternatives", "message": "The alternatives have 2 faults."}


@pytest.mark.parametrize(
    ("words", "code"), [([], 1), (["--budgets", "x"], 1), (["--budgets", "5", "--baseline", "6"], 2)]
)
def test_wrong_words(lumps: Path, words: list[str], code: int) -> None:
    assert run(["compare", str(lumps), *words]) == code


def test_exit_codes(tmp_path: Path, capsys: Capture) -> None:
    must = [{"id": "both", "members": ["big", "small"], "min": 2}]
    files.write(instance(choices=must), tmp_path / "must.json")
    assert run(["compare", str(tmp_path / "must.json"), "--budgets", "100,1000"]) == 3
    assert "Without a plan" in capsys.readouterr().out


def start(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "api.cli", "compare", *words],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.parametrize("processes", [pytest.param("1", marks=pytest.mark.deep), "2"])
def test_interrupted_and_gone_on_with(lumps: Path, tmp_path: Path, processes: str) -> None:
    out = tmp_path / "out"
    words = (
        str(lumps),
        "--budgets",
        "100:1990:80",
        "--no-regret",
        "--out",
        str(out),
        "--processes",
        processes,
    )
    sweep = start(*words)
    done: list[Path] = []
    while len(done) < 3:
        assert sweep.poll() is None, sweep.communicate()
        done = list(out.glob("plans/*/outcome.json"))
        time.sleep(0.01)
    sweep.send_signal(signal.SIGINT)
    _, err = sweep.communicate()
    assert sweep.returncode == 4, err
    assert "stopping with what is done; Ctrl-C again aborts." in err
    assert "of 80 alternatives done, kept in" in err
    assert "the same command goes on from there" in err
    assert not (out / "comparison.json").exists()

    def finished() -> dict[str, int]:
        """What is done, and when each was written."""
        return {
            path.parent.name: path.stat().st_mtime_ns
            for path in out.glob("plans/*/outcome.json")
            if json.loads((path.parent / "plan.json").read_text())["status"] != "interrupted"
        }

    before = finished()
    assert 3 <= len(before) < 80
    again = start(*words)
    _, err = again.communicate()
    assert again.returncode == 0, err
    comparison = read_comparison(out)
    assert len(comparison.plans) == 80
    after = finished()
    assert {name: after[name] for name in before} == before, "what was done is not done again"
