"""Two alternatives side by side: what they commit to, what they cost, what they leave, and that in words.

From the tables of a comparison alone, so that it takes no solve and no plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from models.faults import UnknownItem
from optimizer.compare.side_words import VERBS, Names, in_words
from optimizer.compare.tables import MEASURES
from optimizer.compare.tables.changes import SAME

Tables = Mapping[str, pd.DataFrame]

COMMITMENTS = ("kind", "id", "start_left", "amount_left", "start_right", "amount_right", "unit", "change")


@dataclass(frozen=True)
class Side:
    """Two alternatives; columns end in ``_left`` and ``_right``."""

    left: str
    right: str
    words: tuple[str, ...]
    """The differences as sentences, what matters most first; of ``right`` against ``left``."""
    figures: pd.DataFrame
    """measure, unit, left, right, difference."""
    commitments: pd.DataFrame
    """kind, id, start and amount on either side, unit, change: same, left, right, larger, smaller, moved."""
    shortages: pd.DataFrame
    """segment, probability and expected loss on either side."""
    cover: pd.DataFrame
    """commodity, days when hit and at the end on either side."""


def side_by_side(tables: Tables, left: str, right: str, names: Names | None = None) -> Side:
    """Lay two alternatives of a comparison side by side.

    Parameters
    ----------
    tables: of a comparison.
    left, right: names of alternatives.
    names: what items are called in the sentences, by id; ids otherwise.

    Raises
    ------
    UnknownItem: there is no such alternative.
    """
    rows = tables["alternatives"]
    known = list(rows["alternative"])
    wrong = [name for name in (left, right) if name not in known]
    if wrong:
        raise UnknownItem(f"No alternative is called {wrong[0][:80]!r}; there are {', '.join(known[:20])}.")
    whole = {str(row["alternative"]): row for row in rows.to_dict("records")}
    numbers = pd.DataFrame(
        [
            (m, unit, _number(whole[left].get(m)), _number(whole[right].get(m)))
            for m, unit in MEASURES.items()
        ],
        columns=["measure", "unit", "left", "right"],
    )
    numbers = numbers.astype({"left": "float64", "right": "float64"})
    numbers["difference"] = numbers["right"] - numbers["left"]
    made = _commitments(tables["commitments"], left, right)
    short = _both(tables, "shortages", "segment", left, right)
    cover = _both(tables, "cover", "commodity", left, right)
    planned = [name for name in (left, right) if not pd.isna(whole[name].get("objective"))]
    if len(planned) < 2:
        missing = [name for name in (left, right) if name not in planned]
        words = [f"{name} has no plan: it is {whole[name]['status']}." for name in missing]
    else:
        words = in_words(numbers, made, short, cover, left=left, right=right, names=names or {})
    return Side(left, right, tuple(words), numbers, made, short, cover)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")


def _both(tables: Tables, name: str, key: str, left: str, right: str) -> pd.DataFrame:
    """A table's rows of both alternatives beside each other, in its order."""
    table = tables.get(name)
    if table is None:
        return pd.DataFrame(columns=[key])
    figures_ = [c for c in table.columns if c not in ("alternative", key)]
    halves = [
        table[table["alternative"] == which]
        .set_index(key)[figures_]
        .rename(columns={c: f"{c}_{side}" for c in figures_})
        for which, side in ((left, "left"), (right, "right"))
    ]
    order = list(dict.fromkeys(table.loc[table["alternative"].isin([left, right]), key]))
    joined = halves[0].reindex(order).join(halves[1].reindex(order))
    both = [f"{c}_{side}" for c in figures_ for side in ("left", "right")]
    return joined[both].rename_axis(key).reset_index()


def _commitments(table: pd.DataFrame, left: str, right: str) -> pd.DataFrame:
    """Every item that either takes, an item with another start on one row."""

    def starts(which: str) -> dict[tuple[str, str], list[tuple[float, float, str]]]:
        found: dict[tuple[str, str], list[tuple[float, float, str]]] = {}
        for row in table[table["alternative"] == which].to_dict("records"):
            taken = (float(row["start_year"]), float(row["amount"]), str(row["unit"]))
            found.setdefault((str(row["kind"]), str(row["id"])), []).append(taken)
        return found

    mine, theirs = starts(left), starts(right)
    order = list(dict.fromkeys([*VERBS, *(kind for kind, _ in [*mine, *theirs])]))
    rows = []
    for kind, id in sorted(mine.keys() | theirs.keys(), key=lambda at: (order.index(at[0]), at[1])):
        one, two = sorted(mine.get((kind, id), [])), sorted(theirs.get((kind, id), []))
        for n in range(max(len(one), len(two))):
            a, b = one[n] if n < len(one) else None, two[n] if n < len(two) else None
            unit = (a or b or (0.0, 0.0, ""))[2]
            was, now = a[:2] if a else (None, None), b[:2] if b else (None, None)
            rows.append((kind, id, *was, *now, unit, _change(a, b)))
    numeric = dict.fromkeys(("start_left", "amount_left", "start_right", "amount_right"), "float64")
    return pd.DataFrame(rows, columns=list(COMMITMENTS)).astype(numeric)


def _change(a: tuple[float, float, str] | None, b: tuple[float, float, str] | None) -> str:
    if a is None or b is None:
        return "right" if a is None else "left"
    if a[0] != b[0]:
        return "moved"
    if abs(b[1] - a[1]) <= SAME * max(a[1], b[1]):
        return "same"
    return "larger" if b[1] > a[1] else "smaller"
