"""Answers that never change: told apart by digest, so that a client that has one is not sent it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import quote

from fastapi import Request
from starlette.responses import Response

from api.http.negotiate import accepted, matches
from models.faults import BadRequest

Offers = Mapping[str, str]
"""Names of representations, the preferred one first, each with its media type."""


def choose(request: Request, offers: Offers, wanted: str | None = None) -> str:
    """The representation to answer with: ``wanted`` (of ``?format=``) if given, else by Accept.

    Raises BadRequest (no such format), NotAcceptable.
    """
    if wanted is None:
        header = ",".join(request.headers.getlist("accept"))
        media_type = accepted(header, tuple(offers.values()))
        return next(name for name, offer in offers.items() if offer == media_type)
    if wanted not in offers:
        raise BadRequest(f"format is one of {', '.join(offers)}, not {wanted[:40]!r}.")
    return wanted


def stored(
    request: Request,
    tag: str,
    media_type: str,
    load: Callable[[], bytes],
    *,
    name: str | None = None,
) -> Response:
    """What ``load`` gives, or 304 where the client has it.

    ``tag`` tells representations apart, such as a digest; ``name`` makes it a download of that name.
    """
    etag = f'"{tag}"'
    # Asked for again each time: the key may have been revoked, the result may have expired.
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Accept, Authorization"}
    if matches(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    # A result is data: where a browser shows it, it runs nothing.
    headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'; sandbox"
    if name is not None:
        headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return Response(load(), headers=headers, media_type=media_type)
