"""Writes the generated pages: ``python -m docs.build``, or ``make docs``."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

from docs import commands
from docs.markdown import code, slug, table
from docs.maths import block
from docs.source import Family, Rule, defined, family
from models.reference import reference
from models.tables.layout import tables
from optimizer.formulation import FAMILIES, objective
from optimizer.marginals.table import BOUNDS, ROWS, Price

HERE = Path(__file__).parent
WRITTEN = "<!-- Written by `make docs` from the docstrings of optimizer/formulation/; edit those. -->\n"


def families() -> list[Family]:
    """The families in the order in which they are added, then the objective."""
    return [family(module) for module in (*FAMILIES, objective)]


def notation() -> list[dict[str, str]]:
    """Rows of notation.csv: symbol, index, kind, unit, meaning, field."""
    with (HERE / "notation.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def formulation() -> str:
    """The page docs/formulation.md."""
    found = families()
    titles = [f"{number}. [{f.title}](#{slug(_title(number, f))})" for number, f in enumerate(found, 1)]
    more = [
        f"[{title}](#{slug(title)})"
        for title in ("Notation", "Exact reformulations", "What the marginal values mean", "All rows")
    ]
    parts = [
        WRITTEN + "# The formulation",
        _part("head"),
        "\n".join(titles),
        "Also on this page: " + ", ".join(more) + ".",
        "## Notation",
        *_notation(),
        *(text for number, f in enumerate(found, 1) for text in _family(number, f)),
        "## Exact reformulations",
        _part("reformulations"),
        "## What the marginal values mean",
        _part("marginals"),
        _marginals(),
        "## All rows",
        _all_rows(found),
    ]
    return "\n\n".join(parts) + "\n"


def _part(name: str) -> str:
    return (HERE / "parts" / f"{name}.md").read_text(encoding="utf-8").strip()


def _title(number: int, f: Family) -> str:
    return f"{number} {f.title.partition(':')[0]}"


def name(symbol: str, index: tuple[str, ...] | list[str]) -> str:
    """What an LP file calls a row or column: ``stock(m,d,n)``."""
    return f"{symbol}({','.join(index)})" if index else symbol


def _family(number: int, f: Family) -> list[str]:
    note = f.note.replace("``", "")
    parts = [
        f"## {_title(number, f)}",
        f"{f.title.partition(':')[2].strip().capitalize()} Source: `optimizer/formulation/{f.name}.py`.",
        f"```text\n{note}\n```",
        code(f.rest),
    ]
    for rule in f.rules:
        parts += [f"### {_label(rule)}", code(rule.words), *map(block, rule.equations), code(rule.after)]
    return [part for part in parts if part]


def _label(rule: Rule) -> str:
    """What a rule carries: rows, bounds of columns, or a definition that others use."""
    labels = [f"`{name(row, index)}`" for row, index in rule.rows.items()]
    labels += [f"`{name(column, index)}`, bound" for column, index in rule.bounds.items()]
    terms = [] if rule.rows else [symbol for equation in rule.equations for symbol in defined(equation)]
    if terms:
        labels.append(f"{'d' if labels else 'D'}efinition of {', '.join(terms)}")
    return "; ".join(labels) or "What is minimised"


def _notation() -> list[str]:
    def rows(*kinds: str) -> list[list[str]]:
        return [_row(r) for r in notation() if r["kind"] in kinds]

    symbols = [[row[0], row[2], row[4]] for row in rows("index")]
    return [
        "Indices.",
        table(["index", "meaning", "instance"], symbols),
        "Variables of [model.md](model.md) §3. Every one is a column of the same name.",
        table(["variable", "unit", "meaning", "instance"], [_without_index(r) for r in rows("variable")]),
        "Auxiliary variables, see [exact reformulations](#exact-reformulations).",
        table(["variable", "unit", "meaning", "instance"], [_without_index(r) for r in rows("auxiliary")]),
        "Data.",
        table(["symbol", "index", "meaning", "unit", "instance"], rows("data")),
    ]


def _row(row: dict[str, str]) -> list[str]:
    fields = " ".join(f"[`{f}`](instance.md#{slug(_table(f))})" for f in row["field"].split())
    symbol = f"`{row['symbol']}`" if row["kind"] != "data" else row["symbol"]
    return [symbol, row["index"], row["meaning"], row["unit"], fields]


def _table(field: str) -> str:
    """The table of the instance reference that a field stands in; ``instance`` for fields that stand once."""
    parts = field.split(".")
    paths = [".".join(parts[:n]) for n in range(len(parts), 0, -1)]
    return next((path for path in paths if path in tables()), "instance")


def _without_index(row: list[str]) -> list[str]:
    symbol, index, meaning, unit, fields = row
    return [f"`{name(symbol.strip('`'), index.split(',') if index else [])}`", unit, meaning, fields]


def _marginals() -> str:
    def row(carrier: str, price: Price, kind: str) -> list[str]:
        words = price.words.format(item="*item*", when="in *year*", value="*v* USD")
        return [f"`{price.kind}`", f"{kind} `{carrier}`", price.unit, words]

    rows = [row(carrier, price, "row") for carrier, price in ROWS.items()]
    rows += [row(carrier, price, "bound of") for carrier, price in BOUNDS.items()]
    return table(["kind", "from", "unit", "how it reads"], rows)


def _all_rows(found: list[Family]) -> str:
    rows = []
    for f in found:
        for rule in f.rules:
            words = code(rule.words).partition("\n")[0]
            rows += [
                [f"[`{name(row, index)}`](#{slug(_label(rule))})", f.name, words]
                for row, index in rule.rows.items()
            ]
    return table(["row", "family", "says"], rows)


PAGES: dict[str, Callable[[], str]] = {
    "formulation.md": formulation,
    "instance.md": reference,
    "cli.md": commands.reference,
}
"""Generated pages by file name."""


def main() -> None:
    """Write every generated page."""
    for page, write in PAGES.items():
        (HERE / page).write_text(write(), encoding="utf-8")
        print(f"docs/{page}")


if __name__ == "__main__":
    main()
