"""A comparison as a folder, and what an interrupted one has left there.

=========================  ====================================================================
comparison.json            version, baseline, alternatives, instance, options
tables/*.csv, *.parquet    every table of :data:`optimizer.compare.tables.DESCRIPTIONS`
plans/NAME/plan.json       the plan of an alternative, ``instance.json`` what it is for
plans/NAME/outcome.json    what it took, and by which it is recognised
=========================  ====================================================================

``plans`` fills while the comparison runs; ``comparison.json`` is written last.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from models import files
from models.alternatives import Alternative
from models.alternatives.alternative import well_named
from models.faults import StockpileError, UnreadableFile
from models.files.atomic import write_file
from models.instance import Instance
from models.options import Options
from models.plan import Plan
from optimizer.compare.sweep import Solved
from optimizer.results import INSTANCE, PLAN, csv_text, plan_json, read_plan

HEAD, PLANS, TABLES, OUTCOME = "comparison.json", "plans", "tables", "outcome.json"
VERSION = 1


@dataclass(frozen=True)
class Comparison:
    """Alternatives side by side."""

    name: str
    """Of the instance that they change."""
    fingerprint: str
    baseline: str
    """The alternative that differences are taken to."""
    plans: dict[str, Plan]
    """By alternative, in the order given."""
    instances: dict[str, Instance]
    """What each plan is for."""
    tables: dict[str, pd.DataFrame]
    """Those of :data:`optimizer.compare.tables.DESCRIPTIONS`."""
    options: Options
    regret: bool = True
    """Whether plans were judged under each other's rules."""
    descriptions: dict[str, str] | None = None
    missing: tuple[str, ...] = ()
    """Alternatives that a stop kept from being solved, or from being solved to their end."""


def key(alternative: Alternative, options: Options) -> str:
    """Instance, options and version in one hash: what a plan is recognised by."""
    parts = [
        alternative.instance.fingerprint(),
        options.model_dump_json(exclude={"threads"}),
        version("stockpile"),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def keep(folder: Path, alternative: Alternative, options: Options, solved: Solved) -> None:
    """Write down one plan, whole. Raises UnwritableFile."""
    place = folder / PLANS / alternative.name
    (place / OUTCOME).unlink(missing_ok=True)
    files.write(alternative.instance, place / INSTANCE)
    write_file(place / PLAN, plan_json(solved.plan))
    outcome = {"key": key(alternative, options), "seconds": solved.seconds, "reused": solved.reused}
    write_file(place / OUTCOME, json.dumps(outcome, ensure_ascii=False, indent=1).encode() + b"\n")


def kept(folder: Path, alternatives: Sequence[Alternative], options: Options) -> dict[str, Solved]:
    """The plans that an earlier run finished, with the same instance, options and version."""
    found: dict[str, Solved] = {}
    for alternative in alternatives:
        place = folder / PLANS / alternative.name
        try:
            outcome = json.loads((place / OUTCOME).read_text(encoding="utf-8"))
            if outcome["key"] != key(alternative, options):
                continue
            plan = read_plan(place)
            if plan.fingerprint == alternative.instance.fingerprint() and finished(plan):
                found[alternative.name] = Solved(plan, float(outcome["seconds"]), str(outcome["reused"]))
        except (OSError, ValueError, TypeError, KeyError, StockpileError):
            continue  # nothing there that could be kept
    return found


def finished(plan: Plan) -> bool:
    """Whether nobody cut its search short."""
    return plan.status != "interrupted"


def write_comparison(comparison: Comparison, folder: str | Path) -> None:
    """Write the folder; other files in it are left alone. Raises UnwritableFile."""
    folder = Path(folder)
    for name, plan in comparison.plans.items():
        place = folder / PLANS / name
        if not (place / OUTCOME).exists():
            files.write(comparison.instances[name], place / INSTANCE)
            write_file(place / PLAN, plan_json(plan))
    for name, table in comparison.tables.items():
        write_file(folder / TABLES / f"{name}.csv", csv_text(table).encode())
        write_file(folder / TABLES / f"{name}.parquet", table.to_parquet(index=False))
    head = {
        "version": VERSION,
        "instance": {"name": comparison.name, "fingerprint": comparison.fingerprint},
        "baseline": comparison.baseline,
        "alternatives": [
            {
                "name": name,
                "description": (comparison.descriptions or {}).get(name, ""),
                "fingerprint": plan.fingerprint,
                "status": plan.status,
            }
            for name, plan in comparison.plans.items()
        ],
        "missing": list(comparison.missing),
        "regret": comparison.regret,
        "options": comparison.options.model_dump(mode="json"),
    }
    write_file(folder / HEAD, json.dumps(head, ensure_ascii=False, indent=1).encode() + b"\n")


def read_comparison(folder: str | Path) -> Comparison:
    """What :func:`write_comparison` wrote. Raises UnreadableFile."""
    folder = Path(folder)
    try:
        head: dict[str, Any] = json.loads((folder / HEAD).read_text(encoding="utf-8"))
        if head["version"] != VERSION:
            raise UnreadableFile(
                f"{folder / HEAD} has version {head['version']}; this program reads {VERSION}."
            )
        names = [row["name"] for row in head["alternatives"]]
        if not all(isinstance(name, str) and well_named(name) for name in names):
            raise UnreadableFile(f"{folder / HEAD} names alternatives that cannot be folders.")
        plans = {name: read_plan(folder / PLANS / name) for name in names}
        instances = {name: files.read(folder / PLANS / name / INSTANCE) for name in names}
        wrong = [n for n in names if instances[n].fingerprint() != plans[n].fingerprint]
        if wrong:
            raise UnreadableFile(f"{folder}: the plan of {wrong[0]!r} is not for the instance beside it.")
        return Comparison(
            name=head["instance"]["name"],
            fingerprint=head["instance"]["fingerprint"],
            baseline=head["baseline"],
            plans=plans,
            instances=instances,
            tables={path.stem: pd.read_parquet(path) for path in sorted((folder / TABLES).glob("*.parquet"))},
            options=Options.model_validate(head["options"]),
            regret=bool(head["regret"]),
            descriptions={row["name"]: row["description"] for row in head["alternatives"]},
            missing=tuple(head["missing"]),
        )
    except OSError as error:
        hint = "; compare --out writes it when all alternatives are solved"
        raise UnreadableFile(f"{folder}: {error.strerror or error}{hint}.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableFile(f"{folder / HEAD} is not a comparison: {error!r}.") from error
