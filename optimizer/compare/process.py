"""A child process that runs one task after another, and the parent's end of it.

Tasks and results are pickles on its standard input and output; both ends are this program. It has its own
session, so that Ctrl-C at the terminal reaches only the parent, which decides.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, Any

from models.faults import SolverFailed
from optimizer.progress import Progress

ROOT = Path(__file__).resolve().parents[2]


class Child:
    """A child process, seen from its parent."""

    def __init__(self) -> None:
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "optimizer.compare", str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
            start_new_session=True,
        )
        self.progress: Progress | None = None
        self.begun = time.monotonic()
        self._asked = False
        self._answer: tuple[str, Any] | None = None
        self._there = threading.Event()
        threading.Thread(target=self._listen, name="child", daemon=True).start()

    def _listen(self) -> None:
        stream = self.process.stdout
        assert stream is not None, "a pipe"
        while True:
            try:
                what, value = pickle.load(stream)
            except (EOFError, pickle.UnpicklingError, OSError):
                self._there.set()
                return
            if what == "progress":
                self.progress = value
            else:
                self._answer = (what, value)
                self._there.set()

    def give(self, task: Any, base: Path) -> None:
        """A task, with the file that holds its programme."""
        self.progress, self._answer, self.begun = None, None, time.monotonic()
        if self.process.poll() is None:
            self._there.clear()
        try:
            send(self.process.stdin, (task, str(base)))
        except OSError:
            self._there.set()  # it is gone, and result() says so

    def ended(self) -> bool:
        """Whether the task has, one way or the other."""
        return self._there.is_set()

    def seconds(self) -> float:
        """Since the task was given."""
        return time.monotonic() - self.begun

    def ask_to_stop(self) -> None:
        """Let it hand over the best it has."""
        self._asked = True
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """At once."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except OSError:
                    continue  # a broken pipe has nothing to flush

    def result(self, name: str) -> Any:
        """What it found; None if it was stopped before that.

        Raises what it raised; SolverFailed if it died.
        """
        if self._answer is None:
            code = self.process.wait()
            if self._asked:
                return None
            how = f"died of {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
            memory = "; the system does that when memory runs out" if code == -signal.SIGKILL else ""
            raise SolverFailed(f"the process that solved {name!r} {how}{memory}.")
        what, value = self._answer
        if what == "error":
            kind, detail = value
            raise kind(detail)
        return value


def send(stream: IO[bytes] | None, value: Any) -> None:
    """One pickle."""
    assert stream is not None, "a pipe"
    pickle.dump(value, stream, protocol=pickle.HIGHEST_PROTOCOL)
    stream.flush()
