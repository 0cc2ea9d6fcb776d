"""Webhooks: signed, tried again, sent to nowhere private; against a real receiver on loopback."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import sqlalchemy as sa

from api import addresses, webhooks
from api.settings import Settings
from api.store.database import writing
from api.store.schema import deliveries, jobs
from api.webhooks import Delivered, deliver_due, note_end
from models.faults import BadRequest
from models.jobs import Problem


class Receiver(ThreadingHTTPServer):
    """Keeps what it is sent, and answers with the statuses it is given, then 200."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[tuple[dict[str, str], bytes, str]] = []
        self.statuses: list[int] = []
        self.location = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook?a=1"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, Receiver)
        body = self.rfile.read(int(self.headers["content-length"]))
        server.seen.append(({k.lower(): v for k, v in self.headers.items()}, body, self.path))
        self.send_response(server.statuses.pop(0) if server.statuses else 200)
        if server.location:
            self.send_header("Location", server.location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def allowed(settings: Settings) -> Settings:
    """Settings that let webhooks go to loopback."""
    return settings.model_copy(update={"allow_private_webhooks": True})


def row(id: str = "1" * 32, **values: Any) -> dict[str, Any]:
    """The row of a job that has ended."""
    problem = Problem(type="urn:stockpile:Crashed", title="It died.", status=500, detail="secret detail")
    known = {
        "id": id, "kind": "solve", "state": "failed", "tags": ["night"], "title": "base", "attempt": 2,
        "created": 1.0, "started": 2.0, "finished": 5.5, "seconds": 3.5, "objective": 12e9,
        "problem": problem.model_dump(mode="json"),
    }  # fmt: skip
    return dict.fromkeys(jobs.c.keys()) | known | values


def ended(engine: sa.Engine, *rows: dict[str, Any]) -> None:
    with writing(engine) as connection:
        for each in rows:
            note_end(connection, each)


def stored(engine: sa.Engine) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        return [dict(r) for r in connection.execute(sa.select(deliveries)).mappings()]


def due_now(engine: sa.Engine) -> None:
    """As if the pause were over."""
    with writing(engine) as connection:
        connection.execute(
            sa.update(deliveries).where(deliveries.c.next.is_not(None)).values(next=time.time())
        )


def test_a_delivery_is_signed_and_says_nothing_of_the_plan(
    engines: sa.Engine, allowed: Settings, receiver: Receiver
) -> None:
    ended(engines, row(webhook=receiver.url))
    assert deliver_due(engines, allowed) == Delivered(sent=1)
    ((headers, body, path),) = receiver.seen
    assert path == "/hook?a=1"
    told = json.loads(body)
    assert told["type"] == "job.ended"
    assert told["timestamp"] == 5.5
    assert told["data"]["id"] == "1" * 32
    assert told["data"]["state"] == "failed"
    assert told["data"]["url"] == f"/v1/jobs/{'1' * 32}"
    assert told["data"]["problem"] == "urn:stockpile:Crashed"
    assert "objective" not in told["data"]
    assert b"secret detail" not in body
    # The signature as a receiver checks it, by the letter of the Standard Webhooks.
    key = base64.b64decode(webhooks.secret(engines).removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    mine = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{mine}"
    assert abs(time.time() - int(headers["webhook-timestamp"])) < 60
    (kept,) = stored(engines)
    assert kept["next"] is None
    assert kept["attempts"] == 1
    assert kept["delivered"] is not None
    assert deliver_due(engines, allowed) == Delivered()
    assert len(receiver.seen) == 1


def test_the_signature_of_a_known_message() -> None:
    # The example of the Standard Webhooks' own libraries.
    assert (
        webhooks.signature(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1614265330,
            '{"test": 2432232314}',
        )
        == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


def test_no_address_no_delivery_and_one_for_one_end(engines: sa.Engine, receiver: Receiver) -> None:
    ended(
        engines, row(webhook=None), row("2" * 32, webhook=receiver.url), row("2" * 32, webhook=receiver.url)
    )
    assert [r["job"] for r in stored(engines)] == ["2" * 32]


def test_a_transaction_undone_leaves_no_delivery(engines: sa.Engine, receiver: Receiver) -> None:
    def fail_half_way() -> None:
        with writing(engines) as connection:
            note_end(connection, row(webhook=receiver.url))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    assert stored(engines) == []


def test_a_failure_is_tried_again_with_the_same_id_until_it_is_given_up(
    engines: sa.Engine, allowed: Settings, receiver: Receiver
) -> None:
    tries = len(webhooks.PAUSES) + 1
    receiver.statuses = [500] * tries
    ended(engines, row(webhook=receiver.url))
    for number, pause in enumerate(webhooks.PAUSES, 1):
        before = time.time()
        assert deliver_due(engines, allowed) == Delivered(failed=1)
        (kept,) = stored(engines)
        assert kept["attempts"] == number
        assert "500" in kept["error"]
        assert before + pause <= kept["next"] <= time.time() + 1.2 * pause
        assert deliver_due(engines, allowed) == Delivered(), "not before its time"
        due_now(engines)
    assert deliver_due(engines, allowed) == Delivered(failed=1, given_up=1)
    (kept,) = stored(engines)
    assert kept["next"] is None
    assert kept["delivered"] is None
    assert len({headers["webhook-id"] for headers, _, _ in receiver.seen}) == 1
    assert len(receiver.seen) == tries


def test_it_arrives_after_an_outage(engines: sa.Engine, allowed: Settings, receiver: Receiver) -> None:
    receiver.statuses = [503]
    ended(engines, row(webhook=receiver.url))
    assert deliver_due(engines, allowed).failed == 1
    due_now(engines)
    assert deliver_due(engines, allowed).sent == 1
    assert stored(engines)[0]["error"] is None


def test_who_says_gone_is_left_alone(engines: sa.Engine, allowed: Settings, receiver: Receiver) -> None:
    receiver.statuses = [410]
    ended(engines, row(webhook=receiver.url))
    assert deliver_due(engines, allowed) == Delivered(failed=1, given_up=1)


def test_redirects_are_not_followed(engines: sa.Engine, allowed: Settings, receiver: Receiver) -> None:
    receiver.statuses, receiver.location = [302], receiver.url.replace("hook", "other")
    ended(engines, row(webhook=receiver.url))
    assert deliver_due(engines, allowed).failed == 1
    assert "redirects are not followed" in stored(engines)[0]["error"]
    assert len(receiver.seen) == 1


def test_nobody_listens(engines: sa.Engine, allowed: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    ended(engines, row(webhook=f"http://127.0.0.1:{port}/"))
    assert deliver_due(engines, allowed) == Delivered(failed=1)
    assert stored(engines)[0]["next"] is not None


def test_a_receiver_that_dribbles_is_left(
    engines: sa.Engine, allowed: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "PATIENCE", 0.5)
    done = threading.Event()

    def dribble(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection, contextlib.suppress(OSError):  # whoever listened leaves, as it should
            while not done.wait(0.02):
                connection.sendall(b"H")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=dribble, args=(server,))
        thread.start()
        ended(engines, row(webhook=f"http://127.0.0.1:{server.getsockname()[1]}/"))
        assert deliver_due(engines, allowed) == Delivered(failed=1)
        done.set()
        thread.join()


def test_two_at_once_send_it_once(engines: sa.Engine, allowed: Settings, receiver: Receiver) -> None:
    ended(engines, *(row(f"{n:032x}", webhook=receiver.url) for n in range(12)))
    threads = [threading.Thread(target=deliver_due, args=(engines, allowed)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(json.loads(body)["data"]["id"] for _, body, _ in receiver.seen) == [
        f"{n:032x}" for n in range(12)
    ]


def test_one_that_fails_does_not_hold_up_others(
    engines: sa.Engine, allowed: Settings, receiver: Receiver
) -> None:
    ended(engines, row(webhook="http://nowhere.invalid/"), row("2" * 32, webhook=receiver.url))
    assert deliver_due(engines, allowed) == Delivered(sent=1, failed=1)


def test_the_secret_is_made_once_whoever_asks_first(engines: sa.Engine) -> None:
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(webhooks.secret(engines))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    assert len(base64.b64decode(found[0].removeprefix("whsec_"))) == 32


PRIVATE = [
    "http://127.0.0.1/", "http://localhost:8642/", "http://127.1/", "http://2130706433/", "http://0x7f000001/",
    "http://10.0.0.1/", "http://192.168.1.1/", "http://172.16.0.9/", "http://169.254.169.254/latest/meta-data",
    "http://100.100.100.200/", "http://168.63.129.16/", "http://0.0.0.0/", "http://255.255.255.255/",
    "http://224.0.0.1/", "http://[::1]/", "http://[::]/", "http://[fe80::1]/", "http://[fd00:ec2::254]/",
    "http://[::ffff:127.0.0.1]/", "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/",
]  # fmt: skip


@pytest.mark.parametrize("url", PRIVATE)
def test_private_addresses_are_refused(url: str) -> None:
    with pytest.raises(addresses.TargetRefused, match="private"):
        asyncio.run(addresses.resolve(url, private=False))
    if "localhost" not in url:  # a name is looked up when it is connected to, not before
        with pytest.raises(BadRequest):
            addresses.check(url, private=False)
    addresses.check(url, private=True)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/",
        "file:///etc/passwd",
        "example.com/hook",
        "http://",
        "https://u:p@example.com/",
        "http://[::1",
    ],
)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(BadRequest):
        addresses.check(url, private=True)


def test_a_public_address_is_taken_as_it_is() -> None:
    addresses.check("https://hooks.example.com/x", private=False)
    target = asyncio.run(addresses.resolve("https://93.184.216.34:8443/x?y=1", private=False))
    assert str(target.url) == "https://93.184.216.34:8443/x?y=1"
    assert target.secure


def test_a_private_receiver_is_given_up_at_once_and_never_connected_to(
    engines: sa.Engine, settings: Settings, receiver: Receiver
) -> None:
    ended(engines, row(webhook=receiver.url))
    assert deliver_due(engines, settings) == Delivered(failed=1, given_up=1)
    assert receiver.seen == []
    assert "private" in stored(engines)[0]["error"]


def test_a_name_that_changes_its_mind_gains_nothing(
    engines: sa.Engine, settings: Settings, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: public when it is checked, loopback when it is asked for again."""
    port = receiver.server_address[1]
    answers = ["192.0.2.1", "127.0.0.1", "127.0.0.1", "127.0.0.1"]
    asked: list[str] = []

    async def rebinding(loop: Any, host: Any, port: Any, **_: Any) -> list[Any]:
        asked.append(str(host))
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answers[min(len(asked), 4) - 1], port))]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", rebinding)
    # 192.0.2.1 stands for a public address that nobody is at.
    monkeypatch.setattr(
        addresses, "_permit", lambda address, host: None if str(address) == "192.0.2.1" else 1 / 0
    )
    monkeypatch.setattr(webhooks, "PATIENCE", 0.5)
    ended(engines, row(webhook=f"http://hooks.example.com:{port}/"))
    assert deliver_due(engines, settings).failed == 1
    assert receiver.seen == []
    assert asked[0] == "hooks.example.com"
    assert "hooks.example.com" not in asked[1:], "the name is asked for once"


def test_a_name_with_a_private_address_among_others_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def both(loop: Any, host: Any, port: Any, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in ("93.184.216.34", "10.0.0.1")]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", both)
    with pytest.raises(addresses.TargetRefused):
        asyncio.run(addresses.resolve("https://example.com/", private=False))


def test_the_name_goes_with_the_request_not_the_address(
    engines: sa.Engine, allowed: Settings, receiver: Receiver
) -> None:
    port = receiver.server_address[1]
    ended(engines, row(webhook=f"http://localhost:{port}/x"))
    assert deliver_due(engines, allowed).sent == 1
    assert receiver.seen[0][0]["host"] == f"localhost:{port}"


def test_tls_is_spoken_with_the_name_not_with_the_address(engines: sa.Engine, allowed: Settings) -> None:
    names: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)  # without a certificate: the name comes before it
    context.sni_callback = lambda _socket, name, _context: names.append(name)

    def greet(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection, contextlib.suppress(OSError):
            context.wrap_socket(connection, server_side=True)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=greet, args=(server,))
        thread.start()
        ended(engines, row(webhook=f"https://localhost:{server.getsockname()[1]}/"))
        assert deliver_due(engines, allowed) == Delivered(failed=1)
        thread.join()
    assert names == ["localhost"]
