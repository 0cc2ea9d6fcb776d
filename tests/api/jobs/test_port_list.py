"""Lists through the port: filters, pages, cursors. On each implementation."""

from __future__ import annotations

import base64
import json

import pytest

from api.jobs.port import Query
from models.faults import BadCursor
from tests.api.jobs.harness import INSTANCE, OTHER, TENANT, Port, batch, ids, solve, submission


def test_newest_first_page_by_page(port: Port) -> None:
    made = [port.jobs.submit(solve(fresh=True))[0].id for _ in range(7)]
    seen: list[str] = []
    cursor = None
    for size in (3, 3, 1):
        page = port.jobs.list(TENANT, Query(limit=3, cursor=cursor))
        assert len(page.jobs) == size
        seen += ids(page.jobs)
        cursor = page.next
        # What comes meanwhile stands before the first page and moves nothing.
        port.jobs.submit(solve(fresh=True))
    assert cursor is None
    assert seen == made[::-1]
    assert port.jobs.list(TENANT, Query(limit=10)).next is None  # exactly all
    assert port.jobs.list("two", Query()).jobs == ()


def test_places_in_the_queue_are_told_in_lists(port: Port) -> None:
    first, _ = port.jobs.submit(solve(fresh=True))
    made = [port.jobs.submit(solve(fresh=True))[0].id for _ in range(3)]
    port.begin(first.id)
    found = port.jobs.list(TENANT, Query()).jobs
    assert {job.id: job.position for job in found} == {
        first.id: None,
        **dict(zip(made, (1, 2, 3), strict=True)),
    }
    assert [port.jobs.get(TENANT, job.id) for job in found] == list(found)


def test_filters(port: Port) -> None:
    a, _ = port.jobs.submit(solve(tags=["x", "y"]))
    b, _ = port.jobs.submit(solve(OTHER, tags=["x"]))
    c, _ = port.jobs.submit(submission({"kind": "sample", "instance": OTHER}))
    theirs, _ = port.jobs.submit(solve(tenant="two", tags=["x"]))
    port.finish(a.id)
    d, _ = port.jobs.submit(solve(OTHER, parent=a.id))
    e, _ = port.jobs.submit(batch(INSTANCE, OTHER, fresh=True))
    members = port.jobs.list(TENANT, Query(batch=e.id)).jobs
    assert [job.member for job in members] == ["m1", "m0"]

    def found(**query: object) -> list[str]:
        return ids(port.jobs.list(TENANT, Query(**query)).jobs)  # type: ignore[arg-type] # any of its fields

    assert found(tags=["x"]) == [b.id, a.id]
    assert found(tags=["y", "x"]) == [a.id]
    assert found(tags=["z"]) == []
    assert found(kinds=["sample", "batch"]) == [e.id, c.id]
    assert found(states=["succeeded"]) == [a.id]
    assert found(states=["queued"], kinds=["solve"], instance=OTHER) == [members[0].id, d.id, b.id]
    assert found(parent=a.id) == [d.id]
    assert found(instance=OTHER) == [members[0].id, d.id, c.id, b.id]
    assert ids(port.jobs.list("two", Query(tags=["x"])).jobs) == [theirs.id]
    assert port.jobs.list("two", Query(batch=e.id)).jobs == ()


def test_text_is_looked_for_in_names_and_ids(port: Port) -> None:
    a, _ = port.jobs.submit(solve(title="Twelve billion, 100 % of it", fresh=True))
    b, _ = port.jobs.submit(solve(title="4 bn", fresh=True))
    c, _ = port.jobs.submit(batch(INSTANCE, fresh=True))
    member = port.jobs.list(TENANT, Query(batch=c.id)).jobs[0]
    port.jobs.submit(solve(tenant="two", title="Twelve"))

    def found(text: str) -> list[str]:
        return ids(port.jobs.list(TENANT, Query(text=text)).jobs)

    assert found("twelve") == [a.id]
    assert found("BN") == [b.id]
    assert found("100 %") == [a.id]
    assert found("1%of") == []  # no pattern: itself
    assert found("b_") == []
    assert found("M0") == [member.id]
    assert found(b.id[:12].upper()) == [b.id]
    assert found(b.id[1:]) == []
    assert found("") == [member.id, c.id, b.id, a.id]
    cursor = port.jobs.list(TENANT, Query(limit=1)).next
    with pytest.raises(BadCursor):
        port.jobs.list(TENANT, Query(text="x", cursor=cursor))


def test_a_cursor_is_of_one_list(port: Port) -> None:
    for _ in range(3):
        port.jobs.submit(solve(tags=["x", "y"], fresh=True))
    cursor = port.jobs.list(TENANT, Query(tags=["x", "y"], limit=1)).next
    assert cursor is not None
    # The same list with another size of page, and its tags in another order.
    assert len(port.jobs.list(TENANT, Query(tags=["y", "x"], limit=5, cursor=cursor)).jobs) == 2
    for tenant, query in ((TENANT, Query(cursor=cursor)), ("two", Query(tags=["x", "y"], cursor=cursor))):
        with pytest.raises(BadCursor):
            port.jobs.list(tenant, query)


def crafted(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def test_what_is_no_cursor_is_refused(port: Port) -> None:
    values = (1, None, [1], ["a", "b"], [1, "b", 2], {"a": 1}, [True, ""])
    for cursor in ("", "x", "!!", "é", "a" * 10_000, *map(crafted, values)):
        with pytest.raises(BadCursor):
            port.jobs.list(TENANT, Query(cursor=cursor))
