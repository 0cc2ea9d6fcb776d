"""Words for kinds, states and phases of jobs."""

from __future__ import annotations

from models.jobs import FINAL, Job, Kind, SolverStatus, State

KINDS: dict[Kind, str] = {
    "solve": "Solve",
    "compare": "Comparison",
    "evaluate": "Evaluation",
    "sample": "Sample",
    "batch": "Batch",
}
ABOUT: dict[Kind, str] = {
    "solve": "find the best plan for an instance",
    "compare": "solve an instance under several budgets and lay the plans side by side",
    "evaluate": "try a plan on scenarios it was not made for",
    "sample": "sample scenarios from the hazards of an instance",
    "batch": "solve many instances",
}
PHASES = {
    "tree": "growing the scenario tree",
    "formulation": "writing the equations",
    "arrays": "compiling them",
    "search": "searching for better plans",
    "polish": "polishing the plan",
    "marginals": "finding marginal values",
    "explain": "looking for what would have to give way",
    "audit": "auditing the plan",
    "solve": "solving the alternatives",
    "judge": "judging plans under each other's rules",
    "sample": "sampling scenarios",
    "write": "writing the results",
    "foresight": "evaluating with foresight",
    "rolling": "evaluating year by year, with rolling decisions",
}
STATUS: dict[SolverStatus, str] = {
    "optimal": "It is proved as good as was asked for.",
    "feasible": "It keeps every rule; how good it is, is proved less closely than was asked for.",
    "infeasible": "No plan keeps all the rules. The plan page says what would have to give way.",
    "unbounded": "The model has no limit to what it gains: data are missing or wrong.",
    "time_limit": "The time limit ended the search; this is the best found by then.",
    "memory_limit": "The memory limit ended the search.",
    "interrupted": "It was stopped; this is the best found by then.",
    "error": "",
}
TOO_SOON = "It ended before any plan was found. With more time there will be one."
STATES: dict[State, str] = {
    "queued": "waiting for its turn",
    "running": "running",
    "stopping": "being ended",
    "succeeded": "done",
    "failed": "failed",
    "cancelled": "cancelled; what it had found is discarded",
    "expired": "its results have been removed",
}
ACTIVE: tuple[State, ...] = ("queued", "running", "stopping")


def phase(name: str | None) -> str:
    """What a running job is doing."""
    return "" if name is None else PHASES.get(name, name)


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 11th."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{ending}"


def title(job: Job, instance: str | None = None) -> str:
    """What a job is called: its title, its name in a batch, or what it does to which instance."""
    if job.title or job.member:
        return job.title or job.member or ""
    kind = KINDS[job.kind]
    return f"{kind} of {instance}" if instance else f"{kind} {job.id[:8]}"


def is_over(job: Job) -> bool:
    """Whether it has ended."""
    return job.state in FINAL
