"""Many instances, one process each: what one of them does, a crash included, stays with it.

Every instance has a folder ``out/<name>/`` with its results (:mod:`optimizer.results`), ``outcome.json``
and ``log.txt``; ``out/batch.csv`` and ``out/batch.parquet`` have one row per instance, failures beside
successes, and are written anew after every instance. The batch itself holds one row per instance and
nothing of the plans.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from models import files
from models.faults import StockpileError
from models.files.atomic import write_file
from models.options import Options
from optimizer.batch.inputs import find_instances, named
from optimizer.batch.outcome import COLUMNS, NO_PLAN, PLAN, Outcome
from optimizer.batch.process import Process
from optimizer.batch.request import Request, failure, key
from optimizer.exits import STOPPED
from optimizer.machine import cores, machine_memory
from optimizer.results import FORMATS, check_formats, csv_text

TICK = 0.05
"""Seconds between two looks at the running processes."""


@dataclass(frozen=True)
class BatchProgress:
    """Where a batch stands."""

    total: int
    outcomes: tuple[Outcome, ...]
    """What is done, in the order in which it was."""
    running: tuple[tuple[str, int, float], ...]
    """Name, process id and seconds of each instance under way."""


def run_batch(
    paths: Sequence[str | Path],
    out: str | Path,
    workers: int = 1,
    options: Options | None = None,
    *,
    resume: bool = False,
    progress: Callable[[BatchProgress], None] | None = None,
    formats: Iterable[str] = FORMATS,
    memory: float | None = None,
    stop: threading.Event | None = None,
) -> pd.DataFrame:
    """Solve every instance that ``paths`` (files, folders of instances, globs) name.

    ``workers`` processes run at a time; with ``options.threads`` 0 the machine's cores are shared out among
    them. Each may use ``memory`` GB, by default its part of four fifths of the machine's. ``resume`` keeps
    what an earlier batch in ``out`` finished with the same instance, options and version. ``progress`` is
    called at every start and end and about once a second. Setting ``stop`` starts nothing more and lets
    what runs write the best plan it has.

    Returns one row per instance, in the order found, with :data:`optimizer.batch.outcome.COLUMNS`. Raises
    UnreadableFile if a path names nothing, UnknownFormat, UnwritableFile.
    """
    formats, options = check_formats(formats), options or Options()
    workers = max(1, workers)
    out = Path(out)
    jobs = named(find_instances(paths, skip=out))
    share = {"threads": options.threads or max(1, cores() // workers)}
    limit = memory * 1e9 if memory is not None else 0.8 * machine_memory() / workers
    batch = _Batch(out, [name for name, _ in jobs], progress)
    waiting = [
        Request(
            path=str(path),
            folder=str(out / name),
            name=name,
            options=options.model_copy(update=share),
            asked=options,
            formats=formats,
            memory=int(limit),
            parent=os.getpid(),
        )
        for name, path in jobs
    ]
    batch.run(waiting, workers, stop or threading.Event(), resume)
    return batch.table()


def not_started(request: Request) -> Outcome:
    """An instance that a stop kept from being started."""
    return failure(request, "Stopped", "not started", STOPPED)


class _Batch:
    """The running processes and what came of those that ended."""

    def __init__(self, out: Path, order: list[str], progress: Callable[[BatchProgress], None] | None) -> None:
        self.out, self.order, self.progress = out, order, progress
        self.outcomes: dict[str, Outcome] = {}
        self.running: list[Process] = []
        self.due = 0.0

    def run(self, waiting: list[Request], workers: int, stop: threading.Event, resume: bool) -> None:
        told, asked_to_stop = 0.0, False
        try:
            while waiting or self.running:
                if stop.is_set() and not asked_to_stop:
                    asked_to_stop = True
                    for request in waiting:
                        self.record(not_started(request))
                    waiting = []
                    for process in self.running:
                        process.ask_to_stop()
                while waiting and len(self.running) < workers:
                    request = waiting.pop(0)
                    kept = earlier(request) if resume else None
                    if kept is not None:
                        self.record(kept)
                    else:
                        self.running.append(Process(request))
                    self.tell()
                ended = [process for process in self.running if process.ended()]
                for process in ended:
                    self.running.remove(process)
                    self.record(process.outcome())
                if ended or time.monotonic() - told >= 1.0:
                    told = time.monotonic()
                    self.tell()
                if not ended:
                    time.sleep(TICK)
        finally:
            for process in self.running:
                process.kill()
            self.write()

    def tell(self) -> None:
        if self.progress is not None:
            running = tuple((p.request.name, p.pid, p.seconds()) for p in self.running)
            self.progress(BatchProgress(len(self.order), tuple(self.outcomes.values()), running))

    def record(self, outcome: Outcome) -> None:
        self.outcomes[outcome.name] = outcome
        # A long table takes longer to write than a small instance to solve.
        if time.monotonic() >= self.due:
            begun = time.monotonic()
            self.write()
            self.due = time.monotonic() + 20 * (time.monotonic() - begun)

    def write(self) -> None:
        write_table(self.table(), self.out)

    def table(self) -> pd.DataFrame:
        return table_of(self.outcomes[name] for name in self.order if name in self.outcomes)


def table_of(outcomes: Iterable[Outcome]) -> pd.DataFrame:
    """One row per outcome, with :data:`optimizer.batch.outcome.COLUMNS`."""
    return pd.DataFrame([o.row() for o in outcomes], columns=list(COLUMNS)).astype(COLUMNS)


def write_table(table: pd.DataFrame, out: Path) -> None:
    """``batch.csv`` and ``batch.parquet``. Raises UnwritableFile."""
    write_file(out / "batch.csv", csv_text(table).encode())
    write_file(out / "batch.parquet", table.to_parquet(index=False))


def exit_code(table: pd.DataFrame) -> int:
    """0 if every instance has a plan; else the code that all others share (2 faulty, 3 infeasible), or 1."""
    codes = set(table["exit_code"]) - {0}
    return int(codes.pop()) if len(codes) == 1 else 1 if codes else 0


def earlier(request: Request) -> Outcome | None:
    """What an earlier batch finished with the same instance, options, formats and version, or None."""
    folder = Path(request.folder)
    try:
        outcome = Outcome.read(folder)
        done = outcome.outcome in (PLAN, NO_PLAN) and outcome.status != "interrupted"
        if (
            not done
            or not (folder / "plan.json").is_file()
            or outcome.key != key(files.read(request.path), request)
        ):
            return None
    except (OSError, ValueError, TypeError, StockpileError):
        return None  # nothing there that could be kept; if the instance has faults its own process tells them
    return replace(outcome, kept=True, path=request.path)


__all__ = [
    "BatchProgress",
    "Outcome",
    "exit_code",
    "find_instances",
    "run_batch",
    "table_of",
    "write_table",
]
