"""Why a plan is what it is, in the planner's words.

- what binds: marginal values by rule, by material, and of one more tonne a year of each offer;
- what was chosen and what it would cost to do without; what was not, what it would cost to have it, and the
  price at which it enters;
- plans that decide something else and cost little more;
- where there is no plan, what would have to give way (:mod:`optimizer.explain`).

Yes/no decisions are priced by solving with the decision turned, options bought by the tonne by the slope of
the optimum at zero (docs/explain.md, docs/decisions/0019).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pandas as pd

from models.instance import Instance
from models.options import Options
from models.plan import Plan
from optimizer.summary import summary
from optimizer.why import decisions, instead, page
from optimizer.why.flip import Flip
from optimizer.why.ground import Ground
from optimizer.why.item import explain_item
from optimizer.why.near import Alternative, alternatives
from optimizer.why.offers import offers
from optimizer.why.result import DESCRIPTIONS, Why, write_why
from optimizer.why.tonnes import entry
from optimizer.why.values import binding, limits, materials

SECONDS = 300.0
"""What an explanation of a whole plan may take, unless said otherwise."""
ALTERNATIVE_SECONDS = 30.0
"""What the search for one alternative may take at most."""

Report = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


def explain(
    instance: Instance,
    plan: Plan,
    *,
    options: Options = Options(),
    alternatives_wanted: int = 0,
    within: float = 0.01,
    seconds: float = SECONDS,
    progress: Report | None = None,
    stop: threading.Event | None = None,
) -> Why:
    """Everything about a plan.

    Parameters
    ----------
    options: threads, seed and method of the searches; gap and time limit are not read.
    alternatives_wanted: how many near-optimal alternatives to look for, each within ``within``, a share of
        the objective's size.
    seconds: when the searches end. Bounds for all prices come first, so that an end leaves intervals.
    progress: called from this thread.
    stop: set it to end early with what is known.

    Returns
    -------
    Tables of :data:`DESCRIPTIONS` and a page. A plan folder without a plan yields ``relaxations`` only.

    Raises
    ------
    ValueError: the plan is for another instance. SolverFailed, AuditFailed as in solve.
    """
    if plan.commitments is None:
        return _none(instance, plan)
    begun = time.monotonic()
    tell = progress or (lambda *_: None)
    tell("writing the equations", 0, 0)
    ground = Ground(instance, plan, options, seconds=seconds, stop=stop)
    tables: dict[str, pd.DataFrame] = {}
    tell("what binds", 0, 0)
    found = limits(ground)
    tables |= {"binding": binding(found), "materials": materials(found), "offers": offers(ground)}

    def entries() -> None:
        tables["entry"] = entry(ground, lambda done, of: tell("entry prices", done, of))

    flips: list[Flip] = decisions.flips(
        ground,
        ground.options_on_offer.values(),
        keep=ALTERNATIVE_SECONDS * alternatives_wanted,
        then=entries,
        report=lambda done, of: tell("prices of decisions", done, of),
    )
    tables |= decisions.tables(ground, flips)
    if alternatives_wanted:
        others: list[Alternative] = alternatives(
            ground,
            alternatives_wanted,
            within,
            flips,
            seconds=ALTERNATIVE_SECONDS,
            report=lambda done, of: tell("alternatives", done, of),
        )
        tables |= instead.tables(plan, others)
    text = page.page(
        [
            page.head(instance, plan, time.monotonic() - begun),
            page.binds(tables, plan),
            page.chosen(tables["chosen"]),
            page.not_chosen(tables["not_chosen"], tables["entry"]),
            page.near(tables, within, ground.left() > 0),
        ]
    )
    return Why(tables, text)


def _none(instance: Instance, plan: Plan) -> Why:
    """Why there is no plan."""
    rows = [relaxation.model_dump() for relaxation in plan.relaxations]
    columns = ["family", "item", "year", "amount", "unit", "words"]
    return Why({"relaxations": pd.DataFrame(rows, columns=columns)}, summary(instance, plan))


__all__ = ["DESCRIPTIONS", "SECONDS", "Report", "Why", "explain", "explain_item", "write_why"]
