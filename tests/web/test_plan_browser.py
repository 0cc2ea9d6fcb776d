"""Pages of a plan in Chromium: every tab without an error, the replay by keyboard, reload, back, paper."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Browser, Page, expect

from optimizer.results import write_results
from optimizer.solve import solve
from tests.api.http.ended import end, submit
from tests.api.http.world import World
from tests.optimizer import handmade
from tests.web.browser import accessible, visiting

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TABS = (
    "", "/money", "/commitments", "/sourcing", "/reserve", "/scenarios", "/reasons", "/assumptions",
    "/downloads",
)  # fmt: skip


@pytest.fixture
def plan(world: World, folder: Path) -> str:
    """The address of a plan that the solver made: four years, two scenarios of which one is bad."""
    ban = {"kind": "supply", "factor": 0.0, "countries": ["CHN"]}
    dear = {"kind": "price", "factor": 2.0, "commodities": ["ga"]}
    events = [{"id": "ban", "start": 1, "duration": 2, "effects": [ban, dear]}]
    instance = handmade.instance(
        horizon={"start_year": 2027, "periods": 4},
        scenarios=[{"id": "ban", "probability": 0.25, "events": events}],
    )
    write_results(instance, solve(instance), folder)
    (folder / "log.txt").write_text("solved\n", encoding="utf-8")
    job = submit(world, {"kind": "solve", "instance": world.store(), "title": "By hand"})
    end(world, job, folder)
    return f"/jobs/{job}/plan"


@pytest.fixture
def looking(browser: Browser, world: World) -> Iterator[Page]:
    """A page at the service; the test fails if anything goes wrong in it."""
    with visiting(browser, world.url, accept_downloads=True) as (page, _):
        yield page


def drawn(page: Page) -> int:
    """Scroll to every chart and wait until it is drawn; how many there are."""
    figures = page.locator("figure[data-chart]")
    for n in range(figures.count()):
        figures.nth(n).scroll_into_view_if_needed()
        expect(figures.nth(n)).to_have_attribute("data-drawn", re.compile(".+"))
    return figures.count()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_tab_without_an_error_and_for_everybody(
    browser: Browser, world: World, plan: str, theme: str
) -> None:
    charts = 0
    with visiting(browser, world.url, theme=theme) as (page, _):
        for tab in TABS:
            page.goto(plan + tab)
            charts += drawn(page)
            accessible(page)
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), tab
    assert charts == 9


def test_pages_fit_a_telephone(browser: Browser, world: World, plan: str) -> None:
    with visiting(browser, world.url, viewport={"width": 360, "height": 740}) as (page, _):
        for tab in TABS:
            page.goto(plan + tab)
            drawn(page)
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), tab


def test_from_tab_to_tab_and_back(looking: Page, plan: str) -> None:
    page = looking
    page.goto(plan)
    page.get_by_role("link", name="Reserve").first.click()
    expect(page).to_have_url(re.compile("/plan/reserve$"))
    page.get_by_label("Material").select_option("zinc")
    expect(page).to_have_url(re.compile("material=zinc"))
    page.reload()
    expect(page.get_by_label("Material")).to_have_value("zinc")
    page.go_back()
    expect(page).to_have_url(re.compile("/plan/reserve$"))
    expect(page.get_by_label("Material")).to_have_value("")
    page.go_back()
    expect(page).to_have_url(re.compile("/plan$"))


def test_the_replay_by_keyboard(looking: Page, plan: str) -> None:
    page = looking
    page.goto(f"{plan}/scenarios")
    year = page.locator("#year-title")
    # From the heading of the tree to the first scenario, down to the other one, and into it.
    page.locator(".tree a.leaf").first.focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".tree a.leaf").nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("scenario=ban#year$"))
    expect(year).to_contain_text("2028 in ban")
    page.locator("figure#chart-replay").scroll_into_view_if_needed()
    expect(page.locator("figure#chart-replay")).to_have_attribute("data-drawn", re.compile("year=2028"))
    page.locator("#main").focus()
    page.keyboard.press("ArrowRight")
    expect(year).to_contain_text("2029")
    expect(page).to_have_url(re.compile("scenario=ban&year=2029"))
    expect(page.locator("#lists")).to_contain_text("What commerce no longer supplies")
    # The chart follows, drawn anew in its place.
    expect(page.locator("figure#chart-replay")).to_have_attribute("data-drawn", re.compile("year=2029"))
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(year).to_contain_text("2027")
    expect(page.get_by_text("looks the same in 1 other scenario")).to_be_visible()
    # A button keeps the focus from year to year.
    page.get_by_role("link", name="Next year").focus()
    page.keyboard.press("Enter")
    expect(year).to_contain_text("2028")
    expect(page.get_by_role("link", name="Next year")).to_be_focused()
    accessible(page)


def test_reload_and_back_in_the_middle_of_a_replay(looking: Page, plan: str) -> None:
    page = looking
    page.goto(f"{plan}/scenarios?scenario=ban&year=2027")
    year = page.locator("#year-title")
    for at in ("2028", "2029"):
        page.get_by_role("link", name="Next year").click()
        expect(year).to_contain_text(at)
    page.reload()
    expect(year).to_contain_text("2029 in ban")
    expect(page.get_by_label("Scenario", exact=True)).to_have_value("ban")
    page.go_back()
    expect(year).to_contain_text("2028 in ban")
    page.go_back()
    expect(year).to_contain_text("2027 in ban")
    page.go_forward()
    expect(year).to_contain_text("2028 in ban")
    link = page.get_by_role("link", name="Link to this year").get_attribute("href")
    assert link is not None
    page.goto(link)
    expect(year).to_contain_text("2028 in ban")


def test_it_plays_by_itself_and_pauses(looking: Page, plan: str) -> None:
    page = looking
    page.goto(f"{plan}/scenarios?scenario=ban&year=2027")
    year = page.locator("#year-title")
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    expect(year).to_contain_text("2028")
    expect(year).to_contain_text("2029")
    page.get_by_role("button", name="Pause").click()
    at = year.inner_text()
    page.wait_for_timeout(4000)
    assert year.inner_text() == at
    page.get_by_role("button", name="Play").click()
    expect(year).to_contain_text("2030")
    expect(page.get_by_role("button", name="Play")).to_be_visible()


def test_a_scenario_from_the_list_and_from_the_tree(looking: Page, plan: str) -> None:
    page = looking
    page.goto(f"{plan}/scenarios")
    page.get_by_label("Scenario", exact=True).select_option("(undisturbed)")
    expect(page.locator("#year-title")).to_contain_text("(undisturbed)")
    expect(page.locator(".tree a.leaf.on")).to_contain_text("(undisturbed)")
    page.locator(".tree a.leaf", has_text="ban").click()
    expect(page.locator("#year-title")).to_contain_text("in ban")


def test_on_paper_charts_are_there_and_forms_are_not(looking: Page, plan: str) -> None:
    page = looking
    page.goto(f"{plan}/scenarios?scenario=ban&year=2028")
    drawn(page)
    page.emulate_media(media="print")
    for gone in (".tabs", "form", ".bar nav", ".tools", "[data-play]"):
        for n in range(page.locator(gone).count()):
            expect(page.locator(gone).nth(n)).not_to_be_visible()
    for kept in (".tree", "figure#chart-replay svg", "#year-title", ".cards"):
        expect(page.locator(kept).first).to_be_visible()
    assert page.pdf().startswith(b"%PDF")


def test_downloads_arrive_whole(looking: Page, plan: str, folder: Path) -> None:
    page = looking
    page.goto(f"{plan}/downloads")

    def saved(name: str) -> bytes:
        with page.expect_download() as waiting:
            page.get_by_role("link", name=name, exact=True).click()
        return Path(waiting.value.path()).read_bytes()

    assert saved("plan.xlsx") == (folder / "plan.xlsx").read_bytes()
    assert saved("spend as csv") == (folder / "tables" / "spend.csv").read_bytes()
    parquet = pd.read_parquet(io.BytesIO(saved("flows as parquet")))
    pd.testing.assert_frame_equal(parquet, pd.read_parquet(folder / "tables" / "flows.parquet"))
    assert zipfile.ZipFile(io.BytesIO(saved("All as CSV"))).testzip() is None
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download it").click()
    assert b"How to reproduce" in Path(waiting.value.path()).read_bytes()


def test_the_report_opens_and_draws(looking: Page, plan: str) -> None:
    page = looking
    page.goto(f"{plan}/downloads")
    page.get_by_role("link", name="Open the report").click()
    expect(page.get_by_role("heading", name="How to reproduce")).to_be_visible()
    page.locator("[data-spec]").first.scroll_into_view_if_needed()
    expect(page.locator("[data-spec] svg").first).to_be_visible()
    page.go_back()
    expect(page).to_have_url(re.compile("/downloads$"))


def test_reasons_are_searched_for_while_one_looks(looking: Page, plan: str) -> None:
    page = looking
    page.goto(f"{plan}/reasons")
    page.get_by_label("Name").fill("ga-aus")
    page.get_by_role("button", name="Explain it").click()
    expect(page).to_have_url(re.compile("item=ga-aus"))
    page.reload()
    expect(page.locator("#item .explained pre")).to_have_count(1)
    expect(page.locator("#item")).to_contain_text("What it is")
    page.get_by_label("Name").fill("ga-auz")
    page.get_by_role("button", name="Explain it").click()
    expect(page.locator("#wrong")).to_contain_text("ga-aus")


def test_the_ledger_by_mark(looking: Page, world: World) -> None:
    from api.web.plan.ledger import CASES
    from models import files

    real = files.read(CASES / "us-vault-2026")
    folder = Path(world.settings.data) / "real"
    write_results(real, handmade.no_plan(real), folder)
    job = submit(world, {"kind": "solve", "instance": world.store()})
    end(world, job, folder)
    page = looking
    page.goto(f"/jobs/{job}/plan/assumptions")
    page.get_by_role("link", name=re.compile("^assumed")).click()
    expect(page).to_have_url(re.compile("mark=assumed"))
    expect(page.locator("tbody .mark.sourced")).to_have_count(0)
    page.get_by_label("Words").fill("germanium")
    page.get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile("mark=assumed.*q=germanium"))
    expect(page.locator("tbody tr").first).to_contain_text("germanium")
    page.go_back()
    expect(page.get_by_label("Words")).to_have_value("")
