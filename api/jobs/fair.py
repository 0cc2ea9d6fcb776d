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


_TENANT, _PRIORITY = sa.bindparam("tenant", type_=sa.String), sa.bindparam("priority", type_=sa.Integer)


def _last(state: str) -> sa.ScalarSelect[float]:
    """The highest turn of a state: one look-up at the end of an index."""
    last = sa.select(sa.func.max(jobs.c.turn)).where(jobs.c.state == state, jobs.c.priority == _PRIORITY)
    return last.scalar_subquery()


# Statements are made once: making them anew for each job takes longer than running them.
_TURNS = sa.select(
    sa.select(sa.func.max(jobs.c.turn))
    .where(jobs.c.tenant == _TENANT, jobs.c.priority == _PRIORITY)
    .scalar_subquery(),
    sa.select(sa.func.min(jobs.c.turn))
    .where(jobs.c.state == "queued", jobs.c.priority == _PRIORITY, jobs.c.turn >= 0)
    .scalar_subquery(),
    *map(_last, _SERVED),
)


def next_turn(connection: sa.Connection, tenant: str, priority: int) -> float:
    """The turn of a tenant's next job."""
    row = connection.execute(_TURNS, {"tenant": tenant, "priority": priority}).one()
    last, first, *ended = row
    now_served = first if first is not None else max((turn for turn in ended if turn is not None), default=0)
    return float(max(last + 1 if last is not None else 0, now_served, 0))


def packed(priority: int, turn: float) -> int:
    """Priority and turn as one number; the lowest is served first."""
    return (priority - 1) * SPAN + min(int(turn), SPAN - 1) + 1
