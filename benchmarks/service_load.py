"""What the service bears: many submissions at once, small jobs, many listeners.

``python -m benchmarks.service_load`` starts ``stockpile serve`` on SQLite and on PostgreSQL and prints
figures. Submissions are made while two solves keep the machine busy; then they are let run, and counted:
none is lost, none is there twice. Wall times are those of a machine that runs client, service and solves
together, so the processor seconds of each process stand beside them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import signal
import statistics
import sys
import time
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from api.settings import Settings
from api.store.database import connect
from api.store.schema import events, jobs, submissions
from benchmarks.running import ROOT, Connection, Service, service
from models.files import read

SMALL = "instances/one-material"
LARGE = "instances/us-vault-2026"
CLIENTS = 50


def percentile(values: Sequence[float], part: float) -> float:
    """The smallest value that so many are not above."""
    return sorted(values)[max(0, math.ceil(part * len(values)) - 1)]


async def occupy(link: Connection) -> list[str]:
    """Two long solves, running."""
    work = {"kind": "solve", "instance": read(ROOT / LARGE).as_dict(), "fresh": True, "priority": 1}
    work["options"] = {"relative_gap": 0}
    ids = [(await link.json("POST", "/v1/jobs", work))["id"] for _ in range(2)]
    for id in ids:
        while (await link.json("GET", f"/v1/jobs/{id}"))["state"] != "running":
            await asyncio.sleep(0.1)
    return ids


async def submissions_at_once(here: Service, body: bytes, count: int) -> tuple[dict[str, str], list[float]]:
    """Clients that send one job after the other, every tenth twice at once. Job of each key, seconds."""
    seconds: list[float] = []
    accepted: dict[str, str] = {}
    keys = iter([f"burst-{n}" for n in range(count)])

    async def one(link: Connection, key: str) -> None:
        took, status, text = await link.timed("POST", "/v1/jobs", body, Idempotency_Key=key)
        assert status == 202, (status, text)
        seconds.append(took)
        id = json.loads(text)["id"]
        assert accepted.setdefault(key, id) == id, "one key, two jobs"

    async def client() -> None:
        link, other = Connection(here), Connection(here)
        for key in keys:
            twice = int(key.rpartition("-")[2]) % 10 == 0
            await asyncio.gather(one(link, key), *([one(other, key)] if twice else []))
        link.close()
        other.close()

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return accepted, seconds


async def steadily(here: Service, body: bytes, rate: float, count: int) -> tuple[dict[str, str], list[float]]:
    """Submissions of many clients that come evenly, whether those before have been answered or not."""
    links = [Connection(here) for _ in range(CLIENTS)]
    for link in links:
        await link.json("GET", "/v1/jobs?limit=1")
    accepted: dict[str, str] = {}
    seconds: list[float] = []
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for link in links:
        free.put_nowait(link)

    async def one(number: int, due: float) -> None:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        link = await free.get()
        begun = time.perf_counter()
        _, status, text = await link.timed(
            "POST", "/v1/jobs", body, Idempotency_Key=f"steady-{rate:g}-{number}"
        )
        assert status == 202, (status, text)
        accepted[f"steady-{rate:g}-{number}"] = json.loads(text)["id"]
        seconds.append(time.perf_counter() - min(begun, max(due, 0)))
        free.put_nowait(link)

    begun = time.perf_counter() + 0.1
    await asyncio.gather(*(one(n, begun + n / rate) for n in range(count)))
    for link in links:
        link.close()
    return accepted, seconds


async def looks(here: Service, ids: Sequence[str], count: int) -> list[float]:
    """GET of jobs, one after the other; seconds of each."""
    link = Connection(here)
    seconds = []
    for number in range(count):
        took, status, _ = await link.timed("GET", f"/v1/jobs/{ids[number % len(ids)]}")
        assert status == 200
        seconds.append(took)
    link.close()
    return seconds


async def until_idle(link: Connection) -> None:
    while True:
        waiting = await link.json("GET", "/v1/jobs?state=queued&state=running&state=stopping&limit=1")
        if not waiting:
            return
        await asyncio.sleep(0.5)


def count(here: Service, accepted: dict[str, str], others: set[str]) -> str:
    """Compare what was accepted with the database; says what is wrong, or that nothing is."""
    settings = Settings(data=here.data, database_url=here.url)
    engine = connect(settings)
    with engine.connect() as connection:
        rows = {row.id: row for row in connection.execute(sa.select(jobs))}
        keys = {row.key: row.job for row in connection.execute(sa.select(submissions))}
        ended = connection.execute(
            sa.select(events.c.job, events.c.data).where(events.c.type == "state")
        ).all()
        queue = connection.execute(
            sa.text(
                "SELECT workflow_uuid, status FROM workflow_status"
                if here.url is None
                else "SELECT workflow_uuid, status FROM dbos.workflow_status"
            )
        ).all()
    engine.dispose()
    mine = {id: row for id, row in rows.items() if id not in others}
    wrong = []
    if set(mine) != set(accepted.values()) or len(accepted) != len(mine):
        wrong.append(f"{len(accepted)} accepted, {len(mine)} there")
    if keys != accepted:
        wrong.append("keys do not lead to their jobs")
    if any(row.state != "succeeded" or row.attempt != 1 for row in mine.values()):
        wrong.append("not all succeeded at the first attempt")
    finals: dict[str, int] = {}
    for job, data in ended:
        finals[job] = finals.get(job, 0) + (data.get("state") == "succeeded")
    if any(finals.get(id) != 1 for id in mine):
        wrong.append("not exactly one end each")
    if len({row.objective for row in mine.values()}) != 1:
        wrong.append("different objectives")
    if sorted(id for id, _ in queue if id in mine) != sorted(mine):
        wrong.append("the queue does not hold each once")
    return "; ".join(wrong) or f"none of {len(mine):,} lost or doubled"


async def overhead(here: Service, id: str, count: int) -> tuple[list[float], list[float]]:
    """Small jobs one after the other: seconds from submission to the plan, less those of the solve or run."""
    link = Connection(here)
    body = json.dumps({"kind": "solve", "instance": id, "fresh": True}).encode()
    solve, run = [], []
    for _ in range(count):
        begun = time.perf_counter()
        status, text = await link.ask("POST", "/v1/jobs", body, Prefer="wait=60")
        job = json.loads(text)
        assert status == 200, text
        plan = await link.json("GET", f"/v1/jobs/{job['id']}/plan")
        took = time.perf_counter() - begun
        solve.append(took - sum(plan["effort"]["seconds"].values()))
        run.append(took - job["seconds"])
    link.close()
    return solve, run


async def listeners(here: Service, ids: Sequence[str], count: int) -> dict[str, float]:
    """Clients that listen to jobs to which nothing happens: memory and processor of the HTTP process."""
    before = here.memory("http")
    links = [Connection(here) for _ in range(count)]
    for start in range(0, count, 50):
        part = enumerate(links[start : start + 50], start)
        await asyncio.gather(*(link.listen(f"/v1/jobs/{ids[n % len(ids)]}/events") for n, link in part))
    await asyncio.sleep(2)
    cpu, begun = here.cpu()["http"], time.perf_counter()
    await asyncio.sleep(10)
    share = (here.cpu()["http"] - cpu) / (time.perf_counter() - begun)
    found = {"before": before, "with": here.memory("http"), "cpu": share}
    for link in links:
        link.close()
    await asyncio.sleep(1)
    return found


async def measure(here: Service, options: argparse.Namespace) -> None:
    say(f"load of the machine at the beginning: {os.getloadavg()[0]:.1f}")
    link = Connection(here)
    while (await link.ask("GET", "/readyz"))[0] != 200:
        await asyncio.sleep(0.2)
    small = (await link.json("POST", "/v1/instances", read(ROOT / SMALL).as_dict()))["id"]
    body = json.dumps({"kind": "solve", "instance": small, "fresh": True}).encode()

    solve, run = await overhead(here, small, options.overhead)
    say(f"small job, alone: {statistics.median(solve):.3f} s beyond the solve (median of {len(solve)}), "
        f"{statistics.median(run):.3f} s beyond the run; at most {max(solve):.3f} s")  # fmt: skip
    others = {job["id"] for job in await link.json("GET", "/v1/jobs?limit=200")}

    long = await occupy(link)
    others |= set(long)
    async with Used(here, "burst of {n} submissions, 50 clients", options.jobs):
        accepted, seconds = await submissions_at_once(here, body, options.jobs)
    say(f"  {told(seconds)}")
    for rate in options.rates:
        async with Used(here, f"{rate:g} submissions a second, {{n}}", options.steady):
            more, seconds = await steadily(here, body, rate, options.steady)
        accepted |= more
        say(f"  {told(seconds)}")
    async with Used(here, "{n} looks at jobs, one client", options.looks):
        seconds = await looks(here, sorted(accepted.values()), options.looks)
    say(f"  {told(seconds)}")
    heard = await listeners(here, sorted(accepted.values())[:100], options.listeners)
    say(f"{options.listeners:,} idle listeners: HTTP {heard['with']:.0f} MB ({heard['before']:.0f} "
        f"MB before), {heard['cpu']:.1%} of a core")  # fmt: skip
    begun, cpu = time.perf_counter(), here.cpu()
    for id in long:
        await link.json("POST", f"/v1/jobs/{id}/cancel")
    await until_idle(link)
    took, now = time.perf_counter() - begun, here.cpu()
    used = ", ".join(
        f"{kind} {1000 * (now[kind] - cpu[kind]) / len(accepted):.1f}" for kind in ("http", "worker")
    )
    say(f"all {len(accepted):,} run: {len(accepted) / took:.1f} jobs a second; ms of processor each: {used}")
    say(f"counted: {count(here, accepted, others)}")
    link.close()


class Used:
    """Says what the processes used within the block."""

    def __init__(self, here: Service, what: str, count: int) -> None:
        self.here, self.what, self.count = here, what, count

    async def __aenter__(self) -> None:
        self.cpu, self.begun = self.here.cpu(), time.perf_counter()

    async def __aexit__(self, kind: Any, *_: object) -> None:
        took, now = time.perf_counter() - self.begun, self.here.cpu()
        each = 1000 * (now["http"] - self.cpu["http"]) / self.count
        say(f"{self.what.format(n=f'{self.count:,}')}: {self.count / took:.0f} a second, "
            f"{each:.2f} ms of the HTTP process each (load {os.getloadavg()[0]:.1f})")  # fmt: skip


def told(seconds: Sequence[float]) -> str:
    return ", ".join(
        f"{name} {1000 * percentile(seconds, part):.1f} ms"
        for name, part in (("median", 0.5), ("p95", 0.95), ("p99", 0.99), ("longest", 1.0))
    )


def say(text: str) -> None:
    print(text, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.service_load", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    parser.add_argument("--jobs", type=int, help="submissions at once; everything else in proportion")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), action="append")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started is ended
    options.jobs = options.jobs or (100 if options.quick else 1000)
    options.listeners, options.looks = 2 * options.jobs, options.jobs
    options.steady, options.overhead, options.rates = (
        options.jobs // 10,
        5 if options.quick else 20,
        (20.0, 50.0),
    )
    for backend in options.database or ("sqlite", "postgresql"):
        say(f"\n{backend}")
        with service(backend) as here:
            asyncio.run(measure(here, options))
    return 0


if __name__ == "__main__":
    sys.exit(main())
