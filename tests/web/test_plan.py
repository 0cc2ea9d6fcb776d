"""Pages of a plan without a browser: every tab, jobs without a plan, other tenants, downloads."""

from __future__ import annotations

import re

import pytest

from tests.api.http.ended import solved
from tests.api.http.world import World
from tests.web.visitor import Visitor

TABS = (
    "",
    "/money",
    "/commitments",
    "/sourcing",
    "/reserve",
    "/scenarios",
    "/reasons",
    "/assumptions",
    "/downloads",
)


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_names_the_plan_and_marks_itself(world: World, visitor: Visitor, tab: str) -> None:
    job = solved(world)
    text = visitor.get(f"/jobs/{job}/plan{tab}").text
    assert "<h1>by hand" in text
    assert f'<a href="/jobs/{job}/plan{tab}" aria-current="page">' in text
    assert "style=" not in text
    assert not re.search(r"<script(?![^>]* src=)", text)
