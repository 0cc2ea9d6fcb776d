"""The page of the command line names every command and option that --help does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from api.cli import run
from docs.commands import every_command

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", every_command())
def test_every_option_of_help_is_on_the_page(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert run([*command.split(), "--help"]) == 0
    shown = set(re.findall(r"^\W+(--[a-z-]+)", capsys.readouterr().out, re.MULTILINE)) - {"--help"}
    section = PAGE.partition(f"\n## {command}\n")[2].partition("\n## ")[0]
    assert shown == set(re.findall(r"^\| `(--[a-z-]+)", section, re.MULTILINE))
    assert shown
