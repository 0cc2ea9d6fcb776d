"""Bodies of requests: read raw, never more than allowed, never compressed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from fastapi import Request
from starlette.requests import ClientDisconnect

from api.http.parts import Parts
from models.faults import BadRequest, TooLarge, TooSlow, UnsupportedMedia

SILENCE = 30.0
"""Seconds that a client may take between two parts of a body."""

JSON = "application/json"
YAML = ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ZIP = ("application/zip", "application/x-zip-compressed")


def media_type(request: Request) -> str:
    """Of the body, without parameters. Raises UnsupportedMedia for text that is not UTF-8."""
    kind, *parameters = request.headers.get("content-type", "").split(";")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip().strip('"').lower() not in ("utf-8", "utf8"):
            raise UnsupportedMedia("Text must be UTF-8.")
    return kind.strip().lower()


def expect(request: Request, *allowed: str) -> str:
    """The media type, which must be one of those allowed. Raises UnsupportedMedia."""
    kind = media_type(request)
    if kind not in allowed:
        raise UnsupportedMedia(f"{kind or 'None'} was sent; {', '.join(allowed)} can be read here.")
    return kind


async def read(request: Request, most: int) -> AsyncIterator[bytes]:
    """The parts of a body. Raises TooLarge as soon as more than ``most`` bytes are announced or come."""
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise UnsupportedMedia(f"Content-Encoding {encoding[:40]} is not read; send it as it is.")
    length = request.headers.get("content-length", "")
    if length.isdecimal() and len(length) < 20 and int(length) > most:
        raise TooLarge(f"At most {most:,} bytes are read.")
    count = 0
    source = request.stream().__aiter__()
    while True:
        try:
            with anyio.fail_after(SILENCE):
                part = await anext(source, None)
        except TimeoutError:
            raise TooSlow(f"Nothing came for {SILENCE:g} seconds.") from None
        except ClientDisconnect:
            raise BadRequest("The body was cut off.") from None
        if part is None:
            return
        count += len(part)
        if count > most:
            raise TooLarge(f"At most {most:,} bytes are read.")
        yield part


@asynccontextmanager
async def received(request: Request, parts: Parts) -> AsyncIterator[bytes]:
    """The whole body. Raises what :func:`read` raises, and Unavailable while many are held in memory."""
    with parts.buffered.account() as add:
        pieces = bytearray()
        async for piece in read(request, parts.settings.body_mb * 2**20):
            add(len(piece))
            pieces += piece
        yield bytes(pieces)
