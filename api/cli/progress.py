"""A live line on stderr while something long runs; nothing at all unless stderr is a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optimizer.batch import BatchProgress
    from optimizer.solve import Progress


class Line:
    """What the live line says."""

    def __init__(self, tell: Callable[[str], None] | None = None) -> None:
        self._tell = tell
        self.shown = tell is not None

    def __call__(self, text: str) -> None:
        """Replace the line."""
        if self._tell is not None:
            self._tell(text)


@contextmanager
def live(first: str) -> Iterator[Line]:
    """A spinner and a line; the line goes when the work is done."""
    if not sys.stderr.isatty():
        yield Line()
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True, highlight=False)
    with console.status(Text(first)) as status:
        yield Line(lambda text: status.update(Text(text)))


def solve_line(progress: Progress) -> str:
    """Phase, elapsed, incumbent, bound, gap, nodes."""
    from optimizer.summary.words import percent, usd

    parts = [PHASES.get(progress.phase, progress.phase), elapsed(progress.seconds)]
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
    """Keeps the seconds of the last progress running between two reports."""

    def __init__(self, line: Line) -> None:
        self.line, self.drawn = line, 0.0

    def __call__(self, progress: Progress) -> None:
        """Show it, ten times a second at most."""
        now = time.monotonic()
        if progress.phase != "search" or now - self.drawn > 0.1:
            self.drawn = now
            self.line(solve_line(progress))


def batch_line(progress: BatchProgress) -> str:
    """Done, failed, and what is running for how long."""
    failed = sum(outcome.outcome == "failed" for outcome in progress.outcomes)
    parts = [f"{len(progress.outcomes):,} of {progress.total:,} done"]
    parts += [f"{failed:,} failed"] if failed else []
    parts += [f"{name} {elapsed(seconds)}" for name, _, seconds in progress.running[:4]]
    return " · ".join(parts)
