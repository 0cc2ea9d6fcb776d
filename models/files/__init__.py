"""Instances in files: a folder of CSV tables (also as a zip archive), YAML, JSON, or an Excel workbook.

``read`` and ``write`` choose by suffix; a path without one is a folder. Whatever a file holds, reading ends
with an instance or one clear error (:mod:`models.faults`), within the bounds of :mod:`models.files.limits`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from models.faults import UnknownFormat, UnreadableFile, UnwritableFile
from models.files import atomic, folder, json_format, yaml_format, zip_format
from models.files.source import load
from models.instance import Instance

SUFFIXES = {".yaml": "yaml", ".yml": "yaml", ".json": "json", ".xlsx": "xlsx"}
"""Format by suffix."""

READ = {**SUFFIXES, ".zip": "zip"}
"""The same, with what is read and not written."""

FORMATS = ("folder", "yaml", "json", "xlsx")
"""The formats that can be written."""

_ADVICE = {
    ".csv": "one table is not an instance; give the folder it lies in",
    ".xls": "save it as .xlsx",
    ".xlsm": "save it as .xlsx",
    ".xlsb": "save it as .xlsx",
    ".ods": "save it as .xlsx",
    ".gz": "unpack it",
}


def read(path: str | os.PathLike[str]) -> Instance:
    """The instance in a file or folder.

    Raises UnreadableFile (not there, not of its format), TooLarge, UnknownFormat, or FaultyInstance with
    every fault of every table and its file and line, or sheet and cell.
    """
    path = Path(path)
    try:
        is_folder = path.is_dir()
    except (OSError, ValueError) as error:
        raise UnreadableFile(f"{path!r}: {error}.") from error
    if is_folder:
        return folder.read(path)
    kind = READ.get(path.suffix.lower())
    if kind is None and os.path.lexists(path):
        raise UnknownFormat(_unknown(path, READ))
    data = load(path)
    return read_bytes(data, kind or "json", path.name)


def read_bytes(data: bytes, format: str, name: str = "") -> Instance:
    """The instance in the bytes of a YAML, JSON, xlsx or zip file; ``name`` is what errors call it."""
    readers: dict[str, Callable[[bytes, str], Instance]] = {
        "yaml": yaml_format.loads,
        "json": json_format.loads,
        "xlsx": _xlsx_loads,
        "zip": zip_format.loads,
    }
    if format not in readers:
        raise UnknownFormat(f"{format!r} is not one of {', '.join(readers)}.")
    return readers[format](data, name or f"the {format} text")


def write(instance: Instance, path: str | os.PathLike[str], format: str | None = None) -> None:
    """Write an instance; ``read`` gives an equal one back.

    ``format``: folder, yaml, json or xlsx; by the suffix of the path if None. Fields that have their default
    value are left out. A file is replaced whole; in a folder, files that are not of the instance stay as they
    are. Raises UnknownFormat, UnwritableFile.
    """
    path = Path(path)
    if format is None:
        suffix = path.suffix.lower()
        format = "folder" if path.is_dir() or not suffix else SUFFIXES.get(suffix)
        if format is None:
            raise UnknownFormat(_unknown(path, SUFFIXES))
    if format == "folder":
        folder.write(instance, path)
        return
    writers: dict[str, Callable[[Instance], bytes]] = {
        "yaml": yaml_format.dumps,
        "json": json_format.dumps,
        "xlsx": _xlsx_dumps,
    }
    if format not in writers:
        raise UnknownFormat(f"{format!r} is not one of {', '.join(FORMATS)}.")
    if path.is_dir():
        raise UnwritableFile(f"{path} is a folder; a file is to be written.")
    atomic.write_file(path, writers[format](instance))


def _unknown(path: Path, known: Iterable[str]) -> str:
    advice = _ADVICE.get(path.suffix.lower(), f"known are folders of CSV tables, {', '.join(known)}")
    return f"{path.name}: {advice}."


def _xlsx_loads(data: bytes, name: str) -> Instance:
    from models.files import xlsx_format

    return xlsx_format.loads(data, name)


def _xlsx_dumps(instance: Instance) -> bytes:
    from models.files import xlsx_format

    return xlsx_format.dumps(instance)


__all__ = ["FORMATS", "READ", "SUFFIXES", "read", "read_bytes", "write"]
