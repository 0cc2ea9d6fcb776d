"""Jobs in Chromium: submit, watch, stop, cancel; a job that fails; two browsers; a service that restarts."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from models import files
from tests.api.remote import REAL, ROOT, Server
from tests.web.browser import accessible, visiting

pytestmark = [pytest.mark.browser, pytest.mark.slow]
JOB = re.compile(r"/jobs/[0-9a-f]{32}$")
LONG = 300_000.0
"""Milliseconds for what a whole solve is part of; nothing is said about how long it may take."""


def store(served: Server, case: str = "newsvendor") -> str:
    raw = files.read(REAL if case == "real" else ROOT / "instances" / case).as_dict()
    with httpx.Client(base_url=served.url, trust_env=False, timeout=60) as client:
        found: str = client.post("/v1/instances", json=raw).raise_for_status().json()["id"]
        return found


def submit(served: Server, **work: Any) -> str:
    with httpx.Client(base_url=served.url, trust_env=False, timeout=60) as client:
        asked = {"kind": "solve", "fresh": True} | work
        found: str = client.post("/v1/jobs", json=asked).raise_for_status().json()["id"]
        return found


def endless(served: Server, title: str) -> str:
    """A job that goes on until somebody ends it: the real case by the slower method, to the last dollar."""
    options = {"relative_gap": 0.0, "method": "highs"}
    return submit(served, instance=store(served, "real"), options=options, title=title)


def state(page: Page) -> Any:
    return page.locator("#now .state").first


def test_submit_watch_and_stop(served: Server, page: Page) -> None:
    page.goto(f"/jobs/new?instance={store(served, 'real')}")
    page.get_by_label("Title").fill("To be stopped")
    page.get_by_label("Gap").fill("0 %")
    page.get_by_text("More options").click()
    page.get_by_label("Method").select_option("highs")  # it has not done with the real case in minutes
    page.get_by_role("button", name="Solve").click()
    page.wait_for_url(JOB)
    expect(page.get_by_role("heading", level=1)).to_have_text("To be stopped")
    # A plan and a bound come, and the picture is drawn without a reload.
    page.evaluate("window.here = true")
    expect(page.locator("#now .cards")).to_contain_text(re.compile("plans? found so far"), timeout=LONG)
    expect(page.locator("#gap .summary")).to_contain_text("found, the best has an objective of", timeout=LONG)
    line = page.locator("#gap svg path[aria-label*='best plan so far']").first
    expect(line).to_be_attached(timeout=LONG)
    expect(line).not_to_have_attribute("d", line.get_attribute("d") or "", timeout=LONG)  # it goes on
    expect(page.locator("#more")).to_contain_text("Plans found")
    expect(page.locator("#log")).to_contain_text("search")
    accessible(page)
    # Going away, coming back and loading again change nothing.
    assert page.evaluate("window.here") is True
    page.get_by_role("link", name="Instances").first.click()
    page.go_back()
    expect(state(page)).to_have_text("running")
    page.reload()
    expect(state(page)).to_have_text("running")
    page.get_by_role("button", name="Stop and take the best so far").click()
    page.wait_for_url(JOB)
    expect(state(page)).to_have_text("succeeded", timeout=LONG)
    expect(page.locator("#now")).to_contain_text("interrupted")
    expect(page.get_by_role("link", name="Open the plan")).to_be_visible()
    # It has ended: nobody asks any more.
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(2500)
    assert [url for url in asked if "/now" in url] == []


def test_cancel_asks_before_it_does(served: Server, page: Page) -> None:
    job = endless(served, "To be cancelled")
    page.goto(f"/jobs/{job}")
    page.get_by_role("link", name="Cancel", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("what it has found is discarded")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(state(page)).to_have_text(re.compile("queued|running"))
    page.get_by_role("link", name="Cancel", exact=True).press("Enter")
    page.get_by_role("button", name="Let it run").press("Enter")
    expect(dialog).to_be_hidden()
    page.get_by_role("link", name="Cancel", exact=True).click()
    accessible(page)
    page.get_by_role("button", name="Cancel the job").click()
    expect(state(page)).to_have_text("cancelled", timeout=LONG)
    expect(page.locator("#now")).to_contain_text("what it had found is discarded")


def test_a_job_that_fails(served: Server, page: Page) -> None:
    # More memory than there is room for cannot be had: 50 MB are less than Python itself takes.
    job = submit(served, instance=store(served), limits={"memory_gb": 0.05}, title="Doomed", tags=["doom"])
    page.goto(f"/jobs/{job}")
    expect(state(page)).to_have_text("failed", timeout=LONG)
    expect(page.locator("#now")).to_contain_text("The job needed more memory than allowed.")
    expect(page.locator("#now")).to_contain_text("Give it more memory")
    accessible(page)
    page.get_by_role("link", name="Change and run again").click()
    memory = page.get_by_label("Memory")
    expect(memory).to_have_value("0.05")
    expect(memory).to_be_visible()  # what was changed from its default is not folded away
    memory.fill("1")
    expect(page.get_by_text("Changed; it was 0.05.")).to_be_visible()
    page.get_by_role("button", name="Solve").click()
    page.wait_for_url(JOB)
    assert job not in page.url
    expect(state(page)).to_have_text("succeeded", timeout=LONG)
    expect(page.locator("#more")).to_contain_text("Files of the result")
    with page.expect_download() as download:
        page.get_by_text("as the command line would have written them").click()
        page.get_by_role("link", name="plan.json", exact=True).click()
    assert download.value.suggested_filename == "plan.json"
    page.goto("/jobs?tag=doom&state=failed")
    expect(page.locator("table.jobs tbody tr")).to_have_count(1)


def test_a_faulty_form_keeps_what_was_written(served: Server, page: Page, tolerated: list[str]) -> None:
    tolerated.append("status of 422")
    store(served)
    page.goto("/jobs/new")
    page.get_by_label("Gap").fill("narrow")
    page.get_by_label("Title").fill("Kept")
    page.get_by_role("button", name="Solve").click()
    expect(page.get_by_role("alert").filter(has_text="It was not submitted")).to_be_visible()
    expect(page.get_by_label("Gap")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Title")).to_have_value("Kept")
    accessible(page)


def test_two_browsers_on_one_job(served: Server, browser: Browser, page: Page) -> None:
    job = endless(served, "Watched by two")
    page.goto(f"/jobs/{job}")
    with visiting(browser, served.url, viewport={"width": 360, "height": 740}) as (other, _):
        other.goto("/jobs")
        row = other.locator(f"#job-{job}")
        expect(row).to_contain_text(re.compile("queue|running|search|tree|equations|compiling"), timeout=LONG)
        second = other.context.new_page()
        second.goto(f"/jobs/{job}")
        expect(state(page)).to_have_text("running", timeout=LONG)
        expect(state(second)).to_have_text("running")
        second.get_by_role("link", name="Cancel", exact=True).click()
        second.get_by_role("button", name="Cancel the job").click()
        for where in (page, second):
            expect(state(where)).to_have_text("cancelled", timeout=LONG)
        expect(row.locator(".state").first).to_have_text("cancelled", timeout=LONG)
        assert other.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_service_restarts_while_somebody_watches(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    server = Server(tmp_path_factory.mktemp("restarted") / "data")
    try:
        job = endless(server, "Survives")
        with visiting(browser, server.url) as (page, watch):
            page.goto(f"/jobs/{job}")
            expect(state(page)).to_have_text("running", timeout=LONG)
            watch.tolerated += ["Failed to load resource", "net::ERR", "^htmx:", "Status Error Code 503"]
            server.kill()
            expect(page.locator("#notice")).to_contain_text("The service does not answer.", timeout=LONG)
            server.start()
            expect(page.locator("#notice")).to_be_hidden(timeout=LONG)
            expect(page.locator("#now")).to_contain_text("This is run 2", timeout=LONG)
            expect(page.locator("#more")).to_contain_text("Run 2 began")
            page.get_by_role("link", name="Cancel", exact=True).click()
            page.get_by_role("button", name="Cancel the job").click()
            expect(state(page)).to_have_text("cancelled", timeout=LONG)
    finally:
        server.stop()
