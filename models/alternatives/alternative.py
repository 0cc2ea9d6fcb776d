"""One alternative, and alternatives that differ in their envelope alone."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from models.alternatives.impose import Fixed, impose
from models.faults import Fault, FaultyAlternatives
from models.instance import Budget, Instance

UNITS = ((1e9, " bn"), (1e6, " m"), (1.0, ""))
_NAME = re.compile(r'[^\s./\\:*?"<>|\x00-\x1f\x7f-\x9f][^/\\:*?"<>|\x00-\x1f\x7f-\x9f]*')
NAMING = (
    'a name of at most 80 characters without / \\ : * ? " < > | and not beginning or ending with . or a blank'
)
RESERVED = {"con", "prn", "aux", "nul"}


@dataclass(frozen=True)
class Alternative:
    """A named instance, and what is decided beforehand."""

    name: str
    """Unique among the alternatives, upper and lower case alike; names its folder."""
    rules: Instance
    """Before anything is forced, forbidden or fixed."""
    force: tuple[str, ...] = ()
    """Ids that must be taken: agreements, projects, optional depots."""
    forbid: tuple[str, ...] = ()
    """Ids that must not."""
    fix: Fixed | None = None
    """Commitments made beforehand."""
    description: str = ""

    @cached_property
    def instance(self) -> Instance:
        """What is solved. Raises FaultyInstance."""
        return impose(self.rules, self.force, self.forbid, self.fix)

    @property
    def envelope(self) -> float | None:
        """USD; None if there is no limit."""
        return self.rules.budget.envelope if self.rules.budget else None


def well_named(name: str) -> bool:
    """Whether an alternative may be called so: the name becomes that of a folder."""
    return (
        len(name) <= 80
        and _NAME.fullmatch(name) is not None
        and name[-1] not in ". "
        and name.casefold() not in RESERVED
    )


def check_names(alternatives: Sequence[Alternative], baseline: str | None = None) -> str:
    """The baseline's name (the first if none is asked for). Raises FaultyAlternatives."""
    wrong: list[Fault] = []
    seen: set[str] = set()
    if not alternatives:
        wrong.append(Fault("alternatives", "", "", 0, "at least one alternative"))
    for number, alternative in enumerate(alternatives, start=1):
        if not well_named(alternative.name):
            wrong.append(Fault("alternatives", str(number), "name", alternative.name, NAMING))
        if alternative.name.casefold() in seen:
            wrong.append(Fault("alternatives", str(number), "name", alternative.name, "each name once"))
        seen.add(alternative.name.casefold())
    if baseline is not None and baseline not in {a.name for a in alternatives}:
        names = ", ".join(a.name for a in alternatives)
        wrong.append(Fault("alternatives", "", "baseline", baseline, f"one of {names}"))
    if wrong:
        raise FaultyAlternatives(wrong)
    return alternatives[0].name if baseline is None else baseline


def budgets(instance: Instance, values: Sequence[float]) -> tuple[Alternative, ...]:
    """The instance with each of these envelopes (USD), in the order given; equal ones once.

    The alternatives are called like ``4 bn``. An instance without a budget gets one. Raises
    FaultyAlternatives for an envelope that is not a number of at least 0.
    """
    wrong = [
        Fault("budgets", str(number), "envelope", value, "a number of at least 0")
        for number, value in enumerate(values, start=1)
        if not math.isfinite(value) or value < 0
    ]
    if not values:
        wrong.append(Fault("budgets", "", "", 0, "at least one envelope"))
    if wrong:
        raise FaultyAlternatives(wrong)
    values = list(dict.fromkeys(float(value) for value in values))
    budget = instance.budget or Budget()
    return tuple(
        Alternative(
            name, instance.model_copy(update={"budget": budget.model_copy(update={"envelope": value})})
        )
        for name, value in zip(_called(values), values, strict=True)
    )


def _called(values: Sequence[float]) -> list[str]:
    """Short names that tell the values apart."""
    names: list[str] = []
    for digits in range(4, 18):
        names = []
        for value in values:
            size, unit = next(((s, u) for s, u in UNITS if value >= s), UNITS[-1])
            names.append(f"{value / size:.{digits}g}{unit}")
        if len(set(names)) == len(names):
            return names
    return [repr(value) for value in values]
