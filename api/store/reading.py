"""The process that reads a file: ``python -m api.store.reading FORMAT NAME PARENT BYTES SECONDS``.

The file comes by standard input; by standard output goes, pickled, the word ``Instance`` and the instance, or
the name of a fault and what makes it. With an exit code other than 0 it has died.
"""

from __future__ import annotations

import pickle
import resource
import sys
from typing import Any

from models.faults import FaultyInstance, StockpileError
from models.files import read_bytes
from optimizer.machine import die_with


def main(format: str, name: str, parent: int, memory: int, seconds: int) -> None:
    """Read and tell."""
    die_with(parent)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    told: tuple[str, Any]
    try:
        told = ("Instance", read_bytes(sys.stdin.buffer.read(), format, name))
    except FaultyInstance as error:
        told = (type(error).__name__, error.faults)
    except StockpileError as error:
        told = (type(error).__name__, error.detail)
    except MemoryError:
        told = ("TooLarge", f"{name} needs more than {memory / 1e9:.1f} GB of memory to read.")
    sys.stdout.buffer.write(pickle.dumps(told, protocol=pickle.HIGHEST_PROTOCOL))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:]))
