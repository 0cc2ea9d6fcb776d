"""The service from a program."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

from api.client import calls
from api.client.call import Call
from api.client.calls import InstancePage, JobPage, Validation
from api.client.download import Download, Wanted, everything
from api.client.feed import Feed
from api.client.flow import Wait, ready, solve_request
from api.client.problems import succeeded
from api.client.retry import PATIENT, Attempts, Retry
from api.client.target import Target
from models.faults import StockpileError
from models.instance import Instance
from models.jobs import FINAL, Event, InstanceRecord, Job, Manifest, Request
from models.options import Options
from models.plan import Plan

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")


def sleep(seconds: float, _: StockpileError) -> None:
    """Wait before a call is sent again."""
    time.sleep(seconds)


class Client:
    """A connection to a server, to be used with ``with`` or closed; threads may share it.

    Every method raises the errors of :mod:`models.faults` that the service describes, Unavailable if it
    cannot be reached for longer than ``retry.patience``, and BadServer for an address that cannot be used or
    that the key must not be sent to. What failed on the way is sent again: no call does anything twice.
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        insecure: bool = False,
        timeout: float = 60.0,
        retry: Retry = PATIENT,
        pause: Callable[[float, StockpileError], None] = sleep,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.target = Target(url, key, insecure, timeout)
        self.retry, self.pause = retry, pause
        self._http = httpx.Client(transport=transport, **self.target.settings())

    def __enter__(self) -> Client:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def send(self, call: Call[T]) -> T:
        """Send a call, again where that is of use, and read its answer."""
        attempts = Attempts(self.retry, call.on_demand)
        while True:
            try:
                response = self._http.send(call.request(self._http))
                wait = attempts.judge(response)
            except httpx.RequestError as error:
                wait = attempts.judge(error)
            if wait is None:
                return ready(call, response)
            self.pause(wait, attempts.reason)

    # Instances.

    def put_instance(self, instance: Instance | Mapping[str, Any]) -> InstanceRecord:
        """Store an instance; the same content has the same ``id``. Raises FaultyInstance."""
        return self.send(calls.put_instance(instance))

    def upload_instance(self, data: bytes, media_type: str) -> InstanceRecord:
        """The same from the bytes of a file: JSON, YAML, xlsx, or a zip of CSV tables."""
        return self.send(calls.upload_instance(data, media_type))

    def instance(self, id: str) -> Instance:
        """A stored instance. Raises NoSuchInstance."""
        return self.send(calls.instance(id))

    def instances(self, **query: Any) -> InstancePage:
        """Stored instances, a page at a time: ``cursor``, ``limit``."""
        return self.send(calls.instances(**query))

    def delete_instance(self, id: str) -> None:
        """Remove a stored instance."""
        self.send(calls.delete_instance(id))

    def validate(self, instance: Instance | Mapping[str, Any]) -> Validation:
        """Faults and warnings of an instance; nothing is stored."""
        return self.send(calls.validate(instance))

    # Jobs.

    def submit(self, request: Request, *, key: str | None = None, wait: float | None = None) -> Job:
        """Submit a job.

        ``key``: of idempotency; the same key and request give the same job, whenever and how often it is
        submitted (a new one by default). ``wait``: seconds the service may take to answer, with the job as it
        has ended by then.
        """
        return self.send(calls.submit(request, key=key, wait=wait))

    def job(self, id: str) -> Job:
        """A job as it stands. Raises NoSuchJob."""
        return self.send(calls.job(id))

    def jobs(self, **query: Any) -> JobPage:
        """Jobs, newest first, a page at a time; ``query`` as in :func:`api.client.calls.jobs`."""
        return self.send(calls.jobs(**query))

    def every_job(self, **query: Any) -> Iterator[Job]:
        """The same, page after page."""
        while True:
            page = self.jobs(**query)
            yield from page.jobs
            if page.next is None:
                return
            query["cursor"] = page.next

    def events(self, job: str, after: int = 0) -> list[Event]:
        """What has happened to a job, from after the event of this id on."""
        return self.send(calls.events(job, after))

    def stop(self, job: str) -> Job:
        """End a job with the best it has; one that waits is cancelled."""
        return self.send(calls.stop(job))

    def cancel(self, job: str) -> Job:
        """End a job and discard what it has."""
        return self.send(calls.cancel(job))

    def delete(self, job: str) -> Job:
        """Cancel a job that has not ended; remove the results of one that has."""
        return self.send(calls.delete(job))

    def watch(self, job: str, after: int = 0) -> Iterator[Event]:
        """Everything that happens to a job until it has ended, each once and in order.

        A connection that is lost is made anew, and the events go on where they broke off.
        """
        feed, attempts = Feed(job, after), Attempts(self.retry)
        while not feed.ended:
            came = feed.last
            try:
                request = feed.call().request(self._http)
                request.extensions["timeout"] = self.target.quiet()
                response = self._http.send(request, stream=True)
                try:
                    if not response.is_success:
                        response.read()
                    wait = attempts.judge(response)
                    if wait is None:
                        for data in response.iter_bytes():
                            yield from feed.take(data)
                finally:
                    response.close()
            except httpx.RequestError as error:
                wait = attempts.judge(error)
            if wait is None and not feed.ended:
                if feed.last == came and self.job(job).state in FINAL:
                    return
                wait = self.retry.first
            if wait is not None:
                self.pause(wait, attempts.reason)

    def wait(self, job: str, timeout: float | None = None) -> Job:
        """The job when it has ended, however it did. Raises NotFinished after ``timeout`` seconds."""
        wait = Wait(timeout)
        while not wait.over(found := self.send(calls.job(job, wait.ask()))):
            time.sleep(wait.seconds())
        return found

    def run(self, request: Request) -> Job:
        """Submit a job and wait for its result. Raises what made it fail."""
        return succeeded(self.wait(self.submit(request).id))

    def solve(
        self,
        instance: Instance | Mapping[str, Any] | str,
        options: Options | None = None,
        **envelope: Any,
    ) -> Plan:
        """The best plan for an instance, or for the id of a stored one; ``envelope``: priority, tags, ..."""
        return self.plan(self.run(solve_request(instance, options, envelope)).id)

    # Results. Each raises NotFinished, NoResult, Expired, NoSuchJob.

    def plan(self, job: str, *, alternative: str | None = None) -> Plan:
        """The plan of a solve, or of an alternative of a comparison."""
        return self.send(calls.plan(job, alternative))

    def table(self, job: str, name: str) -> pd.DataFrame:
        """A table of a result. Raises NoSuchFile."""
        return self.send(calls.table(job, name))

    def files(self, job: str) -> Manifest:
        """What files a result has."""
        return self.send(calls.files(job))

    def file(self, job: str, path: str) -> bytes:
        """One of them. Raises NoSuchFile."""
        return self.send(calls.file(job, path))

    def download(
        self, job: str, folder: str | Path, wanted: Wanted = everything, *, anew: Collection[str] = ()
    ) -> Manifest:
        """All of them, or those that are wanted, into a folder, whole or not at all.

        ``anew``: files and folders of which nothing earlier is to stay. Raises DamagedBlob, UnwritableFile.
        """
        manifest = self.files(job)
        with Download(manifest, folder, wanted, anew) as download:
            for file in download:
                download.take(file, self.file(job, file.path))
        return manifest

    def report(self, job: str) -> str:
        """The HTML report of a result, made if it is not there yet."""
        return self.send(calls.report(job))

    def log(self, job: str) -> str:
        """What the job's process wrote."""
        return self.send(calls.log(job))

    def model(self, job: str, format: str = "mps", *, alternative: str | None = None) -> bytes:
        """The whole model of a solve, or of an alternative of a comparison, for other solvers.

        ``format``: mps, lp, or columns.csv, which tells what each column is.
        """
        return self.send(calls.model_file(job, format, alternative))
