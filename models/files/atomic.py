"""Files that are either the old ones or the new ones, never half of one."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from models.faults import UnwritableFile


def write_file(path: Path, data: bytes) -> None:
    """Write under a temporary name, flush to the disk, rename. Raises UnwritableFile."""
    try:
        path = path.resolve()
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
        number = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
        try:
            with os.fdopen(number, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            if path.exists():
                temporary.chmod(path.stat().st_mode & 0o777)
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _flush(path.parent)
    except OSError as error:
        raise UnwritableFile(f"{path}: {error.strerror or error}.") from error


def replace_files(folder: Path, content: Mapping[str, bytes], *, last: str, remove: Iterable[str]) -> None:
    """Write files into a folder; ``last`` is absent until the others are in place and ``remove`` is gone."""
    try:
        folder = folder.resolve()
        folder.mkdir(parents=True, exist_ok=True)
        waiting = Path(tempfile.mkdtemp(prefix=".writing.", dir=folder))
        try:
            for name, data in content.items():
                with (waiting / name).open("wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
            (folder / last).unlink(missing_ok=True)
            for name in remove:
                (folder / name).unlink(missing_ok=True)
            for name in sorted(content, key=lambda name: name == last):
                os.replace(waiting / name, folder / name)
        finally:
            shutil.rmtree(waiting, ignore_errors=True)
        _flush(folder)
    except OSError as error:
        raise UnwritableFile(f"{folder}: {error.strerror or error}.") from error


def _flush(folder: Path) -> None:
    """The names of a folder to the disk, where the system can."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
