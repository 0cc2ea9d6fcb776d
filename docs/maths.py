"""Equations as GitHub renders them."""

from __future__ import annotations

import re

_WORD = re.compile(r"(?<![\\A-Za-z])[A-Za-z]+(?:\\_[A-Za-z]+|[A-Za-z])+")


def block(lines: list[str]) -> str:
    r"""One equation as a fenced block. Lines that end in ``\\`` are told apart; others continue, indented."""
    text = "\n".join(map(upright, lines))
    if r"\\" in text:
        told = [" ".join(part.split()) for part in text.split(r"\\")]
        body = [r"\begin{aligned}", *(rf"{line} \\" for line in told[:-1]), told[-1], r"\end{aligned}"]
    elif len(lines) > 1:
        first, *rest = text.split("\n")
        body = [
            r"\begin{aligned}",
            rf"& {first}",
            *(rf"\\ & \quad {line}" for line in rest),
            r"\end{aligned}",
        ]
    else:
        body = [text]
    return "\n".join(["```math", *body, "```"])


def upright(latex: str) -> str:
    r"""Names of several letters as one word: ``stock_n`` becomes ``\mathit{stock}_n``."""
    return _WORD.sub(lambda found: rf"\mathit{{{found[0]}}}", latex)
