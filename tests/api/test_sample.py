"""``stockpile sample``, as a person or a script meets it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from api.cli import run
from models import files
from models.files import limits
from models.instance import Instance
from optimizer.scenarios import sample, with_scenarios
from tests.optimizer.scenarios.support import at, hazard, world

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def case() -> Instance:
    return world(
        hazard("ban", rate=0.3, ending_rate=0.5),
        hazard("quota", "BBB", ending_rate=0.5, **at(1, 0.5)),
        hazard_rates=[{"id": "high", "factor": 4.0, "hazards": ["ban"]}],
        scenarios=[{"id": "own", "probability": 0.1}],
    )


@pytest.fixture(scope="module")
def path(case: Instance, tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("sample") / "case.json"
    files.write(case, found)
    return found


def document(capsys: Capture) -> Any:
    printed = capsys.readouterr()
    assert printed.err == ""
    return json.loads(printed.out)


@pytest.mark.parametrize("name", ["folder", "sampled.json", "sampled.xlsx", "sampled.yaml"])
def test_it_writes_the_instance_with_its_sample(
    path: Path, case: Instance, tmp_path: Path, name: str, capsys: Capture
) -> None:
    assert run(["sample", str(path), "--n", "60", "--seed", "7", "--out", str(tmp_path / name)]) == 0
    assert files.read(tmp_path / name) == with_scenarios(case, sample(case, 60, 7))
    assert f"Written to {tmp_path / name}" in capsys.readouterr().out


def test_branching_rate_and_reduction_reach_the_sample(
    path: Path, case: Instance, tmp_path: Path, capsys: Capture
) -> None:
    words = ["sample", str(path), "--n", "60", "--branching", "3,2", "--rate", "high", "--json"]
    assert run([*words, "--out", str(tmp_path / "all")]) == 0
    drawn = sample(case, 60, 0, branching=(3, 2), rate="high")
    assert files.read(tmp_path / "all").scenarios == drawn
    told = document(capsys)
    assert (told["distinct"], told["branching"], told["rate"]) == (len(drawn), [3, 2], "high")
    assert run([*words, "--out", str(tmp_path / "few"), "--reduce", "5"]) == 0
    few = files.read(tmp_path / "few")
    assert len(few.scenarios) == 5
    told = document(capsys)
    assert told["scenarios"] == 5
    assert told["fingerprint"] == few.fingerprint()
    assert told["reduction"]["distance"] >= told["reduction"]["wasserstein"] > 0


def test_only_the_scenario_tables(path: Path, case: Instance, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "tables"
    assert run(["sample", str(path), "--n", "30", "--out", str(out), "--only-scenarios"]) == 0
    names = ["scenarios.csv", "scenarios.events.csv", "scenarios.events.effects.csv"]
    assert sorted(p.name for p in out.iterdir()) == names
    # Laid beside the other tables they are the sampled instance.
    files.write(case, tmp_path / "whole")
    for name in names:
        (tmp_path / "whole" / name).write_bytes((out / name).read_bytes())
    assert files.read(tmp_path / "whole") == with_scenarios(case, sample(case, 30, 0))


def test_what_is_printed(path: Path, capsys: Capture) -> None:
    """A ban at 0.3 a year, and a quota in one of two paths: figures a planner can check by eye."""
    assert run(["sample", str(path), "--n", "400", "--seed", "3", "--reduce", "4"]) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "paths simulated 400" in lines
    assert "scenarios 4" in lines
    (quota,) = [line for line in lines if line.startswith("quota ")]
    assert float(quota.split()[1]) == pytest.approx(0.5, abs=0.1)  # four standard errors: 4 · 0.5 / 20
    for words in ("announcements per path", "known for certain", "Years hit", "CVaR at 0.95", "Wasserstein"):
        assert any(words in line for line in lines), words


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["--branching", "6,x"], 1, "whole numbers from 1 to 1000, such as 6,3,2; got '6,x'"),
        (["--branching", "0"], 1, "whole numbers from 1 to 1000"),
        (["--rate", "hihg"], 2, "did you mean 'high'"),
        (["--n", "0"], 1, "--n"),
        (["--only-scenarios"], 1, "name a folder with --out"),
        (["--only-scenarios", "--out", "a.json"], 1, "name a folder with --out"),
        (["--n", "6000", "--reduce", "3", "--rate", "0.5"], 0, ""),
    ],
)
def test_wrong_words(path: Path, words: list[str], code: int, told: str, capsys: Capture) -> None:
    assert run(["sample", str(path), *words]) == code
    assert told in capsys.readouterr().err


def test_the_instance_itself_is_not_overwritten(path: Path, capsys: Capture) -> None:
    before = path.read_bytes()
    assert run(["sample", str(path), "--out", str(path)]) == 1
    assert "whose scenarios would be lost" in capsys.readouterr().err
    assert path.read_bytes() == before


def test_an_instance_without_hazards(tmp_path: Path, capsys: Capture) -> None:
    files.write(world(), tmp_path / "plain.json")
    assert run(["sample", str(tmp_path / "plain.json")]) == 2
    assert "Add the table 'hazards'" in capsys.readouterr().err
    assert run(["sample", str(tmp_path / "plain.json"), "--json"]) == 2
    assert document(capsys)["error"]["kind"] == "NoHazards"


def test_nothing_is_written_that_could_not_be_read(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(limits, "VALUES", 300)
    assert run(["sample", str(path), "--n", "100", "--out", str(tmp_path / "folder")]) == 2
    assert "sample fewer, or --reduce" in capsys.readouterr().err
    assert not (tmp_path / "folder").exists()
    monkeypatch.undo()
    monkeypatch.setattr("models.files.yaml_format.YAML", 10_000)
    assert run(["sample", str(path), "--n", "100", "--out", str(tmp_path / "case.yaml")]) == 2
    assert "Write a folder instead" in capsys.readouterr().err
    assert not (tmp_path / "case.yaml").exists()
