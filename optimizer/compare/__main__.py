"""``python -m optimizer.compare PARENT``: runs the tasks that its parent sends."""

from __future__ import annotations

import faulthandler
import os
import pickle
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from models.faults import FaultyInstance, SolverFailed, StockpileError
from optimizer.compare.base import Base
from optimizer.compare.process import send
from optimizer.interrupt import stoppable
from optimizer.machine import die_with
from optimizer.progress import Progress

EVERY = 0.3
"""Seconds between two reports of progress."""


def main(parent: int) -> None:
    """Tasks in, results out, until the parent closes the pipe."""
    faulthandler.enable()
    die_with(parent)
    # What anything prints goes to standard error: standard output carries results.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    bases: dict[str, Base] = {}
    while True:
        try:
            task, path = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        answer: tuple[str, Any]
        try:
            if path not in bases:
                bases[path] = pickle.loads(Path(path).read_bytes())
            answer = ("result", _run(task, bases[path], out))
        except FaultyInstance as error:
            answer = ("error", (FaultyInstance, error.faults))
        except StockpileError as error:
            answer = ("error", (type(error), error.detail))
        except Exception as error:  # whatever it is, the parent says so
            sys.excepthook(type(error), error, error.__traceback__)
            answer = ("error", (SolverFailed, f"{task.name}: {type(error).__name__}: {error}"))
        send(out, answer)


def _run(task: Any, base: Base, out: Any) -> Any:
    last, phase = 0.0, ""

    def tell(progress: Progress) -> None:
        nonlocal last, phase
        now = time.monotonic()
        if progress.phase != phase or now - last >= EVERY:
            last, phase = now, progress.phase
            send(out, ("progress", progress))

    def work(stop: threading.Event) -> Any:
        return task.run(base, stop, tell)

    return stoppable(work, signal.SIGTERM)


if __name__ == "__main__":
    main(int(sys.argv[1]))
