"""Reports and models on demand: what they are made from, and the answers while and after they are made."""

from __future__ import annotations

import html
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request
from starlette.responses import Response

from api.http.derived import AGAIN, Derived, Fill
from api.http.parts import Parts, parts
from api.http.stored import stored
from models.faults import NoResult, NoSuchFile, Unavailable
from models.jobs import Job, Manifest

if TYPE_CHECKING:
    from api.store.documents import Documents

PATIENCE = 10.0
"""Seconds for which a request waits for what is being made."""
SEATS = 8
"""Requests that wait at a time; each holds a thread. Others are told to ask again."""
MARKS = {"solve": "plan.json", "compare": "comparison.json", "evaluate": "evaluation.json"}
"""Without this file there is nothing to report; by kind of job."""

_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">')
Get = Callable[[str], bytes]


class Waiting:
    """Asks :class:`Derived` with a patience that leaves threads for others."""

    def __init__(self, derived: Derived) -> None:
        self.derived = derived
        self._seats = threading.BoundedSemaphore(SEATS)

    def ask(self, source: str, kind: str, fill: Fill, *, by: str | None = None) -> str | None:
        """Digest of what is asked for; None: ask again. Raises what making it raised, Unavailable."""
        with self._seat() as patience:
            return self.derived.ask(source, kind, fill, by=by, patience=patience)

    @contextmanager
    def _seat(self) -> Iterator[float]:
        free = self._seats.acquire(blocking=False)
        try:
            yield PATIENCE if free else 0.0
        finally:
            if free:
                self._seats.release()


async def _makes(request: Request, parts: Annotated[Parts, Depends(parts)]) -> Waiting:
    """The one of the application; made in the event loop, so that there is one."""
    state = request.app.state
    if getattr(state, "makes", None) is None:
        if parts.engine is None:
            raise Unavailable("Nothing is made on demand without a database.")
        state.makes = Waiting(Derived(parts.engine, parts.documents.blobs, parts.settings))
    found: Waiting = state.makes
    return found


Makes = Annotated[Waiting, Depends(_makes)]
"""Type of a route's parameter that takes it."""


def report_source(job: Job, manifest: Manifest, get: Get) -> tuple[str, Fill]:
    """What a report is kept under, and what writes the files it is made from. Raises NoResult."""
    mark = MARKS.get(job.kind)
    if mark is None or job.result is None or all(file.path != mark for file in manifest.files):
        raise NoResult(f"A job of kind {job.kind} in state {job.state} has no report.")
    wanted = {
        file.path: file.digest
        for file in manifest.files
        if (p := PurePosixPath(file.path)).suffix in (".json", ".csv", ".parquet") and p.parts[0] != "plans"
    }
    # The same table twice is read once, as Parquet.
    for path in [path for path in wanted if path.endswith(".csv")]:
        if path.removesuffix(".csv") + ".parquet" in wanted or job.kind == "solve":
            del wanted[path]
    if job.kind == "solve":
        wanted = {path: digest for path, digest in wanted.items() if path in ("plan.json", "instance.json")}
    return job.result, partial(_write, wanted=wanted, get=get)


def model_source(
    documents: Documents, tenant: str, job: Job, alternative: str | None, get: Get
) -> tuple[str, Fill]:
    """The same for the model of a job's instance, or of an alternative's. Raises NoResult, NoSuchInstance."""
    path = "instance.json" if alternative is None else f"plans/{alternative}/instance.json"
    if job.result is not None:
        for file in documents.manifest(job).files:
            if file.path == path:
                return file.digest, partial(_write, wanted={"instance.json": file.digest}, get=get)
    if alternative is not None:
        raise NoSuchFile(f"The comparison did not keep the instance of {alternative[:80]!r}.")
    if job.instance is None:
        raise NoResult("The job has no instance.")
    instance = job.instance
    stored_json = documents.instance_json(tenant, instance)

    def fill(folder: Path) -> None:
        (folder / "instance.json").write_bytes(stored_json)

    return instance, fill


def _write(folder: Path, wanted: dict[str, str], get: Get) -> None:
    for path, digest in wanted.items():
        place = folder.joinpath(*PurePosixPath(path).parts)
        if not place.resolve().is_relative_to(folder.resolve()):
            raise NoSuchFile(f"{path!r} lies outside of the result.")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(get(digest))


def waiting(request: Request) -> Response:
    """202: it is being made; a browser asks again by itself."""
    headers = {"Retry-After": str(round(AGAIN)), "Cache-Control": "no-store"}
    if "text/html" in ",".join(request.headers.getlist("accept")):
        text = (
            "<!DOCTYPE html><html lang=en><title>stockpile</title><p>It is being made. This page asks again."
        )
        headers |= {"Refresh": str(round(AGAIN)), "Content-Security-Policy": "default-src 'none'"}
        return Response(text, 202, headers, "text/html; charset=utf-8")
    said = {"state": "being made", "retry_after": AGAIN}
    return Response(json.dumps(said), 202, headers, "application/json")


def page(request: Request, digest: str, get: Get) -> Response:
    """A report as a page. The policy that allows its own two scripts is told in the header as well."""
    data: list[bytes] = []

    def load() -> bytes:
        data[:] = [get(digest)]
        return data[0]

    answer = stored(request, digest, "text/html; charset=utf-8", load)
    if data:
        found = _POLICY.search(data[0][:100_000].decode(errors="replace"))
        own = html.unescape(found[1]) if found else "default-src 'none'"
        answer.headers["Content-Security-Policy"] = (
            f"{own}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        answer.headers["Referrer-Policy"] = "no-referrer"
    return answer
