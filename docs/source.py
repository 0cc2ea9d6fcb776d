"""What the files of optimizer/formulation/ declare, read from their text.

``rows(m, "name", index, rule)`` declares rows of the solver, ``amounts`` and ``decisions`` declare
variables; the ``upper`` of ``amounts`` is a bound. Each is told in the docstring of its rule; a rule written
inline, in the docstring of the function it stands in.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import ModuleType

SYMBOL = {"c": "m", "choice": "c", "_": "limit"}
"""Parameters of rules that are written otherwise in equations."""
START = {"commit": {"s": "τ"}, "contracts": {"s": "τ"}}
"""The same, by family."""


@dataclass
class Rule:
    """A function whose docstring holds an equation."""

    function: str
    words: str
    equations: list[list[str]]
    """Lines of LaTeX each."""
    after: str
    rows: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """name in an LP file: index"""
    bounds: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """variable: index"""


@dataclass
class Family:
    """One file of the formulation."""

    name: str
    title: str
    note: str
    rest: str
    rules: list[Rule]
    variables: list[str]
    unexplained: list[str]
    """Rows and bounds whose rule has no equation."""


def family(module: ModuleType) -> Family:
    """What a family declares, in the order of its file."""
    name = module.__name__.rpartition(".")[2]
    tree = ast.parse(inspect.getsource(module))
    functions = {f.name: f for f in tree.body if isinstance(f, ast.FunctionDef)}
    rules = {f: _rule(f, ast.get_docstring(node) or "") for f, node in functions.items()}
    variables: list[str] = []
    unexplained: list[str] = []
    for function, node in functions.items():
        for kind, declared, rule in _declarations(node):
            if kind != "row":
                variables += [v for v in declared if v not in variables]
            if kind == "variable" and rule is None:
                continue
            teller, index = _teller(rule, functions, rules, function)
            index = tuple(START.get(name, {}).get(i, SYMBOL.get(i, i)) for i in index)
            if not rules[teller].equations:
                unexplained += declared
            target = rules[teller].rows if kind == "row" else rules[teller].bounds
            target.update(dict.fromkeys(declared, index))
    head = inspect.cleandoc(module.__doc__ or "")
    title, _, body = head.partition("\n\n")
    note, _, rest = body.partition("\n\n")
    told = [rule for rule in rules.values() if rule.equations]
    return Family(name, " ".join(title.split()), note, " ".join(rest.split()), told, variables, unexplained)


def _rule(function: str, docstring: str) -> Rule:
    words: list[str] = []
    equations: list[list[str]] = []
    after: list[str] = []
    for block in docstring.split("\n\n"):
        text = block.strip()
        if text.startswith(".. math::"):
            equations.append(
                [line.strip() for line in text.removeprefix(".. math::").splitlines() if line.strip()]
            )
        else:
            (after if equations else words).append(" ".join(text.split()))
    return Rule(function, "\n\n".join(words), equations, "\n\n".join(after))


def _declarations(function: ast.FunctionDef) -> Iterator[tuple[str, list[str], ast.expr | None]]:
    """(row or variable, names, rule or bound) of each declaration; inline rows come without a rule."""
    loops: dict[str, list[str]] = {}
    for node in ast.walk(function):
        if (
            isinstance(node, ast.For)
            and isinstance(node.target, ast.Name)
            and isinstance(node.iter, ast.Tuple)
        ):
            loops[node.target.id] = [e.value for e in node.iter.elts if isinstance(e, ast.Constant)]  # type: ignore[misc]  # strings
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) > 1:
            label = node.args[1]
            names = (
                [str(label.value)]
                if isinstance(label, ast.Constant)
                else loops.get(getattr(label, "id", ""), [])
            )
            rule = node.args[3] if len(node.args) > 3 else None
            if node.func.id == "rows":
                yield "row", names, rule
            elif node.func.id in ("amounts", "decisions"):
                yield "variable", names, rule
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            target, made = node.targets[0], ast.unparse(node.value.func)
            if isinstance(target, ast.Attribute) and made in ("pyo.Var", "pyo.Constraint"):
                yield ("row" if made == "pyo.Constraint" else "variable"), [target.attr], None


def _teller(
    rule: ast.expr | None, functions: dict[str, ast.FunctionDef], rules: dict[str, Rule], around: str
) -> tuple[str, tuple[str, ...]]:
    """The function whose docstring tells a rule, and the rule's index."""
    if isinstance(rule, ast.Name):
        return rule.id, tuple(a.arg for a in functions[rule.id].args.args[1:])
    if isinstance(rule, ast.Lambda):
        index = tuple(a.arg for a in rule.args.args if a.arg != "m")
        called = [
            n.func.id for n in ast.walk(rule) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
        ]
        return next((f for f in called if f in rules and rules[f].equations), around), index
    return around, ()


def defined(equation: list[str]) -> list[str]:
    """What stands alone on the left of an equality, as plain text: ``outlay(n)``, ``E[L]``."""
    found = []
    for line in re.split(r"\\\\|\\qquad", " ".join(equation).replace("&", "")):
        left, equals, _ = line.partition("=")
        if equals and not re.search(r"\\(le|ge|sum|min)\b", left):
            found.append(plain(left))
    return found


def plain(latex: str) -> str:
    """A symbol with its index as plain text."""
    text = latex.replace(r"\_", "_").replace(r"\tau", "τ").replace(r"\alpha", "α").replace(r"\,", " ").strip()
    return re.sub(r"(?<=[A-Za-z])_(?:\{([^}]*)\}|(α|[a-z](?![a-z])))", lambda x: f"({x[1] or x[2]})", text)
