"""What is known of an alternative from those that allow more or less."""

from __future__ import annotations

from collections import defaultdict

from models.alternatives import Alternative
from models.options import Options
from models.plan import Effort, Plan
from optimizer.audit import audit
from optimizer.solve import relative

EXACT = 1e-9
"""Relative: an audit of this tolerance passes only what is feasible but for rounding; and a limit that is
further off than this does not bind."""
INHERITED = "Already under"


def most_drawn(plan: Plan) -> float:
    """USD from all sources together up to any node, the dearest path's."""
    drawn: dict[object, float] = defaultdict(float)
    table = plan.operations.get("drawn", {"node": [], "value": []})
    for node, value in zip(table["node"], table["value"], strict=True):
        drawn[node] += float(value)
    return max(drawn.values(), default=0.0)


def envelope_alone(one: Alternative, other: Alternative) -> bool:
    """Whether nothing but the envelope differs."""
    mine, theirs = one.rules.budget, other.rules.budget
    if mine is None or theirs is None or mine.envelope is None or theirs.envelope is None:
        return False
    alike = one.rules.model_copy(
        update={
            "budget": mine.model_copy(update={"envelope": theirs.envelope}),
            "name": other.rules.name,
            "description": other.rules.description,
        }
    )
    return alike == other.rules and (one.force, one.forbid, one.fix) == (other.force, other.forbid, other.fix)


def same_plan(larger: Alternative, plan: Plan, smaller: Alternative, asked: Options) -> Plan | None:
    """The plan of a larger envelope as that of a smaller one, where it draws less than that.

    Nothing of the plan needs to change, the bound holds (the smaller envelope is a restriction), and so do
    the marginal values: neither envelope binds. None where that cannot be said.
    """
    if plan.commitments is None or not envelope_alone(larger, smaller) or plan.status == "interrupted":
        return None
    limit = smaller.envelope
    if limit is None or most_drawn(plan) > limit * (1 - EXACT):
        return None
    return moved(plan, smaller, asked)


def as_infeasible(larger: str, plan: Plan, smaller: Alternative, asked: Options) -> Plan | None:
    """Where what allows more has no plan there is none either; the reasons are told as they are there."""
    if plan.status != "infeasible":
        return None
    told = plan.relaxations
    if told and not told[0].words.startswith(INHERITED):
        words = f"{INHERITED} {larger}, which allows more, this has to give way: {told[0].words}"
        told = (told[0].model_copy(update={"words": words}), *told[1:])
    instance = smaller.instance
    return plan.model_copy(
        update={
            "instance": instance.name,
            "fingerprint": instance.fingerprint(),
            "options": asked,
            "relaxations": told,
            "effort": Effort(),
        }
    )


def moved(plan: Plan, to: Alternative, asked: Options, bound: float | None = None) -> Plan | None:
    """A plan as one of another alternative, audited there; None if it does not meet its rules.

    ``bound``: what is known there; else that of the plan.
    """
    instance = to.instance
    known = plan.bound if bound is None else bound
    there = plan.model_copy(
        update={"instance": instance.name, "fingerprint": instance.fingerprint(), "options": asked}
    )
    there = bounded(there, known)
    certificate = audit(instance, there, EXACT)
    if not certificate.passed:
        return None
    certificate = audit(instance, there)
    effort = Effort(rows=plan.effort.rows, columns=plan.effort.columns, nonzeros=plan.effort.nonzeros,
                    integers=plan.effort.integers, versions=plan.effort.versions)  # fmt: skip
    return there.model_copy(update={"certificate": certificate, "effort": effort})


def bounded(plan: Plan, bound: float | None) -> Plan:
    """The plan with another bound, and a gap and status that fit it."""
    if plan.objective is None or bound is None:
        return plan
    bound = min(bound, plan.objective)
    gap = plan.objective - bound
    share = relative(gap, plan.objective)
    within = gap <= (plan.options.relative_gap + EXACT) * abs(plan.objective)
    status = "optimal" if within else "feasible" if plan.status == "optimal" else plan.status
    certificate = plan.certificate
    if certificate is not None:
        certificate = certificate.model_copy(update={"bound": bound})
    return plan.model_copy(
        update={
            "bound": bound, "gap": gap, "relative_gap": share, "status": status, "certificate": certificate,
        }
    )  # fmt: skip
