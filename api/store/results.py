"""Results: the folder that a job wrote, as blobs and a manifest of them."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import ValidationError

from api.store.blobs import Blobs
from models.faults import DamagedBlob, Expired, NoResult, NoSuchFile, NotFinished
from models.jobs import FINAL, File, Job, Manifest

MEDIA_TYPES = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".json": "application/json",
    ".lp": "text/plain",
    ".mps": "text/plain",
    ".parquet": "application/vnd.apache.parquet",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".yaml": "application/yaml",
}
"""By suffix; any other file is bytes."""
BYTES = "application/octet-stream"


def put_result(blobs: Blobs, folder: Path) -> str:
    """Keep every file below a folder and return the digest of the manifest. Raises StorageFull.

    Links, and names that begin with a dot (what was being written), are left out.
    """
    files = []
    for path in sorted(_files(folder)):
        data = path.read_bytes()
        files.append(
            File(
                path=path.relative_to(folder).as_posix(),
                digest=blobs.put(data),
                bytes=len(data),
                media_type=MEDIA_TYPES.get(path.suffix, BYTES),
            )
        )
    return blobs.put(Manifest(files=tuple(files)).model_dump_json().encode())


def _files(folder: Path) -> list[Path]:
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths = (Path(place) / name for name in names if not name.startswith("."))
        found += [path for path in paths if path.is_file() and not path.is_symlink()]
    return found


def read_manifest(blobs: Blobs, digest: str) -> Manifest:
    """The manifest of a digest. Raises NoSuchBlob, DamagedBlob."""
    try:
        return Manifest.model_validate_json(blobs.get(digest))
    except ValidationError as error:
        raise DamagedBlob(f"{digest} is not a manifest.") from error


def manifest(blobs: Blobs, job: Job) -> Manifest:
    """The files of a job's result. Raises NotFinished, Expired, NoResult."""
    if job.state == "expired":
        raise Expired()
    if job.state not in FINAL:
        raise NotFinished(f"It is {job.state}.")
    if job.result is None:
        raise NoResult(f"It {_ENDED[job.state]}.")
    return read_manifest(blobs, job.result)


_ENDED = {"succeeded": "succeeded", "failed": "failed", "cancelled": "was cancelled"}


def file(blobs: Blobs, job: Job, path: str) -> bytes:
    """One file of a job's result. Raises NoSuchFile, and what :func:`manifest` does."""
    for entry in manifest(blobs, job).files:
        if entry.path == path:
            return blobs.get(entry.digest)
    raise NoSuchFile(repr(path[:200]))
