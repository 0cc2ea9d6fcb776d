"""The room of jobs without a browser: lists, one job in each state, forms, what a role may do."""

from __future__ import annotations

import re

import pytest

from api.jobs.port import Query
from models.jobs import Problem
from tests.api.http.ended import result, solved, submit
from tests.api.http.world import World
from tests.optimizer import handmade
from tests.web.visitor import Visitor, visitor_of

ANON = "anonymous"


def waiting(world: World, **more: object) -> str:
    return submit(world, {"kind": "solve", "instance": world.store(), **more})


def progress(world: World, job: str, **figures: object) -> None:
    known = {k: v for k, v in figures.items() if k in ("phase", "bound", "done", "total")}
    values = known | ({"objective": figures["incumbent"]} if "incumbent" in figures else {})
    world.jobs.tell(job, ("progress", figures), **values)


def test_nothing_yet(visitor: Visitor) -> None:
    text = visitor.get("/jobs").text
    assert "No jobs yet" in text
    assert 'href="/instances"' in text
    assert "There is no instance yet" in visitor.get("/jobs/new").text


def test_the_list_and_its_filters(world: World, visitor: Visitor) -> None:
    first = waiting(world, title="Twelve billion", tags=["night"])
    second = waiting(world, title="Four billion")
    world.jobs.finish(second, "failed", problem=problem("TimeExceeded", "It took too long.").model_dump())
    text = visitor.get("/jobs").text
    assert text.index("Four billion") < text.index("Twelve billion"), "newest first"
    assert "1st in the queue" in text
    assert "It took too long." in text
    twelve = ("q=twelve", "state=active", "tag=night", f"q={first[:8]}")
    four = ("q=FOUR", "state=failed", f"q={second[:8]}", "kind=solve&q=four")
    asked = [(query, "Twelve", "Four") for query in twelve] + [(query, "Four", "Twelve") for query in four]
    for query, there, gone in asked:
        found = visitor.get(f"/jobs?{query}").text
        assert f"{there} billion" in found, query
        assert f"{gone} billion" not in found, query
    assert "No such jobs" in visitor.get("/jobs?q=nothing").text
    assert "kind is one of" in visitor.get("/jobs?kind=dance", status=422).text


def problem(fault: str, title: str, detail: str = "") -> Problem:
    return Problem(type=f"urn:stockpile:{fault}", title=title, status=500, detail=detail)


def test_pages_of_the_list(world: World, visitor: Visitor) -> None:
    for number in range(30):
        waiting(world, title=f"job number {number:02}")
    first = visitor.get("/jobs").text
    assert first.count("<tr id=") == 25
    next = re.search(r'rel="next" href="([^"]+)"', first)
    assert next is not None
    second = visitor.get(next[1].replace("&amp;", "&")).text
    assert second.count("<tr id=") == 5
    assert "job number 00" in second
    assert 'rel="next"' not in second


def test_a_list_that_has_not_changed_is_not_sent_again(world: World, visitor: Visitor) -> None:
    job = waiting(world, title="Watched")
    piece = re.search(r'hx-get="(/jobs/rows\?[^"]*seen=[0-9a-f]{16})"', visitor.get("/jobs").text)
    assert piece is not None
    assert visitor.piece(piece[1], status=204).text == ""
    world.jobs.begin(job)
    changed = visitor.piece(piece[1]).text
    assert "running" in changed
    assert "<html" not in changed
    world.jobs.finish(job)
    assert 'hx-trigger="every 10s"' in visitor.get("/jobs").text


def test_a_job_that_waits(world: World, visitor: Visitor) -> None:
    waiting(world)
    job = waiting(world, title="Second")
    text = visitor.get(f"/jobs/{job}").text
    assert "It is 2nd in the queue." in text
    assert "How long it will wait cannot be told yet." in text
    assert f'action="/jobs/{job}/cancel"' in text
    assert f'action="/jobs/{job}/stop"' not in text
    assert 'hx-trigger="every 1s"' in text


