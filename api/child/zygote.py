"""The zygote seen from the worker: started when it is needed, started again if it has died."""

from __future__ import annotations

import json
import os
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType

from api.child.order import Asked, Order, Outcome, Tell
from api.child.run import Lost, Run
from api.child.talk import Lines

ROOT = Path(__file__).resolve().parents[2]
TRIES = 2
"""Runs of an order whose zygote dies."""
SINGLE = {
    # A process that forks must have one thread only: none of OpenBLAS, none of Arrow's allocator.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}


class Zygote:
    """Runs orders, each in a process of its own, forked from one that has everything imported.

    Safe from many threads at once. ``grace_seconds``: what a cancelled run gets before it is killed.
    ``module``: what is run as the zygote.
    """

    def __init__(self, grace_seconds: float = 1.0, module: str = "api.child") -> None:
        self.grace_seconds, self.module = grace_seconds, module
        self._lock = threading.Lock()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._count = 0
        self._wanted: queue.SimpleQueue[Future[None] | None] = queue.SimpleQueue()
        # The system kills a process whose starting thread has ended (PR_SET_PDEATHSIG), so the thread that
        # starts the zygote is one that stays.
        self._keeper = threading.Thread(target=self._keep, name="zygote", daemon=True)
        self._keeper.start()

    def __enter__(self) -> Zygote:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """Of the zygote; None if there is none."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def start(self) -> None:
        """Start it now rather than with the first run."""
        with self._lock:
            self._ensure()

    def close(self) -> None:
        """End it, and every run with it."""
        with self._lock:
            if self._keeper.is_alive():
                self._wanted.put(None)
                self._keeper.join()

    def run(self, order: Order, tell: Tell, asked: Callable[[], Asked]) -> Outcome:
        """Do what the order says; ends when nothing of it is left running.

        ``tell`` takes its messages, in this thread; ``asked`` is looked at every 0.1 s. Whatever these raise
        is raised here, after the child is gone. What goes wrong in the child is in the outcome.
        """
        run = Run(order, tell, asked, self.grace_seconds)
        for _ in range(TRIES):
            try:
                return run.go(self)
            except Lost:
                if run.cancelled:  # a zygote that was too slow to say that the child is gone was ended
                    break
        return run.lost()

    # ---- for Run

    def fork(self) -> tuple[int, Lines]:
        """A new child: its number here, and the line to it."""
        mine, its = socket.socketpair()
        try:
            with its, self._lock:
                self._count += 1
                number = self._count
                control = self._ensure()
                socket.send_fds(control, [_packed({"do": "fork", "run": number})], [its.fileno()])
        except BaseException as error:
            mine.close()
            if isinstance(error, OSError):
                raise Lost from error
            raise
        return number, Lines(mine)

    def signal(self, number: int, what: str) -> None:
        """``stop`` asks a child to end with what it has, ``kill`` ends it and all it started."""
        with self._lock:
            if self._control is not None:
                try:
                    self._control.send(_packed({"do": what, "run": number}))
                except OSError:
                    return  # the zygote is gone, and its children with it

    def destroy(self) -> None:
        """End a zygote that no longer answers; the next run starts another."""
        with self._lock:
            if self._process is not None:
                self._process.kill()

    # ---- the process

    def _ensure(self) -> socket.socket:
        if not self._keeper.is_alive():
            raise RuntimeError("this zygote has been closed")
        if self._control is None or self.pid is None:
            started: Future[None] = Future()
            self._wanted.put(started)
            started.result()
        assert self._control is not None, "it was started"
        return self._control

    def _keep(self) -> None:
        while (wanted := self._wanted.get()) is not None:
            try:
                self._end()
                self._begin()
                wanted.set_result(None)
            except BaseException as error:  # raised where it was asked for
                wanted.set_exception(error)
        self._end()

    def _begin(self) -> None:
        mine, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        # What solves needs no settings of the service, least of all the password of its database.
        env = {name: value for name, value in os.environ.items() if not name.startswith("STOCKPILE_")}
        with its:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self.module, str(os.getpid()), str(its.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={**env, **SINGLE, "PYTHONPATH": path},
                pass_fds=[its.fileno()],
                start_new_session=True,
            )
        self._control = mine

    def _end(self) -> None:
        if self._control is not None:
            # It ends its children and itself when this is closed.
            self._control.close()
            self._control = None
        if self._process is not None:
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None


def _packed(message: dict[str, object]) -> bytes:
    return json.dumps(message).encode()
