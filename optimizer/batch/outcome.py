"""What came of one instance of a batch: a row of the summary table and ``outcome.json``."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from models.faults import FaultyInstance, StockpileError
from models.files.atomic import write_file
from models.plan import Plan
from optimizer.exits import FAILED as FAILED_CODE

OUTCOME = "outcome.json"
PLAN, NO_PLAN, FAILED = "plan", "no plan", "failed"

COLUMNS = {
    "name": "str",
    "outcome": "str",
    "status": "str",
    "objective_usd": "float64",
    "bound_usd": "float64",
    "gap_usd": "float64",
    "relative_gap": "float64",
    "nodes": "Int64",
    "expected_cost_usd": "float64",
    "expected_loss_usd": "float64",
    "cvar_usd": "float64",
    "agreements": "Int64",
    "projects": "Int64",
    "depots": "Int64",
    "seconds": "float64",
    "memory_mb": "float64",
    "kind": "str",
    "message": "str",
    "exit_code": "int64",
    "kept": "bool",
    "fingerprint": "str",
    "path": "str",
    "folder": "str",
}
"""Columns of the summary table; ``kind`` and ``message`` say what failed."""


@dataclass(frozen=True)
class Outcome:
    """What came of one instance."""

    name: str
    path: str
    folder: str
    outcome: str
    """plan, no plan or failed."""
    exit_code: int
    status: str = ""
    kind: str = ""
    message: str = ""
    fingerprint: str = ""
    key: str = ""
    """Instance, options and version in one hash; what resume compares."""
    kept: bool = False
    """From an earlier batch."""
    seconds: float | None = None
    memory_mb: float | None = None
    figures: dict[str, float | int | None] = field(default_factory=dict)
    faults: list[dict[str, Any]] = field(default_factory=list)

    def row(self) -> dict[str, Any]:
        """A row of the summary table."""
        whole = {**asdict(self), **self.figures}
        return {column: whole.get(column) for column in COLUMNS}

    @classmethod
    def read(cls, folder: Path) -> Outcome:
        """From the instance's folder. Raises OSError or ValueError if there is none."""
        whole = json.loads((folder / OUTCOME).read_text(encoding="utf-8"))
        if not isinstance(whole, dict) or not set(whole) <= {f.name for f in fields(cls)}:
            raise ValueError(f"{folder / OUTCOME} was not written by a batch of this version")
        return cls(**whole)

    def write(self) -> None:
        """Into the instance's folder, whole."""
        write_file(
            Path(self.folder) / OUTCOME,
            json.dumps(asdict(self), ensure_ascii=False, indent=1).encode() + b"\n",
        )


def figures(plan: Plan) -> dict[str, float | int | None]:
    """The numbers of a plan that the table shows."""
    risk, made = plan.risk, plan.commitments
    return {
        "objective_usd": plan.objective,
        "bound_usd": plan.bound,
        "gap_usd": plan.gap,
        "relative_gap": plan.relative_gap,
        "nodes": plan.nodes,
        "expected_cost_usd": risk.expected_cost if risk else None,
        "expected_loss_usd": risk.expected_loss if risk else None,
        "cvar_usd": risk.cvar if risk else None,
        "agreements": len(made.agreements) if made else None,
        "projects": len(made.projects) if made else None,
        "depots": len(made.depots) if made else None,
    }


def of_error(error: Exception) -> dict[str, Any]:
    """kind, message, exit code and faults of an error, as fields of an :class:`Outcome`."""
    what = {"kind": type(error).__name__, "message": str(error), "exit_code": FAILED_CODE}
    if isinstance(error, StockpileError):
        what["exit_code"] = error.exit_code
    if isinstance(error, FaultyInstance):
        more = f" (and {len(error.faults) - 1:,} more)" if len(error.faults) > 1 else ""
        what |= {"message": f"{error.faults[0]}{more}", "faults": [fault.as_dict() for fault in error.faults]}
    return what
