"""Fines that are raised, and the doubt when that does not help."""

from __future__ import annotations

import numpy as np
import pytest

from optimizer.decompose.fines import AWAY, DOUBT, MOST, RAISE, Fined
from optimizer.decompose.visits import Visit
from tests.optimizer.byhand.base import by_hand, contract, offer, vault
from tests.optimizer.byhand.rules import spread
from tests.optimizer.decompose.cases import decomposed


def seen(beyond: float, astray: float) -> Visit:
    """A visit at which one row and one column cost fines, and another of each none."""
    return Visit(np.empty(0), 1.0, np.inf, np.array([beyond, 0.0]), np.array([0.0, astray]), 1)


def test_a_column_is_raised_so_often_and_then_doubted() -> None:
    fined = Fined(2, 2)
    for k in range(MOST * AWAY):
        assert not fined.doubtful()
        raised = fined.raised(seen(0.0, 1.0))
        assert (raised is not None) == (k % AWAY == AWAY - 1)
        if raised is not None:
            assert (raised.beyond.tolist(), raised.astray.tolist()) == ([1.0, 1.0], [1.0, RAISE])
    assert fined.doubtful()
    # Said once, and raised no more.
    assert not fined.doubtful()
    assert all(fined.raised(seen(0.0, 1.0)) is None for _ in range(2 * AWAY))


def test_a_row_is_doubted_earlier_and_raised_on() -> None:
    fined = Fined(2, 2)
    for _ in range(DOUBT * AWAY):
        assert not fined.doubtful()
        fined.raised(seen(1.0, 0.0))
    assert fined.doubtful()
    assert any(fined.raised(seen(1.0, 0.0)) is not None for _ in range(AWAY))


@pytest.mark.parametrize("price", [11.0, 45.0])
def test_no_plan_wherever_the_master_stands_is_proved_before_fines_are_astronomic(price: float) -> None:
    # Two countries never come below an index of a half, so that nothing is bought and nothing held in stock:
    # all fines are for going astray, and however high they are nothing else can be done.
    made = by_hand(
        None,
        periods=4,
        depots=[vault()],
        spot=[offer(quantity=4.0, country="AUS")],
        agreements=[contract(most=1.0, price=price)],
        risk={**spread(0.4), "cover": [{"commodity": "ga", "days": 5.0, "from_period": 1}]},
    )
    found, _ = decomposed(made.instance)
    assert (found.end, found.bound) == ("infeasible", np.inf)
    assert found.x is None
