"""Addresses given by users: where the service will connect to, and where it will not.

A name is resolved once and the connection goes to that very address, so that a name cannot mean a public host
when it is checked and a private one when it is connected to (DNS rebinding).
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from dataclasses import dataclass

import httpx

from models.faults import BadRequest

_NEVER = [
    ipaddress.ip_network(text)
    for text in (
        "168.63.129.16/32",  # metadata of Azure, on a public address
        "64:ff9b::/96",  # reaches IPv4, private too, through NAT64
        "2002::/16",  # the same through 6to4
        "2001::/32",  # the same through Teredo
    )
]


class TargetRefused(Exception):
    """The service does not connect to this address."""


@dataclass(frozen=True)
class Target:
    """Where to connect to, and under which name."""

    url: httpx.URL
    """With the address in the place of the name."""
    name: str
    host_header: str

    @property
    def secure(self) -> bool:
        """Whether it speaks TLS, with a certificate for ``name``."""
        return self.url.scheme == "https"


def check(url: str, *, private: bool) -> None:
    """Refuse what can be seen to be no address of a receiver, when it is given. Raises BadRequest."""
    try:
        parsed = _parse(url)
        address = _literal(parsed.host)
        if address is not None and not private:
            _permit(address, parsed.host)
    except TargetRefused as error:
        raise BadRequest(f"webhook: {error}.") from error


async def resolve(url: str, *, private: bool) -> Target:
    """The address that a URL means now. Raises TargetRefused, OSError where the name is not known."""
    parsed = _parse(url)
    literal = _literal(parsed.host)
    if literal is not None:
        found = [str(literal)]
    else:
        loop = asyncio.get_running_loop()
        port = parsed.port or (443 if parsed.scheme == "https" else 80)
        infos = await loop.getaddrinfo(parsed.raw_host.decode("ascii"), port, type=socket.SOCK_STREAM)
        found = [str(info[4][0]) for info in infos]
    if not found:
        raise OSError(f"{parsed.host} has no address")
    if not private:
        # All of them: a name that has a private address among public ones is not to be trusted.
        for address in found:
            _permit(ipaddress.ip_address(address.partition("%")[0]), parsed.host)
    return Target(parsed.copy_with(host=found[0]), parsed.raw_host.decode("ascii"), _host_header(parsed))


def _parse(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise TargetRefused(f"{url!r} is no address") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise TargetRefused("the address has to begin with https:// or http:// and name a host")
    if parsed.userinfo:
        raise TargetRefused("the address must not hold a user name or password")
    return parsed


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The host, where it is an address already, in any way the system reads one (127.1, 0x7f000001)."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def _permit(address: ipaddress.IPv4Address | ipaddress.IPv6Address, host: str) -> None:
    inner = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    seen = inner or address
    if (
        not seen.is_global
        or seen.is_multicast
        or seen.is_reserved
        or any(seen.version == net.version and seen in net for net in _NEVER)
    ):
        raise TargetRefused(f"{host} is a private, loopback, link-local or reserved address ({address})")


def _host_header(url: httpx.URL) -> str:
    return url.netloc.decode("ascii")
