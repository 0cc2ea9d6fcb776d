"""The chapter of a plan."""

from __future__ import annotations

from models.plan import Plan
from optimizer.report.charts import PLAN, Picture
from optimizer.report.parts import Part
from optimizer.report.plan_grids import commitments, funding, held, on_offer, segments, values, worst
from optimizer.report.plan_headline import cards, lead
from optimizer.report.plan_proof import assumptions, proved, reproduced
from optimizer.report.sections import Chapter, Section
from optimizer.summary.words import percent, usd


def chapter(part: Part, id: str) -> Chapter:
    """Headline, commitments, reserve, money, risk, what binds, assumptions, proof and how to reproduce."""
    assert part.plan is not None, "parts of plans carry their plan"
    assert part.instance is not None, "parts of plans carry their instance"
    instance, plan, tables = part.instance, part.plan, part.tables
    title = f"The plan: {plan.instance}"
    if plan.commitments is None:
        give_way = [relaxation.words for relaxation in plan.relaxations]
        ways = [Section(f"{id}-relaxations", "What would have to give way", points=give_way)]
        rest = [assumptions(id, instance), reproduced(id, part, plan)]
        return Chapter(id, title, why_none(plan), "There is no plan.", [], [*ways[: len(give_way)], *rest])
    refused = plan.certificate is not None and not plan.certificate.passed
    alert = "Not to be used: the audit found that this plan breaks the rules of its instance; see Proof."
    made, offers = commitments(tables), on_offer(instance, tables["commitments"])
    asked = [] if plan.marginal_values else ["Marginal values were not asked for."]
    risks = [segments(tables), worst(tables)]
    sections = [
        Section(
            f"{id}-commitments",
            "What is signed, funded and opened",
            [offers],
            grids=made,
            pictures=_pictures("timeline", "sourcing"),
        ),
        Section(
            f"{id}-reserve",
            "What is held",
            grids=[held(tables)],
            pictures=_pictures("reserve", "targets"),
        ),
        Section(
            f"{id}-money",
            "Money",
            grids=[funding(tables)],
            pictures=_pictures("money", "materials"),
        ),
        Section(
            f"{id}-risk",
            "Risk that is left",
            [_risk(plan)],
            grids=risks,
            pictures=_pictures("exceedance", "segments"),
        ),
        Section(
            f"{id}-binds",
            "What one more unit would save",
            asked,
            points=values(tables["marginal_values"]),
        ),
        assumptions(id, instance),
        proved(id, plan, tables),
        reproduced(id, part, plan),
    ]
    return Chapter(
        id,
        title,
        lead(instance, plan, tables),
        alert if refused else "",
        cards(instance, plan, tables),
        sections,
    )


def _pictures(*names: str) -> list[Picture]:
    by_name = {picture.name: picture for picture in PLAN}
    return [by_name[name] for name in names]


def why_none(plan: Plan) -> str:
    """Why there is no plan, in a sentence."""
    if plan.status == "infeasible":
        return "No plan meets all rules at once. Below is the least that would have to give way."
    if plan.status == "unbounded":
        return "The objective falls without limit: some purchase pays for itself more than once."
    return "The search ended before a plan was found; there may be one."


def _risk(plan: Plan) -> str:
    risk = plan.risk
    if risk is None:
        return ""
    return (
        f"Expected loss {usd(risk.expected_loss)} USD; CVaR, the mean of the worst"
        f" {percent(1 - risk.cvar_alpha)}, {usd(risk.cvar)} USD. Both discounted."
    )
