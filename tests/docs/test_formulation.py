"""The formulation page tells every row and every column there is, each with its equation."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pyomo.environ as pyo
import pytest

from docs.build import PAGES, families, notation
from docs.maths import block
from docs.source import Family, family
from models.instance import Instance
from models.instance.shape import shapes
from optimizer.data import Data
from optimizer.formulation import build
from optimizer.marginals.table import BOUNDS, ROWS
from tests.optimizer import support
from tests.optimizer.mutants import BOUNDS as BOUND_CASES
from tests.optimizer.mutants import ROWS as ROW_CASES

ROOT = Path(__file__).resolve().parents[2]
CASES = sorted({*ROW_CASES.values(), *BOUND_CASES.values(), "case-21", "case-28"})
"""Each row and each bound stands in one of them."""


@pytest.mark.parametrize("page", PAGES)
def test_page_is_up_to_date(page: str) -> None:
    assert (ROOT / "docs" / page).read_text(encoding="utf-8") == PAGES[page](), "run `make docs`"


def test_every_row_and_bound_has_an_equation() -> None:
    assert {f.name: f.unexplained for f in families() if f.unexplained} == {}


def written(tmp_path: Path, text: str) -> ModuleType:
    """A family as a file of its own."""
    path = tmp_path / "invented.py"
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("invented", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_rule_without_equation_is_found(tmp_path: Path) -> None:
    module = written(
        tmp_path,
        '''r"""Invented: a family.

Declares  made[m,n]
"""
from optimizer.formulation.base import amounts, rows


def add(m):
    """Declare."""
    amounts(m, "made", m.COMMODITY, lambda c: limit(m, c))
    rows(m, "told", m.COMMODITY, told)
    rows(m, "untold", m.COMMODITY, untold)
    rows(m, "inline", m.COMMODITY, lambda m, c: m.made[c] >= 0)


def limit(m, c):
    r"""A limit.

    .. math:: made_m \\le 1
    """


def told(m, c):
    r"""Words.

    .. math:: made_m \\le 2

    After.
    """


def untold(m, c):
    """Words alone."""
''',
    )
    found = family(module)
    assert found.variables == ["made"]
    assert found.unexplained == ["untold", "inline"]
    limit, told = found.rules
    assert limit.bounds == {"made": ("m",)}
    assert (told.words, told.equations, told.after) == ("Words.", [[r"made_m \le 2"]], "After.")
    assert told.rows == {"told": ("m",)}


def test_the_family_of_contributing_is_one(tmp_path: Path) -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    example = re.search(r'^```python\n(r"""Spread:.*?)^```$', page, re.MULTILINE | re.DOTALL)
    assert example is not None
    found = family(written(tmp_path, example[1]))
    assert found.unexplained == []
    assert [rule.rows for rule in found.rules] == [{"spread": ("r", "d", "n")}]


def test_every_component_of_every_case_is_listed() -> None:
    rows = {name: index for f in families() for rule in f.rules for name, index in rule.rows.items()}
    columns = {
        row["symbol"]: tuple(row["index"].split(",")) if row["index"] else ()
        for row in notation()
        if row["kind"] in ("variable", "auxiliary")
    }
    assert {v for f in families() for v in f.variables} | {"nothing"} == set(columns)
    met = set()
    for case in CASES:
        m = build(Data(support.case(case)))
        for kind, listed in ((pyo.Constraint, rows), (pyo.Var, columns)):
            for component in m.component_objects(kind):
                assert component.local_name in listed, f"{case}: {component.local_name}"
                for key in component:
                    size = 0 if key is None else len(key) if isinstance(key, tuple) else 1
                    assert size == len(listed[component.local_name]), component.local_name
                    met.add(component.local_name)
                    break
    assert met == set(rows) | set(columns), "each is met in at least one case"


def test_notation_names_fields_of_the_instance() -> None:
    for row in notation():
        assert row["kind"] in ("index", "data", "variable", "auxiliary"), row
        for field in row["field"].split():
            types: tuple[type, ...] = (Instance,)
            for part in field.split("."):
                known = {name: shape for cls in types for name, shape in shapes(cls).items()}
                assert part in known, f"{row['symbol']}: {field}"
                types = known[part].rows


LATEX = r"sum|le|ge|in|max|min|quad|qquad|cdot|tau|alpha|sigma|delta|Delta|theta|mu|pi|eta|lambda|big|Big"
COMMANDS = re.compile(LATEX + "|mathit|begin|end|[,;_]")


@pytest.mark.parametrize("f", families(), ids=lambda f: f.name)
def test_equations_are_well_formed(f: Family) -> None:
    for rule in f.rules:
        for equation in rule.equations:
            text = block(equation)
            assert text.count("{") == text.count("}"), text
            assert len(re.findall(r"(?<!\\)[(\[]", text)) == len(re.findall(r"(?<!\\)[)\]]", text)), text
            for command in re.findall(r"\\([A-Za-z]+|[^\\ \n])", text):
                assert COMMANDS.fullmatch(command), text


def test_every_marginal_value_is_explained() -> None:
    told = (ROOT / "docs" / "parts" / "marginals.md").read_text(encoding="utf-8")
    explained = {name.rstrip(".") for name in re.findall(r"\*\*([^*]+)\*\*", told)}
    assert {price.kind for price in (*ROWS.values(), *BOUNDS.values())} <= explained
