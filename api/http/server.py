"""The process around the application: it answers from the first moment to the last."""

from __future__ import annotations

import resource
import socket
import threading
import time
from collections.abc import Callable

import structlog
import uvicorn
from fastapi import FastAPI
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http.problems import describe, render
from models.faults import StorageFull, Unavailable

GRACE = 10
"""Seconds that answers under way get to end when the process is asked to."""
KEEP_ALIVE = 65
"""Seconds that a connection may be idle: longer than proxies keep theirs, so that they close first."""

_log = structlog.get_logger("stockpile.http")


class Gate:
    """The application once there is one; until then 503.

    ``make`` is called in a thread of its own, again and again while it raises Unavailable or StorageFull.
    """

    def __init__(self, make: Callable[[], FastAPI]) -> None:
        self.app: FastAPI | None = None
        self.error: BaseException | None = None
        self.failed = threading.Event()
        self._make = make
        self._closed = threading.Event()
        threading.Thread(target=self._begin, name="begin", daemon=True).start()

    def _begin(self) -> None:
        told = False
        while not self._closed.is_set():
            try:
                self.app = self._make()
                _log.info("ready")
                return
            except (Unavailable, StorageFull) as error:
                if not told:
                    _log.warning("waiting for the database", error=str(error))
                told = True
                self._closed.wait(1.0)
            except BaseException as error:  # told by the main thread
                self.error = error
                self.failed.set()
                return

    def close(self) -> None:
        """End the streams: what is under way may end, nothing waits any more."""
        self._closed.set()
        if self.app is not None:
            self.app.state.parts.streams.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        app: ASGIApp | None = self.app
        if app is None:
            if scope["path"] == "/healthz":
                app = JSONResponse({"status": "alive"})
            else:
                document = describe(Unavailable("It is starting; its database does not answer yet."))
                app = render(document, {"Retry-After": "2"})
        await app(scope, receive, send)


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


class Server(uvicorn.Server):
    """Ends streams before it waits for connections to end, and ends if there will be no application."""

    def __init__(self, config: uvicorn.Config, gate: Gate) -> None:
        super().__init__(config)
        self.gate = gate

    async def on_tick(self, counter: int) -> bool:
        """Look around, ten times a second."""
        return await super().on_tick(counter) or self.gate.failed.is_set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End in good order."""
        self.gate.close()
        await super().shutdown(sockets)


def serve(listener: socket.socket, make: Callable[[], FastAPI]) -> None:
    """Serve until asked to end by SIGTERM or SIGINT. Raises what ``make`` raised."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:  # each listener to events holds a connection
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    gate = Gate(make)
    config = uvicorn.Config(
        gate,
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
    )
    begun = time.monotonic()
    Server(config, gate).run(sockets=[listener])
    if gate.error is not None:
        raise gate.error
    _log.info("ended", seconds=round(time.monotonic() - begun, 1))
