"""The two workflows: one run of a job, and the putting together of a batch.

Neither has steps. A workflow that was interrupted begins anew: what is worth keeping of a run is in its
checkpoints, and what has been written about the job is guarded by :mod:`api.jobs.record`.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa
import structlog
from dbos import DBOS

from api.child.order import Order, Outcome, Tell
from api.child.problem import no_room, problem
from api.jobs import batches, gather, names, record
from api.jobs.inputs import allowed, write_inputs
from api.jobs.patience import away, patiently
from api.jobs.queue import Queue
from api.jobs.record import Begun, Lost, Wish
from api.jobs.watch import Run, Watch
from api.settings import Settings
from api.store.documents import Documents
from api.store.results import put_result
from models.faults import StockpileError, StorageFull
from models.jobs import Limits

ROOM = 2**24
"""Bytes free on the disk below which no run begins."""
NO_ROOM = problem(StorageFull()).type
_log = structlog.get_logger()


class Runs(Protocol):
    """What runs orders: :class:`api.child.Zygote`."""

    def run(self, order: Order, tell: Tell, asked: Callable[[], Wish]) -> Outcome:
        """Do it and say what came of it."""
        ...


class Runner:
    """What the runs of a worker share."""

    def __init__(
        self,
        engine: sa.Engine,
        settings: Settings,
        documents: Documents,
        zygote: Runs,
        worker: str,
    ) -> None:
        self.engine, self.settings, self.documents = engine, settings, documents
        self.zygote, self.worker = zygote, worker
        self.queue = Queue(engine)
        self.watch = Watch(engine)
        self.work = settings.data / "work" / worker
        self.slots = threading.BoundedSemaphore(settings.slots)
        self.leaving = threading.Event()
        """Set when the worker has no more time for what runs."""
        self._lock = threading.Lock()
        self._active: dict[str, int] = {}

    def active(self) -> dict[str, int]:
        """Jobs under way here, and how many runs of each."""
        with self._lock:
            return dict(self._active)

    def run(self, job: str) -> None:
        """The workflow of one run. Whatever goes wrong is the job's outcome; only the loss of it is not."""
        self._under_way(job, self._run)

    def gather(self, job: str) -> None:
        """The workflow that puts a batch together."""
        self._under_way(job, self._gather)

    def register(self) -> None:
        """Make the workflows known to DBOS."""
        # How often a job may be begun is for us to say: it is counted in the job's row.
        DBOS.workflow(name=names.RUN, max_recovery_attempts=None)(_called(names.RUN, self.run))
        DBOS.workflow(name=names.GATHER, max_recovery_attempts=None)(_called(names.GATHER, self.gather))

    def _under_way(self, job: str, what: Callable[[Begun], bool]) -> None:
        with structlog.contextvars.bound_contextvars(job=job):
            with self._lock:
                self._active[job] = self._active.get(job, 0) + 1
            try:
                with self.slots:
                    begun = self._begin(job)
                    done = begun is None or what(begun)
            except _GivenBack:
                done = False
            finally:
                with self._lock:
                    self._active[job] -= 1
                    if not self._active[job]:
                        del self._active[job]
        if not done:
            # The workflow must not end here: it goes to another worker, and this process is about to end.
            threading.Event().wait()

    def _begin(self, job: str) -> Begun | None:
        if self.leaving.is_set():
            raise _GivenBack
        return patiently(
            lambda: record.begin(
                self.engine, job, self.worker, self.settings.attempts, self._expires, self._batch_ended
            )
        )

    @property
    def _expires(self) -> float:
        return self.settings.retention_days * 86400

    def _batch_ended(self, connection: sa.Connection, batch: str) -> None:
        batches.members_ended(connection, self.queue, batch, kept=self._expires)

    def _run(self, begun: Begun) -> bool:
        folder = self.work / f"{begun.claim.job}-{begun.claim.attempt}"
        run = Run(begun.claim, folder / "checkpoint", self.leaving.is_set)
        _log.info("run begins", attempt=begun.claim.attempt, kind=begun.row["kind"])
        try:
            outcome, result = self._outcome(begun, run, folder)
            if self.leaving.is_set() and outcome.state == "cancelled":
                patiently(lambda: self._give_back(run))
                return False
            self._finish(begun, outcome, result, run.rest())
        except Lost:
            _log.warning("run lost", attempt=begun.claim.attempt)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return True

    def _outcome(self, begun: Begun, run: Run, folder: Path) -> tuple[Outcome, str | None]:
        """What comes of a run, and the manifest of what it wrote. Raises Lost.

        Room for what it writes is waited for as long as the job may take.
        """
        started = time.monotonic()
        seconds, _, _ = allowed(self.settings, Limits.model_validate(begun.row["limits"]))

        def enough() -> bool:
            return run.asked() == "cancel" or time.monotonic() - started > seconds

        self.watch.add(run)
        try:
            outcome = patiently(lambda: self._child(begun, run, folder), enough=enough)
            if run.lost:
                raise Lost(begun.claim.job)
            if outcome.state == "succeeded":
                shutil.copyfile(folder / "log.txt", folder / "result" / "log.txt")
                result = folder / "result"
                return outcome, patiently(lambda: put_result(self.documents.blobs, result), enough=enough)
            return outcome, None
        except Exception as error:
            if away(error) and not run.lost and run.asked() == "cancel":
                return Outcome("cancelled", time.monotonic() - started), None
            return _failed(error, started), None
        finally:
            self.watch.remove(run)

    def _child(self, begun: Begun, run: Run, folder: Path) -> Outcome:
        """One run of its process. Raises StorageFull, and what stands in the way of beginning."""
        row = begun.row
        self.work.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(self.work).free < ROOM:
            raise StorageFull("Too little to begin a run.")
        kept = patiently(lambda: record.kept(self.engine, row["id"]))
        try:
            patiently(lambda: write_inputs(self.documents, row, folder, kept))
        except OSError as error:
            raise no_room(error) or error from error
        seconds, memory, threads = allowed(self.settings, Limits.model_validate(row["limits"]))
        order = Order(row["id"], row["work"], folder, seconds, memory, threads)
        outcome = self.zygote.run(order, run.tell, run.asked)
        if outcome.problem is not None and outcome.problem.type == NO_ROOM:
            raise StorageFull(outcome.problem.detail)
        return outcome

    def _give_back(self, run: Run) -> None:
        run.flush(self.engine)
        record.give_back(self.engine, run.claim)
        _log.info("run given back", attempt=run.claim.attempt)

    def _gather(self, begun: Begun) -> bool:
        started = time.monotonic()
        result = None
        try:
            result = patiently(lambda: gather.put_together(self.engine, self.documents.blobs, begun.row))
            outcome = Outcome("succeeded", seconds=time.monotonic() - started)
        except Exception as error:
            outcome = _failed(error, started)
        try:
            self._finish(begun, outcome, result, [])
        except Lost:
            _log.warning("batch lost", attempt=begun.claim.attempt)
        return True

    def _finish(
        self, begun: Begun, outcome: Outcome, result: str | None, messages: Sequence[Mapping[str, Any]]
    ) -> None:
        patiently(
            lambda: record.finish(
                self.engine,
                begun.claim,
                outcome,
                result,
                expires=self._expires,
                batch_ended=self._batch_ended,
                messages=messages,
            )
        )
        _log.info("ends", state=outcome.state, solver_status=outcome.solver_status, seconds=outcome.seconds)


class _GivenBack(Exception):
    """The worker leaves before the run has begun."""


def _failed(error: Exception, started: float) -> Outcome:
    """Whatever it is, it is this job's outcome; but for the loss of the job, which is raised."""
    if isinstance(error, Lost):
        raise error
    error = no_room(error) or error
    if not isinstance(error, StockpileError):
        _log.exception("run failed")
    seconds = time.monotonic() - started
    return Outcome("failed", seconds, solver_status="error", problem=problem(error))


def _called(name: str, method: Callable[[str], None]) -> Callable[[str], None]:
    """A function of its own for each workflow, as DBOS wants it."""

    def workflow(job: str) -> None:
        method(job)

    workflow.__name__ = workflow.__qualname__ = name
    return workflow
