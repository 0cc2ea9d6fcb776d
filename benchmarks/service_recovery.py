"""How long the service takes to get over the death of a worker, and to cancel what runs.

``python -m benchmarks.service_recovery --times 10`` prints median and worst, in seconds, on both databases,
with the settings a service has by default (heartbeat, silence after which a worker is dead, grace).

- restarted: from the kill of a worker of ``stockpile serve`` to the process of its job, begun anew.
- taken over: the same of a worker that nobody starts again, whose job goes to another one.
- cancelled: from asking to cancel a running solve until no process of it is left.
"""

from __future__ import annotations

import argparse
import signal
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

from api.settings import Settings
from tests.api.service import new_database, new_server
from tests.faults.live import LONG, Service, send


def timed(service: Service, action: Callable[[], object], true: Callable[[], object]) -> float:
    """Seconds from an action until something is true."""
    action()
    begun = time.perf_counter()
    service.until(true)
    return time.perf_counter() - begun


def running(service: Service, job: str, attempt: int) -> list[int]:
    """Processes of one run of a job."""
    return service.running(f"{job}-{attempt}")


def restarted(service: Service) -> float:
    job = service.submit(LONG)
    service.until(lambda: running(service, job, 1))
    worker = service.supervised(service.worker_of(job))
    found = timed(service, lambda: send(worker, signal.SIGKILL), lambda: running(service, job, 2))
    cancel(service, job)
    return found


def taken_over(service: Service, times: int) -> list[float]:
    processes = {"x": service.worker("x")}
    job, found = service.submit(LONG), []
    processes["y"] = service.worker("y")
    for attempt in range(1, times + 1):
        service.until(lambda attempt=attempt: running(service, job, attempt))
        name = service.worker_of(job)
        found.append(
            timed(service, processes[name].kill, lambda next=attempt + 1: running(service, job, next))
        )
        service.others.remove(processes[name])
        processes[name].wait()
        processes[name] = service.worker(name)
    cancel(service, job)
    return found


def cancelled(service: Service, times: int) -> list[float]:
    found = []
    for _ in range(times):
        job = service.submit(LONG)
        service.under_way(job)
        found.append(
            timed(
                service,
                lambda job=job: service.client.cancel(job),
                lambda job=job: not service.running(job),
            )
        )
    return found


def cancel(service: Service, job: str) -> None:
    service.client.cancel(job)
    service.client.wait(job)


def measure(database: str, times: int) -> Iterator[tuple[str, list[float]]]:
    """What was measured, and seconds, one after another."""
    own = Settings.model_fields
    usual = {name: own[name].default for name in ("heartbeat_seconds", "dead_seconds", "poll_seconds")}
    usual |= {"attempts": 100, "slots": 1, "job_threads": 1}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = None
        if database == "PostgreSQL":
            server = stack.enter_context(new_server())
            url = stack.enter_context(new_database(server.url, "template_stockpile"))
        found = []
        for _ in range(times):
            # Another service each time: one whose worker dies again and again waits longer and longer.
            with closing(Service(folder, url, **usual | {"workers": 1})) as service:
                found.append(restarted(service))
        yield "restarted", found
        with closing(Service(folder, url, **usual | {"workers": 1})) as service:
            yield "cancelled", cancelled(service, times)
        with closing(Service(folder, url, **usual | {"workers": 0})) as service:
            yield "taken over", taken_over(service, times)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=10)
    times = parser.parse_args().times
    print(f"{'':12} {'':12} {'median':>8} {'worst':>8}")
    for database in ("SQLite", "PostgreSQL"):
        for what, seconds in measure(database, times):
            median, worst = statistics.median(seconds), max(seconds)
            print(f"{database:12} {what:12} {median:8.2f} {worst:8.2f}", flush=True)


if __name__ == "__main__":
    main()
