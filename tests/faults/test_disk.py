"""The disk is full: a clear answer, nothing half-written, and on with it when there is room again."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from api.store.database import FILE
from api.store.documents import blobs
from models import files
from models.faults import StorageFull
from models.instance import Instance
from tests.api.service import BACKENDS, Postgres, new_database
from tests.faults.live import MIDDLE, Service, finished_once
from tests.lasting import LONG

pytestmark = [
    pytest.mark.deep,
    pytest.mark.skipif(os.geteuid() != 0, reason="to mount a small file system one must be root"),
]
SIZE = 96
"""MB of the disk."""


@pytest.fixture
def disk() -> Iterator[Path]:
    """A small disk."""
    folder = Path(tempfile.mkdtemp(prefix="disk"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}m,mode=755", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)
        folder.rmdir()


@pytest.fixture(params=BACKENDS)
def service(request: pytest.FixtureRequest, disk: Path, tmp_path: Path) -> Iterator[Service]:
    """A service that has its database, its documents and its work on that disk."""
    if request.param == "sqlite":
        with running(tmp_path, disk, None) as made:
            yield made
        return
    server: Postgres = request.getfixturevalue("postgres_server")
    with ExitStack() as stack:
        space = stack.enter_context(server.tablespace(disk / "tables"))
        url = stack.enter_context(new_database(server.url, "template_stockpile", space))
        yield stack.enter_context(running(tmp_path, disk, url))


@contextmanager
def running(folder: Path, disk: Path, url: str | None) -> Iterator[Service]:
    made = Service(folder, url, data=disk / "data")
    try:
        yield made
    finally:
        (disk / "filler").unlink(missing_ok=True)
        made.close()


def fill(disk: Path) -> None:
    """To the last byte."""
    with (disk / "filler").open("wb", buffering=0) as file:
        for size in (2**20, 4096, 1):
            try:
                while file.write(bytes(size)):
                    continue
            except OSError:
                continue
    assert not shutil.disk_usage(disk).free


def variants() -> Iterator[Instance]:
    """Instances that do not compress well, no two the same."""
    chance, instance = random.Random(0), files.read(MIDDLE)
    while True:
        title = chance.randbytes(90).hex()
        yield instance.model_copy(update={"name": title})


def test_a_full_disk(service: Service, disk: Path) -> None:
    long, short = service.submit(LONG), service.submit(MIDDLE)
    service.under_way(long)
    service.until(lambda: service.running(short))
    workers = {service.supervised(f"w-{number}") for number in (1, 2)}
    request = service.request()
    before = {record.id for record in service.client.instances(limit=200).instances}
    fill(disk)
    stored: set[str] = set()
    with pytest.raises(StorageFull, match="no room"):
        stored.update(service.client.put_instance(variant).id for variant in variants())
    accepted = []
    for _ in range(5):
        try:
            accepted.append(service.client.submit(request).id)
        except StorageFull:
            continue
    # Longer than the silence after which workers are taken for dead, and than the short one may take.
    time.sleep(service.settings.dead_seconds + 8)
    (disk / "filler").unlink()
    service.client.stop(long)
    finished_once(service, [long, short, *accepted])
    assert workers <= set(service.processes())
    assert service.client.job(long).attempt == 1
    now = {record.id for record in service.client.instances(limit=200).instances}
    assert now - before == stored, "nothing was kept of what was refused"
    check(service)
    service.client.put_instance(next(variants()))
    finished_once(service, [service.submit() for _ in range(3)])
    service.settled()


def check(service: Service) -> None:
    """Nothing is damaged, and no halves lie about."""
    kept = blobs(service.settings, service.engine)
    for digest, _ in kept.digests():
        kept.get(digest)
    if service.settings.database_url is None:
        assert not list((service.settings.data / "blobs" / "writing").iterdir())
        with closing(sqlite3.connect(service.settings.data / FILE)) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
