"""The service from an asynchronous program."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
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


async def sleep(seconds: float, _: StockpileError) -> None:
    """Wait before a call is sent again."""
    await asyncio.sleep(seconds)


class AsyncClient:
    """A connection to a server, to be used with ``async with`` or closed; tasks of one loop share it.

    Its methods are those of :class:`api.client.Client`, and raise the same.
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        insecure: bool = False,
        timeout: float = 60.0,
        retry: Retry = PATIENT,
        pause: Callable[[float, StockpileError], Awaitable[None]] = sleep,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.target = Target(url, key, insecure, timeout)
        self.retry, self.pause = retry, pause
        self._http = httpx.AsyncClient(transport=transport, **self.target.settings())

    async def __aenter__(self) -> AsyncClient:
        """Itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def send(self, call: Call[T]) -> T:
        """Send a call, again where that is of use, and read its answer."""
        attempts = Attempts(self.retry, call.on_demand)
        while True:
            try:
                response = await self._http.send(call.request(self._http))
                wait = attempts.judge(response)
            except httpx.RequestError as error:
                wait = attempts.judge(error)
            if wait is None:
                return ready(call, response)
            await self.pause(wait, attempts.reason)

    # Instances.

    async def put_instance(self, instance: Instance | Mapping[str, Any]) -> InstanceRecord:
        """Store an instance; the same content has the same ``id``. Raises FaultyInstance."""
        return await self.send(calls.put_instance(instance))

    async def upload_instance(self, data: bytes, media_type: str) -> InstanceRecord:
        """The same from the bytes of a file: JSON, YAML, xlsx, or a zip of CSV tables."""
        return await self.send(calls.upload_instance(data, media_type))

    async def instance(self, id: str) -> Instance:
        """A stored instance. Raises NoSuchInstance."""
        return await self.send(calls.instance(id))

    async def instances(self, **query: Any) -> InstancePage:
        """Stored instances, a page at a time: ``cursor``, ``limit``."""
        return await self.send(calls.instances(**query))

    async def delete_instance(self, id: str) -> None:
        """Remove a stored instance."""
        await self.send(calls.delete_instance(id))

    async def validate(self, instance: Instance | Mapping[str, Any]) -> Validation:
        """Faults and warnings of an instance; nothing is stored."""
        return await self.send(calls.validate(instance))

    # Jobs.

    async def submit(self, request: Request, *, key: str | None = None, wait: float | None = None) -> Job:
        """Submit a job.

        ``key``: of idempotency; the same key and request give the same job, whenever and how often it is
        submitted (a new one by default). ``wait``: seconds the service may take to answer, with the job as it
        has ended by then.
        """
        return await self.send(calls.submit(request, key=key, wait=wait))

    async def job(self, id: str) -> Job:
        """A job as it stands. Raises NoSuchJob."""
        return await self.send(calls.job(id))

    async def jobs(self, **query: Any) -> JobPage:
        """Jobs, newest first, a page at a time; ``query`` as in :func:`api.client.calls.jobs`."""
        return await self.send(calls.jobs(**query))

    async def every_job(self, **query: Any) -> AsyncIterator[Job]:
        """The same, page after page."""
        while True:
            page = await self.jobs(**query)
            for job in page.jobs:
                yield job
            if page.next is None:
                return
            query["cursor"] = page.next

    async def events(self, job: str, after: int = 0) -> list[Event]:
        """What has happened to a job, from after the event of this id on."""
        return await self.send(calls.events(job, after))

    async def stop(self, job: str) -> Job:
        """End a job with the best it has; one that waits is cancelled."""
        return await self.send(calls.stop(job))

    async def cancel(self, job: str) -> Job:
        """End a job and discard what it has."""
        return await self.send(calls.cancel(job))

    async def delete(self, job: str) -> Job:
        """Cancel a job that has not ended; remove the results of one that has."""
        return await self.send(calls.delete(job))

    async def watch(self, job: str, after: int = 0) -> AsyncIterator[Event]:
        """Everything that happens to a job until it has ended, each once and in order.

        A connection that is lost is made anew, and the events go on where they broke off.
        """
        feed, attempts = Feed(job, after), Attempts(self.retry)
        while not feed.ended:
            came = feed.last
            try:
                request = feed.call().request(self._http)
                request.extensions["timeout"] = self.target.quiet()
                response = await self._http.send(request, stream=True)
                try:
                    if not response.is_success:
                        await response.aread()
                    wait = attempts.judge(response)
                    if wait is None:
                        async for data in response.aiter_bytes():
                            for event in feed.take(data):
                                yield event
                finally:
                    await response.aclose()
            except httpx.RequestError as error:
                wait = attempts.judge(error)
            if wait is None and not feed.ended:
                if feed.last == came and (await self.job(job)).state in FINAL:
                    return
                wait = self.retry.first
            if wait is not None:
                await self.pause(wait, attempts.reason)

    async def wait(self, job: str, timeout: float | None = None) -> Job:
        """The job when it has ended, however it did. Raises NotFinished after ``timeout`` seconds."""
        wait = Wait(timeout)
        while not wait.over(found := await self.send(calls.job(job, wait.ask()))):
            await asyncio.sleep(wait.seconds())
        return found

    async def run(self, request: Request) -> Job:
        """Submit a job and wait for its result. Raises what made it fail."""
        return succeeded(await self.wait((await self.submit(request)).id))

    async def solve(
        self,
        instance: Instance | Mapping[str, Any] | str,
        options: Options | None = None,
        **envelope: Any,
    ) -> Plan:
        """The best plan for an instance, or for the id of a stored one; ``envelope``: priority, tags, ..."""
        return await self.plan((await self.run(solve_request(instance, options, envelope))).id)

    # Results. Each raises NotFinished, NoResult, Expired, NoSuchJob.

    async def plan(self, job: str, *, alternative: str | None = None) -> Plan:
        """The plan of a solve, or of an alternative of a comparison."""
        return await self.send(calls.plan(job, alternative))

    async def table(self, job: str, name: str) -> pd.DataFrame:
        """A table of a result. Raises NoSuchFile."""
        return await self.send(calls.table(job, name))

    async def files(self, job: str) -> Manifest:
        """What files a result has."""
        return await self.send(calls.files(job))

    async def file(self, job: str, path: str) -> bytes:
        """One of them. Raises NoSuchFile."""
        return await self.send(calls.file(job, path))

    async def download(
        self, job: str, folder: str | Path, wanted: Wanted = everything, *, anew: Collection[str] = ()
    ) -> Manifest:
        """All of them, or those that are wanted, into a folder, whole or not at all.

        ``anew``: files and folders of which nothing earlier is to stay. Raises DamagedBlob, UnwritableFile.
        """
        manifest = await self.files(job)
        with Download(manifest, folder, wanted, anew) as download:
            for file in download:
                download.take(file, await self.file(job, file.path))
        return manifest

    async def report(self, job: str) -> str:
        """The HTML report of a result."""
        return await self.send(calls.report(job))

    async def log(self, job: str) -> str:
        """What the job's process wrote."""
        return await self.send(calls.log(job))

    async def model(self, job: str, format: str = "mps", *, alternative: str | None = None) -> bytes:
        """The whole model of a solve, or of an alternative of a comparison, for other solvers.

        ``format``: mps, lp, or columns.csv, which tells what each column is.
        """
        return await self.send(calls.model_file(job, format, alternative))
