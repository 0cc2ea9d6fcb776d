"""Every rule of model.md broken in turn; some case with a known optimum notices each time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from optimizer.compile import Arrays
from tests.optimizer import support
from tests.optimizer.mutants import BOUNDS, EQUIVALENT, IMPLIED, MUTATIONS, ROWS
from tests.optimizer.mutants.base import Mutation

NOTICED = 1e-4
"""Relative change of the optimum that counts as noticed; the optima themselves are known to 1e-6."""


def title(mutation: Mutation) -> str:
    return f"{mutation.clause} {mutation.wrong}"


@pytest.mark.parametrize("mutation", MUTATIONS, ids=title)
def test_a_wrong_rule_is_noticed(mutation: Mutation, monkeypatch: pytest.MonkeyPatch) -> None:
    instance, right = support.case(mutation.case), support.known_optimum(mutation.case)
    mutation.apply(monkeypatch)
    assert not support.same(support.optimum(instance), right, NOTICED)


@pytest.mark.parametrize("mutation", EQUIVALENT, ids=title)
def test_what_no_instance_can_tell(mutation: Mutation, monkeypatch: pytest.MonkeyPatch) -> None:
    instance, right = support.case(mutation.case), support.known_optimum(mutation.case)
    mutation.apply(monkeypatch)
    assert support.same(support.optimum(instance), right)


def without(arrays: Arrays, family: str) -> Arrays:
    """The same programme without the rows of one name."""
    kept = [i for i, (name, _) in enumerate(arrays.rows) if name != family]
    assert len(kept) < len(arrays.rows), f"no row is called {family}"
    return replace(
        arrays,
        matrix=arrays.matrix[kept],
        row_lower=arrays.row_lower[kept],
        row_upper=arrays.row_upper[kept],
        rows=[arrays.rows[i] for i in kept],
    )


@pytest.mark.parametrize("family", ROWS)
def test_a_missing_constraint_is_noticed(family: str) -> None:
    arrays, money = support.arrays_of(support.case(ROWS[family]))
    assert not support.same(
        support.solved(without(arrays, family), money), support.known_optimum(ROWS[family]), NOTICED
    )


@pytest.mark.parametrize("variable", BOUNDS)
def test_a_missing_bound_is_noticed(variable: str) -> None:
    arrays, money = support.arrays_of(support.case(BOUNDS[variable]))
    named = np.array([name == variable for name, _ in arrays.columns])
    assert np.isfinite(arrays.upper[named]).any()
    free = replace(arrays, upper=np.where(named, np.inf, arrays.upper))
    assert not support.same(support.solved(free, money), support.known_optimum(BOUNDS[variable]), NOTICED)


def test_what_other_constraints_imply() -> None:
    for family in IMPLIED:
        arrays, money = support.arrays_of(support.case("reserve/industry"))
        optimum = support.solved(without(arrays, family), money)
        assert support.same(optimum, support.known_optimum("reserve/industry"))


def test_every_constraint_is_left_out_once() -> None:
    assert ROWS.keys() | IMPLIED.keys() == support.constraints().keys()
    assert not ROWS.keys() & IMPLIED.keys()


def test_every_family_is_broken() -> None:
    families = {path.stem for path in support.FAMILIES.glob("*.py")} - {"__init__", "base"}
    assert families <= {mutation.module.removeprefix("optimizer.formulation.") for mutation in MUTATIONS}


def test_there_are_enough_mutations_and_each_is_another() -> None:
    assert len({(m.place, m.old, m.new) for m in MUTATIONS}) == len(MUTATIONS) >= 36
    assert len(set(map(title, MUTATIONS))) == len(MUTATIONS)


def test_a_mutation_names_what_it_replaces() -> None:
    wrong = replace(MUTATIONS[0], old="not to be found")
    with pytest.MonkeyPatch.context() as patch, pytest.raises(AssertionError, match="stands 0 times"):
        wrong.apply(patch)
