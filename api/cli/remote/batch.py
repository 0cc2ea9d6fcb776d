"""Many instances at a server; the same folders and the same table as here."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from api.cli.progress import live
from api.cli.remote.compare import STOPPING
from api.cli.remote.follow import Session, detached
from api.cli.remote.lines import Words
from api.cli.remote.solve import wanted
from api.cli.remote.where import Where, asked_for
from api.client import Client
from api.client.download import checked
from api.client.problems import of_problem
from models import files
from models.faults import NotFinished, StockpileError
from models.files.atomic import write_file
from models.instance.base import well_formed
from models.jobs import FINAL, BatchRequest, Job, Limits, Member
from models.options import Options
from optimizer.batch import Outcome, earlier, not_started
from optimizer.batch.inputs import find_instances, named
from optimizer.batch.outcome import FAILED, NO_PLAN, PLAN, figures, of_error
from optimizer.batch.request import Request, key
from optimizer.exits import exit_code
from optimizer.results import TABLES, WORKBOOK, read_plan

if TYPE_CHECKING:
    import pandas as pd


class NothingToSend(Exception):
    """Every instance has its outcome already."""


@dataclass
class Batch:
    """Instances by name, and what is known of each."""

    requests: dict[str, Request]
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    sent: dict[str, str] = field(default_factory=dict)
    """Name at the server of each instance that was sent."""
    keys: dict[str, str] = field(default_factory=dict)
    """Of these, what :func:`optimizer.batch.request.key` says."""

    def members(self, client: Client, session: Session, *, resume: bool, strict: bool) -> Iterator[Member]:
        """Send every instance that needs solving. Faulty ones have their outcome at once, or are raised if
        ``strict``; with ``resume`` so have those that are done. Raises KeyboardInterrupt when stopped."""
        for number, (name, request) in enumerate(self.requests.items(), start=1):
            if session.stop.is_set():
                raise KeyboardInterrupt
            session.line(f"sending instance {number:,} of {len(self.requests):,}")
            kept = earlier(request) if resume else None
            if kept is not None:
                self.outcomes[name] = kept
                continue
            begun = time.perf_counter()
            try:
                instance = files.read(request.path)
            except StockpileError as error:
                if strict:
                    raise
                wrong = Outcome(name, request.path, request.folder, FAILED, **of_error(error))
                self.put(replace(wrong, seconds=time.perf_counter() - begun), log="")
                continue
            self.keys[name] = key(instance, request)
            self.sent[name] = name if self.may_be_sent(name) else self.other_name(number)
            yield Member(name=self.sent[name], instance=client.put_instance(instance).id)

    @staticmethod
    def may_be_sent(name: str) -> bool:
        """A folder here may have a name that a member of a batch may not."""
        return well_formed(name, an_id=True) and not {"/", "\\"} & set(name) and name not in (".", "..")

    def other_name(self, number: int) -> str:
        """A name that no other instance has."""
        name = f"instance {number}"
        while name in self.requests:
            name += "'"
        return name

    def put(self, outcome: Outcome, log: str | None = None) -> None:
        """An outcome, written into its folder, with a log that is not there yet."""
        if log is not None:
            write_file(Path(outcome.folder) / "log.txt", log.encode())
        outcome.write()
        self.outcomes[outcome.name] = outcome

    def take(self, client: Client, job: Job, name: str, formats: Sequence[str]) -> None:
        """What came of a member."""
        request, log = self.requests[name], None
        if job.state == "succeeded":
            folder = Path(request.folder)
            client.download(job.id, folder, wanted(formats, log=True), anew=(TABLES, WORKBOOK))
            plan = read_plan(folder)
            outcome = Outcome(
                name=name,
                path=request.path,
                folder=request.folder,
                outcome=PLAN if plan.commitments is not None else NO_PLAN,
                exit_code=exit_code(plan),
                status=plan.status,
                fingerprint=plan.fingerprint,
                key=self.keys.get(name, ""),
                figures=figures(plan),
            )
        elif job.problem is not None:
            error = of_error(of_problem(job.problem))
            outcome = Outcome(name, request.path, request.folder, FAILED, **error)
            log = client.log(job.id)
        else:
            outcome = not_started(request)
        self.put(replace(outcome, seconds=job.seconds, memory_mb=job.memory_mb), log)


def batch_there(
    where: Where,
    paths: Sequence[str],
    out: Path,
    chosen: Options,
    *,
    resume: bool,
    formats: Sequence[str],
    memory: float | None,
    as_json: bool,
) -> int:
    """As :func:`api.cli.batch.command`."""
    from api.cli.batch import show
    from optimizer.batch import table_of, write_table

    def prepare(client: Client) -> BatchRequest:
        sent = tuple(batch.members(client, session, resume=resume, strict=where.detach))
        if not sent:
            raise NothingToSend
        return asked_for(BatchRequest, instances=sent, options=chosen, limits=Limits(memory_gb=memory))

    with live("looking for instances") as line, Session(where, line, Words("batch")) as session:
        found = named(find_instances(paths, skip=out))
        batch = Batch({name: _request(name, path, out, chosen, formats) for name, path in found})
        try:
            if where.detach:
                return detached(session, prepare, as_json=as_json)
            job = session.run(prepare, STOPPING, whatever=True)
            members = {m.member: m for m in session.client.every_job(batch=job.id, limit=200)}
            for name, sent in batch.sent.items():
                line(f"fetching the result of {name}")
                batch.take(session.client, members[sent], name, formats)
        except NothingToSend:
            line("nothing is left to be done")
        table = table_of(batch.outcomes[name] for name in batch.requests)
        write_table(table, out)
    return show(table, out, as_json=as_json)


def collected(client: Client, job: Job, out: Path, formats: Sequence[str]) -> pd.DataFrame:
    """The table of a batch that somebody has submitted, its files below ``out``. Raises NotFinished."""
    from optimizer.batch import table_of, write_table

    if job.state not in FINAL:
        raise NotFinished(f"{job.id} is {job.state}.")
    members = {checked(m.member or m.id): m for m in client.every_job(batch=job.id, limit=200)}
    order = [str(member["name"]) for member in job.work["instances"]]
    options = Options.model_validate(job.work.get("options", {}))
    batch = Batch({n: _request(n, Path(members[n].instance or n), out, options, formats) for n in order})
    for name in order:
        batch.take(client, members[name], name, formats)
    table = table_of(batch.outcomes[name] for name in order)
    write_table(table, out)
    return table


def _request(name: str, path: Path, out: Path, chosen: Options, formats: Sequence[str]) -> Request:
    """An instance as a batch here is asked to solve it: what resuming goes by."""
    return Request(
        path=str(path),
        folder=str(out / name),
        name=name,
        options=chosen,
        asked=chosen,
        formats=tuple(formats),
        memory=0,
        parent=os.getpid(),
    )
