"""The command line as a person or a script meets it: words in, text or JSON and an exit code out."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.cli import run
from api.cli.solve import outside
from models import files
from models.instance import Instance
from models.plan import Effort
from optimizer.results import read_results
from optimizer.tables import DESCRIPTIONS
from tests.optimizer import handmade

CASES = Path(__file__).resolve().parents[1] / "cases"
Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("good") / "by-hand.json"
    files.write(handmade.instance(), path)
    return path


@pytest.fixture(scope="module")
def solved(good: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("solved")
    assert run(["solve", str(good), "--out", str(out), "--gap", "0"]) == 0
    return out


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, made the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    path = tmp_path / "faulty.json"
    path.write_text(
        json.dumps({**handmade.INSTANCE, "discount_rate": -1, "depots": [{"id": "vault", "country": "XX"}]})
    )
    return path


def document(capsys: Capture) -> Any:
    """What was printed, which must be one JSON document, and nothing on stderr."""
    printed = capsys.readouterr()
    assert printed.err == ""
    return json.loads(printed.out)


def test_validate(good: Path, capsys: Capture) -> None:
    assert run(["validate", str(good)]) == 0
    out = capsys.readouterr().out
    assert "by hand: no faults" in out
    assert "2 years from 2027, 3 tree nodes, undisturbed with probability 75 %" in out
    assert "1 warning" in out, "the one scenario is known to its end"


def test_validate_as_json(good: Path, capsys: Capture) -> None:
    assert run(["validate", str(good), "--json"]) == 0
    told = document(capsys)
    assert (told["valid"], told["faults"]) == (True, [])
    assert told["profile"]["nodes"] == 3
    assert told["profile"]["rows"]["commodities"] == 2
    assert [warning["table"] for warning in told["warnings"]] == ["scenarios"]


def test_every_fault_at_once_on_stderr(faulty: Path, capsys: Capture) -> None:
    assert run(["validate", str(faulty)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    lines = printed.err.splitlines()
    assert lines[0].endswith("faults")
    assert any("discount_rate" in line and "-1" in line for line in lines)
    assert any("depots · vault · country" in line and "XX" in line for line in lines)


@pytest.mark.parametrize("command", ["validate", "solve", "export"])
def test_faults_as_json(faulty: Path, capsys: Capture, command: str) -> None:
    assert run([command, str(faulty), "--json"]) == 2
    told = document(capsys)
    assert told["error"]["kind"] == "FaultyInstance"
    assert told["exit_code"] == 2
    assert set(told["faults"][0]) == {"table", "row", "field", "value", "allowed", "place"}


def test_solve_writes_what_it_prints(solved: Path, good: Path, capsys: Capture) -> None:
    instance, plan = read_results(solved)
    assert instance == files.read(good)
    assert plan.status == "optimal"
    assert plan.certificate is not None
    assert plan.certificate.passed
    assert run(["show", str(solved)]) == 0
    assert capsys.readouterr().out == (solved / "summary.txt").read_text(encoding="utf-8")


def test_solve_as_json(good: Path, tmp_path: Path, capsys: Capture) -> None:
    assert (
        run(["solve", str(good), "--out", str(tmp_path / "o"), "--tables", "none", "--profile", "--json"])
        == 0
    )
    told = document(capsys)
    assert {
        "status",
        "objective",
        "bound",
        "relative_gap",
        "nodes",
        "commitments",
        "risk",
        "certificate",
    } <= set(told)
    assert "operations" not in told
    assert told["objective"] == read_results(tmp_path / "o")[1].objective
    assert 0 < told["profile"]["share_outside_highs"] <= 1
    assert {"read", "search", "audit", "write"} <= set(told["profile"]["seconds"])
    assert run(["solve", str(good), "--json", "--no-marginals"]) == 0
    assert document(capsys)["operations"]["stock"], "without a folder the whole plan is printed"


def test_profile_counts_what_is_not_highs() -> None:
    plan = handmade.plan().model_copy(update={"effort": Effort(highs_seconds=5.0)})
    seconds = {"read": 1.0, "formulation": 2.0, "search": 6.0, "write": 1.0}
    assert outside(plan, seconds) == pytest.approx(0.5)


def test_profile_in_words(good: Path, capsys: Capture) -> None:
    assert run(["solve", str(good), "--profile"]) == 0
    assert "outside HiGHS" in capsys.readouterr().out


def test_options_reach_the_solver(good: Path, solved: Path, tmp_path: Path) -> None:
    words = ["--gap", "0.5", "--time-limit", "100", "--threads", "1", "--seed", "7", "--warm", str(solved)]
    assert run(["solve", str(good), "--out", str(tmp_path), "--tables", "csv", *words]) == 0
    options = read_results(tmp_path)[1].options
    assert (options.relative_gap, options.time_limit, options.threads, options.seed) == (0.5, 100.0, 1, 7)
    assert not (tmp_path / "plan.xlsx").exists()


def test_an_infeasible_instance_ends_with_3_and_says_why(tmp_path: Path, capsys: Capture) -> None:
    files.write(handmade.infeasible(), tmp_path / "x.json")
    assert run(["solve", str(tmp_path / "x.json"), "--out", str(tmp_path / "o")]) == 3
    assert (
        "No plan meets all rules at once. The least that would have to give way:" in capsys.readouterr().out
    )
    assert read_results(tmp_path / "o")[1].relaxations
    assert run(["solve", str(tmp_path / "x.json"), "--json"]) == 3
    assert document(capsys)["status"] == "infeasible"
    assert run(["show", str(tmp_path / "o")]) == 0, "showing it is no failure"


def test_a_time_limit_without_a_plan_ends_with_4(capsys: Capture) -> None:
    assert run(["solve", str(CASES / "case-25.json"), "--time-limit", "0.000001"]) == 4
    assert "No plan was found before the time limit" in capsys.readouterr().out


def test_tables_are_shown_as_csv_and_json(solved: Path, capsys: Capture) -> None:
    assert run(["show", str(solved), "--table", "flows"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert len(rows) == 4
    assert run(["show", str(solved), "--table", "flows", "--json"]) == 0
    told = document(capsys)
    assert [row["commodity"] for row in told["rows"]] == [row["commodity"] for row in rows]
    assert told["rows"][1]["stock_days"] is None, "nobody uses zinc: null, not NaN"
    assert run(["show", str(solved), "--table", "list", "--json"]) == 0
    assert list(document(capsys)) == list(DESCRIPTIONS)
    for name in ("overview", "nodes", "cash"):  # text, integers that may be missing, numbers
        assert run(["show", str(solved), "--table", name, "--json"]) == 0
        assert document(capsys)["rows"]


@pytest.mark.parametrize("name", ["x.yaml", "x.xlsx", "x", "x.json"])
def test_convert_and_back(good: Path, tmp_path: Path, capsys: Capture, name: str) -> None:
    assert run(["convert", str(good), str(tmp_path / name), "--json"]) == 0
    told = document(capsys)
    assert files.read(tmp_path / name) == files.read(good)
    assert told["fingerprint"] == files.read(good).fingerprint()


@pytest.mark.parametrize("kind", ["mps", "lp"])
def test_export(good: Path, elsewhere: Path, capsys: Capture, kind: str) -> None:
    assert run(["export", str(good), "--format", kind, "--json"]) == 0
    told = document(capsys)
    assert told["model"] == f"by-hand.{kind}"
    assert "sign" in (elsewhere / told["model"]).read_text()
    assert (elsewhere / told["columns"]).read_text().startswith("column,")


def test_schema_describes_the_instance(capsys: Capture) -> None:
    assert run(["schema"]) == 0
    text = json.loads(capsys.readouterr().out)
    assert run(["schema", "--json"]) == 0
    assert document(capsys) == text
    assert set(text["properties"]) == set(Instance.model_fields)


def test_batch(good: Path, faulty: Path, tmp_path: Path, capsys: Capture) -> None:
    words = ["batch", str(good), str(faulty), "--out", str(tmp_path / "o"), "--tables", "csv"]
    assert run([*words, "--json"]) == 2, "all that failed, failed for faults"
    rows = document(capsys)["instances"]
    assert [(row["name"], row["outcome"]) for row in rows] == [("by-hand", "plan"), ("faulty", "failed")]
    assert run([*words, "--resume"]) == 2
    out = capsys.readouterr().out
    assert "kept" in out
    assert "2 instances: 1 with a plan, 0 without, 1 failed" in out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["bogus"], "No such command 'bogus'"),
        (["solve"], "Missing argument"),
        (["solve", "x", "--gap", "7"], "--gap"),
        (["solve", "x", "--time-limit", "-1"], "time_limit"),
        (["solve", "x", "--nope"], "--nope"),
        (["solve", "x", "--server", "http://127.0.0.1:1", "--pool", "processes"], "--pool"),
        (["show", ".", "--table", "nope"], "no table 'nope'"),
        (["export", "x", "--format", "gms"], "gms"),
        (["batch", "x"], "--out"),
    ],
)
def test_wrong_words_end_with_1(capsys: Capture, words: list[str], told: str) -> None:
    assert run(words) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("stockpile: ")
    assert told in printed.err
    assert "--help" in printed.err
    assert run([*words, "--json"]) == 1
    error = document(capsys)["error"]
    assert error["kind"] == "Usage"
    assert told in error["message"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["validate", "nowhere.json"], 2),
        (["solve", "nowhere"], 2),
        (["show", "nowhere"], 2),
        (["batch", "nowhere", "--out", "o"], 2),
        (["convert", "GOOD", "x.ods"], 2),
        (["solve", "GOOD", "--tables", "ods"], 2),
        (["solve", "GOOD", "--warm", "nowhere"], 2),
        (["solve", "GOOD", "--out", "GOOD/below"], 1),
        (["convert", "GOOD", "GOOD/below.json"], 1),
    ],
)
def test_files_that_cannot_be_read_or_written(
    good: Path, elsewhere: Path, capsys: Capture, words: list[str], code: int
) -> None:
    words = [word.replace("GOOD", str(good)) for word in words]
    assert run(words) == code
    printed = capsys.readouterr()
    assert printed.err.startswith("stockpile: The file ") or "format" in printed.err.lower()
    assert "Traceback" not in printed.err
    assert run([*words, "--json"]) == code
    assert document(capsys)["exit_code"] == code


@pytest.mark.parametrize("pool", ["nope", "ray://"])
def test_a_pool_that_does_not_exist(good: Path, capsys: Capture, pool: str) -> None:
    assert run(["solve", str(good), "--pool", pool]) == 2
    assert capsys.readouterr().err.startswith(f"stockpile: No such pool of subproblems. {pool!r}; there are")


def test_help_names_every_command_and_exit_code(capsys: Capture) -> None:
    assert run(["--help"]) == 0
    out = capsys.readouterr().out
    for name in ("validate", "solve", "show", "batch", "convert", "export", "schema", "Exit codes"):
        assert name in out
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("stockpile 0.")


def options_of(command: Callable[..., int]) -> dict[str, str]:
    """Help text by option of a command."""
    from typing import get_type_hints

    hints = get_type_hints(command, include_extras=True)
    return {name: hint.__metadata__[0].help or "" for name, hint in hints.items() if name != "return"}


def test_every_command_and_option_has_help_with_an_example() -> None:
    from api.cli import batch, convert, export, schema, show, solve, validate

    for module in (validate, solve, show, batch, convert, export, schema):
        assert "Example: stockpile" in (module.command.__doc__ or ""), module.NAME
        for option, text in options_of(module.command).items():
            assert text, (module.NAME, option)
