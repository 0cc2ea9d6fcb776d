"""``stockpile jobs``, and what goes wrong on the way to a server; the service has its jobs in memory."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from api.cli import run
from models import files
from optimizer.results import read_results
from tests.api.http.ended import solved, submit
from tests.api.http.world import World, world
from tests.optimizer import handmade

__all__ = ["world"]

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def address(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STOCKPILE_SERVER", world.url)


@pytest.fixture
def good(tmp_path: Path) -> str:
    files.write(handmade.instance(), tmp_path / "by-hand.json")
    return str(tmp_path / "by-hand.json")


def said(capsys: Capture) -> str:
    """What was printed; the service under test logs into the same stream."""
    out = capsys.readouterr().out
    return "\n".join(line for line in out.split("\n") if "[info" not in line and "[3" not in line)


def document(capsys: Capture) -> Any:
    return json.loads(next(line for line in capsys.readouterr().out.split("\n") if line.startswith("{")))


def test_list_and_show(world: World, capsys: Capture) -> None:
    assert run(["jobs", "list"]) == 0
    assert "No jobs." in said(capsys)
    instance = world.store()
    waiting = submit(world, {"kind": "compare", "instance": instance, "budgets": [1e9], "tags": ["night"]})
    done = solved(world)
    assert run(["jobs", "list"]) == 0
    lines = [line.split() for line in said(capsys).split("\n") if waiting in line or done in line]
    assert [line[:3] for line in lines] == [[done, "solve", "succeeded"], [waiting, "compare", "queued"]]
    assert run(["jobs", "list", "--state", "queued,running", "--tag", "night", "--json"]) == 0
    assert [job["id"] for job in document(capsys)["jobs"]] == [waiting]
    assert run(["jobs", "list", "--number", "1", "--json"]) == 0
    assert [job["id"] for job in document(capsys)["jobs"]] == [done]
    assert run(["jobs", "show", waiting]) == 0
    told = said(capsys)
    assert f"job                 {waiting}" in told
    assert "tags                night" in told
    assert "place in the queue  1" in told
    assert run(["jobs", "show", waiting, "--json"]) == 0
    assert document(capsys)["state"] == "queued"


def test_stop_cancel_and_watch(world: World, capsys: Capture) -> None:
    instance = world.store()
    first, second = (submit(world, {"kind": "solve", "instance": instance}) for _ in range(2))
    assert run(["jobs", "cancel", first, "--json"]) == 0
    assert document(capsys)["state"] == "cancelled"
    assert run(["jobs", "watch", first]) == 4
    world.jobs.begin(second)
    assert run(["jobs", "stop", second]) == 0
    assert "stopping" in said(capsys)
    threading.Timer(0.3, world.jobs.finish, [second]).start()
    assert run(["jobs", "watch", second]) == 0
    assert "succeeded" in said(capsys)


def test_fetch(world: World, tmp_path: Path, capsys: Capture) -> None:
    job = solved(world)
    assert run(["jobs", "fetch", job, "--out", str(tmp_path / "out"), "--tables", "csv"]) == 0
    told = said(capsys)
    assert "by hand: optimal plan" in told
    assert f"Written to {tmp_path / 'out'}" in told
    assert read_results(tmp_path / "out")[0] == handmade.instance()
    names = {p.name for p in (tmp_path / "out").rglob("*") if p.is_file()}
    assert "overview.csv" in names
    assert not names & {"overview.parquet", "plan.xlsx", "log.txt"}
    assert run(["jobs", "fetch", job, "--json"]) == 0
    assert document(capsys)["status"] == "optimal"


def test_what_cannot_be_fetched(world: World, tmp_path: Path, capsys: Capture) -> None:
    waiting = submit(world, {"kind": "solve", "instance": world.store()})
    for job, words in ((waiting, "has not finished"), ("f" * 32, "no such job"), ("nonsense", "no such job")):
        assert run(["jobs", "fetch", job, "--out", str(tmp_path / "out")]) == 1
        assert words in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_detached(world: World, good: str, capsys: Capture) -> None:
    assert run(["solve", good, "--detach", "--gap", "0.25", "--json"]) == 0
    told = document(capsys)
    assert told["server"] == world.url
    job = world.jobs.get("anonymous", told["job"])
    assert job.work["options"]["relative_gap"] == 0.25
    assert job.instance == world.documents.put_instance("anonymous", handmade.instance())[0].id


def test_an_empty_name_is_no_server(good: str, capsys: Capture) -> None:
    assert run(["solve", good, "--server", "", "--detach"]) == 1
    assert "--detach goes with --server" in capsys.readouterr().err
    assert run(["jobs", "list", "--server", ""]) == 1
    assert "name the server" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--server", "127.0.0.1:8642"], "an address like"),
        (["--server", "http://example.org", "--key", "sp_secret"], "not encrypted"),
        (["--key", "two\nlines"], "key is not one"),
    ],
)
def test_addresses_and_keys_that_are_none(good: str, capsys: Capture, words: list[str], told: str) -> None:
    assert run(["solve", good, *words]) == 1
    err = capsys.readouterr().err
    assert told in err
    assert "secret" not in err


def test_a_key_is_needed_where_there_are_keys(
    world: World, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = world.key()
    assert run(["jobs", "list"]) == 1
    assert "API key" in capsys.readouterr().err
    monkeypatch.setenv("STOCKPILE_KEY", key)
    assert run(["jobs", "list"]) == 0
    assert run(["jobs", "list", "--key", key[:-1] + ("a" if key[-1] != "a" else "b")]) == 1


def test_options_the_service_would_not_take(good: str, capsys: Capture) -> None:
    assert run(["sample", good, "--n", "2000000"]) == 1
    assert "n: Input should be less than or equal to 1000000" in capsys.readouterr().err
    assert run(["batch", good, "--out", "unused", "--workers", "2"]) == 1
    assert "--workers" in capsys.readouterr().err


def test_nothing_is_sent_of_a_batch_with_faults_that_nobody_waits_for(
    world: World, good: str, tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "faulty.json").write_text(json.dumps(handmade.INSTANCE | {"discount_rate": -1}))
    out = str(tmp_path / "out")
    assert run(["batch", good, str(tmp_path / "faulty.json"), "--out", out, "--detach"]) == 2
    assert "discount_rate" in capsys.readouterr().err
    assert not world.jobs.queue_depth()
