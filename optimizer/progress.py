"""Where a solve stands, and what time is left of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """Where a solve stands; USD."""

    phase: str
    """tree, formulation, arrays, search, polish, explain, audit"""
    seconds: float
    incumbent: float | None = None
    bound: float | None = None
    gap: float | None = None
    """relative"""
    nodes: int = 0
    """of the branch-and-bound tree"""


class Clock:
    """Seconds by phase and what is left of the time limit."""

    def __init__(self, limit: float | None, report: Callable[[Progress], None] | None) -> None:
        self.started, self.limit, self.report = time.perf_counter(), limit, report
        self.seconds: dict[str, float] = {}

    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self.started

    def left(self) -> float | None:
        """Seconds left, None without a limit."""
        return None if self.limit is None else max(0.0, self.limit - self.elapsed())

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Count the seconds of a phase and tell that it begins."""
        if self.report:
            self.report(Progress(name, self.elapsed()))
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begun
