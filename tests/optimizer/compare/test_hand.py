"""The frontier, what enters, what a dollar saves, and regret, against the arithmetic of lumps.py."""

from __future__ import annotations

import pytest

from models.alternatives import Alternative, Fixed, FixedAgreement, budgets
from models.faults import FaultyAlternatives
from models.options import Options
from optimizer.compare import DESCRIPTIONS, Comparison, compare
from optimizer.compare.words import summary
from tests.optimizer.compare.lumps import ENVELOPES, OBJECTIVE, SIGNED, instance

EXACT = Options(relative_gap=0.0)


@pytest.fixture(scope="module")
def frontier() -> Comparison:
    """Three envelopes, the one in the middle first."""
    return compare(instance(), budgets(instance(), (1300.0, 500.0, 3000.0)), EXACT, baseline="500")


def column(comparison: Comparison, name: str) -> dict[str, float]:
    table: dict[str, float] = comparison.tables["alternatives"].set_index("alternative")[name].to_dict()
    return table


def test_frontier(frontier: Comparison) -> None:
    assert list(frontier.plans) == ["1300", "500", "3000"]
    assert column(frontier, "objective") == pytest.approx(OBJECTIVE)
    assert column(frontier, "bound") == pytest.approx(OBJECTIVE)
    assert column(frontier, "expected_cost") == pytest.approx({"500": 500.0, "1300": 1300.0, "3000": 2000.0})
    assert column(frontier, "expected_loss") == pytest.approx(
        {"500": 6600.0, "1300": 3800.0, "3000": 0.0}, abs=1e-6
    )
    assert column(frontier, "drawn_most") == pytest.approx({"500": 500.0, "1300": 1300.0, "3000": 2000.0})
    for name, plan in frontier.plans.items():
        assert plan.commitments is not None
        assert {a.id for a in plan.commitments.agreements} == SIGNED[name]
        assert plan.certificate is not None
        assert plan.certificate.passed


def test_a_dollar_saves_what_a_little_more_envelope_shows(frontier: Comparison) -> None:
    # 1 USD where spot is bought at the margin, nothing where money is left.
    saves = column(frontier, "marginal_dollar")
    assert saves == pytest.approx({"500": 1.0, "1300": 1.0, "3000": 0.0}, abs=1e-6)
    more = compare(instance(), budgets(instance(), [e + 10.0 for e in ENVELOPES]), EXACT, regret=False)
    steps = zip(sorted(OBJECTIVE.values()), sorted(column(more, "objective").values()), strict=True)
    found = [(before - after) / 10.0 for before, after in steps]
    assert found == pytest.approx(sorted(saves.values()), abs=1e-6)


def test_what_enters_and_leaves(frontier: Comparison) -> None:
    rows = frontier.tables["entering"]
    found = {(r.alternative, r.id, r.change, r.amount_before, r.amount) for r in rows.itertuples()}
    assert found == {
        ("1300", "big", "enters", 0.0, 60.0),
        ("1300", "small", "leaves", 30.0, 0.0),
        ("3000", "small", "enters", 0.0, 30.0),
    }
    assert set(rows["unit"]) == {"t/year"}


def test_regret(frontier: Comparison) -> None:
    # small under 1300: 20 t of spot, 50 missing: 5000 + 1300 = 6300. Under 3000: 54 t of spot, 16 missing:
    # 1600 + 3000 = 4600. big under 3000: 36 t of spot, 4 missing: 400 + 3000 = 3400. big needs 1200 and both
    # need 1500, so they cannot be had for less.
    rows = frontier.tables["regret"].set_index(["plan_of", "judged_by"])
    assert len(rows) == 9
    expected = {
        ("500", "1300"): 6300.0, ("500", "3000"): 4600.0, ("1300", "3000"): 3400.0,
        **{(name, name): value for name, value in OBJECTIVE.items()},
    }  # fmt: skip
    met = rows[rows["feasible"]]
    assert met["objective"].to_dict() == pytest.approx(expected)
    for (plan, by), regret in met["regret"].to_dict().items():
        assert regret == pytest.approx(expected[plan, by] - OBJECTIVE[by], abs=1e-6)
        assert regret >= 0
        assert plan != by or regret == 0
    not_met = rows[~rows["feasible"]]
    assert set(not_met.index) == {("1300", "500"), ("3000", "500"), ("3000", "1300")}
    assert not_met["regret"].isna().all()
    assert (
        "the envelope of 500 USD (they draw 1,300 USD under their own rules)"
        in not_met.loc[("1300", "500"), "why"]
    )


