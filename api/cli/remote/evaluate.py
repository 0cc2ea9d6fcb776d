"""An evaluation at a server."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api.cli.progress import live
from api.cli.remote.compare import STOPPING
from api.cli.remote.follow import Session, detached
from api.cli.remote.lines import Words
from api.cli.remote.where import Where, asked_for
from api.client import Client
from models.faults import UnknownWay
from models.instance import Instance
from models.jobs import EvaluateRequest, Job, Limits
from models.plan import Plan

if TYPE_CHECKING:
    from optimizer.evaluate import Evaluation


def evaluate_there(
    where: Where,
    instance: Instance,
    plan: Plan,
    scenarios: Instance | None,
    asked: Mapping[str, Any],
    *,
    processes: int | None,
    folder: Path,
    as_json: bool,
) -> int:
    """As :func:`api.cli.evaluate.command`; ``asked``: fields of an EvaluateWork."""
    from api.cli.evaluate import show
    from optimizer.evaluate import WAYS

    def prepare(client: Client) -> EvaluateRequest:
        given = client.put_instance(scenarios).id if scenarios is not None else None
        ids = {"instance": client.put_instance(instance).id, "scenarios": given}
        return request.model_copy(update=ids)

    unknown = [way for way in asked["ways"] if way not in WAYS]
    if unknown:
        raise UnknownWay(f"{', '.join(unknown)}; there are {', '.join(WAYS)}.")
    limits = Limits(threads=processes)
    request = asked_for(EvaluateRequest, plan=plan.model_dump(mode="json"), limits=limits, **asked)

    with live("connecting") as line, Session(where, line, Words("evaluate")) as session:
        if where.detach:
            return detached(session, prepare, as_json=as_json)
        job = session.run(prepare, STOPPING)
        evaluation = fetch(session.client, job, folder)
    return show(evaluation, folder, as_json=as_json)


def fetch(client: Client, job: Job, folder: Path) -> Evaluation:
    """The evaluation of a job, its files in a folder."""
    from optimizer.evaluate import read_evaluation
    from optimizer.evaluate.evaluation import TABLES

    client.download(job.id, folder, lambda path: path != "log.txt", anew=(TABLES,))
    return read_evaluation(folder)
