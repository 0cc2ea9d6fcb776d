"""Names made when asked for are those of a list."""

from __future__ import annotations

import numpy as np
import pytest

from optimizer.keys import Key, Listed, named

NAMES: list[Key] = [
    ("sign", ("a", 0)),
    ("sign", ("a", 1)),
    ("cash", (0,)),
    ("cash", (3,)),
    ("stock", ("x", 2)),
]


def listed() -> Listed:
    stems: list[Key] = [("sign", ("a", 0)), ("sign", ("a", 1)), ("cash", ()), ("owed", ()), ("stock", ("x",))]
    return Listed(stems, np.array([0, 1, 2, 4, 4, 5]), np.array([-1, -1, 0, 3, 2], dtype=np.int32))


def test_reads_like_a_list() -> None:
    keys = listed()
    assert len(keys) == 5
    assert list(keys) == NAMES
    assert [keys[i] for i in range(-5, 5)] == [*NAMES, *NAMES]
    assert keys[np.int64(3)] == ("cash", (3,))
    for beyond in (5, -6):
        with pytest.raises(IndexError):
            keys[beyond]


def test_some_of_the_keys() -> None:
    kept = listed().kept(np.array([False, True, False, True, True]))
    assert list(kept) == [NAMES[1], NAMES[3], NAMES[4]]
    assert kept[1] == NAMES[3]


@pytest.mark.parametrize("name", ["sign", "cash", "owed", "nothing"])
def test_positions_of_a_name(name: str) -> None:
    expected = [(i, key) for i, key in enumerate(NAMES) if key[0] == name]
    assert named(listed(), name) == expected
    assert named(NAMES, name) == expected
