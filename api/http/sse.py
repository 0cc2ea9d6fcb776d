"""Events of jobs to any number of listeners: one poller for the process, one small queue for each job.

Listeners wait on a future; the poller asks the database once for all jobs that anybody listens to, keeps the
latest events of each as bytes ready to send, and wakes whoever has something to read.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import structlog
from anyio.to_thread import run_sync
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.jobs.port import Jobs
from models.faults import NoSuchJob
from models.jobs import FINAL, Event

POLL = 0.2
"""Seconds between two looks at the database."""
HEARTBEAT = 15.0
"""Seconds of silence after which a comment is sent."""
LIFE = 900.0
"""Seconds after which a stream ends; clients come again with Last-Event-ID, and their keys are checked."""
STALLED = 60.0
"""Seconds that a client may leave what was sent unread."""
_KEPT = 200
_PAGE = 500


def frame(event: Event) -> bytes:
    """An event as server-sent event: one line of JSON, line breaks in it are escaped."""
    return f"id: {event.id}\nevent: {event.type}\ndata: {event.model_dump_json()}\n\n".encode()


def ends(event: Event) -> bool:
    """Whether nothing comes after it."""
    return event.type == "state" and event.data.get("state") in FINAL


@dataclass(slots=True, eq=False)
class Topic:
    """A job that somebody listens to."""

    tenant: str
    job: str
    last: int
    """Id of the last event seen by the poller."""
    listeners: int = 0
    ended: bool = False
    since: int = 0
    """All events above this id, to the last, are in ``recent``."""
    recent: deque[tuple[int, bytes]] = field(default_factory=deque)
    waiting: set[asyncio.Future[None]] = field(default_factory=set)

    def add(self, after: int, events: Sequence[Event]) -> None:
        """Keep events, all there are above ``after``, and wake all listeners."""
        if after > self.last:
            return  # there may be others between
        for event in events:
            if event.id > self.last:
                self.recent.append((event.id, frame(event)))
                self.last = event.id
                self.ended = self.ended or ends(event)
                if len(self.recent) > _KEPT:
                    self.since, _ = self.recent.popleft()
        self.wake()

    def wake(self) -> None:
        """Let all listeners look."""
        waiting, self.waiting = self.waiting, set()
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def after(self, id: int) -> list[tuple[int, bytes]] | None:
        """Events after an id; None if they are no longer kept here."""
        if id >= self.last:
            return []
        return None if id < self.since else [entry for entry in self.recent if entry[0] > id]

    def wait(self) -> asyncio.Future[None]:
        """To be awaited: done when there may be something to read."""
        future = asyncio.get_running_loop().create_future()
        self.waiting.add(future)
        return future


class Streams:
    """All topics, and the poller, which runs while there are any. Used from the event loop only."""

    def __init__(self, jobs: Jobs) -> None:
        self.jobs = jobs
        self.closed = False
        self.topics: dict[tuple[str, str], Topic] = {}
        self._poller: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.log = structlog.get_logger("stockpile.events")

    @asynccontextmanager
    async def listen(self, tenant: str, job: str, last: int) -> AsyncIterator[Topic]:
        """The topic of a job that the tenant has, while it is listened to; ``last``: an id it has, or 0."""
        topic = self.topics.setdefault((tenant, job), Topic(tenant, job, last, since=last))
        topic.listeners += 1
        if self._poller is None or self._poller.done():
            self._loop = asyncio.get_running_loop()
            self._poller = asyncio.create_task(self._poll())
        try:
            yield topic
        finally:
            topic.listeners -= 1
            if not topic.listeners:
                self.topics.pop((tenant, job), None)

    def close(self) -> None:
        """End all streams: the service stops."""
        self.closed = True
        for topic in self.topics.values():
            topic.wake()

    def close_soon(self) -> None:
        """The same from another thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.close)
        self.closed = True

    async def _poll(self) -> None:
        beat = time.monotonic()
        away = False
        while self.topics and not self.closed:
            await asyncio.sleep(POLL if not away else 10 * POLL)
            live = [topic for topic in self.topics.values() if not topic.ended]
            try:
                if live:
                    await self._look(live)
                away = False
            except Exception as error:  # the database is away: listeners stay, and hear more later
                if not away:
                    self.log.error("events cannot be read", exc_info=error)
                away = True
            if time.monotonic() - beat >= HEARTBEAT:
                beat = time.monotonic()
                for topic in self.topics.values():
                    topic.wake()

    async def _look(self, live: Sequence[Topic]) -> None:
        """Ask for all of them whether there is more, and read it for those that have more."""
        seen = {topic.job: topic.last for topic in live}
        changed = await run_sync(self.jobs.changed, seen)
        for topic in live:
            if topic.job not in changed:
                continue
            try:
                while not topic.ended and (
                    events := await run_sync(self.jobs.events, topic.tenant, topic.job, topic.last, _PAGE)
                ):
                    topic.add(topic.last, events)
            except NoSuchJob:
                topic.ended = True
                topic.wake()

    async def final(self, tenant: str, job: str, last: int, seconds: float) -> bool:
        """Wait until a job has ended, or for so long; whether it has."""
        try:
            async with asyncio.timeout(seconds), self.listen(tenant, job, last) as topic:
                while not topic.ended and not self.closed:
                    await topic.wait()
                return topic.ended
        except TimeoutError:
            return False


class EventStream(Response):
    """Events of a job after an id, as they come; ends after the last one."""

    media_type = "text/event-stream"

    def __init__(self, streams: Streams, tenant: str, job: str, after: int) -> None:
        super().__init__(
            headers={
                "Cache-Control": "no-store",
                "X-Accel-Buffering": "no",
                "Content-Type": "text/event-stream",
            }
        )
        del self.headers["content-length"]
        self.streams, self.tenant, self.job, self.after = streams, tenant, job, after
        self._waiting: asyncio.Future[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the job has ended, the client has gone or the service stops."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        gone = asyncio.create_task(_gone(receive))
        gone.add_done_callback(self._left)
        try:
            await self._send(send, gone)
        except TimeoutError:
            self.streams.log.warning("a listener does not read", job=self.job)
            return  # without an end: the server closes the connection
        finally:
            gone.cancel()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _left(self, gone: asyncio.Task[None]) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def _send(self, send: Send, gone: asyncio.Task[None]) -> None:
        async def put(data: bytes) -> None:
            async with asyncio.timeout(STALLED):
                await send({"type": "http.response.body", "body": data, "more_body": True})

        at, until, fresh = self.after, time.monotonic() + LIFE, True
        await put(b"retry: 2000\n\n")
        async with self.streams.listen(self.tenant, self.job, at) as topic:
            spoken = time.monotonic()
            while not (self.streams.closed or gone.done()) and time.monotonic() < until:
                entries = None if fresh else topic.after(at)
                if entries is None:
                    fresh = False
                    missed = await run_sync(self.streams.jobs.events, self.tenant, self.job, at, _PAGE)
                    topic.add(at, missed)
                    entries = [(event.id, frame(event)) for event in missed]
                if entries:
                    await put(b"".join(data for _, data in entries))
                    at, spoken = entries[-1][0], time.monotonic()
                elif topic.ended:
                    return
                else:
                    if time.monotonic() - spoken >= HEARTBEAT - 1:
                        await put(b": still here\n\n")
                        spoken = time.monotonic()
                    self._waiting = topic.wait()
                    await self._waiting
                    topic.waiting.discard(self._waiting)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
