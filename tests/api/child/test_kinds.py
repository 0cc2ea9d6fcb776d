"""Compare, evaluate and sample: the folder of a run is the folder the command line writes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from api.child import Zygote
from api.cli import run
from models import files
from optimizer.compare import read_comparison
from optimizer.evaluate import read_evaluation
from tests.api.child.support import Watcher, nobody, order
from tests.optimizer import handmade
from tests.optimizer.compare import lumps

HAZARDS = [
    {
        "id": "closing", "country": "CHN", "rate": 0.5, "ending_rate": 0.5,
        "levels": [{"id": "all", "effects": [{"kind": "supply", "factor": 0.0, "countries": ["CHN"]}]}],
    }
]  # fmt: skip
CHANGING = {"seconds"}
"""What no two runs have alike."""


def listed(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def same_tables(one: Path, other: Path) -> None:
    for path in sorted((one / "tables").glob("*.parquet")):
        left, right = pd.read_parquet(path), pd.read_parquet(other / "tables" / path.name)
        if "measure" in left:
            left, right = left[left["measure"] != "seconds"], right[right["measure"] != "seconds"]
        pd.testing.assert_frame_equal(
            left.drop(columns=CHANGING & set(left)), right.drop(columns=CHANGING & set(right)), rtol=1e-7
        )


def stored(folder: Path, name: str, instance: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    files.write(instance, folder / name)
    return folder / name


def test_compare(zygote: Zygote, tmp_path: Path) -> None:
    case = stored(tmp_path, "case.json", lumps.instance())
    told = Watcher()
    work = {
        "kind": "compare",
        "budgets": [500, 1300],
        "alternatives": [{"name": "lots", "envelope": 3000.0}, {"name": "no big", "forbid": ["big"]}],
        "baseline": "1300",
    }
    outcome = zygote.run(order(tmp_path / "run", case, **work), told.tell, nobody)
    assert (outcome.state, outcome.solver_status) == ("succeeded", "optimal")
    text = "alternatives:\n- {name: lots, envelope: 3000.0}\n- {name: no big, forbid: [big]}\n"
    (tmp_path / "alternatives.yaml").write_text(text)
    words = [
        "compare",
        str(case),
        "--budgets",
        "500,1300",
        "--alternatives",
        str(tmp_path / "alternatives.yaml"),
    ]
    assert run([*words, "--baseline", "1300", "--out", str(tmp_path / "home")]) == 0
    assert listed(tmp_path / "run" / "result") == listed(tmp_path / "home")
    same_tables(tmp_path / "run" / "result", tmp_path / "home")
    found = read_comparison(tmp_path / "run" / "result")
    assert found.baseline == "1300"
    # Without "big" at 3000: 30 t of "small" for 300, 54 t of spot for 2700, 16 t missing at 100 each.
    assert {name: plan.objective for name, plan in found.plans.items()} == pytest.approx(
        {"lots": 2000.0, "no big": 3000.0 + 1600.0, "500": 7100.0, "1300": 5100.0}
    )
    assert {"plans/lots/plan.json", "plans/500/outcome.json"} <= {m["name"] for m in told.of("checkpoint")}
    progress = told.of("progress")
    assert progress[-1]["done"] == progress[-1]["total"] == 4
    # Where each alternative stands is told by its name.
    names = {"lots", "no big", "500", "1300"}
    named = [message for message in progress if "running" in message]
    assert named
    for message in named:
        assert len(message["solved"]) == message["done"]
        assert {row["alternative"] for row in message["running"]} | set(message["solved"]) <= names


@pytest.mark.slow
def test_compare_goes_on(zygote: Zygote, tmp_path: Path) -> None:
    """Another run of the job finds the plans of the first: it keeps nothing anew."""
    case = stored(tmp_path, "case.json", lumps.instance())
    work = {"kind": "compare", "budgets": [500, 1300]}
    zygote.run(order(tmp_path / "run", case, **work), lambda _: None, nobody)
    shutil.rmtree(tmp_path / "run" / "result")
    told = Watcher()
    outcome = zygote.run(order(tmp_path / "run", case, **work), told.tell, nobody)
    assert outcome.solver_status == "optimal"
    assert not told.of("checkpoint")
    assert len(read_comparison(tmp_path / "run" / "result").plans) == 2


def test_faults_of_alternatives_have_pointers(zygote: Zygote, tmp_path: Path) -> None:
    case = stored(tmp_path, "case.json", lumps.instance())
    rows = [
        {"name": "a", "scenarios": "elsewhere.yaml", "force": ["bigg"]},
        {"name": "b", "fix": "../plan", "envelope": -1},
        {"name": "A"},
    ]
    outcome = zygote.run(
        order(tmp_path / "run", case, kind="compare", alternatives=rows), lambda _: None, nobody
    )
    assert outcome.problem is not None
    assert outcome.problem.type == "urn:stockpile:FaultyAlternatives"
    assert {error["pointer"] for error in outcome.problem.errors} == {
        "/alternatives/0/scenarios", "/alternatives/0/force/0", "/alternatives/1/fix",
        "/alternatives/1/envelope", "/alternatives/2/name",
    }  # fmt: skip


def test_evaluate(zygote: Zygote, tmp_path: Path) -> None:
    case = stored(tmp_path, "case.json", handmade.instance(hazards=HAZARDS))
    assert run(["solve", str(case), "--out", str(tmp_path / "plan"), "--gap", "0"]) == 0
    words = ["evaluate", str(tmp_path / "plan"), "--n", "20", "--seed", "3", "--way", "foresight,tree"]
    assert run([*words, "--out", str(tmp_path / "home")]) == 0
    asked = order(
        tmp_path / "run", case, kind="evaluate", plan="0" * 64, n=20, seed=3, ways=["foresight", "tree"]
    )
    shutil.copy(tmp_path / "plan" / "plan.json", asked.folder)
    told = Watcher()
    outcome = zygote.run(asked, told.tell, nobody)
    assert (outcome.state, outcome.solver_status) == ("succeeded", None)
    assert listed(tmp_path / "run" / "result") == listed(tmp_path / "home")
    same_tables(tmp_path / "run" / "result", tmp_path / "home")
    assert {m["total"] for m in told.of("progress") if m["phase"] == "foresight"} == {20}


def test_evaluate_on_given_scenarios(zygote: Zygote, tmp_path: Path) -> None:
    case = stored(tmp_path, "case.json", handmade.instance())
    assert run(["solve", str(case), "--out", str(tmp_path / "plan")]) == 0
    asked = order(tmp_path / "run", case, kind="evaluate", plan="0" * 64, ways=["tree"])
    shutil.copy(tmp_path / "plan" / "plan.json", asked.folder)
    shutil.copy(case, asked.folder / "scenarios.json")
    assert zygote.run(asked, lambda _: None, nobody).state == "succeeded"
    plan = json.loads((tmp_path / "plan" / "plan.json").read_text())
    found = read_evaluation(tmp_path / "run" / "result")
    assert found.figure("tree", "objective") == pytest.approx(plan["objective"])


def test_a_plan_for_another_instance(zygote: Zygote, tmp_path: Path) -> None:
    case = stored(tmp_path, "case.json", handmade.instance())
    assert run(["solve", str(case), "--out", str(tmp_path / "plan")]) == 0
    other = stored(tmp_path, "other.json", handmade.instance(hazards=HAZARDS))
    asked = order(tmp_path / "run", other, kind="evaluate", plan="0" * 64)
    shutil.copy(tmp_path / "plan" / "plan.json", asked.folder)
    outcome = zygote.run(asked, lambda _: None, nobody)
    assert outcome.problem is not None
    assert "another instance" in outcome.problem.detail


def test_sample(zygote: Zygote, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = stored(tmp_path, "case.json", handmade.instance(hazards=HAZARDS))
    work = {"kind": "sample", "n": 40, "seed": 7, "branching": [2, 2], "rate": 1.5, "reduce": 5}
    assert zygote.run(order(tmp_path / "run", case, **work), lambda _: None, nobody).state == "succeeded"
    words = ["sample", str(case), "--n", "40", "--seed", "7", "--branching", "2,2", "--rate", "1.5"]
    capsys.readouterr()
    assert run([*words, "--reduce", "5", "--out", str(tmp_path / "home.json"), "--json"]) == 0
    home = json.loads(capsys.readouterr().out)
    found = json.loads((tmp_path / "run" / "result" / "sample.json").read_text())
    assert {**found, "rate": None} == {k: v for k, v in {**home, "rate": None}.items() if k != "written"}
    assert files.read(tmp_path / "run" / "result" / "instance.json") == files.read(tmp_path / "home.json")


def test_a_warm_start(zygote: Zygote, tmp_path: Path) -> None:
    """A job that goes on from an earlier one begins with its plan."""
    case = stored(tmp_path, "case.json", lumps.instance())
    assert run(["solve", str(case), "--out", str(tmp_path / "plan")]) == 0
    asked = order(tmp_path / "run", case)
    shutil.copy(tmp_path / "plan" / "plan.json", asked.folder / "warm.json")
    assert zygote.run(asked, lambda _: None, nobody).solver_status == "optimal"
