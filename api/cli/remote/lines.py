"""What a job says on its way, as the live line of the command that would do the work here."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from api.cli.progress import Line, elapsed, solve_line
from models.jobs import Event, Job, Kind

Say = Callable[[dict[str, Any], float], str]
"""Data of a progress event and seconds since the run began, as text."""


class Words:
    """Turns events into the live line, its seconds running on until the next one."""

    def __init__(self, kind: Kind) -> None:
        self.say: Say = {"solve": _solve, "evaluate": _evaluate}.get(kind, _parts)
        self.started: float | None = None

    def begin(self, job: Job, line: Line) -> None:
        """Before anything has been heard."""
        self._since(line, "waiting in the queue" if job.state == "queued" else "starting")

    def __call__(self, event: Event, line: Line) -> None:
        """Show an event."""
        if event.type == "state":
            state = str(event.data.get("state", ""))
            if state == "running":
                self.started = event.at
            words = {"queued": "waiting in the queue", "running": "starting", "stopping": "stopping"}
            if state in words:
                self._since(line, words[state])
        elif event.type == "progress":
            came, data = time.monotonic(), event.data
            begun = data.get("seconds")
            if not isinstance(begun, int | float):
                begun = event.at - self.started if self.started is not None else 0.0
            line(lambda: self.say(data, begun + time.monotonic() - came))

    @staticmethod
    def _since(line: Line, words: str) -> None:
        begun = time.monotonic()
        line(lambda: f"{words} · {elapsed(time.monotonic() - begun)}")


def _solve(data: dict[str, Any], seconds: float) -> str:
    from optimizer.progress import Progress

    phase = str(data.get("phase", ""))
    if phase == "write":
        return f"writing · {elapsed(seconds)}"
    known = {name: data.get(name) for name in ("incumbent", "bound", "gap")}
    return solve_line(Progress(phase, seconds, nodes=int(data.get("nodes") or 0), **known), seconds)


def _evaluate(data: dict[str, Any], seconds: float) -> str:
    done, total = data.get("done"), data.get("total")
    parts = [str(data.get("phase", "")), elapsed(seconds)]
    if isinstance(done, int) and isinstance(total, int):
        parts.append(f"{done:,} of {total:,} scenarios")
    return " · ".join(parts)


def _parts(data: dict[str, Any], seconds: float) -> str:
    done, total = data.get("done"), data.get("total")
    parts = [f"{done:,} of {total:,} done"] if isinstance(done, int) and isinstance(total, int) else []
    parts += [str(data["phase"])] if data.get("phase") else []
    return " · ".join([*parts, elapsed(seconds)])
