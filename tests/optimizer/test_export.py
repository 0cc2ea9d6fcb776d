"""MPS and LP files solved by another solver, SCIP, reach the reference optima; the legend tells the units."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from pyscipopt import Model

from models.instance import Instance
from optimizer.compile import compile_arrays, names
from optimizer.data import Data
from optimizer.export import Format, export
from optimizer.extract import INDEX
from optimizer.formulation import build
from tests.optimizer import support
from tests.optimizer.byhand.base import by_hand, contract, offer

FORMATS: list[Format] = ["mps", "lp"]
CASES = [
    "rule-envelope",
    "rule-plant-first",
    "rule-supported-plant",
    "supply/once",
    "finance/revolving",
    "rules/concentration",
    "rules/chance-industry",
]
COMMITMENTS = {"sign", "volume", "build", "capacity", "open"}
AUXILIARY = {"due", "spent", "spent_all", "imbalance", "cum", "eta", "excess", "nothing"}
AUXILIARY |= {"acquired", "kept"}


def read(path: Path) -> Model:
    """The file as SCIP reads it."""
    model = Model()
    model.hideOutput()
    model.setParam("limits/gap", 1e-9)
    model.readProblem(str(path))
    return model


def scip(path: Path) -> Model:
    """The file, solved."""
    model = read(path)
    model.optimize()
    return model


def legend(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", CASES)
def test_another_solver_finds_the_reference_optimum(name: str, format: Format, tmp_path: Path) -> None:
    path, _ = export(support.case(name), tmp_path / f"model.{format}")
    model = scip(path)
    assert model.getStatus() == "optimal"
    assert model.getObjVal() == pytest.approx(support.known_optimum(name), rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["case-21", "case-25", "case-28"])
def test_another_solver_finds_the_optimum_of_many_rules_at_once(name: str, tmp_path: Path) -> None:
    path, _ = export(support.case(name), tmp_path / "model.mps")
    assert scip(path).getObjVal() == pytest.approx(support.known_optimum(name), rel=1e-5)


@pytest.mark.parametrize("format", FORMATS)
def test_the_format_is_asked_for_or_read_from_the_suffix(format: Format, tmp_path: Path) -> None:
    path, _ = export(support.case("supply/once"), tmp_path / "model.txt", format)
    same, _ = export(support.case("supply/once"), tmp_path / f"model.{format.upper()}")
    assert path.read_text(encoding="utf-8") == same.read_text(encoding="utf-8")


def test_another_format_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="mps or lp"):
        export(support.case("supply/once"), tmp_path / "deep" / "model.xlsx")
    assert not list(tmp_path.iterdir())


def test_nothing_but_the_two_files_is_left(tmp_path: Path) -> None:
    path, beside = export(support.case("supply/once"), tmp_path / "new" / "plan.mps")
    assert (path, beside) == (tmp_path / "new" / "plan.mps", tmp_path / "new" / "plan.columns.csv")
    assert sorted(p.name for p in path.parent.iterdir()) == ["plan.columns.csv", "plan.mps"]


@pytest.mark.parametrize("name", [*CASES, "rule-unknown-length", "case-21"])
def test_names_are_those_of_model_md_and_all_different(name: str, tmp_path: Path) -> None:
    _, beside = export(support.case(name), tmp_path / "model.mps")
    rows = legend(beside)
    assert len({row["column"] for row in rows}) == len(rows)
    for row in rows:
        assert row["variable"] in INDEX or row["variable"] in COMMITMENTS | AUXILIARY
        assert re.match(re.escape(row["variable"]) + r"(\(|$)", row["column"])
        assert (row["natural_amount_of_one_unit"] == "") == (row["variable"] in AUXILIARY)


@pytest.mark.parametrize("format", FORMATS)
def test_rows_and_columns_keep_their_names_in_the_file(format: Format, tmp_path: Path) -> None:
    path, beside = export(support.case("rule-envelope"), tmp_path / f"model.{format}")
    model, arrays = read(path), compile_arrays(build(Data(support.case("rule-envelope"))))
    assert sorted(c.name for c in model.getConss()) == sorted(names(arrays.rows))
    # SCIP's reader leaves out columns that stand in no row.
    assert {v.name for v in model.getVars()} <= {row["column"] for row in legend(beside)}


def natural(instance: Instance, folder: Path) -> dict[str, dict[tuple[str, ...], float]]:
    """SCIP's solution in natural units, by variable and index, through the legend alone."""
    path, beside = export(instance, folder / "model.mps")
    model = scip(path)
    value = {v.name: model.getVal(v) for v in model.getVars()}
    found: dict[str, dict[tuple[str, ...], float]] = defaultdict(dict)
    for row in legend(beside):
        if row["natural_amount_of_one_unit"]:
            amount = value.get(row["column"], 0.0) * float(row["natural_amount_of_one_unit"])
            found[row["variable"]][tuple(row["index"].split(";"))] = amount
    return found


