"""Every page that links lead to: axe-core finds nothing serious in either theme, the console is empty,
scripts are small, and nothing is wider than the screen.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, Response

from tests.api.remote import Server
from tests.web.browser import accessible, log_in, serious, visiting
from tests.web.conftest import Keyed
from tests.web.furnished import addresses, every, faulty, furnish
from tests.web.test_assets import SCRIPT_KB

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def furnished(served: Server, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """One of everything; ids by what they are."""
    made = furnish(served)
    with visiting(browser, served.url) as (page, watch):
        watch.tolerated.append("422")
        page.goto("/instances")
        page.locator("#file").set_input_files(faulty("one-material", tmp_path_factory.mktemp("files")))
        page.get_by_role("button", name="Send", exact=True).click()
        page.wait_for_url("**/instances/drafts/*")
        made["draft"] = page.url.rpartition("/")[2]
    return made


def settled(page: Page) -> None:
    """Wait until the charts of a page are drawn."""
    for figure in page.locator("figure[data-chart]").all():
        figure.scroll_into_view_if_needed()
    page.wait_for_function(
        "() => [...document.querySelectorAll('figure[data-chart]')].every((f) => f.dataset.drawn)"
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page(browser: Browser, served: Server, furnished: dict[str, str], theme: str) -> None:
    scripts: list[Response] = []
    wrong, seen = [], []
    with visiting(browser, served.url, theme=theme) as (page, _):
        page.on("response", lambda r: scripts.append(r) if r.request.resource_type == "script" else None)
        for address in addresses(page, *every(furnished)):
            own = sum(len(r.body()) for r in scripts if "/vega" not in r.url)
            if own > 1000 * SCRIPT_KB:
                wrong.append(f"{address}: {own} bytes of script")
            if not page.locator("figure[data-chart]").count() and any("/vega" in r.url for r in scripts):
                wrong.append(f"{address}: scripts for charts, and none are there")
            settled(page)
            wrong += serious(page)
            seen.append(address)
            scripts.clear()
    assert not wrong, "\n".join(wrong)
    kinds = " ".join(seen)
    for id in (furnished["instance"], furnished["draft"]):
        assert id in kinds
    for path in ("/plan/scenarios", "/plan/downloads", "/compare/", "/jobs/new", "/tables", "/map"):
        assert path in kinds, path


def test_no_page_is_wider_than_a_telephone(
    browser: Browser, served: Server, furnished: dict[str, str]
) -> None:
    wrong = []
    with visiting(browser, served.url, viewport={"width": 360, "height": 740}) as (page, _):
        for address in addresses(page, *every(furnished)):
            settled(page)
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > 360:
                wrong.append(f"{address}: {wide} pixels")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_before_the_login_and_of_faults(browser: Browser, keyed: Keyed, theme: str) -> None:
    with visiting(browser, keyed.url, theme=theme) as (page, watch):
        watch.tolerated += ["404", "422"]
        page.goto("/")
        assert page.url.endswith("/login")
        accessible(page)
        page.get_by_label("Key").fill("sp_wrong")
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("alert").filter(has_text="not valid").wait_for()
        accessible(page)
        log_in(page, keyed.key)
        for path in ("/", "/nowhere", f"/jobs/{'0' * 32}"):
            page.goto(path)
            accessible(page)
