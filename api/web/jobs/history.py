"""What has happened to a job, from its events: runs, plans found, the search over time, the end of its log.

Events are read once: what was read of a job is kept while somebody looks at it, and only what came since is
asked for.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from api.jobs.port import Jobs
from models.jobs import FINAL, Event

LINES = 400
"""Of the log that are shown."""
POINTS = 6_000
"""Of the search that are kept; of more every second one."""
MOST = 12_000
"""Events of a job that are read when it is first looked at; of more the first and the last."""
_HEAD = 2_000
_KEPT = 64
"""Jobs whose events are kept."""
_PAGE = 1_000


@dataclass(frozen=True)
class Found:
    """A plan better than those before."""

    seconds: float
    """Since the job first began."""
    objective: float
    bound: float | None
    phase: str


@dataclass(frozen=True)
class Run:
    """A run of the job; there are several where a worker died or left."""

    number: int
    at: float


@dataclass(frozen=True)
class Standing:
    """Where one alternative of a comparison stands while it is searched."""

    name: str
    seconds: float
    incumbent: float | None
    bound: float | None
    gap: float | None
    """Relative."""


@dataclass(frozen=True)
class Past:
    """What has happened so far."""

    last: int
    """Id of the last event."""
    plans: tuple[Found, ...]
    runs: tuple[Run, ...]
    lines: tuple[tuple[float, str], ...]
    """Of the log, the last ones: seconds since the job first began, and what."""
    earlier_lines: int
    """Lines before those."""
    left_out: int
    """Events that were not read, in the middle."""
    running: tuple[Standing, ...]
    solved: tuple[str, ...]
    """Alternatives that are done, where they are told by name."""
    nodes: int | None
    progress: pd.DataFrame
    """seconds, incumbent, bound: for the picture of the search."""


@dataclass
class History:
    """One job's, read as far as it has come."""

    last: int = 0
    began: float | None = None
    points: list[tuple[float, float | None, float | None]] = field(default_factory=list)
    plans: list[Found] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    lines: deque[tuple[float, str]] = field(default_factory=lambda: deque(maxlen=LINES))
    told: int = 0
    left_out: int = 0
    running: tuple[Standing, ...] = ()
    solved: tuple[str, ...] = ()
    nodes: int | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, event: Event) -> None:
        """Take in what comes next."""
        self.last = event.id
        if event.type == "log":
            self.told += 1
            since = event.at - (event.at if self.began is None else self.began)
            self.lines.append((since, str(event.data.get("line", ""))))
        elif event.type == "state":
            self._state(event)
        else:
            self._progress(event)

    def _state(self, event: Event) -> None:
        state = event.data.get("state")
        if state == "running":
            self.began = event.at if self.began is None else self.began
            number = event.data.get("attempt")
            self.runs.append(Run(number if isinstance(number, int) else len(self.runs) + 1, event.at))
        elif state in FINAL:
            self.running = ()

    def _progress(self, event: Event) -> None:
        data = event.data
        self.began = event.at if self.began is None else self.began
        seconds = max(0.0, event.at - self.began)
        incumbent, bound = _number(data.get("incumbent")), _number(data.get("bound"))
        if incumbent is not None and (not self.plans or incumbent < self.plans[-1].objective):
            self.plans.append(Found(seconds, incumbent, bound, str(data.get("phase") or "")))
        if incumbent is not None or bound is not None:
            self._point((seconds, incumbent, bound))
        nodes = data.get("nodes")
        self.nodes = nodes if isinstance(nodes, int) else self.nodes
        if "running" in data:
            self.running = tuple(_standing(row) for row in data["running"] or ())
            self.solved = tuple(str(name) for name in data.get("solved") or ())

    def _point(self, point: tuple[float, float | None, float | None]) -> None:
        """Keep it; of a stretch in which nothing changes, its ends."""
        if len(self.points) > 1 and self.points[-1][1:] == self.points[-2][1:] == point[1:]:
            self.points[-1] = point
        else:
            self.points.append(point)
        if len(self.points) > POINTS:
            self.points = [*self.points[:-1:2], self.points[-1]]

    def past(self) -> Past:
        """What is known now; does not change when more comes."""
        return Past(
            last=self.last,
            plans=tuple(self.plans),
            runs=tuple(self.runs),
            lines=tuple(self.lines),
            earlier_lines=self.told - len(self.lines),
            left_out=self.left_out,
            running=self.running,
            solved=self.solved,
            nodes=self.nodes,
            progress=pd.DataFrame(self.points, columns=["seconds", "incumbent", "bound"], dtype="float64"),
        )


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _standing(row: Mapping[str, Any]) -> Standing:
    return Standing(
        str(row.get("alternative", "")),
        _number(row.get("seconds")) or 0.0,
        _number(row.get("incumbent")),
        _number(row.get("bound")),
        _number(row.get("gap")),
    )


class Histories:
    """Those of the jobs that are looked at; safe to call from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, str], History] = OrderedDict()

    def read(self, jobs: Jobs, tenant: str, job: str) -> Past:
        """What has happened to a tenant's job so far. Raises NoSuchJob."""
        with self._lock:
            history = self._kept.setdefault((tenant, job), History())
            self._kept.move_to_end((tenant, job))
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        with history.lock:
            try:
                return self._more(jobs, tenant, job, history)
            except BaseException:
                self._forget(tenant, job)
                raise

    def _more(self, jobs: Jobs, tenant: str, job: str, history: History) -> Past:
        if history.last == 0:
            end = jobs.changed({job: 0}).get(job, 0)
            if end > MOST:
                _read(jobs, tenant, job, history, _HEAD)
                skipped = end - (MOST - _HEAD)
                history.left_out, history.last = skipped - history.last, skipped
        _read(jobs, tenant, job, history)
        return history.past()

    def _forget(self, tenant: str, job: str) -> None:
        with self._lock:
            self._kept.pop((tenant, job), None)


def _read(jobs: Jobs, tenant: str, job: str, history: History, until: int | None = None) -> None:
    """All events after the last, or those up to an id."""
    while True:
        limit = _PAGE if until is None else min(_PAGE, until - history.last)
        events = jobs.events(tenant, job, history.last, limit) if limit > 0 else ()
        for event in events:
            history.add(event)
        if len(events) < limit or limit <= 0:
            return
