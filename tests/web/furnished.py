"""A service that holds one of everything a page can show, and every address that its pages lead to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
from playwright.sync_api import Page

from models import files
from tests.api.remote import ROOT, Server

_ID = re.compile(r"[0-9a-f]{16,64}")
_SKIPPED = re.compile(
    r"/(download|files|tables/[^/]+\.|tables\.|log$|report)|\.(json|csv|xlsx|zip|parquet)(\?|$)|^/static"
)
"""Addresses that answer with a file."""
BUDGETS = [1e7, 2.5e7]


def furnish(server: Server) -> dict[str, str]:
    """Make an instance, jobs of all kinds and ends; their ids by what they are."""
    instance = files.read(ROOT / "instances" / "one-material").as_dict()
    with httpx.Client(base_url=server.url, trust_env=False, timeout=120) as client:

        def job(**work: Any) -> str:
            answer = client.post("/v1/jobs", json=work, headers={"Prefer": "wait=60"})
            assert answer.status_code in (200, 202), answer.text
            id: str = answer.json()["id"]
            while client.get(f"/v1/jobs/{id}").json()["state"] in ("queued", "running", "stopping"):
                pass
            return id

        made = {"instance": client.post("/v1/instances", json=instance).json()["id"]}
        here = {"instance": made["instance"]}
        made["solved"] = job(kind="solve", title="Solved", tags=["night"], **here)
        made["compared"] = job(kind="compare", budgets=BUDGETS, title="Compared", **here)
        made["evaluated"] = job(kind="evaluate", plan=made["solved"], n=5, title="Evaluated")
        made["batch"] = job(kind="batch", instances=[{"name": "one", **here}], title="Batch")
        # No Python starts in 10 MB.
        made["failed"] = job(kind="solve", title="Failed", fresh=True, limits={"memory_gb": 0.01}, **here)
        cancelled = client.post(
            "/v1/jobs", json={"kind": "solve", "fresh": True, "title": "Cancelled", **here}
        )
        made["cancelled"] = cancelled.json()["id"]
        client.post(f"/v1/jobs/{made['cancelled']}/cancel")
    return made


def faulty(case: str, folder: Path) -> Path:
    """A workbook of a case with a price that is no number and a country that there is not."""
    import openpyxl

    path = folder / f"{case}.xlsx"
    files.write(files.read(ROOT / "instances" / case), path)
    book = openpyxl.load_workbook(path)
    for sheet, column, text in (("commodities", "price", "dear"), ("depots", "country", "Atlantis")):
        head = [cell.value for cell in book[sheet][1]]
        book[sheet].cell(2, head.index(column) + 1).value = text
    book.save(path)
    return path


def addresses(page: Page, *starts: str) -> Iterator[str]:
    """Go to pages, and to every page that links lead to, one of each kind (ids count as alike)."""
    waiting, seen = ["/", *starts], set(map(_kind, ("/", *starts)))
    while waiting:
        address = waiting.pop(0)
        page.goto(address)
        links = page.eval_on_selector_all("a[href]", "all => all.map((a) => a.getAttribute('href'))")
        here = page.url
        yield address
        for link in links:
            parts = urlsplit(urljoin(here, link))
            if parts.netloc != urlsplit(here).netloc or _SKIPPED.search(parts.path):
                continue
            found = f"{parts.path}?{parts.query}" if parts.query else parts.path
            if _kind(found) not in seen:
                seen.add(_kind(found))
                waiting.append(found)


def every(made: dict[str, str]) -> list[str]:
    """Pages of each of the jobs, which look different by their kinds and ends."""
    jobs = [made[name] for name in ("solved", "compared", "evaluated", "batch", "failed", "cancelled")]
    return [f"/jobs/{job}{more}" for job in jobs for more in ("", "/plan")]


def _kind(address: str) -> str:
    parts = urlsplit(address)
    names = sorted(part.partition("=")[0] for part in parts.query.split("&"))
    return f"{_ID.sub('*', parts.path)}?{'&'.join(names)}"
