"""What the project's own files promise: hashed locks without addresses, a make that lists its targets."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PYTHONS = ("3.11", "3.12", "3.13", "3.14")


def entries(lock: str) -> list[tuple[Requirement, list[str]]]:
    """Each locked requirement with its hashes."""
    text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return [(Requirement(line.split("--hash=")[0]), re.findall(r"--hash=(\S+)", line)) for line in lines]


def pins(lock: str, python: str) -> dict[str, Version]:
    """What the lock installs on Linux under the given Python."""
    environment = {"python_version": python, "python_full_version": f"{python}.0", "sys_platform": "linux"}
    chosen = [r for r, _ in entries(lock) if r.marker is None or r.marker.evaluate(environment)]
    names = [canonicalize_name(r.name) for r in chosen]
    assert len(names) == len(set(names)), "two versions of one package apply at once"
    return {n: Version(str(r.specifier).removeprefix("==")) for n, r in zip(names, chosen, strict=True)}


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_lock_is_hashed_and_names_no_address(lock: str) -> None:
    assert "/" not in (ROOT / lock).read_text(encoding="utf-8")
    for requirement, hashes in entries(lock):
        assert re.fullmatch(r"==[^,*]+", str(requirement.specifier)), requirement
        assert hashes, requirement
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", h) for h in hashes), requirement


@pytest.mark.parametrize("python", PYTHONS)
def test_locks_meet_the_declared_ranges(python: str) -> None:
    groups = PROJECT["dependency-groups"]
    runtime, dev = pins("requirements.lock", python), pins("requirements-dev.lock", python)
    assert runtime.items() <= dev.items()
    for locked, declared in (
        (runtime, PROJECT["project"]["dependencies"] + groups["build"] + PROJECT["build-system"]["requires"]),
        (dev, groups["dev"]),
    ):
        for requirement in map(Requirement, declared):
            assert locked[canonicalize_name(requirement.name)] in requirement.specifier, requirement


def test_make_alone_lists_every_target() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    listed = subprocess.run(["make"], cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    phony = re.findall(r"^\.PHONY: (\S+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert {"setup", "demo", "test", "test-all", "check", "format", "docs", "bench", "clean", "lock"} <= set(
        phony
    )
    for target in phony:
        assert re.search(rf"^  {target} +\S", listed.stdout, re.MULTILINE), target
