"""A comparison at a server."""

from __future__ import annotations

import tempfile
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from api.cli.progress import live
from api.cli.remote.follow import Session, detached
from api.cli.remote.inline import inlined
from api.cli.remote.lines import Words
from api.cli.remote.where import Where, asked_for
from api.client import Client
from models.instance import Instance
from models.jobs import CompareRequest, Job, Limits
from models.options import Options

if TYPE_CHECKING:
    from optimizer.compare import Comparison

STOPPING = "stopping with what is done; Ctrl-C again leaves it to the server."


@dataclass(frozen=True)
class Asked:
    """What is compared, and how."""

    budgets: tuple[float, ...]
    alternatives: Path | None
    baseline: str | None
    regret: bool
    options: Options
    processes: int | None


def compare_there(
    where: Where, instance: Instance, asked: Asked, total: int, *, out: Path | None, as_json: bool
) -> int:
    """As :func:`api.cli.compare.command`, for so many alternatives that have been found to be in order."""
    from api.cli.compare import show

    def prepare(client: Client) -> CompareRequest:
        return request.model_copy(update={"instance": client.put_instance(instance).id})

    request = asked_for(
        CompareRequest,
        instance="0" * 64,
        budgets=asked.budgets,
        alternatives=inlined(asked.alternatives) if asked.alternatives is not None else (),
        baseline=asked.baseline,
        regret=asked.regret,
        options=asked.options,
        limits=Limits(threads=asked.processes),
    )
    with live("connecting") as line, Session(where, line, Words("compare")) as session:
        if where.detach:
            return detached(session, prepare, as_json=as_json)
        job = session.run(prepare, STOPPING)
        comparison = fetch(session.client, job, out)
    return show(comparison, total, out, as_json=as_json, goes_on=False)


def fetch(client: Client, job: Job, out: Path | None) -> Comparison:
    """The comparison of a job; with a folder, its files there."""
    from optimizer.compare import read_comparison

    with tempfile.TemporaryDirectory() if out is None else nullcontext(str(out)) as folder:
        client.download(job.id, folder, lambda path: path != "log.txt")
        return read_comparison(folder)
