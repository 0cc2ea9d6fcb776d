"""Real instances in real processes: good, faulty, infeasible, killed, out of memory; resume; stop."""

from __future__ import annotations

import csv
import json
import os
import signal
import threading
from pathlib import Path

import pandas as pd
import pytest

from models import files
from models.faults import UnreadableFile
from models.options import Options
from optimizer.batch import BatchProgress, exit_code, find_instances, run_batch
from optimizer.batch.inputs import named
from optimizer.results import read_results
from tests.optimizer import handmade

ROOT = Path(__file__).resolve().parents[2]
REAL = ROOT / "instances" / "us-vault-2026"
"""Takes a minute or more to solve to the optimum."""


def kill(victim: str, how: signal.Signals, progress: BatchProgress) -> None:
    for name, pid, _ in progress.running:
        if name == victim:
            os.kill(pid, how)


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, pd.DataFrame]:
    """A folder of instances of every fate, its results, and the summary table."""
    folder, out = tmp_path_factory.mktemp("instances"), tmp_path_factory.mktemp("out")
    good = handmade.instance()
    for name in ("good", "killed", "segfault"):
        files.write(good, folder / f"{name}.json")
    files.write(good, folder / "tables")
    files.write(handmade.infeasible(), folder / "infeasible.yaml")
    faulty = {**handmade.INSTANCE, "discount_rate": -1, "spot": [{"id": "x"}]}
    (folder / "faulty.json").write_text(json.dumps(faulty))
    (folder / "broken.json").write_text('{"schema_version": "1"')
    (folder / "notes.md").write_text("not an instance")

    def crash(progress: BatchProgress) -> None:
        kill("killed", signal.SIGKILL, progress)
        kill("segfault", signal.SIGSEGV, progress)

    return folder, out, run_batch([folder], out, 2, formats=["csv"], progress=crash)


def test_failures_stand_beside_successes(batch: tuple[Path, Path, pd.DataFrame]) -> None:
    rows = batch[2].set_index("name")
    assert list(rows.index) == ["broken", "faulty", "good", "infeasible", "killed", "segfault", "tables"]
    assert rows["outcome"].to_dict() == {
        "good": "plan", "tables": "plan", "infeasible": "no plan",
        "broken": "failed", "faulty": "failed", "killed": "failed", "segfault": "failed",
    }  # fmt: skip
    assert rows["exit_code"].to_dict() == {
        "good": 0, "tables": 0, "infeasible": 3, "broken": 2, "faulty": 2, "killed": 1, "segfault": 1,
    }  # fmt: skip
    assert rows.loc["good", "status"] == "optimal"
    assert rows.loc["good", "objective_usd"] == pytest.approx(rows.loc["tables", "objective_usd"])
    assert rows.loc["infeasible", "status"] == "infeasible"
    assert rows.loc["faulty", "kind"] == "FaultyInstance"
    assert "(and 3 more)" in rows.loc["faulty", "message"]
    assert rows.loc["broken", "kind"] == "UnreadableFile"
    assert (rows.loc["killed", "kind"], rows.loc["segfault", "kind"]) == ("Killed", "Crashed")
    assert "SIGSEGV" in rows.loc["segfault", "message"]
    assert exit_code(batch[2]) == 1


def test_results_and_tables_are_on_disk(batch: tuple[Path, Path, pd.DataFrame]) -> None:
    folder, out, table = batch
    instance, plan = read_results(out / "good")
    assert instance == files.read(folder / "good.json")
    assert plan.objective == table.set_index("name").loc["good", "objective_usd"]
    assert read_results(out / "infeasible")[1].status == "infeasible"
    pd.testing.assert_frame_equal(pd.read_parquet(out / "batch.parquet"), table)
    with (out / "batch.csv").open(newline="", encoding="utf-8") as file:
        assert [row["name"] for row in csv.DictReader(file)] == list(table["name"])
    faults = json.loads((out / "faulty" / "outcome.json").read_text())["faults"]
    assert {fault["field"] for fault in faults} >= {"discount_rate", "commodity"}, (
        "every fault, not the first"
    )


