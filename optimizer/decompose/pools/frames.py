"""Python values through a pipe, arrays without a copy on the way (pickle protocol 5)."""

from __future__ import annotations

import pickle
import struct
from io import BufferedIOBase

SIZE = struct.Struct("<Q")


def write(stream: BufferedIOBase, value: object) -> None:
    """One value: how many parts, their sizes, the parts. Raises OSError where nobody reads any more."""
    buffers: list[pickle.PickleBuffer] = []
    head = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    parts = [memoryview(head), *(buffer.raw() for buffer in buffers)]
    stream.write(b"".join(SIZE.pack(n) for n in (len(parts), *(part.nbytes for part in parts))))
    for part in parts:
        stream.write(part)
    stream.flush()


def read(stream: BufferedIOBase) -> object:
    """The next value; its arrays can be written to. Raises EOFError where the other side has ended."""
    (count,) = SIZE.unpack(_exactly(stream, SIZE.size))
    sizes = [SIZE.unpack(_exactly(stream, SIZE.size))[0] for _ in range(count)]
    head, *buffers = [_exactly(stream, size) for size in sizes]
    value: object = pickle.loads(head, buffers=buffers)
    return value


def _exactly(stream: BufferedIOBase, size: int) -> bytearray:
    data = bytearray(size)
    view, done = memoryview(data), 0
    while done < size:
        more = stream.readinto(view[done:])
        if not more:
            raise EOFError
        done += more
    return data
