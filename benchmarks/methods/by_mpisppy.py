"""mpi-sppy: one Pyomo model per scenario, joined to an extensive form by equations where scenarios are alike.

Each scenario's model is the project's formulation on the path of that scenario alone. What belongs to no node
is the first stage; what belongs to a node of the tree is the same in all scenarios through it. mpi-sppy knows
no rows across scenarios (expected spend, limits on expected loss or on CVaR): they are taken out of the
scenarios' models, and their expectation is added to the extensive form. For equal first stages that is the
row itself, for it is linear in the probabilities.

Only the extensive form is measured: its decompositions need MPI and a separable first stage.
"""

from __future__ import annotations

from typing import Any

import pyomo.environ as pyo
from mpisppy import scenario_tree
from mpisppy.opt.ef import ExtensiveForm
from pyomo.core.expr.numeric_expr import LinearExpression
from pyomo.core.expr.visitor import identify_variables
from pyomo.repn import generate_standard_repn

from benchmarks.methods import Asked, Found, Steps, finite, linear
from benchmarks.methods.by_pyomo import hands_off
from models.files import read
from models.instance import Instance
from optimizer.data import Data
from optimizer.formulation import Formulation, build
from optimizer.template import Template
from optimizer.tree import Node, Tree


class Scenarios:
    """The tree as mpi-sppy wants it: leaves in the order of a walk, nodes by names like ROOT_0_2."""

    def __init__(self, instance: Instance) -> None:
        self.data = Data(instance)
        self.names_of_columns, self.names_of_rows = Template(instance).names_at_nodes
        tree = self.data.tree
        self.names: dict[int, str] = {}
        self.leaves: list[int] = []
        top = [node.id for node in tree.nodes if node.parent is None]
        walk = [(node, f"ROOT_{i}") for i, node in enumerate(top)][::-1]
        while walk:
            node, name = walk.pop()
            self.names[node] = name
            below = tree.children.get(node, [])
            walk += [(child, f"{name}_{i}") for i, child in enumerate(below)][::-1]
            if not below:
                self.leaves.append(node)
        self.weight = tree.leaves()
        self.joining: list[list[Any]] = []
        """By scenario: the rows that were taken out."""

    def model(self, name: str) -> Formulation:
        """One scenario, its probability 1; ``name`` is ``leaf`` and its node."""
        tree = self.data.tree
        path = list(tree.path(int(name.removeprefix("leaf"))))[::-1]
        count = len(path)
        nodes = [Node(t, t, t - 1 if t else None, tree.nodes[n].in_force) for t, n in enumerate(path)]
        below = {t: [t + 1] for t in range(count - 1)}
        alone = Tree(nodes, [1.0] * count, tree.effects, {name: count - 1}, {name: 1.0}, below)
        m = build(Data(self.data.instance, alone, [self.data.states[n] for n in path]))
        m.expected_cost.deactivate()
        first: list[Any] = []
        at_node: list[list[Any]] = [[] for _ in path]
        for column in m.component_data_objects(pyo.Var):
            component = column.parent_component()
            if component.local_name in self.names_of_columns:
                index = column.index()
                at_node[index[-1] if isinstance(index, tuple) else index].append(column)
            else:
                first.append(column)
        ours = {id(column) for column in first}
        joining = [
            row
            for row in m.component_data_objects(pyo.Constraint, active=True)
            if row.parent_component().local_name not in self.names_of_rows
            and any(id(column) not in ours for column in identify_variables(row.body))
        ]
        for row in joining:
            row.deactivate()
        self.joining.append(joining)
        # Beyond the first stage, columns need equations in the extensive form and nothing else of mpi-sppy.
        likely = self.data.tree.probability
        stages = [scenario_tree.ScenarioNode("ROOT", 1.0, 1, 0.0, first, m)]
        for t, n in enumerate(path[:-1]):
            before = likely[path[t - 1]] if t else 1.0
            share = likely[n] / before if before else 0.0
            stages.append(
                scenario_tree.ScenarioNode(
                    self.names[n], share, t + 2, 0.0, [], m, at_node[t], parent_name=stages[-1].name
                )
            )
        m._mpisppy_node_list = stages
        m._mpisppy_probability = self.weight[path[-1]]
        return m

    def join(self, whole: Any) -> None:
        """Add the expectation of the rows that were taken out."""
        weights = [self.weight[leaf] for leaf in self.leaves]
        whole.joining = pyo.ConstraintList()
        for rows in zip(*self.joining, strict=True):
            parts = [generate_standard_repn(row.body, quadratic=False) for row in rows]
            terms = [
                (p * coefficient, column)
                for p, part in zip(weights, parts, strict=True)
                for coefficient, column in zip(part.linear_coefs, part.linear_vars, strict=True)
            ]
            constant = sum(p * part.constant for p, part in zip(weights, parts, strict=True))
            coefficients, columns = zip(*terms, strict=True)
            body = LinearExpression(linear_coefs=coefficients, linear_vars=columns, constant=constant)
            whole.joining.add((rows[0].lb, body, rows[0].ub))


def run(asked: Asked, steps: Steps) -> Found:
    """Read, build, solve."""
    steps.begin("reading")
    instance = read(asked.path)
    linear(instance)
    steps.begin("building")
    scenarios = Scenarios(instance)
    form = ExtensiveForm(
        {"solver": "highs", "toc": False},
        [f"leaf{leaf}" for leaf in scenarios.leaves],
        scenarios.model,
        all_nodenames=["ROOT", *scenarios.names.values()],
    )
    scenarios.join(form.ef)
    solver = form.solver
    solver.set_instance(form.ef)
    hands_off(solver)
    steps.begin("solving")
    results = form.solve_extensive_form(
        {
            "mip_rel_gap": asked.gap,
            "mip_abs_gap": 0.0,
            "time_limit": asked.left(),
            "threads": asked.threads,
        }
    )
    steps.begin("end")
    held = solver._solver_model.getLp()
    steps.size(len(scenarios.data.tree), held.num_row_, held.num_col_, len(held.a_matrix_.value_))
    objective, bound = finite(results.problem.upper_bound), finite(results.problem.lower_bound)
    money = scenarios.data.units.money
    return Found(
        end=ENDS.get(str(results.solver.termination_condition), str(results.solver.termination_condition)),
        objective=None if objective is None else objective * money,
        bound=None if bound is None else bound * money,
    )


ENDS = {"optimal": "optimal", "maxTimeLimit": "time_limit"}
