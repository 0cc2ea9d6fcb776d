"""Files of a result: whole or not at all, and nowhere else."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from api.client.download import Download
from models.faults import BadServer, DamagedBlob, UnwritableFile
from models.jobs import File, Manifest


def manifest(**files: bytes) -> Manifest:
    return Manifest(
        files=tuple(entry(name.replace("__", "/") + ".txt", data) for name, data in files.items())
    )


def entry(path: str, data: bytes = b"") -> File:
    digest = hashlib.sha256(data).hexdigest()
    return File(path=path, digest=digest, bytes=len(data), media_type="text/plain")


def tree(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*") if p.is_file()}


def test_what_is_there_is_replaced_and_the_rest_stays(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "old.txt").write_text("of the earlier plan")
    (tmp_path / "own.txt").write_text("mine")
    (tmp_path / "book.txt").write_text("of the earlier plan")
    with Download(manifest(plan=b"p", tables__new=b"n"), tmp_path, anew=["tables", "book.txt"]) as download:
        for file in download:
            download.take(file, b"p" if file.path == "plan.txt" else b"n")
    assert tree(tmp_path) == {"plan.txt": "p", "tables/new.txt": "n", "own.txt": "mine"}


def test_bytes_that_are_not_what_was_stored(tmp_path: Path) -> None:
    (tmp_path / "plan.txt").write_text("the earlier one")
    found = manifest(summary=b"s", plan=b"p")
    sent = {"summary.txt": b"s", "plan.txt": b"q"}
    with pytest.raises(DamagedBlob, match=r"plan\.txt"), Download(found, tmp_path) as download:
        [download.take(file, sent[file.path]) for file in download]
    assert tree(tmp_path) == {"plan.txt": "the earlier one"}


@pytest.mark.parametrize(
    "path",
    [
        "../up.txt", "a/../../up.txt", "/etc/passwd", "a//b", "./a", "c:\\up.txt", "C:up.txt", "a\\..\\b", "",
        "a/", ".writing.x/a", "a\nb", "nul.", "a/..",
    ],
)  # fmt: skip
def test_paths_that_lead_elsewhere(tmp_path: Path, path: str) -> None:
    with pytest.raises(BadServer):
        Download(Manifest(files=(entry(path),)), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_one(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(UnwritableFile), Download(manifest(plan=b"p"), tmp_path / "out"):
        pass


def test_only_what_is_wanted(tmp_path: Path) -> None:
    found = manifest(plan=b"p", log=b"l")
    with Download(found, tmp_path, lambda path: path != "log.txt") as download:
        assert [file.path for file in download] == ["plan.txt"]
        download.take(entry("plan.txt", b"p"), b"p")
    assert tree(tmp_path) == {"plan.txt": "p"}
