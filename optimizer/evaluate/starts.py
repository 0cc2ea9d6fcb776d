"""Bases to start from, kept by period and layout."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from optimizer.evaluate.programme import Assembled
from optimizer.highs.linear import BASIC, Basis

Codes = NDArray[np.int8]


class Statuses:
    """A basis kept by period and layout, to start other programmes of paths from."""

    def __init__(self, found: Assembled, basis: Basis, kink: bool) -> None:
        self.columns: dict[int, Codes] = {}
        self.rows: dict[int, Codes] = {}
        self.rest: tuple[list[int], list[int]] = ([], [])
        for k, spot in enumerate(found.nodes):
            piece, t = spot.piece, spot.piece.layout.period
            columns = np.zeros(len(piece.layout.columns) + kink, dtype=np.int8)
            rows = np.full(len(piece.layout.rows) + kink, BASIC, dtype=np.int8)
            at, row_at = found.first[k], found.first_row[k]
            columns[piece.active] = basis.columns[at : at + len(piece.active)]
            rows[piece.rows] = basis.rows[row_at : row_at + len(piece.rows)]
            if kink:
                columns[-1] = basis.columns[at + len(piece.active)]
                rows[-1] = basis.rows[row_at + len(piece.rows)]
            self.columns[t], self.rows[t] = columns, rows
        self.last_column, self.last_row = int(basis.columns[-1]), int(basis.rows[-1])

    def of(self, found: Assembled, kink: bool) -> Basis:
        """The same statuses on another path; columns not known there are at their lower bound."""
        columns, rows = [], []
        for spot in found.nodes:
            piece, t = spot.piece, spot.piece.layout.period
            known, known_rows = self.columns[t], self.rows[t]
            columns.append(_status(known, piece.active, kink, 0))
            rows.append(_status(known_rows, piece.rows, kink, BASIC))
        if kink:
            columns.append(np.array([self.last_column], dtype=np.int8))
            rows.append(np.array([self.last_row], dtype=np.int8))
        return Basis(np.concatenate(columns), np.concatenate(rows))


def _status(known: Codes, index: NDArray[np.int64], kink: bool, otherwise: int) -> Codes:
    size = len(known) - kink
    found = np.full(len(index) + kink, otherwise, dtype=np.int8)
    inside = index < size
    found[: len(index)][inside] = known[index[inside]]
    if kink:
        found[-1] = known[-1]
    return found
