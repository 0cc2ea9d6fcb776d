"""Where subproblems are solved: threads of this process, processes of this machine, actors of a Ray cluster
(docs/decisions/0024-pools.md)."""

from __future__ import annotations

from models.faults import UnknownPool
from optimizer.decompose.pools.port import Asked, Pool, Stopped
from optimizer.decompose.pools.processes import Processes
from optimizer.decompose.pools.sharded import Sharded
from optimizer.decompose.pools.threads import Threads
from optimizer.highs import machine_threads

__all__ = ["MANY", "Asked", "Pool", "Stopped", "check", "opened"]

MANY = 300
"""Subproblems from which ``auto`` takes processes."""
RAY = ("ray://", "ray:")
"""What a pool on a cluster begins with, if anything follows."""


def check(word: str) -> None:
    """Raise UnknownPool if there is no such pool."""
    known = word in ("auto", "threads", "processes", "ray")
    if not known and not any(word.startswith(start) and word != start for start in RAY):
        raise UnknownPool(
            f"{word!r}; there are auto, threads, processes, ray (a cluster that runs here, or a new one), "
            "ray:HOST:PORT (a cluster) and ray://HOST:PORT (a cluster's client server)."
        )


def opened(word: str, subproblems: int, threads: int) -> Pool:
    """A pool for so many subproblems, to be closed by whoever asked for it.

    ``threads`` is how many threads, processes or actors there are at most (0: as many as there are cores).
    Raises UnknownPool, PoolFailed where a cluster cannot be reached.
    """
    check(word)
    if word.startswith("ray"):
        from optimizer.decompose.pools.cluster import Cluster

        return Sharded(Cluster(word, min(threads, subproblems) if threads else subproblems))
    count = min(threads or machine_threads(), subproblems)
    if word == "processes" or (word == "auto" and count > 1 and subproblems >= MANY):
        return Sharded(Processes(count))
    return Threads(threads or machine_threads())
