"""What a process and everything it has started hold in memory, from Linux's /proc.

The measure is the proportional set size: a page that several processes share (what a child has from the
zygote) counts as a part for each. To read it costs milliseconds, so it is read anew only when the resident
set, which costs microseconds, has changed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc")
CHANGED = 0.03
"""Relative change of the resident set at which the proportional one is read anew."""
PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


def children(pid: int) -> list[int]:
    """Processes that a process has started and that are its own; empty if it is gone."""
    found: list[int] = []
    try:
        for thread in os.listdir(PROC / str(pid) / "task"):
            found += map(int, (PROC / str(pid) / "task" / thread / "children").read_text().split())
    except OSError:
        return found
    return found


def tree(pid: int) -> Iterator[int]:
    """A process and all below it."""
    yield pid
    for child in children(pid):
        yield from tree(child)


def resident(pid: int) -> int:
    """Bytes; 0 if it is gone."""
    try:
        return int((PROC / str(pid) / "statm").read_text().split()[1]) * PAGE
    except (OSError, IndexError):
        return 0


def proportional(pid: int) -> int:
    """Bytes; the resident set where the system does not tell, 0 if it is gone."""
    try:
        for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        return resident(pid)
    return 0


class Gauge:
    """Memory of a process and all below it."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.now = self.peak = 0
        """Bytes."""
        self._resident = 0

    def read(self) -> int:
        """Bytes held now."""
        members = list(tree(self.pid))
        total = sum(map(resident, members))
        if abs(total - self._resident) > CHANGED * self._resident:
            self._resident = total
            self.now = sum(map(proportional, members))
            self.peak = max(self.peak, self.now)
        return self.now

    def settle(self, highest: int) -> None:
        """Take note of the highest resident set that the process itself has seen, between two readings."""
        self.peak = max(self.peak, self.now + highest - self._resident)
