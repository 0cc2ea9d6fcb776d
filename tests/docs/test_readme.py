"""What the README tells to type can be typed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")


def test_python_example_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    example = re.search(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert example is not None
    monkeypatch.chdir(ROOT)
    exec(compile(example[1], "README.md", "exec"), {})
    status, objective, bound = capsys.readouterr().out.split()
    # 13.8 m USD of cost and 10 m of loss, solved by hand in instances/one-material/README.md.
    assert status == "optimal"
    assert float(objective) == pytest.approx(23.8e6)
    assert float(bound) <= float(objective)


@pytest.mark.parametrize("line", re.findall(r"^stockpile (.+)$", README, re.MULTILINE))
def test_commands_and_options_exist(line: str) -> None:
    command, *words = line.partition("#")[0].split()
    names = [command, " ".join([command, *words[:1]])]  # of a group of commands, two words
    section = "".join(COMMANDS.partition(f"\n## {name}\n")[2].partition("\n## ")[0] for name in names)
    assert section
    for option in (word for word in words if word.startswith("--")):
        assert f"`{option}`" in section, option


def test_targets_exist() -> None:
    targets = re.findall(r"^make (\S+)", README, re.MULTILINE)
    assert targets
    for target in targets:
        assert f"\n{target}:" in (ROOT / "Makefile").read_text(encoding="utf-8")
