"""Blobs: content-addressed bytes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Protocol

_DIGEST = re.compile(r"[0-9a-f]{64}")


class Blobs(Protocol):
    """Bytes by the SHA-256 of their content; safe from many processes. Writing the same again is free."""

    def put(self, data: bytes) -> str:
        """Keep bytes, durably, and return their digest. Raises StorageFull; then nothing is kept."""
        ...

    def get(self, digest: str) -> bytes:
        """The bytes. Raises NoSuchBlob; DamagedBlob if they are not what their digest says."""
        ...

    def size(self, digest: str) -> int | None:
        """Bytes; None if it is not there."""
        ...

    def touch(self, digest: str) -> bool:
        """As if it had been put again; False if it is not there."""
        ...

    def digests(self) -> Iterator[tuple[str, float]]:
        """All there are, with the time each was last written, put again or touched (for pruning)."""
        ...

    def remove(self, digest: str, before: float | None = None) -> bool:
        """Remove it if it is there and was last written, put again or touched before a time; pruning only.

        One step for all processes: what :meth:`put` and :meth:`touch` have returned is not removed.
        """
        ...

    def tidy(self, before: float) -> int:
        """Remove what writes that were cut off before a time have left; how many there were."""
        ...


def digest_of(data: bytes) -> str:
    """SHA-256, hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def well_formed(digest: str) -> bool:
    """Whether text can be a digest: whatever else a caller sends is never made part of a path."""
    return _DIGEST.fullmatch(digest) is not None
