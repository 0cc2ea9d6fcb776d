"""Orders for real runs."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from api.child import Asked, Order
from tests.lasting import lasting

ROOT = Path(__file__).resolve().parents[3]
SMALL = ROOT / "tests" / "cases" / "case-21.json"


def order(
    folder: Path,
    case: Path = SMALL,
    *,
    seconds: float = 300,
    memory: float = 4e9,
    threads: int = 1,
    **work: Any,
) -> Order:
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(case, folder / "instance.json")
    asked = lasting(case, {"kind": "solve", "instance": "0" * 64, **work})
    return Order("0" * 32, asked, folder, seconds, int(memory), threads)


class Watcher:
    """Keeps what is told, and asks once something has been told."""

    def __init__(self, wish: Asked = None, after: Callable[[dict[str, Any]], bool] = lambda _: True) -> None:
        self.wish, self.after, self.said = wish, after, False
        self.messages: list[dict[str, Any]] = []
        self.wished_at = 0.0

    def tell(self, message: dict[str, Any]) -> None:
        self.messages.append(message)
        if self.after(message) and not self.said:
            self.said, self.wished_at = True, time.monotonic()

    def asked(self) -> Asked:
        return self.wish if self.said else None

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["type"] == kind]

    def lines(self) -> list[str]:
        return [message["line"] for message in self.of("log")]


def nobody() -> Asked:
    """Asks for nothing."""
    return None


def searching(message: dict[str, Any]) -> bool:
    """There is an incumbent."""
    return message["type"] == "progress" and message["phase"] == "search" and message["incumbent"] is not None


def alive(pid: int) -> bool:
    """Whether a process is there; one that only waits to be reaped is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def gone(pids: list[int], within: float = 20.0) -> bool:
    """Whether all processes end within so many seconds."""
    until = time.monotonic() + within
    while any(map(alive, pids)):
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True
