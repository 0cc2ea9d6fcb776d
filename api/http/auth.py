"""Who is asking: API keys, roles, tenants.

``Authorization: Bearer sp_...``. While there are no keys at all, a service on loopback takes requests
without one as those of the tenant :data:`ANONYMOUS`, if settings allow it. A browser on the same machine must
not lend that to pages from elsewhere: the Host header must name loopback, and so must Origin where there is
one.
"""

from __future__ import annotations

import ipaddress
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import anyio
import structlog
from anyio.to_thread import run_sync
from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from api.http.parts import Parts
from models.faults import NotAllowed, NotAuthenticated
from models.jobs import ROLES, Role

if TYPE_CHECKING:
    from api.store.keys import KeyRecord

ANONYMOUS = "anonymous"
"""The tenant of requests without a key; a key of this tenant reaches what they left."""
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}

bearer = HTTPBearer(
    auto_error=False,
    scheme_name="key",
    bearerFormat="sp_<id>_<secret>",
    description="An API key, made with `stockpile keys create`. Its role is read, submit or admin, each of "
    "which may do what those before it may; its tenant owns what it submits.",
)


@dataclass(frozen=True, slots=True)
class Caller:
    """On whose behalf a request is made."""

    tenant: str
    role: Role
    key: str | None = None
    """Id of the API key; None without one."""


class Guard:
    """Checks keys; those that have to be looked up few at a time, as hashing takes memory on purpose."""

    def __init__(self) -> None:
        self._limiter: anyio.CapacityLimiter | None = None
        self._asked = -math.inf
        self._keys = True

    async def caller(self, request: Request, parts: Parts) -> Caller:
        """Who it is. Raises NotAuthenticated, NotAllowed, TooManyRequests."""
        header = request.headers.get("authorization")
        if header is None:
            caller = await self.anonymous(request, parts)
        else:
            caller = await self._of_key(header, parts)
        parts.rates.take(caller.key or "")
        structlog.contextvars.bind_contextvars(tenant=caller.tenant, key=caller.key)
        return caller

    async def _of_key(self, header: str, parts: Parts) -> Caller:
        scheme, _, text = header.partition(" ")
        text = text.strip()
        if scheme.lower() != "bearer" or not text:
            raise NotAuthenticated("Send it as Authorization: Bearer and the key.")
        record = await self.record(parts, text)
        if record is None:
            raise NotAuthenticated("This one is not valid; it may have expired or been revoked.")
        return Caller(tenant=record.tenant, role=record.role, key=record.id)

    async def record(self, parts: Parts, text: str) -> KeyRecord | None:
        """Whose key it is; None if it is not valid. Raises Unavailable."""
        record = parts.keys.recall(text)
        if record is None:
            self._limiter = self._limiter or anyio.CapacityLimiter(2)
            record = await run_sync(parts.keys.check, text, limiter=self._limiter)
        return record

    async def anonymous(self, request: Request, parts: Parts) -> Caller:
        """Whoever comes without a key, where that is allowed. Raises NotAuthenticated, NotAllowed."""
        settings = parts.settings
        if not (settings.allow_anonymous and is_loopback(settings.host)):
            raise NotAuthenticated()
        if await self._keys_exist(parts):
            raise NotAuthenticated()
        if request.client and not _may_be_loopback(request.client.host):
            raise NotAuthenticated()
        host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
        origin = request.headers.get("origin")
        if not is_loopback(host) or (origin and not is_loopback(urlsplit(origin).hostname or "")):
            raise NotAllowed("Without keys, requests must be addressed to localhost, and come from it.")
        return Caller(tenant=ANONYMOUS, role="admin")

    async def _keys_exist(self, parts: Parts) -> bool:
        if time.monotonic() - self._asked > 1:
            self._keys = await run_sync(parts.keys.any)
            self._asked = time.monotonic()
        return self._keys


def is_loopback(host: str) -> bool:
    """Whether an address or a name is this machine and no other can reach it."""
    if host.lower().rstrip(".") in _LOOPBACK:
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _may_be_loopback(host: str) -> bool:
    """False for an address that is not; names (of test clients, of sockets) pass."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return True
    return is_loopback(host)


def needs(role: Role) -> Callable[..., Awaitable[Caller]]:
    """A dependency that lets callers with a role, or a higher one, pass."""

    async def caller(request: Request, _: Annotated[object, Depends(bearer)]) -> Caller:
        found: Caller | None = getattr(request.state, "caller", None)
        if found is None:
            found = await request.app.state.guard.caller(request, request.app.state.parts)
            request.state.caller = found
        if ROLES.index(found.role) < ROLES.index(role):
            raise NotAllowed(f"It has the role {found.role}; this needs {role}.")
        return found

    return caller


Reader = Annotated[Caller, Depends(needs("read"))]
Submitter = Annotated[Caller, Depends(needs("submit"))]
Admin = Annotated[Caller, Depends(needs("admin"))]
