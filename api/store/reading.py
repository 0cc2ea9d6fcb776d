"""The process that reads a file: ``python -m api.store.reading FORMAT NAME PARENT BYTES SECONDS WHAT``.

The file comes by standard input; by standard output goes, pickled, what is wanted (``Instance``, ``Draft``,
or ``Checked`` of a draft) and that, or the name of a fault and what makes it. With an exit code other than 0
it has died.
"""

from __future__ import annotations

import pickle
import resource
import sys
from collections.abc import Callable
from typing import Any

from models.drafts import Draft, check
from models.drafts.read import draft
from models.faults import FaultyInstance, StockpileError
from models.files import read_bytes
from optimizer.machine import die_with

WHAT: dict[str, Callable[[bytes, str, str], Any]] = {
    "Instance": read_bytes,
    "Draft": draft,
    "Checked": lambda data, format, name: check(Draft.loads(data)),
}


def main(format: str, name: str, parent: int, memory: int, seconds: int, what: str) -> None:
    """Read and tell."""
    die_with(parent)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    told: tuple[str, Any]
    try:
        told = (what, WHAT[what](sys.stdin.buffer.read(), format, name))
    except FaultyInstance as error:
        told = (type(error).__name__, error.faults)
    except StockpileError as error:
        told = (type(error).__name__, error.detail)
    except MemoryError:
        told = ("TooLarge", f"{name} needs more than {memory / 1e9:.1f} GB of memory to read.")
    sys.stdout.buffer.write(pickle.dumps(told, protocol=pickle.HIGHEST_PROTOCOL))


if __name__ == "__main__":
    _format, _name, _parent, _memory, _seconds, _what = sys.argv[1:]
    main(_format, _name, int(_parent), int(_memory), int(_seconds), _what)
