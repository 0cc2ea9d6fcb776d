"""What one more unit of something scarce would save, from the duals of the LP with yes/no decisions fixed.

A dual says what a small step is worth while the yes/no decisions stay as they are; a large step, or one that
would change them, may be worth more. Where several limits are reached at once (an envelope that is the sum of
its sources) the saving may need all of them to move: HiGHS then gives one split of several.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from models.faults import SolverFailed
from models.plan import MarginalValue
from optimizer.compile import Arrays
from optimizer.data import Data
from optimizer.highs import Outcome, Solver
from optimizer.marginals.money import told_of_money
from optimizer.marginals.table import BOUNDS, ROWS, Price
from optimizer.marginals.units import Decisions, Index
from optimizer.summary.words import year as in_year

NOISE = 1e-7
"""Scaled duals below this are HiGHS's tolerance, not a price."""

HAIR = 1e-5
"""How far limits are let go, in the units HiGHS sees: a hundred times its tolerance."""
GOLDEN = 0.6180339887498949
"""Its multiples are spread evenly, so that no two limits are let go alike."""

Where = tuple[str, str, str, float | None]
"""Name of the price, kind, item, year."""


def loosened(arrays: Arrays, solver: Solver) -> Outcome:
    """The LP solved once more with every limit let go by a hair, from the basis it ended with.

    Where a limit is reached but more of it would be of no use, the duals of an LP are not unique, and
    presolve may leave any of them: leave to release one more tonne came out as worth 2,000 USD in a year
    without a gap. Duals of the loosened LP are those of a small step, and no value without use survives.

    ``solver`` holds ``arrays`` with its yes/no decisions fixed, solved; it is left loosened.
    """
    hair = HAIR * (1 + np.arange(sum(arrays.shape)) * GOLDEN % 1)
    by_row = hair[: len(arrays.rows)] / solver.scales.rows
    by_column = hair[len(arrays.rows) :] * solver.scales.columns
    equal = arrays.row_lower == arrays.row_upper
    low, high = arrays.row_lower - by_row, arrays.row_upper + by_row
    low[equal], high[equal] = arrays.row_lower[equal], arrays.row_upper[equal]
    # A tonne in the reserve may be given and need not be taken: giving must not force anything.
    for i, gift in _pools(arrays):
        low[i], high[i] = (low[i] - by_row[i], high[i]) if gift > 0 else (low[i], high[i] + by_row[i])
    solver.bound_rows(np.arange(len(low)), low, high)
    free = np.array([name != "nothing" for name, _ in arrays.columns], dtype=bool)
    limited = np.flatnonzero(np.isfinite(arrays.upper) & ~arrays.integer & free)
    solver.bound(limited, arrays.lower[limited], arrays.upper[limited] + by_column[limited])
    outcome = solver.run()
    if outcome.end != "optimal":
        raise SolverFailed(f"with every limit let go by a hair the LP became {outcome.end}.")
    return outcome


def _pools(arrays: Arrays) -> Iterator[tuple[int, float]]:
    """Rows of the reserve's balance; above 0 if what enters stands on the left with a plus."""
    matrix = arrays.matrix
    row = {key: i for i, (name, key) in enumerate(arrays.rows) if name == "pool"}
    for j, (name, key) in enumerate(arrays.columns):
        if name == "release":
            for at in range(matrix.indptr[j], matrix.indptr[j + 1]):
                if matrix.indices[at] == row[key]:
                    yield row[key], -float(matrix.data[at])


class Sums:
    """Values added up over the scenarios of a year, or over all rows that move together."""

    def __init__(self, data: Data, decided: Decisions) -> None:
        self.data, self.decided = data, decided
        self.values: dict[Where, float] = defaultdict(float)
        self.prices: dict[Where, Price] = {}

    def add(self, name: str, price: Price, key: Index, saved: float) -> None:
        """Money saved per unit of the right-hand side."""
        per_unit = price.per_unit(self.data, key)
        if per_unit > 0 and price.chosen(self.data, key, self.decided):
            where = (name, price.kind, price.item(self.data, key), self.year(price, key))
            self.values[where] += saved * self.data.units.money / per_unit
            self.prices[where] = price

    def year(self, price: Price, key: Index) -> float | None:
        """The calendar year, None if it is about the whole horizon."""
        if price.node is None:
            return None
        horizon = self.data.instance.horizon
        return horizon.start_year + self.data.period(key[price.node]) * horizon.period_years

    def told(self) -> list[MarginalValue]:
        """Those that are worth something, in words."""
        return [
            MarginalValue(kind=kind, item=item, year=year, value=value, unit=price.unit, words=words)
            for (name, kind, item, year), value in self.values.items()
            if value > 0
            for price in (self.prices[name, kind, item, year],)
            for words in (price.words.format(item=item, when=_in(year), value=_dollars(value)),)
        ]


def marginal_values(data: Data, arrays: Arrays, outcome: Outcome) -> tuple[MarginalValue, ...]:
    """Marginal values greater than 0, largest first within each kind; those of money also where they are 0.

    ``value`` is USD of objective saved per unit: with objective weights of 1, expected USD of today. A tonne
    in a year is a tonne in that year whatever the scenario.
    """
    rows, columns, x = outcome.row_duals, outcome.column_duals, outcome.x
    if rows is None or columns is None or x is None:
        return ()
    pools = {i: np.sign(gift) for i, gift in _pools(arrays)}
    decided = {arrays.columns[j]: bool(x[j] > 0.5) for j in np.flatnonzero(arrays.integer)}
    sums = Sums(data, decided)
    budget = data.instance.budget
    for i in np.flatnonzero(np.abs(rows) > NOISE).tolist():
        name, key = arrays.rows[i]
        if name in ROWS:
            # A tonne given lowers the right-hand side of the reserve's balance. The others are inequalities.
            saved = float(rows[i] * pools[i] if name == "pool" else abs(rows[i]))
            sums.add(name, ROWS[name], key, saved)
            if name == "release_gap" and data.consumption(*key) > data.market(*key):
                # What commerce has more, the reserve may release less.
                sums.add("market_max", ROWS["market_max"], key, -saved)
    for j in np.flatnonzero(columns < -NOISE):
        name, key = arrays.columns[j]
        if name in BOUNDS and np.isfinite(arrays.upper[j]):
            # Without sources the envelope is the one source: both limits are one.
            alone = name == "drawn" and not (budget and budget.sources)
            as_, price = ("envelope", ROWS["envelope"]) if alone else (name, BOUNDS[name])
            sums.add(as_, price, key, float(-columns[j]))
    found = told_of_money(data, arrays, x, sums.told())
    kinds = list(dict.fromkeys(price.kind for price in (*ROWS.values(), *BOUNDS.values())))
    return tuple(sorted(found, key=lambda v: (kinds.index(v.kind), -v.value, v.item, v.year or 0.0)))


def _in(year: float | None) -> str:
    return "" if year is None else f"in {in_year(year)}"


def _dollars(value: float) -> str:
    return f"{value:,.0f} USD" if value >= 100 else f"{value:.3g} USD"
