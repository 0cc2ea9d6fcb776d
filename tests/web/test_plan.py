"""Pages of a plan without a browser: every tab, jobs without a plan, other tenants, downloads."""

from __future__ import annotations

import io
import re
import time
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from models.jobs import Problem
from optimizer.results import write_results
from tests.api.http.ended import end, result, solved, submit
from tests.api.http.world import World
from tests.optimizer import handmade
from tests.web.visitor import Visitor, visitor_of

TABS = (
    "", "/money", "/commitments", "/sourcing", "/reserve", "/scenarios", "/reasons", "/assumptions",
    "/downloads",
)  # fmt: skip
PIECES = (
    "/charts/money.json", "/charts/replay.json", "/files/plan.xlsx", "/tables/spend.csv", "/tables.csv.zip",
    "/report", "/report/made", "/waiting", "/reasons/explained",
)  # fmt: skip


def test_every_tab_names_the_plan_and_marks_itself(world: World, visitor: Visitor) -> None:
    job = solved(world)
    for tab in TABS:
        text = visitor.get(f"/jobs/{job}/plan{tab}").text
        assert "<h1>by hand" in text
        assert f'<a href="/jobs/{job}/plan{tab}" aria-current="page">' in text
        assert "style=" not in text
        assert not re.search(r"<script(?![^>]* src=)", text)
        for caption in re.findall(r"<table>\s*(.{8})", text):
            assert caption == "<caption", "every table says what it holds"


def test_the_headline_says_what_the_report_says(world: World, visitor: Visitor) -> None:
    text = visitor.get(f"/jobs/{solved(world)}/plan").text
    # 845 in the first year, 0.75 · 462.5 + 0.25 · 644 in the second: 1,352.875 USD.
    assert "1,353 USD" in text
    assert "No plan is better by more than 0.125 USD" in text
    assert "meets every rule" in text
    assert 'plan/scenarios?scenario=ban">ban</a>' in text


def test_the_plan_of_another_tenant_is_not_there(world: World) -> None:
    job = solved(world, "alpha")
    stranger, reader = visitor_of(world, "beta"), visitor_of(world, "alpha", "read")
    for path in (*TABS, *PIECES):
        stranger.get(f"/jobs/{job}/plan{path}", status=404)
    for tab in TABS:
        reader.get(f"/jobs/{job}/plan{tab}")


def test_charts_are_those_of_the_report_without_their_title(world: World, visitor: Visitor) -> None:
    from optimizer.report.charts import PLAN
    from tests.optimizer.report import made

    job = solved(world)
    for picture in PLAN:
        answer = visitor.get(f"/jobs/{job}/plan/charts/{picture.name}.json")
        spec = picture.chart(made.plan()).to_dict()
        spec.pop("title")
        assert answer.json() == spec
        again = visitor.get(
            f"/jobs/{job}/plan/charts/{picture.name}.json", status=304,
            headers={"If-None-Match": answer.headers["etag"]},
        )  # fmt: skip
        assert again.content == b""
    visitor.get(f"/jobs/{job}/plan/charts/frontier.json", status=404)


def test_a_material_alone(world: World, visitor: Visitor) -> None:
    job = solved(world)
    text = visitor.get(f"/jobs/{job}/plan/sourcing?material=zinc").text
    assert "Only zinc." in text
    assert "gallium</td>" not in text
    spec = visitor.get(f"/jobs/{job}/plan/charts/sourcing.json?material=zinc").text
    assert "zinc" in spec
    assert "gallium" not in spec
    visitor.get(f"/jobs/{job}/plan/reserve?material=unobtainium", status=404)
    visitor.get(f"/jobs/{job}/plan/nowhere", status=404)


def test_a_scenario_year_by_year(world: World, visitor: Visitor) -> None:
    place = f"/jobs/{solved(world)}/plan/scenarios"
    first = visitor.get(place).text
    # Without a choice the worst scenario, in the year in which it begins.
    assert "From China: nothing." in first
    assert 'aria-current="step">2028' in first
    assert "Consumers go short of 3 t of gallium" in first
    assert "which costs them 900 USD" in first
    assert "20 % of chips" in first
    before = visitor.get(f"{place}?scenario=ban&year=2027").text
    assert "the same in 1 other scenario" in before
    assert 'rel="prev"' not in before
    assert f'rel="next" href="{place}?scenario=ban&amp;year=2028#year"' in before
    calm = visitor.get(f"{place}?scenario=%28undisturbed%29&year=2028").text
    assert "Nobody goes short." in calm
    for wrong in ("scenario=none", "scenario=ban&year=1999", "year=x"):
        visitor.get(f"{place}?{wrong}", status=404)


def test_htmx_gets_the_year_alone(world: World, visitor: Visitor) -> None:
    place = f"/jobs/{solved(world)}/plan/scenarios?scenario=ban&year=2028"
    piece = visitor.get(place, headers={"HX-Request": "true", "HX-Target": "year"}).text
    assert "<html" not in piece
    assert "From China: nothing." in piece
    assert 'id="lists" hx-swap-oob="innerHTML"' in piece


