"""Cases are what they are called."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from benchmarks.registry import CASES, HERE, METHODS, first
from models.files import read

WHOLE = json.loads(gzip.decompress((HERE / "bench-10000.json.gz").read_bytes()))


def test_the_first_scenarios_keep_their_meaning(tmp_path: Path) -> None:
    instance = read(CASES["first-30"].file(tmp_path))
    assert [s.id for s in instance.scenarios] == [s["id"] for s in WHOLE["scenarios"][:30]]
    # 0.7 in the whole, 7e-5 each; the undisturbed scenario keeps its 0.3.
    assert [s.probability for s in instance.scenarios] == pytest.approx([0.7 / 30] * 30)
    kept = json.loads((tmp_path / "first-30.json").read_text(encoding="utf-8"))
    assert kept["scenarios"][7]["events"] == WHOLE["scenarios"][7]["events"]
    assert {k: v for k, v in kept.items() if k not in ("scenarios", "name")} == {
        k: v for k, v in WHOLE.items() if k not in ("scenarios", "name")
    }


def test_no_more_scenarios_than_there_are(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="fewer than 1001"):
        first(HERE / "bench-1000.json.gz", tmp_path / "made.json", 1_001)


def test_a_compressed_case_is_the_whole(tmp_path: Path) -> None:
    made = CASES["bench-1000"].file(tmp_path)
    assert made.read_bytes() == gzip.decompress((HERE / "bench-1000.json.gz").read_bytes())
    assert len(read(made).scenarios) == CASES["bench-1000"].scenarios


def test_sampled_cases_are_the_same_every_time(tmp_path: Path) -> None:
    made = CASES["us-vault-30"].file(tmp_path / "one")
    assert made.read_bytes() == CASES["us-vault-30"].file(tmp_path / "two").read_bytes()
    instance, real = read(made), read(CASES["us-vault-2026"].source)
    assert instance.agreements == real.agreements
    assert 1 < len(instance.scenarios) <= 30
    assert sum(s.probability for s in instance.scenarios) == 1.0


@pytest.mark.parametrize("name", ["bench-20", "bench-100", "us-vault-2026"])
def test_cases_have_as_many_scenarios_as_they_say(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    assert len(read(case.file(tmp_path)).scenarios) == case.scenarios


def test_sizes_of_the_family() -> None:
    sizes = [case.scenarios for case in CASES.values() if case.family == "bench"]
    assert sizes == [10, 30, 100, 300, 1_000, 3_000, 10_000]
    assert list(METHODS) == ["decompose", "extensive", "highs", "linopy", "pyomo", "mpi-sppy"]