def test_a_job_that_runs(world: World, visitor: Visitor) -> None:
    job = waiting(world, options={"relative_gap": 0.01})
    world.jobs.begin(job)
    progress(world, job, phase="search", incumbent=120e6, bound=60e6, nodes=3)
    world.jobs.tell(job, ("log", {"line": "searching <b>bold</b>"}))
    page = visitor.get(f"/jobs/{job}").text
    assert "searching for better plans" in page
    assert "120\u00a0m\u00a0USD" in page
    assert "searching &lt;b&gt;bold&lt;/b&gt;" in page
    assert "asked for: 1\u00a0%" in page
    assert f'action="/jobs/{job}/stop"' in page
    seen = re.search(r'hx-get="(/jobs/[0-9a-f]+/now\?seen=[^"]+)"', page)
    assert seen is not None
    visitor.piece(seen[1], status=204)
    progress(world, job, phase="search", incumbent=100e6, bound=95e6, nodes=9)
    piece = visitor.piece(seen[1]).text
    assert 'hx-swap-oob="morph:outerHTML"' in piece
    assert "100\u00a0m" in piece
    rows = visitor.client.get(f"/jobs/{job}/points.json").json()
    assert rows["name"] == "progress"
    assert "no plan is below 95 m USD" in rows["words"]
    plans = [row["usd"] for row in rows["rows"] if row["measure"].startswith("best plan")]
    assert plans == [120e6, 100e6]
    spec = visitor.client.get(f"/jobs/{job}/gap.json").json()
    assert spec["data"]["values"] == rows["rows"]
    assert "title" not in spec


def test_stop_and_cancel(world: World, visitor: Visitor) -> None:
    job, other = waiting(world), waiting(world)
    world.jobs.begin(job)
    visitor.get(f"/jobs/{job}")
    assert visitor.post(f"/jobs/{job}/stop").headers["location"] == f"/jobs/{job}"
    assert world.jobs.get(ANON, job).state == "stopping"
    assert "It is being ended" in visitor.get(f"/jobs/{job}").text
    assert "Cancel" in visitor.get(f"/jobs/{other}/cancel").text
    visitor.post(f"/jobs/{other}/cancel")
    assert world.jobs.get(ANON, other).state == "cancelled"
    assert "what it had found is discarded" in visitor.get(f"/jobs/{other}").text
    visitor.csrf = "0" * 64
    visitor.post(f"/jobs/{job}/cancel", status=403)


def test_a_job_that_failed_says_what_and_how_to_go_on(world: World, visitor: Visitor) -> None:
    job = waiting(world, title="Doomed")
    world.jobs.begin(job)
    world.jobs.tell(job, ("log", {"line": "last words"}))
    told = problem("MemoryExceeded", "The job needed more memory than allowed.", "2 GB were allowed.")
    world.jobs.finish(job, "failed", problem=told.model_dump())
    text = visitor.get(f"/jobs/{job}").text
    assert "The job needed more memory than allowed." in text
    assert "2 GB were allowed." in text
    assert "Give it more memory" in text
    assert "last words" in text
    assert f'href="/jobs/new?clone={job}"' in text
    assert "hx-trigger" not in text.split("<main")[1].split("</main")[0]


def test_a_job_that_succeeded_has_files(world: World, visitor: Visitor) -> None:
    job = solved(world)
    text = visitor.get(f"/jobs/{job}").text
    assert f'href="/jobs/{job}/plan"' in text
    assert f'href="/jobs/{job}/files/plan.json"' in text
    answer = visitor.client.get(f"/jobs/{job}/files/plan.json")
    assert answer.content == (result() / "plan.json").read_bytes()
    assert answer.headers["content-disposition"].startswith("attachment")
    assert visitor.client.get(f"/jobs/{job}/log").text == "reading\nsolving\n"
    visitor.get(f"/jobs/{job}/remove")
    visitor.post(f"/jobs/{job}/remove")
    assert world.jobs.get(ANON, job).state == "expired"
    assert "its results have been removed" in visitor.get(f"/jobs/{job}").text


def test_runs_after_a_worker_died(world: World, visitor: Visitor) -> None:
    job = waiting(world)
    world.jobs.begin(job)
    world.jobs.begin(job)
    text = visitor.get(f"/jobs/{job}").text
    assert "This is run 2" in text
    assert "Run 1 began" in text
    assert "Run 2 began" in text


