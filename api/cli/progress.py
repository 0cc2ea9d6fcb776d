"""A live line on stderr while something long runs; nothing at all unless stderr is a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.text import Text

    from optimizer.batch import BatchProgress
    from optimizer.solve import Progress


class Line:
    """What the live line says: a text, or a function that is asked again at every refresh."""

    def __init__(self, says: str | Callable[[], str], *, shown: bool) -> None:
        self.says, self.shown = says, shown

    def __call__(self, says: str | Callable[[], str]) -> None:
        """Replace it."""
        self.says = says

    def __rich__(self) -> Text:
        """How it is drawn."""
        from rich.text import Text

        return Text(self.says if isinstance(self.says, str) else self.says())


@contextmanager
def live(first: str) -> Iterator[Line]:
    """A spinner and a line; the line goes when the work is done."""
    line = Line(first, shown=sys.stderr.isatty())
    if not line.shown:
        yield line
        return
    from rich.console import Console

    with Console(stderr=True, highlight=False).status(line):
        yield line


def solve_line(progress: Progress, seconds: float) -> str:
    """Phase, elapsed, incumbent, bound, gap, nodes."""
    from optimizer.summary.words import percent, usd

    parts = [PHASES.get(progress.phase, progress.phase), elapsed(seconds)]
    if progress.phase == "search":
        parts.append(
            f"plan {usd(progress.incumbent)} USD" if progress.incumbent is not None else "no plan yet"
        )
        if progress.bound is not None:
            parts.append(f"bound {usd(progress.bound)}")
        if progress.gap is not None:
            parts.append(f"gap {percent(progress.gap)}")
        parts.append(f"{progress.nodes:,} nodes")
    return " · ".join(parts)


PHASES = {
    "tree": "growing the scenario tree",
    "formulation": "writing the equations",
    "arrays": "compiling them",
    "search": "searching",
    "polish": "polishing the plan",
    "marginals": "marginal values",
    "explain": "looking for what would have to give way",
    "audit": "auditing the plan",
}


def elapsed(seconds: float) -> str:
    """Seconds, or minutes and seconds."""
    return f"{seconds:.0f} s" if seconds < 60 else f"{seconds // 60:.0f}:{seconds % 60:02.0f} min"


class Ticker:
    """Shows the last progress, its seconds running on until the next one."""

    def __init__(self, line: Line) -> None:
        self.line = line

    def __call__(self, progress: Progress) -> None:
        """Show it."""
        came = time.monotonic()
        self.line(lambda: solve_line(progress, progress.seconds + time.monotonic() - came))


def batch_line(progress: BatchProgress) -> str:
    """Done, failed, and what is running for how long."""
    failed = sum(outcome.outcome == "failed" for outcome in progress.outcomes)
    parts = [f"{len(progress.outcomes):,} of {progress.total:,} done"]
    parts += [f"{failed:,} failed"] if failed else []
    parts += [f"{name} {elapsed(seconds)}" for name, _, seconds in progress.running[:4]]
    return " · ".join(parts)
