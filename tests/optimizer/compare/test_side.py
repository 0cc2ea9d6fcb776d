"""Two alternatives side by side, by hand; plans that were found apart against those found together."""

from __future__ import annotations

import pandas as pd
import pytest

from models.alternatives import budgets
from models.faults import FaultyAlternatives, UnknownItem
from models.instance import Instance
from models.options import Options
from models.plan import Plan
from optimizer.compare import compare
from optimizer.compare.apart import NEAR, REGRET, apart
from optimizer.compare.side import side_by_side
from optimizer.solve import solve
from tests.optimizer.compare.lumps import instance
from tests.optimizer.report import made

EXACT = Options(relative_gap=0.0)


def test_a_larger_budget_in_words() -> None:
    # 180 m less 90 m; 300 m less 500 m; 1.4 bn less 2 bn; 600 m less 700 m.
    told = side_by_side(made.comparison(), "100 m", "200 m", {"a": "Aussie Gallium"})
    assert told.words == (
        "Against 100 m, 200 m costs 90 m USD more (180 m against 90 m), expected and discounted.",
        "Its expected loss is 200 m USD lower (300 m against 500 m); in the worst cases (CVaR) the loss is"
        " 600 m USD lower (1.4 bn against 2 bn).",
        "Cost and risk together, as the objective weighs them: 100 m USD lower (600 m against 700 m).",
        "Only 200 m funds k (10 t/year from 2028).",
        "Larger under 200 m: Aussie Gallium [a] (50 → 80 t/year).",
        "general runs short less often under 200 m: with probability 40 % against 50 %, at an expected loss"
        " of 100 m USD against 200 m.",
        "defense runs short less often under 200 m: with probability 40 % against 50 %, at an expected loss"
        " of 50 m USD against 100 m.",
        "25 % of planned spend goes to supply at home, against 50 %.",
    )
    measures = told.figures.set_index("measure")
    assert measures.loc["cvar", ["left", "right", "difference"]].to_list() == [2e9, 1.4e9, -0.6e9]


def test_what_leaves_opens_and_moves() -> None:
    told = side_by_side(made.comparison(), "200 m", "300 m")
    assert "Only 300 m opens vault (1,000 m³ from 2027)." in told.words
    assert "Only 200 m signs a (80 t/year from 2027)." in told.words
    assert "At another time: k (2028 → 2029)." in told.words
    changes = told.commitments.set_index("id")["change"].to_dict()
    assert changes == {"a": "left", "k": "moved", "vault": "right"}
    # The other way round it is the mirror image.
    back = side_by_side(made.comparison(), "300 m", "200 m")
    assert back.commitments.set_index("id")["change"].to_dict() == {
        "a": "right",
        "k": "moved",
        "vault": "left",
    }
    assert back.figures["difference"].dropna().to_list() == (-told.figures["difference"].dropna()).to_list()


def test_an_alternative_beside_itself() -> None:
    told = side_by_side(made.comparison(), "200 m", "200 m")
    assert "Both commit to the same: 2 items, alike in size and start." in told.words
    assert (told.figures["difference"].dropna() == 0).all()


def test_no_plan_and_no_such_alternative() -> None:
    assert side_by_side(made.comparison(), "none", "100 m").words == ("none has no plan: it is infeasible.",)
    with pytest.raises(UnknownItem, match="No alternative is called 'x'; there are 100 m, 200 m"):
        side_by_side(made.comparison(), "100 m", "x")


def test_tables_that_are_not_there_say_nothing() -> None:
    tables = {name: made.comparison()[name] for name in ("alternatives", "commitments")}
    told = side_by_side(tables, "100 m", "200 m")
    assert not any("short" in words or "Days" in words for words in told.words)


@pytest.fixture(scope="module")
def two() -> list[tuple[str, Instance, Plan]]:
    return [(a.name, a.instance, solve(a.instance, EXACT)) for a in budgets(instance(), (500.0, 1300.0))]


def test_apart_is_as_together_but_for_regret(two: list[tuple[str, Instance, Plan]]) -> None:
    found = apart(two)
    together = compare(instance(), budgets(instance(), (500.0, 1300.0)), EXACT).tables
    assert set(found.tables) == set(together)
    for name, table in together.items():
        if name == "regret":
            assert found.tables[name].empty
            assert list(found.tables[name].columns) == list(table.columns)
            continue
        left, right = (
            t.drop(columns=["seconds", "reused"], errors="ignore") for t in (found.tables[name], table)
        )
        pd.testing.assert_frame_equal(left, right, rtol=1e-9, atol=1e-6)
    assert found.unknown == (REGRET, NEAR)
    assert found.differ == ("1300 has an envelope of 1,300 USD, 500 one of 500 USD; nothing else differs.",)


def test_how_instances_differ(two: list[tuple[str, Instance, Plan]]) -> None:
    name, small, plan = two[0]
    again = [("first", small, plan), ("second", small, plan)]
    assert apart(again).differ == ()
    assert apart(again).unknown == (REGRET,)

    def beside(changed: Instance) -> tuple[str, ...]:
        moved = plan.model_copy(update={"fingerprint": changed.fingerprint()})
        return apart([(name, small, plan), ("other", changed, moved)]).differ

    weighed = small.model_copy(update={"objective": small.objective.model_copy(update={"loss_weight": 2.0})})
    assert beside(weighed) == ("other weighs cost and risk differently than 500.",)
    limited = small.model_copy(update={"risk": small.risk.model_copy(update={"expected_loss_limit": 1e12})})
    assert "other is solved for another instance" in beside(limited)[0]
    renamed = small.model_copy(update={"discount_rate": 0.5})
    assert beside(renamed) == (
        "other is solved for another instance than 500: they differ in discount rate.",
    )


def test_what_cannot_be_laid_side_by_side(two: list[tuple[str, Instance, Plan]]) -> None:
    with pytest.raises(FaultyAlternatives, match="each name once"):
        apart([two[0], two[0]])
    with pytest.raises(FaultyAlternatives, match="at least one plan"):
        apart([])
    with pytest.raises(FaultyAlternatives, match="one of 500, 1300"):
        apart(two, "x")
    with pytest.raises(ValueError, match="not for the instance"):
        apart([("wrong", two[1][1], two[0][2])])
