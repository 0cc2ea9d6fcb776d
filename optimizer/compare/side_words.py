"""The differences between two alternatives as sentences, what matters most first."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from optimizer.compare.tables.changes import SAME
from optimizer.summary.words import count, figures, percent, tonnes, usd, year

Names = Mapping[str, str]
"""What people call an item, by id."""

VERBS = {"agreement": "signs", "project": "funds", "depot": "opens"}
MOST = 12
"""Items named in one sentence."""
TELLING = 1e-3
"""Differences of shares and probabilities below this are not put into words."""


def in_words(
    numbers: pd.DataFrame,
    made: pd.DataFrame,
    short: pd.DataFrame,
    cover: pd.DataFrame,
    *,
    left: str,
    right: str,
    names: Names,
) -> list[str]:
    """Sentences on ``right`` against ``left``, from the tables of :class:`optimizer.compare.side.Side`."""
    return [
        *_money(numbers, left, right),
        *_taken(made, left, right, names),
        *_short(short, left, right),
        *_held(cover, names),
        *_origin(numbers),
    ]


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
