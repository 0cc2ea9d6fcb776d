"""One job through the port."""

from __future__ import annotations

from tests.api.jobs.harness import INSTANCE, TENANT, Port, solve


def test_a_job_is_accepted_and_found(port: Port) -> None:
    job, new = port.jobs.submit(
        solve(title="First", tags=["b", "a", "b"], priority=3, limits={"seconds": 60})
    )
    assert new
    assert port.jobs.get(TENANT, job.id) == job
    assert (job.kind, job.state, job.title, job.priority) == ("solve", "queued", "First", 3)
    assert job.tags == ("a", "b")
    assert job.limits.seconds == 60
    assert job.instance == INSTANCE
    assert job.work["options"]["relative_gap"] == 1e-4
    assert (job.attempt, job.version, job.position) == (0, 1, 1)
    assert job.problem is None
    assert job.cached_from is None
