"""What docs/scenarios.md tells to type can be typed, and its figures of the real case are found again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from models.files import read
from optimizer.scenarios.study import study

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")
ROW = re.compile(
    r"^\| ([\d,]+) (?:independent )?paths(?:, `--(\w+) ([\d,]+)`)? \| (\d+) \| ([\d,]+) \| (\d+) %", re.M
)


def test_the_python_example_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    example = re.search(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert example is not None
    monkeypatch.chdir(ROOT)
    exec(compile(example[1], "scenarios.md", "exec"), {})
    assert capsys.readouterr().out.split() == ["30", "1.0"]


def test_the_commands_have_the_options_of_the_page() -> None:
    commands = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    section = commands.partition("\n## sample\n")[2].partition("\n## ")[0]
    for option in re.findall(r"(--[a-z][a-z-]*)", PAGE):
        assert f"`{option}`" in section, option


@pytest.mark.parametrize("row", [m for m in ROW.finditer(PAGE) if len(m[1]) < 3], ids=lambda m: m[0])
def test_figures_of_the_table(row: re.Match[str]) -> None:
    """The small ones; the others take as many seconds as they have hundreds of paths."""
    ways = tuple(map(int, row[3].split(","))) if row[2] == "branching" else None
    found = study(read(ROOT / "instances" / "us-vault-2026"), int(row[1]), 7, branching=ways)
    assert len(found.instance.scenarios) == int(row[4])
    assert found.nodes == int(row[5].replace(",", ""))
    assert round(100 * found.known) == int(row[6])


def test_the_table_is_read() -> None:
    assert len(ROW.findall(PAGE)) == 6
