"""What happens at each node: effects in words, and what commerce no longer supplies."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import numpy as np
import pandas as pd

from models.instance import Effect
from optimizer.replay.words import Names, sentences
from optimizer.tables.frame import Frame, by_period, concat

T = TypeVar("T")
BEGINS, GOES_ON, ENDS = "begins", "goes on", "ends"
"""An effect that was not in force the year before, one that was, and one that no longer is."""


def happenings(f: Frame) -> pd.DataFrame:
    """One row per sentence: node, state (:data:`BEGINS`, :data:`GOES_ON`, :data:`ENDS`), words."""
    types = {"node": "int64", "state": "str", "words": "str"}
    names = Names.of(f.instance)
    rows = []
    for node in f.tree.nodes:
        now = list(node.in_force)
        before = list(f.tree.nodes[node.parent].in_force) if node.parent is not None else []
        told = {
            BEGINS: _less(now, before),
            GOES_ON: _less(now, _less(now, before)),
            ENDS: _less(before, now),
        }
        for state, keys in told.items():
            effects: list[Effect] = [f.tree.effects[key] for key in keys]
            rows += [(node.id, state, words) for words in sentences(effects, names)]
    return concat([pd.DataFrame(rows, columns=list(types))], types)


def _less(these: Iterable[T], those: Iterable[T]) -> list[T]:
    """What is in these beyond what is in those, counted as often as it occurs."""
    left, kept = list(those), []
    for one in these:
        if one in left:
            left.remove(one)
        else:
            kept.append(one)
    return kept


def lost_supply(f: Frame) -> pd.DataFrame:
    """Commerce at each node against what it supplies undisturbed, t per period, where it is less.

    node, commodity, name, usual_t, left_t, lost_t, lost_share, and the countries that supply less.
    """
    types = {
        "node": "int64", "commodity": "str", "name": "str", "usual_t": "float64", "left_t": "float64",
        "lost_t": "float64", "lost_share": "float64", "countries": "str",
    }  # fmt: skip
    market, names = f.instance.market, {c.id: c.name for c in f.instance.commodities}
    places = {c.id: c.name for c in f.instance.countries}
    usual = f.years * by_period((r.quantity for r in market), f.periods)[f.period]
    short = usual - f.market
    rows = []
    for node in np.flatnonzero((short > 1e-9 * np.maximum(usual, 1.0)).any(axis=1)).tolist():
        by_commodity: dict[str, list[int]] = {}
        for row, r in enumerate(market):
            by_commodity.setdefault(r.commodity, []).append(row)
        for commodity, mine in by_commodity.items():
            before, lost = float(usual[node, mine].sum()), float(short[node, mine].sum())
            if lost <= 1e-9 * max(before, 1.0):
                continue
            # Named by who lacks most; a refinery that a shipment passes through is whose supply is cut.
            by_place: dict[str, float] = {}
            for row in mine:
                if short[node, row] > 0:
                    place = places[market[row].country]
                    via = "".join(f" via {places.get(v, v)}" for v in market[row].via)
                    by_place[place + via] = by_place.get(place + via, 0.0) + float(short[node, row])
            told = sorted(by_place, key=lambda p: -by_place[p])
            whose = ", ".join(told[:3]) + (f" and {len(told) - 3} more" if len(told) > 3 else "")
            rows.append(
                (node, commodity, names[commodity], before, before - lost, lost, lost / before, whose)
            )
    return concat([pd.DataFrame(rows, columns=list(types))], types)
