"""The process of one worker: ``python -m optimizer.decompose.pools.child PARENT``.

Reads requests from standard input and writes replies to standard output, both as :mod:`frames`; what
anything here prints goes to standard error. When the input ends, so does the process, whatever it is doing.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from io import BufferedIOBase
from typing import cast

from optimizer.decompose.pools import frames
from optimizer.decompose.pools.requests import Halt, Request
from optimizer.decompose.pools.worker import Worker
from optimizer.machine import die_with


def main(parent: int) -> None:
    """Answer until the input ends."""
    die_with(parent)
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    worker = Worker()
    inbox: queue.SimpleQueue[Request] = queue.SimpleQueue()

    def listen() -> None:
        pipe = cast(BufferedIOBase, sys.stdin.buffer)
        while True:
            try:
                request = frames.read(pipe)
            except EOFError:
                os._exit(0)
            if isinstance(request, Halt):
                worker.halt()
            else:
                inbox.put(cast(Request, request))

    threading.Thread(target=listen, daemon=True).start()
    while True:
        frames.write(out, worker.answer(inbox.get()))


if __name__ == "__main__":
    main(int(sys.argv[1]))
