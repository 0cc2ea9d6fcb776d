"""The template's arrays beside those of the plain compiler, entry by entry."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from models.instance import Instance
from optimizer.compile import Arrays, compile_arrays
from optimizer.data import Data
from optimizer.formulation import build
from optimizer.keys import Key
from optimizer.template import Template

ROUNDING = 1e-14
"""π(n)·(δ·cost) and (π(n)·δ)·cost may differ in the last digits; nothing else may."""


def name_of(key: Key) -> str:
    """The name of a variable."""
    return key[0]


def plain(data: Data) -> Arrays:
    """The formulation written node by node."""
    return compile_arrays(build(data))


def assert_alike(found: Arrays, expected: Arrays, *, ordered: bool = True) -> None:
    """The same keys and the same numbers; rows, and columns of each name, in the same order unless said
    otherwise.

    Names of columns come in the order in which the compiler meets them, which is that of nodes of probability
    above 0 first: those may be others in the library.
    """
    assert sorted(map(str, found.rows)) == sorted(map(str, expected.rows))
    assert sorted(map(str, found.columns)) == sorted(map(str, expected.columns))
    if ordered:
        assert list(found.rows) == list(expected.rows)
        assert sorted(found.columns, key=name_of) == sorted(expected.columns, key=name_of)
    row, column = ({key: i for i, key in enumerate(keys)} for keys in (found.rows, found.columns))
    rows = [row[key] for key in expected.rows]
    columns = [column[key] for key in expected.columns]
    for name in ("lower", "upper", "integer"):
        assert np.array_equal(getattr(found, name)[columns], getattr(expected, name)), name
    for name in ("row_lower", "row_upper"):
        assert np.array_equal(getattr(found, name)[rows], getattr(expected, name)), name
    for name in ("cost", "expected_cost"):
        np.testing.assert_allclose(getattr(found, name)[columns], getattr(expected, name), ROUNDING, 0, name)
    assert found.offset == expected.offset
    one = sp.csr_array(sp.csr_array(found.matrix)[rows][:, columns])
    two = sp.csr_array(expected.matrix)
    for matrix in (one, two):
        matrix.sort_indices()
    assert np.array_equal(one.indptr, two.indptr)
    assert np.array_equal(one.indices, two.indices)
    # Rows at nodes hold no probabilities: there not a digit may differ.
    at_nodes = np.repeat([_at_node(expected, i) for i in range(len(rows))], np.diff(two.indptr))
    assert np.array_equal(one.data[at_nodes], two.data[at_nodes])
    np.testing.assert_allclose(one.data, two.data, ROUNDING, 0)


def _at_node(arrays: Arrays, row: int) -> bool:
    return arrays.rows[row][0] not in (
        "spending",
        "expected_loss_limit",
        "emissions_limit",
        "cvar_limit",
        "chance_reached",
    )


def compare(instance: Instance, *, ordered: bool = True) -> Template:
    """Compare both ways on an instance's own tree."""
    data = Data(instance)
    template = Template(instance)
    assert_alike(template.arrays(data.tree, data.states), plain(data), ordered=ordered)
    return template
