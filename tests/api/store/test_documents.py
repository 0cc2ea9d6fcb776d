"""Instances, plans and results of tenants."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from api.jobs import needs
from api.store.database import is_sqlite, writing
from api.store.documents import HOLD, Documents
from api.store.schema import instances, jobs
from models.faults import (
    BadCursor,
    BadRequest,
    DamagedBlob,
    Expired,
    FaultyInstance,
    InstanceInUse,
    NoResult,
    NoSuchFile,
    NoSuchInstance,
    NoSuchJob,
    NoSuchPlan,
    NotFinished,
    NothingToEvaluate,
    StockpileError,
)
from models.instance import Instance
from models.jobs import BatchRequest, CompareRequest, EvaluateRequest, Request, SolveRequest, request_adapter
from models.plan import Plan
from tests.api.store.rows import DAY, add_job, job, job_row, job_values, small

NOWHERE = "0" * 64


def instance(name: str = "small") -> Instance:
    return Instance.parse(small(name))


def plan(**values: Any) -> dict[str, Any]:
    return {
        "instance": "small", "fingerprint": instance().fingerprint(), "status": "optimal", "objective": 0.0,
        "nodes": 1, "commitments": {},
    } | values  # fmt: skip


def test_an_instance_is_stored_once(documents: Documents) -> None:
    record, new = documents.put_instance("t", instance())
    assert new
    assert record.id == instance().fingerprint()
    assert record.figures == {
        "rows": {"countries": 1}, "start_year": 2027, "periods": 1, "period_years": 1.0,
    }  # fmt: skip
    again, new = documents.put_instance("t", instance())
    assert (again, new) == (record, False)
    assert documents.instance("t", record.id) == instance()
    assert documents.instance_record("t", record.id) == record
    assert len(list(documents.blobs.digests())) == 1


def test_what_is_another_tenants_is_none(documents: Documents) -> None:
    record, _ = documents.put_instance("t", instance())
    for call in (
        documents.instance,
        documents.instance_json,
        documents.instance_record,
        documents.delete_instance,
    ):
        with pytest.raises(NoSuchInstance):
            call("u", record.id)
    assert documents.list_instances("u") == ((), None)
    other, new = documents.put_instance("u", instance())
    assert new, "whether somebody else has it is not told"
    documents.delete_instance("t", record.id)
    assert documents.instance("u", other.id) == instance()


def test_list_by_pages_newest_first(documents: Documents) -> None:
    ids = [documents.put_instance("t", instance(f"i{n}"))[0].id for n in range(5)]
    with documents.engine.begin() as connection:  # two at the same instant: the id decides
        connection.execute(sa.update(instances).where(instances.c.id.in_(ids[:2])).values(created=1.0))
    found, cursor = [], None
    while True:
        page, cursor = documents.list_instances("t", cursor, limit=2)
        found += [record.id for record in page]
        if cursor is None:
            break
    assert found == [*ids[:1:-1], *sorted(ids[:2], reverse=True)]


@pytest.mark.parametrize(
    "cursor", ["", "x", "!!!!", "AAAA", "é", "f/////////8", "AAAAAAAAAAAn", "A" * 10_000]
)
def test_bad_cursors(documents: Documents, cursor: str) -> None:
    with pytest.raises(BadCursor):
        documents.list_instances("t", cursor)


def test_an_instance_that_waits_to_be_solved_is_not_deleted(documents: Documents, engine: sa.Engine) -> None:
    id = documents.put_instance("t", instance())[0].id
    add_job(engine, tenant="u", state="queued", instance=id)
    add_job(engine, state="succeeded", instance=id)
    for values in ({"instance": id}, {"work": {"kind": "evaluate", "scenarios": id}}):
        waiting = add_job(engine, state="queued", finished=None, **values)
        with pytest.raises(InstanceInUse, match=waiting):
            documents.delete_instance("t", id)
        with engine.begin() as connection:
            connection.execute(sa.update(jobs).where(jobs.c.id == waiting).values(state="cancelled"))
    documents.delete_instance("t", id)
    with pytest.raises(NoSuchInstance):
        documents.delete_instance("t", id)


def test_deleting_waits_for_a_job_that_is_being_submitted(documents: Documents, engine: sa.Engine) -> None:
    """The submission has looked, and is not committed yet."""
    id = documents.put_instance("t", instance())[0].id
    ends: list[str] = []

    def delete() -> None:
        try:
            documents.delete_instance("t", id)
            ends.append("deleted")
        except InstanceInUse:
            ends.append("in use")

    thread = threading.Thread(target=delete)
    with writing(engine) as connection:
        needs.check(connection, "t", SolveRequest(instance=id), {id})
        thread.start()
        thread.join(0.3)
        assert ends == []
        row = job_values(state="queued", finished=None, instance=id)
        connection.execute(sa.insert(jobs).values(row))
    thread.join()
    assert ends == ["in use"]
    assert documents.instance("t", id) == instance()


def test_what_is_pruned_while_it_is_put_is_put_again(documents: Documents, engine: sa.Engine) -> None:
    """PostgreSQL: the old row stands in the way of the new one, and is gone when its use is to be noted.

    SQLite lets nobody write in between.
    """
    if is_sqlite(engine):
        return
    sent = instance("x")
    documents.put_instance("t", sent)
    met = []

    def between(connection: sa.Connection, cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("UPDATE stockpile_instances") and not met:
            met.append(statement)
            with engine.begin() as other:
                other.execute(sa.delete(instances))

    sa.event.listen(engine, "before_cursor_execute", between)
    try:
        record, new = documents.put_instance("t", sent)
    finally:
        sa.event.remove(engine, "before_cursor_execute", between)
    assert met
    assert new
    assert documents.instance("t", record.id) == sent


def test_a_result_is_its_files(documents: Documents, engine: sa.Engine, tmp_path: Path) -> None:
    folder = tmp_path / "result"
    (folder / "tables").mkdir(parents=True)
    (folder / ".writing.x").mkdir()
    for name, text in {
        "plan.json": "{}",
        "tables/flows.csv": "a\n",
        ".writing.x/y": "",
        ".z": "",
        "a.bin": "b",
    }.items():
        (folder / name).write_text(text)
    (folder / "link").symlink_to("/etc/passwd")
    done = job(engine, add_job(engine, result=documents.put_result(folder)))
    found = [(file.path, file.bytes, file.media_type) for file in documents.manifest(done).files]
    assert found == [
        ("a.bin", 1, "application/octet-stream"),
        ("plan.json", 2, "application/json"),
        ("tables/flows.csv", 2, "text/csv"),
    ]
    assert documents.file(done, "tables/flows.csv") == b"a\n"
    for path in ("tables", "../x", "/etc/passwd", "link", ""):
        with pytest.raises(NoSuchFile):
            documents.file(done, path)


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"state": "queued"}, NotFinished),
        ({"state": "running"}, NotFinished),
        ({"state": "stopping"}, NotFinished),
        ({"state": "expired"}, Expired),
        ({"state": "failed"}, NoResult),
        ({"state": "cancelled"}, NoResult),
    ],
)
def test_jobs_without_files(
    documents: Documents, engine: sa.Engine, values: dict[str, Any], fault: type[StockpileError]
) -> None:
    id = add_job(engine, **values)
    with pytest.raises(fault):
        documents.manifest(job(engine, id))
    with pytest.raises(fault):
        documents.plan_json("t", id)
    with pytest.raises(fault):
        documents.resolve("t", EvaluateRequest(plan=id))


def test_a_manifest_that_is_none(documents: Documents, engine: sa.Engine) -> None:
    done = job(engine, add_job(engine, result=documents.blobs.put(b"[]")))
    with pytest.raises(DamagedBlob):
        documents.manifest(done)


def solved(documents: Documents, tmp_path: Path, **values: Any) -> str:
    """A solve that has ended with a plan."""
    (tmp_path / "plan.json").write_text(json.dumps(plan()))
    id = documents.put_instance("t", instance())[0].id
    return add_job(documents.engine, **{"instance": id, "result": documents.put_result(tmp_path)} | values)


def test_plans_by_id_and_by_job(documents: Documents, tmp_path: Path) -> None:
    found = solved(documents, tmp_path)
    sent = documents.put_plan("t", Plan.model_validate_json(json.dumps(plan())))
    assert documents.plan("t", found) == documents.plan("t", sent)
    assert documents.put_plan("t", documents.plan("t", sent)) == sent
    for ref, fault in ((found, NoSuchJob), (sent, NoSuchPlan)):
        with pytest.raises(fault):
            documents.plan("u", ref)


def test_documents_in_requests_become_ids(documents: Documents) -> None:
    id = instance().fingerprint()
    solve = documents.resolve("t", SolveRequest(instance=small(), title="x"))
    assert solve == SolveRequest(instance=id, title="x")
    assert documents.resolve("t", CompareRequest(instance=small(), budgets=(1.0,))) == CompareRequest(
        instance=id, budgets=(1.0,)
    )
    evaluate = EvaluateRequest(plan=plan(), instance=small(), scenarios=small("s"), n=5)
    done = documents.resolve("t", evaluate)
    assert isinstance(done, EvaluateRequest)
    assert (done.instance, done.scenarios, done.n) == (id, instance("s").fingerprint(), 5)
    assert isinstance(done.plan, str)
    assert documents.plan("t", done.plan).fingerprint == id
    assert documents.resolve("t", done) == done
    warm = documents.resolve("t", SolveRequest(instance=small(), warm=plan()))
    assert isinstance(warm, SolveRequest)
    assert warm.warm == done.plan
    assert documents.resolve("t", warm) == warm
    batch = BatchRequest.model_validate(
        {"kind": "batch", "instances": [{"name": "a", "instance": small("a")}, {"name": "b", "instance": id}]}
    )
    again = documents.resolve("t", batch)
    assert isinstance(again, BatchRequest)
    assert [(m.name, m.instance) for m in again.instances] == [("a", instance("a").fingerprint()), ("b", id)]


def test_the_evaluation_of_a_job_is_on_its_instance(documents: Documents, tmp_path: Path) -> None:
    found = solved(documents, tmp_path)
    id = instance().fingerprint()
    assert documents.resolve("t", EvaluateRequest(plan=found)) == EvaluateRequest(plan=found, instance=id)
    other = documents.resolve("t", EvaluateRequest(plan=found, instance=small("other")))
    assert other == EvaluateRequest(plan=found, instance=instance("other").fingerprint())


@pytest.mark.parametrize(
    ("request_", "fault"),
    [
        ({"kind": "solve", "instance": NOWHERE}, NoSuchInstance),
        ({"kind": "sample", "instance": NOWHERE}, NoSuchInstance),
        ({"kind": "solve", "instance": {}}, FaultyInstance),
        ({"kind": "solve", "instance": small(), "warm": NOWHERE}, NoSuchPlan),
        ({"kind": "solve", "instance": small(), "warm": {"status": "fine"}}, BadRequest),
        ({"kind": "solve", "instance": small(), "warm": plan(commitments=None)}, NothingToEvaluate),
        ({"kind": "evaluate", "plan": NOWHERE, "instance": small()}, NoSuchPlan),
        ({"kind": "evaluate", "plan": NOWHERE[:32]}, NoSuchJob),
        ({"kind": "evaluate", "plan": plan()}, BadRequest),
        ({"kind": "evaluate", "plan": {"status": "fine"}, "instance": small()}, BadRequest),
        ({"kind": "evaluate", "plan": plan(commitments=None), "instance": small()}, NothingToEvaluate),
        ({"kind": "evaluate", "plan": plan(), "instance": small(), "scenarios": NOWHERE}, NoSuchInstance),
        ({"kind": "batch", "instances": [{"name": "a", "instance": small()}] * 2}, BadRequest),
    ],
)
def test_requests_that_cannot_be_resolved(
    documents: Documents, request_: dict[str, Any], fault: type[StockpileError]
) -> None:
    with pytest.raises(fault):
        documents.resolve("t", request_adapter.validate_python(request_))


def test_an_infeasible_solve_has_nothing_to_evaluate(documents: Documents, tmp_path: Path) -> None:
    found = solved(documents, tmp_path, objective=None, solver_status="infeasible")
    with pytest.raises(NothingToEvaluate, match="infeasible"):
        documents.resolve("t", EvaluateRequest(plan=found))


def test_all_faults_of_a_batch_in_one_answer(documents: Documents) -> None:
    members = [
        {"name": name, "instance": {**small(), "discount_rate": rate}}
        for name, rate in (("a", -1), ("b", 99), ("c", 0.0))
    ]
    with pytest.raises(FaultyInstance) as told:
        documents.resolve("t", request_adapter.validate_python({"kind": "batch", "instances": members}))
    assert [(fault.place, fault.value) for fault in told.value.faults] == [("a", -1), ("b", 99)]
    assert documents.list_instances("t") == ((), None), "nothing is stored of a request that is refused"


def test_every_missing_instance_of_a_batch_is_named(documents: Documents) -> None:
    members = [{"name": f"m{n}", "instance": f"{n:064x}"} for n in range(12)]
    with pytest.raises(NoSuchInstance, match=f"{0:064x}.*{9:064x} and 2 more"):
        documents.resolve("t", request_adapter.validate_python({"kind": "batch", "instances": members}))


def test_whoever_is_about_to_be_referred_to_is_held(documents: Documents, tmp_path: Path) -> None:
    """An instance last used long ago, and a job whose results are over: both get an hour more."""
    found = solved(documents, tmp_path, finished=time.time() - 40 * DAY, expires=time.time() - 10 * DAY)
    other = solved(documents, tmp_path, expires=time.time() + 5 * DAY)
    with documents.engine.begin() as connection:
        connection.execute(sa.update(instances).values(used=1.0))
    request: Request = EvaluateRequest(plan=found, parent=other)
    documents.resolve("t", request)
    documents.resolve("u", SolveRequest(instance=small(), parent=other))
    now = time.time()
    with documents.engine.connect() as connection:
        assert connection.scalar(sa.select(instances.c.used).where(instances.c.tenant == "t")) > now - 60
    assert job_row(documents.engine, found).expires > now + HOLD - 60
    assert job_row(documents.engine, other).expires > now + 4 * DAY, "not less than it had"
