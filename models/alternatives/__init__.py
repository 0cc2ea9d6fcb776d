"""Alternatives: named changes to an instance that are solved and compared side by side.

``budgets``: the same instance with other envelopes. ``read_alternatives``: from a YAML file, every fault with
its line; ``parse_alternatives``: from plain data. What an alternative forces, forbids or fixes becomes part
of its instance (:mod:`.impose`), so that plans, bounds and audits speak of one thing.
"""

from __future__ import annotations

from models.alternatives.alternative import Alternative, budgets, check_names
from models.alternatives.impose import Fixed, FixedAgreement, FixedProject
from models.alternatives.read import Alternatives, parse_alternatives, read_alternatives

__all__ = [
    "Alternative",
    "Alternatives",
    "Fixed",
    "FixedAgreement",
    "FixedProject",
    "budgets",
    "check_names",
    "parse_alternatives",
    "read_alternatives",
]
