"""What is removed when it is over, and above all what is not."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from api.cli import run
from api.settings import Settings
from api.store.blobs import Blobs
from api.store.documents import Documents
from api.store.references import referenced
from api.store.retention import Pruned, prune
from api.store.schema import (
    checkpoints,
    deliveries,
    derived,
    events,
    instances,
    jobs,
    plans,
    submissions,
    tags,
)
from models.faults import NoSuchInstance
from models.instance import Instance
from models.jobs import EvaluateRequest, File, Manifest, SolveRequest
from tests.api.store.rows import DAY, add_job, job, job_row, small
from tests.api.store.test_blobs import age

KEEP = Settings(retention_days=30, forget_days=365)
HOUR = 3600.0


def put_result(blobs: Blobs, **files: bytes) -> str:
    """A result of some files."""
    found = tuple(
        File(path=name, digest=blobs.put(data), bytes=len(data), media_type="text/plain")
        for name, data in files.items()
    )
    return blobs.put(Manifest(files=found).model_dump_json().encode())


def old_job(engine: sa.Engine, days: float, **values: Any) -> str:
    """A job that ended so many days ago."""
    finished = time.time() - days * DAY
    return add_job(engine, **{"finished": finished, "expires": finished + 30 * DAY} | values)


def age_all(documents: Documents, seconds: float = 2 * HOUR) -> None:
    for digest, _ in list(documents.blobs.digests()):
        age(documents.blobs, digest, seconds)


def pruned(documents: Documents, **values: Any) -> dict[str, int]:
    """What pruning did, without what it did not do."""
    found = asdict(prune(documents.engine, documents.blobs, KEEP, **values))
    return {name: count for name, count in found.items() if count and name != "bytes"}


def count(engine: sa.Engine, table: sa.Table) -> int:
    with engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def test_results_expire_and_their_files_follow(documents: Documents) -> None:
    blobs, engine = documents.blobs, documents.engine
    shared = {"same.txt": b"same in both"}
    old = old_job(engine, 31, result=put_result(blobs, **shared, old=b"old"))
    young = old_job(engine, 29, result=put_result(blobs, **shared, young=b"young"))
    with engine.begin() as connection:
        for id in (old, young):
            connection.execute(sa.insert(events).values(job=id, id=1, at=0.0, type="log", data={}))
            connection.execute(sa.insert(checkpoints).values(job=id, name="x", at=0.0, data=b"x"))
    age_all(documents)
    assert pruned(documents, dry=True) == {"expired": 1}
    assert job_row(engine, old).state == "succeeded"
    before = job_row(engine, old)
    assert pruned(documents) == {"expired": 1}
    after = job_row(engine, old)
    assert (after.state, after.result, after.version) == ("expired", None, before.version + 1)
    assert (after.objective, after.finished) == (before.objective, before.finished), "figures stay"
    for table in (events, checkpoints):
        assert count(engine, table) == 1
    assert len(list(blobs.digests())) == 5, "whoever is reading them has an hour"
    assert pruned(documents) == {}
    age_all(documents)
    assert pruned(documents, dry=True) == {"blobs": 2}
    assert prune(engine, blobs, KEEP).bytes == len(b"old") + before_size(before.result, shared, old=b"old")
    assert documents.file(job(engine, young), "same.txt") == b"same in both"
    assert len(list(blobs.digests())) == 3


def before_size(digest: str, shared: dict[str, bytes], **files: bytes) -> int:
    """Bytes of the manifest with these files."""
    import hashlib

    found = tuple(
        File(path=n, digest=hashlib.sha256(d).hexdigest(), bytes=len(d), media_type="text/plain")
        for n, d in {**shared, **files}.items()
    )
    data = Manifest(files=found).model_dump_json().encode()
    assert hashlib.sha256(data).hexdigest() == digest
    return len(data)


@pytest.mark.parametrize("state", ["queued", "running", "stopping"])
def test_what_an_unfinished_job_needs_is_kept(documents: Documents, state: str) -> None:
    """The job it goes on from, the job whose plan it evaluates, the other jobs of its batch."""
    engine = documents.engine
    parent, plan, member = (old_job(engine, 40) for _ in range(3))
    batch = add_job(engine, state=state, kind="batch", finished=None)
    with engine.begin() as connection:
        connection.execute(sa.update(jobs).where(jobs.c.id == member).values(batch=batch))
    waiting = add_job(
        engine,
        state=state,
        finished=None,
        parent=parent,
        work={"kind": "evaluate", "plan": plan},
        batch=batch,
    )
    assert pruned(documents) == {}
    with engine.begin() as connection:
        connection.execute(sa.update(jobs).where(jobs.c.id == waiting).values(state="succeeded"))
    assert pruned(documents) == {"expired": 2}, "the batch still waits for its member"
    assert job_row(engine, member).state == "succeeded"


@pytest.mark.parametrize("state", ["succeeded", "failed", "cancelled"])
def test_every_job_that_ended_expires(documents: Documents, state: str) -> None:
    id = old_job(documents.engine, 31, state=state)
    assert pruned(documents) == {"expired": 1}
    assert job_row(documents.engine, id).state == "expired"


def test_what_was_promised_is_kept(documents: Documents) -> None:
    """Settings may have changed since: neither is a promise broken nor anything removed before its time."""
    engine, now = documents.engine, time.time()
    for days, expires in ((40, now + DAY), (20, now - DAY), (40, now - DAY), (40, None), (20, None)):
        old_job(engine, days, expires=expires)
    assert pruned(documents) == {"expired": 2}


def test_rows_of_expired_jobs_are_forgotten(documents: Documents) -> None:
    engine = documents.engine
    gone = old_job(engine, 366, state="expired")
    stays = old_job(engine, 364, state="expired")
    needed = old_job(engine, 400, state="expired")
    add_job(engine, state="queued", finished=None, parent=needed)
    with engine.begin() as connection:
        for id in (gone, stays):
            connection.execute(sa.insert(tags).values(job=id, tag="x"))
            connection.execute(sa.insert(events).values(job=id, id=1, at=0.0, type="log", data={}))
            values = {"tenant": "t", "key": id, "body": "", "job": id, "created": 0.0}
            connection.execute(sa.insert(submissions).values(values))
            connection.execute(sa.insert(deliveries).values(id=id, job=id, url="", body="", attempts=0))
    assert pruned(documents, dry=True) == {"forgotten": 1}
    assert pruned(documents) == {"forgotten": 1}
    assert job_row(engine, gone) is None
    assert job_row(engine, stays) is not None
    for table in (tags, events, submissions, deliveries):
        assert count(engine, table) == 1


def test_long_after_both_happens_at_once(documents: Documents) -> None:
    id = old_job(documents.engine, 500)
    assert pruned(documents, dry=True) == {"expired": 1, "forgotten": 1}
    assert pruned(documents) == {"expired": 1, "forgotten": 1}
    assert job_row(documents.engine, id) is None


def put(documents: Documents, name: str, *, used: float) -> str:
    """An instance last used so many days ago."""
    id = documents.put_instance("t", Instance.parse(small(name)))[0].id
    with documents.engine.begin() as connection:
        here = instances.c.id == id
        connection.execute(sa.update(instances).where(here).values(used=time.time() - used * DAY))
    return id


def test_documents_that_nobody_uses_go(documents: Documents) -> None:
    """Kept are: what was used lately, and what any job that has not expired works on or mentions."""
    engine = documents.engine
    put(documents, "lately", used=29)
    add_job(engine, instance=put(documents, "of a job", used=40))
    add_job(engine, work={"kind": "evaluate", "scenarios": put(documents, "scenarios", used=40)})
    members = [{"name": "a", "instance": put(documents, "member", used=40)}]
    add_job(engine, state="queued", kind="batch", work={"kind": "batch", "instances": members})
    gone = put(documents, "nobody's", used=40)
    add_job(engine, tenant="u", instance=gone)
    other = put(documents, "of an expired job", used=40)
    add_job(engine, state="expired", instance=other)
    age_all(documents)
    assert pruned(documents, dry=True) == {"instances": 2}
    assert pruned(documents) == {"instances": 2}
    assert len(documents.list_instances("t")[0]) == 4
    for id in (gone, other):
        with pytest.raises(NoSuchInstance):
            documents.instance("t", id)
    age_all(documents)
    assert pruned(documents) == {"blobs": 2}
    assert [documents.instance("t", r.id).name for r in documents.list_instances("t")[0]] == [
        "member", "scenarios", "of a job", "lately",
    ]  # fmt: skip


def test_plans_that_nobody_uses_go(documents: Documents) -> None:
    plan = documents.blobs.put(b"plan")
    other = documents.blobs.put(b"other")
    with documents.engine.begin() as connection:
        for id in (plan, other):
            values = {"tenant": "t", "id": id, "instance": "0" * 64, "created": 0.0, "used": 0.0}
            connection.execute(sa.insert(plans).values(values))
    add_job(documents.engine, work={"kind": "evaluate", "plan": plan})
    age_all(documents)
    assert pruned(documents) == {"plans": 1}
    age_all(documents)
    assert pruned(documents) == {"blobs": 1}
    assert documents.blobs.get(plan) == b"plan"


def test_what_was_made_on_demand_goes_with_its_source(documents: Documents) -> None:
    from importlib.metadata import version

    engine, blobs, now = documents.engine, documents.blobs, version("stockpile")
    result = put_result(blobs, plan=b"{}")
    add_job(engine, result=result)
    instance = put(documents, "x", used=0)
    made = [blobs.put(b"%d" % n) for n in range(4)]
    rows = [(result, now), (instance, now), ("0" * 64, now), (result, "0.0.1")]
    with engine.begin() as connection:
        for n, (source, by) in enumerate(rows):
            values = {"source": source, "kind": "report", "version": by, "created": 0.0}
            connection.execute(sa.insert(derived).values({**values, "blob": made[n]}))
    age_all(documents)
    assert pruned(documents, dry=True) == {"derived": 2}
    assert pruned(documents) == {"derived": 2, "blobs": 2}, "nobody misses them: they can be made again"
    assert count(engine, derived) == 2


def test_blobs_of_nobody_have_an_hour(documents: Documents) -> None:
    digest = documents.blobs.put(b"nobody's")
    age(documents.blobs, digest, HOUR - 60)
    assert pruned(documents) == {}
    age(documents.blobs, digest, HOUR + 1)
    assert pruned(documents) == {"blobs": 1}


def test_nothing_is_removed_while_it_is_not_known_what_is_needed(documents: Documents) -> None:
    """A manifest that is damaged hides what it refers to."""
    result = put_result(documents.blobs, plan=b"{}")
    add_job(documents.engine, result=result)
    documents.blobs.put(b"nobody's")
    documents.blobs.remove(result)
    age_all(documents)
    assert pruned(documents) == {}
    assert len(list(documents.blobs.digests())) == 2


def test_a_blob_put_again_while_pruning_stays(documents: Documents, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put after the references have been read: the removal itself asks for the time once more."""
    from api.store import retention

    digest = documents.blobs.put(b"again")
    age_all(documents)

    def late(engine: sa.Engine, blobs: Blobs) -> set[bytes]:
        found = referenced(engine, blobs)
        documents.blobs.put(b"again")
        add_job(engine, result=put_result(documents.blobs, again=b"again"))
        return found

    monkeypatch.setattr(retention, "referenced", late)
    assert pruned(documents) == {}
    assert documents.blobs.get(digest) == b"again"


