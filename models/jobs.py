"""Jobs: what is asked of the service, and what it says about it.

A request is one of five kinds of work with an envelope (priority, tags, ...) around it. Wherever a request
takes an instance or a plan, the id of a stored one or the whole document may stand; the service stores
documents first, so that a job holds ids only.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, TypeAdapter
from pydantic_core import PydanticCustomError

from models.instance.base import Amount, Id, Many, Name, Row, Text, Word
from models.options import Options

Kind = Literal["solve", "batch", "compare", "evaluate", "sample"]
State = Literal["queued", "running", "stopping", "succeeded", "failed", "cancelled", "expired"]
"""Of a job. An infeasible model is a job that succeeded: its plan says why."""
SolverStatus = Literal[
    "optimal", "feasible", "infeasible", "unbounded", "time_limit", "memory_limit", "interrupted", "error"
]
Role = Literal["read", "submit", "admin"]
ROLES: tuple[Role, ...] = ("read", "submit", "admin")
"""Each may do what those before it may."""

FINAL: frozenset[State] = frozenset({"succeeded", "failed", "cancelled", "expired"})
"""States that a job does not leave, but for expiry."""

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256, hexadecimal: the id of an instance or of a stored file."""
JobId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
InstanceRef = Digest | dict[str, Any]
"""The id of a stored instance, or the instance itself."""
PlanRef = Digest | JobId | dict[str, Any]
"""The job that found the plan, the id of a stored plan, or the plan itself."""


class Limits(Row):
    """What a job may use; the service's own limits where none is given, never more than those."""

    seconds: float | None = Field(default=None, gt=0, description="wall clock of a run, ended from outside")
    memory_gb: float | None = Field(
        default=None, gt=0, description="of all its processes together, in 10^9 bytes"
    )
    threads: int | None = Field(
        default=None, ge=1, le=256, description="of the solver, and processes of a comparison"
    )


class Envelope(Row):
    """What is said about a job beside its work."""

    priority: int = Field(default=5, ge=1, le=9, description="1 is served first; within one, tenants in turn")
    tags: Many[Word] = Field(default=(), max_length=32)
    title: Name | None = Field(default=None, description="for people")
    parent: JobId | None = Field(
        default=None, description="the job this one goes on from; its plan is the warm start"
    )
    webhook: str | None = Field(default=None, max_length=2000, description="address told when the job ends")
    limits: Limits = Limits()
    fresh: bool = Field(default=False, description="run even if the same work has been done before")


class SolveWork(Row):
    """Find the best plan for an instance."""

    kind: Literal["solve"] = "solve"
    instance: InstanceRef
    warm: Digest | dict[str, Any] | None = Field(
        default=None,
        description="a plan to start from, the id of a stored one or the plan itself; `parent` takes a job's",
    )
    options: Options = Options()


def _one_folder(name: str) -> str:
    if name in (".", "..") or "/" in name or "\\" in name:
        raise PydanticCustomError("folder", "the name of one folder, without slashes")
    if name in ("batch.csv", "batch.parquet"):
        raise PydanticCustomError("table", "another name: this is the file of the batch's table")
    return name


class Member(Row):
    """One instance of a batch."""

    name: Annotated[Id, AfterValidator(_one_folder)] = Field(
        description="unique within the batch; names its folder: no slashes"
    )
    instance: InstanceRef


class BatchWork(Row):
    """Solve many instances; each becomes a job of its own, with this one as its batch."""

    kind: Literal["batch"] = "batch"
    instances: Many[Member] = Field(min_length=1, max_length=10_000)
    options: Options = Options()


class CompareWork(Row):
    """Solve an instance under several budgets or other alternatives and lay the plans side by side."""

    kind: Literal["compare"] = "compare"
    instance: InstanceRef
    budgets: Many[Amount] = Field(default=(), max_length=1000, description="envelopes, USD")
    alternatives: Many[dict[str, Any]] = Field(
        default=(), max_length=1000, description="as in a file of alternatives; no references to files"
    )
    baseline: Name | None = Field(default=None, description="the alternative that differences are taken to")
    regret: bool = True
    options: Options = Options()


class EvaluateWork(Row):
    """Evaluate a plan on scenarios it was not made for."""

    kind: Literal["evaluate"] = "evaluate"
    plan: PlanRef
    instance: InstanceRef | None = Field(
        default=None, description="needed where the plan is not that of a job"
    )
    scenarios: InstanceRef | None = Field(default=None, description="given scenarios: those of this instance")
    n: int = Field(default=1000, ge=1, le=1_000_000)
    seed: int = Field(default=0, ge=0, le=2**31 - 1)
    rate: str | float | None = None
    ways: Many[Literal["tree", "foresight", "rolling"]] = Field(default=("foresight",), min_length=1)
    rolling_n: int = Field(default=200, ge=1)
    branches: int = Field(default=8, ge=1)
    information: bool = False
    bounds: bool = False
    replications: int = Field(default=5, ge=2)
    replication_n: int = Field(default=30, ge=2)
    options: Options = Options()


