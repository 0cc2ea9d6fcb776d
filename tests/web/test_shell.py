"""The frame of every page, and the words for figures."""

from __future__ import annotations

import math
import re

import pytest

from api.web import shell
from tests.api.http.world import World
from tests.web.visitor import Visitor, visitor_of


def test_the_start_page_is_for_people_and_the_signpost_for_programs(world: World, visitor: Visitor) -> None:
    page = visitor.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "<h1>" in page.text
    assert "Accept" in page.headers["vary"]
    signpost = world.client().get("/")
    assert signpost.headers["content-type"] == "application/json"
    assert signpost.json()["service"] == "stockpile"
    assert world.client().get("/", headers={"Accept": "*/*"}).json() == signpost.json()


def test_every_page_says_where_one_is(visitor: Visitor) -> None:
    text = visitor.get("/").text
    assert '<a class="skip" href="#main">' in text
    assert '<main id="main"' in text
    assert '<html lang="en"' in text
    assert re.search(r'href="/"[^>]*aria-current="page"', text)


@pytest.mark.parametrize(
    ("cookie", "theme"), [("", "system"), ("dark", "dark"), ("light", "light"), ('"><script>', "system")]
)
def test_a_theme_once_chosen_is_kept(visitor: Visitor, cookie: str, theme: str) -> None:
    headers = {"Cookie": f"theme={cookie}"} if cookie else {}
    text = visitor.get("/", headers=headers).text
    assert f'data-theme="{theme}"' in text
    assert f'<option value="{theme}" selected>' in text
    assert text.count("<script") == text.count("</script>")


def test_names_are_never_markup(world: World) -> None:
    hostile = "<img src=x onerror=alert(1)>\"'&"
    world.store("alpha", name=hostile)
    text = visitor_of(world, "alpha").get("/").text
    assert "<img" not in text
    assert "&lt;img src=x onerror=alert(1)&gt;&#34;&#39;&amp;" in text


def test_no_page_carries_script_or_style_of_its_own(visitor: Visitor) -> None:
    text = visitor.get("/").text
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", text)
    for script in re.findall(r"<script[^>]*>[^<]*</script>", text):
        assert re.fullmatch(r'<script src="/static/[0-9a-f]{16}/[^"]+"( defer)?></script>', script)


@pytest.mark.parametrize(
    ("filter", "value", "words"),
    [
        (shell.usd, 12.3e9, "12.3 bn USD"),
        (shell.usd, 0, "0 USD"),
        (shell.usd, None, "–"),
        (shell.usd, math.nan, "–"),
        (shell.money, 4_560_000, "4.56 m"),
        (shell.tonnes, 1234.4, "1,234 t"),
        (shell.percent, 0.0512, "5.1 %"),
        (shell.duration, 0, "0 s"),
        (shell.duration, 4.21, "4.2 s"),
        (shell.duration, 200, "3 min 20 s"),
        (shell.duration, 120, "2 min"),
        (shell.duration, 7500, "2 h 5 min"),
        (shell.duration, 3 * 86_400, "3 days"),
        (shell.duration, None, "–"),
    ],
)
def test_figures_as_the_report_writes_them(filter: object, value: float | None, words: str) -> None:
    assert callable(filter)
    assert filter(value) == words.replace(" ", "\u00a0")


@pytest.mark.parametrize(
    ("past", "words"),
    [
        (3, "just now"), (50, "1 min ago"), (1200, "20 min ago"), (7100, "2 h ago"), (-600, "in 10 min"),
        (90_000, "1 day ago"), (20 * 86_400, "20 days ago"),
    ],
)  # fmt: skip
def test_times_tell_how_long_ago_and_exactly_when(past: float, words: str) -> None:
    # 1,780,000,000 s after 1970 is 2026-05-28 20:26:40 UTC
    text = str(shell.ago(1_780_000_000, now=1_780_000_000 + past))
    assert text == (f'<time datetime="2026-05-28T20:26:40Z" title="2026-05-28 20:26:40 UTC">{words}</time>')
    assert "2026-05-28 20:26 UTC" in str(shell.when(1_780_000_000))
    assert shell.ago(None) == shell.when(None) == "–"


def test_findings_of_every_shape_are_told(world: World) -> None:
    template = shell.environment().from_string('{% from "parts/ui.html" import fault %}{{ fault(problem) }}')
    found = [
        {"table": "spot", "row": "a", "field": "price", "value": -1, "allowed": "at least 0", "place": "B7"},
        {"pointer": "/budget", "value": None, "allowed": "a number"},
        {"allowed": "one of them"},
        {},
    ]
    text = template.render(problem={"title": "Faulty.", "errors": found})
    assert "<b>spot · a · price</b> (B7): got <code>-1</code>; at least 0" in text
    assert "<b>/budget</b>: a number" in text
    assert "<li>one of them</li>" in text
    from models.jobs import Problem

    problem = Problem(type="urn:stockpile:Crashed", title="It died.", status=500, detail="By signal 9.")
    text = template.render(problem=problem)
    assert "It died." in text
    assert "By signal 9." in text
