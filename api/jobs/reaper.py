"""Jobs of workers that are silent go to the living."""

from __future__ import annotations

import time
from collections.abc import Mapping

import sqlalchemy as sa
import structlog
from dbos import DBOS

from api.jobs import names
from api.jobs.background import Background
from api.jobs.heartbeat import Heart, clock
from api.jobs.patience import away
from api.jobs.workflows import Runner
from api.settings import Settings
from api.store.database import reading
from api.store.schema import workers

_log = structlog.get_logger()


def living(engine: sa.Engine, dead_seconds: float) -> set[str]:
    """The workers that have been heard of."""
    with reading(engine) as connection:
        recent = workers.c.heartbeat > clock(connection) - dead_seconds
        return set(connection.scalars(sa.select(workers.c.id).where(recent)))


class Reaper(Background):
    """The thread. Races between reapers do no harm: only what is still the dead one's is taken from it."""

    def __init__(self, engine: sa.Engine, settings: Settings, runner: Runner, heart: Heart) -> None:
        self.engine, self.settings, self.runner, self.heart = engine, settings, runner, heart
        self.strays: dict[str, float] = {}
        super().__init__("reaper")

    def _loop(self) -> None:
        while not self._ended.wait(min(1.0, self.settings.dead_seconds / 4)):
            since = self.heart.since
            if since is None or self.heart.hushed or time.monotonic() - since < self.settings.dead_seconds:
                continue  # who was silent itself does not know who else lives
            try:
                self.reap()
            except Exception as error:
                _log.warning("reaper", error=repr(error), exc_info=not away(error))

    def reap(self) -> list[str]:
        """Have the jobs of the dead run again; returns the dead that had any."""
        alive = living(self.engine, self.settings.dead_seconds) | {self.runner.worker}
        under_way = DBOS.list_workflows(
            status="PENDING", queue_name=names.QUEUE, load_input=False, load_output=False
        )
        owners = {status.workflow_id: status.executor_id for status in under_way}
        dead = sorted({owner for owner in owners.values() if owner is not None} - alive)
        if dead:
            _log.warning("workers are silent; their jobs go on elsewhere", workers=dead)
            DBOS._recover_pending_workflows(dead)
        self._strays({job for job, owner in owners.items() if owner == self.runner.worker})
        return dead

    def _strays(self, mine: set[str]) -> None:
        """What the database says runs here and does not: taken from the queue when something went wrong."""
        now = time.monotonic()
        active = self.runner.active()
        lost = {id for id in mine if id.removesuffix(f"-{names.GATHER}") not in active}
        self.strays = {id: self.strays.get(id, now) for id in lost}
        for id, since in self.strays.items():
            if now - since > 2 * self.settings.dead_seconds:
                _log.warning("a job that was taken was never begun", job=id)
                resume({id: self.runner.worker})


def resume(owners: Mapping[str, str]) -> None:
    """Put back single workflows into the queue if they still are their owners'."""
    from dbos._dbos import _get_dbos_instance

    system = _get_dbos_instance()._sys_db
    for id, owner in owners.items():
        system.reenqueue_for_recovery(id, [owner], names.QUEUE)
