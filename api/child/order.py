"""What a child process is asked to do, and what it says in the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from models.jobs import Problem, SolverStatus

RESULT = "result"
"""Folder of an order where the child leaves what it made."""
Asked = Literal["stop", "cancel"] | None
"""What has been asked of a running job."""
Tell = Callable[[dict[str, Any]], None]
"""Takes messages of the child: ``{"type": "progress" | "log" | "checkpoint", ...}``; data as in Event.

A checkpoint message names a file below ``folder/checkpoint`` that was written anew: ``{"name": "..."}``.
"""


@dataclass(frozen=True)
class Order:
    """One run of one job.

    ``folder`` holds what the work needs: ``instance.json``; for a solve ``warm.json`` where there is a plan
    to start from; for an evaluation ``plan.json`` and, where given, ``scenarios.json``; in ``checkpoint/``
    what an earlier run of the same job left. The child writes its result below ``folder/result``, whole or
    not at all, and its log to ``folder/log.txt``.
    """

    job: str
    work: dict[str, Any]
    """A :data:`models.jobs.Work` as plain data, ids in the place of documents."""
    folder: Path
    seconds: float
    """Wall clock at most; ended from outside when it is over."""
    memory: int
    """Bytes at most, of the child and whatever it starts together."""
    threads: int


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    state: Literal["succeeded", "failed", "cancelled"]
    seconds: float
    memory_mb: float | None = None
    """Peak."""
    solver_status: SolverStatus | None = None
    objective: float | None = None
    bound: float | None = None
    gap: float | None = None
    relative_gap: float | None = None
    problem: Problem | None = None
