"""A way out for rules that cannot all be kept, at a price above everything else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from optimizer.compile import Vector
from optimizer.data import Data
from optimizer.evaluate.programme import Assembled
from optimizer.evaluate.rules import KEPT, PRICE, WORDS, Broken, item, natural
from optimizer.highs.linear import LinearProgramme


def softened(found: Assembled) -> Assembled:
    """The same with a way out of every rule, at a price above everything else."""
    p = found.programme
    over = np.flatnonzero(found.soft & np.isfinite(p.row_upper))
    under = np.flatnonzero(found.soft & np.isfinite(p.row_lower))
    count = len(over) + len(under)
    ways = sp.csc_array(
        (
            np.concatenate([np.full(len(over), -1.0), np.ones(len(under))]),
            (np.concatenate([over, under]), np.arange(count)),
        ),
        shape=(p.matrix.shape[0], count),
    )
    price = PRICE * max(1.0, float(np.abs(p.cost).max(initial=0.0)))
    programme = LinearProgramme(
        sp.csc_array(sp.hstack([p.matrix, ways], format="csc")),
        np.concatenate([p.cost, np.full(count, price)]),
        np.concatenate([p.lower, np.zeros(count)]),
        np.concatenate([p.upper, np.full(count, np.inf)]),
        p.row_lower,
        p.row_upper,
    )
    return replace(found, programme=programme, slack_rows=np.concatenate([over, under]))


def breaches(data: Data, found: Assembled, x: Vector) -> tuple[Broken, ...]:
    """Rules that give way in a solution of a softened programme, and by how much."""
    used = x[len(x) - found.slacks :]
    rows = found.slack_rows
    result = []
    for k in np.flatnonzero(used > KEPT).tolist():
        node = int(np.searchsorted(found.first_row, rows[k], side="right")) - 1
        piece, place = found.nodes[node].piece, int(rows[k]) - found.first_row[node]
        name, index = piece.layout.rows[piece.rows[place]]
        t = piece.layout.period
        per, unit = natural(data, name, (*index, t))
        amount = float(used[k]) / float(found.scales[node].rows[place])
        if amount > KEPT:
            what = item(data, name, (*index, t))
            result.append(Broken(WORDS.get(name, name), what, amount * per, unit, t))
    return tuple(result)
