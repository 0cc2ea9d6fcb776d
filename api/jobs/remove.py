"""Giving up the results of a job before they expire by themselves."""

from __future__ import annotations

import sqlalchemy as sa

from api.jobs import events, query
from api.store.references import mentioned
from api.store.schema import checkpoints, jobs
from api.store.schema import events as told
from models.faults import JobInUse, NoSuchJob, NotFinished
from models.jobs import FINAL, Job

EXPIRED: events.Note = ("state", {"state": "expired", "solver_status": None})


def remove(connection: sa.Connection, tenant: str, job: str) -> Job:
    """The job, expired; of a batch, its jobs as well. Raises NoSuchJob, NotFinished, JobInUse.

    Its events go, as lines of its log are among them; one more tells that it has expired. Its blobs are
    touched before by the caller and removed by pruning.
    """
    found = query.row(connection, tenant, job)
    if found is None:
        raise NoSuchJob(job)
    if found["state"] not in FINAL:
        raise NotFinished(f"Job {job} is {found['state']}.")
    ids = [job, *connection.execute(sa.select(jobs.c.id).where(jobs.c.batch == job)).scalars()]
    _check(connection, tenant, frozenset(ids))
    ended = [jobs.c.state.in_(FINAL - {"expired"})]
    members = sa.or_(jobs.c.id == job, jobs.c.batch == job)
    gone = sa.select(jobs.c.id).where(members, *ended)
    for table in (told, checkpoints):
        connection.execute(sa.delete(table).where(table.c.job.in_(gone)))
    events.change(connection, [members, *ended], [EXPIRED], wanted=(), state="expired", result=None)
    return query.get(connection, tenant, job)


def _check(connection: sa.Connection, tenant: str, ids: frozenset[str]) -> None:
    """Whether a job that has not finished goes on from one of these. Raises JobInUse."""
    waiting = sa.select(jobs.c.id, jobs.c.work, jobs.c.parent).where(
        jobs.c.tenant == tenant, jobs.c.state.not_in(FINAL)
    )
    for id, work, parent in connection.execute(waiting):
        if parent in ids or not ids.isdisjoint(mentioned(work)):
            raise JobInUse(f"Job {id} goes on from it.")
