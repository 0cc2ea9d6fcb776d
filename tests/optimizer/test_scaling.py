"""Scaling by powers of two, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from optimizer import scaling
from optimizer.compile import Arrays
from optimizer.scaling import equilibrate, scales_of

INF = np.inf


def arrays(matrix: list[list[float]], integer: list[bool]) -> Arrays:
    height, width = np.shape(matrix)
    return Arrays(
        sp.csc_array(np.array(matrix)), np.arange(width) + 1.0, np.zeros(width), 0.0, np.zeros(width),
        np.full(width, 8.0), np.array(integer), np.full(height, -INF), np.ones(height),
        [("x", (k,)) for k in range(width)], [("row", (k,)) for k in range(height)],
    )  # fmt: skip


def test_entries_come_to_one_where_powers_of_two_can_do_it() -> None:
    # Rows times 1/2 and 4, columns times 1 and 1/4, up to a common factor.
    given = arrays([[2.0, -8.0], [0.25, 1.0]], [False, False])
    scaled, scales = equilibrate(given)
    assert np.abs(scaled.matrix.toarray()).tolist() == [[1.0, 1.0], [1.0, 1.0]]
    # A x = A' x' with x = columns · x'; costs and bounds go along.
    assert (scaled.cost == given.cost * scales.columns).all()
    assert (scaled.upper == given.upper / scales.columns).all()
    assert (scaled.row_upper == given.row_upper * scales.rows).all()
    # What was given is as it was.
    assert given.matrix.toarray().tolist() == [[2.0, -8.0], [0.25, 1.0]]


def test_integers_and_what_is_empty_stay_as_they_are() -> None:
    scales = scales_of(arrays([[64.0, 0.0, 1.0], [0.0, 0.0, 0.0]], [True, False, False]))
    assert scales.columns[:2].tolist() == [1.0, 1.0]
    assert scales.rows[1] == 1.0


@pytest.mark.parametrize("at_once", [1, 5, 1 << 18])
def test_how_many_entries_are_looked_at_together_changes_nothing(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(1)
    matrix = rng.choice([0.0, 0.0, 1.0, 3.0, -500.0, 0.01], (9, 12))
    given = arrays(matrix.tolist(), [True, *[False] * 11])
    given = replace(given, row_upper=np.full(9, 1e7))
    expected = scales_of(given)
    monkeypatch.setattr(scaling, "AT_ONCE", at_once)
    found = scales_of(given)
    assert found.rows.tolist() == expected.rows.tolist()
    assert found.columns.tolist() == expected.columns.tolist()