def test_the_legend_gives_natural_units(tmp_path: Path) -> None:
    # supply/once: 50 t/year of the contract and 20 of the plant from the first year, delivered in both.
    found = natural(support.case("supply/once"), tmp_path)
    assert found["volume"]["contract", "0"] == pytest.approx(50)
    assert found["capacity"]["plant", "0"] == pytest.approx(20)
    assert [found["deliver"]["contract", n] for n in "01"] == pytest.approx([50, 50])
    assert [found["short"]["use", "0", n] for n in "01"] == pytest.approx([30, 30])


def test_the_legend_gives_dollars(tmp_path: Path) -> None:
    # finance/revolving: the loan of 1000 drawn at once; 1000 USD owed to the end; nothing left.
    found = natural(support.case("finance/revolving"), tmp_path)
    assert found["draw"]["loan", "0"] == pytest.approx(1000)
    assert [found["owed"]["loan", n] for n in "012"] == pytest.approx([1000, 1000, 1000])
    assert [found["cash"][n,] for n in "012"] == pytest.approx([0, 400, 0], abs=1e-6)


def test_a_solution_in_natural_units_meets_the_instance(tmp_path: Path) -> None:
    """Balances of consumers and reserve on the trunk of rule-envelope, in tonnes, from the instance alone."""
    instance = support.case("rule-envelope")
    found = natural(instance, tmp_path)
    for n in range(4):  # the trunk: nothing is hit
        for m in ("ga", "ge"):
            demand = sum(_number(q.quantity) for q in instance.demand if q.commodity == m)
            short = sum(v for (q, _, node), v in found["short"].items() if q.startswith(m) and node == str(n))
            served = found["bought"][m, str(n)] + found["release"][m, str(n)]
            assert served + short == pytest.approx(demand, abs=1e-6)
            brought = sum(
                v for (o, _, node), v in found["spot"].items() if o.startswith(m) and node == str(n)
            )
            brought += found["deliver"].get((f"{m}-off", str(n)), 0.0)
            change = found["inject"][m, "d1", str(n)] - found["withdraw"][m, "d1", str(n)]
            assert brought == pytest.approx(change + found["release"][m, str(n)], abs=1e-6)


def _number(quantity: Any) -> float:
    assert isinstance(quantity, float)
    return quantity


def test_ids_that_no_file_could_hold(tmp_path: Path) -> None:
    """Blanks, brackets, signs and other alphabets in ids, two of which differ only there."""
    ids = ["a + b", "a - b", "[1]", "Ґаллій", "1e5", "free"]
    case = by_hand(None, spot=[offer(name, quantity=1.0) for name in ids], agreements=[contract("x <= 3")])
    optimum = support.optimum(case.instance)
    for format in FORMATS:
        path, beside = export(case.instance, tmp_path / f"model.{format}")
        assert scip(path).getObjVal() == pytest.approx(optimum, rel=1e-6)
        offers = {row["index"].split(";")[0] for row in legend(beside) if row["variable"] == "spot"}
        assert offers == set(ids)
