"""In the child: limits of its own, its log, its work, what it says in the end."""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import logging
import os
import resource
import signal
import sys
import threading
from collections.abc import Mapping
from typing import Any, NoReturn

from api.child.order import Order
from api.child.problem import no_room, problem
from api.child.talk import Lines, Message
from api.child.tell import Teller
from api.child.work import WORK
from models.faults import MemoryExceeded, StockpileError
from optimizer.interrupt import stoppable

NICE = 10
"""How far runs stand back behind the processes that answer requests."""
SPARE = 256_000_000
"""Bytes beyond the limit, and beyond what the zygote holds, that the system lets a child ask for: the parent,
which counts what is used and not what is asked for, should be the first to say no."""


def live(line: Lines) -> NoReturn:
    """The whole life of a child."""
    code = 1
    try:
        line.send({"type": "born", "pid": os.getpid()})
        order, deadline = _order(line)
        _settle(order)
        line.send(_ended(order, deadline, line))
        code = 0
    finally:
        with contextlib.suppress(OSError):  # the disk is full
            sys.stdout.flush()
            sys.stderr.flush()
        # Not by returning: the zygote's frames and exit handlers are not this process's.
        os._exit(code)


def _order(line: Lines) -> tuple[Order, float]:
    from pathlib import Path

    raw = next(iter(line))
    deadline = float(raw.pop("deadline"))
    return Order(**{**raw, "folder": Path(raw["folder"])}), deadline


def _settle(order: Order) -> None:
    """Log, limits, manners."""
    null = os.open(os.devnull, os.O_RDONLY)
    log = os.open(order.folder / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    for number, descriptor in enumerate((null, log, log)):
        os.dup2(descriptor, number)
    sys.stdout = os.fdopen(1, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)
    os.close(null)
    os.close(log)
    faulthandler.enable()
    os.nice(NICE)
    os.environ["STOCKPILE_CORES"] = str(order.threads)
    if sys.platform == "linux":
        limit = _data() + order.memory + SPARE
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Once there is no handler any more the result is being handed over: nothing to be stopped.
    signal.signal(signal.SIGTERM, lambda *_: None)


def _data() -> int:
    """Bytes of data this process has asked for."""
    with open("/proc/self/status", encoding="ascii") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmData:"))


def _ended(order: Order, deadline: float, line: Lines) -> Message:
    """Do the work; the message that ends it."""
    tell = Teller(line)
    logging.getLogger().addHandler(tell)
    outcome: dict[str, Any]
    try:

        def work(stop: threading.Event) -> Mapping[str, Any]:
            return WORK[order.work["kind"]](order, deadline, tell, stop)

        outcome = {"state": "succeeded", **stoppable(work, signal.SIGTERM)}
    except MemoryError as error:
        outcome = _failed(MemoryExceeded(f"An allocation failed: {error}".rstrip(": ") + "."), "memory_limit")
    except Exception as error:  # whatever it is, it is the outcome of this run
        known = no_room(error) or error
        if not isinstance(known, StockpileError):
            sys.excepthook(type(error), error, error.__traceback__)
        outcome = _failed(known, "error")
    gc.collect()
    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {"type": "end", "outcome": outcome, "highest": highest}


def _failed(error: BaseException, status: str) -> dict[str, Any]:
    told = problem(error)
    with contextlib.suppress(OSError):
        print(f"{told.title} {told.detail}", file=sys.stderr)
    return {"state": "failed", "solver_status": status, "problem": told.model_dump(mode="json")}
