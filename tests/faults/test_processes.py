"""Processes that are killed from outside: nothing is lost, nothing is done twice, nothing is left."""

from __future__ import annotations

import signal
import threading
import time
import uuid
from functools import partial

import pytest

from api.store import schema
from tests.faults.live import MIDDLE, Service, finished_once, more, send, submitting
from tests.lasting import LONG

pytestmark = pytest.mark.deep


def test_a_worker_is_killed_while_it_solves(whole: Service) -> None:
    with submitting(whole, whole.request()) as accepted:
        job = whole.submit(MIDDLE)
        whole.under_way(job)
        before = whole.running(job)
        send(whole.supervised(whole.worker_of(job)), signal.SIGKILL)
        killed = time.monotonic()
        whole.until(lambda: whole.client.job(job).attempt == 2)
        print(f"begun again after {time.monotonic() - killed:.1f} s")
        assert not set(before) & set(whole.processes())  # what it had started has died with it
    finished_once(whole, [job, *accepted.values()])
    assert whole.client.job(job).solver_status == "optimal"


def test_the_web_server_is_killed_while_jobs_are_submitted(whole: Service) -> None:
    with submitting(whole, whole.request(), 0.2) as accepted:
        for _ in range(2):
            server, known = whole.http(), len(accepted)
            whole.until(partial(more, accepted, known))
            send(server, signal.SIGKILL)
            killed = time.monotonic()
            whole.until(partial(more, accepted, known + 1))
            print(f"accepted again after {time.monotonic() - killed:.1f} s")
            assert whole.http() != server
    finished_once(whole, accepted.values())
    # Each key is one job, whatever became of the answer to its first submission.
    assert len(set(accepted.values())) == len(accepted)
    request = whole.request()
    for key, job in accepted.items():
        assert whole.row(schema.submissions, key=key)["job"] == job
        assert whole.client.submit(request, key=key).id == job


def test_the_process_of_a_job_crashes(whole: Service) -> None:
    long, other = whole.submit(LONG), whole.submit(MIDDLE)
    whole.until(lambda: whole.running(long))
    send(whole.running(long)[0], signal.SIGSEGV)
    finished_once(whole, [long], state="failed")
    problem = whole.client.job(long).problem
    assert problem is not None
    assert problem.type == "urn:stockpile:Crashed"
    assert "SIGSEGV" in problem.detail
    finished_once(whole, [other, whole.submit()])
    assert whole.client.job(other).attempt == 1


def test_a_job_needs_more_memory_than_it_may_have(whole: Service) -> None:
    large = whole.submit(LONG, limits={"memory_gb": 0.01})
    other = whole.submit(MIDDLE)
    finished_once(whole, [large], state="failed")
    job = whole.client.job(large)
    assert job.problem is not None
    assert job.problem.type == "urn:stockpile:MemoryExceeded"
    assert job.solver_status == "memory_limit"
    finished_once(whole, [other, whole.submit()])
    assert whole.client.job(other).attempt == 1


def test_one_submission_sent_fifty_times_at_once(whole: Service) -> None:
    request, key = whole.request(), uuid.uuid4().hex
    answers: list[str] = []
    together = threading.Barrier(50)

    def submit() -> None:
        together.wait()
        answers.append(whole.client.submit(request, key=key).id)

    count = len(whole.rows(schema.jobs))
    threads = [threading.Thread(target=submit) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 50
    assert len(set(answers)) == 1
    assert len(whole.rows(schema.jobs)) == count + 1
    finished_once(whole, set(answers))
