"""Every command of the tutorial prints what the tutorial shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.replay import TUTORIAL, commands, replay, stable


def test_stable_lines_leave_out_seconds_and_residuals() -> None:
    lines = [
        "  feasible: largest residual 1e-13 t",
        "  (stock; 1e-16 of its row)",
        "  within 0.01 USD of the optimum",
        "  82 rows, 110 columns; 0.2 s",
        "0.30000000000000004,642.857142857,5.25",
    ]
    assert stable(lines) == ["  within 0.01 USD of the optimum", "0.3,642.857,5.25"]


def test_commands_and_what_stands_below_them() -> None:
    assert commands("$ one\nout\n\n$ two\n") == [("one", ["out", ""]), ("two", [])]


@pytest.mark.slow
def test_every_command_prints_what_is_shown(tmp_path: Path) -> None:
    runs = list(replay(TUTORIAL.read_text(encoding="utf-8"), tmp_path))
    assert len(runs) > 5
    for run in runs:
        assert stable(run.printed) == stable(run.shown), f"$ {run.command}\nrun `python -m docs.replay`"
