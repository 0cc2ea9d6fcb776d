"""Bytes from a path, never more than allowed, never from outside the folder asked for."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from models.faults import TooLarge, UnreadableFile
from models.files.limits import FILE, MEGABYTE


def load(path: Path, *, inside: Path | None = None, limit: int = FILE) -> bytes:
    """The content of a regular file of at most ``limit`` bytes.

    ``inside``: a folder the file must lie in after all links are followed. Raises UnreadableFile, TooLarge.
    """
    try:
        real = path.resolve(strict=True)
        if inside is not None and not real.is_relative_to(inside.resolve(strict=True)):
            raise UnreadableFile(f"{path.name} is a link to a file outside its folder.")
        if not stat.S_ISREG(real.stat().st_mode):
            raise UnreadableFile(f"{path} is not a regular file.")
        with real.open("rb") as file:
            if os.fstat(file.fileno()).st_size > limit:
                raise TooLarge(_too_large(path, limit))
            data = file.read(limit + 1)
    except (
        OSError,
        ValueError,
        RuntimeError,
    ) as error:  # ValueError: NUL in the path; RuntimeError: a loop of links
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UnreadableFile(f"{path}: {reason}.") from error
    if len(data) > limit:
        raise TooLarge(_too_large(path, limit))
    return data


def _too_large(path: Path, limit: int) -> str:
    return f"{path.name} has more than {limit // MEGABYTE} MB."


def decode(data: bytes, name: str) -> str:
    """UTF-8 text, with or without a byte order mark. Raises UnreadableFile."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableFile(f"{name} is UTF-16 text; save it as UTF-8.")
    if data.startswith(b"PK\x03\x04"):
        raise UnreadableFile(f"{name} is a workbook or zip archive by its content, not text.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        found = f"byte 0x{data[error.start]:02x} in line {line}"
        raise UnreadableFile(f"{name} is not UTF-8 text ({found}); save it as UTF-8.") from error
    nul = text.find("\0")
    if nul >= 0:
        raise UnreadableFile(
            f"{name} holds a NUL byte in line {text.count(chr(10), 0, nul) + 1}: not a text file."
        )
    return text
