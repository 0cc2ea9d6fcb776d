"""An instance at a glance."""

from __future__ import annotations

from dataclasses import dataclass

from api.web.instances.sheets import note
from models.instance import Instance
from models.tables.grid import Grid
from models.tables.layout import SCALARS
from optimizer.summary.words import count, figures, percent, usd, year


@dataclass(frozen=True)
class Listed:
    """A table in the list of all: its name, rows, and what it holds."""

    name: str
    rows: int
    note: str


def cards(instance: Instance) -> list[tuple[str, str, str]]:
    """Label, figure, note."""
    horizon = instance.horizon
    end = horizon.start_year + horizon.periods * horizon.period_years
    last = end - 1 if horizon.period_years >= 1 else end
    span = f"{horizon.start_year}–{year(last)}" if last > horizon.start_year else str(horizon.start_year)
    step = "" if horizon.period_years == 1 else f" of {count_of_years(horizon.period_years)}"
    materials = len({c.material for c in instance.commodities})
    options = len(instance.agreements) + len(instance.projects) + len(instance.spot)
    left = max(0.0, 1 - sum(s.probability for s in instance.scenarios))
    depots = count(len(instance.depots), "depot")
    return [
        ("Years", span, f"{count(horizon.periods, 'period')}{step}"),
        ("Money", *_money(instance)),
        (
            "Commodities",
            f"{len(instance.commodities):,}",
            f"of {count(materials, 'material')}, {count(len(instance.demand), 'demand row')}",
        ),
        (
            "Options",
            f"{options:,}",
            f"{count(len(instance.agreements), 'agreement')}, {count(len(instance.projects), 'project')},"
            f" {count(len(instance.spot), 'spot offer')}; {depots}",
        ),
        ("Countries", f"{len(instance.countries):,}", _groups(instance)),
        (
            "Scenarios",
            f"{len(instance.scenarios):,}",
            f"nothing happens with {percent(left)}" if instance.scenarios else "nothing ever happens",
        ),
    ]  # fmt: skip


def count_of_years(years: float) -> str:
    """``2 years``, ``0.5 years``."""
    return f"{figures(years)} {'year' if years == 1 else 'years'}"


def _money(instance: Instance) -> tuple[str, str]:
    budget = instance.budget
    if budget is None:
        return "not limited", "no budget is given"
    sources = count(len(budget.sources), "source") if budget.sources else "one appropriation"
    if budget.envelope is not None:
        return f"{usd(budget.envelope)} USD", f"envelope; {sources}"
    amounts = [source.amount for source in budget.sources or ()]
    if amounts and None not in amounts:
        return f"{usd(sum(a for a in amounts if a is not None))} USD", sources
    if budget.sources:
        return "not capped", sources
    return f"{usd(budget.opening_cash)} USD", "opening cash only"


def _groups(instance: Instance) -> str:
    groups: dict[str, int] = {}
    for country in instance.countries:
        groups[country.group] = groups.get(country.group, 0) + 1
    return ", ".join(f"{number} {group}" for group, number in groups.items())


def listed(grids: dict[str, Grid]) -> list[Listed]:
    """All tables that have rows, that of single fields first."""
    return [
        Listed(name, len(grid.rows), note(name))
        for name, grid in grids.items()
        if grid.rows or name == SCALARS
    ]
