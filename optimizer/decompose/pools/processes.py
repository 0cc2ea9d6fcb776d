"""Workers as processes of this machine.

Started afresh, not forked: HiGHS has threads, and a fork would copy their locks. Each has two pipes. It ends
when the one it reads from does, that is, with this process, however that ends; Linux ends it at once.
"""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase
from pathlib import Path
from typing import cast

from optimizer.decompose.pools import frames
from optimizer.decompose.pools.requests import Halt, Reply, Request
from optimizer.decompose.pools.workers import Lost
from optimizer.highs.solver import CORES

ROOT = Path(__file__).resolve().parents[3]


class Processes:
    """So many processes. To be used from one thread, which outlives them: on Linux a child goes with the
    thread that started it."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._come: queue.SimpleQueue[tuple[_Child, Reply | Lost]] = queue.SimpleQueue()
        self._children = [_Child(self._come) for _ in range(count)]

    @property
    def words(self) -> str:
        """How many."""
        return f"in {self.count} process{'es' if self.count > 1 else ''}"

    @property
    def pids(self) -> list[int]:
        """Process ids."""
        return [child.pid for child in self._children]

    def start(self, k: int) -> None:
        """A new process in the place of one that was lost, or is to be."""
        self._children[k].end()
        self._children[k] = _Child(self._come)

    def send(self, k: int, request: Request) -> None:
        """Ask worker k."""
        self._children[k].outbox.put(request)

    def take(self, seconds: float) -> list[tuple[int, Reply | Lost]]:
        """Answers that have come."""
        found: list[tuple[int, Reply | Lost]] = []
        while True:
            try:
                child, reply = self._come.get(timeout=0 if found else seconds)
            except queue.Empty:
                return found
            if child in self._children:
                found.append((self._children.index(child), reply))

    def halt(self) -> None:
        """Tell all to leave what they are doing."""
        for child in self._children:
            child.outbox.put(Halt())

    def close(self) -> None:
        """End all."""
        for child in self._children:
            child.end()


class _Child:
    """A process, a thread that writes to it and one that reads: a process that has been stopped would
    otherwise stop the master as well."""

    def __init__(self, come: queue.SimpleQueue[tuple[_Child, Reply | Lost]]) -> None:
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        own = {"PYTHONPATH": path, CORES: "1", "OPENBLAS_NUM_THREADS": "1"}
        with _without_signals():
            self._process = subprocess.Popen(
                [sys.executable, "-m", "optimizer.decompose.pools.child", str(os.getpid())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, **own},
            )
        self.outbox: queue.SimpleQueue[Request | Halt | None] = queue.SimpleQueue()
        self._come = come
        self._threads = [threading.Thread(target=each, daemon=True) for each in (self._write, self._read)]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def end(self) -> None:
        """At once."""
        self._process.kill()
        self.outbox.put(None)
        for thread in self._threads:
            thread.join()
        self._process.wait()

    def _write(self) -> None:
        pipe = cast(BufferedIOBase, self._process.stdin)
        try:
            while (request := self.outbox.get()) is not None:
                frames.write(pipe, request)
        except OSError:
            # It has ended: whoever reads from it says so.
            pass
        finally:
            _close(pipe)

    def _read(self) -> None:
        pipe = cast(BufferedIOBase, self._process.stdout)
        try:
            while True:
                self._come.put((self, cast(Reply, frames.read(pipe))))
        except EOFError:
            code = self._process.wait()
            how = signal.Signals(-code).name if code < 0 else f"code {code}"
            self._come.put((self, Lost(f"process {self.pid} ended with {how}.")))
        finally:
            pipe.close()


def _close(pipe: BufferedIOBase) -> None:
    try:
        pipe.close()
    except OSError:  # what was left to write has nobody to read it
        return


@contextmanager
def _without_signals() -> Iterator[None]:
    """Ctrl-C at a terminal reaches the whole group: a child started meanwhile never hears of it, so that the
    master can end the search and keep its plan."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
