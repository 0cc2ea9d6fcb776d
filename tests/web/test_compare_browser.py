"""Comparisons in Chromium: a sweep of three budgets, the frontier, side by side, the link opened anew."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.api.remote import Server
from tests.optimizer.compare.lumps import instance
from tests.web.browser import accessible, visiting

pytestmark = [pytest.mark.browser, pytest.mark.slow]
JOB = re.compile(r"/jobs/[0-9a-f]{32}$")
LONG = 300_000.0


@pytest.fixture(scope="module")
def stored(served: Server) -> str:
    """The id of the teaching case whose frontier is known (lumps.py)."""
    with httpx.Client(base_url=served.url, trust_env=False, timeout=60) as client:
        raw = instance().as_dict()
        found: str = client.post("/v1/instances", json=raw).raise_for_status().json()["id"]
        return found


def drawn(page: Page) -> None:
    """Scroll to every chart, and wait until it is there."""
    for figure in page.locator("figure[data-chart]").all():
        figure.scroll_into_view_if_needed()
        expect(figure.locator(".picture svg")).to_be_visible()
        assert figure.get_attribute("data-failed") is None


def test_from_three_budgets_to_a_link(
    served: Server, browser: Browser, page: Page, stored: str, folder: Path
) -> None:
    page.goto(f"/instances/{stored}")
    page.goto(f"/compare/new?instance={stored}")
    page.get_by_label("From").fill("500 USD")
    page.get_by_label("To", exact=True).fill("3000 USD")
    page.get_by_label("How many").fill("3")
    page.get_by_label("Title").fill("Three budgets")
    accessible(page)
    page.get_by_role("button", name="Compare").click()
    page.wait_for_url(JOB)
    page.get_by_role("link", name="Open the comparison").click(timeout=LONG)
    page.wait_for_url(re.compile(r"/compare/[0-9a-f]{32}$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Three budgets")
    drawn(page)
    # 500 signs "small", 1750 and 3000 "big" and "small" (both cost 1500).
    frontier = page.locator("#picture-frontier")
    expect(frontier.locator(".summary")).to_contain_text(
        "From 500 to 3000 the expected cost goes from 500 to"
    )
    expect(page.locator("#picture-regret svg")).to_be_visible()
    accessible(page)
    page.get_by_label("Left", exact=True).select_option("500")
    page.get_by_label("Right", exact=True).select_option("1750")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url(re.compile(r"left=500&right=1750#side$"))
    expect(page.locator(".differences")).to_contain_text("Only 1750 signs")
    page.go_back()
    expect(page.get_by_label("Right", exact=True)).to_have_value("3000")
    page.go_forward()
    expect(page.get_by_label("Right", exact=True)).to_have_value("1750")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy link").click()
    expect(page.locator("#copied")).to_have_text("Copied.")
    link = page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(served.url)
    told = page.locator(".differences").inner_text()
    for suffix, name in (("comparison.xlsx", "Workbook (xlsx)"), ("alternatives.csv", "alternatives")):
        if suffix.endswith("csv"):
            page.get_by_text("Tables as CSV").click()
        with page.expect_download() as download:
            page.get_by_role("link", name=name, exact=True).click()
        assert download.value.suggested_filename == suffix
        assert download.value.path().stat().st_size > 0
    # Somebody else, in the dark, on a telephone.
    with visiting(browser, served.url, theme="dark", viewport={"width": 360, "height": 740}) as (other, _):
        other.goto(link)
        assert other.locator(".differences").inner_text() == told
        drawn(other)
        accessible(other)
        assert other.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    # The same again with one budget changed.
    page.get_by_role("link", name="Change and compare again").click()
    expect(page.get_by_label("Or a list")).to_have_value("500 USD, 1750 USD, 3000 USD")


def test_plans_that_were_found_apart(served: Server, page: Page, stored: str) -> None:
    with httpx.Client(base_url=served.url, trust_env=False, timeout=60) as client:
        for name, seed in (("One", 1), ("Two", 2)):
            asked = {"kind": "solve", "instance": stored, "title": name, "options": {"seed": seed}}
            answer = client.post("/v1/jobs", json=asked, headers={"Prefer": "wait=60"})
            assert answer.json()["state"] == "succeeded"
    page.goto("/compare")
    for name in ("One", "Two"):
        page.get_by_label(name, exact=True).check()
    expect(page.locator("#picked")).to_have_text("2 chosen")
    accessible(page)
    page.get_by_role("button", name="Lay side by side").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("2 plans side by side")
    expect(page.locator("main")).to_contain_text("All plans are for the same instance")
    expect(page.locator("main")).to_contain_text("Regret: each plan would have to be solved again")
    expect(page.locator(".differences")).to_contain_text("Both commit to the same: 2 items")
    drawn(page)
    accessible(page)
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Report").click(modifiers=["Control"])
    expect(opened.value.get_by_role("heading", level=1)).to_be_visible(timeout=LONG)
