"""The small instance as files, to be broken one at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.faults import Fault, FaultyInstance
from models.files import read, write
from models.instance import Instance
from tests.models.small import small

SMALL = Instance.parse(small())


def folder(path: Path, **files: str | bytes | None) -> Path:
    """The small instance as a folder, with files replaced, added or (None) removed.

    Names stand for CSV files with ``__`` for the dot: ``demand__shortage_cost``; others are given in full.
    """
    write(SMALL, path)
    for name, content in files.items():
        file = path / (name if "." in name else name.replace("__", ".") + ".csv")
        if content is None:
            file.unlink()
        else:
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def faults(path: Path) -> list[Fault]:
    """What is wrong with a file."""
    with pytest.raises(FaultyInstance) as caught:
        read(path)
    return caught.value.faults


def found(path: Path) -> list[tuple[str, str, str, str]]:
    """Table, row, field and place of everything that is wrong with a file."""
    return [(fault.table, fault.row, fault.field, fault.place) for fault in faults(path)]
