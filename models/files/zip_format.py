"""A zip archive of a folder of tables: the files themselves, or one folder that holds them. Only read.

Nothing is unpacked to the disk. What a folder on a disk could not be (two files whose names differ by case,
paths that lead elsewhere, links) is refused, so that the archive means the same wherever it is unpacked.
"""

from __future__ import annotations

import io
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from models.faults import TooLarge, UnreadableFile, shorten
from models.files import archive, folder
from models.files.limits import MEGABYTE, PARTS, ROWS, VALUES
from models.instance import Instance

_PACKED = (".zip", ".gz", ".tgz", ".bz2", ".xz", ".tar", ".7z", ".rar", ".zst")


def loads(data: bytes, name: str) -> Instance:
    """An instance from the bytes of a zip archive."""
    with _opened(data, name) as (members, content):
        return folder.assemble(name, members, content)


def tables(data: bytes, name: str) -> folder.Collected:
    """The tables in the bytes of a zip archive. Raises UnreadableFile, TooLarge."""
    with _opened(data, name) as (members, content):
        return folder.collect(name, members, content)


@contextmanager
def _opened(data: bytes, name: str) -> Iterator[tuple[list[str], Callable[[str, int], bytes]]]:
    """Names of the files of the folder, and what gives the bytes of one."""
    if not data:
        raise UnreadableFile(f"{name} is empty.")
    if data.count(b"PK\x01\x02") > PARTS:
        raise TooLarge(f"{name} holds more than {PARTS:,} files.")
    with _sound(name):
        book = zipfile.ZipFile(io.BytesIO(data))
    with book:
        members = dict(_tables(archive.parts(book, name), name))
        yield list(members), _reader(book, members, name)


@contextmanager
def _sound(name: str) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError) as error:
        raise UnreadableFile(f"{name} is not a sound zip archive: {error}.") from error


def _tables(parts: list[zipfile.ZipInfo], name: str) -> Iterator[tuple[str, zipfile.ZipInfo]]:
    """Files of the folder by name; every path is looked at, also of what is not read."""
    seen: set[str] = set()
    files: list[tuple[list[str], zipfile.ZipInfo]] = []
    for part in parts:
        path = _path(part, name)
        key = unicodedata.normalize("NFC", "/".join(path)).casefold()
        if key in seen:
            raise UnreadableFile(
                f"{name} holds {shorten(part.filename)} twice, or but for upper and lower case."
            )
        seen.add(key)
        if not part.is_dir() and path[0] != "__MACOSX" and not path[-1].startswith("."):
            files.append((path, part))
    tops = {path[0] if len(path) > 1 else "" for path, _ in files}
    depth = 1 if len(tops) == 1 and "" not in tops else 0
    for path, part in files:
        if path[-1].lower().endswith(_PACKED):
            raise UnreadableFile(
                f"{name} holds another archive, {shorten(part.filename)}; unpack that one first."
            )
        if len(path) == depth + 1 and folder.takes_part(path[-1]):
            yield path[-1], part


def _path(part: zipfile.ZipInfo, name: str) -> list[str]:
    """The names on the way to a member. Raises UnreadableFile for one that leads elsewhere, or is no file."""
    told = f"{name}: {shorten(part.filename)}"
    # As it stands there: the library cuts names at a NUL, and turns the separator of other systems round.
    path = part.orig_filename.removesuffix("/").split("/")
    if not part.orig_filename.isprintable() or "\\" in part.orig_filename or ":" in path[0]:
        raise UnreadableFile(f"{told} is a name with characters that names of files do not have.")
    if any(step in ("", ".", "..") for step in path):
        raise UnreadableFile(f"{told} is a path that leads outside the archive.")
    kind = stat.S_IFMT(part.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise UnreadableFile(f"{told} is a link or a device, not a file.")
    return path


def _reader(
    book: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], name: str
) -> Callable[[str, int], bytes]:
    lines = cells = 0

    def content(file: str, limit: int) -> bytes:
        nonlocal lines, cells
        part = members[file]
        if part.file_size > limit:
            raise TooLarge(f"{name}: {file} has more than {limit // MEGABYTE} MB.")
        with _sound(name):
            data = book.read(part)
        ends = max(data.count(b"\n"), data.count(b"\r"))
        lines += ends
        cells += ends + max(data.count(mark) for mark in (b",", b";", b"\t"))
        if lines > ROWS or cells > VALUES:
            raise TooLarge(f"{name} holds more than {ROWS:,} rows or {VALUES:,} cells.")
        return data

    return content
