"""What goes into a pipe comes out of it."""

from __future__ import annotations

import io

import numpy as np
import pytest
import scipy.sparse as sp

from optimizer.decompose.pools import frames


def test_values_come_out_in_order_with_arrays_that_can_be_written_to() -> None:
    pipe = io.BytesIO()
    matrix = sp.csr_array(np.array([[0.0, 1.5], [2.5, 0.0]]))
    for value in ({"a": np.arange(3.0), "none": np.empty(0)}, matrix, "text"):
        frames.write(pipe, value)
    pipe.seek(0)
    first = frames.read(pipe)
    assert isinstance(first, dict)
    first["a"][0] = 7.0
    assert first["a"].tolist() == [7.0, 1.0, 2.0]
    assert first["none"].shape == (0,)
    second = frames.read(pipe)
    assert isinstance(second, sp.csr_array)
    assert second.toarray().tolist() == matrix.toarray().tolist()
    assert frames.read(pipe) == "text"


def test_a_pipe_that_ends_within_a_value_has_ended() -> None:
    pipe = io.BytesIO()
    frames.write(pipe, np.arange(100.0))
    for end in (0, 5, 20, len(pipe.getvalue()) - 1):
        with pytest.raises(EOFError):
            frames.read(io.BytesIO(pipe.getvalue()[:end]))
