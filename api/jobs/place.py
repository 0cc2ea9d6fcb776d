"""Where a worker may run."""

from __future__ import annotations

from pathlib import Path

from api.settings import Settings
from api.store.database import FILE
from models.faults import BadSettings

NETWORK = {
    "9p",
    "afs",
    "beegfs",
    "ceph",
    "cifs",
    "davfs",
    "glusterfs",
    "gpfs",
    "lustre",
    "ncpfs",
    "nfs",
    "nfs4",
} | {"smb2", "smb3", "smbfs", "fuse.glusterfs", "fuse.s3fs", "fuse.sshfs"}
"""File systems of other machines, by their names in /proc/mounts."""
ELSEWHERE = "On another machine than the service's, set STOCKPILE_DATABASE_URL to a PostgreSQL database."


def check_place(settings: Settings, mounts: Path = Path("/proc/mounts")) -> None:
    """That the database can be shared with the service. Raises BadSettings."""
    if settings.database_url is not None:
        return
    if not (settings.data / FILE).is_file():
        raise BadSettings(f"{settings.data} holds no database of a service. {ELSEWHERE}")
    kind = file_system(settings.data.resolve(), mounts)
    if kind in NETWORK:
        raise BadSettings(
            f"{settings.data} is on a network file system ({kind}), where SQLite does not work. {ELSEWHERE}"
        )


def file_system(path: Path, mounts: Path) -> str | None:
    """Kind of the file system that holds a path; None where the system does not say."""
    try:
        lines = mounts.read_text().splitlines()
    except OSError:
        return None
    found: tuple[int, str] | None = None
    for line in lines:
        _, place, kind, *_ = line.split()
        point = Path(place.replace("\\040", " "))
        # Of mounts of the same place the last one is seen.
        if path.is_relative_to(point) and (found is None or len(point.parts) >= found[0]):
            found = len(point.parts), kind
    return found[1] if found else None
