"""Scenarios sampled at a server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from api.cli.progress import live
from api.cli.remote.follow import Session, detached
from api.cli.remote.lines import Words
from api.cli.remote.where import Where, asked_for
from api.client import Client
from models import files
from models.faults import NoResult
from models.instance import Instance
from models.jobs import Job, SampleRequest

INSTANCE, TOLD = "instance.json", "sample.json"
STOPPING = "a sample cannot be cut short; Ctrl-C again leaves it to the server."


def sample_there(
    where: Where,
    instance: Instance,
    asked: Mapping[str, Any],
    *,
    out: Path | None,
    only_scenarios: bool,
    as_json: bool,
) -> int:
    """As :func:`api.cli.sample.command`; ``asked``: fields of a SampleWork."""
    from api.cli.sample import show

    def prepare(client: Client) -> SampleRequest:
        return request.model_copy(update={"instance": client.put_instance(instance).id})

    request = asked_for(SampleRequest, instance="0" * 64, **asked)
    with live("connecting") as line, Session(where, line, Words("sample")) as session:
        if where.detach:
            return detached(session, prepare, as_json=as_json)
        told, sampled = fetch(session.client, session.run(prepare, STOPPING))
    return show(told, sampled, out, only_scenarios=only_scenarios, as_json=as_json)


def fetch(client: Client, job: Job) -> tuple[dict[str, Any], Instance]:
    """What is told of a sample, and the instance with it."""
    told = json.loads(client.file(job.id, TOLD))
    if not isinstance(told, dict):
        raise NoResult(f"{TOLD} of job {job.id} is no record.")
    return told, files.read_bytes(client.file(job.id, INSTANCE), "json", INSTANCE)
