"""Near-optimal alternatives of a small knapsack, against all its choices one by one."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from optimizer.why.decisions import flips
from optimizer.why.ground import Ground
from optimizer.why.instead import changes, tables
from optimizer.why.near import alternatives
from tests.optimizer.why.cases import EXACT, agreement, solved

# Six lots of gallium, taken or paid for: (tonnes, price, signing cost). Nothing else comes to market and a
# tonne short costs 1,000 of the 100 t wanted; 60,000 USD are there to spend.
LOTS = [(20, 500, 1000), (25, 600, 500), (10, 300, 4000), (30, 700, 900), (15, 900, 100), (5, 950, 50)]
MONEY, WANTED, SHORT, WITHIN = 60000.0, 100.0, 1000.0, 0.15
TABLES: dict[str, Any] = {
    "demand": [
        {
            "id": "ga:all",
            "commodity": "ga",
            "segment": "defense",
            "quantity": WANTED,
            "shortage_cost": [{"share": 1.0, "cost": SHORT}],
        }
    ],
    "market": [],
    "scenarios": [],
    "agreements": [
        agreement(f"lot{i}", price=p, most=t, least=t, take_or_pay=1.0, signing_cost=s)
        for i, (t, p, s) in enumerate(LOTS)
    ],
    "budget": {"envelope": MONEY},
}
Choice = tuple[int, ...]


def objective(choice: Choice) -> float | None:
    """Of one choice; None if there is no money for it."""
    spent = sum(t * p + s for yes, (t, p, s) in zip(choice, LOTS, strict=True) if yes)
    tonnes = sum(t for yes, (t, _, _) in zip(choice, LOTS, strict=True) if yes)
    return None if spent > MONEY else spent + SHORT * max(0.0, WANTED - tonnes)


def known() -> dict[Choice, float]:
    """All choices that can be paid for, with their objective."""
    every = product((0, 1), repeat=len(LOTS))
    return {choice: value for choice in every if (value := objective(choice)) is not None}


def taken(plan: Any) -> Choice:
    """The choice of a plan."""
    ids = {a.id for a in plan.commitments.agreements}
    return tuple(int(f"lot{i}" in ids) for i in range(len(LOTS)))


def apart(one: Choice, other: Choice) -> int:
    """Hamming distance."""
    return sum(a != b for a, b in zip(one, other, strict=True))


def test_each_is_as_far_as_can_be_and_within_the_limit() -> None:
    every = known()
    best = min(every, key=lambda c: every[c])
    there, plan = solved(**TABLES)
    assert plan.objective == pytest.approx(every[best])
    assert taken(plan) == best
    on = Ground(there, plan, EXACT)
    prices = flips(on, on.options_on_offer.values(), report=lambda *_: None)
    found = alternatives(on, 3, WITHIN, prices, seconds=30.0, report=lambda *_: None)
    near = [c for c, value in every.items() if value <= every[best] * (1 + WITHIN)]
    assert len(near) > 4
    seen = [best]
    for alternative in found:
        choice = taken(alternative.plan)
        furthest = max(sum(apart(c, s) for s in seen) for c in near if c not in seen)
        assert alternative.proven
        assert sum(apart(choice, s) for s in seen) == furthest
        assert alternative.distance == apart(choice, best)
        assert choice not in seen
        assert alternative.plan.objective == pytest.approx(every[choice])
        assert alternative.plan.objective <= plan.objective * (1 + WITHIN) * (1 + 1e-9)
        assert alternative.plan.certificate is not None
        assert alternative.plan.certificate.passed
        seen.append(choice)
    assert len(found) == 3
    told = tables(plan, found)
    assert told["alternatives"]["extra_usd"].tolist() == pytest.approx(
        [every[taken(a.plan)] - every[best] for a in found]
    )
    first = changes(plan, found[0].plan)
    assert len(first) == apart(taken(found[0].plan), best)
    assert len(told["alternative_changes"]) == sum(apart(taken(a.plan), best) for a in found)


def test_the_same_question_has_the_same_answer() -> None:
    there, plan = solved(**TABLES)
    answers = []
    for _ in range(2):
        on = Ground(there, plan, EXACT)
        found = alternatives(on, 2, WITHIN, seconds=30.0, report=lambda *_: None)
        answers.append([taken(a.plan) for a in found])
    assert answers[0] == answers[1]


def test_where_there_is_nothing_near_nothing_is_found() -> None:
    there, plan = solved(**TABLES)
    assert alternatives(Ground(there, plan, EXACT), 2, 0.0, seconds=30.0, report=lambda *_: None) == []
