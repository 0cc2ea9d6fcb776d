"""Somebody who looks at pages without a browser: keeps cookies, reads HTML, sends forms with their token."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import httpx

from models.jobs import Role
from tests.api.http.world import World

_TOKEN = re.compile(r'name="csrf" value="([0-9a-f]{64})"|"X-CSRF-Token": "([0-9a-f]{64})"')


@dataclass
class Visitor:
    """A client that asks for HTML and follows nothing."""

    client: httpx.Client
    csrf: str = ""
    """Of the last page that was looked at."""

    def get(self, path: str, *, status: int = 200, **more: Any) -> httpx.Response:
        """A page, with the status that is expected."""
        return self._told(self.client.get(path, **more), status)

    def post(
        self, path: str, data: dict[str, Any] | None = None, *, status: int = 303, **more: Any
    ) -> httpx.Response:
        """Send a form with its token, as a browser would."""
        return self._told(self.client.post(path, data={"csrf": self.csrf} | (data or {}), **more), status)

    def piece(self, path: str, *, status: int = 200, **more: Any) -> httpx.Response:
        """A piece of a page, as HTMX asks for it."""
        return self._told(self.client.get(path, headers={"HX-Request": "true"}, **more), status)

    def log_in(self, key: str, next: str = "/") -> httpx.Response:
        """Begin a session."""
        self.get("/login", params={"next": next})
        answer = self.post("/login", {"key": key, "next": next})
        self.get(answer.headers["location"])
        return answer

    def _told(self, answer: httpx.Response, status: int) -> httpx.Response:
        assert answer.status_code == status, (answer.request.url, answer.status_code, answer.text[-2000:])
        found = _TOKEN.search(answer.text)
        if found is not None:
            self.csrf = found[1] or found[2]
        return answer


def visitor_of(world: World, tenant: str | None = None, role: Role = "submit") -> Visitor:
    """Somebody at the pages; with a tenant, logged in with a new key of it."""
    client = world.client()
    client.headers["Accept"] = "text/html,application/xhtml+xml,*/*;q=0.8"
    made = Visitor(client)
    if tenant is None:
        return made
    made.log_in(world.key(tenant, role))
    return made
