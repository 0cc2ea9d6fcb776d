"""Static files: named by the digest of all of them, so that browsers may keep them for good."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
}
_PACKED = (*TYPES, "")
"""Kinds that are sent compressed; licences have no suffix."""
KEPT = "public, max-age=31536000, immutable"

router = APIRouter(include_in_schema=False)


@cache
def files() -> dict[str, bytes]:
    """All static files by path."""
    return dict(sorted(_below(resources.files("api.web") / "static", "")))


def _below(folder: Traversable, prefix: str) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for entry in folder.iterdir():
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            found += _below(entry, f"{prefix}{entry.name}/")
        else:
            found.append((prefix + entry.name, entry.read_bytes()))
    return found


@cache
def digest() -> str:
    """Of all static files: what refers to another by a relative path gets the one it was written for."""
    whole = hashlib.sha256()
    for path, data in files().items():
        whole.update(f"{path}\0{len(data)}\0".encode() + data)
    return whole.hexdigest()[:16]


def asset(path: str) -> str:
    """The address of a static file. Raises KeyError."""
    if path not in files():
        raise KeyError(path)
    return f"/static/{digest()}/{path}"


@cache
def _packed(path: str) -> bytes:
    return gzip.compress(files()[path], 6, mtime=0)


@router.get("/static/{version}/{path:path}")
def static(request: Request, version: str, path: str) -> Response:
    """A static file."""
    if path not in files():
        raise HTTPException(404)
    suffix = f".{path.rpartition('.')[2]}" if "." in path.rpartition("/")[2] else ""
    kind = TYPES.get(suffix) or mimetypes.guess_type(path)[0] or "text/plain; charset=utf-8"
    # Another version's page, while versions change: what is here now, asked for again next time.
    headers = {"Cache-Control": KEPT if version == digest() else "no-cache", "Vary": "Accept-Encoding"}
    if suffix in _PACKED and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(_packed(path), headers=headers | {"Content-Encoding": "gzip"}, media_type=kind)
    return Response(files()[path], headers=headers, media_type=kind)
