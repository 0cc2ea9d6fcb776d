"""Programmes and their trees, cut small so that every part of the decomposition has something to do."""

from __future__ import annotations

from models.instance import Instance
from models.options import Options
from optimizer.compile import Arrays
from optimizer.data import Data
from optimizer.decompose import Nodes, decompose
from optimizer.highs import Outcome
from optimizer.template import Template
from tests.optimizer import support


def case(name: str) -> Instance:
    """A case by its name (:func:`tests.optimizer.support.case`); ``case-21 at 0.6`` has an index of
    concentration of at most 0.6 in each commodity as well."""
    base, _, hhi = name.partition(" at ")
    return concentrated(support.case(base), float(hhi)) if hhi else support.case(base)


def concentrated(instance: Instance, hhi: float) -> Instance:
    """An instance with a rule on the concentration of every commodity."""
    raw = instance.as_dict()
    return Instance.parse({**raw, "risk": {**raw.get("risk", {}), "concentration": [{"hhi": hhi}]}})


def programme(instance: Instance) -> tuple[Arrays, Nodes, Data]:
    """Arrays of an instance, the tree behind them, and the numbers they are written from."""
    data = Data(instance)
    template = Template(instance)
    template.learn((node.period, data.states[node.id]) for node in data.tree.nodes)
    columns, rows = template.names_at_nodes
    return template.arrays(data.tree, data.states), Nodes(data.tree, columns, rows), data


def decomposed(
    instance: Instance,
    gap: float = 1e-6,
    *,
    small: int = 2,
    threads: int = 1,
    seconds: float | None = None,
    pool: str = "threads",
) -> tuple[Outcome, float]:
    """What the decomposition finds with subtrees of at most two nodes; and the USD behind one unit of its
    objective."""
    arrays, nodes, data = programme(instance)
    options = Options(relative_gap=gap, threads=threads)
    return decompose(arrays, nodes, options, seconds=seconds, small=small, pool=pool), data.units.money


def agrees(found: Outcome, money: float, known: float, gap: float) -> None:
    """Whatever was reached in the time there was is right, compared with a known optimum in USD."""
    # A point of an LP may break rows by 1e-7 of units of 100 USD and more: a cent, where the optimum is 0.
    slack = max(0.01, 1e-6 * abs(known))
    assert found.bound * money <= known + slack
    if found.x is not None:
        assert found.objective * money >= known - slack
    if found.end == "optimal" and found.objective - found.bound <= gap * abs(found.objective):
        assert found.objective * money <= known + gap * abs(known) + slack
