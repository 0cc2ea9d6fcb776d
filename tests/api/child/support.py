"""Orders for real runs."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from api.child import Order

ROOT = Path(__file__).resolve().parents[3]
SMALL = ROOT / "tests" / "cases" / "case-21.json"
LONG = ROOT / "benchmarks" / "cases" / "bench-20.json"
"""Searches for a minute or more."""


def order(
    folder: Path, case: Path = SMALL, *, seconds: float = 300, memory: float = 4e9, threads: int = 1, **work: Any
) -> Order:
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(case, folder / "instance.json")
    asked = {"kind": "solve", "instance": "0" * 64, **work}
    return Order("0" * 32, asked, folder, seconds, int(memory), threads)


def alive(pid: int) -> bool:
    """Whether a process is there; one that only waits to be reaped is not."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
