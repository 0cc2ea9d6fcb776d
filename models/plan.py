"""What comes out: a plan, or the reason why there is none. Natural units throughout."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from models.instance.base import Many, Row
from models.options import Options

Status = Literal["optimal", "feasible", "time_limit", "interrupted", "infeasible", "unbounded"]
"""optimal: within the gap asked for. time_limit, interrupted: stopped before that (with a plan if there are
commitments). feasible: a plan whose bound is further away than asked for, though nothing stopped it."""


class SignedAgreement(Row):
    """An agreement that is signed."""

    id: str
    start: int = Field(description="period in which deliveries begin")
    year: float = Field(description="calendar year of the start")
    volume: float = Field(description="t/year at full ramp")


class BuiltProject(Row):
    """A project that is funded."""

    id: str
    start: int = Field(description="period in which building begins")
    year: float
    operates: float = Field(description="calendar year of first operation")
    capacity: float = Field(description="t of activity/year")


class OpenedDepot(Row):
    """An optional depot that is opened."""

    id: str


class Commitments(Row):
    """What is decided now, alike in every scenario."""

    agreements: Many[SignedAgreement] = ()
    projects: Many[BuiltProject] = ()
    depots: Many[OpenedDepot] = ()


class Node(Row):
    """A node of the scenario tree."""

    id: int
    period: int
    year: float
    parent: int | None = Field(default=None, description="None in the first period")
    probability: float
    scenarios: Many[str] = Field(
        default=(), description="ids of the scenarios through it; '' is the undisturbed one"
    )


class SegmentRisk(Row):
    """Risk of one segment."""

    segment: str
    probability_of_shortage: float = Field(
        description="of any shortage or cut above 1e-6 of demand, at any time"
    )
    expected_shortage: float = Field(
        description="USD of shortage, substitution and cut, discounted, expected"
    )


class ScenarioRisk(Row):
    """What one scenario costs under the plan."""

    id: str = Field(description="'' is the undisturbed scenario")
    probability: float
    loss: float = Field(description="L_s, USD discounted")
    days_of_cover: dict[str, float] = Field(
        default={},
        description="commodity: stock at the end of the period before supply is first hit, days of demand",
    )


class ConcentrationRisk(Row):
    """How concentrated on countries the acquisitions of a commodity are that a rule concerns."""

    rule: int = Field(description="position in risk.concentration, from 0")
    commodity: str
    allowed: float = Field(description="most index that the rule allows")
    hhi: float = Field(
        description="Herfindahl-Hirschman index on the path where it is largest; 0 without tonnes"
    )
    tonnes: float = Field(description="t that enter the reserve in calm on that path")
    country: str = Field(default="", description="id of the country that most of them come from")
    share: float = Field(default=0.0, description="part that comes from there")


class ChanceRisk(Row):
    """How probable it is that a rule of risk.chance is kept."""

    rule: int = Field(description="position in risk.chance, from 0")
    segment: str
    commodities: Many[str] = ()
    min_fraction: float
    asked: float = Field(description="probability asked for")
    achieved: float = Field(
        description="probability of the scenarios in which it is kept throughout, to 1e-6 of demand"
    )


class RiskFigures(Row):
    """E, CVaR and what they are made of."""

    expected_loss: float
    cvar: float
    cvar_alpha: float
    expected_cost: float = Field(description="the bracket behind w_c in model.md §5, USD")
    segments: Many[SegmentRisk] = ()
    scenarios: Many[ScenarioRisk] = ()
    concentration: Many[ConcentrationRisk] = ()
    chance: Many[ChanceRisk] = ()


class MarginalValue(Row):
    """What one more unit would save, from the LP with integers fixed."""

    kind: str = Field(description="envelope, source, commodity, or the family of the rule")
    item: str = Field(description="id of the source, commodity, rule ...")
    year: float | None = None
    value: float = Field(description="USD of objective saved per unit, >= 0 when more helps")
    unit: str = Field(description="what one unit is: USD, t, ...")
    words: str = Field(description="the same as a sentence")


class Relaxation(Row):
    """One rule that must give way to make an infeasible instance feasible."""

    family: str = Field(description="constraint family of model.md §4")
    item: str = Field(description="the rule, row or id")
    year: float | None = None
    amount: float = Field(description="by how much, in unit")
    unit: str
    words: str = Field(description="the same as a sentence")


class FamilyResidual(Row):
    """The largest violation found in one constraint family."""

    family: str
    residual: float = Field(description="natural units")
    unit: str
    relative: float = Field(description="residual divided by the size of the terms of its row")
    row: str = Field(description="where")


class Certificate(Row):
    """What an audit from the instance alone found; shares no code with the formulation."""

    passed: bool
    tolerance: float = Field(description="relative residual allowed")
    residuals: Many[FamilyResidual] = ()
    largest: FamilyResidual | None = None
    objective: float = Field(description="recomputed, USD")
    objective_difference: float = Field(description="reported less recomputed, USD")
    bound: float | None = None
    findings: Many[str] = Field(default=(), description="what failed, in words")


class Effort(Row):
    """How the plan was found."""

    method: str = Field(default="", description="what searched, and why, if it was not asked for by name")
    seconds: dict[str, float] = Field(default={}, description="by phase")
    highs_seconds: float = Field(default=0.0, description="of these, in HiGHS (presolve and LPs, or MIP)")
    rows: int = 0
    columns: int = 0
    nonzeros: int = 0
    integers: int = 0
    branch_nodes: int = 0
    simplex_iterations: int = 0
    versions: dict[str, str] = {}


class Plan(Row):
    """A plan with its certificate, or the reason why there is none (status infeasible, unbounded,
    time_limit or interrupted with ``commitments`` None)."""

    schema_version: Literal["1"] = "1"
    instance: str = Field(description="name of the instance")
    fingerprint: str = Field(description="SHA-256 of the instance")
    status: Status
    objective: float | None = Field(default=None, description="USD")
    bound: float | None = Field(default=None, description="no plan is below this, USD")
    relative_gap: float | None = None
    gap: float | None = Field(default=None, description="objective less bound, USD")
    nodes: int = Field(description="of the scenario tree")
    commitments: Commitments | None = None
    risk: RiskFigures | None = None
    certificate: Certificate | None = None
    marginal_values: Many[MarginalValue] = ()
    relaxations: Many[Relaxation] = Field(default=(), description="only when infeasible")
    tree: Many[Node] = ()
    operations: dict[str, dict[str, list[str | int | float]]] = Field(
        default={},
        description="variable of model.md §3: columns (its indices and 'value'), one row per non-zero value",
    )
    options: Options = Options()
    effort: Effort = Effort()
