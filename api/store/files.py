"""Blobs as files: ``<folder>/ab/abcd...``; whole and on the disk, or not there.

A file is written under a temporary name, flushed, renamed, and its folder flushed. Each of the 256 folders
is locked (flock) while a file in it is renamed, touched or removed: whoever puts what is there already is
not overtaken by pruning.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api.store.blobs import digest_of, well_formed
from models.faults import DamagedBlob, NoSuchBlob, StorageFull

_CHUNK = 2**20
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_WAITING = "writing"
"""Folder of files that are being written."""


class FileBlobs:
    """Blobs in a folder of the local disk. Readable by their owner alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._made: set[Path] = set()

    def put(self, data: bytes) -> str:
        """Keep bytes, durably, and return their digest. Raises StorageFull; then nothing is kept."""
        digest = digest_of(data)
        path = self._path(digest)
        try:
            shard = self._ready(path.parent)
            with _locked(shard):
                if _holds(path, data):
                    os.utime(path)
                    return digest
            self._write(path, data)
        except OSError as error:
            if error.errno in _FULL:
                raise StorageFull(f"{error.strerror}.") from error
            raise
        return digest

    def _write(self, path: Path, data: bytes) -> None:
        temporary = self._ready(self.folder / _WAITING) / f"{path.name}.{secrets.token_hex(8)}"
        number = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(number, "wb", buffering=0) as file:
                rest = memoryview(data)
                while rest:
                    rest = rest[file.write(rest) :]
                os.fsync(file.fileno())
            with _locked(path.parent) as folder:
                os.replace(temporary, path)
                os.utime(path)  # a flush may have taken long
                os.fsync(folder)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    def get(self, digest: str) -> bytes:
        """The bytes. Raises NoSuchBlob; DamagedBlob if they are not what their digest says."""
        path = self._path(digest)
        try:
            data = path.read_bytes()
        except FileNotFoundError as error:
            raise NoSuchBlob(digest) from error
        if digest_of(data) != digest:
            raise DamagedBlob(digest)
        return data

    def size(self, digest: str) -> int | None:
        """Bytes; None if it is not there."""
        try:
            return self._path(digest).stat().st_size
        except (FileNotFoundError, NoSuchBlob):
            return None

    def touch(self, digest: str) -> bool:
        """As if it had been put again; False if it is not there."""
        try:
            path = self._path(digest)
            with _locked(path.parent):
                os.utime(path)
        except (FileNotFoundError, NoSuchBlob):
            return False
        return True

    def digests(self) -> Iterator[tuple[str, float]]:
        """All there are, with the time each was last written, put again or touched (for pruning)."""
        for shard in _entries(self.folder):
            if len(shard.name) == 2:
                for entry in _entries(Path(shard.path)):
                    written = _written(entry)
                    if well_formed(entry.name) and written is not None:
                        yield entry.name, written

    def remove(self, digest: str, before: float | None = None) -> bool:
        """Remove it if it is there and was last written, put again or touched before a time."""
        try:
            path = self._path(digest)
            with _locked(path.parent):
                if before is not None and path.stat().st_mtime >= before:
                    return False
                path.unlink()
        except (FileNotFoundError, NoSuchBlob):
            return False
        return True

    def tidy(self, before: float) -> int:
        """Remove what writes that were cut off before a time have left; how many there were."""
        count = 0
        for entry in _entries(self.folder / _WAITING):
            written = _written(entry)
            if written is not None and written < before:
                Path(entry.path).unlink(missing_ok=True)
                count += 1
        return count

    def _path(self, digest: str) -> Path:
        if not well_formed(digest):
            raise NoSuchBlob(repr(digest))
        return self.folder / digest[:2] / digest

    def _ready(self, folder: Path) -> Path:
        """The folder, made durable when it is new."""
        if folder not in self._made:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
            _flush(self.folder)
            self._made.add(folder)
        return folder


@contextmanager
def _locked(folder: Path) -> Iterator[int]:
    """The folder opened, and locked against other processes and threads."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        yield number
    finally:
        os.close(number)


def _flush(folder: Path) -> None:
    with _locked(folder) as number:
        os.fsync(number)


def _holds(path: Path, data: bytes) -> bool:
    """Whether a file is there and whole; a damaged one is written again."""
    try:
        with path.open("rb", buffering=0) as file:
            if os.fstat(file.fileno()).st_size != len(data):
                return False
            rest = memoryview(data)
            while chunk := file.read(_CHUNK):
                if chunk != rest[: len(chunk)]:
                    return False
                rest = rest[len(chunk) :]
            return not rest
    except FileNotFoundError:
        return False


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except FileNotFoundError:
        return


def _written(entry: os.DirEntry[str]) -> float | None:
    try:
        return entry.stat(follow_symlinks=False).st_mtime
    except FileNotFoundError:
        return None
