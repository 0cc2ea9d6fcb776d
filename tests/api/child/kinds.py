"""``python -m tests.api.child.kinds``: a zygote whose children can also do what a good one never does."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any, cast

from api.child import fork
from api.child.order import Order
from api.child.tell import Teller
from api.child.work import WORK
from models.faults import NoHazards

Result = Mapping[str, Any]


def grow(order: Order, deadline: float, tell: Teller, stop: threading.Event) -> Result:
    """Holds ever more memory, 20 MB at a time."""
    held = []
    while True:
        held.append(b"x" * 20_000_000)
        time.sleep(0.02)


def gulp(order: Order, deadline: float, tell: Teller, stop: threading.Event) -> Result:
    """Asks for more than the system gives it, at once."""
    return {"solver_status": str(len(bytearray(order.memory * 3)))}


def helper(order: Order, deadline: float, tell: Teller, stop: threading.Event) -> Result:
    """Starts a process in a session of its own and has it hold memory."""
    code = "import time; held = b'x' * 200_000_000; print('ready', flush=True); time.sleep(300)"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        tell.log(f"helper {other.pid}")
        time.sleep(300)
    return {}


def sleep(order: Order, deadline: float, tell: Teller, stop: threading.Event) -> Result:
    """Hears nothing."""
    tell.log("asleep")
    time.sleep(300)
    return {}


def talk(order: Order, deadline: float, tell: Teller, stop: threading.Event) -> Result:
    """Says more than a line holds."""
    for number in range(20_000):
        tell.log(f"{number} " + "x" * 100)
    return {}


def leave(order: Order, deadline: float, tell: Teller, stop: threading.Event) -> Result:
    """Ends without a word."""
    print("about to leave", file=sys.stderr)
    os._exit(7)


def fault(order: Order, deadline: float, tell: Teller, stop: threading.Event) -> Result:
    """A fault of the catalogue."""
    raise NoHazards("None at all.")


def bug(order: Order, deadline: float, tell: Teller, stop: threading.Event) -> Result:
    """An error of no catalogue."""
    raise KeyError("surprise")


def look(order: Order, deadline: float, tell: Teller, stop: threading.Event) -> Result:
    """Tells about itself."""
    secrets = [name for name in os.environ if name.startswith("STOCKPILE_") and name != "STOCKPILE_CORES"]
    open_ = [os.path.realpath(f"/proc/self/fd/{n}") for n in os.listdir("/proc/self/fd") if n not in "012"]
    tell.log(f"nice {os.nice(0)}")
    tell.log(f"secrets {secrets}")
    tell.log(f"sockets {sum('socket:' in place for place in open_)}")
    tell.log(f"session {os.getsid(0) == os.getpid()}")
    return {}


if __name__ == "__main__":
    kinds = cast(dict[str, Any], WORK)
    kinds |= {f.__name__: f for f in (grow, gulp, helper, sleep, talk, leave, fault, bug, look)}
    fork.main(int(sys.argv[1]), int(sys.argv[2]))
