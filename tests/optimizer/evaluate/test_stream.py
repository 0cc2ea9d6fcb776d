"""Draws: the same whatever the slices and the processes, kept when stopped."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.faults import NoHazards
from models.instance import Instance
from models.plan import Plan
from optimizer.evaluate import (
    Draw,
    EvaluationProgress,
    UnknownWay,
    evaluate,
    page,
    read_evaluation,
    sets,
    setting,
    worker,
    write_evaluation,
)
from optimizer.evaluate.sets import Source
from optimizer.evaluate.setting import Setting
from optimizer.solve import solve
from tests.optimizer.evaluate.support import BANS, EXACT, HAZARDS, reserve


@pytest.fixture(scope="module")
def planned() -> tuple[Instance, Plan]:
    """The six tonnes over six years, with a tail that matters."""
    instance = reserve(
        horizon={"start_year": 2027, "periods": 6},
        scenarios=BANS,
        hazards=HAZARDS,
        objective={"cvar_weight": 0.3, "cvar_alpha": 0.8},
    )
    return instance, solve(instance, EXACT)


def same_tables(one: dict[str, pd.DataFrame], other: dict[str, pd.DataFrame], exact: bool = True) -> None:
    for name, table in one.items():
        mine, theirs = table, other[name]
        if name == "summary":
            mine, theirs = (t[t["measure"] != "seconds"].reset_index(drop=True) for t in (mine, theirs))
        pd.testing.assert_frame_equal(mine, theirs, check_exact=exact, rtol=1e-9, atol=1e-6)


def test_a_seed_repeats_itself_and_another_does_not(planned: tuple[Instance, Plan]) -> None:
    one, two, other = (evaluate(*planned, Draw(40, seed), processes=1) for seed in (3, 3, 4))
    same_tables(one.tables, two.tables)
    assert one.figure("foresight", "expected_loss") != other.figure("foresight", "expected_loss")


@pytest.mark.slow
def test_the_number_of_processes_changes_nothing(planned: tuple[Instance, Plan]) -> None:
    one, two = (
        evaluate(*planned, Draw(60, 5), ways=("foresight", "rolling"), rolling_n=40, processes=n)
        for n in (1, 2)
    )
    same_tables(one.tables, two.tables)


@pytest.mark.slow
def test_slices_change_nothing(planned: tuple[Instance, Plan], monkeypatch: pytest.MonkeyPatch) -> None:
    ways = ("foresight", "rolling")
    one = evaluate(*planned, Draw(60, 5), ways=ways, processes=1)
    monkeypatch.setattr(worker, "SLICE", 7)
    monkeypatch.setattr(worker, "ROLLED", 3)
    two = evaluate(*planned, Draw(60, 5), ways=ways, processes=1)
    same_tables(one.tables, two.tables, exact=False)


def test_probabilities_add_up_over_batches(
    planned: tuple[Instance, Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sets, "BATCH", 16)
    cases = list(Source(planned[0], Draw(40, 1)))
    assert sum(case.scenario.probability for case in cases) == pytest.approx(1.0, abs=1e-12)
    assert len({case.scenario.id for case in cases}) == len(cases)
    found = evaluate(*planned, Draw(40, 1), processes=1)
    assert found.figure("foresight", "probability_evaluated") == pytest.approx(1.0)
    assert len(found.tables["worst"]) <= 10


def test_pieces_and_states_are_let_go_of(
    planned: tuple[Instance, Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is forgotten comes back when asked for: results are the same."""
    one = evaluate(*planned, Draw(50, 2), processes=1)
    monkeypatch.setattr(setting, "MOST_PIECES", 3)
    monkeypatch.setattr(worker, "SLICE", 5)
    held: list[int] = []
    trim = Setting.trim

    def watched(self: Setting) -> None:
        trim(self)
        held.append(len(self.pieces))

    monkeypatch.setattr(Setting, "trim", watched)
    two = evaluate(*planned, Draw(50, 2), processes=1)
    assert max(held) <= 3
    same_tables(one.tables, two.tables, exact=False)


def test_what_is_done_is_kept_when_stopped(
    planned: tuple[Instance, Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "SLICE", 5)
    stop = threading.Event()
    seen: list[EvaluationProgress] = []

    def tell(progress: EvaluationProgress) -> None:
        seen.append(progress)
        if progress.done >= 8:
            stop.set()

    found = evaluate(
        *planned, Draw(60, 5), ways=("foresight", "rolling"), processes=1, progress=tell, stop=stop
    )
    assert found.interrupted
    assert found.figure("foresight", "asked") == 60
    assert found.figure("foresight", "evaluated") == 8
    assert 0 < found.figure("foresight", "probability_evaluated") < 1
    whole = evaluate(*planned, Draw(60, 5), processes=1).tables["scenarios"]
    pd.testing.assert_frame_equal(found.tables["scenarios"], whole.head(8), rtol=1e-9)
    assert "Stopped early" in page(found)
    assert {p.way for p in seen} == {"foresight"}


@pytest.mark.slow
def test_processes_stop_as_well(planned: tuple[Instance, Plan]) -> None:
    halfway = threading.Event()

    def tell(progress: EvaluationProgress) -> None:
        if progress.done:
            halfway.set()

    found = evaluate(*planned, Draw(3000, 5), processes=2, progress=tell, stop=halfway)
    assert found.interrupted
    assert 0 < found.figure("foresight", "probability_evaluated") < 1
    again = evaluate(*planned, Draw(500, 5), processes=2, stop=halfway)
    assert again.interrupted
    assert again.figure("foresight", "evaluated") == 0
    assert "None of 500 scenarios were evaluated" in page(again)


def test_an_evaluation_comes_back_from_its_folder(planned: tuple[Instance, Plan], tmp_path: Any) -> None:
    found = evaluate(*planned, Draw(20, 5), ways=("tree", "foresight"), processes=1, information=True)
    write_evaluation(found, tmp_path / "there")
    again = read_evaluation(tmp_path / "there")
    assert again.head() == found.head()
    assert set(again.tables) == set(found.tables)
    pd.testing.assert_frame_equal(again.tables["scenarios"], found.tables["scenarios"])
    assert page(again) == page(found)
    assert sorted(p.name for p in (tmp_path / "there").iterdir()) == ["evaluation.json", "tables"]


def test_draws_need_hazards_and_ways_a_name() -> None:
    instance = reserve(scenarios=BANS)
    plan = solve(instance, EXACT)
    with pytest.raises(NoHazards):
        evaluate(instance, plan, Draw(5), processes=1)
    with pytest.raises(UnknownWay, match="backwards; there are tree, foresight, rolling"):
        evaluate(instance, plan, (), ways=("backwards",))


def test_foresight_is_a_bound_for_draws_too(planned: tuple[Instance, Plan]) -> None:
    found = evaluate(*planned, Draw(60, 5), ways=("foresight", "rolling"), processes=1)
    table = found.tables["scenarios"].pivot_table(index="scenario", columns="way", values="value")
    table = table.dropna()
    assert len(table) == found.figure("rolling", "evaluated")
    assert (table["rolling"] >= table["foresight"] - 1e-6).all()
    difference = np.average(
        table["rolling"] - table["foresight"],
        weights=found.tables["scenarios"]
        .query("way == 'rolling'")
        .set_index("scenario")["probability"][table.index],
    )
    assert found.figure("rolling", "price_of_foresight") == pytest.approx(difference, abs=1e-6)
