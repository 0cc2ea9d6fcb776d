"""The service over the real engine and SQLite, with what a tenant may have; jobs are ended by hand."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from api.child.order import Outcome
from api.http.__main__ import assemble
from api.http.parts import Parts
from api.jobs import record
from api.jobs.port import Submission
from api.settings import Settings
from models.jobs import Role, request_adapter
from tests.api.http.ended import result
from tests.api.http.world import is_page, plain, serving
from tests.api.service import settings_of
from tests.optimizer import handmade

ROOT = Path(__file__).parents[3]
KEPT = 86_400.0


@dataclass
class Real:
    """The application of ``python -m api.http``, behind a server in this process."""

    settings: Settings
    app: FastAPI
    parts: Parts
    url: str

    @property
    def engine(self) -> sa.Engine:
        """The database."""
        assert self.parts.engine is not None
        return self.parts.engine

    def client(self, key: str | None = None, **headers: str) -> httpx.Client:
        """A client with a key, or without."""
        given = headers | ({"Authorization": f"Bearer {key}"} if key else {})
        return httpx.Client(base_url=self.url, headers=given, timeout=60, trust_env=False)

    def key(self, tenant: str = "alpha", role: Role = "submit") -> str:
        """The text of a new key."""
        return self.parts.keys.create(tenant, "test", role)[1]

    def submit(self, tenant: str, work: dict[str, Any], **more: Any) -> str:
        """A job that waits; its id."""
        asked = request_adapter.validate_python({"fresh": True, **work})
        asked = self.parts.documents.resolve(tenant, asked)
        return self.parts.jobs.submit(Submission(tenant, asked, **more))[0].id

    def begin(self, job: str) -> record.Claim:
        """A worker takes it."""
        begun = record.begin(self.engine, job, "w", 5, KEPT, lambda connection, batch: None)
        assert begun is not None
        return begun.claim

    def end(self, claim: record.Claim, folder: Path | None = None) -> None:
        """It succeeds with what lies in a folder; without one it fails."""
        if folder is None:
            outcome, digest = Outcome("failed", 0.1, solver_status="error"), None
        else:
            outcome = Outcome("succeeded", 0.1, solver_status="optimal", objective=1.0)
            digest = self.parts.documents.put_result(folder)
        record.finish(
            self.engine, claim, outcome, digest,
            expires=KEPT, batch_ended=lambda connection, batch: None,
        )  # fmt: skip

    def operations(self) -> list[tuple[str, str]]:
        """Method and path of every route but those of pages (tests/web)."""
        found = [
            (method, context.path or "")
            for context in iter_route_contexts(self.app.routes)
            if not is_page(context)
            for method in sorted(context.methods or ())
        ]
        found += [("HEAD", path) for method, path in found if method == "GET" and ("HEAD", path) not in found]
        assert len(found) > 40
        return found


@contextmanager
def running(folder: Path, **values: Any) -> Iterator[Real]:
    """The service below a folder."""
    settings = settings_of(folder, **values)
    app = assemble(settings)
    parts: Parts = app.state.parts
    with ExitStack() as stack:
        assert parts.engine is not None
        stack.callback(parts.engine.dispose)
        url = stack.enter_context(serving(app))
        yield Real(settings, app, parts, url)


@dataclass(frozen=True)
class Belongings:
    """What a tenant has."""

    instance: str
    plan: str
    jobs: dict[str, str]
    """By what they are: waiting, running, solved, failed, compared, batch, member, expired."""
    waiting: dict[str, Any]
    """The work of the one that waits, sent with the idempotency key ``night``."""


def furnish(real: Real, tenant: str) -> Belongings:
    """Store one of everything."""
    documents, jobs = real.parts.documents, real.parts.jobs
    instance = documents.put_instance(tenant, handmade.instance())[0].id
    plan = documents.put_plan(tenant, handmade.plan(handmade.instance()))
    solve = {"kind": "solve", "instance": instance}
    waiting = solve | {"tags": ["night"], "title": "of alpha", "webhook": "https://hooks.example.org/alpha"}
    found = {name: real.submit(tenant, solve) for name in ("running", "solved", "failed", "expired")}
    found["waiting"] = real.submit(tenant, waiting, idempotency_key="night", body="0" * 64)
    found["compared"] = real.submit(
        tenant, {"kind": "compare", "instance": instance, "budgets": [1e6], "parent": found["solved"]}
    )
    work = {"kind": "batch", "instances": [{"name": "one", "instance": instance}]}
    found["batch"] = real.submit(tenant, work)
    found["member"] = _member(real, tenant, found["batch"])
    real.begin(found["running"])
    for name in ("solved", "compared", "expired"):
        real.end(real.begin(found[name]), result())
    real.end(real.begin(found["failed"]))
    jobs.remove(tenant, found["expired"])
    return Belongings(instance, plan, found, waiting)


def _member(real: Real, tenant: str, batch: str) -> str:
    from api.jobs.port import Query

    return real.parts.jobs.list(tenant, Query(batch=batch)).jobs[0].id


def filled(path: str, job: str, instance: str) -> str:
    """A path with ids in it."""
    id = instance if path.startswith("/v1/instances") else job
    made = path.replace("{id}", id).replace("{name}", "commitments").replace("{path:path}", "plan.json")
    assert "{" not in made, path
    return made


class Process:
    """``python -m api.http`` as a process of its own, its log kept."""

    def __init__(self, folder: Path, **values: str) -> None:
        self.log: list[str] = []
        env = {k: v for k, v in os.environ.items() if not k.startswith("STOCKPILE_")}
        env |= {"PYTHONPATH": str(ROOT), "STOCKPILE_DATA": str(folder), "STOCKPILE_PORT": "0"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", _LISTEN], env=env | values, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert self.process.stdout is not None
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self.port = int(self.process.stdout.readline())
        self.url = f"http://127.0.0.1:{self.port}"
        with httpx.Client(base_url=self.url, trust_env=False, timeout=60) as client:
            while client.get("/").status_code == 503:
                pass

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(line.decode())

    def peak(self) -> float:
        """Most memory it has ever held, in MB, without what is mapped and not touched."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", text)
        assert found is not None
        return int(found[1]) / 1024

    def stop(self) -> str:
        """End it; its log."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait() in (0, -signal.SIGTERM)  # uvicorn hands the signal on when it has ended
        self._reader.join()
        for pipe in (self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()
        return "".join(self.log)


_LISTEN = """
import socket, sys
from api.http.__main__ import main
with socket.create_server(("127.0.0.1", 0)) as listener:
    print(listener.getsockname()[1], flush=True)
    sys.exit(main(["--fd", str(listener.detach())]))
"""

__all__ = ["Belongings", "Process", "Real", "filled", "furnish", "plain", "running"]
