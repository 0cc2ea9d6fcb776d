"""The ledger of residuals: what was compared, how far apart it was, and where.

A residual is judged relative to the size of its row: the sum of the absolute values of its terms, but no
less than a floor. The floor is a tenth of what consumers use of the commodity in one period for tonnes, and a
hundredth of what all of them pay in one period for money; without it, rounding would look like a fault in
rows whose terms are all nearly zero. A solver meets its scaled rows to about 1e-7 of a million USD's worth,
which is below 1e-6 of these sizes; a fault of 1e-3 stands out in every row that is not a thousand times below
its floor.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from models.plan import FamilyResidual
from optimizer.audit.arrays import Array

FAMILIES = (
    "tree",
    "bounds",
    "commit",
    "contracts",
    "spot",
    "projects",
    "pool",
    "stock",
    "consumers",
    "money",
    "allocations",
    "shares",
    "cover",
    "service",
    "concentration",
    "chance",
    "loss",
    "objective",
)
"""The constraint families of model.md §4 and §5; ``tree`` is §2, ``bounds`` signs, ids and indices of §3."""

LARGEST = 1e300
"""Stands for an infinite residual: certificates hold finite numbers only."""

FAULTS = 20
"""Faults told per family; the rest are counted."""

NAMED = 3
"""Rows named per comparison; the rest are counted."""

Number = float | Array


class Ledger:
    """Collects the worst row of every family, and words for every row beyond the tolerance."""

    def __init__(self, tolerance: float) -> None:
        self.tolerance = tolerance
        self._findings: list[str] = []
        self._faults: Counter[str] = Counter()
        self._worst: dict[str, FamilyResidual] = {}

    def at_most(
        self,
        family: str,
        says: str,
        unit: str,
        left: Number,
        right: Number,
        *,
        name: Callable[..., str],
        floor: Number,
        size: Number | None = None,
    ) -> None:
        """Compare left <= right, element by element; ``name`` gets the indices of an element.

        ``size`` is the sum of the absolute terms where left and right hide some; ``floor`` the least size.
        """
        a, b = np.asarray(left, dtype=np.float64), np.asarray(right, dtype=np.float64)
        self._compare(family, says, unit, np.maximum(a - b, 0.0), self._size(a, b, size, floor), name=name)

    def equal(
        self,
        family: str,
        says: str,
        unit: str,
        left: Number,
        right: Number,
        *,
        name: Callable[..., str],
        floor: Number,
        size: Number | None = None,
    ) -> None:
        """Compare left = right, element by element; otherwise as :meth:`at_most`."""
        a, b = np.asarray(left, dtype=np.float64), np.asarray(right, dtype=np.float64)
        self._compare(family, says, unit, np.abs(a - b), self._size(a, b, size, floor), name=name)

    def fault(self, family: str, row: str, says: str) -> None:
        """Something that is wrong as a whole, whatever the tolerance: an unknown id, a missing node."""
        self._keep(family, 1.0, "fault", 1.0, row)
        self._faults[family] += 1
        if self._faults[family] <= FAULTS:
            self._findings.append(f"{family} · {row}: {says}")

    def findings(self) -> tuple[str, ...]:
        """Every violation in words; empty if and only if the plan passes."""
        more = (f"{family}: {n - FAULTS} more faults" for family, n in self._faults.items() if n > FAULTS)
        return (*self._findings, *more)

    def residuals(self) -> tuple[FamilyResidual, ...]:
        """One residual per family, in the order of :data:`FAMILIES`."""
        return tuple(self._worst.get(family) or nothing(family) for family in FAMILIES)

    @staticmethod
    def _size(a: Array, b: Array, size: Number | None, floor: Number) -> Array:
        terms: Array = np.abs(a) + np.abs(b) if size is None else np.asarray(size, dtype=np.float64)
        result: Array = np.maximum(np.maximum(terms, floor), 1e-9)
        return result

    def _compare(
        self, family: str, says: str, unit: str, excess: Array, size: Array, *, name: Callable[..., str]
    ) -> None:
        excess, size = np.broadcast_arrays(excess, size)
        if excess.size == 0:
            return
        relative = (excess / size).ravel()
        relative = np.where(np.isnan(relative), np.inf, relative)

        def where(flat: int) -> str:
            return name(*(int(i) for i in np.unravel_index(flat, excess.shape)))

        top = int(np.argmax(relative))
        if relative[top] > self._relative(family):
            self._keep(family, excess.ravel()[top], unit, relative[top], where(top))
        if not relative[top] > self.tolerance:
            return
        beyond = np.flatnonzero(relative > self.tolerance)
        beyond = beyond[np.argsort(-relative[beyond], kind="stable")]
        for flat in beyond[:NAMED]:
            amount = f"{excess.ravel()[flat]:.6g} {unit}".strip()
            share = f"{relative[flat]:.2g} of the row's size"
            self._findings.append(f"{family} · {where(int(flat))}: {says}, off by {amount} ({share})")
        if len(beyond) > NAMED:
            self._findings.append(f"{family}: {says}, in {len(beyond) - NAMED} more rows")

    def _relative(self, family: str) -> float:
        return self._worst[family].relative if family in self._worst else 0.0

    def _keep(self, family: str, residual: float, unit: str, relative: float, row: str) -> None:
        if relative > self._relative(family):
            self._worst[family] = FamilyResidual(
                family=family,
                residual=finite(residual),
                unit=unit,
                relative=finite(relative),
                row=f"{family} · {row}",
            )


def nothing(family: str) -> FamilyResidual:
    """The residual of a family without any violation."""
    return FamilyResidual(family=family, residual=0.0, unit="", relative=0.0, row=f"{family} · no violation")


def largest(residuals: Sequence[FamilyResidual]) -> FamilyResidual:
    """The residual that is largest relative to its row."""
    return max(residuals, key=lambda r: r.relative)


def finite(value: float) -> float:
    """The number itself, or the largest one in place of an infinite one."""
    number = float(value)
    return number if math.isfinite(number) else math.copysign(LARGEST, number)
