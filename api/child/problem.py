"""Errors as problem details (RFC 9457)."""

from __future__ import annotations

from models.faults import FaultyInstance, JobFailed, StockpileError
from models.jobs import Problem


def problem(error: BaseException) -> Problem:
    """What is told of an error; of one outside the catalogue, that the job failed and with what."""
    if not isinstance(error, StockpileError):
        error = JobFailed(f"{type(error).__name__}: {error}")
    kind = type(error)
    faulty = isinstance(error, FaultyInstance)
    return Problem(
        type=f"urn:stockpile:{kind.__name__}",
        title=(kind.__doc__ or "").strip().splitlines()[0],
        status=kind.status,
        detail=str(error) if faulty else error.detail,
        errors=tuple(fault.as_dict() for fault in error.faults) if isinstance(error, FaultyInstance) else (),
    )
