"""What every page has: the frame, the words for figures, the headers that hold a browser to our own files."""

from __future__ import annotations

import json
import math
import time
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from typing import Any

import jinja2
from fastapi import Request
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from api.web.assets import asset, digest
from api.web.session import VISIT, Visit, remember
from optimizer.summary import words

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self';"
    " img-src 'self' data:; font-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    # Not none: browsers would then hide where our own forms come from as well.
    "Referrer-Policy": "same-origin",
    "Vary": "Accept, Cookie, HX-Request",
}
THEMES = ("system", "light", "dark")
ROOMS = (("/instances", "Instances"), ("/jobs", "Jobs"), ("/compare", "Compare"))
NOTHING = "–"
"""Stands where there is no figure."""


def page(
    request: Request, template: str, visitor: Visit, *, status: int = 200, title: str, **context: Any
) -> HTMLResponse:
    """A whole page: ``template`` extends base.html."""
    theme = request.cookies.get("theme", "")
    frame = {
        "title": title,
        "path": request.url.path,
        "theme": theme if theme in THEMES else THEMES[0],
        "rooms": ROOMS,
        "version": version("stockpile"),
    }
    return _answer(request, template, visitor, status, frame | context)


def fragment(
    request: Request, template: str, visitor: Visit, *, status: int = 200, **context: Any
) -> HTMLResponse:
    """A piece of a page, for HTMX."""
    return _answer(request, template, visitor, status, context)


def picture(spec: dict[str, Any]) -> Response:
    """A chart as the macro ``chart`` fetches it: Vega-Lite, without the title, which stands in the page."""
    plain = {name: value for name, value in spec.items() if name != "title"}
    return Response(json.dumps(plain, allow_nan=False), media_type="application/json")


def _answer(
    request: Request, template: str, visitor: Visit, status: int, context: dict[str, Any]
) -> HTMLResponse:
    text = environment().get_template(template).render(visitor=visitor, **context)
    response = HTMLResponse(text, status, dict(HEADERS))
    if visitor.fresh:
        remember(request, response, VISIT, visitor.token)
    return response


@cache
def environment() -> jinja2.Environment:
    """Of all templates: everything is escaped, a name that is missing is an error."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("api.web", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(asset=asset, static=f"/static/{digest()}/")
    made.filters.update(
        usd=usd, money=money, tonnes=tonnes, percent=percent, when=when, ago=ago, duration=duration,
        count=words.count, year=words.year,
    )  # fmt: skip
    return made


def _glued(text: str) -> str:
    return text.replace(" ", "\u00a0")


def usd(value: float | None) -> str:
    """Money as the report writes it, with its unit: 12.3 bn USD."""
    return NOTHING if value is None or math.isnan(value) else _glued(f"{words.usd(value)} USD")


def money(value: float | None) -> str:
    """The same where the unit stands in the heading: 12.3 bn."""
    return NOTHING if value is None or math.isnan(value) else _glued(words.usd(value))


def tonnes(value: float | None) -> str:
    """Tonnes with their unit."""
    return NOTHING if value is None or math.isnan(value) else _glued(words.tonnes(value))


def percent(share: float | None, digits: int = 2) -> str:
    """A share as a percentage."""
    return NOTHING if share is None or math.isnan(share) else _glued(words.percent(share, digits))


def duration(seconds: float | None) -> str:
    """A length of time: 4.2 s, 3 min 20 s, 2 h 5 min."""
    if seconds is None or math.isnan(seconds):
        return NOTHING
    if seconds < 60:
        return f"{seconds:.1f}\u00a0s" if 0 < seconds < 10 else f"{seconds:.0f}\u00a0s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return _glued(f"{minutes} min {rest} s" if rest else f"{minutes} min")
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return _glued(f"{hours} h {minutes} min" if minutes else f"{hours} h")
    return _glued(f"{hours // 24} days")


def _time(seconds: float, text: str) -> Markup:
    at = datetime.fromtimestamp(seconds, UTC)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        f"{at:%Y-%m-%dT%H:%M:%SZ}", f"{at:%Y-%m-%d %H:%M:%S} UTC", text
    )


def when(seconds: float | None) -> Markup | str:
    """A moment, in seconds since 1970, as UTC."""
    if seconds is None:
        return NOTHING
    return _time(seconds, f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC")


def ago(seconds: float | None, now: float | None = None) -> Markup | str:
    """How long ago a moment was; hovering tells the moment."""
    if seconds is None:
        return NOTHING
    past = (time.time() if now is None else now) - seconds
    size = abs(past)
    if size < 45:
        return _time(seconds, "just now" if past >= 0 else "in a moment")
    number, unit = next(
        (round(size / length), unit)
        for most, length, unit in ((3540, 60, "min"), (84_600, 3600, "h"), (math.inf, 86_400, "day"))
        if size < most
    )
    length = f"{number} {unit}{'s' if unit == 'day' and number != 1 else ''}"
    return _time(seconds, f"{length} ago" if past > 0 else f"in {length}")
