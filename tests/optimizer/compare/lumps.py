"""Two contracts that must be taken whole, and a dear spot market: worked out with a pencil.

One year; consumers need 100 t of gallium, a missing tonne costs 100 USD; commerce has none. ``big`` brings
60 t at 20 USD (1200 in all), ``small`` 30 t at 10 (300 in all), both paid in any case; spot costs 50 USD/t.
A dollar on spot buys 1/50 t and saves 2 USD of loss, so 1 net.

==========  ============================  ======  ======  =========
envelope    plan                          loss    cost    objective
==========  ============================  ======  ======  =========
500         small, 4 t of spot            6600    500     7100
1300        big, 2 t of spot              3800    1300    5100
3000        big, small, 10 t of spot      0       2000    2000
==========  ============================  ======  ======  =========

At 500 spot alone would be 9500; at 1300 small with 20 t of spot 6300, and both contracts cost 1500.
"""

from __future__ import annotations

from typing import Any

from models.instance import Instance
from tests.optimizer.byhand.base import by_hand, contract, need, offer

Row = dict[str, Any]


def lump(name: str, tonnes: float, price: float, **more: Any) -> Row:
    """A contract of one year, all or nothing, paid in any case."""
    return contract(name, tonnes, price, tonnes, term_years=1.0, take_or_pay=1.0, **more)


def instance(**changes: Any) -> Instance:
    """The instance, with tables replaced."""
    row: Row = {
        "periods": 1,
        "demand": [need()],
        "agreements": [lump("big", 60.0, 20.0), lump("small", 30.0, 10.0)],
        "spot": [offer(premium=4.0)],
        "budget": {"envelope": 3000.0},
        **changes,
    }
    return by_hand(None, **row).instance


ENVELOPES = (500.0, 1300.0, 3000.0)
OBJECTIVE = {"500": 7100.0, "1300": 5100.0, "3000": 2000.0}
SIGNED = {"500": {"small"}, "1300": {"big"}, "3000": {"big", "small"}}
