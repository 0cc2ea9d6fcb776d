"""Cross-table checks (being written)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from models.faults import Fault
    from models.instance import Instance


def check(instance: Instance) -> list[Fault]:
    return []


def warnings(instance: Instance) -> list[Fault]:
    return []


def parse(cls: type[Instance], raw: Any) -> Instance:
    return cls.model_validate(raw)
