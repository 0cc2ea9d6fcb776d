"""Which media type to answer in, and what else headers ask for."""

from __future__ import annotations

import re
from collections.abc import Sequence

from models.faults import NotAcceptable

_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")


def accepted(header: str | None, offers: Sequence[str]) -> str:
    """The offer that an Accept header likes best; the first among equals, and where there is no header.

    The most specific range of the header that fits an offer counts (RFC 9110, 12.5.1). Raises NotAcceptable.
    """
    if not header or not header.strip():
        return offers[0]
    ranges = []
    for part in header.split(",")[:100]:
        kind, *parameters = (piece.strip() for piece in part.split(";"))
        quality = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip().lower() == "q":
                try:
                    quality = min(1.0, max(0.0, float(value)))
                except ValueError:
                    quality = 0.0
        ranges.append((kind.lower(), quality))
    best, chosen = 0.0, ""
    for offer in offers:
        fits = [
            (3 if kind == offer else 2 if kind != "*/*" else 1, quality)
            for kind, quality in ranges
            if kind in (offer, "*/*", offer.partition("/")[0] + "/*")
        ]
        quality = max(fits)[1] if fits else 0.0
        if quality > best:
            best, chosen = quality, offer
    if not chosen:
        raise NotAcceptable(f"It can be given as {', '.join(offers)}.")
    return chosen


def matches(header: str | None, etag: str) -> bool:
    """Whether an If-None-Match header names the tag (weak comparison, RFC 9110, 13.1.2)."""
    if header is None:
        return False
    return header.strip() == "*" or etag in (tag.strip().removeprefix("W/") for tag in header.split(","))


def wait_seconds(headers: Sequence[str], most: float) -> float | None:
    """Seconds of ``Prefer: wait=N`` (RFC 7240), at most ``most``; None where it is not asked for."""
    for header in headers:
        for part in header.split(","):
            name, _, value = part.partition(";")[0].partition("=")
            value = value.strip().strip('"')
            if name.strip().lower() == "wait" and _SECONDS.fullmatch(value):
                return min(float(value), most)
    return None
