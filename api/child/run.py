"""One run seen from the worker: messages out, wishes in, limits kept."""

from __future__ import annotations

import dataclasses
import select
import shutil
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from api.child.death import of_status
from api.child.memory import Gauge
from api.child.order import RESULT, Asked, Order, Outcome, Tell
from api.child.problem import problem
from api.child.talk import Lines
from models.faults import Crashed, MemoryExceeded, StockpileError, TimeExceeded
from models.jobs import Problem, SolverStatus

if TYPE_CHECKING:
    from api.child.zygote import Zygote

TICK = 0.1
"""Seconds between two looks at memory, clock and wishes."""
SETTLE = 30.0
"""Seconds that a run whose time is over gets to hand over the best it has."""
PATIENCE = 10.0
"""Seconds after which a zygote that does not say that a killed child is gone is ended itself."""


class Lost(Exception):
    """The zygote is gone, and the child with it."""


class Run:
    """An order under way."""

    def __init__(self, order: Order, tell: Tell, asked: Callable[[], Asked], grace: float) -> None:
        self.order, self.tell, self.asked, self.grace = order, tell, asked, grace
        self.begun = time.monotonic()
        self.deadline = self.begun + order.seconds
        self.cancelled = False

    def go(self, zygote: Zygote) -> Outcome:
        """Start a child and stay with it to its end. Raises Lost, and what ``tell`` and ``asked`` raise."""
        number, line = zygote.fork()
        child = _Child(self, zygote, number, line)
        try:
            child.follow()
        finally:
            child.end()
            line.socket.close()
        return self._outcome(child)

    def lost(self) -> Outcome:
        """Of a run whose zygote died again and again."""
        if self.cancelled:
            return Outcome("cancelled", self._seconds())
        return self._failed(Crashed("the process that starts runs died."), "error", None)

    def _seconds(self) -> float:
        return time.monotonic() - self.begun

    def _outcome(self, child: _Child) -> Outcome:
        peak = child.gauge.peak / 1e6 if child.gauge is not None else None
        if self.cancelled:
            # A child that could end at once has written what it had, which nobody wants any more.
            shutil.rmtree(self.order.folder / RESULT, ignore_errors=True)
            return Outcome("cancelled", self._seconds(), peak)
        if child.ended is not None:
            told = dict(child.ended)
            if told.get("problem") is not None:
                told["problem"] = Problem.model_validate(told["problem"])
            return Outcome(**told, seconds=self._seconds(), memory_mb=peak)
        if child.killed_for is not None:
            status: SolverStatus = (
                "memory_limit" if isinstance(child.killed_for, MemoryExceeded) else "time_limit"
            )
            return self._failed(child.killed_for, status, peak)
        error = of_status(child.status, self.order.folder / "log.txt", child.trouble)
        return self._failed(error, "memory_limit" if isinstance(error, MemoryExceeded) else "error", peak)

    def _failed(self, error: StockpileError, status: SolverStatus, peak: float | None) -> Outcome:
        return Outcome("failed", self._seconds(), peak, status, problem=problem(error))


class _Child:
    """The child of a run, from birth to exit."""

    def __init__(self, run: Run, zygote: Zygote, number: int, line: Lines) -> None:
        self.run, self.zygote, self.number, self.line = run, zygote, number, line
        self.gauge: Gauge | None = None
        self.ended: dict[str, Any] | None = None
        """What the child said in the end."""
        self.status: int | None = None
        """Of waitpid, told by the zygote once nothing of the child is left."""
        self.trouble = ""
        self.gone = False
        self.killed_for: StockpileError | None = None
        self.asked_to_stop = False
        self.kill_at: float | None = None
        self.killed_at: float | None = None
        self.poll = select.poll()
        self.poll.register(line.socket, select.POLLIN)

    def follow(self) -> None:
        """To the end of the child. Raises Lost."""
        looked = 0.0
        while not self.gone:
            self.take(tell=True)
            if time.monotonic() - looked >= TICK:
                self.look()
                looked = time.monotonic()

    def take(self, *, tell: bool) -> None:
        """Whatever the child and the zygote have said. Raises Lost."""
        if not self.poll.poll(TICK * 1000):
            if self.killed_at is not None and time.monotonic() - self.killed_at > PATIENCE:
                self.zygote.destroy()
            return
        messages, more = self.line.receive()
        for message in messages:
            kind = message["type"]
            if kind == "born":
                self.born(message["pid"])
            elif kind == "end":
                self.ended = message["outcome"]
                if self.gauge is not None:
                    self.gauge.settle(message["highest"])
            elif kind == "exit":
                self.status, self.trouble, self.gone = message["status"], message.get("trouble", ""), True
            elif tell:
                self.run.tell(message)
        if not more and not self.gone:
            self.gone = True
            if self.ended is None:
                raise Lost

    def born(self, pid: int) -> None:
        """It is there: what it is to do."""
        self.gauge = Gauge(pid)
        order = dataclasses.asdict(self.run.order) | {
            "folder": str(self.run.order.folder),
            "deadline": self.run.deadline,
        }
        try:
            self.line.send(order)
        except OSError:
            return  # it has died already, which the zygote is about to say

    def look(self) -> None:
        """Wishes and limits."""
        now, run = time.monotonic(), self.run
        wish = run.asked()
        if wish == "cancel" and not run.cancelled:
            run.cancelled = True
            self.stop()
            self.kill_at = now + run.grace
        elif wish == "stop":
            self.stop()
        if self.gauge is not None and self.killed_at is None and self.gauge.read() > run.order.memory:
            have, may = self.gauge.now / 1e9, run.order.memory / 1e9
            self.kill(MemoryExceeded(f"It held {have:.2f} GB, of {may:.2f} GB allowed."))
        if now >= run.deadline and not run.cancelled:
            self.stop()
            if now >= run.deadline + SETTLE:
                self.kill(
                    TimeExceeded(f"{run.order.seconds:g} s were allowed, and it had nothing to hand over.")
                )
        if self.kill_at is not None and now >= self.kill_at:
            self.kill(None)

    def stop(self) -> None:
        """Ask for an end, once: a second signal would end it without a result."""
        if not self.asked_to_stop:
            self.asked_to_stop = True
            self.zygote.signal(self.number, "stop")

    def kill(self, why: StockpileError | None) -> None:
        """At once, with all it started."""
        if self.killed_at is None:
            self.killed_at, self.killed_for = time.monotonic(), why
            self.zygote.signal(self.number, "kill")

    def end(self) -> None:
        """Whatever happened: nothing of it is left when this returns."""
        if not self.gone:
            self.kill(None)
        while not self.gone:
            try:
                self.take(tell=False)
            except Lost:
                return
