"""Suggestions for words that are almost known ones."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

COMPARISONS = 30_000
"""Comparing a word with thousands of others takes a while: so many comparisons, then no more hints."""


class Hints:
    """Suggestions, up to a bound on the work they take."""

    def __init__(self) -> None:
        self._comparisons = 0

    def near(self, word: Any, known: Iterable[str]) -> str:
        """``; did you mean 'x'?`` where a known word is close to the one found, else ''."""
        if not isinstance(word, str) or self._comparisons > COMPARISONS:
            return ""
        folded = {other.casefold(): other for other in known}
        self._comparisons += len(folded)
        if self._comparisons > COMPARISONS:
            return ""
        close = difflib.get_close_matches(word[:200].casefold(), folded, n=1, cutoff=0.6)
        return f"; did you mean {folded[close[0]]!r}?" if close else ""

    def near_or_all(self, word: Any, known: Iterable[str]) -> str:
        """The same; where none is close, all of them: for short lists."""
        known = list(known)
        return self.near(word, known) or f"; one of {', '.join(known)}"
