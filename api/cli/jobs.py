"""``stockpile jobs``: list, show, watch, stop, cancel, fetch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.output import Json, emit, say
from api.cli.remote.where import Insecure, Key, Server, Where, needed
from api.cli.solve import Tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from api.client import Client
    from models.jobs import Job

NAME = "jobs"
HELP = "Jobs at a server: list, show, watch, stop, cancel, fetch."

app = typer.Typer(name=NAME, help=HELP, no_args_is_help=True)

Id = Annotated[str, typer.Argument(metavar="JOB", help="Id of the job, as solve --detach prints it.")]


def list_jobs(
    server: Server = None,
    key: Key = None,
    insecure: Insecure = False,
    state: Annotated[
        str | None,
        typer.Option("--state", help="In one of these states, e.g. --state queued,running."),
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--kind", help="Of one of these kinds, e.g. --kind solve.")
    ] = None,
    tag: Annotated[
        str | None, typer.Option("--tag", help="With all of these tags, e.g. --tag base,2027.")
    ] = None,
    batch: Annotated[str | None, typer.Option("--batch", help="Of the batch that is this job.")] = None,
    number: Annotated[
        int, typer.Option("--number", help="The newest so many, e.g. --number 100.", min=1)
    ] = 20,
    as_json: Json = False,
) -> int:
    """List the newest jobs.

    Example: stockpile jobs list --state queued,running
    """
    from itertools import islice

    from api.cli.remote.words import table

    there = needed(server, key, insecure)
    wanted = {"state": _words(state), "kind": _words(kind), "tag": _words(tag)}
    with _client(there) as client:
        found = list(islice(client.every_job(**wanted, batch=batch, limit=min(number, 200)), number))
    if as_json:
        emit({"jobs": [job.model_dump(mode="json") for job in found]})
    else:
        say(table(found))
    return 0


def show(
    job: Id, server: Server = None, key: Key = None, insecure: Insecure = False, as_json: Json = False
) -> int:
    """Show one job.

    Example: stockpile jobs show 0123456789abcdef0123456789abcdef
    """
    return _one(needed(server, key, insecure), lambda client: client.job(job), as_json=as_json)


def watch(
    job: Id, server: Server = None, key: Key = None, insecure: Insecure = False, as_json: Json = False
) -> int:
    """Watch a job until it has ended. Ctrl-C leaves; the job goes on.

    The exit code is 0 if it succeeded, 4 if it was cancelled, otherwise that of its failure.

    Example: stockpile jobs watch 0123456789abcdef0123456789abcdef
    """
    from api.cli.progress import live
    from api.cli.remote.follow import Session
    from api.cli.remote.lines import Words
    from api.client.problems import succeeded

    there = needed(server, key, insecure)
    with live("connecting") as line, _client(there) as client:
        kind = client.job(job).kind
        with Session(there, line, Words(kind)) as session:
            ended = session.watch(job)
    if ended.state == "succeeded":
        _tell(ended, as_json=as_json)
    succeeded(ended)
    return 0


def stop(
    job: Id, server: Server = None, key: Key = None, insecure: Insecure = False, as_json: Json = False
) -> int:
    """Ask a job to end with the best it has found; one that waits is cancelled.

    Example: stockpile jobs stop 0123456789abcdef0123456789abcdef
    """
    return _one(needed(server, key, insecure), lambda client: client.stop(job), as_json=as_json)


def cancel(
    job: Id, server: Server = None, key: Key = None, insecure: Insecure = False, as_json: Json = False
) -> int:
    """End a job and discard what it has; of a batch, all its jobs.

    Example: stockpile jobs cancel 0123456789abcdef0123456789abcdef
    """
    return _one(needed(server, key, insecure), lambda client: client.cancel(job), as_json=as_json)


def fetch(
    job: Id,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder for the files; of a sample also a file, e.g. --out out/base."),
    ] = None,
    server: Server = None,
    key: Key = None,
    insecure: Insecure = False,
    tables: Tables = "csv,parquet,xlsx",
    as_json: Json = False,
) -> int:
    """Fetch the result of a job that has ended: files, output and exit code of the command that submitted it.

    Example: stockpile jobs fetch 0123456789abcdef0123456789abcdef --out out/base
    """
    from api.cli.remote.fetch import fetched
    from api.cli.solve import table_formats

    with _client(needed(server, key, insecure)) as client:
        return fetched(client, job, out, table_formats(tables), as_json=as_json)


app.command("list")(list_jobs)
app.command("show")(show)
app.command("watch")(watch)
app.command("stop")(stop)
app.command("cancel")(cancel)
app.command("fetch")(fetch)


def _client(there: Where) -> Client:
    from api.client import Retry

    return there.client(Retry())


def _one(there: Where, ask: Callable[[Client], Job], *, as_json: bool) -> int:
    with _client(there) as client:
        _tell(ask(client), as_json=as_json)
    return 0


def _tell(job: Job, *, as_json: bool) -> None:
    from api.cli.remote.words import about

    if as_json:
        emit(job.model_dump(mode="json"))
    else:
        say(about(job))


def _words(text: str | None) -> list[str]:
    return [word.strip() for word in (text or "").split(",") if word.strip()]
