"""Runs the examples of a page: ``python -m docs.replay`` puts today's output into docs/tutorial.md.

A fenced block ``csv name`` or ``yaml name`` is a file; a block ``console`` holds commands after ``$ `` and
what they print, standard error included.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TUTORIAL = Path(__file__).parent / "tutorial.md"

_BLOCK = re.compile(r"^```(csv|yaml|console)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PROOF = re.compile(r"\s*(NOT )?(feasible|FEASIBLE): ")
_SECONDS = re.compile(r"\d s$")
_DIGITS = re.compile(r"\d+\.\d{6,}")


@dataclass(frozen=True)
class Run:
    """A command and what it printed, on the page and now."""

    command: str
    shown: list[str]
    printed: list[str]


def stable(lines: list[str]) -> list[str]:
    """What must be the same everywhere: no seconds, no residuals, six digits."""
    kept: list[str] = []
    proof = False
    for line in lines:
        proof = bool(_PROOF.match(line)) or (proof and line.strip() != "" and "within" not in line)
        if not proof and not _SECONDS.search(line):
            kept.append(_DIGITS.sub(lambda digits: f"{float(digits[0]):.6g}", line.rstrip()))
    return kept


def replay(page: str, folder: Path) -> Iterator[Run]:
    """Write the files and run the commands of a page in their order, in an empty folder."""
    for kind, name, body in _BLOCK.findall(page):
        if kind != "console":
            if name:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_text(body, encoding="utf-8")
            continue
        for command, shown in commands(body):
            yield Run(command, shown, _output(command, folder))


def commands(body: str) -> list[tuple[str, list[str]]]:
    """Commands of a console block, each with the lines shown below it."""
    found: list[tuple[str, list[str]]] = []
    for line in body.splitlines():
        if line.startswith("$ "):
            found.append((line.removeprefix("$ "), []))
        else:
            found[-1][1].append(line)
    return found


def _output(command: str, folder: Path) -> list[str]:
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "96",
        "PYTHONIOENCODING": "utf-8",
    }
    done = subprocess.run(
        command,
        shell=True,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    return [line.rstrip() for line in done.stdout.splitlines()]


def renewed(page: str) -> str:
    """The page with what its commands print now."""
    with tempfile.TemporaryDirectory() as folder:
        runs = iter(list(replay(page, Path(folder))))

    def again(block: re.Match[str]) -> str:
        if block[1] != "console":
            return block[0]
        lines = []
        for command, _ in commands(block[3]):
            lines += [f"$ {command}", *next(runs).printed]
        return "\n".join(["```console", *lines, "```"])

    return _BLOCK.sub(again, page)


if __name__ == "__main__":
    TUTORIAL.write_text(renewed(TUTORIAL.read_text(encoding="utf-8")), encoding="utf-8")