def test_differences(frontier: Comparison) -> None:
    rows = frontier.tables["differences"].set_index(["alternative", "measure"])
    assert frontier.baseline == "500"
    assert rows.loc[("1300", "objective"), "difference"] == pytest.approx(-2000.0)
    assert rows.loc[("3000", "expected_loss"), "baseline_value"] == pytest.approx(6600.0)
    assert rows.loc[("3000", "expected_loss:general"), "difference"] == pytest.approx(-6600.0)
    assert (rows.loc["500", "difference"] == 0).all()
    assert rows.loc[("3000", "envelope"), "unit"] == "USD"


def test_figures(frontier: Comparison) -> None:
    # All of it from the USA, which is a group of its own here; 60, 30 and 10 t of one country.
    whole = frontier.tables["concentration"].set_index("alternative").loc["3000"]
    assert (whole["commodity"], whole["tonnes"], whole["hhi"]) == ("ga", pytest.approx(100.0), 1.0)
    assert (whole["largest_country"], whole["largest_share"]) == ("USA", 1.0)
    assert column(frontier, "planned_spend")["3000"] == pytest.approx(2000.0)
    assert column(frontier, "domestic_share")["3000"] == 1.0
    assert column(frontier, "allied_share")["3000"] == 0.0
    made = frontier.tables["commitments"]
    assert set(made.loc[made["alternative"] == "3000", "id"]) == {"big", "small"}
    assert list(frontier.tables) == list(DESCRIPTIONS)


def test_in_words(frontier: Comparison) -> None:
    text = summary(frontier)
    assert "500 *" in text
    assert "1300 · enters: big 60 t/year; leaves: small" in text
    assert "2,600" in text, "small under 3000: 4600 - 2000"
    assert max(map(len, text.splitlines())) <= 96


def alternatives() -> tuple[Alternative, ...]:
    whole = instance()
    small = Fixed(agreements=(FixedAgreement(id="small", volume=30.0),))
    # Loss counts half: 1 USD of spot saves 1 USD of loss, nothing net; big saves 3000 for 1200 and small
    # 1500 for 300, so both are signed: 1500 + 0.5·1000, whatever spot does.
    goal = whole.objective.model_copy(update={"loss_weight": 0.5})
    return (
        Alternative("free", whole),
        Alternative("without big", whole, forbid=("big",)),
        Alternative("small alone", whole, fix=small),
        Alternative("big", instance(agreements=[]), ()),
        Alternative("half", whole.model_copy(update={"objective": goal})),
        Alternative("must", instance(budget={"envelope": 1600.0}), force=("small",)),
    )


def test_alternatives_of_every_kind() -> None:
    # without big, and small alone: 54 t of spot, 16 missing, 4600. Without contracts: 60 t of spot, 40
    # missing: 3000 + 4000. half: 2000. must: both, 2 t of spot, 8 missing: 1600 + 800.
    comparison = compare(instance(), alternatives(), EXACT)
    best = {"free": 2000.0, "without big": 4600.0, "small alone": 4600.0, "big": 7000.0, "half": 2000.0,
            "must": 2400.0}  # fmt: skip
    assert column(comparison, "objective") == pytest.approx(best)
    rows = comparison.tables["regret"].set_index(["plan_of", "judged_by"])
    assert rows.loc[("free", "without big"), "why"] == "big is forbidden there"
    assert rows.loc[("free", "small alone"), "why"] == "its own commitments are fixed there"
    assert rows.loc[("free", "big"), "why"] == "big does not exist there; small does not exist there"
    assert rows.loc[("big", "must"), "why"] == "small is forced there"
    assert rows.loc[("without big", "free"), "regret"] == pytest.approx(2600.0)
    # No contracts under half the loss: spot neither saves nor costs; 0.5·10000 with or without.
    assert rows.loc[("big", "half"), "objective"] == pytest.approx(5000.0)


def test_names_and_baseline_are_checked() -> None:
    rows = (Alternative("a/b", instance()), Alternative("x", instance()), Alternative("X", instance()))
    with pytest.raises(FaultyAlternatives) as caught:
        compare(instance(), rows, baseline="y")
    assert len(caught.value.faults) == 3
    with pytest.raises(FaultyAlternatives, match="at least one alternative"):
        compare(instance(), ())
