"""Two alternatives side by side: what they commit to, what they cost, what they leave, and that in words.

From the tables of a comparison alone, so that it takes no solve and no plan.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from models.faults import UnknownItem
from optimizer.compare.tables import MEASURES
from optimizer.compare.tables.changes import SAME
from optimizer.summary.words import count, figures, percent, tonnes, usd, year

Tables = Mapping[str, pd.DataFrame]
Names = Mapping[str, str]
"""What people call an item, by id."""

COMMITMENTS = ("kind", "id", "start_left", "amount_left", "start_right", "amount_right", "unit", "change")
VERBS = {"agreement": "signs", "project": "funds", "depot": "opens"}
MOST = 12
"""Items named in one sentence."""
TELLING = 1e-3
"""Differences of shares and probabilities below this are not put into words."""


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
        called = dict(names or {})
        words = [
            *_money(numbers, left, right),
            *_taken(made, left, right, called),
            *_short(short, left, right),
            *_held(cover, called),
            *_origin(numbers),
        ]
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


# ---- in words


def _against(left: float, right: float, more: str, less: str) -> str:
    """How far the right is from the left, and both."""
    difference = right - left
    if math.isnan(difference):
        return "unknown on one side"
    if abs(difference) <= SAME * max(abs(left), abs(right)):
        return f"the same ({usd(left)} USD)"
    word = more if difference > 0 else less
    return f"{usd(abs(difference))} USD {word} ({usd(right)} against {usd(left)})"


def _money(numbers: pd.DataFrame, left: str, right: str) -> list[str]:
    rows = zip(numbers["measure"], numbers["left"], numbers["right"], strict=True)
    by = {str(measure): (float(one), float(two)) for measure, one, two in rows}
    cost = _against(*by["expected_cost"], "more", "less")
    loss = _against(*by["expected_loss"], "higher", "lower")
    tail = _against(*by["cvar"], "higher", "lower")
    both = _against(*by["objective"], "higher", "lower")
    return [
        f"Against {left}, {right} costs {cost}, expected and discounted.",
        f"Its expected loss is {loss}; in the worst cases (CVaR) the loss is {tail}.",
        f"Cost and risk together, as the objective weighs them: {both}.",
    ]


def _taken(made: pd.DataFrame, left: str, right: str, names: Names) -> list[str]:
    if made.empty:
        return ["Neither commits to anything."]
    if (made["change"] == "same").all():
        return [f"Both commit to the same: {count(len(made), 'item')}, alike in size and start."]
    words = []
    for name, side in ((right, "right"), (left, "left")):
        alone = made[made["change"] == side]
        said = []
        for kind, verb in VERBS.items():
            items = [
                f"{_called(row['id'], names)} ({_amount(row[f'amount_{side}'], row['unit'])}"
                f" from {year(row[f'start_{side}'])})"
                for row in alone[alone["kind"] == kind].to_dict("records")
            ]
            said += [f"{verb} {_listed(items)}"] if items else []
        if said:
            words.append(f"Only {name} {'; '.join(said)}.")
    for change, title in (("larger", f"Larger under {right}"), ("smaller", f"Smaller under {right}")):
        items = [
            f"{_called(row['id'], names)} ({_amount(row['amount_left'], '')} → "
            f"{_amount(row['amount_right'], row['unit'])})"
            for row in made[made["change"] == change].to_dict("records")
        ]
        words += [f"{title}: {_listed(items)}."] if items else []
    moved = [
        f"{_called(row['id'], names)} ({year(row['start_left'])} → {year(row['start_right'])})"
        for row in made[made["change"] == "moved"].to_dict("records")
    ]
    words += [f"At another time: {_listed(moved)}."] if moved else []
    alike = int((made["change"] == "same").sum())
    words += [f"{count(alike, 'item')} in both, alike in size and start."] if alike else []
    return words


def _short(short: pd.DataFrame, left: str, right: str) -> list[str]:
    words = []
    for row in short.to_dict("records"):
        was, now = row.get("probability_of_shortage_left"), row.get("probability_of_shortage_right")
        if pd.isna(was) or pd.isna(now) or abs(now - was) < TELLING:
            continue
        change = "more" if now > was else "less"
        words.append(
            f"{row['segment']} runs short {change} often under {right}: with probability {percent(now)}"
            f" against {percent(was)}, at an expected loss of {usd(row['expected_loss_right'])} USD against"
            f" {usd(row['expected_loss_left'])}."
        )
    if len(short) and not words:
        words.append(f"Under {left} and {right} every segment runs short equally often.")
    return words


def _held(cover: pd.DataFrame, names: Names) -> list[str]:
    changed = []
    for row in cover.to_dict("records"):
        was, now = row.get("days_when_hit_left"), row.get("days_when_hit_right")
        if not (pd.isna(was) or pd.isna(now)) and abs(now - was) >= 1:
            changed.append(
                (abs(now - was), f"{_called(row['commodity'], names)} {now:,.0f} against {was:,.0f}")
            )
    most = [text for _, text in sorted(changed, reverse=True)]
    return [f"Days of use in stock when supply is first hit: {_listed(most)}."] if most else []


def _origin(numbers: pd.DataFrame) -> list[str]:
    words = []
    for measure, called in (("domestic_share", "at home"), ("allied_share", "with allies")):
        row = numbers[numbers["measure"] == measure].iloc[0]
        if pd.notna(row["difference"]) and abs(row["difference"]) >= 10 * TELLING:
            words.append(
                f"{percent(row['right'])} of planned spend goes to supply {called}, against"
                f" {percent(row['left'])}."
            )
    return words


def _called(id: str, names: Names) -> str:
    name = names.get(id)
    return id if name is None or name == id else f"{name} [{id}]"


def _amount(value: float, unit: str) -> str:
    number = tonnes(value).removesuffix(" t") if unit.startswith("t") or not unit else figures(value)
    return f"{number} {unit}".strip()


def _listed(items: Sequence[str]) -> str:
    left = len(items) - MOST
    told = ", ".join(items[:MOST])
    return f"{told}, and {left} more" if left > 0 else told
