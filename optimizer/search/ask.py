"""What is asked of a search."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from models.options import Options
from optimizer.checkpoint import Checkpoint
from optimizer.compile import Vector
from optimizer.highs import Report

KEPT_BACK = 0.05
"""Share of the gap and of the time left that the search does not use: rounding and polishing need some."""


@dataclass(frozen=True)
class Ask:
    """What is asked of a search."""

    options: Options
    seconds: float | None = None
    stop: threading.Event | None = None
    report: Callable[[Report], None] | None = None
    start: Vector | None = None
    """Values for all columns, nan: none."""
    checkpoint: Callable[[Checkpoint], None] | None = None
    resume: Checkpoint | None = None

    @property
    def gap(self) -> float:
        """Relative gap at which the search may end."""
        return self.options.relative_gap * (1 - KEPT_BACK)
