"""Blobs, in files and in the database."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.settings import Settings
from api.store import schema
from api.store.blobs import Blobs
from api.store.database import connect
from api.store.files import FileBlobs
from api.store.table import TableBlobs
from models.faults import DamagedBlob, NoSuchBlob, StorageFull

ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
"""SHA-256 of "abc", FIPS 180-4."""


def age(blobs: Blobs, digest: str, seconds: float) -> None:
    """Make a blob so much older."""
    when = time.time() - seconds
    if isinstance(blobs, FileBlobs):
        os.utime(blobs.folder / digest[:2] / digest, (when, when))
    else:
        assert isinstance(blobs, TableBlobs)
        with blobs.engine.begin() as connection:
            connection.execute(
                sa.update(schema.blobs).where(schema.blobs.c.digest == digest).values(written=when)
            )


def damage(blobs: Blobs, digest: str, data: bytes) -> None:
    if isinstance(blobs, FileBlobs):
        (blobs.folder / digest[:2] / digest).write_bytes(data)
    else:
        assert isinstance(blobs, TableBlobs)
        with blobs.engine.begin() as connection:
            connection.execute(
                sa.update(schema.blobs).where(schema.blobs.c.digest == digest).values(data=data)
            )


@pytest.mark.parametrize("data", [b"", b"abc", bytes(range(256)) * 10_000], ids=["empty", "abc", "2.5 MB"])
def test_what_is_put_is_there(blobs: Blobs, data: bytes) -> None:
    digest = blobs.put(data)
    assert digest == hashlib.sha256(data).hexdigest()
    assert (blobs.get(digest), blobs.size(digest)) == (data, len(data))
    assert [d for d, _ in blobs.digests()] == [digest]


def test_digest_of_abc(blobs: Blobs) -> None:
    assert blobs.put(b"abc") == ABC


@pytest.mark.parametrize(
    "digest", ["", "abc", "../../etc/passwd", "0" * 63 + "/", "A" * 64, "0" * 64, "0" * 64 + "\n"]
)
def test_what_is_not_there(blobs: Blobs, digest: str) -> None:
    with pytest.raises(NoSuchBlob):
        blobs.get(digest)
    assert blobs.size(digest) is None
    assert not blobs.touch(digest)
    assert not blobs.remove(digest)


@pytest.mark.parametrize("bad", [b"abd", b"", b"abcd"])
def test_damage_is_found_and_healed(blobs: Blobs, bad: bytes) -> None:
    blobs.put(b"abc")
    damage(blobs, ABC, bad)
    with pytest.raises(DamagedBlob):
        blobs.get(ABC)
    blobs.put(b"abc")
    assert blobs.get(ABC) == b"abc"


def test_putting_again_and_touching_make_it_young(blobs: Blobs) -> None:
    blobs.put(b"abc")
    for act in (lambda: blobs.put(b"abc"), lambda: blobs.touch(ABC)):
        age(blobs, ABC, 7200)
        assert dict(blobs.digests())[ABC] < time.time() - 7000
        assert act()
        assert dict(blobs.digests())[ABC] > time.time() - 60


def test_only_what_is_old_is_removed(blobs: Blobs) -> None:
    blobs.put(b"abc")
    assert not blobs.remove(ABC, before=time.time() - 3600)
    assert blobs.get(ABC) == b"abc"
    age(blobs, ABC, 7200)
    assert blobs.remove(ABC, before=time.time() - 3600)
    assert blobs.size(ABC) is None
    assert not blobs.remove(ABC)
    blobs.put(b"abc")
    assert blobs.remove(ABC)


def test_what_was_put_outlasts_pruning_at_the_same_moment(blobs: Blobs) -> None:
    """An old blob is put again and again while another thread removes what is old: a hundred times at least,
    and until some have met a removal.
    """
    done = threading.Event()
    removed = 0

    def prune() -> None:
        nonlocal removed
        while not done.is_set():
            removed += blobs.remove(ABC, before=time.time() - 3600)

    thread = threading.Thread(target=prune)
    thread.start()
    try:
        rounds = 0
        while rounds < 100 or removed < 3:
            blobs.put(b"abc")
            assert blobs.get(ABC) == b"abc"
            age(blobs, ABC, 7200)
            rounds += 1
            assert rounds < 1_000_000, "nothing was ever removed"
    finally:
        done.set()
        thread.join()


def test_a_cut_off_write_leaves_nothing_that_counts(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path)
    blobs.put(b"abc")
    half = tmp_path / "writing" / f"{'1' * 64}.deadbeef"
    half.write_bytes(b"half")
    assert [digest for digest, _ in blobs.digests()] == [ABC]
    assert blobs.tidy(time.time() - 3600) == 0, "it may still be written"
    os.utime(half, (0, 0))
    assert blobs.tidy(time.time() - 3600) == 1
    assert not half.exists()


def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    FileBlobs(tmp_path / "b").put(b"abc")
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "b").rglob("*") if path.is_file()}
    assert modes == {0o600}
    assert (tmp_path / "b").stat().st_mode & 0o777 == 0o700


_TOO_LARGE = """
import resource, sys
from pathlib import Path
from api.store.files import FileBlobs
from models.faults import StorageFull
blobs = FileBlobs(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
blobs.put(b"x" * 100_000)
try:
    blobs.put(b"y" * 100_001)
except StorageFull as error:
    print(error)
"""


def test_a_limit_on_the_size_of_files(tmp_path: Path) -> None:
    """A real EFBIG, by RLIMIT_FSIZE: the write ends at 100,000 bytes, and nothing is left of it."""
    done = subprocess.run(
        [sys.executable, "-c", _TOO_LARGE, tmp_path], capture_output=True, text=True, check=True
    )
    assert done.stdout == "The service has no room to store this. File too large.\n"
    assert [p.stat().st_size for p in tmp_path.rglob("*") if p.is_file()] == [100_000]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """A disk that takes half and has then no room when it is flushed."""
    blobs = FileBlobs(tmp_path)

    def full(number: int) -> None:
        raise OSError(code, os.strerror(code))

    blobs.put(b"abc")
    blobs.remove(blobs.put(b"defg"))  # the folders are there
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StorageFull):
            blobs.put(b"defg")
    assert [d for d, _ in blobs.digests()] == [ABC]
    assert not list((tmp_path / "writing").iterdir())
    assert blobs.get(blobs.put(b"defg")) == b"defg"


def test_a_database_that_may_not_grow(tmp_path: Path) -> None:
    """A real SQLITE_FULL, by a limit on pages; PostgreSQL has no such limit."""
    engine = connect(Settings(data=tmp_path))
    with engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    small = sa.create_engine(engine.url, connect_args={"isolation_level": "IMMEDIATE"})
    sa.event.listen(small, "connect", lambda c, _: c.execute(f"PRAGMA max_page_count={pages + 20}"))
    blobs = TableBlobs(small)
    with pytest.raises(StorageFull):
        blobs.put(bytes(1_000_000))
    assert not list(blobs.digests())
    small.dispose()
    assert TableBlobs(engine).put(bytes(1_000_000))
    engine.dispose()
