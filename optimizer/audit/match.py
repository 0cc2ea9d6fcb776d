"""The plan's tree against one's own: which node is which, and what is wrong with it.

A node is known by its period and the scenarios of the instance through it; no numbering is assumed.
"""

from __future__ import annotations

import numpy as np

from models.instance import Instance
from models.plan import Node, Plan
from optimizer.audit.arrays import Array
from optimizer.audit.ledger import Ledger
from optimizer.audit.tree import UNDISTURBED, Tree

SHOWN = 3
"""Scenarios named per node; the rest are counted."""


class Matched:
    """Plan ids to own nodes, and names of own nodes in the planner's words."""

    def __init__(self, instance: Instance, tree: Tree) -> None:
        horizon = instance.horizon
        self._tree = tree
        starts = np.arange(horizon.periods, dtype=np.float64) * horizon.period_years
        self._year: Array = horizon.start_year + starts
        self.own: dict[int, int] = {}
        self._plan: dict[int, int] = {}

    def add(self, plan_id: int, own: int) -> None:
        """Plan node ``plan_id`` is own node ``own``."""
        self.own[plan_id] = own
        self._plan.setdefault(own, plan_id)

    def seen(self, own: int) -> bool:
        """Whether some plan node is this one."""
        return own in self._plan

    def years(self, own: list[int]) -> Array:
        """Calendar years in which the periods of these nodes begin."""
        return self._year[self._tree.period[own]]

    def name(self, own: int) -> str:
        """For example ``node 7 (2031, scenarios s03, s07)``."""
        scenarios = self._tree.through[own]
        words = ", ".join(scenarios[:SHOWN])
        if len(scenarios) > SHOWN:
            words += f" and {len(scenarios) - SHOWN} more"
        which = f"scenario{'s' if len(scenarios) > 1 else ''} {words}" if words else "undisturbed"
        if words and own in self._tree.trunk and self._tree.chance[UNDISTURBED] > 1e-9:
            which = f"undisturbed and {which}"
        number = self._plan.get(own)
        node = "node missing in the plan" if number is None else f"node {number}"
        return f"{node} ({self._year[self._tree.period[own]]:.6g}, {which})"


def match(instance: Instance, tree: Tree, plan: Plan, ledger: Ledger) -> Matched:
    """Find every node of the plan in one's own tree; whatever differs goes to the ledger."""
    matched = Matched(instance, tree)
    if plan.fingerprint != instance.fingerprint():
        ledger.fault("tree", "fingerprint", f"the plan was made for another instance ({plan.instance})")
    if plan.nodes != tree.size:
        ledger.fault("tree", "nodes", f"the plan counts {plan.nodes} nodes, the instance has {tree.size}")
    known = {
        (int(t), frozenset(ids)): n for n, (t, ids) in enumerate(zip(tree.period, tree.through, strict=True))
    }
    for node in plan.tree:
        row = f"node {node.id}"
        own = known.get((node.period, frozenset(node.scenarios) - {UNDISTURBED}))
        if own is None:
            ledger.fault("tree", row, f"no node of period {node.period} has exactly these scenarios")
        elif node.id in matched.own:
            ledger.fault("tree", row, "the id is used twice")
        elif matched.seen(own):
            ledger.fault("tree", row, f"the same as {matched.name(own)}")
        else:
            matched.add(node.id, own)
    _compare(tree, [node for node in plan.tree if node.id in matched.own], matched, ledger)
    for own in range(tree.size):
        if not matched.seen(own):
            ledger.fault("tree", matched.name(own), "this node of the scenario tree is missing")
    return matched


def _compare(tree: Tree, nodes: list[Node], matched: Matched, ledger: Ledger) -> None:
    own = [matched.own[node.id] for node in nodes]

    def name(i: int) -> str:
        return matched.name(own[i])

    rest = tree.chance[UNDISTURBED] > 1e-9
    for i, node in enumerate(nodes):
        above = -1 if node.parent is None else matched.own.get(node.parent, -2)
        if above != tree.parent[own[i]]:
            ledger.fault("tree", name(i), f"its parent is given as {node.parent}")
        undisturbed = UNDISTURBED in node.scenarios
        if undisturbed and own[i] not in tree.trunk:
            ledger.fault("tree", name(i), "the undisturbed scenario does not pass through it")
        if rest and own[i] in tree.trunk and not undisturbed:
            ledger.fault("tree", name(i), "the undisturbed scenario passes through it")
    given = np.array([node.probability for node in nodes])
    ledger.equal("tree", "wrong probability", "", given, tree.probability[own], name=name, floor=1e-3)
    years = np.array([node.year for node in nodes])
    ledger.equal("tree", "wrong year", "years", years, matched.years(own), name=name, floor=1.0, size=1.0)
