"""Instances in Chromium: faults mended and stored, reload and back in between, long tables, the keyboard."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from models import files
from tests.api.http.world import plain
from tests.api.remote import Server
from tests.web.browser import accessible

pytestmark = pytest.mark.browser
REAL = Path(__file__).parents[2] / "instances" / "us-vault-2026"


def written(folder: Path, name: str, data: Any) -> Path:
    path = folder / name
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def faulty() -> dict[str, Any]:
    """The real case with three faults: a number below 0, an id misspelt, a share too small."""
    data = files.read(REAL).as_dict()
    data["demand"][0]["quantity"] = -1
    data["spot"][2]["country"] = "CHNA"
    data["demand"][3]["shortage_cost"][0]["share"] = 0.05
    return data


def upload(page: Page, *paths: Path) -> None:
    page.goto("/instances")
    page.get_by_label(re.compile("Send a workbook")).set_input_files(list(paths))
    page.get_by_role("button", name="Send", exact=True).click()


def draft_of(page: Page, folder: Path) -> None:
    upload(page, written(folder, "real.json", faulty()))
    page.wait_for_url(re.compile("/instances/drafts/"))


def cell(page: Page, words: str) -> Any:
    return page.get_by_label(words, exact=True)


def test_faults_are_mended_where_they_are_and_an_instance_comes_of_it(page: Page, folder: Path) -> None:
    draft_of(page, folder)
    expect(page.locator("#draft-summary")).to_contain_text("3 faults")
    accessible(page)
    quantity = cell(page, f"quantity of {files.read(REAL).demand[0].id}")
    assert quantity.get_attribute("aria-invalid") == "true"
    message = page.locator(f"#{quantity.get_attribute('aria-describedby')}")
    expect(message).to_contain_text("no negative number")
    with page.expect_request(lambda r: r.url.endswith("/cells")) as kept:
        quantity.fill("12")
        quantity.blur()
    assert [n for n in kept.value.post_data.split("&") if n.startswith("c%7C")] != []
    expect(page.locator("[data-saved]")).to_contain_text("Saved")
    page.get_by_role("button", name="Use CHN").click()
    expect(page.locator("[data-saved]")).to_contain_text("Saved")
    # What was saved already is not sent again.
    with page.expect_request(lambda r: r.method == "POST" and not r.url.endswith("/cells")) as asked:
        page.get_by_role("button", name="Check again").click()
    assert "c%7C" not in (asked.value.post_data or "")
    expect(page.locator("#draft-summary")).to_contain_text("1 fault")
    expect(page.locator("#draft-summary")).to_be_focused()
    first = page.locator("table.mending input[name*=shortage_cost]").nth(1)
    first.fill(str(files.read(REAL).demand[3].shortage_cost[0].share))
    page.get_by_role("button", name="Check again").click()
    page.wait_for_url(re.compile("/instances/[0-9a-f]{64}$"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("us-vault-2026")
    expect(page.get_by_role("link", name="Solve this")).to_have_attribute("href", re.compile("/jobs/new"))
    accessible(page)


def test_reload_and_back_lose_nothing(page: Page, folder: Path) -> None:
    draft_of(page, folder)
    name = f"quantity of {files.read(REAL).demand[0].id}"
    cell(page, name).fill("13")
    cell(page, name).blur()
    expect(page.locator("[data-saved]")).to_contain_text("Saved")
    page.reload()
    expect(page.locator("#draft-summary")).to_contain_text("2 faults")
    page.get_by_role("link", name=re.compile("^market")).click()
    page.go_back()
    expect(page.locator("#draft-summary")).to_contain_text("2 faults")
    # Typed, and left at once: it is sent on the way out.
    country = page.locator("input[name*='|spot|'], input[name*='c|spot']").first
    country.fill("CHN")
    page.goto("/instances")
    page.get_by_role("link", name="real.json").first.click()
    expect(page.locator("#draft-summary")).to_contain_text("1 fault")
    page.get_by_text("Start again").click()
    page.get_by_role("button", name="Undo all changes").click()
    expect(page.locator("#draft-summary")).to_contain_text("3 faults")


def test_ten_thousand_rows_scroll(page: Page, served: Server, folder: Path) -> None:
    data = plain()
    row = data["market"][0]
    data["market"] = [row | {"quantity": float(n + 1)} for n in range(10_000)]
    upload(page, written(folder, "long.json", data))
    page.wait_for_url(re.compile("/instances/[0-9a-f]{64}$"))
    page.goto(f"{page.url}/tables?table=market")
    box = page.locator(".virtual[data-on]")
    expect(page.locator("[data-count]")).to_have_text("10,000 rows")
    assert box.locator("tbody tr").count() < 200
    box.evaluate("box => { box.scrollTop = box.scrollHeight; }")
    expect(box.locator("tr[aria-rowindex='10001']")).to_contain_text("10,000")
    assert box.locator("tbody tr").count() < 200
    box.evaluate("box => { box.scrollTop = box.scrollHeight / 2; }")
    expect(box.locator("tr[aria-rowindex='5001']")).to_contain_text("5,000")
    assert box.locator("thead th").first.bounding_box()["y"] >= box.bounding_box()["y"] - 1  # type: ignore[index]
    accessible(page)
    page.get_by_label("Rows that hold").fill("9,99")
    expect(page.locator("[data-count]")).to_have_text("10 of 10,000 rows")
    assert "q=9" in page.url
    page.reload()
    expect(page.locator("[data-count]")).to_have_text("10 of 10,000 rows")


def test_the_keyboard_alone(page: Page, folder: Path) -> None:
    """From the list to a draft, its first faulty cell, a new value, and the check."""
    data = plain()
    data["market"][0]["quantity"] = -1
    draft = written(folder, "keys.json", data)
    page.goto("/instances")
    page.get_by_label(re.compile("Send a workbook")).set_input_files(draft)
    page.get_by_label(re.compile("Send a workbook")).focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Send", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/instances/drafts/"))
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('[data-cell]')"):
            break
    expect(page.locator("[data-cell]").first).to_be_focused()
    page.keyboard.press("Control+A")
    page.keyboard.type("5")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/instances/[0-9a-f]{64}$"))
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('summary')"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Excel workbook")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Excel workbook")).to_be_hidden()


def test_the_map_is_drawn(page: Page) -> None:
    page.goto("/instances")
    page.get_by_role("button", name=re.compile("^Load")).first.click()
    page.wait_for_url(re.compile("/instances/[0-9a-f]{64}$"))
    page.get_by_role("link", name="Map", exact=True).click()
    page.get_by_label("Commodity", exact=True).select_option("gallium")
    page.get_by_role("button", name="Show").click()
    page.wait_for_selector("figure[data-drawn]")
    assert page.locator(".picture svg path").count() > 150
    expect(page.get_by_role("cell", name="not on the map")).to_be_visible()
    accessible(page)


def test_several_files_dropped_on_the_page(page: Page, tolerated: list[str]) -> None:
    page.goto("/instances")
    good, bad = json.dumps(plain(name="dropped")), json.dumps(faulty())
    tolerated.append("422")  # one of them is refused
    page.evaluate(
        """([good, bad]) => {
          const data = new DataTransfer();
          data.items.add(new File([good], "good.json"));
          data.items.add(new File([bad], "bad.json"));
          data.items.add(new File(["x"], "notes.txt"));
          const options = { dataTransfer: data, bubbles: true, cancelable: true };
          document.body.dispatchEvent(new DragEvent("drop", options));
        }""",
        [good, bad],
    )
    expect(page.locator("#sent li")).to_have_count(3)
    expect(page.locator("#sent")).to_contain_text("bad.json: 3 faults.")
    expect(page.locator("#sent")).to_contain_text("notes.txt: The format of the file is not known.")
    accessible(page)
    page.get_by_role("link", name="Open dropped").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("dropped")
