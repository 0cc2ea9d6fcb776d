"""Where subproblems are solved: threads of this process, processes of this machine, actors of a Ray cluster
(docs/decisions/0024-pools.md)."""

from __future__ import annotations

import os

from models.faults import UnknownPool
from optimizer.decompose.pools.port import Asked, Pool, Stopped
from optimizer.decompose.pools.processes import Processes
from optimizer.decompose.pools.sharded import Sharded
from optimizer.decompose.pools.threads import Threads
from optimizer.highs import machine_threads
from optimizer.highs.solver import CORES

__all__ = ["MANY", "Asked", "Pool", "Stopped", "check", "opened"]

MANY = 300
"""Subproblems from which ``auto`` takes processes."""
FEW = 2
"""Cores up to which it does not: a fifth of a round is Python, which two threads hardly notice."""
RAY = ("ray://", "ray:")
"""What a pool on a cluster begins with, if anything follows."""


def check(word: str) -> None:
    """Raise UnknownPool if there is no such pool."""
    known = word in ("auto", "threads", "processes", "ray")
    start = next((start for start in RAY if word.startswith(start)), None)
    if not known and (start is None or word == start):
        raise UnknownPool(
            f"{word!r}; there are auto, threads, processes, ray (a cluster that runs here, or a new one), "
            "ray:HOST:PORT (a cluster) and ray://HOST:PORT (a cluster's client server)."
        )


def opened(word: str, subproblems: int, threads: int) -> Pool:
    """A pool for so many subproblems, to be closed by whoever asked for it.

    ``threads`` is how many threads, processes or actors there are at most (0: as many as there are cores).
    ``auto`` stays in this process where it has but a share of the machine: its memory is limited as well.
    Raises UnknownPool, PoolFailed where a cluster cannot be reached.
    """
    check(word)
    if word.startswith("ray"):
        from optimizer.decompose.pools.cluster import Cluster

        return Sharded(Cluster(word, min(threads, subproblems) if threads else subproblems))
    count = min(threads or machine_threads(), subproblems)
    worth = count > FEW and subproblems >= MANY and CORES not in os.environ
    if word == "processes" or (word == "auto" and worth):
        return Sharded(Processes(count))
    return Threads(threads or machine_threads())
