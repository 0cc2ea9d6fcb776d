"""API keys: made, checked, revoked; what is remembered and for how long."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.cli import run
from api.store import keys as module
from api.store.keys import KeyRecord, Keys
from api.store.schema import keys
from models.faults import BadRequest, NoSuchKey

DAY = 86_400.0


def changed(engine: sa.Engine, id: str, **values: float | None) -> None:
    with engine.begin() as connection:
        connection.execute(sa.update(keys).where(keys.c.id == id).values(values))


def forget(own: Keys) -> None:
    """As if :data:`REMEMBERED` seconds had gone by."""
    for known in own._known.values():
        known.read -= module.REMEMBERED


def test_a_key_is_its_owners(engine: sa.Engine) -> None:
    own = Keys(engine)
    assert not own.any()
    record, text = own.create("ministry", "planning desk", "submit", days=2)
    assert text.startswith(f"sp_{record.id}_")
    assert record.expires == pytest.approx(record.created + 2 * DAY)
    found = own.check(text)
    assert found is not None
    assert (found.id, found.tenant, found.role, found.name) == (
        record.id,
        "ministry",
        "submit",
        "planning desk",
    )
    assert own.any()
    assert [r.id for r in own.list("ministry")] == [record.id]
    assert own.list("other") == ()


def test_the_secret_is_kept_nowhere(engine: sa.Engine, caplog: pytest.LogCaptureFixture) -> None:
    own = Keys(engine)
    record, text = own.create("t", "n", "read")
    secret = text.removeprefix(f"sp_{record.id}_")
    own.check(text)
    with engine.connect() as connection:
        row = connection.execute(sa.select(keys)).one()
    assert row.hash.startswith("$argon2id$")
    assert secret not in repr(row)
    assert secret not in repr(vars(own)), "what is remembered is a digest"
    assert secret not in caplog.text


def test_wrong_keys(engine: sa.Engine) -> None:
    own = Keys(engine)
    a, one = own.create("t", "a", "read")
    b, two = own.create("t", "b", "read")
    other = Keys(engine)
    wrong = [
        "", "sp_", "sp__", "x", a.id, one[3:], one + "x", one[:-1], one.upper(), f" {one}", f"{one}\n",
        one[:-1] + ("A" if one[-1] != "A" else "B"),
        f"sp_{b.id}_{one.rpartition(a.id + '_')[2]}",
        "sp_\ud800", "sp_" + "0" * 16 + "_" + "é" * 43, "sp_" + "0" * 1_000_000,
    ]  # fmt: skip
    for text in wrong:
        assert own.check(text) is None, text
        assert other.check(text) is None, text
    assert own.check(one) is not None
    assert own.check(two) is not None


def test_a_secret_that_hashes_to_anothers_id_is_still_refused(engine: sa.Engine) -> None:
    """The id is 64 bits of a digest; whoever found a second secret for it still meets Argon2."""
    own = Keys(engine)
    record, _ = own.create("t", "a", "admin")
    _, other = Keys(engine).create("t", "b", "read")
    secret = other.rpartition(other[3:19] + "_")[2]
    with engine.begin() as connection:
        connection.execute(sa.delete(keys).where(keys.c.id == module._id(secret)))
        connection.execute(sa.update(keys).where(keys.c.id == record.id).values(id=module._id(secret)))
    assert own.check(other) is None


def test_a_revoked_key_ends_within_the_time_it_is_remembered(engine: sa.Engine) -> None:
    own, elsewhere = Keys(engine), Keys(engine)
    record, text = own.create("t", "n", "admin")
    assert own.check(text)
    revoked = elsewhere.revoke(record.id)
    assert revoked.revoked is not None
    assert elsewhere.check(text) is None
    assert own.check(text), "remembered in this process"
    forget(own)
    assert own.check(text) is None
    assert own.recall(text) is None
    assert elsewhere.revoke(record.id) == revoked, "the first time counts"
    assert own.any(), "revoking the last key opens nothing"
    assert Keys(engine).any()
    with pytest.raises(NoSuchKey):
        own.revoke("0" * 16)


def test_an_expired_key_ends_at_once(engine: sa.Engine) -> None:
    own = Keys(engine)
    record, text = own.create("t", "n", "read", days=1)
    assert own.check(text)
    changed(engine, record.id, expires=time.time() - 1)
    forget(own)
    assert own.check(text) is None
    _, text = own.create("t", "n", "read", days=1)
    assert own.check(text)
    for known in own._known.values():
        known.record = replace(known.record, expires=time.time() - 1)
    assert own.check(text) is None, "also while it is remembered"


def test_argon2_runs_once_in_a_process(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    own = Keys(engine)
    record, text = own.create("t", "n", "read")
    assert own.recall(text) is None
    assert own.check(text)
    assert own.recall(text) == own.check(text)

    def never(*_: object) -> None:
        raise AssertionError

    with monkeypatch.context() as patch:
        patch.setattr(type(module._HASHER), "verify", never)
        assert own.check(text)
        forget(own)
        assert own.recall(text) is None
        assert own.check(text), "the row is read again, the secret is not hashed again"
        bad = f"sp_{module._id('A' * 43)}_{'A' * 43}"
        assert own.check(bad) is None, "nor is one whose id nobody has"
    changed(engine, record.id, hash=module._HASHER.hash("another"))
    forget(own)
    assert own.check(text) is None, "another hash in the row is another key"


def test_the_last_use_is_written_once_a_minute(engine: sa.Engine) -> None:
    own = Keys(engine)
    record, text = own.create("t", "n", "read")

    def used() -> float | None:
        return own.list()[0].used

    assert used() is None
    own.check(text)
    first = used()
    assert first is not None
    forget(own)
    own.check(text)
    assert used() == first
    changed(engine, record.id, used=first - 61)
    forget(own)
    own.check(text)
    assert (used() or 0) >= first


def test_what_is_remembered_has_an_end(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST", 3)
    own = Keys(engine)
    for n in range(5):
        assert own.check(own.create("t", f"n{n}", "read")[1])
    assert len(own._known) == 3


@pytest.mark.parametrize(
    ("tenant", "name", "role", "days"),
    [
        ("", "n", "read", None),
        ("t", "", "read", None),
        ("t\n", "n", "read", None),
        ("t", "x" * 201, "read", None),
        ("t", "n", "boss", None),
        ("t", "n", "read", 0),
        ("t", "n", "read", -1),
        ("t", "n", "read", float("nan")),
        ("t", "n", "read", 1e9),
    ],
)
def test_what_a_key_cannot_be(
    engine: sa.Engine, tenant: str, name: str, role: str, days: float | None
) -> None:
    with pytest.raises(BadRequest):
        Keys(engine).create(tenant, name, role, days)  # type: ignore[arg-type]  # the wrong ones are the point
    assert Keys(engine).list() == ()


def test_roles_contain_those_before_them() -> None:
    record = KeyRecord("0" * 16, "t", "n", "submit", 0.0)
    assert [record.allows(role) for role in ("read", "submit", "admin")] == [True, True, False]


def test_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STOCKPILE_DATA", str(tmp_path))

    def told(*words: str) -> dict[str, object]:
        assert run([*words, "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert isinstance(found, dict)
        return found

    made = told("keys", "create", "desk", "--tenant", "ministry", "--role", "admin", "--days", "1")
    assert str(made["key"]).startswith(f"sp_{made['id']}_")
    assert (made["tenant"], made["role"], made["valid"]) == ("ministry", "admin", True)
    assert run(["keys", "list"]) == 0
    listed = capsys.readouterr().out
    assert listed.splitlines()[1].split()[:4] == [made["id"], "desk", "ministry", "admin"]
    assert str(made["key"])[20:] not in listed
    assert told("keys", "list", "--tenant", "other") == {"keys": []}
    assert told("keys", "revoke", str(made["id"]))["valid"] is False
    assert run(["keys", "list"]) == 0
    assert "revoked" in capsys.readouterr().out
    assert run(["keys", "create", "desk"]) == 0
    assert "it is not shown again" in capsys.readouterr().out
    for words in (
        ["keys", "revoke", "none"],
        ["keys", "create", "x", "--days", "-3"],
        ["keys", "create", "x", "--role", "y"],
    ):
        assert run(words) != 0
        assert capsys.readouterr().err.startswith("stockpile: ")