def test_a_comparison_under_way(world: World, visitor: Visitor) -> None:
    job = submit(world, {"kind": "compare", "instance": world.store(), "budgets": [1e9, 2e9, 3e9]})
    world.jobs.begin(job)
    running = [{"alternative": "2 bn", "seconds": 3.0, "incumbent": 5e8, "bound": 4e8, "gap": 0.2}]
    progress(world, job, phase="solve", done=1, total=3, solved=["1 bn"], running=running)
    text = visitor.get(f"/jobs/{job}").text
    assert "1 of 3 done" in text
    assert re.search(r"1 bn</th><td><span class=\"state succeeded\"", text)
    assert "500\u00a0m" in text
    assert "1 more have not begun" in text
    assert 'id="gap"' not in text, "the search of one alternative after the other is no picture"


def test_the_form_of_a_new_job(world: World, visitor: Visitor) -> None:
    instance = world.store()
    text = visitor.get(f"/jobs/new?instance={instance}").text
    assert 'name="options.relative_gap" value="0.0001"' in text
    assert "stop when (objective - bound) / |objective| &lt;= this" in text
    once = re.search(r'name="once" value="([0-9a-f]{32})"', text)
    assert once is not None
    form = {
        "kind": "solve", "once": once[1], "instance": instance, "options.relative_gap": "0.5 %",
        "options.time_limit": "60", "options.threads": "0", "options.seed": "7", "options.method": "highs",
        "title": "From a form", "tags": "night shift, real", "priority": "3", "limits.memory_gb": "1.5",
    }  # fmt: skip
    place = visitor.post("/jobs/new", form).headers["location"]
    job = world.jobs.get(ANON, place.rpartition("/")[2])
    assert job.work["options"] == {
        "relative_gap": 0.005, "time_limit": 60.0, "threads": 0, "seed": 7, "method": "highs",
        "marginals": False,
    }  # fmt: skip
    assert (job.title, set(job.tags), job.priority, job.limits.memory_gb) == (
        "From a form", {"night shift", "real"}, 3, 1.5,
    )  # fmt: skip
    # The same form again is the same job; a changed one is another.
    assert visitor.post("/jobs/new", form).headers["location"] == place
    assert visitor.post("/jobs/new", form | {"title": "Another"}).headers["location"] != place
    assert len(world.jobs.list(ANON, Query()).jobs) == 2


def test_a_form_with_faults_comes_back_with_all_of_them(world: World, visitor: Visitor) -> None:
    instance = world.store()
    visitor.get("/jobs/new")
    form = {
        "kind": "solve", "once": "a" * 32, "instance": instance, "options.relative_gap": "wide",
        "options.time_limit": "-1", "priority": "12", "title": "Kept <title>",
    }  # fmt: skip
    text = visitor.post("/jobs/new", form, status=422).text
    assert text.count('aria-invalid="true"') == 3
    assert 'value="wide"' in text
    assert "Kept &lt;title&gt;" in text
    assert "It was not submitted" in text
    assert world.jobs.list(ANON, Query()).jobs == ()
    missing = visitor.post("/jobs/new", form | {"instance": ""}, status=422).text
    assert "choose an instance" in missing
    unknown = visitor.post("/jobs/new", {"kind": "solve", "instance": "0" * 64, "once": "b" * 32}, status=404)
    assert "There is no such instance." in unknown.text


def test_a_clone_with_changes(world: World, visitor: Visitor) -> None:
    job = waiting(world, options={"relative_gap": 0.02, "seed": 4}, title="First", tags=["a"], priority=2)
    text = visitor.get(f"/jobs/new?clone={job}").text
    assert 'name="options.relative_gap" value="0.02"' in text
    assert 'data-before="0.02"' in text
    assert 'name="title" value="First"' in text
    assert 'class="field changed"' not in text
    form = {"kind": "solve", "once": "c" * 32, "clone": job, "instance": world.store(), "priority": "2",
            "options.relative_gap": "x", "options.seed": "4", "tags": "a", "title": "First"}  # fmt: skip
    back = visitor.post("/jobs/new", form, status=422).text
    assert "Changed; it was 0.02." in back
    place = visitor.post("/jobs/new", form | {"options.relative_gap": "0.01"}).headers["location"]
    made = world.jobs.get(ANON, place.rpartition("/")[2])
    assert made.work["options"]["relative_gap"] == 0.01
    assert made.work["options"]["seed"] == 4
    text = visitor.get(place).text
    assert "normally 0.0001" in text


