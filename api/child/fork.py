"""The zygote: a process with one thread that has imported what runs need, and forks a child for each.

It reads requests from its parent, reaps what has ended and says so on the line of the run, and ends with its
parent: by the signal the system sends, and by the end of the socket between them.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
from dataclasses import dataclass
from typing import Any, NoReturn

from api.child.memory import PROC, children, tree
from api.child.talk import Lines
from optimizer.machine import die_with

# Some of these would be imported when the first result is written.
WARM = (
    "email.parser",
    "openpyxl",
    "openpyxl.packaging.extended",
    "pandas.core.arrays.arrow.extension_types",
    "pandas.io.formats.csvs",
    "pyarrow.pandas_compat",
    "pyarrow.parquet",
    "api.child.inside",
    "api.child.work",
    "optimizer.compare",
    "optimizer.evaluate",
    "optimizer.results",
    "optimizer.scenarios.study",
    "optimizer.solve",
)
SET_CHILD_SUBREAPER = 36
"""Of prctl: orphans below this process become its children."""


def main(parent: int, control: int) -> None:
    """Serve until the parent is gone."""
    # Not killed: whatever runs below is ended first, helpers included that nothing ties to their parents.
    die_with(parent, signal.SIGTERM)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(SET_CHILD_SUBREAPER, 1)
    for name in WARM:
        importlib.import_module(name)
    # Collections would write to every page, and pages that are written to are shared no longer.
    gc.collect()
    gc.freeze()
    zygote = _Zygote(socket.socket(fileno=control))
    child = zygote.serve()
    if child is not None:
        from api.child.inside import live

        live(child)


@dataclass
class _Running:
    number: int
    line: socket.socket
    """The child's end, kept to say how it ended."""


class _Zygote:
    def __init__(self, control: socket.socket) -> None:
        self.control = control
        self.running: dict[int, _Running] = {}
        """By process id."""
        self.ended: list[tuple[socket.socket, int]] = []
        """Lines of ended children that have something left behind, and how they ended."""
        self.unsaid: dict[int, tuple[socket.socket, int]] = {}
        """Lines of ended children that were full, by descriptor, and how they ended."""
        self.woken, self.waker = socket.socketpair()
        self.woken.setblocking(False)
        self.waker.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: self.end())
        signal.set_wakeup_fd(self.waker.fileno(), warn_on_full_buffer=False)
        self.poll = select.poll()
        self.poll.register(self.control, select.POLLIN)
        self.poll.register(self.woken, select.POLLIN)

    def serve(self) -> Lines | None:
        """Until the parent is gone (then this process ends), or, in a child, at once: its line."""
        while True:
            for descriptor, _ in self.poll.poll():
                if descriptor == self.woken.fileno():
                    self.reap()
                elif descriptor in self.unsaid:
                    self.say(descriptor)
                elif descriptor == self.control.fileno():
                    line = self.request()
                    if line is not None:
                        return line

    def request(self) -> Lines | None:
        """One request; in a new child, its line."""
        data, descriptors, _, _ = socket.recv_fds(self.control, 4096, 1)
        if not data:
            self.end()
        asked: dict[str, Any] = json.loads(data)
        if asked["do"] == "fork":
            return self.fork(asked["run"], socket.socket(fileno=descriptors[0]))
        for member, running in self.running.items():
            if running.number == asked["run"]:
                if asked["do"] == "stop":
                    os.kill(member, signal.SIGTERM)
                else:
                    kill(member)
        return None

    def end(self) -> NoReturn:
        """With everything that runs."""
        for pid in children(os.getpid()):
            kill(pid)
        os._exit(0)

    def fork(self, number: int, line: socket.socket) -> Lines | None:
        """One more child; in it, its line."""
        # Held back until the child has a handler (optimizer.interrupt).
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        mine = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            Lines(line).send({"type": "exit", "status": None, "trouble": error.strerror or str(error)})
            line.close()
            return None
        finally:
            # The child goes on with SIGTERM held back.
            if os.getpid() == mine:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if pid:
            self.running[pid] = _Running(number, line)
            return None
        os.setsid()
        die_with(mine)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        lines = [running.line for running in self.running.values()]
        for other in [*lines, *(line for line, _ in [*self.ended, *self.unsaid.values()])]:
            other.close()
        for mine_alone in (self.control, self.woken, self.waker):
            mine_alone.close()
        return Lines(line)

    def reap(self) -> None:
        """Whatever has ended."""
        with contextlib.suppress(BlockingIOError):
            while self.woken.recv(1024):
                continue
        while children(os.getpid()):
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                break
            ended = self.running.pop(pid, None)
            if ended is not None:
                self.ended.append((ended.line, status))
        if self.orphans():
            return  # the next signal comes when they are gone
        for line, status in self.ended:
            # The child is dead: from here on nobody else writes to its line.
            line.setblocking(False)
            self.unsaid[line.fileno()] = (line, status)
            self.say(line.fileno())
        self.ended.clear()

    def orphans(self) -> list[int]:
        """What ended runs have left behind; killed, but still there."""
        left = [pid for pid in children(os.getpid()) if pid not in self.running and not spared(pid)]
        for pid in left:
            kill(pid)
        return left

    def say(self, descriptor: int) -> None:
        """Tell how a child ended; later, if its line is full."""
        line, status = self.unsaid[descriptor]
        try:
            Lines(line).send({"type": "exit", "status": status})
        except BlockingIOError:
            self.poll.register(line, select.POLLOUT)
            return
        except OSError:
            pass  # nobody listens any more
        with contextlib.suppress(KeyError):
            self.poll.unregister(line)
        del self.unsaid[descriptor]
        line.close()


def kill(pid: int) -> None:
    """A process and all below it, at once; what one of them starts meanwhile as well."""
    killed: set[int] = set()
    while True:
        left = [member for member in tree(pid) if member not in killed and not spared(member)]
        if not left:
            return
        for member in left:
            killed.add(member)
            with contextlib.suppress(ProcessLookupError):
                os.kill(member, signal.SIGKILL)


def spared(pid: int) -> bool:
    """Whether it is Python's tracker of semaphores, which removes them and ends when their users are gone."""
    try:
        return b"multiprocessing.resource_tracker" in (PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return False
