"""The README shows the beginning of a summary."""

from __future__ import annotations

from docs.excerpt import shortened

SUMMARY = """case: optimal plan
------------------
  2 years

Signed
------
  4 agreements
  a

  b
  c
  d

Funded
------
  nothing

Proof
-----
  feasible
"""


def test_some_sections_are_shown_up_to_some_lines() -> None:
    assert shortened(SUMMARY) == "\n\n".join(
        [
            "case: optimal plan\n------------------\n  2 years",
            "Signed\n------\n  4 agreements\n  a\n  b\n  c\n  …",
            "Proof\n-----\n  feasible",
        ]
    )
