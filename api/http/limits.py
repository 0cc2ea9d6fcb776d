"""How much a caller may ask of this process: requests of a key per minute, bytes of bodies at a time."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import anyio
from anyio.to_thread import run_sync

from models.faults import TooManyRequests, Unavailable

T = TypeVar("T")

HEAVY = 2**20
"""Bytes from which on a body is large."""
HEAVY_AT_A_TIME = 2
CALLERS = 10_000
"""Callers remembered; whoever has been silent longest is forgotten first."""


class Rates:
    """Token buckets by caller: ``per_minute`` requests at once, and as many each minute, evenly.

    Used from the event loop only.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.most = float(per_minute)
        self.rate = per_minute / 60
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str) -> None:
        """Count one request. Raises TooManyRequests, which says when the next may come."""
        now = self._clock()
        left = self.left(caller, now)
        if left < 1:
            seconds = (1 - left) / self.rate
            raise TooManyRequests(f"{self.most:,.0f} a minute.", retry_after=seconds)
        self._left[caller] = (left - 1, now)
        self._left.move_to_end(caller)
        if len(self._left) > CALLERS:
            self._left.popitem(last=False)

    def left(self, caller: str, now: float | None = None) -> float:
        """Requests that the caller may make at once."""
        now = self._clock() if now is None else now
        left, at = self._left.get(caller, (self.most, now))
        return min(self.most, left + (now - at) * self.rate)


class Buffered:
    """Bytes of request bodies held in memory, all requests together. Used from the event loop only."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.held = 0
        self._heavy: anyio.CapacityLimiter | None = None

    @contextmanager
    def account(self) -> Iterator[Callable[[int], None]]:
        """A function that adds bytes; they are taken off at the end. It raises Unavailable."""
        mine = 0

        def add(count: int) -> None:
            nonlocal mine
            if self.held + count > self.most:
                raise Unavailable("Too many large requests at once.", retry_after=5)
            self.held += count
            mine += count

        try:
            yield add
        finally:
            self.held -= mine

    async def work(self, data: bytes, function: Callable[[], T]) -> T:
        """Run what reads a body in a thread; large ones few at a time, as each takes many times its size."""
        if len(data) < HEAVY:
            return await run_sync(function)
        self._heavy = self._heavy or anyio.CapacityLimiter(HEAVY_AT_A_TIME)
        return await run_sync(function, limiter=self._heavy)
