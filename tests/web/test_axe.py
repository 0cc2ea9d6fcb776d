"""axe-core finds nothing serious on the pages that are here from the first moment, in both themes."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.api.remote import Server
from tests.web.browser import accessible, visiting

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_first_pages(browser: Browser, served: Server, theme: str) -> None:
    with visiting(browser, served.url, theme=theme) as (page, watch):
        watch.tolerated.append("404")
        for path in ("/", "/nowhere"):
            page.goto(path)
            accessible(page)
