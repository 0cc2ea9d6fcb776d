"""Workers as actors of a Ray cluster, a core each, spread over its machines.

Every machine needs this package, of the same version, with the extra ``cluster``. What is lost with a machine
is rebuilt on another; Ray is not to restart actors itself, for only the master knows what to ask them again.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

from models.faults import PoolFailed
from optimizer.decompose.pools.requests import Reply, Request
from optimizer.decompose.pools.worker import Worker
from optimizer.decompose.pools.workers import Lost

try:
    import ray
    from ray.exceptions import GetTimeoutError, RayError, RayTaskError
except ImportError:
    raise PoolFailed("Ray is not installed: pip install 'stockpile[cluster]'.") from None

PLACED = 120.0
"""Seconds within which an actor has a core and answers."""
REACHED = 10.0
"""Seconds within which a cluster answers at all."""


class Cluster:
    """Actors on a cluster: ``ray://HOST:PORT`` by its client server, ``ray:HOST:PORT`` as one of its
    machines, ``ray`` the one that runs on this machine or a new one. At most ``most`` actors; one that Ray
    is connected to already is used, and left connected.

    Raises PoolFailed where it cannot be reached or has no free core.
    """

    def __init__(self, word: str, most: int) -> None:
        self._own = not ray.is_initialized()
        if self._own:
            _connect(word)
        free = _free()
        if not free:
            self._leave()
            raise PoolFailed("No core of the Ray cluster is free.")
        self.count = min(most, free)
        self._actor = ray.remote(concurrency_groups={"halt": 1})(Worker)
        self._handles = [self._new(1) for _ in range(self.count)]
        self._begun = [time.monotonic()] * self.count
        self._placed = [False] * self.count
        self._under_way: dict[ray.ObjectRef, int] = {}

    @property
    def words(self) -> str:
        """How many."""
        return f"by {self.count} actor{'s' if self.count > 1 else ''} of a Ray cluster"

    def _new(self, cores: int) -> ray.actor.ActorHandle:
        return self._actor.options(
            num_cpus=cores, scheduling_strategy="SPREAD", max_restarts=0, max_task_retries=0
        ).remote()

    def start(self, k: int) -> None:
        """A new actor in the place of one that was lost, or is to be. Without a free core it shares one."""
        self._forget(k)
        ray.kill(self._handles[k])
        self._handles[k] = self._new(min(1, _free()))
        self._begun[k], self._placed[k] = time.monotonic(), False

    def send(self, k: int, request: Request) -> None:
        """Ask worker k."""
        self._under_way[self._handles[k].answer.remote(request)] = k

    def take(self, seconds: float) -> list[tuple[int, Reply | Lost]]:
        """Answers that have come, those of one worker in the order they were asked for."""
        waiting = list(self._under_way)
        if not waiting:
            time.sleep(seconds)
            return []
        done = set(ray.wait(waiting, num_returns=1, timeout=seconds)[0])
        if done:
            done |= set(ray.wait(waiting, num_returns=len(waiting), timeout=0)[0])
        found: list[tuple[int, Reply | Lost]] = []
        behind: set[int] = set()
        for ref in waiting:
            k = self._under_way.get(ref)
            if k is None:
                continue
            if ref not in done or k in behind:
                # Answers are matched with requests by their order.
                behind.add(k)
                continue
            del self._under_way[ref]
            reply = self._reply(ref)
            self._placed[k] = True
            found.append((k, reply))
            if isinstance(reply, Lost):
                self._forget(k)
        return found + self._unplaced()

    def _reply(self, ref: ray.ObjectRef) -> Reply | Lost:
        try:
            reply: Reply = ray.get(ref, timeout=PLACED)
        except RayTaskError as error:
            # The worker answers its own errors: this one could not even be asked.
            raise PoolFailed(f"An actor could not be asked:\n{error}") from None
        except (RayError, GetTimeoutError) as error:
            return Lost(f"{type(error).__name__}: {str(error).splitlines()[0]}")
        return reply

    def _unplaced(self) -> list[tuple[int, Reply | Lost]]:
        late: list[tuple[int, Reply | Lost]] = []
        for k in set(self._under_way.values()):
            if not self._placed[k] and time.monotonic() - self._begun[k] > PLACED:
                self._forget(k)
                late.append((k, Lost(f"it was not placed on any machine within {PLACED:g} s.")))
        return late

    def _forget(self, k: int) -> None:
        self._under_way = {ref: of for ref, of in self._under_way.items() if of != k}

    def halt(self) -> None:
        """Tell all to leave what they are doing."""
        for handle in self._handles:
            handle.halt.options(concurrency_group="halt").remote()

    def close(self) -> None:
        """End all."""
        for handle in self._handles:
            ray.kill(handle)
        self._leave()

    def _leave(self) -> None:
        if self._own:
            ray.shutdown()


def _free() -> int:
    return int(ray.available_resources().get("CPU", 0))


def _connect(word: str) -> None:
    """Raises PoolFailed."""
    address = word if word.startswith("ray://") else word.partition(":")[2]
    if address:
        _reach(address)
    # A cluster started here reports to nobody.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    with _signals():
        try:
            if address.startswith("ray://"):
                ray.init(address)
            else:
                ray.init(address or None, logging_level=logging.ERROR, log_to_driver=False)
        except (ConnectionError, RuntimeError, ValueError, RayError) as error:
            reason = f"{type(error).__name__}: {error}"
            raise PoolFailed(f"The Ray cluster {address} does not let us in: {reason}") from None


def _reach(address: str) -> None:
    """Ray itself would try for minutes. Raises PoolFailed."""
    parts = urlsplit(address if "//" in address else f"//{address}")
    try:
        host, port = parts.hostname, parts.port
    except ValueError as reason:
        raise PoolFailed(f"{address!r} is no address of a Ray cluster: {reason}.") from None
    if not host or not port:
        raise PoolFailed(f"{address!r} is no address of a Ray cluster: it needs a host and a port.")
    try:
        socket.create_connection((host, port), REACHED).close()
    except OSError as reason:
        raise PoolFailed(f"The Ray cluster {address} cannot be reached: {reason}.") from None


@contextlib.contextmanager
def _signals() -> Iterator[None]:
    """Ray takes SIGTERM for itself, with which the command line ends a search and keeps its plan."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
