"""The instances that come with the program, to begin with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import api
from models import files
from models.faults import NoSuchInstance
from models.instance import Instance

FOLDER = Path(api.__file__).resolve().parents[1] / "instances"
FIRST = "us-vault-2026"
"""The real case stands before the teaching ones."""
_WORDS = 200
_HEADING = re.compile(r"#+ .*|\s*")


@dataclass(frozen=True)
class Example:
    """One of them: the folder, what it is called, and what it shows."""

    folder: str
    name: str
    about: str


@cache
def examples() -> tuple[Example, ...]:
    """All there are; none where only the program was installed."""
    if not FOLDER.is_dir():
        return ()
    found = [path.parent for path in FOLDER.glob("*/instance.yaml")]
    found.sort(key=lambda path: (path.name != FIRST, path.name))
    return tuple(
        Example(path.name, path.name.replace("-", " "), _about(path / "README.md")) for path in found
    )


def _about(readme: Path) -> str:
    """The first paragraph of its page, in so many characters."""
    if not readme.is_file():
        return ""
    lines = readme.read_text(encoding="utf-8").splitlines()
    rest = iter(lines)
    words: list[str] = []
    for line in rest:
        if _HEADING.fullmatch(line):
            if words:
                break
            continue
        words.append(line.strip())
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)|[*`]", r"\1", " ".join(words))
    return text if len(text) <= _WORDS else text[:_WORDS].rsplit(" ", 1)[0] + " …"


def example(folder: str) -> Instance:
    """One of them. Raises NoSuchInstance."""
    if folder not in {e.folder for e in examples()}:
        raise NoSuchInstance(f"{folder[:80]!r} does not come with the program.")
    return files.read(FOLDER / folder)
