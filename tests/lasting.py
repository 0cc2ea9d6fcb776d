"""A solve that lasts: for what is done to one under way."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

LONG = Path(__file__).resolve().parents[1] / "benchmarks" / "cases" / "bench-20.json"
"""Searches for ten seconds and more, to the last cent."""


def lasting(path: Path, work: Mapping[str, Any]) -> dict[str, Any]:
    """What is asked for, of :data:`LONG` to the last cent unless it says how far."""
    if path != LONG:
        return dict(work)
    return {**work, "options": {"relative_gap": 0.0} | work.get("options", {})}
