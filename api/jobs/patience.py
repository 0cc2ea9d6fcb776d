"""A database that is away for a while (restarted, locked) and a disk that is full are waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import structlog

from api.store.errors import is_away, is_full
from models.faults import StorageFull, Unavailable

T = TypeVar("T")

FIRST, LONGEST = 0.1, 2.0
"""Seconds between two attempts: the first pause, doubled up to the longest."""

_log = structlog.get_logger()


def away(error: BaseException) -> bool:
    """Whether an error says that something cannot be reached or written now, not that we are wrong."""
    return is_away(error) or is_full(error) or isinstance(error, Unavailable | StorageFull)


def patiently(action: Callable[[], T], *, enough: Callable[[], bool] = lambda: False) -> T:
    """The value of ``action``, which is tried again while the database is away and ``enough`` is not true.

    The action is a whole transaction that may run twice: a commit whose answer was lost counts as failed.
    """
    pause = FIRST
    while True:
        try:
            return action()
        except Exception as error:
            if not away(error) or enough():
                raise
            _log.warning("waits", error=str(error).split("\n", 1)[0], again_in=pause)
        time.sleep(pause)
        pause = min(2 * pause, LONGEST)
