"""Login by key, sessions, logout: over the real database, several processes' worth of applications on it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
import sqlalchemy as sa

from api.http.app import make_app
from api.settings import Settings
from api.store import schema, sessions
from api.store.keys import Keys
from api.store.sessions import PER_ADDRESS, PER_KEY, WINDOW, Sessions
from api.web.session import SESSION, own
from models.faults import TooManyRequests
from models.jobs import Role
from tests.api.http.world import World, serving
from tests.web.visitor import Visitor, visitor_of


@contextmanager
def second_process(world: World) -> Iterator[str]:
    """Another application on the same database, with nothing in common but that."""
    app = make_app(
        world.settings,
        jobs=world.jobs,
        documents=world.documents,
        keys=Keys(world.engine),
        engine=world.engine,
    )
    with serving(app) as url:
        yield url


def rows(world: World) -> list[sa.Row[tuple[object, ...]]]:
    with world.engine.connect() as connection:
        return list(connection.execute(sa.select(schema.sessions)))


def test_without_a_session_every_page_leads_to_the_login_and_back(world: World) -> None:
    world.key()
    visitor = visitor_of(world)
    answer = visitor.get("/?a=1&b=%22", status=303)
    assert answer.headers["location"] == "/login?next=/%3Fa%3D1%26b%3D%2522"
    form = visitor.get(answer.headers["location"]).text
    assert 'name="next" value="/?a=1&amp;b=%22"' in form
    assert visitor.get("/", status=303).headers["location"] == "/login"


def test_a_piece_of_a_page_sends_the_whole_page_to_the_login(world: World) -> None:
    world.key()
    answer = world.client().get(
        "/", headers={"HX-Request": "true", "Accept": "text/html", "HX-Current-URL": "http://x/jobs/1?tab=2"}
    )
    assert (answer.status_code, answer.headers["hx-redirect"]) == (204, "/login?next=/jobs/1%3Ftab%3D2")


def test_a_key_begins_a_session_of_its_tenant(world: World) -> None:
    visitor = visitor_of(world)
    world.store("alpha", name="only of alpha")
    world.store("beta", name="only of beta")
    answer = visitor.log_in(world.key("alpha", "read"), "/?here=1")
    assert answer.headers["location"] == "/?here=1"
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{SESSION}=")
    assert {"HttpOnly", "SameSite=lax", "Path=/", "Max-Age=43200"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    text = visitor.get("/").text
    assert "only of alpha" in text
    assert "only of beta" not in text
    assert "alpha (read)" in text


def test_over_https_the_cookie_is_for_https_alone(world: World) -> None:
    visitor = visitor_of(world)
    visitor.client.headers["X-Forwarded-Proto"] = "https"
    key = world.key()
    visitor.get("/login")
    # The client would keep it from plain HTTP, as a browser does.
    visit = visitor.client.get("/login").headers["set-cookie"].partition(";")[0]
    visitor.get("/login", headers={"Cookie": visit})
    answer = visitor.post("/login", {"key": key}, headers={"Cookie": visit})
    assert "Secure" in answer.headers["set-cookie"].split("; ")


def test_the_database_does_not_hold_what_opens_a_session(world: World) -> None:
    visitor = visitor_of(world, "alpha")
    token = visitor.client.cookies[SESSION]
    assert len(token) == 43
    found = rows(world)
    assert len(found) == 1
    assert token not in str(found)
    other = world.client()
    other.headers["Accept"] = "text/html"
    for wrong in (str(found[0].id), token[:-1], token + "A", ""):
        assert other.get("/", headers={"Cookie": f"{SESSION}={wrong}"}).status_code == 303


@pytest.mark.parametrize(
    "given", ["", "sp_", "sp_0123456789abcdef_" + "A" * 43, "\x00", "é" * 300, "' or 1=1 --"]
)
def test_a_wrong_key_is_told_on_the_same_page(world: World, given: str) -> None:
    world.key()
    visitor = visitor_of(world)
    visitor.get("/login?next=/jobs")
    answer = visitor.post("/login", {"key": given, "next": "/jobs"}, status=422)
    assert 'aria-invalid="true"' in answer.text
    assert 'name="next" value="/jobs"' in answer.text
    assert len(given) < 4 or given not in answer.text
    assert rows(world) == []


def test_logout_ends_the_session_for_good(world: World) -> None:
    visitor = visitor_of(world, "alpha")
    token = visitor.client.cookies[SESSION]
    visitor.get("/")
    answer = visitor.post("/logout")
    assert answer.headers["location"] == "/login"
    assert SESSION not in visitor.client.cookies
    assert visitor.client.get("/", headers={"Cookie": f"{SESSION}={token}"}).status_code == 303
    assert rows(world) == []


def test_a_session_ends_when_its_key_does(world: World) -> None:
    record, key = world.keys.create("alpha", "test", "submit")
    visitor = visitor_of(world)
    visitor.log_in(key)
    world.keys.revoke(record.id)
    assert visitor.get("/", status=303).headers["location"] == "/login"


def test_a_session_ends_when_its_key_expires(world: World) -> None:
    _, key = world.keys.create("alpha", "test", "submit", days=1)
    visitor = visitor_of(world)
    visitor.log_in(key)
    visitor.get("/")
    with world.engine.begin() as connection:
        connection.execute(sa.update(schema.keys).values(expires=time.time() - 1))
    visitor.get("/", status=303)


def test_a_session_ends_when_its_hours_are_over(world: World) -> None:
    visitor = visitor_of(world, "alpha")
    with world.engine.begin() as connection:
        connection.execute(sa.update(schema.sessions).values(expires=time.time() - 1))
    visitor.get("/", status=303)
    # The next login sweeps it away.
    visitor_of(world, "alpha")
    assert len(rows(world)) == 1


def test_a_login_ends_the_session_before(world: World) -> None:
    visitor = visitor_of(world, "alpha")
    token = visitor.client.cookies[SESSION]
    with world.engine.begin() as connection:
        connection.execute(sa.update(schema.sessions).values(expires=time.time() - 1))
    visitor.log_in(world.key("beta"))
    assert visitor.client.cookies[SESSION] != token
    assert len(rows(world)) == 1
    assert visitor.get("/login?next=/x", status=303).headers["location"] == "/x"


def test_every_process_on_the_database_knows_the_session(world: World) -> None:
    visitor = visitor_of(world, "alpha")
    visitor.get("/")
    with second_process(world) as url, httpx.Client(base_url=url, trust_env=False) as client:
        other = Visitor(client, visitor.csrf)
        client.headers["Accept"] = "text/html"
        client.cookies.set(SESSION, visitor.client.cookies[SESSION])
        assert "alpha (submit)" in other.get("/").text
        other.post("/logout")
    visitor.get("/", status=303)


def test_wrong_keys_are_counted_by_address_in_all_processes(world: World) -> None:
    key = world.key()
    with second_process(world) as url, httpx.Client(base_url=url, trust_env=False) as client:
        first, second = visitor_of(world), Visitor(client)
        client.headers["Accept"] = "text/html"
        for visitor in (first, second):
            visitor.get("/login")
            for _ in range(PER_ADDRESS // 2):
                visitor.post("/login", {"key": "sp_wrong"}, status=422)
        for visitor in (first, second):
            answer = visitor.post("/login", {"key": key}, status=429)
            assert 1 <= int(answer.headers["retry-after"]) <= WINDOW + 1
            assert "try again in" in answer.text
    with world.engine.begin() as connection:
        connection.execute(sa.update(schema.logins).values(since=time.time() - WINDOW - 1))
    first.post("/login", {"key": key})


def test_wrong_keys_are_counted_by_the_key_they_name(world: World) -> None:
    record, key = world.keys.create("alpha", "test", "submit")
    found = Sessions(world.engine)
    for _ in range(PER_KEY):
        found.count(f"key {record.id}", PER_KEY)
    visitor = visitor_of(world)
    visitor.get("/login")
    visitor.post("/login", {"key": key}, status=429)
    visitor.post("/login", {"key": world.key()})


def test_logins_that_succeed_do_not_count(world: World) -> None:
    key = world.key()
    for _ in range(PER_KEY + 2):
        visitor_of(world).log_in(key)
    with world.engine.connect() as connection:
        assert all(row.count == 0 for row in connection.execute(sa.select(schema.logins)))


def test_attempts_are_counted_on_both_databases(engines: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    found, now = Sessions(engines), 1_000_000.0
    monkeypatch.setattr(sessions.time, "time", lambda: now)
    for _ in range(3):
        found.count("somebody", 3)
    with pytest.raises(TooManyRequests) as told:
        found.count("somebody", 3)
    assert told.value.retry_after == WINDOW
    found.count("somebody else", 3)
    now += WINDOW - 10
    with pytest.raises(TooManyRequests) as told:
        found.count("somebody", 3)
    assert told.value.retry_after == pytest.approx(10)
    now += 11
    found.count("somebody", 3)
    found.forgive("somebody", "nobody")
    for _ in range(3):
        found.count("somebody", 3)


def test_sessions_on_both_databases(engines: sa.Engine) -> None:
    keys, found = Keys(engines), Sessions(engines)
    record, _ = keys.create("alpha", "test", "read")
    token = found.begin(record.id, 60)
    assert found.find(token) == record
    assert found.find(found.begin(record.id, -1)) is None
    assert found.find(found.begin("0" * 16, 60)) is None
    found.end(token)
    found.end(token)
    assert found.find(token) is None


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("/jobs?a=1#b", "/jobs?a=1#b"), ("", "/"), (None, "/"), ("jobs", "/"), ("//evil.example", "/"),
        ("/\\evil.example", "/"), ("https://evil.example/", "/"), ("javascript:alert(1)", "/"),
        ("/a\nb", "/"), ("/\t/evil.example", "/"), ("///evil.example", "/"), ("/a\\..\\b", "/"),
        ("/[", "/["), ("//[", "/"),
    ],
)  # fmt: skip
def test_after_the_login_one_stays_here(given: str | None, taken: str) -> None:
    assert own(given) == taken


def test_the_login_leads_to_no_other_site(world: World) -> None:
    visitor = visitor_of(world)
    answer = visitor.log_in(world.key(), "//evil.example/")
    assert answer.headers["location"] == "/"


@pytest.mark.parametrize("role", ["read", "submit", "admin"])
def test_each_role_may_look(world: World, role: Role) -> None:
    assert f"({role})" in visitor_of(world, "alpha", role).get("/").text


def test_hours_are_a_setting(sqlite_settings: Settings) -> None:
    assert sqlite_settings.session_hours == 12
