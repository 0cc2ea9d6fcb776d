"""Which instances a list of files, folders and globs names."""

from __future__ import annotations

import glob
import hashlib
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from models.faults import UnreadableFile
from models.files import SUFFIXES
from models.files.folder import HEAD
from models.tables.layout import tables


def find_instances(paths: Iterable[str | Path], skip: Path | None = None) -> list[Path]:
    """Every instance once, in the order named; those of a folder or glob by name.

    A folder is an instance if it holds tables, otherwise every instance file and instance folder directly
    in it is one. ``skip`` (the batch's own results) is passed over. Raises UnreadableFile for a path that
    names nothing.
    """
    found: dict[Path, Path] = {}
    for path in map(Path, paths):
        members = list(_expand(path))
        if not members:
            raise UnreadableFile(f"{path} names no instance: no such file, or a folder without any.")
        for member in members:
            if skip is None or not member.resolve().is_relative_to(skip.resolve()):
                found.setdefault(member.resolve(), member)
    return list(found.values())


def _expand(path: Path) -> list[Path]:
    if path.is_dir():
        return [path] if is_instance_folder(path) else _children(path)
    if path.exists() or not glob.has_magic(str(path)):
        return [path] if path.exists() else []
    matches = sorted(Path(match) for match in glob.glob(str(path), recursive=True))
    return [member for match in matches for member in (_expand(match) if match.is_dir() else [match])]


def _children(folder: Path) -> list[Path]:
    return [
        child
        for child in sorted(folder.iterdir())
        if not child.name.startswith(".")
        and (is_instance_folder(child) if child.is_dir() else child.suffix.lower() in SUFFIXES)
    ]


def is_instance_folder(path: Path) -> bool:
    """Whether a folder holds an instance as CSV tables."""
    if not path.is_dir():
        return False
    names = {name.lower() for name in os.listdir(path)}
    return HEAD in names or any(f"{table}.csv" in names for table in tables())


def named(paths: list[Path]) -> list[tuple[str, Path]]:
    """A folder name for each instance: its own name, with a piece of a hash where two would be alike."""
    stems = [path.resolve().name if path.is_dir() else path.stem for path in paths]
    count = Counter(stem.casefold() for stem in stems)
    return [
        (stem if count[stem.casefold()] == 1 else f"{stem}-{_short(path)}", path)
        for stem, path in zip(stems, paths, strict=True)
    ]


def _short(path: Path) -> str:
    return hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]
