"""Everything that can go wrong for a caller, one class per kind.

The docstring of each class is its message's first line, ``status`` its HTTP status, ``exit_code`` the command
line's. A :class:`Fault` is one finding in an instance; :class:`FaultyInstance` carries all of them at once.
"""

from __future__ import annotations

import dataclasses
from dataclasses import asdict, dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Fault:
    """One finding: where it is, what was found, what is allowed.

    ``row`` is the row's id where it has one, otherwise its number from 1 in the table. ``place`` is the file,
    sheet, line or cell, where the reader knows it. ``path`` leads to the value through plain data: names of
    fields, and numbers from 0 in lists; empty where it is not known.
    """

    table: str
    row: str
    field: str
    value: Any
    allowed: str
    place: str = ""
    path: tuple[str | int, ...] = dataclasses.field(default=(), compare=False, repr=False)

    def __str__(self) -> str:
        where = " · ".join(part for part in (self.table, self.row, self.field) if part)
        place = f" ({self.place})" if self.place else ""
        return f"{where}{place}: got {shorten(self.value)}; {self.allowed}"

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON; the value found is shortened to text unless it is a simple one."""
        simple = isinstance(self.value, str | int | float | bool | None)
        value = self.value if simple and self.value == self.value else repr(self.value)
        plain = asdict(self)
        del plain["path"]
        return {**plain, "value": shorten(value) if isinstance(value, str) else value}


def shorten(value: Any, limit: int = 80) -> str:
    """A value as text of at most ``limit`` characters."""
    plain = isinstance(value, str) and value and value == value.strip()
    text = "nothing" if value is None else value if plain and value.isprintable() else repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


class StockpileError(Exception):
    """Something went wrong."""

    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1

    def __init__(self, detail: str = "", *, retry_after: float | None = None) -> None:
        self.detail = detail
        self.retry_after = retry_after
        """Seconds after which the same may work; for the header Retry-After."""
        title = (type(self).__doc__ or "").strip().splitlines()[0]
        super().__init__(f"{title} {detail}".strip())


class FaultyInstance(StockpileError):
    """The instance has faults."""

    status = 422
    exit_code = 2

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        lines = "".join(f"\n  {fault}" for fault in faults)
        super().__init__(f"{len(faults)} in all:{lines}")

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.faults,))


class FaultyAlternatives(FaultyInstance):
    """The alternatives have faults."""


class UnreadableFile(StockpileError):
    """The file cannot be read."""

    status = 422
    exit_code = 2


class UnwritableFile(StockpileError):
    """The file cannot be written."""

    status = 409
    exit_code = 2


class UnknownFormat(StockpileError):
    """The format of the file is not known."""

    status = 415
    exit_code = 2


class TooLarge(StockpileError):
    """The file is larger than allowed."""

    status = 413
    exit_code = 2


class SolverFailed(StockpileError):
    """The solver ended in a state that cannot be trusted."""

    status = 500
    exit_code = 1


class UnknownPool(StockpileError):
    """No such pool of subproblems."""

    status = 422
    exit_code = 2


class PoolFailed(StockpileError):
    """The pool of subproblems does not work."""

    status = 500
    exit_code = 1


class AuditFailed(StockpileError):
    """The plan does not satisfy the instance; it is not to be used."""

    status = 500
    exit_code = 1


class NoHazards(StockpileError):
    """The instance has no hazards to sample scenarios from."""

    status = 422
    exit_code = 2


class UnknownRate(StockpileError):
    """No such rate of hazards."""

    status = 422
    exit_code = 2


class UnknownItem(StockpileError):
    """The instance has no such item."""

    status = 404
    exit_code = 2


class UnknownWay(StockpileError):
    """No such way of evaluating."""

    status = 422
    exit_code = 2


class NoSuchCommitment(StockpileError):
    """The plan commits to something the instance does not have."""

    status = 422
    exit_code = 2


class NothingToEvaluate(StockpileError):
    """There is no plan to evaluate: it has no commitments."""

    status = 422
    exit_code = 3


# Of the service.


class NotAuthenticated(StockpileError):
    """A valid API key is needed."""

    status = 401


class NotAllowed(StockpileError):
    """The API key does not allow this."""

    status = 403


class StaleForm(StockpileError):
    """The page is out of date; load it again."""

    status = 403


class NoSuchJob(StockpileError):
    """There is no such job."""

    status = 404


class NoSuchInstance(StockpileError):
    """There is no such instance."""

    status = 404


class NoSuchDraft(StockpileError):
    """There is no such draft."""

    status = 404


class TooManyDrafts(StockpileError):
    """There are too many drafts; finish or delete one."""

    status = 409


class NoSuchPlan(StockpileError):
    """There is no such plan."""

    status = 404


class NoSuchFile(StockpileError):
    """The result has no such file or table."""

    status = 404


class NoSuchKey(StockpileError):
    """There is no such API key."""

    status = 404
    exit_code = 2


class InstanceInUse(StockpileError):
    """The instance is needed by jobs that have not finished."""

    status = 409


class NotFinished(StockpileError):
    """The job has not finished."""

    status = 409


class NoResult(StockpileError):
    """The job has no result of this kind."""

    status = 409


class Expired(StockpileError):
    """The results of the job have expired."""

    status = 410


class JobInUse(StockpileError):
    """The results of the job are needed by jobs that have not finished."""

    status = 409


class UsedIdempotencyKey(StockpileError):
    """The idempotency key was used for another request."""

    status = 422


class StillAccepted(StockpileError):
    """A request with this idempotency key is still being accepted."""

    status = 409


class BadRequest(StockpileError):
    """The request is not as it should be."""

    status = 422


class BadCursor(StockpileError):
    """The cursor is not one of this list."""

    status = 422


class UnsupportedMedia(StockpileError):
    """The media type is not accepted here."""

    status = 415


class NotAcceptable(StockpileError):
    """The result cannot be given in the media type asked for."""

    status = 406


class TooSlow(StockpileError):
    """The request came too slowly."""

    status = 408


class QueueFull(StockpileError):
    """Too many jobs are waiting."""

    status = 429


class TooManyRequests(StockpileError):
    """Too many requests; wait a little."""

    status = 429


class StorageFull(StockpileError):
    """The service has no room to store this."""

    status = 507


class NoSuchBlob(StockpileError):
    """A stored document is missing."""

    status = 500


class DamagedBlob(StockpileError):
    """A stored document is damaged."""

    status = 500


class Unavailable(StockpileError):
    """The service cannot answer now."""

    status = 503


class JobFailed(StockpileError):
    """The job failed."""

    status = 500


class Cancelled(StockpileError):
    """The job was cancelled."""

    status = 409
    exit_code = 4


class TimeExceeded(StockpileError):
    """The job took longer than allowed, and was ended."""

    status = 500


class MemoryExceeded(StockpileError):
    """The job needed more memory than allowed."""

    status = 500


class Crashed(StockpileError):
    """The process of the job died."""

    status = 500


class LostTooOften(StockpileError):
    """The workers of the job died too often."""

    status = 500


class NotMade(StockpileError):
    """What was asked for could not be made."""

    status = 500


class BadSettings(StockpileError):
    """The settings of the service do not fit together."""

    exit_code = 2


class NewerDatabase(StockpileError):
    """The database was made by a newer version of stockpile."""

    exit_code = 2


class BadServer(StockpileError):
    """The address does not serve."""
