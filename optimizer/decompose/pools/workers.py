"""Workers as the master sees them: several, each with its shard, any of which may be lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from optimizer.decompose.pools.requests import Reply, Request


@dataclass(frozen=True)
class Lost:
    """A worker ended; everything sent to it since its last answer is lost."""

    reason: str


class Workers(Protocol):
    """``count`` workers, numbered from 0. Each answers what it is sent, in order."""

    @property
    def count(self) -> int:
        """How many there are."""

    @property
    def words(self) -> str:
        """Where they are, for a reader of the plan."""

    def start(self, k: int) -> None:
        """A new worker in the place of one that was lost, or is to be."""

    def send(self, k: int, request: Request) -> None:
        """Ask worker k. Never waits; that it is lost comes with the answers."""

    def take(self, seconds: float) -> list[tuple[int, Reply | Lost]]:
        """Answers that have come, waiting at most so long for the first; none of workers replaced."""

    def halt(self) -> None:
        """Tell all to leave what they are doing, for good."""

    def close(self) -> None:
        """End all."""
