"""The numbers in which alternatives may differ and still share one compiled programme.

They are right-hand sides, bounds, and the weights of the objective. Everything else of an instance is its
*kind*: alternatives of one kind have the same rows, columns and coefficients.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from typing import Any

from models.alternatives import Alternative
from models.instance import Instance, at

Limit = tuple[str, float, int]
"""What it is, its value (infinite if absent), and 1 if more of it allows more, -1 if less does."""

THERE = "a number"


def tail_matters(rules: Instance) -> bool:
    """Whether the formulation speaks of CVaR."""
    goal = rules.objective
    return rules.risk.cvar_limit is not None or (goal.cvar_weight > 0 and goal.loss_weight > 0)


def kind(rules: Instance) -> str:
    """The same for instances that differ in nothing but names and numbers of :func:`limits` and weights."""
    raw: dict[str, Any] = rules.model_dump(mode="json")
    raw["name"] = raw["description"] = ""

    def blank(row: dict[str, Any] | None, *fields: str, absent_too: bool = False) -> None:
        for field in fields:
            if row is not None and (absent_too or row.get(field) is not None):
                row[field] = THERE

    blank(raw["budget"], "envelope")
    for source in (raw["budget"] or {}).get("sources") or ():
        blank(source, "amount", "available", absent_too=True)
    for rule in raw["allocations"]:
        blank(rule, "min", "max")
    blank(raw["risk"], "cvar_limit", "expected_loss_limit", "emissions_limit")
    for rule in raw["risk"]["cover"]:
        blank(rule, "days")
    for rule in raw["risk"]["service"]:
        blank(rule, "min_fraction")
    blank(raw["objective"], "cost_weight", "loss_weight", "cvar_weight")
    raw["tail"] = tail_matters(rules)
    return hashlib.sha256(json.dumps(raw, sort_keys=True).encode()).hexdigest()


def limits(rules: Instance) -> Iterator[Limit]:
    """Every limit, in an order that is the same for instances of one kind."""
    budget, risk = rules.budget, rules.risk
    if budget is not None:
        yield "envelope", _or(budget.envelope, math.inf), 1
        for source in budget.sources or ():
            yield f"amount of source {source.id}", _or(source.amount, math.inf), 1
            for t in range(rules.horizon.periods):
                there = math.inf if source.available is None else at(source.available, t)
                yield f"source {source.id} in {_year(rules, t)}", there, 1
    for rule in rules.allocations:
        yield f"least spend of allocation {rule.id}", _or(rule.min, -math.inf), -1
        yield f"most spend of allocation {rule.id}", _or(rule.max, math.inf), 1
    for number, cover in enumerate(risk.cover, start=1):
        yield f"days of cover of {cover.commodity} (rule {number})", cover.days, -1
    for number, service in enumerate(risk.service, start=1):
        yield f"service of {service.segment} (rule {number})", service.min_fraction, -1
    yield "limit on CVaR", _or(risk.cvar_limit, math.inf), 1
    yield "limit on expected loss", _or(risk.expected_loss_limit, math.inf), 1
    yield "limit on emissions", _or(risk.emissions_limit, math.inf), 1


def _or(value: float | None, absent: float) -> float:
    return absent if value is None else value


def _year(rules: Instance, t: int) -> str:
    return f"{rules.horizon.start_year + t * rules.horizon.period_years:g}"


def weights(alternative: Alternative) -> tuple[float, float, float, float]:
    """w_c, w_l, λ, α."""
    goal = alternative.rules.objective
    return goal.cost_weight, goal.loss_weight, goal.cvar_weight, goal.cvar_alpha


def stricter(one: Alternative, other: Alternative) -> list[str]:
    """What ``one`` limits more than ``other`` does, in words; both of one kind."""
    return [
        what
        for (what, mine, sign), (_, theirs, _) in zip(limits(one.rules), limits(other.rules), strict=True)
        if sign * mine < sign * theirs
    ] + _decided_more(one, other)


def _decided_more(one: Alternative, other: Alternative) -> list[str]:
    found = [f"{m} is forced" for m in one.force if m not in other.force]
    found += [f"{m} is forbidden" for m in one.forbid if m not in other.forbid]
    return [*found, *(["commitments are fixed"] if one.fix is not None and one.fix != other.fix else [])]


def allows(lax: Alternative, strict: Alternative) -> bool:
    """Whether every plan of ``strict`` is one of ``lax``, at the same objective; both of one kind."""
    return weights(lax) == weights(strict) and not stricter(lax, strict)
