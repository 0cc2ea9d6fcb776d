"""A lock whose waiters are served in the order they came."""

from __future__ import annotations

import threading
from collections import deque


class Line:
    """Held by one thread at a time, handed on to whoever has waited longest; a Lock goes to the quickest."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._held = False

    def __len__(self) -> int:
        """Threads that wait."""
        with self._guard:
            return len(self._waiting)

    def __enter__(self) -> None:
        with self._guard:
            if not self._held:
                self._held = True
                return
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        try:
            turn.acquire()
        except BaseException:  # interrupted while it waited
            self._leave(turn)
            raise

    def __exit__(self, *_: object) -> None:
        self._next()

    def _next(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._held = False

    def _leave(self, turn: threading.Lock) -> None:
        with self._guard:
            if turn in self._waiting:
                self._waiting.remove(turn)
                return
        self._next()
