"""How to solve."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from models.instance.base import Row


class Options(Row):
    """Options of a solve. The defaults suit an instance of the size of the real case."""

    relative_gap: float = Field(
        default=1e-4, ge=0, le=1, description="stop when (objective - bound) / |objective| <= this"
    )
    time_limit: float | None = Field(
        default=None, gt=0, description="seconds of wall clock, everything included"
    )
    threads: int = Field(default=0, ge=0, le=256, description="0: as many as the machine has")
    seed: int = Field(default=0, ge=0, le=2**31 - 1)
    method: Literal["auto", "extensive", "highs", "decompose"] = Field(
        default="auto",
        description="extensive: the whole model by our branch and bound; highs: the same by that of HiGHS; "
        "decompose: the scenario tree cut into master and subtrees; auto: decompose for large trees, "
        "extensive for others",
    )
    marginals: bool = Field(default=True, description="marginal values from the LP with integers fixed")
