"""Measurements for real: on cases so small that a process takes longer to start than to solve."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import apart
from benchmarks.apart import measured, resident
from benchmarks.registry import CASES, METHODS, PHASES, ROOT, Case, Method
from benchmarks.rows import Limits, Row, Store
from benchmarks.run import measure, publish

TESTS = Path(__file__).resolve().parents[1] / "cases"
EXPECTED = json.loads((TESTS / "expected.json").read_text(encoding="utf-8"))
LIMITS = Limits(gap=1e-4, seconds=120.0, memory=4_000.0, threads=1)


def small(name: str = "rule-surge", family: str = "") -> Case:
    return Case(name, 1, TESTS / f"{name}.json", family)


def test_two_methods_measured_kept_and_shown(tmp_path: Path) -> None:
    store = Store(tmp_path / "results.jsonl")
    cases, methods = [small(family="tiny")], [METHODS["decompose"], METHODS["highs"]]

    def run(*, again: bool = False) -> list[Row]:
        return list(measure(cases, methods, LIMITS, store, again=again, hopeless=False))

    rows = run()
    assert [(row.method, row.status) for row in rows] == [("decompose", "solved"), ("highs", "solved")]
    for row in rows:
        assert row.objective == pytest.approx(EXPECTED["rule-surge"]["objective"], rel=1e-4)
        assert row.tree_nodes == EXPECTED["rule-surge"]["nodes"]
        assert all(getattr(row, phase) > 0 for phase in PHASES)
        assert row.cpu is not None
        assert row.cpu > 0
        assert row.peak_mb is not None
        assert row.peak_mb > 20, "Python and HiGHS alone are more"
    ours, highs = rows
    assert ours.floor is not None
    assert ours.solving is not None
    assert 0 < ours.floor < ours.solving
    assert highs.floor is None
    # What is known is not measured again, unless asked for.
    lines = store.path.read_text(encoding="utf-8").splitlines()
    assert run() == rows
    assert store.path.read_text(encoding="utf-8").splitlines() == lines
    assert [row.when >= old.when for row, old in zip(run(again=True), rows, strict=True)] == [True, True]
    assert len(store.path.read_text(encoding="utf-8").splitlines()) == 4
    paths = publish(rows, tmp_path)
    assert [path.name for path in paths] == ["table.md", "table.csv", "chart.png", "chart.html"]
    assert "| rule-surge | 1 | 7 | decompose | solved |" in paths[0].read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS.values(), ids=list(METHODS))
@pytest.mark.parametrize("name", ["rule-surge", "case-28", "case-33"])
def test_every_method_solves_the_same_model(name: str, method: Method, tmp_path: Path) -> None:
    # The cases have allocations, exposure, emissions and CVaR: rows across scenarios.
    if method.missing():
        pytest.skip(f"not installed: {method.missing()}")
    row = measured(small(name), method, LIMITS, tmp_path)
    assert (row.status, row.note) == ("solved", "")
    optimum = EXPECTED[name]["objective"]
    assert row.objective is not None
    assert row.bound is not None
    # Decisions are whole to 1e-6 only, where a solver leaves them so.
    assert optimum * (1 - 1e-5) <= row.objective <= optimum * (1 + 1e-4)
    assert row.bound <= optimum * (1 + 1e-6)
    assert row.tree_nodes == EXPECTED[name]["nodes"]


def test_what_is_not_installed_is_said_and_not_kept(tmp_path: Path) -> None:
    store = Store(tmp_path / "results.jsonl")
    absent = Method("absent", "benchmarks.methods.own", ("no-such-distribution",))
    (row,) = measure([small()], [absent], LIMITS, store, again=False, hopeless=False)
    assert (row.status, row.note) == ("not installed", "no-such-distribution")
    assert not store.path.exists()


def test_too_much_memory_ends_a_measurement_and_larger_cases(tmp_path: Path) -> None:
    store = Store(tmp_path / "results.jsonl")
    tight = replace(LIMITS, memory=5.0)
    cases = [small("rule-surge", "tiny"), small("rule-calm", "tiny"), small("rule-envelope")]
    rows = list(measure(cases, [METHODS["highs"]], tight, store, again=False, hopeless=False))
    assert [row.status for row in rows] == ["out of memory", "skipped", "out of memory"]
    assert rows[0].peak_mb is not None
    assert rows[0].peak_mb > 5
    assert rows[1].note == "out of memory at 1 scenarios"
    assert len(store.rows) == 2, "what was not tried is not kept"


def test_a_fault_is_told_in_its_last_words_and_tried_again(tmp_path: Path) -> None:
    torn, store = tmp_path / "torn.json", Store(tmp_path / "results.jsonl")

    def run() -> Row:
        case = Case("torn", 1, torn)
        (row,) = measure([case], [METHODS["highs"]], LIMITS, store, again=False, hopeless=False)
        return row

    torn.write_text("{", encoding="utf-8")
    row = run()
    assert row.status == "failed"
    assert "exit code 1" in row.note
    assert "torn.json" in row.note
    torn.write_bytes((TESTS / "rule-surge.json").read_bytes())
    assert run().status == "solved"


def test_a_measurement_ends_itself_when_nobody_is_left_to_end_it(tmp_path: Path) -> None:
    words = {
        "path": str(CASES["bench-20"].source),
        "method": "highs",
        "gap": 0.0,
        "seconds": 600.0,
        "threads": 1,
        "diary": str(tmp_path / "diary.jsonl"),
        "alarm": 3,
    }
    command = [sys.executable, "-m", "benchmarks.measure", json.dumps(words)]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == -signal.SIGALRM


def test_a_cone_is_not_possible_for_others(tmp_path: Path) -> None:
    instance = json.loads((TESTS / "rule-surge.json").read_text(encoding="utf-8"))
    instance.setdefault("risk", {})["concentration"] = [{"hhi": 0.9}]
    path = tmp_path / "cone.json"
    path.write_text(json.dumps(instance), encoding="utf-8")
    row = measured(Case("cone", 1, path), METHODS["pyomo"], LIMITS, tmp_path)
    assert (row.status, row.note) == ("not possible", "a rule on concentration is a cone")


def test_a_process_and_its_children_are_seen_and_ended() -> None:
    # The child says its number and outlives its parent's wish.
    script = "import subprocess; p = subprocess.Popen(['sleep', '600']); print(p.pid, flush=True); p.wait()"
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        alone = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * apart._PAGE
        assert resident(process.pid) > alone
        assert apart._watched(process, seconds=0.0, memory=1e6)[0] == "out of time"  # type: ignore[arg-type]
        apart._kill(process)  # type: ignore[arg-type]
        # The child has been killed, too: it goes as soon as the system gets to it.
        patient = time.monotonic() + 30
        while resident(process.pid) and time.monotonic() < patient:
            time.sleep(0.01)
        assert resident(process.pid) == 0
        status = Path(f"/proc/{child}/stat")
        assert not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z"


def test_a_diary_that_breaks_off_still_tells(tmp_path: Path) -> None:
    diary = tmp_path / "diary.jsonl"
    diary.write_text(
        '{"at": 10.0, "phase": "reading"}\n{"at": 10.5, "phase": "building"}\n'
        '{"at": 12.5, "phase": "solving"}\n'
        '{"at": 20.0, "objective": 200.0, "bound": 150.0}\n{"at": 21.0, "objec',
        encoding="utf-8",
    )
    row = apart._told(Row("c", "", 1, "highs", LIMITS, "out of time"), diary, LIMITS)
    assert (row.reading, row.building, row.solving) == (0.5, 2.0, None)
    assert (row.objective, row.bound, row.gap) == (200.0, 150.0, 0.25)
    assert row.status == "out of time"


def test_a_gap_is_believed_only_by_its_numbers(tmp_path: Path) -> None:
    diary = tmp_path / "diary.jsonl"
    found = {"end": "optimal", "objective": 100.0, "bound": 99.0, "besides": 0.5}
    entries: list[dict[str, object]] = [{"phase": "solving"}, {"phase": "end"}, {"found": found}]
    diary.write_text(
        "".join(json.dumps({"at": float(at)} | entry) + "\n" for at, entry in enumerate(entries))
    )
    row = apart._told(Row("c", "", 1, "highs", LIMITS, "failed"), diary, LIMITS)
    assert row.status == "gap missed (optimal)"
    assert row.solving == 0.5, "what the floor took is taken off"
    row = apart._told(Row("c", "", 1, "highs", LIMITS, "failed"), diary, replace(LIMITS, gap=0.011))
    assert row.status == "solved"
