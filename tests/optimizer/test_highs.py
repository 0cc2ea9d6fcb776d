"""HiGHS behind arrays: every end is told apart, whatever is not understood is an error, nothing stays"
" scaled."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import highspy
import numpy as np
import pytest
import scipy.sparse as sp

from models.faults import SolverFailed
from optimizer.compile import Arrays, names
from optimizer.highs import Report, Solver, machine_threads, write_model
from tests.optimizer.support import arrays_of, case


def arrays(
    matrix: list[list[float]],
    cost: list[float],
    row_upper: list[float],
    *,
    row_lower: list[float] | None = None,
    upper: list[float] | None = None,
    integer: list[bool] | None = None,
    offset: float = 0.0,
) -> Arrays:
    """A small programme: minimise cost·x + offset, A·x ≤ row_upper, x ≥ 0."""
    rows, columns = np.array(matrix).shape
    return Arrays(
        matrix=sp.csc_array(np.array(matrix, dtype=float)),
        cost=np.array(cost),
        expected_cost=np.zeros(columns),
        offset=offset,
        lower=np.zeros(columns),
        upper=np.array(upper or [np.inf] * columns),
        integer=np.array(integer or [False] * columns),
        row_lower=np.array(row_lower or [-np.inf] * rows),
        row_upper=np.array(row_upper),
        columns=[("x", (j,)) for j in range(columns)],
        rows=[("row", (i,)) for i in range(rows)],
    )


# Two mines give 3 and 5 a tonne; 4 t of room, 2 t of the second at most: x = (2, 2), worth 16.
MINES = arrays([[1, 1], [0, 1]], [-3, -5], [4, 2], offset=1.0)
# The same in odd units: tonnes in kg for the first mine, room in m³ of a thousandth, money in cents.
ODD = arrays([[1e-6, 1e-3], [0, 1e4]], [-0.3, -500], [4e-3, 2e4], offset=100.0)
# One of two plants, 10 and 12, at most 15 of effort each takes 8: only one can be built, and 7/8 of the
# other not.
PLANTS = arrays([[8, 8]], [-10, -12], [15], upper=[1, 1], integer=[True, True])
INFEASIBLE = arrays([[1, 1]], [1, 1], [-1])
UNBOUNDED = arrays([[1, -1]], [-1, 0], [3])


def test_lp_by_hand() -> None:
    found = Solver(MINES, threads=1).run()
    assert found.end == "optimal"
    assert found.x == pytest.approx([2, 2])
    # 1 - 3·2 - 5·2
    assert found.objective == found.bound == pytest.approx(-15)
    # One more of room is worth 3; one more of the second mine 2: it takes room from the first.
    assert found.row_duals == pytest.approx([-3, -2])
    assert found.column_duals == pytest.approx([0, 0])
    assert found.branch_nodes == 0


def test_units_leave_no_trace() -> None:
    # Columns in g and t, rows in thousandths, cents: the same mines.
    found = Solver(ODD, threads=1).run()
    assert found.x == pytest.approx([2000, 2])
    assert found.objective == pytest.approx(100 - 600 - 1000)
    assert found.row_duals == pytest.approx([-0.3 / 1e-6, -(500 - 0.3 * 1e3) / 1e4])


def test_duals_at_bounds() -> None:
    found = Solver(replace(MINES, upper=np.array([1.0, np.inf])), threads=1).run()
    assert found.x == pytest.approx([1, 2])
    # One more of the first mine is worth 3; room is left.
    assert found.column_duals == pytest.approx([-3, 0])
    assert found.row_duals == pytest.approx([0, -5])


def test_mip_by_hand() -> None:
    found = Solver(PLANTS, threads=1).run()
    assert found.end == "optimal"
    assert found.x == pytest.approx([0, 1])
    assert found.objective == pytest.approx(-12)
    assert found.bound == pytest.approx(-12)
    # As LP 7/8 of the first plant is built as well.
    relaxed = Solver(replace(PLANTS, integer=np.zeros(2, dtype=bool)), threads=1).run()
    assert relaxed.objective == pytest.approx(-12 - 10 * 7 / 8)


@pytest.mark.parametrize("integer", [False, True])
@pytest.mark.parametrize(("programme", "end"), [(INFEASIBLE, "infeasible"), (UNBOUNDED, "unbounded")])
def test_ends_without_a_point(programme: Arrays, end: str, integer: bool) -> None:
    found = Solver(replace(programme, integer=np.array([integer, False])), threads=1).run()
    assert found.end == end
    assert found.x is None
    assert found.objective == np.inf
    assert found.row_duals is None


def test_infeasible_and_unbounded_are_told_apart_and_the_objective_comes_back() -> None:
    # Whether presolve leaves it open which of the two it is depends on the programme: ask without
    # presolve, too.
    for presolve in ("on", "off"):
        solver = Solver(UNBOUNDED, threads=1)
        assert solver.run(presolve=presolve).end == "unbounded"
        solver.bound([0], np.zeros(1), np.array([5.0]))
        assert solver.run(presolve=presolve).objective == pytest.approx(-5)
        solver = Solver(INFEASIBLE, threads=1)
        assert solver.run(presolve=presolve).end == "infeasible"
        solver.bound_rows([0], np.array([2.0]), np.array([9.0]))
        assert solver.run(presolve=presolve).objective == pytest.approx(2)


def test_no_time_at_all() -> None:
    hard, _ = arrays_of(case("case-24"))
    found = Solver(hard, threads=1).run(time_limit=0.0)
    assert found.end == "time_limit"
    assert found.x is None
    assert found.objective == np.inf


def test_time_counts_from_each_run() -> None:
    # A solver that has run for long still gets its time: case-21 twice, with what the first run took and a
    # second.
    solver = Solver(arrays_of(case("case-21"))[0], threads=1)
    first = solver.run(relative_gap=1e-3)
    assert first.end == "optimal"
    solver.forget()
    assert solver.run(relative_gap=1e-3, time_limit=first.seconds + 60).end == "optimal"


@pytest.mark.parametrize(
    "limit",
    [
        {"simplex_iteration_limit": 0, "presolve": "off", "solver": "simplex"},
        {"ipm_iteration_limit": 1, "presolve": "off", "solver": "ipx", "run_crossover": "off"},
    ],
    ids=["simplex iterations", "interior point iterations"],
)
def test_an_end_that_is_not_understood_is_an_error(limit: dict[str, Any]) -> None:
    lp, _ = arrays_of(case("rule-envelope"))
    solver = Solver(replace(lp, integer=np.zeros(lp.shape[1], dtype=bool)), threads=1)
    with pytest.raises(SolverFailed, match="HiGHS ended with"):
        solver.run(**limit)


def test_a_node_limit_is_an_error() -> None:
    # Nobody asks for one; were it hit, the bound would be no proof.
    hard, _ = arrays_of(case("case-24"))
    with pytest.raises(SolverFailed, match="HiGHS ended with"):
        Solver(hard, threads=1).run(mip_max_nodes=0)


@pytest.mark.parametrize(
    ("option", "value"), [("no_such_option", 1), ("mip_rel_gap", -1.0), ("presolve", "maybe")]
)
def test_an_option_that_highs_refuses_is_an_error(option: str, value: Any) -> None:
    with pytest.raises(SolverFailed, match=f"could not set {option} = {value}"):
        Solver(MINES, threads=1).run(**{option: value})


def test_a_programme_that_highs_refuses_is_an_error() -> None:
    with pytest.raises(SolverFailed, match="could not take the model"):
        Solver(replace(MINES, lower=np.array([np.nan, 0.0])), threads=1)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_numbers_that_are_none_never_reach_highs(wrong: float) -> None:
    # HiGHS 1.15 takes a cost of NaN and reports an optimum of NaN.
    for changes in ({"cost": np.array([wrong, 0.0])}, {"offset": wrong}, {"matrix": MINES.matrix * wrong}):
        with pytest.raises(SolverFailed, match="not finite"), np.errstate(invalid="ignore"):
            Solver(replace(MINES, **changes), threads=1)  # type: ignore[arg-type]


def test_fixing_makes_an_lp_with_duals() -> None:
    solver = Solver(PLANTS, threads=1)
    solver.fix([0, 1], np.array([1.0, 0.0]))
    found = solver.run()
    assert found.x == pytest.approx([1, 0])
    assert found.objective == pytest.approx(-10)
    assert found.row_duals is not None
    solver.fix([0, 1], np.array([1.0, 1.0]))
    assert solver.run().end == "infeasible"


def test_fixing_nothing_changes_nothing() -> None:
    solver = Solver(MINES, threads=1)
    solver.fix(np.array([], dtype=int), np.array([]))
    assert solver.run().objective == pytest.approx(-15)


def test_costs_and_bounds_change_in_the_units_of_the_arrays() -> None:
    solver = Solver(ODD, threads=1)
    solver.set_cost(np.array([-1.0, 0.0]))
    assert solver.run().x == pytest.approx([4000, 0])
    solver.bound([0], np.array([100.0]), np.array([250.0]))
    assert solver.run().x[0] == pytest.approx(250)  # type: ignore[index]
    solver.bound_rows([0], np.array([-np.inf]), np.array([2e-4]))
    assert solver.run().x == pytest.approx([200, 0])
    solver.set_cost(np.array([1.0, 1.0]))
    assert solver.run().x == pytest.approx([100, 0])


def test_a_start_is_an_incumbent_and_a_bad_one_does_no_harm() -> None:
    programme, _ = arrays_of(case("case-21"))
    integers = np.flatnonzero(programme.integer)
    best = Solver(programme, threads=1).run(relative_gap=1e-3)
    assert best.x is not None
    solver = Solver(programme, threads=1)
    solver.start_from(integers, np.round(best.x[integers]))
    seen: list[Report] = []
    again = solver.run(relative_gap=1e-3, report=seen.append)
    assert again.objective <= best.objective + 1e-6 * abs(best.objective)
    # Everything at once is not possible.
    solver = Solver(programme, threads=1)
    solver.start_from(integers, np.ones(len(integers)))
    harmed = solver.run(relative_gap=1e-3)
    assert harmed.objective == pytest.approx(best.objective, rel=2e-3)


def test_stop_before_the_start_ends_at_once() -> None:
    stop = threading.Event()
    stop.set()
    found = Solver(arrays_of(case("case-24"))[0], threads=1).run(stop=stop)
    assert found.end == "interrupted"


def test_stop_keeps_the_incumbent_and_the_bound() -> None:
    stop = threading.Event()

    def enough(report: Report) -> None:
        if np.isfinite(report.incumbent) and np.isfinite(report.bound):
            stop.set()

    programme, _ = arrays_of(case("case-24"))
    found = Solver(programme, threads=1).run(stop=stop, report=enough)
    assert found.end == "interrupted"
    assert found.x is not None
    assert -np.inf < found.bound < found.objective < np.inf
    assert found.objective == pytest.approx(float(programme.cost @ found.x) + programme.offset)


def test_reports_go_one_way() -> None:
    seen: list[Report] = []
    found = Solver(arrays_of(case("case-24"))[0], threads=1).run(relative_gap=0.05, report=seen.append)
    incumbents, bounds = [r.incumbent for r in seen], [r.bound for r in seen]
    assert incumbents == sorted(incumbents, reverse=True)
    assert bounds == sorted(bounds)
    assert bounds[-1] <= found.bound
    assert found.objective <= incumbents[-1]


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt])
def test_what_a_report_raises_ends_the_run_and_is_raised(failure: type[BaseException]) -> None:
    calls = []

    def broken(report: Report) -> None:
        calls.append(report)
        raise failure("enough")

    solver = Solver(arrays_of(case("case-24"))[0], threads=1)
    with pytest.raises(failure, match="enough"):
        solver.run(report=broken)
    assert len(calls) == 1
    # The solver is not spoiled by it.
    assert solver.run(time_limit=0.0).end == "time_limit"


def test_threads_may_change_between_runs() -> None:
    programme, _ = arrays_of(case("rule-plant-first"))
    waiting = Solver(programme, threads=2)
    objectives = [
        Solver(programme, threads=threads).run(relative_gap=1e-6).objective for threads in (1, 2, 1, 0)
    ]
    objectives.append(waiting.run(relative_gap=1e-6).objective)
    assert objectives == pytest.approx([objectives[0]] * 5)
    assert machine_threads() >= 1


def test_same_seed_same_run() -> None:
    programme, _ = arrays_of(case("case-21"))
    one, other = (Solver(programme, threads=1, seed=3).run(relative_gap=1e-3) for _ in range(2))
    assert one.objective == other.objective
    assert one.iterations == other.iterations
    np.testing.assert_array_equal(one.x, other.x)  # type: ignore[arg-type]


@pytest.mark.parametrize("suffix", ["mps", "lp"])
def test_what_is_written_is_what_is_solved(tmp_path: Path, suffix: str) -> None:
    programme, _ = arrays_of(case("rule-plant-first"))
    path = tmp_path / f"model.{suffix}"
    write_model(programme, names(programme.columns), names(programme.rows), str(path))
    read = highspy.Highs()
    read.setOptionValue("output_flag", False)
    assert read.readModel(str(path)) != highspy.HighsStatus.kError
    read.run()
    ours = Solver(programme, threads=1).run(relative_gap=1e-6)
    assert read.getInfo().objective_function_value == pytest.approx(ours.objective, rel=1e-4)


def test_a_path_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SolverFailed, match="could not write"):
        write_model(MINES, ["a", "b"], ["c", "d"], str(tmp_path / "no" / "such" / "folder.mps"))
