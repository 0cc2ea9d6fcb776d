"""What a child says while it works: progress, a few times a second at most, and lines of its log."""

from __future__ import annotations

import contextlib
import logging
import math
import sys
import time
from collections.abc import Mapping
from typing import Any

from api.child.talk import Lines

EVERY = 0.3
"""Seconds between two messages of progress within a phase."""


class Teller(logging.Handler):
    """Messages to the worker. When it is gone nobody minds: this process is about to be ended."""

    def __init__(self, line: Lines) -> None:
        super().__init__(logging.WARNING)
        self.line = line
        self.begun = self.last = time.monotonic()
        self.phase = ""

    def progress(self, phase: str, **figures: Any) -> None:
        """Where the work stands; dropped if it comes too soon after another of the same phase."""
        now = time.monotonic()
        if phase == self.phase and now - self.last < EVERY:
            return
        if phase != self.phase:
            self.log(phase)
        self.phase, self.last = phase, now
        self._send({"type": "progress", "phase": phase, "seconds": now - self.begun, **_finite(figures)})

    def log(self, line: str) -> None:
        """One line of the log."""
        with contextlib.suppress(OSError):  # the disk is full: no reason to give up the work
            print(f"{time.monotonic() - self.begun:9.2f} s  {line}", file=sys.stderr)
        self._send({"type": "log", "line": line})

    def emit(self, record: logging.LogRecord) -> None:
        """A line that a library has logged."""
        self.log(record.getMessage())

    def checkpoint(self, name: str) -> None:
        """A file below ``folder/checkpoint`` has been written anew."""
        self._send({"type": "checkpoint", "name": name})

    def _send(self, message: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):
            self.line.send(message)


def _finite(value: Any) -> Any:
    """Plain data without what JSON cannot say."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: _finite(item) for name, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value
