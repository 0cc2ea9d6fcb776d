"""``stockpile evaluate`` as a person or a script meets it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from api.cli import run
from models import files
from models.instance import Instance
from optimizer.evaluate import read_evaluation
from tests.optimizer import handmade

Capture = pytest.CaptureFixture[str]
HAZARDS = [
    {
        "id": "closing", "country": "CHN", "rate": 0.5, "ending_rate": 0.5,
        "levels": [{"id": "all", "effects": [{"kind": "supply", "factor": 0.0, "countries": ["CHN"]}]}],
    }
]  # fmt: skip


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planned")
    files.write(handmade.instance(hazards=HAZARDS), folder / "by-hand.json")
    assert run(["solve", str(folder / "by-hand.json"), "--out", str(folder / "plan"), "--gap", "0"]) == 0
    return folder / "plan"


def document(capsys: Capture) -> Any:
    printed = capsys.readouterr()
    assert printed.err == ""
    return json.loads(printed.out)


def figures(found: Any, way: str) -> dict[str, float]:
    return {r["measure"]: r["value"] for r in found["tables"]["summary"] if r["way"] == way}


def test_draws_in_three_ways(planned: Path, capsys: Capture) -> None:
    capsys.readouterr()
    words = ["evaluate", str(planned), "--n", "30", "--seed", "3", "--way", "foresight,rolling,tree"]
    assert run([*words, "--rolling-n", "10", "--processes", "1", "--json"]) == 0
    found = document(capsys)
    assert found["drawn"] == 30
    assert figures(found, "foresight")["asked"] == 30
    assert figures(found, "rolling")["asked"] == 10
    assert figures(found, "rolling")["price_of_foresight"] >= -1e-6
    assert "scenarios" not in found["tables"]
    assert found["folder"] == str(planned / "evaluation")
    there = read_evaluation(planned / "evaluation")
    assert there.figure("tree", "expected_loss") == pytest.approx(figures(found, "tree")["expected_loss"])
    scenarios = pd.read_csv(planned / "evaluation" / "tables" / "scenarios.csv")
    assert set(scenarios["way"]) == {"foresight", "rolling", "tree"}


def test_the_plans_own_scenarios_on_a_page(planned: Path, tmp_path: Path, capsys: Capture) -> None:
    """The scenarios of another instance; here those of the plan, on which a tree gives its own value."""
    files.write(handmade.instance(), tmp_path / "own.json")
    words = ["evaluate", str(planned), "--scenarios", str(tmp_path / "own.json"), "--way", "tree"]
    assert run([*words, "--information", "--out", str(tmp_path / "there")]) == 0
    printed = capsys.readouterr().out
    for part in (
        "one tree",
        "objective",
        "of scenarios",
        "The worst:",
        "(EVPI)",
        f"Written to {tmp_path / 'there'}",
    ):
        assert part in printed
    plan = json.loads((planned / "plan.json").read_text())
    assert read_evaluation(tmp_path / "there").figure("tree", "objective") == pytest.approx(plan["objective"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--way", "sideways"], "there are tree, foresight, rolling"),
        (["--rate", "enormous"], "No such rate of hazards"),
        (["--scenarios", "x.json", "--n", "3"], "--scenarios are given; --n and --rate draw them"),
    ],
)
def test_what_cannot_be_is_said(planned: Path, words: list[str], said: str, capsys: Capture) -> None:
    capsys.readouterr()
    assert run(["evaluate", str(planned), "--processes", "1", *words]) != 0
    assert said in capsys.readouterr().err


def test_without_hazards_there_is_nothing_to_draw_from(tmp_path: Path, capsys: Capture) -> None:
    files.write(handmade.instance(), tmp_path / "calm.json")
    assert run(["solve", str(tmp_path / "calm.json"), "--out", str(tmp_path / "plan")]) == 0
    capsys.readouterr()
    assert run(["evaluate", str(tmp_path / "plan"), "--processes", "1"]) == 2
    assert "no hazards" in capsys.readouterr().err


def test_an_infeasible_plan_is_none(tmp_path: Path, capsys: Capture) -> None:
    instance: Instance = handmade.instance(
        hazards=HAZARDS, risk={"cover": [{"commodity": "ga", "days": 1e6}]}
    )
    files.write(instance, tmp_path / "much.json")
    assert run(["solve", str(tmp_path / "much.json"), "--out", str(tmp_path / "plan")]) == 3
    capsys.readouterr()
    assert run(["evaluate", str(tmp_path / "plan"), "--processes", "1"]) == 3
    assert "no plan to evaluate" in capsys.readouterr().err
