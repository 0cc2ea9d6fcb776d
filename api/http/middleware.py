"""Around every request: an id, headers that browsers heed, a line in the log, an answer whatever happens."""

from __future__ import annotations

import re
import time
import uuid

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.problems import unexpected

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
"""Set where an answer does not set its own."""
_ID = re.compile(r"(?!sp_)[A-Za-z0-9._-]{1,64}")
_log = structlog.get_logger("stockpile.http")


class Envelope:
    """The outermost layer of the application."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = scope["request_id"] = given if _ID.fullmatch(given) else uuid.uuid4().hex
        status, begun = 0, time.perf_counter()

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(raw=message["headers"])
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers["X-Request-Id"] = request_id
                if scope["scheme"] == "https":
                    headers.setdefault("Strict-Transport-Security", "max-age=31536000")
            await send(message)

        async def receiving() -> Message:
            # Whoever asks for headers only has them now: a stream of events has nothing more to do.
            return {"type": "http.disconnect"} if status else await receive()

        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request=request_id)
        try:
            if scope["method"] == "HEAD":  # as GET; the server sends no body
                await self.app({**scope, "method": "GET"}, receiving, sending)
            else:
                await self.app(scope, receive, sending)
        except Exception as error:
            _log.error("unexpected", exc_info=error)
            if status:
                raise  # too late for another answer: the server closes the connection
            await unexpected(request_id)(scope, receive, sending)
        finally:
            client = scope.get("client")
            _log.info(
                "request",
                method=scope["method"],
                path=scope["path"],
                status=status,
                ms=round(1000 * (time.perf_counter() - begun), 1),
                client=client[0] if client else None,
            )
