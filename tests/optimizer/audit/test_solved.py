"""Plans that the solver found for the reference cases pass; the same plans with a fault in any family do not.

The audit may not be lax either: no plan it passes is cheaper than the reference optimum, which a program that
shares nothing with this project has computed.
"""

from __future__ import annotations

import copy
import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models.instance import Instance
from models.options import Options
from models.plan import Certificate, Plan
from optimizer.audit import FAMILIES, audit
from optimizer.solve import solve

Raw = dict[str, Any]
Plant = Callable[[Raw, Raw], bool]

CASES = Path(__file__).parents[2] / "cases"
EXPECTED = json.loads((CASES / "expected.json").read_text())
NAMES = [
    name if name.startswith("rule-") else pytest.param(name, marks=pytest.mark.slow)
    for name in sorted(EXPECTED)
]
GAP = 1e-3


@functools.cache
def solved(name: str) -> tuple[Raw, Raw]:
    """The instance and the plan found for it, as plain data."""
    raw = json.loads((CASES / f"{name}.json").read_text())
    plan = solve(Instance.parse(raw), Options(relative_gap=GAP, marginals=False))
    assert plan.commitments is not None, f"{name}: {plan.status}"
    return raw, plan.model_dump(mode="json")


def judge(raw: Raw, plan: Raw) -> Certificate:
    """Audit plain data, as a plan of this instance."""
    instance = Instance.parse(raw)
    return audit(instance, Plan.model_validate({**plan, "fingerprint": instance.fingerprint()}))


def beyond(certificate: Certificate) -> set[str]:
    """Families with a residual beyond the tolerance."""
    return {r.family for r in certificate.residuals if r.relative > certificate.tolerance}


@pytest.mark.parametrize("name", NAMES)
def test_solved_plan_passes_and_is_not_below_the_reference_optimum(name: str) -> None:
    certificate = judge(*solved(name))
    assert certificate.passed, certificate.findings
    optimum = EXPECTED[name]["objective"]
    assert optimum * (1 - 1e-6) <= certificate.objective <= optimum / (1 - GAP) * (1 + 1e-6)
    assert certificate.bound is not None
    assert certificate.bound <= optimum * (1 + 1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_no_operation_can_be_changed_by_a_thousandth(name: str) -> None:
    """The largest value of every variable, a thousandth up."""
    raw, plan = solved(name)
    for variable, columns in plan["operations"].items():
        i = max(range(len(columns["value"])), key=columns["value"].__getitem__)
        changed = copy.deepcopy(plan)
        changed["operations"][variable]["value"][i] *= 1.001
        assert not judge(raw, changed).passed, variable


def largest(variable: str, value: Callable[[float], float]) -> Plant:
    """Change the largest value of a variable; False if the plan has none."""

    def plant(_: Raw, plan: Raw) -> bool:
        values = plan["operations"].get(variable, {"value": []})["value"]
        if values:
            i = max(range(len(values)), key=values.__getitem__)
            values[i] = value(values[i])
        return bool(values)

    return plant


def commit(_: Raw, plan: Raw) -> bool:
    signed = plan["commitments"]["agreements"]
    signed += signed[:1]
    return bool(signed)


def drop_node(_: Raw, plan: Raw) -> bool:
    plan["tree"].pop()
    return True


def dearer(_: Raw, plan: Raw) -> bool:
    plan["objective"] *= 1.001
    return True


def allocations(raw: Raw, plan: Raw) -> bool:
    raw["allocations"] = [{"id": "no spot at all", "where": {"categories": ["spot"]}, "max": 0.0}]
    return "spot" in plan["operations"]


def shares(raw: Raw, plan: Raw) -> bool:
    raw.setdefault("risk", {})["shares"] = [{"max_share": 0.5}]  # half of everything may come from anywhere
    nodes = {n["id"] for n in plan["tree"] if n["period"] == 0}  # all calm in these cases, or known to be hit
    return any(nodes & set(plan["operations"].get(v, {"node": []})["node"]) for v in ("deliver", "spot"))


def cover(raw: Raw, _: Raw) -> bool:
    raw.setdefault("risk", {})["cover"] = [
        {"commodity": q["commodity"], "days": 1e5} for q in raw["demand"][:1]
    ]
    return True


def service(raw: Raw, plan: Raw) -> bool:
    segments = {q["segment"] for q in raw["demand"]}
    raw.setdefault("risk", {})["service"] = [{"segment": s, "min_fraction": 1.0} for s in sorted(segments)]
    return "short" in plan["operations"]


def concentration(raw: Raw, plan: Raw) -> bool:
    raw.setdefault("risk", {})["concentration"] = [{"hhi": 1e-3}]  # a thousand countries, which there are not
    nodes = {n["id"] for n in plan["tree"] if n["period"] == 0}
    return any(nodes & set(plan["operations"].get(v, {"node": []})["node"]) for v in ("deliver", "spot"))


def chance(raw: Raw, plan: Raw) -> bool:
    segments = {q["segment"] for q in raw["demand"]}
    raw.setdefault("risk", {})["chance"] = [{"segment": s, "probability": 1.0} for s in sorted(segments)]
    likely = {row["id"] for row in plan["tree"] if row["probability"] > 1e-6}
    return any(node in likely for node in plan["operations"].get("short", {}).get("node", []))


def loss(raw: Raw, plan: Raw) -> bool:
    raw.setdefault("risk", {})["expected_loss_limit"] = 0.999 * plan["risk"]["expected_loss"]
    return bool(plan["risk"]["expected_loss"] > 0)


FAULTS: list[tuple[str, Plant]] = [
    ("commit", commit),
    ("contracts", largest("deliver", lambda v: 100 * v)),
    ("spot", largest("spot", lambda v: 100 * v)),
    ("projects", largest("run", lambda v: 100 * v)),
    ("pool", largest("release", lambda v: 1.001 * v)),
    ("pool", largest("inject", lambda v: 0.999 * v)),
    ("stock", largest("stock", lambda v: 1.001 * v)),
    ("consumers", largest("bought", lambda v: 1.001 * v)),
    ("consumers", largest("short", lambda v: 0.999 * v)),
    ("money", largest("cash", lambda v: 1.001 * v)),
    ("money", largest("drawn", lambda v: 1.001 * v)),
    ("bounds", largest("bought", lambda v: -v)),
    ("tree", drop_node),
    ("objective", dearer),
    ("allocations", allocations),
    ("shares", shares),
    ("cover", cover),
    ("service", service),
    ("concentration", concentration),
    ("chance", chance),
    ("loss", loss),
]


@pytest.mark.parametrize("name", NAMES)
def test_a_fault_in_any_family_is_found_and_named(name: str) -> None:
    planted = set()
    for family, plant in FAULTS:
        raw, plan = copy.deepcopy(solved(name))
        if plant(raw, plan):
            planted.add(family)
            certificate = judge(raw, plan)
            assert not certificate.passed, family
            assert family in beyond(certificate), (family, certificate.findings)
            assert any(f.startswith(family) for f in certificate.findings)
    assert planted >= {"bounds", "tree", "objective", "cover", "pool", "consumers"}


def test_every_family_has_a_fault() -> None:
    assert {family for family, _ in FAULTS} == set(FAMILIES)
