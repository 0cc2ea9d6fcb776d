"""How high fines are, and when they are raised.

A fine that is too low lets the relaxation do what no plan may; one that is too high makes cuts so steep that
they say nothing a little further on. So they begin at what a sample says, and rise where they do not deter.
"""

from __future__ import annotations

import numpy as np

from optimizer.compile import Vector
from optimizer.decompose.allowance import Fines
from optimizer.decompose.visits import Visit

DEAR, COMMON, LOWEST = 4.0, 0.1, 0.25
"""Fines by what a sample says something is worth; at least by the most it says of any column; and at all."""
RAISE = 8.0
"""Factor on fines that did not deter."""
AWAY = 3
"""Rounds of the relaxation in a row with a fine before it is raised."""
DOUBT = 2
"""Raises of one row's fine after which it is doubted that any plan keeps it."""
MOST = 4
"""Most raises of one column's fine in the relaxation: then it is doubted that there is a plan. Within cones a
subproblem may cost the steeper the nearer it is to where it has no plan, without end."""


class Fined:
    """For how many rounds in a row rows and columns have cost fines."""

    def __init__(self, rows: int, columns: int) -> None:
        self.rows, self.columns = np.zeros(rows), np.zeros(columns)
        self.raises, self.doubted = np.zeros(rows), False
        self.steeper = np.zeros(columns)
        """By column: how often its fine was raised."""

    def doubtful(self) -> bool:
        """Whether some fine was raised so often that there may be no plan without it; said once."""
        most = max(self.raises.max(initial=0.0) / DOUBT, self.steeper.max(initial=0.0) / MOST)
        if self.doubted or most < 1:
            return False
        self.doubted = True
        return True

    def raised(self, visit: Visit) -> Fines | None:
        """Factors on the fines of those that have for long, None if there are none."""
        self.rows = np.where(visit.beyond > 0, self.rows + 1, 0)
        self.columns = np.where(visit.astray > 0, self.columns + 1, 0)
        rows, columns = self.rows >= AWAY, (self.columns >= AWAY) & (self.steeper < MOST)
        if not rows.any() and not columns.any():
            return None
        self.rows[rows], self.columns[columns] = 0, 0
        self.raises += rows
        self.steeper += columns
        return Fines(np.where(rows, RAISE, 1.0), np.where(columns, RAISE, 1.0))

    @staticmethod
    def all(visit: Visit) -> Fines:
        """Factors on the fines of all that cost some."""
        return Fines(np.where(visit.beyond > 0, RAISE, 1.0), np.where(visit.astray > 0, RAISE, 1.0))


def first_fines(price: Vector, slope: Vector, cost: float, sums: Vector) -> Fines:
    """Fines well above what a sample says: by joining row what the row is worth, and above a share of all
    cost for all of the row; by column of the master the steepest of the subproblems (``slope``)."""
    unit = abs(cost) / np.maximum(sums, 1.0)
    beyond = np.maximum(np.maximum(DEAR * np.abs(price), 0.25 * unit), LOWEST)
    common = max(COMMON * float(slope.max(initial=0.0)), LOWEST)
    return Fines(beyond, np.maximum(DEAR * slope, common))
