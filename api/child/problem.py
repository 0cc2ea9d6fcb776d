"""Errors as problem details (RFC 9457)."""

from __future__ import annotations

import errno
from collections.abc import Iterable
from typing import Any

from models.faults import FaultyAlternatives, FaultyInstance, JobFailed, StockpileError, StorageFull
from models.jobs import Problem


def problem(error: BaseException) -> Problem:
    """What is told of an error; of one outside the catalogue, that the job failed and with what."""
    if not isinstance(error, StockpileError):
        error = JobFailed(f"{type(error).__name__}: {error}")
    kind = type(error)
    errors: tuple[dict[str, Any], ...] = ()
    if isinstance(error, FaultyAlternatives):
        # Alternatives stand in the request as they do in the document they are read from.
        errors = tuple({"pointer": pointer(fault.path), **fault.as_dict()} for fault in error.faults)
    elif isinstance(error, FaultyInstance):
        errors = tuple(fault.as_dict() for fault in error.faults)
    return Problem(
        type=f"urn:stockpile:{kind.__name__}",
        title=(kind.__doc__ or "").strip().splitlines()[0],
        status=kind.status,
        detail=error.detail,
        errors=errors,
    )


def no_room(error: BaseException) -> StorageFull | None:
    """The lack of room that is behind an error, if it is."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return StorageFull(f"{cause.strerror}.")
        cause = cause.__cause__ or cause.__context__
    return None


def pointer(path: Iterable[str | int]) -> str:
    """RFC 6901."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
