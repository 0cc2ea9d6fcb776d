"""What must hold across fields, rows and tables (model.md §6); all faults in one answer.

``parse``: plain data to an instance. ``check``: the faults of rows that are well-formed one by one.
``warnings``: what is allowed but worth a look.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.instance.checks.advice import warnings
from models.instance.checks.findings import Findings
from models.instance.checks.parse import parse
from models.instance.checks.run import run
from models.instance.checks.view import View
from models.instance.shape import shapes

if TYPE_CHECKING:
    from models.faults import Fault
    from models.instance import Instance


def check(instance: Instance) -> list[Fault]:
    """All faults across fields, rows and tables of an instance whose rows are well-formed."""
    findings = Findings()
    run(View(instance, findings))
    if not findings.listed:
        return []
    named = [name for name, shape in shapes(type(instance)).items() if shape.kind in ("table", "record")]
    return findings.faults(instance, named)


__all__ = ["check", "parse", "warnings"]
