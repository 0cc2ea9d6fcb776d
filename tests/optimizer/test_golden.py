"""What each constraint family writes, word for word (tests/optimizer/golden)."""

from __future__ import annotations

import pytest

from optimizer.compile import compile_arrays
from optimizer.data import Data
from optimizer.formulation import build
from optimizer.units import Units
from tests.optimizer import golden, support
from tests.optimizer.golden import FOLDER, INSTANCE, listings


@pytest.fixture(scope="module")
def written() -> dict[str, str]:
    return listings()


FAMILIES = sorted(
    path.stem for path in support.FAMILIES.glob("*.py") if path.stem not in ("__init__", "base")
)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_writes_what_is_listed(family: str, written: dict[str, str]) -> None:
    assert written[family].splitlines() == (FOLDER / f"{family}.txt").read_text(encoding="utf-8").splitlines()


def test_every_family_has_a_listing(written: dict[str, str]) -> None:
    assert sorted(written) == FAMILIES == sorted(path.stem for path in FOLDER.glob("*.txt"))


def test_every_constraint_stands_in_a_listing(written: dict[str, str]) -> None:
    """A constraint that no test case ever writes would never be tested."""
    listed = {line.split("(")[0].split(":")[0] for text in written.values() for line in text.splitlines()}
    assert not sorted(set(support.constraints()) - listed)


def test_every_column_has_a_family() -> None:
    arrays = compile_arrays(build(Data(INSTANCE)))
    known = {name for names in golden.COLUMNS.values() for name in names}
    assert {name for name, _ in arrays.columns} == known | {"nothing"}


def test_listings_read_in_natural_units() -> None:
    ones = {"ga": 1.0, "ge": 1.0, "slag": 1.0}
    assert Data(INSTANCE).units == Units(1.0, ones, {"mine": 1.0, "refinery": 1.0}, 1.0)