@pytest.mark.slow
def test_resume_does_only_what_is_not_done(batch: tuple[Path, Path, pd.DataFrame]) -> None:
    folder, out, _ = batch
    before = (out / "good" / "plan.json").stat().st_mtime_ns
    files.write(handmade.instance(discount_rate=0.1), folder / "tables")
    started: set[str] = set()

    def watch(progress: BatchProgress) -> None:
        started.update(name for name, _, _ in progress.running)

    paths = [
        folder / name for name in ("broken.json", "good.json", "infeasible.yaml", "killed.json", "tables")
    ]
    rows = run_batch(paths, out, 2, formats=["csv"], resume=True, progress=watch).set_index("name")
    assert started == {"broken", "killed", "tables"}
    assert set(rows.index[rows["kept"]]) == {"good", "infeasible"}
    assert (out / "good" / "plan.json").stat().st_mtime_ns == before
    assert rows.loc["killed", "outcome"] == "plan", "nobody killed it this time"
    assert rows.loc["tables", "fingerprint"] == files.read(folder / "tables").fingerprint()
    other = run_batch([folder / "good.json"], out, options=Options(seed=1), formats=["csv"], resume=True)
    assert not other["kept"].any(), "other options, other plan"


def test_a_process_that_needs_too_much_memory_fails_alone(tmp_path: Path) -> None:
    files.write(handmade.instance(), tmp_path / "good.json")
    table = run_batch([tmp_path / "good.json"], tmp_path / "out", formats=[], memory=0.02)
    assert table["outcome"].tolist() == ["failed"]
    assert table["kind"].iloc[0] in ("MemoryError", "Crashed", "ImportError", "OSError")


def test_a_stop_before_the_start_starts_nothing(tmp_path: Path) -> None:
    files.write(handmade.instance(), tmp_path / "good.json")
    stop = threading.Event()
    stop.set()
    table = run_batch([tmp_path / "good.json"], tmp_path / "out", stop=stop)
    assert table[["kind", "message", "exit_code"]].to_numpy().tolist() == [["Stopped", "not started", 4]]
    assert exit_code(pd.read_parquet(tmp_path / "out" / "batch.parquet")) == 4


@pytest.mark.slow
def test_a_stop_lets_what_runs_write_what_it_has(tmp_path: Path) -> None:
    stop = threading.Event()

    def watch(progress: BatchProgress) -> None:
        if any(seconds > 5 for _, _, seconds in progress.running):
            stop.set()

    options = Options(relative_gap=0.0)
    files.write(handmade.instance(), tmp_path / "second.json")
    paths = [REAL, tmp_path / "second.json"]
    table = run_batch(paths, tmp_path / "out", options=options, formats=[], progress=watch, stop=stop)
    assert table["status"].tolist() == ["interrupted", ""]
    assert table["kind"].tolist() == ["", "Stopped"]
    assert read_results(tmp_path / "out" / REAL.name)[1].status == "interrupted"


def test_paths_are_files_folders_and_globs(tmp_path: Path) -> None:
    files.write(handmade.instance(), tmp_path / "set" / "b.json")
    files.write(handmade.instance(), tmp_path / "set" / "a.yaml")
    files.write(handmade.instance(), tmp_path / "set" / "folder")
    (tmp_path / "set" / "notes.txt").write_text("")
    (tmp_path / "set" / ".hidden.json").write_text("")
    members = [tmp_path / "set" / name for name in ("a.yaml", "b.json", "folder")]
    assert find_instances([tmp_path / "set"]) == members
    assert find_instances([tmp_path / "set" / "folder"]) == members[2:]
    assert find_instances([str(tmp_path / "s*" / "*.json"), tmp_path / "set"]) == [
        members[1],
        members[0],
        members[2],
    ]
    assert find_instances([tmp_path / "set"], skip=tmp_path / "set" / "folder") == members[:2]
    for nothing in (tmp_path / "nowhere", tmp_path / "*.json"):
        with pytest.raises(UnreadableFile, match="names no instance"):
            find_instances([nothing])


def test_names_stay_apart(tmp_path: Path) -> None:
    paths = [tmp_path / "x" / "case.json", tmp_path / "y" / "Case.json", tmp_path / "y" / "other.json"]
    names = [name for name, _ in named(paths)]
    assert names[2] == "other"
    assert len({name.casefold() for name in names}) == 3
    assert named(paths) == named(paths)
