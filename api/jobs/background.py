"""Threads that a worker keeps: begun once, ended once."""

from __future__ import annotations

import threading


class Background:
    """A thread of its own that runs :meth:`_loop`, which is to look at ``_ended`` between two steps."""

    def __init__(self, name: str) -> None:
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._loop, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End, and wait until it has."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def _loop(self) -> None:
        raise NotImplementedError
