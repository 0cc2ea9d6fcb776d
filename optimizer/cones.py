"""Concentration to any accuracy: tangents of cones, added where a solution lies outside of one.

A rule on concentration says |q| ≤ f·Σq for amounts q by country, f = √hhi: a second-order cone, outside of
which u·q ≤ f·Σq is violated by u = q/|q| (Cauchy and Schwarz: it holds for every u of length 1 inside). The
rows ``hhi`` of the arrays are such tangents. Every programme here is thus an outer approximation: what it
rules out is ruled out, its bounds are bounds. Tangents are added at the solution until it lies within
:data:`optimizer.highs.tangents.CLOSE` of every cone (Kelley, Journal of the SIAM 8, 1960).

A cone is known by its rows alone, so whatever hands arrays on hands on the cones.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from optimizer.compile import Arrays, Vector
from optimizer.highs import Outcome, Solver
from optimizer.highs.tangents import CLOSE, NOTHING, ROUNDS
from optimizer.keys import Key, named

ROW, COLUMN = "hhi", "acquired"
"""Rows that are tangents, columns that span the cones."""
TIGHT = 1e-6
"""Slack of a tangent, in the units of the arrays, at which it holds a solution."""


@dataclass(frozen=True)
class Cone:
    """|x[columns]| ≤ factor · Σ x[columns] + Σ leeway · x."""

    key: tuple[Any, ...]
    """Rule, commodity, leaf."""
    columns: NDArray[np.int64]
    factor: float
    leeway: tuple[tuple[int, float], ...]
    """Columns that let the rule give way, and by how much."""
    rows: int
    """Tangents that are there."""

    def amounts(self, x: Vector) -> Vector:
        """q."""
        q: Vector = np.maximum(x[self.columns], 0.0)
        return q

    def excess(self, x: Vector) -> float:
        """How far outside x lies; not above 0 inside."""
        q = self.amounts(x)
        allowed = self.factor * q.sum() + sum(step * x[j] for j, step in self.leeway)
        return float(np.linalg.norm(q) - allowed)

    def outside(self, x: Vector) -> bool:
        """Whether x lies outside by more than what counts."""
        return self.excess(x) > max(NOTHING, CLOSE * self.factor * float(self.amounts(x).sum()))


def cones(arrays: Arrays) -> list[Cone]:
    """The cones whose tangents stand in the arrays."""
    tangents = [i for i, _ in named(arrays.rows, ROW)]
    if not tangents:
        return []
    by_key: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for i in tangents:
        rule, commodity, _, leaf = arrays.rows[i][1]
        by_key[rule, commodity, leaf].append(i)
    column = {key: j for j, (_, key) in named(arrays.columns, COLUMN)}
    origins: dict[str, dict[Any, None]] = defaultdict(dict)
    for commodity, country, _ in column:
        origins[commodity][country] = None
    matrix = sp.csr_array(arrays.matrix[tangents])
    position = {i: p for p, i in enumerate(tangents)}
    found = []
    for (rule, commodity, leaf), rows in by_key.items():
        columns = np.array([column[commodity, z, leaf] for z in origins[commodity]], dtype=np.int64)
        # Tangent 0 is that of an axis: its entry there is 1 - f, those of the other countries are -f.
        axis = next(i for i in rows if arrays.rows[i][1][2] == 0)
        at = slice(*matrix.indptr[position[axis] : position[axis] + 2])
        entries = dict(zip(matrix.indices[at].tolist(), matrix.data[at].tolist(), strict=True))
        factor = 1.0 - max(entries.pop(j, 0.0) for j in columns.tolist())
        leeway = tuple((j, -v) for j, v in entries.items())
        found.append(Cone((rule, commodity, leaf), columns, factor, leeway, len(rows)))
    return found


@dataclass(frozen=True)
class Tangents:
    """Rows to be added: matrix · x ≤ 0."""

    matrix: sp.csr_array
    rows: list[Key]


def separate(found: Iterable[Cone], x: Vector, numbers: dict[tuple[Any, ...], int]) -> Tangents | None:
    """Tangents at x of the cones outside of which it lies; None if it lies outside of none.

    ``numbers`` counts the tangents of each cone and goes on counting.
    """
    values: list[float] = []
    indices: list[int] = []
    ends, keys = [0], []
    for cone in found:
        if not cone.outside(x):
            continue
        q = cone.amounts(x)
        u = q / np.linalg.norm(q)
        indices += [*cone.columns.tolist(), *(j for j, _ in cone.leeway)]
        values += [*(u - cone.factor).tolist(), *(-step for _, step in cone.leeway)]
        ends.append(len(indices))
        rule, commodity, leaf = cone.key
        numbers[cone.key] = number = numbers.get(cone.key, cone.rows)
        numbers[cone.key] += 1
        keys.append((ROW, (rule, commodity, number, leaf)))
    if not keys:
        return None
    return Tangents(sp.csr_array((values, indices, ends), shape=(len(keys), len(x))), keys)


def with_rows(arrays: Arrays, tangents: Tangents) -> Arrays:
    """The arrays with tangents at the end of their rows."""
    count = len(tangents.rows)
    return replace(
        arrays,
        matrix=sp.csc_array(sp.vstack([arrays.matrix, tangents.matrix])),
        row_lower=np.concatenate([arrays.row_lower, np.full(count, -np.inf)]),
        row_upper=np.concatenate([arrays.row_upper, np.zeros(count)]),
        rows=[*arrays.rows, *tangents.rows],
    )


def run(solver: Solver, *, time_limit: float | None = None, **options: Any) -> Outcome:
    """An LP solved until its solution lies in every cone; the solver then holds the tangents.

    The values of an outcome with another end than ``optimal`` may lie outside. ``options`` as in
    :meth:`optimizer.highs.Solver.run`.
    """
    deadline = None if time_limit is None else time.monotonic() + time_limit
    outcome = solver.run(time_limit=time_limit, **options)
    found = cones(solver.arrays)
    seconds, iterations, last = outcome.seconds, outcome.iterations, None
    numbers: dict[tuple[Any, ...], int] = {}
    for _ in range(ROUNDS if found else 0):
        if outcome.end != "optimal" or outcome.x is None:
            break
        tangents = separate(found, outcome.x, numbers)
        # The same point again: what is left is below the tolerance of the simplex method.
        if tangents is None or (last is not None and np.array_equal(last, outcome.x)):
            break
        last = outcome.x
        solver.add_rows(with_rows(solver.arrays, tangents))
        left = None if deadline is None else max(0.01, deadline - time.monotonic())
        outcome = solver.run(time_limit=left, **options)
        seconds, iterations = seconds + outcome.seconds, iterations + outcome.iterations
    return replace(outcome, seconds=seconds, iterations=iterations)


def folded(arrays: Arrays, solver: Solver, outcome: Outcome) -> Outcome:
    """An outcome in terms of the rows of ``arrays``: duals of tangents added since stand with the first one
    of their cone."""
    if outcome.row_duals is None or len(solver.arrays.rows) == len(arrays.rows):
        return outcome
    count = len(arrays.rows)
    duals = outcome.row_duals[:count].copy()
    first = {key: i for i, (_, key) in named(arrays.rows, ROW) if key[2] == 0}
    for (_, (rule, commodity, _, leaf)), dual in zip(
        list(solver.arrays.rows)[count:], outcome.row_duals[count:], strict=True
    ):
        duals[first[rule, commodity, 0, leaf]] += dual
    return replace(outcome, row_duals=duals)


def relaxed(arrays: Arrays, *, threads: int = 0, seed: int = 0, **options: Any) -> Arrays:
    """The arrays with the tangents that the relaxation of the yes/no decisions needs at its optimum.

    ``options`` as in :func:`run`.
    """
    linear = replace(arrays, integer=np.zeros_like(arrays.integer))
    solver = Solver(linear, threads=threads, seed=seed)
    outcome = run(solver, **options)
    if outcome.x is None:
        return replace(solver.arrays, integer=arrays.integer)
    count = len(arrays.rows)
    holding = (solver.arrays.matrix @ outcome.x)[count:] >= -TIGHT
    kept = [*range(count), *np.flatnonzero(holding) + count]
    return replace(
        arrays,
        matrix=sp.csc_array(solver.arrays.matrix[kept]),
        row_lower=solver.arrays.row_lower[kept],
        row_upper=solver.arrays.row_upper[kept],
        rows=[solver.arrays.rows[i] for i in kept],
    )
