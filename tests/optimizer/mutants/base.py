"""A mutation: one piece of text in one function of the optimizer replaced by a wrong one."""

from __future__ import annotations
import __future__

import inspect
import re
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest


@dataclass(frozen=True)
class Mutation:
    """``old`` stands exactly once in the source of ``place`` and becomes ``new``; ``case`` notices."""

    wrong: str
    """What the optimizer then does, in words."""
    clause: str
    """Of model.md."""
    place: Callable[..., Any] | tuple[type, str]
    """A module-level function, or a class and the name of its method."""
    old: str
    new: str
    case: str
    """A reference case, or an instance solved by hand (tests/optimizer/byhand)."""

    @property
    def module(self) -> str:
        """Where the function is defined."""
        return self.place[0].__module__ if isinstance(self.place, tuple) else self.place.__module__

    @property
    def pattern(self) -> re.Pattern[str]:
        """``old``, however its lines are broken."""
        words = [re.escape(word) for word in re.findall(r"\w+|[^\w\s]", self.old)]
        gaps = [r",?\s*" if word in (r"\)", r"\]", r"\}") else r"\s*" for word in words[1:]]
        first, last = (r"\b" if end.isalnum() or end == "_" else "" for end in (words[0][0], words[-1][-1]))
        return re.compile(
            first + words[0] + "".join(g + w for g, w in zip(gaps, words[1:], strict=True)) + last
        )

    def apply(self, patch: pytest.MonkeyPatch) -> None:
        """Put the wrong function wherever the right one is looked up."""
        if isinstance(self.place, tuple):
            owner, name = self.place
            wrong = self._rewritten(inspect.getattr_static(owner, name), name)
            if hasattr(wrong, "__set_name__"):
                wrong.__set_name__(owner, name)
            patch.setattr(owner, name, wrong)
            return
        name = self.place.__name__
        wrong = self._rewritten(self.place, name)
        for module in [m for path, m in sys.modules.items() if path.split(".")[0] == "optimizer"]:
            if getattr(module, name, None) is self.place:
                patch.setattr(module, name, wrong)

    def _rewritten(self, right: Any, name: str) -> Any:
        function = next(f for f in (getattr(right, "fget", None), getattr(right, "func", None), right) if f)
        source = textwrap.dedent(inspect.getsource(function))
        pieces = self.pattern.split(source)
        assert len(pieces) == 2, f"{self.old!r} stands {len(pieces) - 1} times in {name}"
        code = compile(
            self.new.join(pieces),
            f"<{self.module}.{name}, mutated>",
            "exec",
            flags=__future__.annotations.compiler_flag,
        )
        scope: dict[str, Any] = {}
        exec(code, function.__globals__, scope)
        return scope[name]
