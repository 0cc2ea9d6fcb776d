"""The numbers of one period, for every part of a state that has been met."""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from optimizer.compile import Vector
from optimizer.template.cells import ABSENT, Integers, Kind, decode
from optimizer.template.parts import SHARED, Parts

OF_ROW = (Kind.ROW_LOWER, Kind.ROW_UPPER, Kind.OWN, Kind.PAST, Kind.COMMON)
"""Cells that belong to a row of the node; the others belong to a column of the node."""


class Bank:
    """Cells of a period by library node, and the library node that holds each part of each unit.

    ``numbers``: library node × cell. ``where[u]``: library node by part of unit u.
    """

    def __init__(self, period: int, parts: Parts) -> None:
        self.period, self.parts = period, parts
        self.codes: Integers = np.empty(0, dtype=np.int64)
        self.numbers: NDArray[np.float64] = np.empty((0, 0))
        self.where: list[dict[bytes, int]] = [{} for _ in parts.slots]
        self.integer: set[int] = set()
        self.wide_rows: set[int] = set()
        """Rows and columns whose numbers turned out to follow more of the state than their unit holds."""
        self.wide_columns: set[int] = set()
        self.units: Integers = np.empty(0, dtype=np.int64)
        """By cell."""
        self.needs_whole = False
        """Whether some cells follow the whole state."""

    @cached_property
    def varying(self) -> Integers:
        """Cells that are not the same in all library nodes."""
        return np.flatnonzero((self.numbers != self.numbers[0]).any(axis=0))

    @cached_property
    def by_kind(self) -> list[slice]:
        """Cells of each kind; rows and columns come in the same order in all kinds."""
        ends = np.searchsorted(decode(self.codes)[0], np.arange(len(Kind) + 1)).tolist()
        return [slice(start, end) for start, end in pairwise(ends)]

    @cached_property
    def columns(self) -> Integers:
        """Numbers of the columns of the period, in order."""
        return decode(self.codes[self.by_kind[Kind.LOWER]])[3]

    @cached_property
    def rows(self) -> Integers:
        """Numbers of the rows of the period, in order."""
        return decode(self.codes[self.by_kind[Kind.ROW_LOWER]])[2]

    def add(self, vectors: list[Vector], node: Integers, code: Integers, value: Vector) -> None:
        """Library nodes with their cells; ``node`` by position in ``vectors``."""
        fresh = np.setdiff1d(code, self.codes)
        self.codes = np.concatenate([self.codes, fresh])
        for derived in ("varying", "by_kind", "columns", "rows"):
            self.__dict__.pop(derived, None)
        absent = ABSENT[decode(self.codes)[0]]
        before = len(self.numbers)
        grown = np.tile(absent, (before + len(vectors), 1))
        grown[:before, : self.numbers.shape[1]] = self.numbers
        order = np.argsort(self.codes)
        grown[before + node, order[np.searchsorted(self.codes, code, sorter=order)]] = value
        # Kinds lie together, so that each can be read as a slice; within a kind the order stays.
        together = np.argsort(decode(self.codes)[0], kind="stable")
        self.codes, self.numbers = self.codes[together], np.ascontiguousarray(grown[:, together])
        for position, vector in enumerate(vectors, before):
            for unit, key in enumerate(self.parts.keys(vector)):
                self.where[unit].setdefault(key, position)
            self.where[self.parts.whole].setdefault(vector.tobytes(), position)

    def assign(self, row_units: Integers, column_units: Integers) -> None:
        """Say which unit each cell follows, by the units of all known rows and columns; -1: none of its own.

        A row without a unit of its own whose columns all follow one unit follows it too.
        """
        kind, _, row, column = decode(self.codes)
        columns = column_units.copy()
        columns[list(self.wide_columns)] = self.parts.whole
        of_row = self._rows(kind, row, column, row_units, columns)
        in_row = np.isin(kind, OF_ROW)
        self.units = np.full(len(kind), SHARED)
        self.units[in_row] = np.maximum(of_row[row[in_row]], SHARED)
        by_column = ~in_row
        entries = np.flatnonzero(np.isin(kind, [Kind.OWN, Kind.PAST]))
        by_column[entries] = of_row[row[entries]] < 0
        self.units[by_column] = columns[column[by_column]]
        self.needs_whole = bool((self.units == self.parts.whole).any())

    def _rows(
        self, kind: Integers, row: Integers, column: Integers, row_units: Integers, columns: Integers
    ) -> Integers:
        units = row_units.copy()
        own = kind == Kind.OWN
        least = np.full(len(units), self.parts.whole)
        most = np.full(len(units), -1)
        np.minimum.at(least, row[own], columns[column[own]])
        np.maximum.at(most, row[own], columns[column[own]])
        alone = (units < 0) & (least == most)
        units[alone] = most[alone]
        units[list(self.wide_rows)] = self.parts.whole
        return units

    def widen(self, vectors: list[Vector]) -> bool:
        """Check that each of these library nodes finds its own numbers by its parts; whether some did not.

        Rows and columns that did not follow the whole state from now on.
        """
        found = self.gather(np.array([self.find(v) for v in vectors], dtype=np.int64))
        mine = self.numbers[len(self.numbers) - len(vectors) :]
        wrong = np.flatnonzero((found != mine).any(axis=0))
        kind, _, row, column = decode(self.codes[wrong])
        of_row = np.isin(kind, OF_ROW)
        self.wide_rows |= set(row[of_row].tolist())
        self.wide_columns |= set(column[~of_row].tolist())
        return bool(len(wrong))

    def missing(self, vector: Vector) -> list[int]:
        """Units whose part of a state is not here."""
        absent = [u for u, key in enumerate(self.parts.keys(vector)) if key not in self.where[u]]
        if self.needs_whole and vector.tobytes() not in self.where[self.parts.whole]:
            absent.append(self.parts.whole)
        return absent

    def find(self, vector: Vector) -> list[int] | None:
        """The library node of each unit; None if a part is not here."""
        whole = self.where[self.parts.whole].get(vector.tobytes())
        if whole is None and self.needs_whole:
            return None
        try:
            found = [at[key] for at, key in zip(self.where, self.parts.keys(vector), strict=False)]
        except KeyError:
            return None
        return [*found, whole or 0]

    def gather(self, places: Integers, cells: slice = slice(None)) -> NDArray[np.float64]:
        """All cells, or some of them, for rows of library nodes by unit."""
        # Most cells are the same whatever happens: copying them costs less than looking each of them up.
        first, last, _ = cells.indices(len(self.codes))
        varying = self.varying[slice(*np.searchsorted(self.varying, (first, last)))]
        result = np.empty((*places.shape[:-1], last - first))
        result[:] = self.numbers[0, first:last]
        flat = (places * len(self.codes))[..., self.units[varying]] + varying
        result[..., varying - first] = self.numbers.reshape(-1).take(flat)
        return result
