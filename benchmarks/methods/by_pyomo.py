"""Plain Pyomo: the formulation as a Pyomo model of the whole tree, handed to HiGHS by Pyomo's own interface.

Nothing is done to speed it up: no template, no collection of garbage held back. Building is writing the model
and handing it over.
"""

from __future__ import annotations

from pyomo.contrib.solver.solvers.highs import Highs

from benchmarks.methods import Asked, Found, Steps, finite, linear
from models.files import read
from optimizer.data import Data
from optimizer.formulation import build


def run(asked: Asked, steps: Steps) -> Found:
    """Read, build, solve."""
    steps.begin("reading")
    instance = read(asked.path)
    linear(instance)
    steps.begin("building")
    data = Data(instance)
    model = build(data)
    model.expected_cost.deactivate()
    solver = Highs()
    solver.set_instance(model)
    hands_off(solver)
    steps.begin("solving")
    results = solver.solve(
        model,
        rel_gap=asked.gap,
        abs_gap=0.0,
        time_limit=asked.left(),
        threads=asked.threads or None,
        load_solutions=False,
        raise_exception_on_nonoptimal_result=False,
    )
    steps.begin("end")
    held = solver._solver_model.getLp()
    steps.size(len(data.tree), held.num_row_, held.num_col_, len(held.a_matrix_.value_))
    objective, bound = finite(results.incumbent_objective), finite(results.objective_bound)
    money = data.units.money
    return Found(
        end=ENDS.get(results.termination_condition.name, results.termination_condition.name),
        objective=None if objective is None else objective * money,
        bound=None if bound is None else bound * money,
        branch_nodes=results.extra_info.mip_node_count,
    )


def hands_off(solver: Highs) -> None:
    """Tell the interface that nothing changes between handing over and solving, so that it does not look."""
    watch = solver.config.auto_updates
    for what in ("constraints", "vars", "params"):
        watch[f"check_for_new_or_removed_{what}"] = False
    watch.check_for_new_objective = False
    for what in ("constraints", "vars", "parameters", "named_expressions", "objective"):
        watch[f"update_{what}"] = False


ENDS = {
    "convergenceCriteriaSatisfied": "optimal",
    "maxTimeLimit": "time_limit",
    "provenInfeasible": "infeasible",
}
