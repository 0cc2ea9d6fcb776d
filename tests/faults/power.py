"""The power fails, again and again: ``python -m tests.faults.power --rounds 20 --database sqlite``.

All processes of a service are killed at a moment chosen by chance while jobs are submitted and worked on; now
and then while it starts, and with PostgreSQL the server as well. In the end every job that was accepted has
ended once.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from api.store import schema
from api.store.database import reading
from models.jobs import Request, request_adapter
from tests.api.service import Postgres, new_database, new_server
from tests.faults.live import SMALL, Service, finished_once, submitting
from tests.faults.receiver import Receiver, receiver
from tests.lasting import LONG


def fail(
    service: Service, rounds: int, seed: int, server: Postgres | None, say: Callable[[str], None]
) -> int:
    """Let the power fail so many times; returns how many jobs were accepted. Asserts that nothing is lost."""
    chance = random.Random(seed)
    with ExitStack() as stack:
        webhooks = stack.enter_context(receiver())
        streams = [
            stack.enter_context(submitting(service, request, pause))
            for request, pause in _requests(service, webhooks)
        ]
        for number in range(1, rounds + 1):
            service.until(lambda: service.client.job(_last(streams)))
            known = sum(map(len, streams))
            time.sleep(chance.uniform(0.0, 4.0))
            service.kill()
            if server is not None and chance.random() < 0.5:
                server.restart()
            begun = time.monotonic()
            if chance.random() < 0.4:
                service.start(for_seconds=chance.uniform(0.0, 3.0))
            service.start()
            service.until(partial(_more, streams, known))
            say(f"round {number}: {known} jobs accepted, again after {time.monotonic() - begun:.1f} s")
        stack.pop_all().close()
        _check(service, streams, webhooks)
    return sum(map(len, streams))


def _more(streams: list[dict[str, str]], known: int) -> bool:
    return sum(map(len, streams)) > known


def _last(streams: list[dict[str, str]]) -> str:
    while not streams[0]:
        time.sleep(0.05)
    return list(streams[0].values())[-1]


def _requests(service: Service, webhooks: Receiver) -> list[tuple[Request, float]]:
    members = [{"name": f"m{i}", "instance": service.instance(SMALL)} for i in range(3)]
    batch = {"kind": "batch", "instances": members, "fresh": True, "webhook": webhooks.url}
    return [
        (service.request(webhook=webhooks.url), 1.0),
        (request_adapter.validate_python(batch), 5.0),
        (service.request(LONG, options={"time_limit": 4}), 8.0),
    ]


def _check(service: Service, streams: list[dict[str, str]], webhooks: Receiver) -> None:
    """Each key has become one job, each job has ended once, and nobody was told of it twice."""
    accepted = {key: job for stream in streams for key, job in stream.items()}
    assert len(set(accepted.values())) == len(accepted)
    for key, job in accepted.items():
        assert service.row(schema.submissions, key=key)["job"] == job
    with reading(service.engine) as connection:
        single = sa.select(schema.jobs.c.id).where(schema.jobs.c.batch.is_(None))
        assert set(connection.scalars(single)) == set(accepted.values())
        everything = list(connection.scalars(sa.select(schema.jobs.c.id)))
    finished_once(service, everything)
    for job, deliveries in webhooks.came.items():
        assert {service.row(schema.deliveries, job=job)["id"]} == set(deliveries)
    service.settled()


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    begun = time.monotonic()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(new_server() if asked.database == "postgres" else nullcontext())
        url = stack.enter_context(new_database(server.url, "template_stockpile")) if server else None
        service = Service(folder, url, attempts=100)
        try:
            jobs = fail(service, asked.rounds, asked.seed, server, lambda text: print(text, flush=True))
        finally:
            service.close()
    print(f"{asked.rounds} rounds, {jobs} jobs, each ended once; {time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    main()
