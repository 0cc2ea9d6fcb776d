"""Whom a client talks to: the server's address, the key, and when a key must not be sent."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import httpx

from models.faults import BadServer

CONNECT = 10.0
"""Seconds that a connection may take to be made."""
QUIET = 60.0
"""Seconds that a stream of events may be quiet: the service says something every few."""


@dataclass(frozen=True)
class Target:
    """A server. Raises BadServer for an address that cannot be used, or that a key must not be sent to."""

    url: str
    key: str | None = field(default=None, repr=False)
    insecure: bool = False
    """A key may travel unencrypted."""
    timeout: float = 60.0
    """Seconds that a single answer may take to begin, and between its parts."""

    def __post_init__(self) -> None:
        url = self.parsed()
        if url.scheme not in ("http", "https") or not url.host:
            raise BadServer(f"{self.url!r}: an address like http://127.0.0.1:8642 is needed.")
        if url.userinfo or url.query or url.fragment:
            raise BadServer(
                f"{url.scheme}://{url.host}: the address takes no user, query or fragment; keys go beside it."
            )
        if self.key is not None and not (self.key.isascii() and self.key.isprintable() and self.key.strip()):
            raise BadServer("The key is not one: letters, digits and signs only.")
        if self.key is not None and url.scheme == "http" and not self.local and not self.insecure:
            raise BadServer(
                f"http://{url.host} is not encrypted, and anybody on the way could read the key. Use https,"
                " or say that it may be sent all the same (--insecure)."
            )

    def parsed(self) -> httpx.URL:
        """The address. Raises BadServer."""
        try:
            return httpx.URL(self.url)
        except (httpx.InvalidURL, TypeError) as error:
            raise BadServer(f"{self.url!r}: {error}.") from error

    @property
    def local(self) -> bool:
        """Whether it is this machine, which nobody listens in on."""
        return loopback(self.parsed().host)

    def settings(self) -> dict[str, Any]:
        """What an httpx client is made with."""
        return {
            "base_url": self.parsed(),
            "headers": self.headers(),
            "timeout": httpx.Timeout(self.timeout, connect=min(CONNECT, self.timeout)),
            "follow_redirects": False,
            # What goes to this machine goes through no proxy.
            "trust_env": not self.local,
        }

    def quiet(self) -> dict[str, float | None]:
        """Time limits of a stream of events."""
        return httpx.Timeout(max(QUIET, self.timeout), connect=min(CONNECT, self.timeout)).as_dict()

    def headers(self) -> Mapping[str, str]:
        """Sent with every request."""
        known = {"User-Agent": f"stockpile/{version('stockpile')}"}
        return known if self.key is None else {**known, "Authorization": f"Bearer {self.key}"}


def loopback(host: str) -> bool:
    """Whether a host name is this machine's own."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
