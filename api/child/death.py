"""How a child died that said nothing in the end."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from models.faults import Crashed, MemoryExceeded, StockpileError

TAIL = 1 << 16
"""Bytes of the log that are looked at."""
NO_MEMORY = ("bad_alloc", "MemoryError", "Cannot allocate memory", "Unable to allocate")


def of_status(status: int | None, log: Path, trouble: str = "") -> StockpileError:
    """The error that a status of waitpid stands for; ``trouble``: why there was no child at all."""
    if status is None:
        return Crashed(f"It could not be started: {trouble}.")
    lines = last_lines(log)
    # The handler of fatal signals writes where Python was; what was said before it tells more.
    fatal = next((i for i, line in enumerate(lines) if line.startswith("Fatal Python error")), len(lines))
    last = next((line for line in reversed(lines[:fatal]) if line), "")
    said = f" Its last words: {last}" if last else ""
    if os.WIFEXITED(status):
        return Crashed(f"It ended with code {os.WEXITSTATUS(status)}.{said}")
    number = os.WTERMSIG(status)
    if number == signal.SIGABRT and any(word in line for line in lines for word in NO_MEMORY):
        return MemoryExceeded(f"An allocation failed.{said}")
    name = signal.Signals(number).name
    hint = "; the system does that when memory runs out" if number == signal.SIGKILL else ""
    return Crashed(f"It died of {name}{hint}.{said}")


def last_lines(log: Path) -> list[str]:
    """The end of a log."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL))
            return [line.strip() for line in file.read().decode(errors="replace").split("\n")]
    except OSError:
        return []
