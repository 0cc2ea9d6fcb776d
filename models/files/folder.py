"""A folder of CSV tables with ``instance.yaml`` beside them: the native form."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.faults import TooLarge, UnreadableFile, UnwritableFile
from models.files import atomic, csv_format, yaml_format
from models.files.limits import FILE, FOLDER, MEGABYTE, YAML
from models.files.source import load
from models.instance import Instance
from models.instance.checks import parse
from models.instance.hints import Hints
from models.instance.shape import Path as FieldPath
from models.tables import Grid, grids, read_grids
from models.tables.layout import SCALARS, scalars, tables
from models.tables.read import Finding

HEAD = "instance.yaml"
"""The file of everything that is not in a row."""

_YAML = (".yaml", ".yml")


def read(folder: Path) -> Instance:
    """The instance in a folder. Sub-folders, hidden files, README files and other kinds are ignored."""
    return assemble(
        str(folder), _candidates(folder), lambda name, limit: load(folder / name, inside=folder, limit=limit)
    )


def takes_part(name: str) -> bool:
    """Whether a file of a folder is looked at."""
    plain = not name.startswith((".", "~")) and not name.upper().startswith("README")
    return plain and name.lower().endswith((".csv", *_YAML))


@dataclass
class Collected:
    """The tables and the head of a folder, before they are put together."""

    grids: list[Grid]
    head: dict[str, Any]
    findings: list[Finding]
    place: Callable[[FieldPath], str]
    """Where a path of the head stands."""


def assemble(folder: str, candidates: Iterable[str], content: Callable[[str, int], bytes]) -> Instance:
    """The instance in files of these names; ``content`` gives the bytes of one, at most so many.

    ``folder`` is what errors call the whole.
    """
    found = collect(folder, candidates, content)
    reading = read_grids(found.grids, found.head)

    def where(path: FieldPath) -> str:
        return reading.place(path) or (found.place(path) if path else "")

    return parse(Instance, reading.raw, before=[*found.findings, *reading.findings], place=where)


def collect(folder: str, candidates: Iterable[str], content: Callable[[str, int], bytes]) -> Collected:
    """The tables in files of these names; as :func:`assemble`. Raises UnreadableFile, TooLarge."""
    findings: list[Finding] = []
    unreadable: list[str] = []
    hints = Hints()
    found = []
    head: dict[str, Any] = {}
    place: Callable[[FieldPath], str] = lambda path: HEAD  # noqa: E731
    left = FOLDER
    names = sorted(candidates)
    if not any(Path(n).stem in tables() or n in ("instance.yaml", "instance.yml") for n in names):
        raise UnreadableFile(f"{folder} holds no instance: neither {HEAD} nor a table such as countries.csv.")
    for name in names:
        stem, suffix = os.path.splitext(name)
        try:
            if suffix.lower() == ".csv" and stem in tables():
                data = content(name, min(FILE, left))
                found.append(csv_format.read_grid(data, stem, name))
            elif suffix.lower() in _YAML and stem == SCALARS:
                if head:
                    raise UnreadableFile(f"{name} and another {SCALARS} file stand side by side; keep one.")
                data = content(name, min(YAML, left))
                head, place = _head(data, name, findings)
            else:
                # What is not in a row stands in the head, however like its name that of a table is.
                known = [] if Path(name).stem == Path(HEAD).stem else [f"{t}.csv" for t in tables()]
                allowed = (
                    "a table of an instance"
                    + hints.near_or_all(name, [*known, HEAD])
                    + "; other files go in a sub-folder"
                )
                findings.append(((), name, allowed))
                continue
            left -= len(data)
        except UnreadableFile as error:
            unreadable.append(error.detail)
        except TooLarge:
            if left < FILE:
                raise TooLarge(f"The tables in {folder} have more than {FOLDER // MEGABYTE} MB.") from None
            raise
    if unreadable:
        raise UnreadableFile(" ".join(unreadable))
    return Collected(found, head, findings, place)


def _candidates(folder: Path) -> Iterator[str]:
    """Names of the files that take part."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if takes_part(entry.name) and not entry.is_dir():
                    yield entry.name
    except OSError as error:
        raise UnreadableFile(f"{folder}: {error.strerror or error}.") from error


def _head(
    data: bytes, name: str, findings: list[Finding]
) -> tuple[dict[str, Any], Callable[[FieldPath], str]]:
    raw, line = yaml_format.document(data, name)
    if not isinstance(raw, dict):
        raise UnreadableFile(f"{name} must hold named fields: {', '.join(scalars())}.")
    kept: dict[str, Any] = {}
    for key, value in raw.items():
        inner = {
            t.field: t for t in tables().values() if t.path[0] == key and len(t.path) == 2 and not t.keys
        }
        if key in tables():
            findings.append(((key,), value, f"rows in {key}.csv, not in {name}"))
        elif inner and isinstance(value, dict):
            findings.extend(
                ((key, field), value[field], f"rows in {key}.{field}.csv, not in {name}")
                for field in value.keys() & inner
            )
            kept[key] = {field: entry for field, entry in value.items() if field not in inner}
        elif not (inner and value is None):
            kept[key] = value
    return kept, line


def head(instance: Instance) -> dict[str, Any]:
    """What goes into ``instance.yaml``."""
    data = instance.as_dict()
    for table in tables().values():
        if len(table.path) == 1:
            data.pop(table.name, None)
        elif not table.keys and table.path[0] in data:
            data[table.path[0]].pop(table.field, None)
    if not data.get("risk", True):
        del data["risk"]
    return data


def write(instance: Instance, folder: Path) -> None:
    """Write the tables; those of an instance that stood there before and has rows no more are removed.

    ``instance.yaml`` is taken away first and comes last: a write that was cut off cannot be read as an
    instance. Raises UnwritableFile if the folder holds files that are not an instance's and would be mistaken
    for one's.
    """
    files = {
        f"{grid.name}.csv": csv_format.write_grid(grid) for grid in grids(instance) if grid.name != SCALARS
    }
    _refuse_foreign(folder)
    content = {**files, HEAD: yaml_format.dump(head(instance))}
    stale = [name for name in (f"{t}.csv" for t in tables()) if name not in files]
    atomic.replace_files(folder, content, last=HEAD, remove=[*stale, f"{SCALARS}.yml"])


def _refuse_foreign(folder: Path) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise UnwritableFile(f"{folder} is a file; a folder is to be written.")
    names = sorted(_candidates(folder))
    known = {f"{t}.csv" for t in tables()} | {HEAD, f"{SCALARS}.yml"}
    if not names:
        return
    foreign = [name for name in names if name not in known]
    if not foreign and not _is_ours(folder):
        foreign = names
    if foreign:
        raise UnwritableFile(
            f"{folder} holds files that are not of an instance written here ({', '.join(foreign[:5])}"
            f"{', …' if len(foreign) > 5 else ''}); choose another folder, or move them to a sub-folder."
        )


def _is_ours(folder: Path) -> bool:
    """Whether the folder holds an instance: its tables may then be replaced."""
    for name in (HEAD, f"{SCALARS}.yml"):
        try:
            raw, _ = yaml_format.document(load(folder / name, inside=folder, limit=YAML), name)
        except (UnreadableFile, TooLarge):
            continue
        if isinstance(raw, dict) and "schema_version" in raw:
            return True
    return False
