"""A solve at a server."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from api.cli.progress import live
from api.cli.remote.follow import Session, detached
from api.cli.remote.lines import Words
from api.cli.remote.where import Where
from api.client import Client
from models.instance import Instance
from models.jobs import Job, SolveRequest
from models.options import Options
from models.plan import Plan

if TYPE_CHECKING:
    from api.client.download import Wanted

STOPPING = "stopping with the best plan found; Ctrl-C again leaves it to the server."


def solve(
    where: Where,
    instance: Instance,
    chosen: Options,
    *,
    warm: Plan | str | None,
    out: Path | None,
    formats: Sequence[str],
    read: float | None,
    as_json: bool,
) -> int:
    """As :func:`api.cli.solve.command`.

    ``warm``: a plan, or the job there that found one; ``read``: seconds of reading, for a profile.
    """
    from api.cli.solve import show

    def prepare(client: Client) -> SolveRequest:
        stored = client.put_instance(instance)
        sent = warm.model_dump(mode="json") if isinstance(warm, Plan) else None
        parent = warm if isinstance(warm, str) else None
        return SolveRequest(instance=stored.id, options=chosen, parent=parent, warm=sent)

    begun = time.perf_counter()
    with live("connecting") as line, Session(where, line, Words("solve")) as session:
        if where.detach:
            return detached(session, prepare, as_json=as_json)
        job = session.run(prepare, STOPPING)
        came = time.perf_counter()
        plan = fetch(session.client, job, out, formats)
    if read is None:
        return show(instance, plan, out, None, None, as_json=as_json)
    here = came - begun - sum(plan.effort.seconds.values())
    seconds = {"read": read, "send and wait": max(0.0, here), **plan.effort.seconds}
    seconds["write"] = time.perf_counter() - came
    return show(instance, plan, out, None, seconds, as_json=as_json)


def fetch(client: Client, job: Job, out: Path | None, formats: Sequence[str]) -> Plan:
    """The plan of a job; with a folder, its files there."""
    from optimizer.results import TABLES, WORKBOOK, read_plan

    if out is None:
        return client.plan(job.id)
    client.download(job.id, out, wanted(formats), anew=(TABLES, WORKBOOK))
    return read_plan(out)


def wanted(formats: Sequence[str], *, log: bool = False) -> Wanted:
    """Which files a solve with these formats of tables has here."""
    from optimizer.results import INSTANCE, PLAN, SUMMARY, TABLES, WORKBOOK

    always = {INSTANCE, PLAN, SUMMARY} | ({"log.txt"} if log else set())

    def is_wanted(path: str) -> bool:
        if path == WORKBOOK:
            return "xlsx" in formats
        return path in always or (path.startswith(f"{TABLES}/") and path.rpartition(".")[2] in formats)

    return is_wanted
