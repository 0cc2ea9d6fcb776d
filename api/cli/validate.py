"""``stockpile validate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.output import Json, emit, say, show_faults

if TYPE_CHECKING:
    from models.instance import Instance

NAME = "validate"


def command(
    path: Annotated[Path, typer.Argument(help="Folder of CSV tables, or a .yaml, .json or .xlsx file.")],
    as_json: Json = False,
) -> int:
    """Check an instance: every fault and warning at once, and how large it is.

    Example: stockpile validate instances/us-vault-2026
    """
    from models import files

    instance = files.read(path)
    warnings = instance.warnings()
    profile = describe(instance)
    if as_json:
        emit(
            {
                "valid": True,
                "faults": [],
                "warnings": [warning.as_dict() for warning in warnings],
                "instance": instance.name,
                "fingerprint": instance.fingerprint(),
                "profile": profile,
            }
        )
        return 0
    if warnings:
        show_faults(warnings, "warning", error=False)
    say(f"{instance.name}: no faults\n{in_words(profile)}")
    return 0


def describe(instance: Instance) -> dict[str, Any]:
    """How large an instance is: rows by table, periods, tree nodes, undisturbed probability."""
    from optimizer.tree import UNDISTURBED, grow

    tree = grow(instance)
    tables = {name: getattr(instance, name) for name in type(instance).model_fields}
    rows = {name: len(value) for name, value in tables.items() if isinstance(value, tuple) and value}
    return {
        "rows": rows,
        "start_year": instance.horizon.start_year,
        "periods": instance.horizon.periods,
        "period_years": instance.horizon.period_years,
        "nodes": len(tree),
        "undisturbed_probability": tree.weight.get(UNDISTURBED, 0.0),
    }


def in_words(profile: dict[str, Any]) -> str:
    """The same as text."""
    from optimizer.summary.words import count, figures, percent, wrap

    years = profile["period_years"]
    length = (
        count(profile["periods"], "year") if years == 1 else f"{profile['periods']} × {figures(years)} years"
    )
    rows = ", ".join(f"{name.replace('_', ' ')} {number:,}" for name, number in profile["rows"].items())
    lines = [
        *wrap(f"{length} from {profile['start_year']}, {count(profile['nodes'], 'tree node')},"
              f" undisturbed with probability {percent(profile['undisturbed_probability'])}"),
        *wrap(f"rows: {rows}"),
    ]  # fmt: skip
    return "\n".join(lines)
