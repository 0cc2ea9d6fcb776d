"""What is wrong, as a page, for whoever asked for one; everybody else gets the problem document."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote, urlsplit

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.problems import unexpected
from api.web import session, shell
from models.faults import NotAuthenticated, StockpileError

_API = ("/v1", "/openapi.json", "/healthz", "/readyz", "/metrics", "/version", "/static")
_WORDS = {404: "There is no such page.", 405: "A page is there, but it cannot be used in this way."}
_log = structlog.get_logger("stockpile.web")
Handler = Callable[[Request, Any], Awaitable[Response]]


def of_page(request: Request) -> bool:
    """Whether a request is for a page or a piece of one."""
    path = request.url.path
    if any(path == own or path.startswith(own + "/") for own in _API):
        return False
    return "text/html" in request.headers.get("accept", "") or "hx-request" in request.headers


def install(app: FastAPI) -> None:
    """Let the application answer in this way: every handler there is gets this one around it."""
    for kind in (StockpileError, RequestValidationError, HTTPException, SQLAlchemyError):
        app.add_exception_handler(kind, _around(app.exception_handlers[kind]))
    app.add_middleware(Unforeseen)


def _around(handler: Any) -> Handler:
    async def answer(request: Request, error: Exception) -> Response:
        if not of_page(request):
            found: Response = await handler(request, error)
            return found
        if isinstance(error, NotAuthenticated):
            return _to_login(request)
        problem: Response = await handler(request, error)
        return await _page(request, problem)

    return answer


def _to_login(request: Request) -> Response:
    """Log in, and come back to where that makes sense."""
    piece = "hx-request" in request.headers
    here = ""
    if piece:
        url = urlsplit(request.headers.get("hx-current-url", ""))
        here = f"{url.path}?{url.query}" if url.query else url.path
    elif request.method in ("GET", "HEAD"):
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    here = session.own(here)
    place = "/login" if here == "/" else f"/login?next={quote(here, safe='/')}"
    if piece:  # a redirection would be followed within the page
        return Response(status_code=204, headers={"HX-Redirect": place})
    return RedirectResponse(place, 303)


async def _page(request: Request, problem: Response) -> Response:
    """The page for a problem document; pieces of pages get the document itself, which the script shows."""
    if "hx-request" in request.headers or problem.media_type != "application/problem+json":
        return problem
    document = json.loads(bytes(problem.body))
    if document["type"] == "about:blank":  # the framework's own, in few words
        document["title"] = _WORDS.get(document["status"], document["title"])
    status = problem.status_code
    visitor = session.stranger(request) if status >= 500 else await session.visitor_or_stranger(request)
    page = shell.page(
        request, "error.html", visitor, status=status, title=document["title"], problem=document
    )
    for name in ("retry-after", "allow"):
        if name in problem.headers:
            page.headers[name] = problem.headers[name]
    return page


class Unforeseen:
    """A page for what nobody has thought of; the log has it under the number shown."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or not of_page(Request(scope)):
            await self.app(scope, receive, send)
            return
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, sending)
        except Exception as error:
            if begun:
                raise
            _log.error("unexpected", exc_info=error)
            answer = await _page(Request(scope), unexpected(scope.get("request_id", "")))
            await answer(scope, receive, send)
