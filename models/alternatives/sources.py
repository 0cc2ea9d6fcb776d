"""What an alternatives file refers to: scenarios in another file, commitments of an earlier plan."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path as File
from typing import Any

from pydantic import ValidationError

from models import files
from models.faults import UnreadableFile
from models.files.source import load
from models.files.yaml_format import document
from models.instance.shape import Path
from models.plan import Commitments, Plan

PLAN = "plan.json"
WHOLE = "schema_version"
"""A file with this field holds an instance."""


def read_scenarios(path: File) -> tuple[Any, Callable[[Path], str]]:
    """Scenarios as plain data, and what names the line of a path in them.

    ``path``: a YAML file with ``scenarios`` alone, or any instance, whose scenarios are taken. Raises
    UnreadableFile, TooLarge, UnknownFormat, FaultyInstance.
    """
    if path.suffix.lower() in (".yaml", ".yml") and not path.is_dir():
        raw, line = document(load(path), path.name)
        if not isinstance(raw, dict) or "scenarios" not in raw:
            raise UnreadableFile(f"{path.name} has no field 'scenarios'.")
        if WHOLE not in raw:
            if len(raw) > 1:
                others = ", ".join(str(key) for key in raw if key != "scenarios")
                raise UnreadableFile(f"{path.name} has fields beside 'scenarios': {others[:200]}.")
            return raw["scenarios"], line
    instance = files.read(path)
    return instance.as_dict().get("scenarios", []), lambda _: path.name


def read_commitments(path: File) -> Commitments:
    """The commitments of a plan, from its folder or ``plan.json``. Raises UnreadableFile, TooLarge."""
    path = path / PLAN if path.is_dir() else path
    try:
        plan = Plan.model_validate_json(load(path))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        raise UnreadableFile(f"{path.name} is not a plan: {where}: {first['msg']}.") from error
    if plan.commitments is None:
        raise UnreadableFile(f"{path.name} holds no commitments (status {plan.status}).")
    return plan.commitments