def test_the_tree_can_be_chosen_from_by_links(world: World, visitor: Visitor) -> None:
    job = solved(world)
    text = visitor.get(f"/jobs/{job}/plan/scenarios?scenario=ban").text
    links = re.findall(r'<a href="([^"]+)#year" class="leaf( on)?"', text)
    assert [(address.partition("scenario=")[2], on) for address, on in links] == [
        ("%28undisturbed%29", ""),
        ("ban", " on"),
    ]


def test_downloads_arrive_whole(world: World, visitor: Visitor) -> None:
    job = solved(world)
    for name in ("plan.xlsx", "plan.json", "instance.json", "summary.txt"):
        answer = visitor.get(f"/jobs/{job}/plan/files/{name}")
        assert answer.content == (result() / name).read_bytes()
        assert f"''{name}" in answer.headers["content-disposition"]
    csv = visitor.get(f"/jobs/{job}/plan/tables/spend.csv").content
    assert csv == (result() / "tables" / "spend.csv").read_bytes()
    parquet = visitor.get(f"/jobs/{job}/plan/tables/spend.parquet").content
    expected = pd.read_parquet(result() / "tables" / "spend.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(io.BytesIO(parquet)), expected)
    archive = zipfile.ZipFile(io.BytesIO(visitor.get(f"/jobs/{job}/plan/tables.csv.zip").content))
    assert archive.testzip() is None
    assert sorted(archive.namelist()) == sorted(p.name for p in (result() / "tables").glob("*.csv"))
    assert archive.read("spend.csv") == csv
    listed = visitor.get(f"/jobs/{job}/plan/downloads").text
    for address in re.findall(r'href="(/jobs/[^"]+)" download', listed):
        assert visitor.get(address.replace("&amp;", "&")).content
    for missing in ("/files/nothing", "/tables/nothing.csv", "/tables/spend.exe", "/tables.exe.zip"):
        visitor.get(f"/jobs/{job}/plan{missing}", status=404)


@pytest.mark.slow
def test_the_report_is_made_while_a_page_waits(world: World, visitor: Visitor) -> None:
    job = solved(world)
    answer = visitor.get(f"/jobs/{job}/plan/report")
    if "being made" in answer.text:
        asks = f"/jobs/{job}/plan/report/made"
        while "hx-redirect" not in (told := visitor.get(asks, status=204)).headers:
            time.sleep(0.2)
        answer = visitor.get(told.headers["hx-redirect"])
    assert "by hand" in answer.text
    assert "sha256-" in answer.headers["content-security-policy"]
    saved = visitor.get(f"/jobs/{job}/plan/report?download=1")
    assert saved.headers["content-disposition"].startswith("attachment")
    assert saved.content == answer.content


def test_a_job_that_has_not_ended_shows_how_far_it_is(world: World, visitor: Visitor) -> None:
    job = submit(world, {"kind": "solve", "instance": world.store()})
    text = visitor.get(f"/jobs/{job}/plan").text
    assert "There is no plan yet" in text
    assert f'hx-get="/jobs/{job}/plan/waiting"' in text
    assert "queue" in visitor.piece(f"/jobs/{job}/plan/waiting").text
    assert visitor.get(f"/jobs/{job}/plan/money", status=303).headers["location"] == f"/jobs/{job}/plan"
    world.jobs.begin(job)
    assert "progress" in visitor.piece(f"/jobs/{job}/plan/waiting").text
    world.jobs.finish(job, "succeeded", result=world.documents.put_result(result()))
    told = visitor.piece(f"/jobs/{job}/plan/waiting", status=204)
    assert told.headers["hx-redirect"] == f"/jobs/{job}/plan"
    visitor.get(f"/jobs/{job}/plan/money")


def test_jobs_without_a_plan_say_why(world: World, visitor: Visitor) -> None:
    def job(kind: str = "solve", **more: object) -> str:
        return submit(world, {"kind": kind, "instance": world.store(), **more})

    failed = job()
    world.jobs.begin(failed)
    problem = Problem(type="urn:stockpile:SolverFailed", title="The solver ended badly.", status=500)
    world.jobs.finish(failed, "failed", problem=problem)
    assert "The solver ended badly." in visitor.get(f"/jobs/{failed}/plan").text
    cancelled = job()
    world.jobs.cancel("anonymous", cancelled)
    assert "was cancelled" in visitor.get(f"/jobs/{cancelled}/plan").text
    gone = solved(world)
    world.jobs.remove("anonymous", gone)
    assert "has been removed" in visitor.get(f"/jobs/{gone}/plan").text
    sample = job("sample")
    end(world, sample, result())
    assert "A sample has no plan" in visitor.get(f"/jobs/{sample}/plan").text
    visitor.get(f"/jobs/{'0' * 32}/plan", status=404)
    visitor.get("/jobs/x/plan", status=404)


def test_an_infeasible_instance_shows_what_would_have_to_give_way(
    world: World, visitor: Visitor, folder: Path
) -> None:
    write_results(handmade.instance(), handmade.no_plan(), folder)
    job = submit(world, {"kind": "solve", "instance": world.store()})
    end(world, job, folder)
    text = visitor.get(f"/jobs/{job}/plan").text
    assert "No plan meets all rules at once" in text
    assert "Cover of ga in 2028 would have to give way by 1.5 t." in text
    assert "/plan/scenarios" not in text
    visitor.get(f"/jobs/{job}/plan/assumptions")
    visitor.get(f"/jobs/{job}/plan/downloads")
    for tab in ("scenarios", "money", "reasons"):
        assert visitor.get(f"/jobs/{job}/plan/{tab}", status=303).headers["location"] == f"/jobs/{job}/plan"


def test_the_plans_of_a_comparison_by_alternative(world: World, visitor: Visitor, folder: Path) -> None:
    for name in ("rich", "a & b"):
        place = folder / "plans" / name
        place.mkdir(parents=True)
        (place / "plan.json").write_text(handmade.plan().model_dump_json(), encoding="utf-8")
        (place / "instance.json").write_text(handmade.instance().model_dump_json(), encoding="utf-8")
    job = submit(world, {"kind": "compare", "instance": world.store(), "budgets": [1e9]})
    end(world, job, folder)
    which = visitor.get(f"/jobs/{job}/plan").text
    addresses = [
        a.replace("&amp;", "&") for a in re.findall(r'<li><a href="(/jobs/[^"]+/plan\?[^"]+)"', which)
    ]
    assert len(addresses) == 2
    for address in addresses:
        text = visitor.get(address).text
        assert "1,353 USD" in text
        inside = set(re.findall(rf'href="(/jobs/{job}/plan[^"#]*)', text))
        assert all("alternative=" in found for found in inside), "links stay with the alternative"
        for found in sorted(inside):
            visitor.get(found.replace("&amp;", "&"))
    visitor.get(f"/jobs/{job}/plan?alternative=poor", status=404)
    assert visitor.get(f"/jobs/{job}/plan/money", status=303).headers["location"] == f"/jobs/{job}/plan"
    visitor.get(f"/jobs/{job}/plan/charts/money.json", status=422)
    visitor.get(f"/jobs/{solved(world)}/plan?alternative=rich", status=422)


def test_names_stay_names(world: World, visitor: Visitor, folder: Path) -> None:
    from tests.optimizer.report.made import HOSTILE

    name = HOSTILE.replace(";", " ").replace(",", " ")
    instance = handmade.instance(name=name)
    write_results(instance, handmade.plan(instance, instance=name), folder)
    job = submit(world, {"kind": "solve", "instance": world.store(), "title": name})
    end(world, job, folder)
    for tab in TABS:
        text = visitor.get(f"/jobs/{job}/plan{tab}").text.lower()
        assert "<script>alert" not in text
        assert "<img" not in text


def test_asking_for_reasons_needs_the_token_and_the_role(world: World) -> None:
    job = solved(world, "alpha")
    place = f"/jobs/{job}/plan/reasons/explain"
    reader, submitter = visitor_of(world, "alpha", "read"), visitor_of(world, "alpha")
    assert "Search for the reasons" not in reader.get(f"/jobs/{job}/plan/reasons").text
    reader.post(place, {"item": "ga"}, status=403)
    assert "Search for the reasons" in submitter.get(f"/jobs/{job}/plan/reasons").text
    submitter.post(place, {"item": "ga", "csrf": "0" * 64}, status=403)
    wrong = submitter.post(place, {"item": "ga-auz"}, status=422).text
    assert "Near to it: ga-aus" in wrong
    assert 'value="ga-auz"' in wrong


@pytest.mark.slow
def test_reasons_are_searched_watched_and_kept(world: World, visitor: Visitor, folder: Path) -> None:
    """With a real search over a real plan, in a process of its own."""
    from optimizer.solve import solve

    instance = handmade.instance()
    write_results(instance, solve(instance), folder)
    job = submit(world, {"kind": "solve", "instance": world.store()})
    end(world, job, folder)
    place = f"/jobs/{job}/plan/reasons"
    visitor.get(place)
    for item, tells in (("ga-aus", "agreement"), ("", "What was chosen")):
        answer = visitor.post(f"{place}/explain", {"item": item})
        assert answer.headers["location"].startswith(place)
        text = visitor.get(answer.headers["location"].partition("#")[0]).text
        if "The same as text" not in text:
            assert "being searched" in text
        while "The same as text" not in text:
            time.sleep(0.5)
            text = visitor.piece(f"{place}/explained", params={"item": item}).text
            assert 'role="alert"' not in text, text
        assert tells in text
    # It is kept: the page shows it at once.
    assert "What was chosen, and what it would cost" in visitor.get(place).text
