"""Drafts in the database: whose they are, how many, how long; changes from two sides at once."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.store import drafts as store
from api.store import upload
from api.store.database import writing
from api.store.drafts import Drafts
from api.store.schema import drafts as table
from models import files
from models.drafts import Draft, edit
from models.drafts.read import of_instance
from models.faults import NoSuchDraft, TooManyDrafts
from models.files import xlsx_format

ONE = files.read(Path(__file__).parents[3] / "instances" / "one-material")


@pytest.fixture
def kept(engine: sa.Engine) -> Drafts:
    return Drafts(engine)


def segment(draft: Draft, text: str, row: int = 0) -> int:
    sheet = draft.sheet("demand")
    assert sheet is not None
    at = sheet.ids[sheet.columns.index("segment")]
    return edit.set_cells(draft, [("demand", sheet.keys[row], at, text)])


def test_a_draft_is_the_tenants_own(kept: Drafts) -> None:
    id = kept.put("alpha", of_instance(ONE), origin="0" * 64)
    record, data = kept.get("alpha", id)
    assert Draft.loads(data) == of_instance(ONE)
    assert (record.name, record.origin, record.version, record.faults) == (ONE.name, "0" * 64, 1, None)
    assert [r.id for r in kept.list("alpha")] == [id]
    assert kept.list("beta") == []
    for attempt in (
        lambda: kept.get("beta", id),
        lambda: kept.change("beta", id, lambda draft: segment(draft, "x")),
        lambda: kept.delete("beta", id),
        lambda: kept.reset("beta", id),
    ):
        with pytest.raises(NoSuchDraft):
            attempt()
    kept.delete("alpha", id)
    with pytest.raises(NoSuchDraft):
        kept.get("alpha", id)


def test_a_change_counts_and_what_was_sent_comes_back(kept: Drafts) -> None:
    id = kept.put("alpha", of_instance(ONE))
    kept.checked("alpha", kept.get("alpha", id)[0], 0)
    assert kept.get("alpha", id)[0].faults == 0
    assert kept.change("alpha", id, lambda draft: segment(draft, "x")) == 1
    record, data = kept.get("alpha", id)
    assert (record.version, record.faults) == (2, None)
    assert Draft.loads(data).changed() == 1
    assert Draft.loads(kept.get("alpha", id, first=True)[1]).changed() == 0
    assert kept.change("alpha", id, lambda draft: segment(draft, "x")) == 0
    assert kept.get("alpha", id)[0].version == 2
    kept.reset("alpha", id)
    assert Draft.loads(kept.get("alpha", id)[1]) == of_instance(ONE)


def test_a_check_of_an_older_version_is_not_noted(kept: Drafts) -> None:
    id = kept.put("alpha", of_instance(ONE))
    old = kept.get("alpha", id)[0]
    kept.change("alpha", id, lambda draft: segment(draft, "x"))
    kept.checked("alpha", old, 7)
    assert kept.get("alpha", id)[0].faults is None


def test_changes_from_many_sides_are_all_kept(kept: Drafts) -> None:
    real = of_instance(files.read(Path(__file__).parents[3] / "instances" / "us-vault-2026"))
    id = kept.put("alpha", real)
    threads = [
        threading.Thread(target=kept.change, args=("alpha", id, lambda d, n=n: segment(d, f"s{n}", n)))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    record, data = kept.get("alpha", id)
    sheet = Draft.loads(data).sheet("demand")
    assert sheet is not None
    at = sheet.columns.index("segment")
    assert [sheet.rows[n][at] for n in range(8)] == [f"s{n}" for n in range(8)]
    assert record.version == 9


def test_there_are_so_many_drafts_of_a_tenant(kept: Drafts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MOST", 2)
    for _ in range(2):
        kept.put("alpha", of_instance(ONE))
    with pytest.raises(TooManyDrafts):
        kept.put("alpha", of_instance(ONE))
    kept.put("beta", of_instance(ONE))


def test_a_draft_nobody_looked_at_is_gone(kept: Drafts) -> None:
    id = kept.put("alpha", of_instance(ONE))
    old = time.time() - store.DAYS * 86_400 - 10
    with writing(kept.engine) as connection:
        connection.execute(sa.update(table).values(used=old))
    assert kept.list("alpha") == []
    with pytest.raises(NoSuchDraft):
        kept.get("alpha", id)
    kept.put("beta", of_instance(ONE))
    with kept.engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(table)) == 1


def test_large_drafts_are_read_and_checked_by_the_process_that_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    found = upload.draft(
        xlsx_format.dumps(ONE),
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "a.xlsx",
    )
    assert found.name == "a.xlsx"
    here = upload.check(found.dumps())
    monkeypatch.setitem(upload.LIGHT, "json", 0)
    assert upload.check(found.dumps()) == here
    assert here.instance == ONE
    segment(found, "")
    faulty = upload.check(found.dumps())
    assert faulty.instance is None
    assert [f.name for f in faulty.faults] == ["segment"]
