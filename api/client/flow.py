"""What takes several calls, without saying how they are sent."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import httpx

from api.client.call import Call
from api.client.calls import plain
from models.faults import BadServer, NotFinished, StockpileError
from models.instance import Instance
from models.jobs import FINAL, Job, SolveRequest
from models.options import Options

T = TypeVar("T")
HELD = 20.0
"""Seconds: less than proxies on the way bear."""


def ready(call: Call[T], response: httpx.Response) -> T:
    """What an answer says. Raises BadServer if it is not what the service would say."""
    try:
        return call.read(response)
    except StockpileError:
        raise
    except (ValueError, KeyError, TypeError) as error:  # pydantic's, JSON's and Parquet's are ValueErrors
        where = f"{response.request.method} {response.request.url.copy_with(query=None)}"
        told = " ".join(str(error).split())[:300]
        raise BadServer(f"{where} is not answered as this version of stockpile expects: {told}") from error


def reference(instance: Instance | Mapping[str, Any] | str) -> Any:
    """An instance as a request takes it: its id, or the whole."""
    return instance if isinstance(instance, str) else plain(instance)


def solve_request(
    instance: Instance | Mapping[str, Any] | str, options: Options | None, envelope: Mapping[str, Any]
) -> SolveRequest:
    """A solve of an instance or of the id of one."""
    return SolveRequest(instance=reference(instance), options=options or Options(), **envelope)


class Wait:
    """Looks at a job until it has ended; the service holds each answer back until then, for a while."""

    def __init__(self, timeout: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock, self.asked, self.pause = clock, clock(), 0.1
        self.until = None if timeout is None else clock() + timeout

    def ask(self) -> float:
        """Seconds for which an answer is to be held back."""
        self.asked = self.clock()
        return HELD if self.until is None else max(0.0, min(HELD, self.until - self.asked))

    def over(self, job: Job) -> bool:
        """Whether it has ended. Raises NotFinished when the time is up."""
        if job.state in FINAL:
            return True
        if self.until is not None and self.clock() >= self.until:
            raise NotFinished(f"{job.id} is {job.state}.")
        return False

    def seconds(self) -> float:
        """Until the next look: none, unless something on the way does not hold answers back."""
        if self.clock() - self.asked >= 1.0:
            return 0.0
        wait, self.pause = self.pause, min(2.0, self.pause * 1.4)
        return wait if self.until is None else max(0.0, min(wait, self.until - self.clock()))
