"""Where a worker may run, and what it is called."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from api.jobs import heartbeat
from api.jobs.inputs import allowed
from api.jobs.place import check_place, file_system
from api.settings import Settings
from models.faults import BadSettings
from models.jobs import Limits

MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
proc /proc proc rw 0 0
files:/export /srv nfs4 rw 0 0
/dev/sdb1 /srv/local\\040disk xfs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/var/lib", "ext4"), ("/srv/data", "nfs4"), ("/srv/local disk/data", "xfs"), ("/srvelse", "ext4")],
)
def test_the_file_system_of_a_path(tmp_path: Path, path: str, kind: str) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS)
    assert file_system(Path(path), mounts) == kind
    assert file_system(Path(path), tmp_path / "none") is None


def test_sqlite_is_for_the_machine_of_the_service(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    with pytest.raises(BadSettings, match=r"holds no database of a service.*STOCKPILE_DATABASE_URL"):
        check_place(settings)
    (tmp_path / "stockpile.sqlite").touch()
    check_place(settings)
    mounts = tmp_path / "mounts"
    mounts.write_text(f"files:/export {tmp_path} nfs rw 0 0\n")
    with pytest.raises(BadSettings, match=r"network file system \(nfs\)"):
        check_place(settings, mounts)
    check_place(Settings(data=tmp_path / "new", database_url="postgresql://db/stockpile"), mounts)


def test_a_worker_s_name() -> None:
    assert heartbeat.name(Settings(worker_id="rack-1.b_2")) == "rack-1.b_2"
    assert heartbeat.name(Settings()) == socket.gethostname()
    for bad in ("", "../up", "a b", "x" * 101):
        with pytest.raises(BadSettings, match="worker's name"):
            heartbeat.name(Settings(worker_id=bad or " "))


def test_a_job_gets_what_it_asks_for_and_never_more_than_allowed() -> None:
    settings = Settings(job_seconds=100, job_memory_gb=2, job_threads=4, slots=8)
    assert allowed(settings, Limits()) == (100, 2_000_000_000, 4)
    assert allowed(settings, Limits(seconds=5, memory_gb=0.5, threads=1)) == (5, 500_000_000, 1)
    assert allowed(settings, Limits(seconds=500, memory_gb=5, threads=9)) == (100, 2_000_000_000, 4)
