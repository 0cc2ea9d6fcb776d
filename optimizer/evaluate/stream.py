"""Scenarios in slices, by this process or by several side by side; results do not depend on which."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from typing import Any

from optimizer.evaluate.sets import Source
from optimizer.evaluate.worker import Done, Slice, Work, Worker
from optimizer.highs import machine_threads

TICK = 0.2
"""Seconds between looks at progress."""

Tell = Callable[[int], None]


def run_slices(
    work: Work,
    *,
    processes: int | None = None,
    tell: Tell | None = None,
    stop: threading.Event | None = None,
) -> tuple[list[Done], bool]:
    """All slices in order, and whether all are there. ``tell``: how many scenarios are done so far.

    Raises whatever a scenario raises.
    """
    source = Source(work.instance, work.scenarios)
    size = work.slice
    most = processes or machine_threads()
    many = min(most, max(1, source.asked // (2 if processes else size)))
    if many == 1:
        return _alone(work, tell, stop)
    return _together(work, source, size, many, tell, stop)


def _alone(work: Work, tell: Tell | None, stop: threading.Event | None) -> tuple[list[Done], bool]:
    done: list[Done] = []
    count = 0

    def count_up(more: int) -> None:
        nonlocal count
        count += more
        if tell:
            tell(count)

    def stopped() -> bool:
        return stop is not None and stop.is_set()

    worker = Worker(work)
    for part in worker.slices():
        if stopped():
            return done, False
        done.append(worker.run(part, stopped, count_up))
    return done, all(part.whole for part in done)


# ---- several processes

_worker: Worker
_stop: Any
_count: Any


def _start(work: Work, stop: Any, count: Any, parent: int) -> None:
    global _worker, _stop, _count  # noqa: PLW0603  # a process of a pool has nowhere else to keep it
    from optimizer.machine import die_with

    die_with(parent)
    _stop, _count = stop, count
    _worker = Worker(work)


def _run(part: Slice) -> Done | None:
    def tell(more: int) -> None:
        with _count.get_lock():
            _count.value += more

    if _stop.is_set():
        return None
    # How many scenarios a batch has is known once it is drawn: slices are laid out for the most.
    there = len(_worker.cases(part.batch))
    if part.first >= there:
        return None
    return _worker.run(Slice(part.batch, part.first, min(part.last, there)), _stop.is_set, tell)


def _together(
    work: Work, source: Source, size: int, many: int, tell: Tell | None, stop: threading.Event | None
) -> tuple[list[Done], bool]:
    context = multiprocessing.get_context("spawn")
    halt, count = context.Event(), context.Value("l", 0)
    found: list[Done] = []
    parts = [
        Slice(batch, first, min(first + size, most))
        for batch, most in enumerate(source.sizes)
        for first in range(0, most, size)
    ]
    with _signals_held_back():
        pool = ProcessPoolExecutor(
            many, mp_context=context, initializer=_start, initargs=(work, halt, count, os.getpid())
        )
        futures: set[Future[Done | None]] = {pool.submit(_run, part) for part in parts}
    waiting = set(futures)
    try:
        while waiting:
            finished, waiting = wait(waiting, timeout=TICK, return_when=FIRST_COMPLETED)
            if stop is not None and stop.is_set():
                halt.set()
            if tell:
                tell(count.value)
            for future in finished:
                result = future.result()
                if result is not None:
                    found.append(result)
    except BaseException:
        halt.set()
        pool.shutdown(cancel_futures=True)
        raise
    pool.shutdown()
    found.sort(key=lambda done: (done.slice.batch, done.slice.first))
    return found, not halt.is_set() and all(part.whole for part in found)


@contextmanager
def _signals_held_back() -> Iterator[None]:
    """Processes started meanwhile never see Ctrl-C at the terminal: this one decides."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
