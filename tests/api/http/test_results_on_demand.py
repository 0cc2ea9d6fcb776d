"""Reports and models: made when asked for, in a process of their own, once; what goes wrong there is told."""

from __future__ import annotations

import base64
import hashlib
import html
import os
import re
import signal
import threading
import time
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from api.http import demand
from api.http.derived import Derived, fault_of
from api.store.schema import derived
from models.faults import NotMade, Unavailable, UnreadableFile
from models.jobs import Problem
from optimizer.export import export
from tests.api.http.ended import end, solved, submit
from tests.api.http.world import World, client, making, world
from tests.optimizer import handmade

__all__ = ["client", "world"]


def until_made(client: httpx.Client, url: str, **more: object) -> httpx.Response:
    """The answer that is not 202."""
    while (answer := client.get(url, **more)).status_code == 202:  # type: ignore[arg-type]  # any of its own
        time.sleep(int(answer.headers["retry-after"]) / 4)
    return answer


def rows(world: World) -> dict[str, str]:
    """What has been made, by kind."""
    with world.engine.connect() as connection:
        return {row.kind: row.blob for row in connection.execute(sa.select(derived))}


def children(of: int) -> list[int]:
    """Processes that make something for this one."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"api.http.deriving" in words and str(of).encode() in words:
                found.append(int(entry.name))
    return found


@pytest.mark.slow
def test_a_report_with_its_own_policy(world: World, client: httpx.Client) -> None:
    job = solved(world)
    answer = until_made(client, f"/v1/jobs/{job}/report")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "<h1>by hand</h1>" in answer.text
    policy = answer.headers["content-security-policy"]
    meta = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', answer.text)
    assert meta is not None
    assert policy.startswith(html.unescape(meta[1]))
    assert "frame-ancestors 'none'" in policy
    assert "'unsafe-inline'" not in policy.partition("script-src")[2]
    scripts = re.findall(r"<script>(.*?)</script>", answer.text, re.DOTALL)
    assert len(scripts) == 2
    for script in scripts:  # each is allowed by its hash, nothing else is
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    # Made once: what is kept is what comes the second time, and a client that has it is not sent it.
    made = rows(world)["report"]
    assert answer.headers["etag"] == f'"{made}"'
    again = client.get(f"/v1/jobs/{job}/report")
    assert again.content == answer.content == world.documents.blobs.get(made)
    assert again.headers["content-security-policy"] == policy
    etag = {"If-None-Match": answer.headers["etag"]}
    assert client.get(f"/v1/jobs/{job}/report", headers=etag).status_code == 304
    assert children(os.getpid()) == []
    # Without its blob it is made again.
    world.documents.blobs.remove(made)
    assert until_made(client, f"/v1/jobs/{job}/report").status_code == 200


@pytest.mark.slow
def test_the_model_is_that_of_the_command_line(world: World, client: httpx.Client, tmp_path: Path) -> None:
    job = solved(world)
    model, legend = export(handmade.instance(), tmp_path / "model.mps")
    answer = until_made(client, f"/v1/jobs/{job}/model.mps")
    assert answer.content == model.read_bytes()
    assert answer.headers["content-disposition"].endswith(f"{job}.mps")
    assert set(rows(world)) == {"mps", "columns"}
    assert client.get(f"/v1/jobs/{job}/model.columns.csv").content == legend.read_bytes()
    model, _ = export(handmade.instance(), tmp_path / "model.lp")
    assert until_made(client, f"/v1/jobs/{job}/model.lp").content == model.read_bytes()
    # A job that waits has a model as well: it is that of its instance.
    instance = world.documents.put_instance("anonymous", handmade.instance())[0].id
    waits = submit(world, {"kind": "solve", "instance": instance})
    assert until_made(client, f"/v1/jobs/{waits}/model.lp").content == model.read_bytes()


@pytest.mark.slow
def test_reports_and_models_of_comparisons_and_evaluations(
    world: World, client: httpx.Client, tmp_path: Path
) -> None:
    from models import files
    from models.alternatives import budgets
    from optimizer.compare import compare
    from optimizer.compare.store import write_comparison
    from optimizer.evaluate import evaluate, write_evaluation
    from optimizer.solve import solve
    from tests.api.http.world import CASES

    instance = files.read(CASES / "newsvendor")
    rows = budgets(instance, [1e6, 3e6])
    write_comparison(compare(instance, rows, processes=1), tmp_path / "comparison")
    job = submit(world, {"kind": "compare", "instance": "a" * 64, "budgets": [1e6, 3e6]})
    end(world, job, tmp_path / "comparison")
    answer = until_made(client, f"/v1/jobs/{job}/report")
    assert answer.status_code == 200, answer.text
    assert "1 m" in answer.text
    model, _ = export(rows[0].instance, tmp_path / "first.mps")
    answer = until_made(client, f"/v1/jobs/{job}/model.mps?alternative={rows[0].name}")
    assert answer.content == model.read_bytes()
    assert client.get(f"/v1/jobs/{job}/model.mps").status_code == 422

    found = evaluate(instance, solve(instance), instance.scenarios, processes=1)
    write_evaluation(found, tmp_path / "evaluation")
    job = submit(world, {"kind": "evaluate", "plan": "a" * 64, "instance": "a" * 64})
    end(world, job, tmp_path / "evaluation")
    answer = until_made(client, f"/v1/jobs/{job}/report")
    assert answer.status_code == 200, answer.text
    assert instance.name in answer.text


@pytest.mark.slow
def test_who_waits_is_told_to_ask_again(
    world: World, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demand, "PATIENCE", 0.0)
    job = solved(world)
    answer = client.get(f"/v1/jobs/{job}/model.mps")
    assert answer.status_code == 202
    assert int(answer.headers["retry-after"]) > 0
    assert answer.json()["state"] == "being made"
    answer = client.get(f"/v1/jobs/{job}/model.mps", headers={"Accept": "text/html,*/*;q=0.8"})
    if answer.status_code == 202:
        assert answer.headers["refresh"] == answer.headers["retry-after"]
        assert answer.headers["content-type"].startswith("text/html")
    assert until_made(client, f"/v1/jobs/{job}/model.mps").status_code == 200


def test_a_process_that_is_killed_is_a_problem_not_a_hang(world: World, client: httpx.Client) -> None:
    job = solved(world)
    answers: list[httpx.Response] = []
    ask = threading.Thread(target=lambda: answers.append(until_made(client, f"/v1/jobs/{job}/report")))
    ask.start()
    while not (found := children(os.getpid())):
        assert ask.is_alive()
        time.sleep(0.01)
    os.kill(found[0], signal.SIGKILL)
    ask.join()
    assert answers[0].status_code == 500
    assert answers[0].headers["content-type"] == "application/problem+json"
    assert answers[0].json()["type"] == "urn:stockpile:NotMade"
    assert "signal 9" in answers[0].json()["detail"]
    # For a while it is not tried again.
    assert client.get(f"/v1/jobs/{job}/report").status_code == 500
    assert children(os.getpid()) == []
    assert list((world.settings.data / "derived").iterdir()) == []


@pytest.mark.slow
def test_limits_of_time_and_memory(tmp_path: Path) -> None:
    with making(tmp_path / "data", derive_seconds=0.2) as slow:
        answer = until_made(slow.client(), f"/v1/jobs/{solved(slow)}/model.mps")
        assert (answer.status_code, answer.json()["type"]) == (500, "urn:stockpile:NotMade")
        assert "0.2 s" in answer.json()["detail"]
        assert children(os.getpid()) == []
    with making(tmp_path / "other", derive_memory_gb=0.08) as small:
        answer = until_made(small.client(), f"/v1/jobs/{solved(small)}/report")
        assert (answer.status_code, answer.json()["type"]) == (500, "urn:stockpile:NotMade")
        assert children(os.getpid()) == []


def test_a_damaged_result_is_told_without_paths_of_this_machine(
    world: World, client: httpx.Client, tmp_path: Path
) -> None:
    folder = tmp_path / "damaged"
    folder.mkdir()
    (folder / "plan.json").write_text("{}")
    (folder / "instance.json").write_text("{}")
    job = submit(world, {"kind": "solve", "instance": "a" * 64})
    end(world, job, folder)
    answer = until_made(client, f"/v1/jobs/{job}/report")
    assert answer.json()["type"] == "urn:stockpile:UnreadableFile"
    assert answer.json()["detail"].startswith("plan.json is not a plan")
    assert str(world.settings.data) not in answer.text


def test_few_at_a_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    makes = Derived(world.engine, world.documents.blobs, world.settings)
    running, most, let = 0, 0, threading.Event()
    lock = threading.Lock()

    def run(folder: Path, kind: str) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        let.wait()
        (folder / "out").mkdir()
        (folder / "out" / kind).write_bytes(folder.name.encode())
        with lock:
            running -= 1

    monkeypatch.setattr(makes, "_run", run)
    for number in range(16):
        assert makes.ask(f"{number:064x}", "report", lambda folder: None, patience=0) is None
        assert makes.ask(f"{number:064x}", "report", lambda folder: None, patience=0) is None, "joins it"
    with pytest.raises(Unavailable):
        makes.ask("f" * 64, "report", lambda folder: None, patience=0)
    let.set()
    digests = [makes.ask(f"{n:064x}", "report", lambda folder: None, patience=60) for n in range(16)]
    assert len(set(digests)) == 16
    assert None not in digests
    assert most == 2


def test_problems_of_the_process_are_faults_of_the_catalogue() -> None:
    def told(name: str) -> Problem:
        return Problem(type=f"urn:stockpile:{name}", title="", status=500, detail="why")

    assert isinstance(fault_of(told("UnreadableFile")), UnreadableFile)
    for name in ("JobFailed", "FaultyInstance", "Unheard", "Fault", "asdict"):
        assert isinstance(fault_of(told(name)), NotMade), name
