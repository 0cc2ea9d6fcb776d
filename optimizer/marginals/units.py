"""What a row or bound is about, what its unit is, and whether it counts, from its index.

Units are natural units per unit of the right-hand side or bound.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from models.instance import at
from optimizer.data import Data
from optimizer.explain.paths import called_concentration
from optimizer.explain.rules import called_cover, called_share

Index = tuple[Any, ...]
Decisions = dict[tuple[str, Index], bool]
"""What is signed, built and open."""


def named(name: str) -> Callable[[Data, Index], str]:
    """The same name for every index."""
    return lambda _, __: name


def first(_: Data, key: Index) -> str:
    """The id that comes first."""
    return str(key[0])


def second(_: Data, key: Index) -> str:
    """The id that comes second, after a rule's number."""
    return str(key[1])


def tier(data: Data, key: Index) -> str:
    """A spot offer, with its tier if there are several."""
    return f"{key[0]}, tier {key[1]}" if len(data.offers[key[0]].tiers) > 1 else str(key[0])


def cover(data: Data, key: Index) -> str:
    """A rule of cover."""
    return called_cover(data.instance.risk.cover[key[0]])


def share(data: Data, key: Index) -> str:
    """A rule on shares."""
    return called_share(data.instance.risk.shares[key[0]], key[1])


def concentrated(data: Data, key: Index) -> str:
    """A rule on concentration."""
    return called_concentration(key[1], data.instance.risk.concentration[key[0]].hhi)


def money(data: Data, _: Index) -> float:
    """USD."""
    return data.units.money


def emissions(data: Data, _: Index) -> float:
    """Of CO2e, in tonnes."""
    return data.units.emissions


def tonnes(data: Data, key: Index) -> float:
    """Of the commodity that comes first."""
    return data.units.tonnes[key[0]]


def contracted(data: Data, key: Index) -> float:
    """Tonnes of an agreement."""
    return data.units.tonnes[data.agreements[key[0]].commodity]


def active(data: Data, key: Index) -> float:
    """Tonnes of a project's activity."""
    return data.units.activity[key[0]]


def offered(data: Data, key: Index) -> float:
    """Tonnes of a spot offer."""
    return data.units.tonnes[data.offers[key[0]].commodity]


def demanded(data: Data, key: Index) -> float:
    """Tonnes of a demand that comes after a rule's number."""
    return data.units.tonnes[data.demand_rows[key[1]].commodity]


def eased(data: Data, key: Index) -> float:
    """Tonnes of the demand that a substitution eases."""
    return data.units.tonnes[data.demand_rows[data.substitutions[key[0]].demand].commodity]


def made(data: Data, key: Index) -> float:
    """Of an industry's output at the node, in USD per whole output."""
    return data.output(key[1], key[2]) * data.units.money


def covered(data: Data, key: Index) -> float:
    """Tonnes of a rule of cover."""
    return data.units.tonnes[data.instance.risk.cover[key[0]].commodity]


def shared(data: Data, key: Index) -> float:
    """Tonnes of a rule on shares."""
    return data.units.tonnes[key[1]]


def room(data: Data, key: Index) -> float:
    """Room in m³; the row is divided by the capacity where there is one."""
    return data.depots[key[0]].capacity or 1.0


def given_out(data: Data, key: Index) -> float:
    """Tonnes of all commodities; the row is divided by the limit where there is one."""
    limit = data.depots[key[0]].outturn or 0.0
    return limit * data.avail("depots", key[0], key[1]) * data.years_per_period or 1.0


def signed_then(_: Data, key: Index, decided: Decisions) -> bool:
    """Whether the agreement starts then."""
    return decided["sign", key]


def built_then(_: Data, key: Index, decided: Decisions) -> bool:
    """Whether the project is begun then."""
    return decided["build", key]


def opened(_: Data, key: Index, decided: Decisions) -> bool:
    """Whether the depot is open."""
    return decided.get(("open", key[:1]), True)


def signed(data: Data, key: Index, decided: Decisions) -> bool:
    """Whether the agreement is signed at all."""
    return any(decided["sign", (key[0], start)] for start in data.agreements[key[0]].starts)


def there(data: Data, key: Index, decided: Decisions) -> bool:
    """Whether the project is built or exists."""
    project = data.projects[key[0]]
    built = any(decided.get(("build", (key[0], start)), False) for start in project.starts)
    return built or at(project.existing_capacity, data.period(key[1])) > 0