def test_forms_of_other_kinds(world: World, visitor: Visitor) -> None:
    job = solved(world)
    world.jobs.tell(job, ("log", {"line": ""}), objective=1e9)
    text = visitor.get(f"/jobs/new?plan={job}").text
    assert 'name="n" value="1000"' in text
    assert f'value="{job}" selected' in text
    # Of a plan that was sent; that of a job needs the rows of the database (test_jobs_browser.py).
    plan = world.documents.put_plan(ANON, handmade.plan(handmade.instance()))
    instance = world.documents.put_instance(ANON, handmade.instance())[0].id
    form = {"kind": "evaluate", "once": "d" * 32, "plan": plan, "instance": instance, "n": "50",
            "ways": ["tree", "rolling"], "rate": "high"}  # fmt: skip
    made = visitor.post("/jobs/new", form).headers["location"].rpartition("/")[2]
    work = world.jobs.get(ANON, made).work
    assert (work["plan"], work["n"], work["ways"], work["rate"]) == (plan, 50, ["tree", "rolling"], "high")
    instance = world.store()
    visitor.get(f"/jobs/new?kind=sample&instance={instance}")
    form = {
        "kind": "sample",
        "once": "e" * 32,
        "instance": instance,
        "n": "10",
        "branching": "2, 3",
        "rate": "1.5",
    }
    made = visitor.post("/jobs/new", form).headers["location"].rpartition("/")[2]
    work = world.jobs.get(ANON, made).work
    assert (work["branching"], work["rate"]) == ([2, 3], 1.5)
    assert visitor.get("/jobs/new?kind=compare", status=303).headers["location"].startswith("/compare/new")


def test_another_tenants_jobs_are_not_there(world: World) -> None:
    theirs = submit(world, {"kind": "solve", "instance": world.store("beta")}, "beta")
    mine = visitor_of(world)
    mine.log_in(world.key("alpha"))
    assert theirs not in mine.get("/jobs").text
    for path in ("", "/now", "/gap.json", "/points.json", "/log", "/files/plan.json", "/report", "/cancel"):
        assert mine.client.get(f"/jobs/{theirs}{path}").status_code == 404, path
    mine.get("/jobs")
    for act in ("stop", "cancel", "remove"):
        mine.post(f"/jobs/{theirs}/{act}", status=404)
    assert world.jobs.get("beta", theirs).state == "queued"
    mine.get(f"/jobs/new?clone={theirs}", status=404)


def test_a_key_that_may_only_look(world: World) -> None:
    job = submit(world, {"kind": "solve", "instance": world.store("alpha")}, "alpha")
    reader = visitor_of(world)
    reader.log_in(world.key("alpha", "read"))
    text = reader.get(f"/jobs/{job}").text
    assert 'method="post" action="/jobs/' not in text
    assert "/jobs/new" not in reader.get("/jobs").text
    reader.get("/jobs/new", status=403)
    reader.get("/jobs")
    reader.post(f"/jobs/{job}/cancel", status=403)
    assert world.jobs.get("alpha", job).state == "queued"


@pytest.mark.parametrize("path", ["/jobs/nothing", "/jobs/" + "0" * 32, "/jobs/x/now"])
def test_what_is_not_there(visitor: Visitor, path: str) -> None:
    assert "There is no such job." in visitor.get(path, status=404).text


def test_waits_are_told_from_what_took_how_long(world: World, visitor: Visitor) -> None:
    done = waiting(world)
    world.jobs.finish(done, seconds=100.0)
    for _ in range(3):
        job = waiting(world)
    # Third in the queue, two at a time (one worker with two slots): two rounds of 100 s.
    assert "within 3\u00a0min\u00a020\u00a0s" in visitor.get(f"/jobs/{job}").text
