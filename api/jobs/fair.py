"""Tenants take turns: start-time fair queueing within each priority.

A job's turn is one more than that of its tenant's last job, but at least the turn now being served: who
sends ten thousand jobs waits in line behind himself, and who comes later with one is served next. A tenant
saves up nothing by being away. Source: Goyal, Vin and Cheng, Start-time Fair Queueing, SIGCOMM 1996, here
with jobs of equal cost.
"""

from __future__ import annotations

import sqlalchemy as sa

from api.store.schema import jobs

SPAN = (2**31 - 1) // 9
"""Turns of one priority that fit in the 31 bits the queue has; beyond, jobs are served as they came."""

_SERVED = ("running", "stopping", "succeeded", "failed", "cancelled", "expired")


def next_turn(connection: sa.Connection, tenant: str, priority: int) -> float:
    """The turn of a tenant's next job."""
    own = sa.select(sa.func.max(jobs.c.turn)).where(jobs.c.tenant == tenant, jobs.c.priority == priority)
    waiting = sa.select(sa.func.min(jobs.c.turn)).where(
        jobs.c.state == "queued", jobs.c.priority == priority, jobs.c.turn >= 0
    )
    # One look-up at the end of an index for each state.
    served = [
        sa.select(sa.func.max(jobs.c.turn))
        .where(jobs.c.state == state, jobs.c.priority == priority)
        .scalar_subquery()
        for state in _SERVED
    ]
    row = connection.execute(sa.select(own.scalar_subquery(), waiting.scalar_subquery(), *served)).one()
    last, first, *ended = row
    now_served = first if first is not None else max((turn for turn in ended if turn is not None), default=0)
    return float(max(last + 1 if last is not None else 0, now_served, 0))


def packed(priority: int, turn: float) -> int:
    """Priority and turn as one number; the lowest is served first."""
    return (priority - 1) * SPAN + min(int(turn), SPAN - 1) + 1
