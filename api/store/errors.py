"""What errors of the database mean to a caller: no room, not now, or a mistake of ours (left as it is)."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa

from models.faults import StockpileError, StorageFull, Unavailable

T = TypeVar("T")

PATIENCE = 5.0
"""Seconds for which a database that is away (a restart, a failover) is asked again."""

_FULL_SQLITE = frozenset({13, 4874})  # SQLITE_FULL; SQLITE_IOERR_SHMSIZE: no room for the index of the log
_AWAY_SQLITE = frozenset({5, 6, 10, 14})  # BUSY, LOCKED, IOERR, CANTOPEN; primary codes
_FULL_POSTGRES = frozenset({"53100"})  # disk_full
_AWAY_POSTGRES = frozenset(
    {
        "40001",  # serialization_failure
        "40P01",  # deadlock_detected
        "53300",  # too_many_connections
        "55P03",  # lock_not_available: waited longer than lock_timeout
        "57P01",  # admin_shutdown
        "57P02",  # crash_shutdown
        "57P03",  # cannot_connect_now
        "57P05",  # idle_session_timeout
        "25P03",  # idle_in_transaction_session_timeout
        "25006",  # read_only_sql_transaction: connected to what is now a standby
    }
)


def is_full(error: BaseException) -> bool:
    """Whether the database has no room."""
    orig = getattr(error, "orig", None)
    return (
        getattr(orig, "sqlite_errorcode", None) in _FULL_SQLITE
        or getattr(orig, "sqlstate", None) in _FULL_POSTGRES
    )


def is_away(error: BaseException) -> bool:
    """Whether the same may work a little later: restarts, lost connections, locks held too long."""
    if isinstance(error, sa.exc.TimeoutError):  # no connection free in the pool
        return True
    if not isinstance(error, sa.exc.DBAPIError):
        return False
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in _AWAY_SQLITE
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return state in _AWAY_POSTGRES or state.startswith("08")
    # Without a state the server was not reached, or was lost while it answered.
    return error.connection_invalidated or isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError)


def fault_of(error: BaseException) -> StockpileError | None:
    """The fault a caller is told; None for an error that is our mistake."""
    if is_full(error):
        return StorageFull("The database is full; nothing of the request was kept.")
    if is_away(error):
        return Unavailable("The database does not answer; try again.", retry_after=5)
    return None


def attempt(call: Callable[[], T]) -> T:
    """Call until it works, for at most ``PATIENCE`` seconds while the database is away.

    ``call`` runs whole transactions and must be safe to run again even where an earlier run was committed but
    the answer was lost. Raises StorageFull; Unavailable when the patience is over.
    """
    deadline = time.monotonic() + PATIENCE
    pause = 0.02
    while True:
        try:
            return call()
        except sa.exc.SQLAlchemyError as error:
            fault = fault_of(error)
            if fault is None:
                raise
            if isinstance(fault, StorageFull) or time.monotonic() + pause > deadline:
                raise fault from error
        time.sleep(pause * (0.5 + random.random()))
        pause = min(0.5, pause * 2)
