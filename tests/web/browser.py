"""Chromium, and pages that tolerate nothing: no error in the console, no refused request."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
PATIENCE = 60_000.0
"""Milliseconds until a test gives up; nothing is said about how long anything may take."""
SERIOUS = ("serious", "critical")
_REPORT = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`refused by the policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
});
"""


def executable() -> str:
    """Where Chromium is. Fails where there is none."""
    found = os.environ.get("STOCKPILE_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
    assert Path(found).exists(), "no Chromium: install it, or say in STOCKPILE_CHROMIUM where it is"
    return found


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser, for as long as the block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=list(ARGUMENTS))
        yield browser
        browser.close()


@dataclass
class Watch:
    """What went wrong in the pages of a context."""

    tolerated: list[str] = field(default_factory=list)
    """Patterns of what a test expects to go wrong."""
    found: list[str] = field(default_factory=list)

    def over(self, context: BrowserContext) -> None:
        """Watch all pages of a context, those that are opened later too."""
        context.add_init_script(_REPORT)
        context.on("page", self.page)

    def page(self, page: Page) -> None:
        """Watch a page."""
        page.on("console", lambda said: said.type in ("error", "warning") and self.note(said.text, page))
        page.on("pageerror", lambda error: self.note(str(error), page))
        page.on("requestfailed", lambda asked: self.failed(asked, page))

    def failed(self, asked: Any, page: Page) -> None:
        """A request that was not answered; one that was given up on leaving the page is none."""
        if asked.failure != "net::ERR_ABORTED":
            self.note(f"{asked.method} {asked.url}: {asked.failure}", page)

    def note(self, words: str, page: Page) -> None:
        """Keep what went wrong."""
        if not any(re.search(pattern, words) for pattern in self.tolerated):
            self.found.append(f"{page.url}: {words}")


@contextmanager
def visiting(
    browser: Browser, url: str, *, theme: str = "light", **options: Any
) -> Iterator[tuple[Page, Watch]]:
    """A page of a browser of its own, at an address; at the end nothing may have gone wrong."""
    options = {"viewport": {"width": 1200, "height": 900}, "color_scheme": theme, "base_url": url} | options
    context = browser.new_context(**options)
    context.set_default_timeout(PATIENCE)
    watch = Watch()
    watch.over(context)
    try:
        yield context.new_page(), watch
    finally:
        context.close()
    assert watch.found == []


def serious(page: Page) -> list[str]:
    """What axe-core finds serious in a page."""
    return [
        f"{page.url}: {found['id']}: {found['help']}: {node['html'][:300]}"
        for found in Axe().run(page).response["violations"]
        if found["impact"] in SERIOUS
        for node in found["nodes"][:5]
    ]


def accessible(page: Page) -> None:
    """Assert that axe-core finds nothing serious in a page."""
    found = serious(page)
    assert not found, "\n".join(found)


def log_in(page: Page, key: str) -> None:
    """Log in with a key, from wherever the page is."""
    if "/login" not in page.url:
        page.goto("/login")
    page.get_by_label("Key").fill(key)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(re.compile(r"^(?!.*/login)"))


def shots(page: Page, folder: Path, name: str) -> None:
    """Pictures of a page at three widths in both themes, to be looked at; not part of any test."""
    folder.mkdir(parents=True, exist_ok=True)
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]  # a literal
        for width in (360, 1200, 2560):
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(300)
            page.screenshot(path=folder / f"{name}-{width}-{theme}.png", full_page=True)
