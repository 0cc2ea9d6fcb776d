"""Where a search stands: what it has found, and what is still to be looked at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizer.compile import Vector


@dataclass(frozen=True)
class Frontier:
    """A search can be gone on with from here; decisions are the columns in the order of the relaxation."""

    incumbent: Vector | None
    """Whole numbers."""
    objective: float
    """inf without an incumbent."""
    discarded: float
    """No plan in any part of the tree that was given up is below this."""
    bounds: Vector
    """By open node: no plan there is below."""
    lower: Vector
    """Nodes by decisions."""
    upper: Vector
    gain: Vector
    """Pseudo-costs, shape (2, decisions)."""
    seen: NDArray[np.int64]
    nodes: int
    """Branched on so far."""

    @property
    def bound(self) -> float:
        """No plan is below."""
        return float(min([self.discarded, self.objective, *self.bounds.tolist()]))
