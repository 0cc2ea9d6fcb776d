"""Instances solved by hand, by part of model.md; the arithmetic stands beside each."""

from __future__ import annotations

from tests.optimizer.byhand.base import ByHand
from tests.optimizer.byhand.finance import FINANCE
from tests.optimizer.byhand.reserve import RESERVE
from tests.optimizer.byhand.risk import RISK
from tests.optimizer.byhand.rules import RULES
from tests.optimizer.byhand.supply import SUPPLY
from tests.optimizer.byhand.world import WORLD

PARTS = {
    "world": WORLD,
    "supply": SUPPLY,
    "reserve": RESERVE,
    "finance": FINANCE,
    "risk": RISK,
    "rules": RULES,
}

HAND: dict[str, ByHand] = {
    f"{part}/{name}": solved for part, instances in PARTS.items() for name, solved in instances.items()
}
