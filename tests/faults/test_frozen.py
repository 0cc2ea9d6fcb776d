"""Processes that are frozen, and wake up when others have taken their work."""

from __future__ import annotations

import signal
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from api.jobs.supervisor import is_stopped, lock_holder
from api.store import schema
from api.store.database import FILE
from tests.faults.conftest import Start
from tests.faults.live import Service, finished_once, send
from tests.lasting import LONG

pytestmark = pytest.mark.deep


def freeze(service: Service, process: subprocess.Popen[bytes], *, holding: bool) -> None:
    """Stop a process at a moment at which it holds SQLite's write lock, or at one at which it does not."""

    def stopped() -> bool:
        process.send_signal(signal.SIGSTOP)
        service.until(lambda: is_stopped(process.pid))
        if (lock_holder(service.settings.data / FILE) == process.pid) == holding:
            return True
        process.send_signal(signal.SIGCONT)
        return False

    service.until(stopped)


@pytest.mark.parametrize("late", [False, True], ids=["while-it-runs", "when-it-has-ended"])
def test_a_worker_nobody_watches_over_is_frozen_and_wakes_up(start: Start, late: bool) -> None:
    service = start(workers=1, slots=1)
    first = service.submit(LONG)  # takes the one slot there is
    service.under_way(first)
    frozen = service.worker("x")
    id = service.submit(LONG)
    service.under_way(id)
    assert service.worker_of(id) == "x"
    child = service.running(id)
    freeze(service, frozen, holding=False)
    service.client.stop(first)  # makes room for the job of the frozen one
    service.under_way(id, attempt=2)
    assert service.worker_of(id) == "w-1"
    if not late:
        frozen.send_signal(signal.SIGCONT)
        service.until(lambda: not set(child) & set(service.processes()))
        assert service.client.job(id).finished is None
    service.client.stop(id)
    finished_once(service, [first, id])
    told, row = service.events(id), service.row(schema.jobs, id=id)
    if late:
        frozen.send_signal(signal.SIGCONT)
    service.until(lambda: service.row(schema.workers, id="x")["busy"] == 0)
    service.until(lambda: not set(child) & set(service.processes()))
    # It is a worker like any other again.
    more = [service.submit() for _ in range(4)]
    finished_once(service, more)
    assert service.events(id) == told
    assert service.row(schema.jobs, id=id) == row
    service.settled()


def test_a_frozen_worker_that_holds_the_lock_of_the_database_is_killed(tmp_path: Path) -> None:
    with closing(Service(tmp_path, workers=1)) as service:
        frozen = service.worker("x")
        worker = service.supervised("w-1")
        freeze(service, frozen, holding=True)
        finished_once(service, [service.submit()])
        assert frozen.wait() == -signal.SIGKILL
        service.others.clear()
        assert service.supervised("w-1") == worker
        service.settled()


def test_a_worker_of_the_service_is_frozen(start: Start) -> None:
    service = start()
    id = service.submit(LONG)
    service.under_way(id)
    frozen = service.supervised(service.worker_of(id))
    send(frozen, signal.SIGSTOP)
    service.until(lambda: frozen not in service.processes())
    service.under_way(id, attempt=2)
    service.client.stop(id)
    finished_once(service, [id, service.submit()])
    service.settled()


def test_the_machine_sleeps_and_wakes_up(start: Start) -> None:
    service = start()
    jobs = [service.submit(LONG), service.submit()]
    service.under_way(jobs[0])
    asleep = list(service.processes())
    beat = service.row(schema.workers, id="w-1")["heartbeat"]
    for number in (signal.SIGSTOP, signal.SIGCONT):
        for pid in asleep:
            send(pid, number)
        if number == signal.SIGSTOP:
            # Longer than the silence after which workers are taken for dead and killed.
            service.until(lambda: service.silence(beat) > service.settings.dead_seconds + 2)
    jobs.append(service.submit())
    service.client.stop(jobs[0])
    finished_once(service, jobs)
    service.settled()
