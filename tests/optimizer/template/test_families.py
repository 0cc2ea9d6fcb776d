"""Families that the template has never heard of: it must be exact, or say that it cannot be."""

from __future__ import annotations

from types import SimpleNamespace

import pyomo.environ as pyo
import pytest

from models.instance import Instance
from optimizer import formulation
from optimizer.data import Data
from optimizer.formulation.base import Formulation, Relation, rows, total
from optimizer.template import Template
from tests.optimizer import support
from tests.optimizer.small import BASE, DEMAND, small
from tests.optimizer.template.alike import compare


def several() -> Instance:
    """Two commodities, each hit on its own, both, or neither."""
    events = {
        "ga": {"kind": "supply", "factor": 0.5, "materials": ["gallium"]},
        "ge": {"kind": "demand", "factor": 1.5, "commodities": ["ge"]},
    }
    return small(
        commodities=[
            *BASE["commodities"],
            {"id": "ge", "name": "germanium", "material": "germanium", "stage": "metal", "price": 1500.0},
        ],
        demand=[DEMAND, {**DEMAND, "id": "ge-all", "commodity": "ge", "quantity": 70.0}],
        market=[*BASE["market"], {"commodity": "ge", "country": "AUS", "quantity": 80.0}],
        scenarios=[
            {
                "id": "then ".join(names) + " hit",
                "probability": 0.25,
                "events": [
                    {"id": name, "start": 1 + i, "duration": 1 + i, "effects": [events[name]]}
                    for i, name in enumerate(names)
                ],
            }
            for names in (["ga"], ["ge"], ["ga", "ge"], ["ge", "ga"])
        ],
    )


def declare(monkeypatch: pytest.MonkeyPatch, add: object) -> None:
    """One more family, before the balance of consumers."""
    monkeypatch.setattr(formulation, "FAMILIES", (*formulation.FAMILIES, SimpleNamespace(add=add)))


def add_joint(m: Formulation) -> None:
    """A yes/no per node in a row on all demand at once (∑ short <= (1 - z)·∑ demand) and in a running sum
    that counts what is hit; a bound on it at leaves, and a probability that must be reached."""
    m.fine = pyo.Var(m.NODE, domain=pyo.Binary)
    m.hits = pyo.Var(m.NODE)

    def joint(m: Formulation, n: int) -> Relation:
        wanted = sum(m.data.demand(q, n) for q in m.data.demand_rows.values())
        short = total(m, (m.short[q, i, n] for q, i, at in m.SHORTAGE if at == n))
        return short + wanted * m.fine[n] <= wanted

    def hits(m: Formulation, n: int) -> Relation:
        parent = m.data.parent(n)
        before = 0.0 if parent is None else 0.5 * m.hits[parent]
        return m.hits[n] == before + sum(not m.data.calm(c, n) for c in m.COMMODITY) * m.fine[n]

    rows(m, "joint", m.NODE, joint)
    rows(m, "hits_sum", m.NODE, hits)
    rows(m, "few", list(m.data.tree.leaves()), lambda m, n: 1.0 * m.hits[n] <= 7)
    ends = m.data.tree.leaves()
    m.often = pyo.Constraint(expr=total(m, (p * m.fine[n] for n, p in ends.items() if p > 0)) >= 0.25)


def test_rows_that_follow_several_commodities_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    instance = several()
    apart = compare(instance)
    declare(monkeypatch, add_joint)
    joined = compare(instance)
    # Apart, two parts of each commodity fit into two nodes a period; joint rows need every state there is.
    assert joined.library_nodes > apart.library_nodes


def test_a_row_on_a_sibling_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def add(m: Formulation) -> None:
        nodes = [n for n in m.NODE if m.data.period(n) == 0]
        rows(
            m,
            "astray",
            nodes,
            lambda m, n: m.bought["ga", n] <= m.bought["ga", nodes[0]] + m.release["ga", n],
        )

    effect = {"kind": "supply", "factor": 0.0, "countries": ["CHN"]}
    event = {"id": "now", "start": 0, "duration": 1, "effects": [effect]}
    instance = small(scenarios=[{"id": "now", "probability": 0.5, "events": [event]}])
    declare(monkeypatch, add)
    data = Data(instance)
    with pytest.raises(AssertionError, match="astray reaches beyond its node"):
        Template(instance).arrays(data.tree, data.states)


def test_a_common_row_that_counts_nodes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its right-hand side would be that of the library, not of the tree."""

    def add(m: Formulation) -> None:
        m.counting = pyo.Constraint(expr=m.due[0] <= 1000.0 + len(m.NODE))

    declare(monkeypatch, add)
    data = Data(support.case("rule-calm"))
    template = Template(data.instance)
    hit = next(node for node in data.tree.nodes if node.in_force)
    template.learn([])
    with pytest.raises(AssertionError, match="belongs to no node"):
        template.learn([(hit.period, data.states[hit.id])])
