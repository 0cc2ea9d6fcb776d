"""The result of any job, as the command that would have made it here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from api.client import Client
from api.client.problems import succeeded
from models.jobs import Job


def fetched(client: Client, id: str, out: Path | None, formats: Sequence[str], *, as_json: bool) -> int:
    """Fetch, write, print; the exit code. Raises NotFinished, Cancelled, and what made the job fail."""
    job = client.job(id)
    if job.kind != "batch":
        succeeded(job)
    match job.kind:
        case "solve":
            return _solve(client, job, out, formats, as_json=as_json)
        case "compare":
            return _compare(client, job, out, as_json=as_json)
        case "evaluate":
            return _evaluate(client, job, out, as_json=as_json)
        case "sample":
            return _sample(client, job, out, as_json=as_json)
        case "batch":
            return _batch(client, job, out, formats, as_json=as_json)


def _solve(client: Client, job: Job, out: Path | None, formats: Sequence[str], *, as_json: bool) -> int:
    from api.cli.remote.solve import fetch
    from api.cli.solve import show
    from models import files
    from optimizer.results import INSTANCE

    plan = fetch(client, job, out, formats)
    instance = files.read_bytes(client.file(job.id, INSTANCE), "json", INSTANCE)
    return show(instance, plan, out, None, None, as_json=as_json)


def _compare(client: Client, job: Job, out: Path | None, *, as_json: bool) -> int:
    from api.cli.compare import show
    from api.cli.remote.compare import fetch

    comparison = fetch(client, job, out)
    total = len(set(comparison.plans) | set(comparison.missing))
    return show(comparison, total, out, as_json=as_json, goes_on=False)


def _evaluate(client: Client, job: Job, out: Path | None, *, as_json: bool) -> int:
    from api.cli.evaluate import show
    from api.cli.remote.evaluate import fetch

    folder = _needed(out, job)
    return show(fetch(client, job, folder), folder, as_json=as_json)


def _sample(client: Client, job: Job, out: Path | None, *, as_json: bool) -> int:
    from api.cli.remote.sample import fetch
    from api.cli.sample import show

    told, instance = fetch(client, job)
    return show(told, instance, out, only_scenarios=False, as_json=as_json)


def _batch(client: Client, job: Job, out: Path | None, formats: Sequence[str], *, as_json: bool) -> int:
    from api.cli.batch import show
    from api.cli.remote.batch import collected

    folder = _needed(out, job)
    return show(collected(client, job, folder, formats), folder, as_json=as_json)


def _needed(out: Path | None, job: Job) -> Path:
    if out is None:
        raise typer.BadParameter(f"--out: a result of kind {job.kind} goes into a folder; name one.")
    return out
