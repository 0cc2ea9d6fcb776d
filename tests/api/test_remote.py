"""What a server does for the command line is what is done here: output, files, exit codes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from api.cli import run
from models import files
from optimizer.results import FORMATS, read_results
from tests.api.remote import Server, same, timeless, without_seconds
from tests.optimizer import handmade
from tests.optimizer.scenarios.support import at, hazard, world

pytestmark = pytest.mark.deep

CASES = Path(__file__).resolve().parents[1] / "cases"
Capture = pytest.CaptureFixture[str]
Both = Callable[..., tuple[int, Any]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("server"))
    yield made
    made.stop()


@pytest.fixture
def both(server: Server, tmp_path: Path, capsys: Capture) -> Both:
    """Runs a command here and at the server, with --out here/ and there/, and compares what is said."""

    def go(*words: str, out: bool = True) -> tuple[int, Any]:
        told: dict[str, tuple[int, Any]] = {}
        for place, more in (("here", ()), ("there", ("--server", server.url))):
            folder = ["--out", str(tmp_path / place)] if out else []
            code = run([*words, *folder, *more])
            printed = capsys.readouterr()
            text = printed.out if "--json" not in words else timeless(json.loads(printed.out))
            if isinstance(text, str):
                text = without_seconds(text).replace(str(tmp_path / place), "OUT")
                text = "\n".join(line.rstrip() for line in text.split("\n"))
            assert printed.err == "" or code, printed.err
            told[place] = (code, text if text else printed.err)
        assert told["here"] == told["there"]
        return told["there"]

    return go


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("good") / "by-hand.json"
    files.write(handmade.instance(), path)
    return path


@pytest.fixture(scope="module")
def hazardous(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hazardous") / "case.yaml"
    ban, quota = (
        hazard("ban", rate=0.3, ending_rate=0.5),
        hazard("quota", "BBB", ending_rate=0.5, **at(1, 0.5)),
    )
    rates = [{"id": "high", "factor": 4.0, "hazards": ["ban"]}]
    files.write(world(ban, quota, hazard_rates=rates, scenarios=[{"id": "own", "probability": 0.1}]), path)
    return path


@pytest.mark.parametrize("formats", ["csv,parquet,xlsx", "none", "csv"])
def test_solve(both: Both, good: Path, tmp_path: Path, formats: str) -> None:
    code, _ = both("solve", str(good), "--gap", "0", "--tables", formats)
    assert code == 0
    same(tmp_path / "here", tmp_path / "there")
    assert read_results(tmp_path / "there")[0] == handmade.instance()
    assert ("xlsx" in formats) == (tmp_path / "there" / "plan.xlsx").exists()


def test_tables_of_an_earlier_plan_do_not_stay(both: Both, good: Path, tmp_path: Path) -> None:
    both("solve", str(good), "--tables", ",".join(FORMATS))
    both("solve", str(good), "--tables", "none")
    same(tmp_path / "here", tmp_path / "there")


def test_solve_as_json(both: Both, good: Path) -> None:
    code, told = both("solve", str(good), "--json", out=False)
    assert (code, told["status"]) == (0, "optimal")


def test_an_infeasible_instance_ends_with_3(both: Both, tmp_path: Path) -> None:
    files.write(handmade.infeasible(), tmp_path / "poor.json")
    code, told = both("solve", str(tmp_path / "poor.json"))
    assert code == 3
    assert "no plan" in told


def test_faults_end_with_2(both: Both, tmp_path: Path) -> None:
    (tmp_path / "faulty.json").write_text(json.dumps(handmade.INSTANCE | {"discount_rate": -1}))
    code, told = both("solve", str(tmp_path / "faulty.json"))
    assert code == 2
    assert "discount_rate" in told


def test_compare(both: Both, good: Path, tmp_path: Path, capsys: Capture) -> None:
    """Alternatives that refer to other files are sent with what these hold."""
    assert run(["solve", str(good), "--out", str(tmp_path / "plan"), "--tables", "none"]) == 0
    capsys.readouterr()
    (tmp_path / "late.yaml").write_text(
        "scenarios:\n- {id: late, probability: 0.5, events: []}\n", encoding="utf-8"
    )
    (tmp_path / "alternatives.yaml").write_text(
        "baseline: as planned\n"
        "alternatives:\n"
        "- {name: poorer, envelope: 500.0}\n"
        "- {name: as planned, fix: plan}\n"
        "- {name: other scenarios, scenarios: late.yaml}\n"
        "- {name: without, forbid: [ga-aus], description: no gallium}\n",
        encoding="utf-8",
    )
    words = (
        "compare",
        str(good),
        "--alternatives",
        str(tmp_path / "alternatives.yaml"),
        "--budgets",
        "1e3,2e3",
    )
    code, told = both(*words)
    assert code == 0
    assert "as planned *" in told
    same(tmp_path / "here", tmp_path / "there")
    code, told = both(*words, "--no-regret", "--baseline", "poorer", "--json", out=False)
    assert (code, told["baseline"]) == (0, "poorer")


def test_faults_of_alternatives_have_their_lines(both: Both, good: Path, tmp_path: Path) -> None:
    (tmp_path / "alternatives.yaml").write_text(
        "alternatives:\n- {name: x, fix: nowhere}\n", encoding="utf-8"
    )
    code, told = both("compare", str(good), "--alternatives", str(tmp_path / "alternatives.yaml"))
    assert code == 2
    assert "line 2" in told
    assert "nowhere" in told


def test_evaluate(both: Both, hazardous: Path, tmp_path: Path, capsys: Capture) -> None:
    assert run(["solve", str(hazardous), "--out", str(tmp_path / "plan"), "--tables", "none"]) == 0
    capsys.readouterr()
    plan = str(tmp_path / "plan")
    code, _ = both(
        "evaluate", plan, "--n", "40", "--seed", "5", "--rate", "high", "--way", "foresight,rolling"
    )
    assert code == 0
    same(tmp_path / "here", tmp_path / "there")
    both("evaluate", plan, "--scenarios", str(hazardous), "--way", "tree", "--information", "--json")
    same(tmp_path / "here", tmp_path / "there")


def test_evaluate_wrongly(both: Both, hazardous: Path, tmp_path: Path, capsys: Capture) -> None:
    assert run(["solve", str(hazardous), "--out", str(tmp_path / "plan"), "--tables", "none"]) == 0
    capsys.readouterr()
    for words in (("--way", "crystal ball"), ("--rate", "no such rate")):
        assert both("evaluate", str(tmp_path / "plan"), *words, "--n", "5")[0] == 2


@pytest.mark.parametrize("more", [(), ("--only-scenarios",)])
def test_sample(both: Both, hazardous: Path, tmp_path: Path, more: tuple[str, ...]) -> None:
    words = ("sample", str(hazardous), "--n", "60", "--seed", "3", "--branching", "3,2", "--rate", "high")
    assert both(*words, "--reduce", "5", *more)[0] == 0
    same(tmp_path / "here", tmp_path / "there")
    assert both(*words, "--json", out=False)[1]["paths"] == 60


def test_a_sample_of_nothing_ends_with_2(both: Both, good: Path) -> None:
    code, told = both("sample", str(good), out=False)
    assert code == 2
    assert "hazards" in told


def test_batch(both: Both, good: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cases"
    folder.mkdir()
    files.write(handmade.instance(), folder / "good.json")
    files.write(handmade.instance(), folder / "comma, and more.yaml")
    (folder / "faulty.json").write_text(json.dumps(handmade.INSTANCE | {"discount_rate": -1}))
    files.write(handmade.infeasible(), folder / "poor.json")
    words = ("batch", str(folder), "--threads", "1", "--tables", "csv,xlsx")
    code, told = both(*words)
    assert code == 1  # one has faults, one no plan: no code that they share
    assert "4 instances: 2 with a plan, 1 without, 1 failed" in told
    same(tmp_path / "here", tmp_path / "there")
    code, told = both(*words, "--resume")
    assert code == 1
    assert told.count("kept") == 3


def test_detached_jobs_are_fetched_later(
    server: Server,
    good: Path,
    hazardous: Path,
    tmp_path: Path,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STOCKPILE_SERVER", server.url)
    commands: dict[str, list[str]] = {
        "solve": ["solve", str(good)],
        "compare": ["compare", str(good), "--budgets", "1e3,2e3"],
        "sample": ["sample", str(hazardous), "--n", "20"],
        "batch": ["batch", str(good), "--out", str(tmp_path / "unused")],
    }
    for kind, words in commands.items():
        assert run([*words, "--detach"]) == 0
        job = capsys.readouterr().out.strip()
        assert run(["jobs", "watch", job]) == 0
        assert "succeeded" in capsys.readouterr().out
        out = tmp_path / kind
        assert run(["jobs", "fetch", job, "--out", str(out)]) == 0
        assert f"{out}" in capsys.readouterr().out
        assert any(out.iterdir())
    assert not (tmp_path / "unused").exists()
    assert read_results(tmp_path / "solve")[0] == handmade.instance()
    assert run(["evaluate", str(tmp_path / "solve"), "--scenarios", str(good), "--detach", "--json"]) == 0
    job = json.loads(capsys.readouterr().out)["job"]
    assert run(["jobs", "watch", job, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["kind"] == "evaluate"
    assert run(["jobs", "fetch", job]) == 1, "a folder must be named"
    assert run(["jobs", "fetch", job, "--out", str(tmp_path / "evaluated"), "--json"]) == 0


def test_a_solve_goes_on_from_another(server: Server, good: Path, capsys: Capture) -> None:
    assert run(["solve", str(good), "--server", server.url, "--detach"]) == 0
    job = capsys.readouterr().out.strip()
    assert run(["jobs", "watch", job, "--server", server.url]) == 0
    assert run(["solve", str(good), "--server", server.url, "--warm", job, "--gap", "0"]) == 0
    with server.client() as client:
        assert client.jobs(limit=1).jobs[0].parent == job
    assert run(["solve", str(good), "--server", server.url, "--warm", "out/base"]) == 2
    assert "out/base" in capsys.readouterr().err


def test_a_solve_goes_on_from_a_plan_that_lies_here(
    server: Server, good: Path, tmp_path: Path, capsys: Capture
) -> None:
    assert run(["solve", str(good), "--out", str(tmp_path / "base")]) == 0
    assert run(["solve", str(good), "--server", server.url, "--warm", str(tmp_path / "base")]) == 0
    with server.client() as client:
        job = client.jobs(limit=1).jobs[0]
    assert job.parent is None
    assert len(job.work["warm"]) == 64, "the plan was stored, the job names it"


def test_the_examples_of_the_page_run(
    server: Server, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = Path(__file__).resolve().parents[2]
    page = (root / "docs" / "client.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "instances").symlink_to(root / "instances")
    examples = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(examples) == 3
    for example in examples:
        assert "http://127.0.0.1:8642" in example
        exec(example.replace("http://127.0.0.1:8642", server.url), {"__name__": "example"})
    assert "optimal" in capsys.readouterr().out
    assert (tmp_path / "out" / "compared" / "comparison.json").exists()
