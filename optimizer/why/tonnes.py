"""The table of options bought by the tonne: at which price each would enter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from optimizer.summary.words import figures, percent
from optimizer.why.entry import Threshold, threshold
from optimizer.why.ground import Ground
from optimizer.why.levers import Lever, agreement_levers, project_levers, spot_lever

COLUMNS = ["kind", "id", "what", "price_now", "enters_below", "cut", "unit", "exact", "words"]


def levers(ground: Ground, only: str | None = None) -> list[list[Lever]]:
    """Unused options bought by the tonne; of one option a lever for each start."""
    instance = ground.instance
    found = [[lever] for o in instance.spot if (lever := _spot(ground, o.id, only)) is not None]
    found += [agreement_levers(ground, a) for a in instance.agreements if only in (None, a.id)]
    found += [project_levers(ground, k) for k in instance.projects if only in (None, k.id)]
    return [group for group in found if group]


def _spot(ground: Ground, id_: str, only: str | None) -> Lever | None:
    return spot_lever(ground, ground.data.offers[id_]) if only in (None, id_) else None


def entry(ground: Ground, report: Callable[[int, int], None], only: str | None = None) -> pd.DataFrame:
    """Price thresholds, the nearest first; those there was no time for are left out."""
    groups = levers(ground, only)
    rows: list[dict[str, Any]] = []
    for number, group in enumerate(groups):
        if ground.left() <= 0:
            break
        report(number, len(groups))
        rows.append(_row(min((threshold(ground, lever) for lever in group), key=lambda t: t.cut)))
    rows.sort(key=lambda r: (r["cut"] / max(abs(r["price_now"]), 1e-9), r["id"]))
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(found: Threshold) -> dict[str, Any]:
    lever = found.lever
    return {
        "kind": lever.kind,
        "id": lever.id,
        "what": f"tier {lever.tier}" if lever.tier is not None else lever.kind,
        "price_now": lever.price,
        "enters_below": found.enters_below,
        "cut": found.cut,
        "unit": lever.unit,
        "exact": found.exact,
        "words": words(found),
    }


def words(found: Threshold) -> str:
    """As in: below 350 USD/t (asked: 400)."""
    lever, below = found.lever, found.enters_below
    if not np.isfinite(found.cut):
        return "at no price: there is no use for it"
    about = "" if found.exact else "about "
    if lever.unit == "premium":
        if below < -1:
            return "not even as a gift"
        level = f"a premium of {about}{percent(below, 3)}"
        return f"below {level} (asked: {percent(lever.price, 3)})"
    if below <= 0:
        return f"not even as a gift (asked: {figures(lever.price)} {lever.unit})"
    return f"below {about}{figures(below, 4)} {lever.unit} (asked: {figures(lever.price, 4)})"
