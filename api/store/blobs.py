"""Blobs: content-addressed bytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol


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

    def digests(self) -> Iterator[tuple[str, float]]:
        """All there are, with the time each was last written or put again (for pruning)."""
        ...

    def remove(self, digest: str) -> None:
        """Remove it if it is there; pruning only."""
        ...
