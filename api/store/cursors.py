"""Cursors of lists that are ordered by time and id: opaque to callers."""

from __future__ import annotations

import base64
import binascii
import struct

import sqlalchemy as sa

from models.faults import BadCursor


def write(created: float, id: str) -> str:
    """The cursor after a row."""
    return base64.urlsafe_b64encode(struct.pack(">d", created) + id.encode()).decode().rstrip("=")


def read(cursor: str) -> sa.Tuple:
    """Time and id, to compare with. Raises BadCursor."""
    try:
        data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        (created,) = struct.unpack(">d", data[:8])
        id = data[8:].decode("ascii")
    except (binascii.Error, ValueError, struct.error) as error:
        raise BadCursor(repr(cursor[:80])) from error
    if not (0 <= created < 1e12 and 0 < len(id) <= 64 and id.isalnum()):
        raise BadCursor(repr(cursor[:80]))
    return sa.tuple_(sa.literal(created), sa.literal(id))
