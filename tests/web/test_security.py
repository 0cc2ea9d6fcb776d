"""What holds browsers to our own pages, and pages to their tenant: headers, tokens, every route."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from fastapi.routing import iter_route_contexts
from starlette.requests import Request

from api.http.middleware import HEADERS
from api.web import session, shell
from models.faults import StaleForm
from tests.api.http.real import Belongings, Real, furnish, running
from tests.api.http.world import World, is_page, making
from tests.web.visitor import Visitor, visitor_of

OPEN = {"/login", "/static/{version}/{path:path}"}
"""Pages for whoever has not logged in."""
FOREIGN = "http://evil.example"


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    with running(tmp_path_factory.mktemp("real") / "data") as made:
        yield made


@pytest.fixture(scope="module")
def alpha(real: Real) -> Belongings:
    return furnish(real, "alpha")


def pages(real: Real) -> list[tuple[str, str]]:
    """Method and path of every page."""
    found = [
        (method, context.path or "")
        for context in iter_route_contexts(real.app.routes)
        if is_page(context)
        for method in sorted(context.methods or ())
    ]
    assert ("GET", "/") in found
    return found


@contextmanager
def visiting(real: Real, tenant: str | None) -> Iterator[Visitor]:
    """Somebody at the pages of the real service."""
    with real.client() as client:
        client.headers["Accept"] = "text/html"
        made = Visitor(client)
        if tenant is not None:
            made.log_in(real.key(tenant, "admin"))
        yield made


def filled(path: str, job: str, instance: str) -> str:
    """A path with ids in it, whatever its parameters are called."""

    def value(found: re.Match[str]) -> str:
        name = found[1]
        before = path[: found.start()]
        if name in ("id", "job", "instance", "other", "draft"):
            return instance if before.endswith("/instances/") or name == "instance" else job
        return "x"

    return re.sub(r"\{(\w+)(?::\w+)?\}", value, path)


def test_without_a_session_there_is_no_page_but_the_login(real: Real, alpha: Belongings) -> None:
    real.key()
    with visiting(real, None) as nobody:
        for method, path in pages(real):
            if path in OPEN:
                continue
            answer = nobody.client.request(method, filled(path, alpha.jobs["solved"], alpha.instance))
            assert answer.status_code == 303, (method, path, answer.status_code, answer.text[:300])
            assert answer.headers["location"].startswith("/login"), (method, path)


def test_what_is_another_tenants_is_on_no_page(real: Real, alpha: Belongings) -> None:
    walked = 0
    with visiting(real, "beta") as beta:
        token = {"X-CSRF-Token": beta.csrf}
        for method, path in pages(real):
            if path in OPEN:
                continue
            if "{" not in path:
                text = beta.client.get(path).text
                assert not any(id in text for id in (*alpha.jobs.values(), alpha.instance)), path
                continue
            for job, accept in (("waiting", "text/html"), ("solved", "text/html"), ("solved", "*/*")):
                place = filled(path, alpha.jobs[job], alpha.instance)
                answer = beta.client.request(method, place, headers=token | {"Accept": accept})
                assert answer.status_code == 404, (method, place, answer.status_code, answer.text[:500])
                assert "of alpha" not in answer.text
                walked += 1
    assert walked > 30


def test_whatever_changes_something_asks_for_the_token(real: Real, alpha: Belongings) -> None:
    with visiting(real, "alpha") as own:
        for method, path in pages(real):
            if method in ("GET", "HEAD") or path == "/login":
                continue
            place = filled(path, alpha.jobs["waiting"], alpha.instance)
            for headers in ({}, {"X-CSRF-Token": "0" * 64}, {"X-CSRF-Token": ""}):
                answer = own.client.request(method, place, headers=headers)
                assert answer.status_code == 403, (method, path, answer.status_code, answer.text[:300])
                assert "out of date" in answer.text
            foreign = {"X-CSRF-Token": own.csrf, "Sec-Fetch-Site": "cross-site"}
            assert own.client.request(method, place, headers=foreign).status_code == 403, (method, path)
        own.get("/")


def test_the_token_of_one_session_is_nothing_to_another(world: World) -> None:
    one, other = visitor_of(world, "alpha"), visitor_of(world, "alpha")
    one.get("/")
    other.get("/")
    assert one.csrf != other.csrf
    own, other.csrf = other.csrf, one.csrf
    other.post("/logout", status=403)
    other.csrf = own
    other.post("/logout")


def test_the_login_asks_for_the_token_too(world: World) -> None:
    key = world.key()
    visitor = visitor_of(world)
    visitor.post("/login", {"key": key}, status=403)
    visitor.get("/login")
    visitor.post("/login", {"key": key, "csrf": "0" * 64}, status=403)
    visitor.post("/login", {"key": key})


def test_the_cookie_is_not_in_the_page(world: World) -> None:
    key, visitor = world.key(), visitor_of(world)
    login = visitor.get("/login").text
    visitor.log_in(key)
    page = visitor.get("/").text
    assert len(visitor.client.cookies) == 2
    for value in visitor.client.cookies.values():
        assert value not in login + page


def test_pages_hold_browsers_to_our_own_files(visitor: Visitor) -> None:
    for path, status in (("/", 200), ("/nowhere", 404)):
        answer = visitor.get(path, status=status)
        policy = dict(
            part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";")
        )
        assert policy["default-src"] == "'none'"
        assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        for name in ("script-src", "style-src", "connect-src", "form-action", "font-src"):
            assert policy[name] == "'self'"
        assert policy["img-src"] == "'self' data:"
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"


def test_the_interface_keeps_its_own_headers(world: World) -> None:
    answer = world.client().get("/v1/jobs")
    for name, value in HEADERS.items():
        assert answer.headers[name] == value


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:1"}, 200),
        ({"Host": "evil.example"}, 403),  # another name for this machine: DNS rebinding
        ({"Origin": FOREIGN}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_without_keys_pages_are_for_this_machine(
    visitor: Visitor, headers: dict[str, str], status: int
) -> None:
    visitor.get("/", headers=headers, status=status)


def test_without_keys_and_consent_pages_lead_to_the_login(tmp_path: Path) -> None:
    with making(tmp_path / "data", allow_anonymous=False) as world:
        assert visitor_of(world).get("/", status=303).headers["location"] == "/login"
        visitor_of(world).get("/login")


def test_forms_of_anonymous_visitors_need_the_token_of_their_cookie(visitor: Visitor) -> None:
    visitor.post("/logout", status=403)
    visitor.get("/")
    token = visitor.csrf
    visitor.get("/")
    assert visitor.csrf == token
    visitor.post("/logout")
    visitor.client.cookies.clear()
    visitor.post("/logout", status=403)


def test_forms_are_read_up_to_the_size_of_a_request(tmp_path: Path) -> None:
    with making(tmp_path / "data", body_mb=1) as world:
        visitor = visitor_of(world)
        visitor.get("/")
        for more in ({"data": {"a": "x" * 2**21}}, {"files": {"a": b"x" * 2**21}}):
            answer = visitor.client.post("/logout", headers={"X-CSRF-Token": visitor.csrf}, **more)
            assert answer.status_code == 413
            assert "<h1>" in answer.text
        many = {str(n): "" for n in range(session.FIELDS + 1)}
        answer = visitor.client.post("/logout", files={"a": b""}, data={"csrf": visitor.csrf} | many)
        assert answer.status_code == 422


@pytest.mark.parametrize("given", ["", "é", "\udce9", "0" * 63, "0" * 65])
def test_tokens_of_any_kind_are_compared(given: str) -> None:
    scope = {"type": "http", "headers": [], "method": "POST", "path": "/"}
    visit = session.stranger(Request(scope))
    form = session.FormData([("csrf", given)])
    with pytest.raises(StaleForm):
        session.check(Request(scope), visit, form)
    session.check(Request(scope), visit, session.FormData([("csrf", visit.csrf)]))


def test_pages_are_not_in_the_description(world: World) -> None:
    paths = world.client().get("/openapi.json").json()["paths"]
    assert not any(
        path.startswith(("/login", "/logout", "/static", "/jobs", "/instances", "/compare")) for path in paths
    )


def test_a_bearer_key_opens_no_page(world: World) -> None:
    client = world.client(world.key())
    client.headers["Accept"] = "text/html"
    assert client.get("/").status_code == 303


def test_pages_count_towards_the_rate_of_the_key(tmp_path: Path) -> None:
    with making(tmp_path / "data", requests_per_minute=5) as world:
        visitor = visitor_of(world, "alpha")
        answers = [visitor.client.get("/") for _ in range(6)]
        assert [answer.status_code for answer in answers][-1] == 429
        assert int(answers[-1].headers["retry-after"]) >= 1
        assert "wait a little" in answers[-1].text


def test_what_nobody_has_thought_of_is_told_as_a_page(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    visitor = visitor_of(world)
    monkeypatch.setattr(world.jobs, "list", broken)
    answer = visitor.get("/", status=500)
    assert answer.headers["x-request-id"] in answer.text
    assert "secret detail" not in answer.text
    assert answer.headers["content-security-policy"] == shell.HEADERS["Content-Security-Policy"]
    piece = visitor.client.get("/", headers={"HX-Request": "true"})
    assert piece.headers["content-type"] == "application/problem+json"
    assert httpx.get(world.url + "/", headers={"Accept": "*/*"}, trust_env=False).status_code == 200


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("PUT", "/login", 405)])
def test_what_is_not_there_is_told_in_the_words_asked_for(
    visitor: Visitor, method: str, path: str, status: int
) -> None:
    page = visitor.client.request(method, path)
    assert (page.status_code, page.headers["content-type"]) == (status, "text/html; charset=utf-8")
    for headers in ({"HX-Request": "true"}, {"Accept": "application/json"}):
        problem = visitor.client.request(method, path, headers=headers)
        assert (problem.status_code, problem.json()["status"]) == (status, status)
    if status == 405:
        assert page.headers["allow"] == "GET, HEAD, POST"
