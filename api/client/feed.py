"""Server-sent events of a job, read so that a lost connection loses none of them."""

from __future__ import annotations

from collections.abc import Iterator

import httpx

from api.client.call import Call, content, path
from models.jobs import FINAL, Event

STREAM = "text/event-stream"


class Feed:
    """Where the reading of a job's events stands.

    :meth:`call` opens the stream after the last event that was seen, :meth:`take` turns what arrives into
    events, each once and in order. ``ended`` is set by the event that tells a final state.
    """

    def __init__(self, job: str, after: int = 0) -> None:
        self.job, self.last = job, after
        self.ended = False
        self._rest = b""
        self._fields: dict[str, str] = {}

    def call(self) -> Call[bytes]:
        """The request that goes on where the last one broke off."""
        self._rest, self._fields = b"", {}
        headers = {"Accept": STREAM, "Cache-Control": "no-store", "Last-Event-ID": str(self.last)}
        return Call("GET", path("jobs", self.job, "events"), content, headers=headers)

    def take(self, data: bytes) -> Iterator[Event]:
        """The events that are whole once ``data`` has come."""
        # Lines are split by hand: str.splitlines knows of more ends of a line than the format does.
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            event = self._line(line.removesuffix(b"\r").decode("utf-8", errors="replace"))
            if event is not None and event.id > self.last:
                self.last = event.id
                self.ended |= event.type == "state" and event.data.get("state") in FINAL
                yield event

    def _line(self, line: str) -> Event | None:
        if line:
            name, _, value = line.partition(":")
            if name == "data" and name in self._fields:
                self._fields[name] += "\n" + value.removeprefix(" ")
            elif name:
                self._fields[name] = value.removeprefix(" ")
            return None
        fields, self._fields = self._fields, {}
        if "data" not in fields:
            return None
        return Event.model_validate_json(fields["data"], extra="ignore")


def refused(response: httpx.Response) -> bool:
    """Whether an answer is no stream of events."""
    return not response.headers.get("content-type", "").startswith(STREAM)
