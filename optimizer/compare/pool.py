"""Tasks run here or by child processes side by side, their results the same."""

from __future__ import annotations

import pickle
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from models.alternatives import Alternative
from models.options import Options
from optimizer.compare.base import Base
from optimizer.compare.process import Child
from optimizer.highs import machine_threads
from optimizer.progress import Progress

QUICK = 2.0
"""Seconds: a child needs about as long to start, so shorter tasks are run here."""
TICK = 0.05
"""Seconds between two looks at the children."""


class Task(Protocol):
    """What can be run: reads a base, gives something that can be pickled."""

    @property
    def name(self) -> str:
        """What a person calls it."""

    @property
    def kind(self) -> str:
        """Which base."""

    @property
    def options(self) -> Options:
        """How to solve."""

    def run(self, base: Base, stop: threading.Event, tell: Callable[[Progress], None] | None) -> Any:
        """Do it."""


Running = tuple[tuple[str, Progress | None, float], ...]
"""Name, where it stands, and seconds of every task under way."""


class Pool:
    """Runs tasks; holds the compiled programmes, each compiled once, when it is first needed."""

    def __init__(
        self,
        members: dict[str, list[Alternative]],
        processes: int | None,
        stop: threading.Event,
        tell: Callable[[Running], None] | None,
    ) -> None:
        self.members, self.stop, self.tell = members, stop, tell
        self.asked = processes
        self.cores = machine_threads()
        self.bases: dict[str, Base] = {}
        self.children: list[Child] = []
        self.folder: tempfile.TemporaryDirectory[str] | None = None
        self.slowest = 0.0

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        for child in self.children:
            child.kill()
        if self.folder is not None:
            self.folder.cleanup()

    def base(self, kind: str) -> Base:
        """The programme of a kind."""
        if kind not in self.bases:
            self.bases[kind] = Base.of(self.members[kind])
        return self.bases[kind]

    def run(self, make: Sequence[Callable[[int], Task]]) -> Iterator[tuple[int, Any]]:
        """Position and result of every task as it ends, in any order; none are begun after a stop.

        ``make``: tasks, given the threads each may use.
        """
        if not make:
            return
        width = min(len(make), self.asked or self.cores)
        here = self.asked == 1 or (self.asked is None and self.slowest < QUICK) or width == 1
        if not here:
            yield from self._beside(make, width)
            return
        for i, one in enumerate(make):
            if self.stop.is_set():
                return
            if self.asked is None and self.slowest >= QUICK and len(make) - i > 1:
                for j, result in self._beside(make[i:], min(len(make) - i, self.cores)):
                    yield i + j, result
                return
            yield i, self._here(one(0))

    def _here(self, task: Task) -> Any:
        begun = time.monotonic()

        def tell(progress: Progress) -> None:
            if self.tell is not None:
                self.tell(((task.name, progress, time.monotonic() - begun),))

        tell(Progress("formulation", 0.0))
        base = self.base(task.kind)
        compiled = time.monotonic()
        result = task.run(base, self.stop, tell)
        self.slowest = max(self.slowest, time.monotonic() - compiled)
        return result

    # ---- side by side

    def _stored(self, kind: str) -> Path:
        if self.folder is None:
            self.folder = tempfile.TemporaryDirectory(prefix="stockpile-compare-")
        path = Path(self.folder.name) / f"{kind}.pickle"
        if not path.exists():
            path.write_bytes(pickle.dumps(self.base(kind), protocol=pickle.HIGHEST_PROTOCOL))
        return path

    def _beside(self, make: Sequence[Callable[[int], Task]], width: int) -> Iterator[tuple[int, Any]]:
        threads = max(1, self.cores // width)
        waiting = [(i, one(threads)) for i, one in enumerate(make)]
        while len(self.children) < width:
            self.children.append(Child())
        busy: dict[Child, tuple[int, Task]] = {}
        told, asked = 0.0, False
        while waiting or busy:
            if self.stop.is_set() and not asked:
                asked, waiting = True, []
                for child in busy:
                    child.ask_to_stop()
            for child in self.children[:width]:
                if waiting and child not in busy:
                    i, task = waiting.pop(0)
                    child.give(task, self._stored(task.kind))
                    busy[child] = (i, task)
            ended = [child for child in busy if child.ended()]
            for child in ended:
                i, task = busy.pop(child)
                yield i, child.result(task.name)
            if self.tell is not None and (ended or time.monotonic() - told >= 0.5):
                told = time.monotonic()
                self.tell(
                    tuple((task.name, child.progress, child.seconds()) for child, (_, task) in busy.items())
                )
            if not ended:
                time.sleep(TICK)
