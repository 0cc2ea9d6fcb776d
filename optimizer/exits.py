"""What the command line and the processes of a batch end with."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.plan import Plan

PLAN = 0
FAILED = 1
FAULTY = 2
NO_PLAN_EXISTS = 3
"""Infeasible or unbounded."""
STOPPED = 4
"""By a limit or a person, before there was a plan."""


def exit_code(plan: Plan) -> int:
    """The exit code that a plan, or the lack of one, stands for."""
    if plan.commitments is not None:
        return PLAN
    return NO_PLAN_EXISTS if plan.status in ("infeasible", "unbounded") else STOPPED
