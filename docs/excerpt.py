"""Puts the summary of a solved plan, shortened, and its picture into the README.

``python -m docs.excerpt out/us-vault-2026`` after ``make demo``.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from docs.picture import main as draw

README = Path(__file__).parents[1] / "README.md"

SECTIONS = {"Money": 8, "Signed": 4, "Held": 7, "Risk": 5, "What binds": 5, "Proof": 3}
"""Sections of the summary that are shown, and how many of their lines."""
MORE = "  …"


def shortened(summary: str) -> str:
    """The head of a summary and the beginning of some of its sections."""
    head, *sections = summary.rstrip().split("\n\n")
    kept = [head]
    for section in joined(sections):
        title, rule, *lines = section.split("\n")
        most = SECTIONS.get(title)
        if most is not None:
            lines = [line for line in lines if line]
            kept.append("\n".join([title, rule, *lines[:most], *([MORE] if len(lines) > most else [])]))
    return "\n\n".join(kept)


def joined(blocks: list[str]) -> list[str]:
    """Blocks without a heading of their own belong to the section before."""
    sections: list[str] = []
    for block in blocks:
        lines = block.split("\n")
        headed = len(lines) > 1 and set(lines[1]) == {"-"}
        if headed or not sections:
            sections.append(block)
        else:
            sections[-1] += f"\n{block}"
    return sections


def main(folder: str) -> None:
    """Write the README's summary and docs/images/plan.svg."""
    text = shortened((Path(folder) / "summary.txt").read_text(encoding="utf-8"))
    page = README.read_text(encoding="utf-8")
    renewed = re.sub(r"(?<=```text\n).*?(?=\n```)", lambda _: text, page, count=1, flags=re.DOTALL)
    README.write_text(renewed, encoding="utf-8")
    draw(folder)


if __name__ == "__main__":
    main(*sys.argv[1:])
