"""Reference cases, cases solved by hand, and the bare optimum: no audit, no marginal values, no plan."""

from __future__ import annotations

import ast
import json
from functools import cache
from pathlib import Path

from models.instance import Instance
from models.options import Options
from optimizer import formulation
from optimizer.compile import Arrays, compile_arrays
from optimizer.cones import cones
from optimizer.data import Data
from optimizer.formulation import build
from optimizer.highs import Solver
from optimizer.search import search
from tests.optimizer.byhand import HAND

CASES = Path(__file__).resolve().parents[1] / "cases"
FAMILIES = Path(formulation.__file__).parent


@cache
def expected() -> dict[str, dict[str, float]]:
    """Reference optimum (USD) and number of tree nodes by case, by a program that shares nothing."""
    figures: dict[str, dict[str, float]] = json.loads((CASES / "expected.json").read_text(encoding="utf-8"))
    return figures


@cache
def case(name: str) -> Instance:
    """A reference case (``rule-calm``), or one solved by hand (``reserve/gap``)."""
    if name in HAND:
        return HAND[name].instance
    return Instance.parse(json.loads((CASES / f"{name}.json").read_text(encoding="utf-8")))


def known_optimum(name: str) -> float | None:
    """The optimum of a case in USD, not computed here; None if no plan satisfies every rule."""
    return HAND[name].optimum if name in HAND else expected()[name]["objective"]


def arrays_of(instance: Instance) -> tuple[Arrays, float]:
    """The formulation as arrays, and the USD behind one unit of its objective."""
    data = Data(instance)
    return compile_arrays(build(data)), data.units.money


def solved(arrays: Arrays, money: float, gap: float = 1e-6) -> float | None:
    """The optimum in USD; None if there is no plan, or none that is best."""
    if cones(arrays):
        # Tangents are added until the optimum lies within the cones.
        found = search(arrays, Options(relative_gap=gap, threads=1, method="highs"), seconds=60)
    else:
        found = Solver(arrays, threads=1).run(relative_gap=gap, time_limit=60)
    assert found.end not in ("time_limit", "interrupted"), f"HiGHS ended with {found.end}"
    return found.objective * money if found.end == "optimal" else None


def optimum(instance: Instance, gap: float = 1e-6) -> float | None:
    """The optimum of an instance in USD; None if there is no plan, or none that is best."""
    return solved(*arrays_of(instance), gap)


def same(one: float | None, other: float | None, tolerance: float = 1e-6) -> bool:
    """Whether two optima are the same number, relatively; two cases without a plan are the same as well."""
    if one is None or other is None:
        return one is other
    return abs(one - other) <= tolerance * max(1.0, abs(one), abs(other))


@cache
def constraints() -> dict[str, str]:
    """Every constraint that the formulation can declare and its family, by reading it."""
    found: dict[str, str] = {}
    for path in sorted(FAMILIES.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="rows"), args=[_, ast.Constant(value=str(name)), *_]):
                    found[name] = path.stem
                case ast.Assign(
                    targets=[ast.Attribute(attr=name)], value=ast.Call(func=ast.Attribute(attr="Constraint"))
                ):
                    found[name] = path.stem
    return found
