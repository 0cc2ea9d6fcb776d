"""Subproblems in this process, on several threads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from optimizer.decompose.allowance import Allowed
from optimizer.decompose.oracle import Oracle
from optimizer.decompose.pools.port import Asked


@dataclass(frozen=True)
class Threads:
    """So many threads; HiGHS runs side by side, Python between its runs does not."""

    threads: int
    words = ""

    def hold(self, allowed: Allowed, *, seed: int, halted: Callable[[], bool]) -> Asked:
        """Take the subproblems of a programme."""
        return Oracle(allowed, threads=self.threads, seed=seed, halted=halted)

    def close(self) -> None:
        """There is nothing to end: threads belong to what is held."""
