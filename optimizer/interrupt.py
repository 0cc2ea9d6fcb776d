"""Work that signals stop: the first asks it to end with what it has, the second ends the process."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable
from typing import TypeVar

from optimizer.exits import STOPPED

T = TypeVar("T")


def stoppable(
    work: Callable[[threading.Event], T],
    *signals: signal.Signals,
    on_stop: Callable[[], None] = lambda: None,
    on_abort: Callable[[], None] = lambda: None,
) -> T:
    """Return ``work(stop)``; ``stop`` is set by the first of ``signals``, and the second ends the process.

    To be called from the main thread. ``on_stop`` and ``on_abort`` are told of the first and the second
    signal, from another thread: Python runs handlers in the main thread between two steps of Python code,
    and work that spends minutes inside a solver would not let them. So the bytes that the interpreter writes
    the moment a signal arrives (``signal.set_wakeup_fd``) are read by a thread of their own.
    """
    stop = threading.Event()
    reader, writer = socket.socketpair()
    writer.setblocking(False)

    def watch() -> None:
        while received := reader.recv(1):
            if received[0] not in signals:
                continue
            if stop.is_set():
                on_abort()
                # The main thread may be deep inside the solver: nothing gentler ends it.
                os._exit(STOPPED)
            stop.set()
            on_stop()

    watcher = threading.Thread(target=watch, name="signals", daemon=True)
    watcher.start()
    wakeup = signal.set_wakeup_fd(writer.fileno())
    before = {number: signal.signal(number, lambda *_: None) for number in signals}
    # Whoever started this process may have held them back until there is a handler.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
    try:
        return work(stop)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(wakeup)
        writer.close()
        watcher.join()
        reader.close()
