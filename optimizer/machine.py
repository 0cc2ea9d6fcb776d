"""The machine this runs on: its cores, its memory, and the end of a process with its parent."""

from __future__ import annotations

import ctypes
import os
import signal
import sys


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def machine_memory() -> float:
    """Bytes of memory of this machine; infinite where it does not say."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        return float("inf")


def die_with(parent: int, how: signal.Signals = signal.SIGKILL) -> None:
    """End when the parent ends, however it does. Linux only: elsewhere a child finishes its instance."""
    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, how)
        if os.getppid() != parent:
            os._exit(1)
