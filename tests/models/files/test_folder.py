"""What belongs to a folder, what is passed over, what is refused; and that writing harms nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from models.faults import TooLarge, UnknownFormat, UnreadableFile, UnwritableFile
from models.files import atomic, limits, read, write
from models.files import folder as folder_format
from models.instance import Instance
from tests.models.files.support import SMALL, faults, folder, found
from tests.models.small import small


def test_what_is_not_part_of_the_instance_is_passed_over(tmp_path: Path) -> None:
    path = folder(
        tmp_path,
        **{
            "README.md": "# notes",
            "README.csv": "not,a,table",
            "readme.yaml": ": : :",
            ".hidden.csv": "\0",
            "~lock.csv": "\0",
            "notes.txt": "\0",
            "figure.png": b"\x89PNG",
        },
    )
    (path / "sources").mkdir()
    (path / "sources" / "demand.csv").write_text("whatever")
    (path / "market.csv.d").mkdir()
    (path / "old.csv").mkdir()
    assert read(path) == SMALL


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("demnd.csv", "did you mean 'demand.csv'?"),
        ("Demand.csv", "did you mean 'demand.csv'?"),
        ("spot_tiers.csv", "did you mean 'spot.tiers.csv'?"),
        ("sources.csv", "did you mean 'budget.sources.csv'?"),
        ("notes.yaml", "a table of an instance"),
        ("instance.csv", "instance.yaml"),
    ],
)
def test_other_tables_may_be_misspelt_ones(tmp_path: Path, name: str, allowed: str) -> None:
    (fault,) = faults(folder(tmp_path, **{name: "id\nx\n"}))
    assert fault.value == name
    assert allowed in fault.allowed
    assert "sub-folder" in fault.allowed


def test_upper_case_suffix(tmp_path: Path) -> None:
    path = folder(tmp_path)
    (path / "market.csv").rename(path / "market.CSV")
    (path / "instance.yaml").rename(path / "instance.yml")
    assert read(path) == SMALL


HEAD = "schema_version: '1'\nname: x\nhorizon: {start_year: 2027, periods: 4}\n"


def test_rows_do_not_belong_into_the_head(tmp_path: Path) -> None:
    head = HEAD + "countries: []\nbudget:\n  envelope: 1\n  sources: []\nrisk:\n"
    path = folder(tmp_path, **{"instance.yaml": head})
    assert found(path) == [
        ("countries", "", "", "countries.csv"),
        ("budget", "", "sources", "instance.yaml, line 7"),
    ]


def test_faults_in_the_head_have_lines(tmp_path: Path) -> None:
    head = HEAD.replace("name: x", "naem: x") + "budget:\n  envelope: -1\nrisk:\n  cvar_limit: many\n"
    assert found(folder(tmp_path, **{"instance.yaml": head})) == [
        ("budget", "", "envelope", "instance.yaml, line 5"),
        ("risk", "", "cvar_limit", "instance.yaml, line 7"),
        ("instance", "", "name", "instance.yaml, line 1"),
        ("instance", "", "naem", "instance.yaml, line 2"),
    ]


def test_head_that_is_missing_or_twice_or_no_record(tmp_path: Path) -> None:
    path = folder(tmp_path)
    (path / "instance.yml").write_text(HEAD)
    with pytest.raises(UnreadableFile, match="keep one"):
        read(path)
    (path / "instance.yml").unlink()
    (path / "instance.yaml").write_text("- 1\n")
    with pytest.raises(UnreadableFile, match="must hold named fields"):
        read(path)
    (path / "instance.yaml").unlink()
    missing = {("instance", "schema_version"), ("instance", "name"), ("horizon", "")}
    assert missing <= {(fault.table, fault.field) for fault in faults(path)}


def test_budget_sources_without_a_budget_in_the_head(tmp_path: Path) -> None:
    path = folder(tmp_path, **{"instance.yaml": HEAD})
    budget = read(path).budget
    assert budget is not None
    assert budget.envelope is None
    assert budget.sources == SMALL.budget.sources  # type: ignore[union-attr]  # the small instance has one


@pytest.mark.parametrize("kind", ["empty", "foreign", "missing", "file", "nul"])
def test_no_instance_there(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "there"
    if kind == "file":
        path.write_text("x")
        with pytest.raises(UnknownFormat):
            read(path)
        return
    if kind in ("empty", "foreign"):
        path.mkdir()
    if kind == "foreign":
        (path / "photo.jpg").write_bytes(b"x")
    with pytest.raises(UnreadableFile):
        read(str(path) + "\0" if kind == "nul" else path)


@pytest.mark.parametrize("name", ["x.csv", "x.xls", "x.ods", "x.txt", "x.gz", "x.pdf", "x"])
def test_unknown_formats(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(UnknownFormat, match=name):
        read(tmp_path / name)
    if "." in name:
        with pytest.raises(UnknownFormat, match=name):
            write(SMALL, tmp_path / name)
    with pytest.raises(UnknownFormat, match="'parquet' is not one of"):
        write(SMALL, tmp_path / name, format="parquet")
    assert (tmp_path / name).read_bytes() == b"x"


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    path = folder(tmp_path / "instance")
    secret = tmp_path / "market.csv"
    (path / "market.csv").rename(secret)
    (path / "market.csv").symlink_to(secret)
    with pytest.raises(UnreadableFile, match="outside its folder"):
        read(path)
    (path / "market.csv").unlink()
    (path / "market.csv").symlink_to("market.csv")
    with pytest.raises(UnreadableFile):
        read(path)
    (path / "market.csv").unlink()
    secret.rename(path / "kept.txt")
    (path / "market.csv").symlink_to("kept.txt")  # within the folder it is fine
    assert read(path) == SMALL
    (tmp_path / "link").symlink_to(path)
    assert read(tmp_path / "link") == SMALL


@pytest.mark.parametrize("name", ["market.csv", "instance.yaml"])
def test_pipes_and_devices_are_not_read(tmp_path: Path, name: str) -> None:
    path = folder(tmp_path)
    (path / name).unlink()
    os.mkfifo(path / name)
    with pytest.raises(UnreadableFile, match="not a regular file"):
        read(path)


def test_sizes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder(tmp_path)
    with (path / "market.csv").open("ab") as file:
        file.truncate(limits.FILE + 1)  # sparse: no disk is used
    with pytest.raises(TooLarge, match=r"market\.csv has more than 64 MB"):
        read(path)
    with (path / "market.csv").open("r+b") as file:
        file.truncate(0)
    total = sum(file.stat().st_size for file in path.iterdir())
    monkeypatch.setattr(folder_format, "FOLDER", total - 1)
    write(SMALL, path / "again")
    with pytest.raises(TooLarge, match="more than 0 MB"):
        read(path / "again")


def test_writing_keeps_what_is_not_the_instances(tmp_path: Path) -> None:
    path = folder(tmp_path, **{"README.md": "mine", "notes.txt": "mine"})
    (path / "sources").mkdir()
    (path / "sources" / "a.csv").write_text("mine")
    lean = Instance.parse(small({"private_stock": [], "choices": [], "substitutions": []}))
    write(lean, path)
    assert read(path) == lean
    assert not (path / "choices.csv").exists()
    for name in ("README.md", "notes.txt", "sources/a.csv"):
        assert (path / name).read_text() == "mine"
    assert not [p for p in path.iterdir() if p.name.startswith(".")]


@pytest.mark.parametrize(
    "files",
    [
        {"market.csv": "a,b"},  # a table by name, but of whom?
        {"market.csv": "a,b", "instance.yaml": "colour: red"},
        {"market.csv": "a,b", "instance.yaml": ": : :"},
        {"instance.yaml": "colour: red"},
        {"data.csv": "a,b"},
    ],
)
def test_foreign_tables_are_not_overwritten(tmp_path: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    with pytest.raises(UnwritableFile, match="choose another folder"):
        write(SMALL, tmp_path)
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == files


def test_a_foreign_table_beside_an_instance(tmp_path: Path) -> None:
    path = folder(tmp_path, **{"data.csv": "a,b"})
    before = {p.name: p.read_bytes() for p in path.iterdir()}
    with pytest.raises(UnwritableFile, match=r"data\.csv"):
        write(Instance.parse(small({"name": "other"})), path)
    assert {p.name: p.read_bytes() for p in path.iterdir()} == before


def test_a_folder_is_not_a_file_and_a_file_no_folder(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("mine")
    with pytest.raises(UnwritableFile, match="is a file"):
        write(SMALL, tmp_path / "x")
    (tmp_path / "y.json").mkdir()
    with pytest.raises(UnwritableFile, match="is a folder"):
        write(SMALL, tmp_path / "y.json", format="json")
    with pytest.raises(UnwritableFile):
        write(SMALL, tmp_path / "x" / "y.json")
    assert (tmp_path / "x").read_text() == "mine"


def test_a_write_that_is_cut_off_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.json"
    write(SMALL, path)
    path.chmod(0o640)
    before = path.read_bytes()

    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(atomic.os, "fsync", full)
        with pytest.raises(UnwritableFile, match="No space left"):
            write(Instance.parse(small({"name": "other"})), path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["x.json"]
    write(Instance.parse(small({"name": "other"})), path)
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("after", range(1, 8))
def test_a_folder_half_replaced_is_not_read_as_an_instance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    path = folder(tmp_path)
    calls = 0
    replace = os.replace

    def stopping(source: Path, target: Path) -> None:
        nonlocal calls
        calls += 1
        if calls > after:
            raise OSError(5, "Input/output error")
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(atomic.os, "replace", stopping)
        with pytest.raises(UnwritableFile, match="Input/output"):
            write(Instance.parse(small({"name": "other"})), path)
    assert {"instance", "horizon"} <= {fault.table for fault in faults(path)}


def test_parents_are_made(tmp_path: Path) -> None:
    for name in ("a/b/c", "d/e.json", "f/g.xlsx"):
        write(SMALL, tmp_path / name)
        assert read(tmp_path / name) == SMALL