def test_a_result_taken_over_from_a_job_that_expires(
    documents: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A submission reads the row before it expires and is committed after all references were read."""
    from api.store import retention

    result = put_result(documents.blobs, plan=b"{}")
    old_job(documents.engine, 31, result=result)
    age_all(documents)

    def late(engine: sa.Engine, blobs: Blobs) -> set[bytes]:
        found = referenced(engine, blobs)
        add_job(engine, result=result)
        return found

    monkeypatch.setattr(retention, "referenced", late)
    assert pruned(documents) == {"expired": 1}
    assert documents.blobs.get(result)
    assert pruned(documents) == {}


def test_a_job_that_is_about_to_be_evaluated_does_not_expire(documents: Documents) -> None:
    """Its evaluation has been resolved and is not yet written."""
    id = put(documents, "x", used=40)
    found = old_job(
        documents.engine, 40, instance=id, result=put_result(documents.blobs, **{"plan.json": b"{}"})
    )
    age_all(documents)
    documents.resolve("t", EvaluateRequest(plan=found))
    assert pruned(documents) == {}
    assert documents.plan_json("t", found) == b"{}"


def test_submitting_and_pruning_at_once(documents: Documents) -> None:
    """Instances long unused are asked for again, and new ones sent, while two threads prune without pause.

    Every job that was written finds its instance and its files.
    """
    engine, blobs = documents.engine, documents.blobs
    errors: list[Exception] = []
    done = threading.Event()
    removed: list[Pruned] = []

    def pruning() -> None:
        while not done.is_set():
            try:
                removed.append(prune(engine, blobs, KEEP))
            except Exception as error:
                errors.append(error)
                done.set()

    def submitting(number: int) -> list[tuple[str, str]]:
        written = []
        for n in range(15):
            name = f"{number}-{n % 3}"
            request = documents.resolve("t", SolveRequest(instance=small(name)))
            assert isinstance(request, SolveRequest)
            result = put_result(blobs, plan=name.encode())
            id = str(request.instance)
            written.append(
                (add_job(engine, instance=id, result=result, work={"kind": "solve", "instance": id}), id)
            )
            # Long after: the job is gone, its instance and its files unused and old.
            if n % 2:
                with engine.begin() as connection:
                    connection.execute(sa.delete(jobs).where(jobs.c.id == written.pop()[0]))
                    connection.execute(sa.update(instances).where(instances.c.id == id).values(used=0.0))
                for digest in [*(f.digest for f in read(blobs, result)), result]:
                    age(blobs, digest, 2 * HOUR)
        return written

    def read(blobs: Blobs, result: str) -> tuple[File, ...]:
        return tuple(Manifest.model_validate_json(blobs.get(result)).files)

    written: list[tuple[str, str]] = []

    def submitter(number: int) -> None:
        try:
            written.extend(submitting(number))
        except Exception as error:
            errors.append(error)

    pruners = [threading.Thread(target=pruning) for _ in range(2)]
    submitters = [threading.Thread(target=submitter, args=(n,)) for n in range(3)]
    for thread in (*pruners, *submitters):
        thread.start()
    for thread in submitters:
        thread.join()
    done.set()
    for thread in pruners:
        thread.join()
    assert not errors
    assert len(removed) > 2
    assert len(written) == 3 * 8
    for id, instance in written:
        assert documents.instance("t", instance)
        assert documents.file(job(engine, id), "plan")


@pytest.mark.slow
@settings(
    max_examples=40,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_nothing_that_is_referred_to_is_ever_removed(documents: Documents, data: st.DataObject) -> None:
    """Worlds of jobs, instances and blobs of any age, pruned at any time after."""
    engine, blobs, now = documents.engine, documents.blobs, time.time()
    with engine.begin() as connection:
        for table in (jobs, instances, events):
            connection.execute(sa.delete(table))
    for digest, _ in list(blobs.digests()):
        blobs.remove(digest)
    days = st.floats(0, 800)
    names = st.sampled_from("abcd")
    stored = {
        name: put(documents, name, used=data.draw(days, label=f"days since {name} was used"))
        for name in data.draw(st.sets(names), label="instances")
    }
    states = st.sampled_from(["queued", "running", "succeeded", "failed", "cancelled", "expired"])
    ids: list[str] = []
    for _ in range(data.draw(st.integers(0, 5), label="jobs")):
        state, since = data.draw(states), data.draw(days)
        ended = state not in ("queued", "running")
        files = {name: name.encode() for name in data.draw(st.sets(names, min_size=1))}
        result = put_result(blobs, **files) if state == "succeeded" else None
        name = data.draw(st.sampled_from([*sorted(stored), ""]))
        work = (
            {"kind": "solve", "instance": stored.get(name)} if data.draw(st.booleans()) else {"kind": "solve"}
        )
        parent = data.draw(st.sampled_from([*ids, None]))
        finished = now - since * DAY if ended else None
        ids.append(
            add_job(engine, state=state, finished=finished, result=result, parent=parent, work=work,
                    instance=stored.get(name), expires=finished and finished + data.draw(days) * DAY)
        )  # fmt: skip
    blobs.put(b"nobody's")
    for digest, _ in list(blobs.digests()):
        age(blobs, digest, data.draw(st.floats(0, 3)) * HOUR)
    before = {id: job_row(engine, id) for id in ids}
    for _ in range(data.draw(st.integers(1, 3), label="times")):
        expected = pruned(documents, now=now, dry=True)
        assert pruned(documents, now=now) == expected
        for digest in referenced(engine, blobs):
            blobs.get(digest.hex())
        age_all(documents, data.draw(st.floats(0, 3)) * HOUR)
    for id, row in before.items():
        after = job_row(engine, id)
        if row.finished is None or row.finished > now - 30 * DAY:
            assert after == row, "unfinished and young jobs stay as they are"
            if row.instance and row.state != "expired":
                documents.instance("t", row.instance)
            if row.result:
                assert documents.file(job(engine, id), data.draw(st.sampled_from(
                    [f.path for f in documents.manifest(job(engine, id)).files])))  # fmt: skip
        if row.finished is None and row.parent and before[row.parent].state != "expired":
            assert job_row(engine, row.parent).result == before[row.parent].result
    for name, id in stored.items():
        if any(row.instance == id and job_row(engine, i) is not None and job_row(engine, i).state != "expired"
               for i, row in before.items()):  # fmt: skip
            assert documents.instance("t", id).name == name


def test_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from api.store import documents as module
    from api.store.database import connect

    monkeypatch.setenv("STOCKPILE_DATA", str(tmp_path))
    own = Settings(data=tmp_path)
    engine = connect(own)
    blobs = module.blobs(own, engine)
    age(blobs, blobs.put(bytes(2_000_000)), 2 * HOUR)
    old_job(engine, 31)
    engine.dispose()
    assert run(["prune", "--dry-run"]) == 0
    assert capsys.readouterr().out.startswith("Would be removed: results of 1 jobs")
    assert run(["prune", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["expired"], told["blobs"], told["bytes"], told["dry_run"]) == (1, 1, 2_000_000, False)
    assert run(["prune"]) == 0
    assert "0 files (0.0 MB)" in capsys.readouterr().out
