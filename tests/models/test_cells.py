from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.cells import original, safe


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "＝1", "'=1"]
)
def test_a_formula_gets_an_apostrophe(text: str) -> None:
    assert safe(text) == "'" + text


@pytest.mark.parametrize("value", ["gallium", "", "'quoted'", "a=b", -5, -5.0, None, True])
def test_all_else_is_untouched(value: object) -> None:
    assert safe(value) is value


@given(st.text(alphabet="'=+-@\t\r\n a"))
def test_reading_takes_away_exactly_what_writing_put_there(text: str) -> None:
    written = safe(text)
    assert original(written) == text
    assert not str(written).lstrip(" \t\r\n").startswith(("=", "+", "-", "@"))
