"""Login by key, and logout."""

from __future__ import annotations

import re
from typing import Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from api.http.auth import Guard
from api.http.parts import Needs, Parts
from api.store.sessions import PER_ADDRESS, PER_KEY
from api.web import session, shell
from api.web.session import SESSION, Posting, Visit
from models.faults import NotAllowed, NotAuthenticated, TooManyRequests

_KEY = re.compile(r"sp_([0-9a-f]{16})_")

router = APIRouter(include_in_schema=False)


@router.get("/login")
async def login(request: Request, parts: Needs, next: str = "/") -> Response:
    """Ask for a key, unless nobody needs one."""
    try:
        await session.visit(request, parts)
    except (NotAuthenticated, NotAllowed):
        return _form(request, session.stranger(request), next)
    return RedirectResponse(session.own(next), 303)


@router.post("/login")
async def begin(request: Request, parts: Needs) -> Response:
    """Begin a session with a key. Raises StaleForm."""
    visitor = session.stranger(request)
    form = await session.read(request, parts)
    fields: dict[str, Any] = dict(form)
    text, next = (str(fields.get(name, "")).strip() for name in ("key", "next"))
    session.check(request, visitor, form)
    await form.close()
    try:
        key = await _checked(request, parts, text)
    except TooManyRequests as error:
        return _form(request, visitor, next, error.detail, 429, error.retry_after or 1)
    if key is None:
        wrong = "This key is not valid. It may have expired or been revoked." if text else "A key is needed."
        return _form(request, visitor, next, wrong, 422)
    seconds = 3600 * parts.settings.session_hours
    found = session.sessions(parts)
    before = request.cookies.get(SESSION)
    if before:
        await run_sync(found.end, before)
    token = await run_sync(found.begin, key, seconds)
    response = RedirectResponse(session.own(next), 303)
    session.remember(request, response, SESSION, token, seconds)
    return response


async def _checked(request: Request, parts: Parts, text: str) -> str | None:
    """The id of a key that is right. Raises TooManyRequests."""
    who = [(f"address {request.client.host if request.client else ''}", PER_ADDRESS)]
    named = _KEY.match(text)
    if named is not None:
        who.append((f"key {named[1]}", PER_KEY))
    found = session.sessions(parts)
    for one, most in who:
        await run_sync(found.count, one, most)
    guard: Guard = request.app.state.guard
    record = await guard.record(parts, text)
    if record is None:
        return None
    await run_sync(found.forgive, *(one for one, _ in who))
    return record.id


def _form(
    request: Request, visitor: Visit, next: str, wrong: str = "", status: int = 200, wait: float | None = None
) -> Response:
    page = shell.page(
        request, "login.html", visitor, status=status, title="Log in", next=session.own(next), wrong=wrong
    )
    if wait is not None:
        page.headers["Retry-After"] = str(int(wait) + 1)
    return page


@router.post("/logout")
async def end(request: Request, visitor: Posting, parts: Needs) -> Response:
    """End the session."""
    if visitor.signed_in:
        await run_sync(session.sessions(parts).end, visitor.token)
    response = RedirectResponse("/login", 303)
    response.delete_cookie(SESSION)
    return response
