"""Parts of states packed into few nodes."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from models.instance import Instance
from optimizer.data import Data
from optimizer.template.library import pack, powers_of_two
from optimizer.template.parts import Parts
from tests.optimizer import support
from tests.strategies import instances


@given(st.integers(1, 2000))
def test_powers_of_two_sum_to_one(count: int) -> None:
    shares = powers_of_two(count)
    assert len(shares) == count
    assert sum(shares) == 1
    assert all(np.frexp(share)[0] == 0.5 for share in shares)


@given(instances())
@settings(max_examples=30)
def test_every_part_is_packed(instance: Instance) -> None:
    parts, data = Parts(instance), Data(instance)
    vectors = [parts.vector(state) for state in data.states]
    wanted = {(u, key): v[parts.slots[u]] for v in vectors for u, key in enumerate(parts.keys(v))}
    packed = pack(parts, [(u, values) for (u, _), values in wanted.items()], parts.calm)
    held = {(u, key) for v in packed for u, key in enumerate(parts.keys(v))}
    assert set(wanted) <= held
    assert len(packed) <= 1 + len({v.tobytes() for v in vectors})


def test_states_come_back() -> None:
    data = Data(support.case("case-27"))
    parts = Parts(data.instance)
    for state in data.states:
        again = parts.state(parts.vector(state))
        for table in vars(state):
            assert np.array_equal(getattr(again, table), getattr(state, table))
            assert getattr(again, table).dtype == getattr(state, table).dtype
