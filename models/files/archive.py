"""Whether an archive may be opened: a workbook is a zip archive of XML, and both can be made to burst."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import IO

from models.faults import TooLarge, UnreadableFile, shorten
from models.files.limits import MARKS, MEGABYTE, PART, PARTS, RATIO, UNPACKED

_CHUNK = 2**18
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def check(data: bytes, name: str) -> None:
    """Look through every part without keeping it. Raises UnreadableFile, TooLarge."""
    if not data:
        raise UnreadableFile(f"{name} is empty.")
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnreadableFile(f"{name} is protected by a password, or an old .xls; save it as a plain .xlsx.")
    if data.count(b"PK\x01\x02") > PARTS:
        raise TooLarge(f"{name} has more than {PARTS:,} parts.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as book:
            _directory(book, name)
            marks = 0
            for part in book.infolist():
                marks += _marks(book, part, name, MARKS - marks)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError) as error:
        raise UnreadableFile(f"{name} is not a sound workbook: {error}.") from error


def _directory(book: zipfile.ZipFile, name: str) -> None:
    if len({part.filename for part in book.infolist()}) < len(book.infolist()):
        raise UnreadableFile(f"{name} holds a part twice.")
    for part in parts(book, name):
        if part.file_size > PART and part.filename.endswith((".xml", ".rels", ".vml")):
            bulky = part.filename.startswith("xl/worksheets/") or part.filename == "xl/sharedStrings.xml"
            if not bulky:
                raise TooLarge(f"{name}: {part.filename} has more than {PART // MEGABYTE} MB.")


def parts(book: zipfile.ZipFile, name: str) -> list[zipfile.ZipInfo]:
    """What an archive says it holds. Sizes are also limits: no part unpacks to more than it declares.

    Raises UnreadableFile, TooLarge.
    """
    found = book.infolist()
    if sum(part.file_size for part in found) > UNPACKED:
        raise TooLarge(f"{name} has more than {UNPACKED // MEGABYTE} MB when unpacked.")
    for part in found:
        if part.flag_bits & 1:
            raise UnreadableFile(f"{name} is protected by a password.")
        if part.compress_type not in _METHODS:
            raise UnreadableFile(f"{name}: {shorten(part.filename)} is packed in a way that is not read.")
        if part.file_size > max(PART, RATIO * max(1, part.compress_size)):
            raise TooLarge(f"{name}: {shorten(part.filename)} unpacks to over {RATIO} times its size.")
    return found


def _marks(book: zipfile.ZipFile, part: zipfile.ZipInfo, name: str, allowed: int) -> int:
    """Tags and attributes of an XML part; a document type, which could define entities, is refused."""
    if not part.filename.endswith((".xml", ".rels", ".vml")):
        return 0
    count, tail = 0, b""
    with book.open(part) as file:
        while chunk := file.read(_CHUNK):
            count += chunk.count(b"<") + chunk.count(b"=")
            if count > allowed:
                raise TooLarge(f"{name} has more than {MARKS:,} tags and attributes.")
            window = (tail + chunk).replace(b"\0", b"")
            if b"<!DOCTYPE" in window or b"<!ENTITY" in window:
                raise UnreadableFile(f"{name}: {part.filename} defines XML entities.")
            tail = chunk[-32:]
    return count


def holds(file: IO[bytes], words: tuple[bytes, ...]) -> bool:
    """Whether any of some short words occurs in a stream."""
    tail = b""
    while chunk := file.read(_CHUNK):
        window = tail + chunk
        if any(word in window for word in words):
            return True
        tail = chunk[-8:]
    return False
