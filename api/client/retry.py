"""When a call is sent again: the connection failed, or the service said later."""

from __future__ import annotations

import random
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from api.client import problems
from models.faults import BadServer, StillAccepted, StockpileError, Unavailable

LATER = frozenset({429, 502, 503, 504})


@dataclass(frozen=True)
class Retry:
    """How patient a client is; seconds. Waits grow from ``first`` by doubling to ``most``, less up to half by
    chance, and are never shorter than ``Retry-After``."""

    patience: float = 30.0
    """From the first failure on; 0 never tries again."""
    first: float = 0.2
    most: float = 5.0


PATIENT = Retry()


class Attempts:
    """The attempts at one call."""

    def __init__(
        self,
        retry: Retry,
        on_demand: bool = False,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.retry, self.on_demand, self.clock, self.chance = retry, on_demand, clock, chance
        self.begun: float | None = None
        self.failed = 0
        self.reason: StockpileError = Unavailable()

    def answered(self) -> None:
        """The service has answered: patience is whole again."""
        self.begun, self.failed = None, 0

    def judge(self, outcome: httpx.Response | httpx.RequestError) -> float | None:
        """None if this is the answer; else seconds to wait before the call is sent again.

        The body of an answer that is no success has been read. Raises the error that the outcome stands for
        if trying again is no use, or has been tried long enough.
        """
        if isinstance(outcome, httpx.Response):
            if self.on_demand and outcome.status_code == 202:
                self.answered()
                self.reason = Unavailable("It is still being made.")
                return max(self.retry.first, asked_to_wait(outcome))
            if outcome.is_success:
                self.answered()
                return None
            self.reason = problems.of_response(outcome)
            if outcome.status_code not in LATER and not isinstance(self.reason, StillAccepted):
                raise self.reason
            return self.wait(asked_to_wait(outcome), None)
        self.reason = of_failure(outcome)
        if not isinstance(self.reason, Unavailable):
            raise self.reason from outcome
        return self.wait(0.0, outcome)

    def wait(self, least: float, cause: Exception | None) -> float:
        """Seconds until the next attempt. Raises the reason when patience is over."""
        now = self.clock()
        self.begun = now if self.begun is None else self.begun
        grown = min(self.retry.most, self.retry.first * 2.0 ** min(self.failed, 30))
        self.failed += 1
        wait = max(least, grown * (1 - self.chance() / 2))
        if now + wait - self.begun > self.retry.patience:
            raise self.reason from cause
        return wait


def asked_to_wait(response: httpx.Response) -> float:
    """Seconds that ``Retry-After`` asks for, given as a number or as a date; 0 if it does not."""
    text = response.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())


def of_failure(error: httpx.RequestError) -> StockpileError:
    """What a failed connection comes to."""
    url = error.request.url
    where = f"{url.scheme}://{url.netloc.decode()}"
    what = str(error) or type(error).__name__
    if isinstance(error, httpx.UnsupportedProtocol | httpx.LocalProtocolError):
        return BadServer(f"{where}: {what}.")
    chain: BaseException | None = error
    while chain is not None:
        if isinstance(chain, ssl.SSLCertVerificationError):
            return BadServer(f"{where}: its certificate is not valid: {what}.")
        chain = chain.__cause__ or chain.__context__
    return Unavailable(f"{where}: {what}.")