class SampleWork(Row):
    """Sample scenarios from the hazards of an instance; the result is the instance with them."""

    kind: Literal["sample"] = "sample"
    instance: InstanceRef
    n: int = Field(default=1000, ge=1, le=1_000_000)
    seed: int = Field(default=0, ge=0, le=2**31 - 1)
    branching: Many[Annotated[int, Field(ge=1, le=1000)]] = ()
    rate: str | float | None = None
    reduce: int | None = Field(default=None, ge=1)


class SolveRequest(SolveWork, Envelope):
    """A solve, as submitted."""


class BatchRequest(BatchWork, Envelope):
    """A batch, as submitted."""


class CompareRequest(CompareWork, Envelope):
    """A comparison, as submitted."""


class EvaluateRequest(EvaluateWork, Envelope):
    """An evaluation, as submitted."""


class SampleRequest(SampleWork, Envelope):
    """A sample, as submitted."""


Work = SolveWork | BatchWork | CompareWork | EvaluateWork | SampleWork
Request = SolveRequest | BatchRequest | CompareRequest | EvaluateRequest | SampleRequest

work_adapter: TypeAdapter[Work] = TypeAdapter(Annotated[Work, Field(discriminator="kind")])
request_adapter: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="kind")])


class Problem(Row):
    """What went wrong, as RFC 9457 problem details."""

    type: str = Field(
        description="stable; the name of the fault in the catalogue, such as urn:stockpile:SolverFailed"
    )
    title: str
    status: int
    detail: str = ""
    errors: Many[dict[str, Any]] = Field(
        default=(), description="faults, each with a JSON Pointer where it has one"
    )


class Job(Row):
    """A job as the service tells it. Times are seconds since 1970, UTC; money is USD."""

    id: JobId
    kind: Kind
    state: State
    title: str | None = None
    tags: Many[str] = ()
    priority: int = 5
    instance: Digest | None = Field(default=None, description="stored instance it works on")
    work: dict[str, Any] = Field(description="what was asked, with ids in the place of documents")
    limits: Limits = Limits()
    parent: JobId | None = None
    batch: JobId | None = Field(default=None, description="the batch this is one instance of")
    member: str | None = Field(default=None, description="its name there")
    solver_status: SolverStatus | None = None
    objective: float | None = None
    bound: float | None = None
    gap: float | None = Field(default=None, description="objective less bound")
    relative_gap: float | None = None
    done: int | None = Field(default=None, description="parts finished, of kinds that have parts")
    total: int | None = None
    phase: str | None = Field(default=None, description="what a running job is doing")
    position: int | None = Field(default=None, description="in the queue, from 1")
    attempt: int = Field(default=0, description="runs begun; more than 1 after a worker died")
    created: float
    started: float | None = None
    finished: float | None = None
    expires: float | None = Field(default=None, description="when its results are removed")
    seconds: float | None = Field(default=None, description="of the run that ended it")
    memory_mb: float | None = Field(default=None, description="peak of the run that ended it")
    cached_from: JobId | None = Field(default=None, description="the job whose results these are")
    problem: Problem | None = Field(default=None, description="of a failed job")
    result: Digest | None = Field(default=None, description="stored manifest of its files")
    version: int = Field(default=0, description="counts changes; the ETag")


class Event(Row):
    """One thing that happened to a job; ``id`` counts from 1 within the job."""

    id: int
    at: float
    type: Literal["state", "progress", "log"]
    data: dict[str, Any] = Field(
        description="state: state, solver_status; log: line; "
        "progress: phase, incumbent, bound, gap, nodes, done, total; of a comparison solved, running"
    )


class File(Row):
    """One file of a result."""

    path: Text = Field(description="relative, with /")
    digest: Digest
    bytes: int
    media_type: str


class Manifest(Row):
    """The files of a job's result: what the command line would have written into its folder."""

    files: Many[File] = ()


class InstanceRecord(Row):
    """A stored instance, without its tables."""

    id: Digest
    name: str
    bytes: int = Field(description="of its JSON")
    warnings: Many[dict[str, Any]] = Field(default=(), description="what is allowed but worth a look")
    figures: dict[str, Any] = Field(
        default={}, description="rows by table; start_year, periods, period_years of its horizon"
    )
    created: float
