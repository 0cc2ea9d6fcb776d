"""Alternatives from plain data: the same as from a file, but for references to files."""

from __future__ import annotations

from typing import Any

import pytest

from models.alternatives import parse_alternatives, read_alternatives
from models.faults import FaultyAlternatives
from tests.optimizer.compare import lumps


def test_the_same_as_from_a_file(tmp_path: Any) -> None:
    path = tmp_path / "alternatives.yaml"
    path.write_text("baseline: b\nalternatives:\n- {name: a, envelope: 500}\n- {name: b, forbid: [big]}\n")
    raw = {
        "baseline": "b",
        "alternatives": [{"name": "a", "envelope": 500}, {"name": "b", "forbid": ["big"]}],
    }
    assert parse_alternatives(raw, lumps.instance()) == read_alternatives(path, lumps.instance())


def test_every_fault_at_once_with_its_pointer() -> None:
    raw = {
        "alternatives": [
            {"name": "a", "scenarios": "elsewhere.yaml", "force": ["bigg"]},
            {"name": "b", "fix": "../plan", "envelope": -1},
            {"name": "A", "envelopes": 3},
        ]
    }
    with pytest.raises(FaultyAlternatives) as caught:
        parse_alternatives(raw, lumps.instance())
    found = {fault.path: fault for fault in caught.value.faults}
    assert {"/" + "/".join(map(str, path)) for path in found} == {
        "/alternatives/0/scenarios", "/alternatives/0/force/0", "/alternatives/1/fix",
        "/alternatives/1/envelope", "/alternatives/2/name", "/alternatives/2/envelopes",
    }  # fmt: skip
    assert "cannot refer to files" in found["alternatives", 0, "scenarios"].allowed
    assert "cannot refer to files" in found["alternatives", 1, "fix"].allowed
    assert found["alternatives", 1, "envelope"].place.startswith("/alternatives/1/envelope")
