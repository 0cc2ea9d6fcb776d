"""Work that signals stop: the first asks it to end with what it has, the second ends the process."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import TypeVar

from optimizer.exits import STOPPED

T = TypeVar("T")


def stoppable(
    work: Callable[[threading.Event], T],
    *signals: signal.Signals,
    on_stop: Callable[[], None] = lambda: None,
    on_abort: Callable[[], None] = lambda: None,
) -> T:
    """Run ``work(stop)`` in a thread of its own and return what it returns, or raise what it raises.

    Python runs signal handlers in the main thread between two steps of Python code; work that spends
    minutes inside a solver would not see them there. To be called from the main thread. ``on_stop`` and
    ``on_abort`` are told of the first and the second signal.
    """
    stop = threading.Event()
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work(stop))
        except BaseException as error:  # carried to the main thread and raised there
            errors.append(error)

    def handle(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            on_abort()
            # The thread may be deep inside the solver: nothing gentler ends it.
            os._exit(STOPPED)
        stop.set()
        on_stop()

    before = {number: signal.signal(number, handle) for number in signals}
    # Whoever started this process may have held them back until there is a handler.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
    try:
        thread = threading.Thread(target=run, name="work", daemon=True)
        thread.start()
        while thread.is_alive():
            thread.join(0.1)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if errors:
        raise errors[0]
    return results[0]
