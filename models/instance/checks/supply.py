"""Agreements, projects, choices."""

from __future__ import annotations

from models.instance.base import periods
from models.instance.checks.rules import distinct, inside, ordered, whole
from models.instance.checks.view import View
from models.instance.shape import Path
from models.instance.supply import IndexPrice, Project


def agreements(view: View) -> None:
    """Purchase agreements."""
    for path, a in view.each("agreements", view.instance.agreements):
        view.refer((*path, "country"), a.country, "countries")
        view.refer_all((*path, "via"), a.via, "countries")
        view.refer((*path, "commodity"), a.commodity, "commodities")
        view.refer_all((*path, "requires"), a.requires, "projects")
        _starts(view, path, a.starts)
        ordered(view, (*path, "volume"), a.volume.min, a.volume.max, ("min", "max"))
        if isinstance(a.price, IndexPrice):
            ordered(view, (*path, "price"), a.price.floor, a.price.ceiling, ("floor", "ceiling"))


def projects(view: View) -> None:
    """Projects."""
    for path, k in view.each("projects", view.instance.projects):
        view.refer((*path, "country"), k.country, "countries")
        view.refer_all((*path, "via"), k.via, "countries")
        for field, tonnes in (("inputs", k.inputs), ("outputs", k.outputs)):
            for commodity in tonnes:
                view.refer((*path, field, commodity), commodity, "commodities")
        _capacity(view, path, k)
        _support(view, path, k)
        if k.must_run and k.inputs:
            allowed = "no inputs, as must_run is true: nothing says they could always be had"
            view.findings.add((*path, "inputs"), dict(k.inputs), allowed)
        if k.spend_profile is not None:
            whole(view, (*path, "spend_profile"), k.spend_profile, "fractions")


def _capacity(view: View, path: Path, k: Project) -> None:
    existing = max(k.existing_capacity) if isinstance(k.existing_capacity, tuple) else k.existing_capacity
    _starts(view, path, k.starts)
    view.refer_all((*path, "requires"), k.requires, "projects")
    for number, required in enumerate(k.requires):
        if required == k.id:
            view.findings.add((*path, "requires", number), required, "another project than this one")
    if k.capacity is not None:
        ordered(view, (*path, "capacity"), k.capacity.min, k.capacity.max, ("min", "max"))
        _operates(view, path, k, existing)
        return
    if existing == 0:
        allowed = "a capacity that may be built, or an existing_capacity above 0"
        view.findings.add((*path, "capacity"), None, allowed)
    if k.requires:
        allowed = "no requires, as the project has no capacity to build: there is nothing that could wait"
        view.findings.add((*path, "requires"), list(k.requires), allowed)


def _operates(view: View, path: Path, k: Project, existing: float) -> None:
    """At least one start leads to operation within the horizon; starts outside it are faults of their own."""
    horizon = view.horizon
    if horizon is None or existing > 0 or min(k.starts) >= horizon.periods:
        return
    lead = periods(k.lead_years, horizon.period_years)
    if min(k.starts) + lead >= horizon.periods:
        allowed = (
            f"a lead that lets the project operate within the horizon: earliest start {min(k.starts)} and "
            f"{lead} periods of lead reach beyond the last period, {horizon.periods - 1}"
        )
        view.findings.add((*path, "lead_years"), k.lead_years, allowed)


def _support(view: View, path: Path, k: Project) -> None:
    if k.support is None:
        return
    if not k.must_run:
        view.findings.add((*path, "must_run"), k.must_run, "true, as the project has a support")
    if k.support.commodity not in k.outputs:
        known = view.known("commodities")
        if known is None or k.support.commodity in known:
            hint = ""
        else:
            hint = view.findings.hint(k.support.commodity, k.outputs)
        allowed = f"a commodity the project makes: {', '.join(k.outputs)}{hint}"
        view.findings.add((*path, "support", "commodity"), k.support.commodity, allowed)


def choices(view: View) -> None:
    """Choices between agreements, projects and optional depots."""
    undecided = {
        **{k.id: "a project with a capacity to build" for k in view.instance.projects if k.capacity is None},
        **{d.id: "an optional depot" for d in view.instance.depots if not d.optional},
    }
    for path, choice in view.each("choices", view.instance.choices):
        view.refer_all((*path, "members"), choice.members, "agreements", "projects", "depots")
        distinct(view, (*path, "members"), choice.members)
        for number, member in enumerate(choice.members):
            if member in undecided:
                allowed = f"something the plan decides with yes or no: {undecided[member]}, not this one"
                view.findings.add((*path, "members", number), member, allowed)
        ordered(view, path, choice.min, choice.max, ("min", "max"))
        if choice.min is not None and choice.min > len(choice.members):
            allowed = f"at most the number of members, {len(choice.members)}"
            view.findings.add((*path, "min"), choice.min, allowed)


def _starts(view: View, path: Path, starts: tuple[int, ...]) -> None:
    for number, start in enumerate(starts):
        inside(view, (*path, "starts", number), start)
    distinct(view, (*path, "starts"), starts)
