"""The files of a result, put into a folder whole or not at all."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from models.faults import BadServer, DamagedBlob, UnwritableFile
from models.jobs import File, Manifest

Wanted = Callable[[str], bool]
"""Whether a file of this path is to be downloaded."""
LAST = ("instance.json", "evaluation.json", "comparison.json", "plan.json")
"""Heads of results: put into place after everything else."""
_RESERVED = re.compile(r'[<>:"\\|?*\x00-\x1f]|[. ]$')


def everything(_: str) -> bool:
    """Every file."""
    return True


class Download:
    """Files of a manifest on their way into a folder: ``for file in download: download.take(file, bytes)``.

    To be used with ``with``; what is there is put into place at its end unless an error ends it. Other files
    of the folder stay as they are, but for those that are ``anew``: files and folders of an earlier result.
    Raises BadServer for paths that lead elsewhere, DamagedBlob, UnwritableFile.
    """

    def __init__(
        self, manifest: Manifest, folder: str | Path, wanted: Wanted = everything, anew: Collection[str] = ()
    ) -> None:
        self.folder, self.anew = Path(folder), tuple(anew)
        self.files = tuple(file for file in manifest.files if wanted(checked(file.path)))

    def __enter__(self) -> Download:
        """Make the folder, and one in it for what is on its way."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.staging = Path(tempfile.mkdtemp(prefix=".writing.", dir=self.folder))
        except OSError as error:
            raise self._unwritable(error) from error
        return self

    def __iter__(self) -> Iterator[File]:
        """What is to be fetched."""
        return iter(self.files)

    def take(self, file: File, data: bytes) -> None:
        """The bytes of a file."""
        if len(data) != file.bytes or hashlib.sha256(data).hexdigest() != file.digest:
            raise DamagedBlob(f"{file.path} came other than it was stored.")
        try:
            place = self.staging / file.path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
        except OSError as error:
            raise self._unwritable(error) from error

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Everything into its place; after an error nothing."""
        try:
            if kind is None:
                self._place()
        except OSError as error:
            raise self._unwritable(error) from error
        finally:
            shutil.rmtree(self.staging, ignore_errors=True)

    def _place(self) -> None:
        for number, name in enumerate(self.anew):
            if (self.folder / name).exists():
                (self.folder / name).rename(self.staging / f".earlier.{number}")
        for name in sorted((file.path for file in self.files), key=_order):
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            os.replace(self.staging / name, self.folder / name)

    def _unwritable(self, error: OSError) -> UnwritableFile:
        return UnwritableFile(f"{self.folder}: {error.strerror or error}.")


def _order(path: str) -> tuple[int, str]:
    name = path.rpartition("/")[2]
    return (LAST.index(name) + 1 if name in LAST else 0, path)


def checked(path: str) -> str:
    """A relative path that stays below its folder on every system. Raises BadServer."""
    parts = path.split("/")
    if any(
        part in ("", ".", "..") or part.startswith(".writing.") or _RESERVED.search(part) for part in parts
    ):
        raise BadServer(f"It names a file {path!r}, which no result has.")
    return path
