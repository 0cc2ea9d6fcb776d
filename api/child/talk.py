"""Messages between processes: JSON, one a line, over a socket."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

Message = dict[str, Any]


class Lines:
    """One end of a stream socket. Any thread may send; one receives."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self._lock = threading.Lock()
        self._rest = b""

    def send(self, message: Message) -> None:
        """One message, whole. Raises OSError if the other end is gone."""
        line = json.dumps(message, ensure_ascii=False, allow_nan=False).encode() + b"\n"
        with self._lock:
            self.socket.sendall(line)

    def receive(self) -> tuple[list[Message], bool]:
        """What has come, waiting for the first byte, and whether more may come."""
        try:
            data = self.socket.recv(1 << 16)
        except ConnectionResetError:
            data = b""
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [json.loads(line) for line in lines], bool(data)

    def __iter__(self) -> Iterator[Message]:
        """All that comes, until the other end is closed."""
        more = True
        while more:
            messages, more = self.receive()
            yield from messages
