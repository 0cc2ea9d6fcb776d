"""Whom a key is sent to."""

from __future__ import annotations

import pytest

from api.client import Client
from api.client.target import Target
from models.faults import BadServer

KEY = "sp_0123456789abcdef_secret"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8642", "http://localhost:8642", "http://[::1]:8642", "http://127.1.2.3",
        "http://stockpile.localhost", "https://example.org", "https://10.0.0.1/behind/a/path",
    ],
)  # fmt: skip
def test_a_key_goes_where_nobody_listens(url: str) -> None:
    assert Target(url, KEY).headers()["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org", "http://10.0.0.1:8642", "http://127.0.0.1.example.org", "http://0.0.0.0:8642",
        "http://localhost.example.org", "http://[fe80::1]",
    ],
)  # fmt: skip
def test_a_key_is_not_sent_for_all_to_read(url: str) -> None:
    with pytest.raises(BadServer, match="not encrypted"):
        Target(url, KEY)
    assert "Authorization" not in Target(url).headers(), "without a key there is nothing to lose"
    assert Target(url, KEY, insecure=True).headers()["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1:8642", "localhost", "", "ftp://example.org", "http://", "http://user:pass@127.0.0.1",
        "http://127.0.0.1/?key=1", "http://127.0.0.1:port",
    ],
)  # fmt: skip
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(BadServer) as caught:
        Target(url)
    assert "pass" not in str(caught.value)


@pytest.mark.parametrize("key", ["two\nlines", "", "schlüssel"])
def test_keys_that_are_none(key: str) -> None:
    with pytest.raises(BadServer) as caught:
        Target("https://example.org", key)
    assert not key or key not in str(caught.value)


def test_a_key_is_not_told() -> None:
    target = Target("https://example.org", KEY)
    assert KEY not in repr(target)
    with Client("https://example.org", KEY) as client:
        assert KEY not in repr(vars(client))


def test_this_machine_is_reached_through_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy:3128")
    assert Target("http://127.0.0.1:8642").settings()["trust_env"] is False
    assert Target("http://example.org").settings()["trust_env"] is True
