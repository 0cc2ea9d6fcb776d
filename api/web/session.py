"""Who looks at a page: a session that was begun with a key; on loopback without keys, whoever comes.

The cookie holds a random token and nothing else; :mod:`api.store.sessions` knows whose it is. What changes
something must carry a second token, derived from the first: pages of other sites can make a browser send the
cookie, but cannot read a page to learn the second (the field ``csrf`` of forms, the header ``X-CSRF-Token``).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Annotated, cast
from urllib.parse import urlsplit

from anyio.to_thread import run_sync
from fastapi import Depends, Request
from starlette.datastructures import FormData
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.responses import Response

from api.http import body
from api.http.auth import Caller
from api.http.parts import Needs, Parts
from api.store.sessions import Sessions
from models.faults import BadRequest, NotAllowed, StaleForm, StockpileError
from models.jobs import ROLES, Role

SESSION, VISIT = "stockpile_session", "stockpile_visit"
"""Cookies: of a session; of a visit without one, for the second token alone."""
FIELDS = 10_000
"""Fields of a form at most."""
_NOBODY = Caller(tenant="", role="read")


@dataclass(frozen=True)
class Visit:
    """Who looks at a page, and what its forms must send along."""

    caller: Caller
    token: str
    """Of the cookie; never part of a page."""
    known: bool = True
    """False on the pages before the login."""
    signed_in: bool = False
    """Whether there is a session that can be ended."""
    fresh: bool = False
    """Whether the cookie is yet to be set."""
    form: FormData = field(default_factory=FormData)
    """What was sent, of ``Acting`` and ``Posting``; files in it are open until the answer is made."""

    @property
    def tenant(self) -> str:
        """Whose things these are."""
        return self.caller.tenant

    @property
    def role(self) -> Role:
        """What may be done with them."""
        return self.caller.role

    @property
    def csrf(self) -> str:
        """The second token."""
        return hashlib.sha256(f"csrf:{self.token}".encode()).hexdigest()

    def may(self, role: Role) -> bool:
        """Whether a page shows what needs a role."""
        return self.known and ROLES.index(self.role) >= ROLES.index(role)


def sessions(parts: Parts) -> Sessions:
    """Those of the service."""
    return Sessions(parts.keys.engine)


async def visit(request: Request, parts: Needs) -> Visit:
    """Whoever asks. Raises NotAuthenticated, NotAllowed, TooManyRequests."""
    found: Visit | None = getattr(request.state, "visit", None)
    if found is None:
        found = request.state.visit = await _visit(request, parts)
    return found


async def _visit(request: Request, parts: Parts) -> Visit:
    token = request.cookies.get(SESSION, "")
    record = await run_sync(sessions(parts).find, token) if token else None
    if record is not None:
        parts.rates.take(record.id)
        return Visit(Caller(tenant=record.tenant, role=record.role, key=record.id), token, signed_in=True)
    caller = await request.app.state.guard.anonymous(request, parts)
    parts.rates.take("")
    return _without(request, caller)


def stranger(request: Request) -> Visit:
    """Whoever has not logged in, on the pages that are for everybody."""
    return _without(request, _NOBODY, known=False)


def _without(request: Request, caller: Caller, known: bool = True) -> Visit:
    token = request.cookies.get(VISIT, "")
    fresh = len(token) != 43
    return Visit(caller, secrets.token_urlsafe(32) if fresh else token, known=known, fresh=fresh)


def posting(role: Role) -> Callable[..., AsyncIterator[Visit]]:
    """A dependency of what changes something: the second token must be there, and the role.

    Routes take the fields of their form from ``.form``, which is read here, up to the size of a request.
    """

    async def acting(request: Request, parts: Needs) -> AsyncIterator[Visit]:
        found = await visit(request, parts)
        if not found.may(role):
            raise NotAllowed(f"It has the role {found.role}; this needs {role}.")
        form = await read(request, parts)
        try:
            check(request, found, form)
            yield Visit(found.caller, found.token, found.known, found.signed_in, found.fresh, form)
        finally:
            await form.close()

    return acting


def check(request: Request, visit: Visit, form: FormData) -> None:
    """Whether a request comes from one of our own pages. Raises StaleForm."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise StaleForm("It was sent by a page of another site.")
    given = request.headers.get("x-csrf-token") or form.get("csrf")
    if not isinstance(given, str) or not hmac.compare_digest(
        given.encode(errors="surrogatepass"), visit.csrf.encode()
    ):
        raise StaleForm()


async def read(request: Request, parts: Parts) -> FormData:
    """The form that was sent, empty where it is none. Raises TooLarge, BadRequest."""
    most = parts.settings.body_mb * 2**20
    kind, stream = body.media_type(request), cast(AsyncGenerator[bytes], body.read(request, most))
    try:
        if kind == "multipart/form-data":
            multipart = MultiPartParser(
                request.headers, stream, max_files=FIELDS, max_fields=FIELDS, max_part_size=most
            )
            return await multipart.parse()
        if kind == "application/x-www-form-urlencoded":
            return await FormParser(request.headers, stream).parse()
    except MultiPartException as error:
        raise BadRequest(error.message) from None
    return FormData()


def own(path: str | None) -> str:
    """Where to go after the login: a path of ours, else the start page."""
    path = path or "/"
    try:
        parts = urlsplit(path)
    except ValueError:
        return "/"
    safe = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if safe and "\\" not in path and not (parts.scheme or parts.netloc) else "/"


def remember(
    request: Request, response: Response, name: str, token: str, seconds: float | None = None
) -> None:
    """Set a cookie that scripts cannot read and other sites' forms do not send."""
    response.set_cookie(
        name,
        token,
        max_age=None if seconds is None else int(seconds),
        httponly=True,
        secure=request.url.scheme == "https",
        samesite="lax" if name == SESSION else "strict",
    )


async def visitor_or_stranger(request: Request) -> Visit:
    """Whoever asks, for pages that are shown whatever is wrong."""
    try:
        return await visit(request, request.app.state.parts)
    except StockpileError:
        return stranger(request)


Visitor = Annotated[Visit, Depends(visit)]
"""Whoever may look."""
Posting = Annotated[Visit, Depends(posting("read"))]
"""Whoever sends something that changes nothing of the tenant's: a check, a logout."""
Acting = Annotated[Visit, Depends(posting("submit"))]
"""Whoever may act."""
