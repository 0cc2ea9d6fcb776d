"""One child process of a batch, seen from its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from optimizer.batch.outcome import OUTCOME, Outcome
from optimizer.batch.request import Request, failure
from optimizer.exits import FAILED, STOPPED

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def _held_back(number: signal.Signals) -> Iterator[None]:
    """A child started meanwhile gets the signal once it has a handler for it (optimizer.interrupt)."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {number})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Process:
    """A child that solves one instance. It has its own session, so that Ctrl-C at the terminal reaches only
    the parent, which decides."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.started = time.monotonic()
        folder = Path(request.folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / OUTCOME).unlink(missing_ok=True)
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        self._asked_to_stop = False
        with (folder / "log.txt").open("wb") as log, _held_back(signal.SIGTERM):
            self._child = subprocess.Popen(
                [sys.executable, "-m", "optimizer.batch", request.to_json()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONPATH": path},
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Process id."""
        return self._child.pid

    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self.started

    def ended(self) -> bool:
        """Whether it has."""
        return self._child.poll() is not None

    def ask_to_stop(self) -> None:
        """Let it write the best plan it has."""
        self._asked_to_stop = True
        self._child.terminate()

    def kill(self) -> None:
        """At once, with whatever it started."""
        if not self.ended():
            os.killpg(self._child.pid, signal.SIGKILL)
            self._child.wait()

    def outcome(self) -> Outcome:
        """What it wrote, or how it died."""
        code = self._child.returncode
        if code == 0:
            return Outcome.read(Path(self.request.folder))
        kind, message = self._death(code)
        request = self.request
        outcome = failure(request, kind, message, STOPPED if kind == "Stopped" else FAILED)
        outcome = replace(outcome, seconds=self.seconds())
        outcome.write()
        return outcome

    def _death(self, code: int) -> tuple[str, str]:
        lines = (
            (Path(self.request.folder) / "log.txt").read_text(encoding="utf-8", errors="replace").split("\n")
        )
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        if code >= 0:
            return "Crashed", f"the process ended with code {code}" + (f": {last}" if last else "")
        name = signal.Signals(-code).name
        if self._asked_to_stop:
            return "Stopped", f"the process ended before it had anything to write ({name})"
        if -code == signal.SIGKILL:
            return "Killed", f"the process was killed ({name}); the system does that when memory runs out"
        return "Crashed", f"the process died of {name}" + (f": {last}" if last else "")
