"""Relaxations as sentences a planner can act on."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from optimizer.data import Data
from optimizer.explain.rules import Rule
from optimizer.summary.words import count, figures, percent, tonnes, usd
from optimizer.summary.words import year as in_year
from optimizer.tree import UNDISTURBED

MOST_SCENARIOS = 3
MOST_YEARS = 4


def sentence(rule: Rule, share: float, amount: float, when: str) -> str:
    """What a rule asks for, what can be had, and the difference."""
    said = quantity(amount, rule.unit)
    less, more = f"{said} less than asked for", f"{said} more than allowed"
    left = max(0.0, 1 - share)
    match rule.kind:
        case "cover":
            says = f"{figures(rule.level * left)} days can be held{when}, {less}"
        case "service":
            says = f"{percent(rule.level * left, 3)} can be served{when}, {less}"
        case "service_industry":
            says = f"{percent(rule.level * left, 3)} of its output can be kept{when}, {less}"
        case "concentration":
            says = f"an index of {figures(rule.level + amount, 3)} cannot be avoided{when}"
        case "chance":
            kept = percent(round(max(0.0, rule.level - amount), 8), 3)
            says = f"a probability of {kept} can be reached, {figures(100 * amount)} points less"
        case "share":
            says = f"{said} more than allowed must come from there{when}"
        case "allocation_min":
            says = f"{usd(max(0.0, rule.level - amount))} USD can be spent, {less}"
        case "allocation_max":
            says = f"{usd(rule.level + amount)} USD must be spent, {more}"
        case "allocation_min_share":
            says = f"{said} less can be spent than asked for"
        case "allocation_max_share":
            says = f"{said} more must be spent than allowed"
        case "exposure":
            says = f"{more} cannot be avoided"
        case "cvar_limit" | "expected_loss_limit":
            says = f"{usd(rule.level + amount)} USD cannot be avoided, {more}"
        case "emissions_limit":
            says = f"{figures(rule.level + amount)} tCO2e cannot be avoided, {more}"
        case "choose_min":
            says = f"{figures(max(0.0, rule.level - amount))} can be chosen, {said} less than asked for"
        case "choose_max":
            says = f"{figures(rule.level + amount)} must be chosen, {said} more than allowed"
        case "envelope":
            says = f"{usd(rule.level + amount)} USD must be drawn{when}, {more}"
        case "source":
            says = f"{usd(rule.level + amount)} USD must be drawn{when}, {said} more than it gives"
        case "availability":
            says = f"{usd(rule.level + amount)} USD must be drawn then, {said} more than it gives"
        case _:
            says = f"{said} more is needed{when}"
    return f"{rule.name[0].upper()}{rule.name[1:]}: {says}."


def quantity(amount: float, unit: str) -> str:
    """An amount with its unit."""
    if unit == "t":
        return tonnes(amount)
    if unit == "members":
        return figures(amount)
    return f"{usd(amount) if unit.startswith('USD') else figures(amount)} {unit}"


def when(data: Data, rule: Rule, nodes: Sequence[int]) -> str:
    """In which years, and where not in the undisturbed course, in which scenarios."""
    if not nodes:
        return ""
    by = "by" if rule.family == "money" else "in"
    if rule.kind in ("share", "concentration"):
        return f" along {course(data, nodes[:1])}"
    trunk = [n for n in nodes if n < data.periods]
    if trunk:
        return years(data, trunk, by)
    return f"{years(data, nodes[:1], by)} in {course(data, nodes[:1])}"


def years(data: Data, nodes: Collection[int], by: str = "in") -> str:
    """In 2027, 2028 and 2029."""
    first, step = data.instance.horizon.start_year, data.years_per_period
    found = [in_year(first + t * step) for t in sorted({data.period(n) for n in nodes})]
    if by == "by":
        found = found[-1:]
    periods = {data.period(n) for n in nodes}
    if len(found) > 2 and len(periods) == max(periods) - min(periods) + 1:
        return f" {by} {found[0]} to {found[-1]}"
    if len(found) > MOST_YEARS:
        return f" {by} {count(len(found), 'year')} from {found[0]} to {found[-1]}"
    return f" {by} {listed(found)}" if found else ""


def course(data: Data, nodes: Sequence[int]) -> str:
    """The scenarios through a node."""
    through = sorted({s for n in nodes for s in data.tree.scenarios().get(n, ())})
    if not through or UNDISTURBED in through:
        return "the undisturbed course"
    if len(through) > MOST_SCENARIOS:
        return f"{count(len(through), 'scenario')} ({', '.join(through[:MOST_SCENARIOS])} …)"
    return f"scenario{'s' if len(through) > 1 else ''} {listed(through)}"


def listed(items: Sequence[str], most: int = 6) -> str:
    """As in: a, b and c."""
    shown = list(items[:most]) + ([f"{len(items) - most} more"] if len(items) > most else [])
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)
