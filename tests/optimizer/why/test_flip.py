"""What a decision costs: by hand, and against instances that force it with a choice of their own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from models.instance import Instance
from optimizer.solve import solve
from optimizer.why import explain, explain_item
from optimizer.why.decisions import flips, tables
from optimizer.why.flip import Flip, flip, settle
from optimizer.why.ground import Ground
from optimizer.why.margin import margin
from optimizer.why.offers import offers
from tests.optimizer.byhand.base import by_hand, contract, offer
from tests.optimizer.byhand.rules import AUS, spread
from tests.optimizer.support import case
from tests.optimizer.why.cases import EXACT, agreement, ground, instance, refinery, solved, spot

SMALL = ("rule-envelope", "rule-plant-first", "rule-own-country", "rule-supported-plant", "reserve/gap")


def price(on: Ground, id_: str) -> Flip:
    option = on.options_on_offer[id_]
    return settle(on, flip(on, option), 1e-9 * abs(on.best), 60.0)


def usd(on: Ground, known: Flip) -> tuple[float, float]:
    return on.usd(known.low), on.usd(known.high)


def test_forcing_an_agreement_that_does_not_pay() -> None:
    # 50 t under a ban of ½ save ½·(900 - 850)·50 = 1,250; signing costs 2,000: 750 too dear.
    on = ground(agreements=[agreement(price=850.0, most=50.0, least=30.0, signing_cost=2000.0)])
    known = price(on, "aus")
    assert known.forced
    assert usd(on, known) == (pytest.approx(750.0), pytest.approx(750.0))
    # It pays for ½·50 = 25 t in expectation: 30 USD/t off are enough. At 820 it gains ½·80·50 = 2,000: even.
    row = tables(on, [known])["not_chosen"].iloc[0]
    assert row["cut_enough"] == pytest.approx(30.0)
    assert not row["cut_is_exact"]
    for asked, signed in ((819.99, 1), (820.01, 0)):
        _, plan = solved(agreements=[agreement(price=asked, most=50.0, least=30.0, signing_cost=2000.0)])
        assert plan.commitments is not None
        assert len(plan.commitments.agreements) == signed


def test_doing_without_what_pays() -> None:
    # ½·(900 - 700)·50 = 5,000 less 2,000 to sign: 3,000.
    on = ground(agreements=[agreement(price=700.0, most=50.0, least=30.0, signing_cost=2000.0)])
    known = price(on, "aus")
    assert not known.forced
    assert usd(on, known) == (pytest.approx(3000.0), pytest.approx(3000.0))


def test_a_choice_lets_go_of_the_other_member() -> None:
    # a gains ½·(900-700)·30 - 1,000 = 2,000, b ½·(900-800)·30 - 1,000 = 500; at most one of them.
    two = [
        agreement("a", price=700.0, most=30.0, least=30.0, signing_cost=1000.0),
        agreement("b", price=800.0, most=30.0, least=30.0, signing_cost=1000.0),
    ]
    on = ground(agreements=two, choices=[{"id": "one", "members": ["a", "b"], "max": 1}])
    assert usd(on, price(on, "b")) == (pytest.approx(1500.0), pytest.approx(1500.0))
    assert usd(on, price(on, "a")) == (pytest.approx(1500.0), pytest.approx(1500.0))


def test_what_is_required_is_paid_too() -> None:
    # The agreement gains ½·200·30 - 1,000 = 2,000 but waits for a refinery that costs 5,000 and is no use.
    waits = agreement(price=700.0, most=30.0, least=30.0, signing_cost=1000.0, requires=["refinery"])
    idle = refinery(0.0, capex_fixed=10000.0, opex=1000.0)
    on = ground(agreements=[waits], projects=[idle])
    assert usd(on, price(on, "aus")) == (pytest.approx(3000.0), pytest.approx(3000.0))
    assert usd(on, price(on, "refinery")) == (pytest.approx(3000.0), pytest.approx(3000.0))


def test_what_cannot_be_done_without() -> None:
    must = {"choices": [{"id": "must", "members": ["aus"], "min": 1}]}
    on = ground(agreements=[agreement(price=850.0, most=50.0, least=30.0)], **must)
    known = price(on, "aus")
    assert known.impossible
    told = tables(on, [known])["chosen"].iloc[0]
    assert told["impossible"]


def test_two_slopes_at_a_corner() -> None:
    # A t/year costs 100 now and ½·400 under the ban, 300. Up to 60 t it saves ½·900, 450; beyond ½·500, 250.
    on = ground(agreements=[agreement(price=400.0, most=80.0, prepayment=100.0)])
    side = margin(on, on.options_on_offer["aus"])
    assert side is not None
    assert side.more == pytest.approx(-50.0)
    assert side.less == pytest.approx(150.0)


def test_at_the_largest_size_there_is_no_more_but_it_has_a_worth() -> None:
    # Only 40 t on offer: one more t/year would save 450 - 300.
    on = ground(agreements=[agreement(price=400.0, most=40.0, prepayment=100.0)])
    side = margin(on, on.options_on_offer["aus"])
    assert side is not None
    assert side.more is None
    assert side.less == pytest.approx(150.0)
    worth = offers(on).set_index("id")["value_usd"]
    assert worth["aus"] == pytest.approx(150.0)


def test_worth_of_depth_and_of_supply() -> None:
    # 40 t of spot at 770: one more t/year is taken under the ban only, ½·(900 - 770). Supply from CHN is
    # banned when it counts; from AUS it would save ½·900 under the ban, less nothing: it need not be paid.
    market = [
        {"commodity": "ga", "country": "CHN", "quantity": 90.0},
        {"commodity": "ga", "country": "AUS", "quantity": 10.0},
    ]
    worth = offers(ground(spot=[spot(0.1, 40.0)], market=market)).set_index("id")["value_usd"]
    assert worth["spot"] == pytest.approx(65.0)
    assert worth["ga from ally"] == pytest.approx(450.0)
    assert worth["ga from adversary"] == 0.0


def forced(there: Instance, id_: str, yes: bool) -> Instance:
    """The instance with a choice that forces an option, or forbids it."""
    raw: dict[str, Any] = there.as_dict()
    rule = {"id": "forced", "members": [id_], **({"min": 1} if yes else {"max": 0})}
    return Instance.parse({**raw, "choices": [*raw.get("choices", []), rule]})


@pytest.mark.parametrize("name", SMALL)
def test_prices_are_those_of_instances_that_force_them(name: str) -> None:
    there = case(name)
    plan = solve(there, EXACT)
    assert plan.objective is not None
    on = Ground(there, plan, EXACT)
    size = max(1.0, abs(plan.objective))
    for id_, option in on.options_on_offer.items():
        quick = flip(on, option)
        known = price(on, id_)
        other = solve(forced(there, id_, known.forced), EXACT)
        assert 0.0 <= quick.low <= quick.high
        if other.objective is None:
            assert known.impossible
            continue
        true = other.objective - plan.objective
        assert on.usd(known.low) == pytest.approx(true, abs=2e-6 * size)
        assert on.usd(known.high) == pytest.approx(true, abs=2e-6 * size)
        assert on.usd(quick.low) <= true + 2e-6 * size
        assert on.usd(quick.high) >= true - 2e-6 * size


def test_decisions_that_are_no_commitments_follow() -> None:
    # Half the demand must be served with probability 1, so under the ban too: 50 t, under the agreement at
    # ½·850·50 + 2,000 less ½·900·50 saved, 750 more than nothing; or by spot at 1,400, ½·(1,400 - 900)·50 =
    # 12,500. Doing without the agreement costs 11,750. Whether the rule is kept is a decision of its own.
    on = ground(
        agreements=[agreement(price=850.0, most=50.0, least=30.0, signing_cost=2000.0)],
        spot=[spot(1.0)],
        risk={"chance": [{"segment": "defense", "min_fraction": 0.5, "probability": 1.0}]},
    )
    assert len(on.integers) > len(on.decided)
    known = price(on, "aus")
    assert not known.forced
    assert usd(on, known) == (pytest.approx(11750.0), pytest.approx(11750.0))


def test_a_rule_on_concentration_is_kept_while_pricing() -> None:
    # Of 200 t the share s comes from USA at 10 USD/t, the rest from AUS: s² + (1-s)² = 0.7. AUS sells
    # under an agreement at 12 USD/t and 100 to sign it, or on the spot at 20. Doing without costs
    # 200·8·(1-s) - 100.
    far = contract("far-agreement", price=12.0, least=10.0, signing_cost=100.0, country="AUS")
    there = by_hand(None, spot=[offer(), AUS], agreements=[far], risk=spread(0.7)).instance
    on = Ground(there, solve(there, EXACT), EXACT)
    assert on.curved
    option = on.options_on_offer["far-agreement"]
    s = (1 + math.sqrt(2 * 0.7 - 1)) / 2
    true = 200 * 8 * (1 - s) - 100
    quick = flip(on, option)
    assert not quick.forced
    assert on.usd(quick.low) <= true * (1 + 1e-6)
    assert on.usd(quick.high) >= true * (1 - 1e-6)
    known = settle(on, quick, 1e-7 * abs(on.best), 60.0)
    assert usd(on, known) == (pytest.approx(true, rel=1e-4), pytest.approx(true, rel=1e-4))
    assert explain(there, on.plan, options=EXACT, seconds=60.0).tables["chosen"]["id"].tolist() == [
        "far-agreement"
    ]


def test_bounds_hold_without_a_search() -> None:
    there, plan = solved(agreements=[agreement(price=850.0, most=50.0, least=30.0, signing_cost=2000.0)])
    on = Ground(there, plan, EXACT, seconds=0.0)
    (known,) = flips(on, on.options_on_offer.values(), report=lambda *_: None)
    assert on.usd(known.low) <= 750.0 + 1e-6
    assert on.usd(known.high) >= 750.0 - 1e-6


def test_a_plan_that_is_not_the_best_is_told_so() -> None:
    there, plan = solved(agreements=[agreement(price=700.0, most=50.0, least=30.0, signing_cost=2000.0)])
    worse = solve(forced(there, "aus", False), EXACT).model_copy(update={"fingerprint": there.fingerprint()})
    why = explain(there, worse, options=EXACT)
    row = why.tables["not_chosen"].set_index("id").loc["aus"]
    assert row["high_usd"] == 0.0
    assert row["better_usd"] == pytest.approx(3000.0)
    assert "is not the best" in " ".join(why.text.split())
    assert plan.objective == pytest.approx((worse.objective or 0.0) - 3000.0)


def test_a_plan_for_another_instance_is_refused() -> None:
    _, plan = solved()
    with pytest.raises(ValueError, match="another instance"):
        Ground(instance(spot=[spot(0.1)]), plan)


def test_a_page_of_one_item() -> None:
    there, plan = solved(agreements=[agreement(price=850.0, most=50.0, least=30.0, signing_cost=2000.0)])
    why = explain_item(there, plan, "aus", options=EXACT)
    assert "Signing it would cost 750 USD." in why.text
    assert dict(zip(*why.tables["facts"].T.to_numpy(), strict=True))["supplier"] == "Gallium of aus"
    assert np.isclose(why.tables["not_chosen"]["high_usd"].iloc[0], 750.0)
    for item in ("ga", "CHN", "adversary", "ban", "ga:all"):
        assert item in explain_item(there, plan, item, options=EXACT).text
