"""The same instance in other units of mass and money, field by field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from models.instance import Instance
from models.instance.base import Row
from models.instance.shape import FieldShape, shapes

PURE = (0, 0)
USD, TONNES, USD_PER_TONNE, PER_TONNE = (1, 0), (0, 1), (1, -1), (0, -1)
"""Powers of (money, mass). Years, periods, m³, tCO2e, shares and ratios of two masses stay as they are."""

UNITS = {
    "Instance.discount_rate": PURE,
    "Horizon.start_year": PURE,
    "Horizon.periods": PURE,
    "Horizon.period_years": PURE,
    "Country.risk": PURE,
    "Commodity.price": USD_PER_TONNE,
    "Commodity.storage_cost": USD_PER_TONNE,
    "Commodity.loss_rate": PURE,
    "Commodity.stowage": PER_TONNE,
    "Commodity.sale_limit": TONNES,
    "Commodity.sale_factor": PURE,
    "Commodity.release_factor": PURE,
    "Commodity.terminal_factor": PURE,
    "Commodity.disposal_cost": USD_PER_TONNE,
    "PrivateStock.quantity": TONNES,
    "ShortageTier.share": PURE,
    "ShortageTier.cost": USD_PER_TONNE,
    "Demand.quantity": TONNES,
    "LossTier.share": PURE,
    "LossTier.factor": PURE,
    "Industry.output": USD,
    "Industry.needs": TONNES,
    "Market.quantity": TONNES,
    "SpotTier.quantity": TONNES,
    "SpotTier.premium": PURE,
    "Spot.additional": PURE,
    "Spot.emissions": PER_TONNE,
    "FixedPrice.value": USD_PER_TONNE,
    "IndexPrice.premium": PURE,
    "IndexPrice.floor": USD_PER_TONNE,
    "IndexPrice.ceiling": USD_PER_TONNE,
    "Range.min": TONNES,
    "Range.max": TONNES,
    "Agreement.starts": PURE,
    "Agreement.term_years": PURE,
    "Agreement.ramp": PURE,
    "Agreement.take_or_pay": PURE,
    "Agreement.signing_cost": USD,
    "Agreement.prepayment": USD_PER_TONNE,
    "Agreement.additional": PURE,
    "Agreement.emissions": PER_TONNE,
    "Support.strike": USD_PER_TONNE,
    "Support.upside_share": PURE,
    "Support.upside_cap": USD,
    "Project.inputs": PURE,
    "Project.outputs": PURE,
    "Project.existing_capacity": TONNES,
    "Project.starts": PURE,
    "Project.lead_years": PURE,
    "Project.ramp": PURE,
    "Project.capex_fixed": USD,
    "Project.capex_per_unit": USD_PER_TONNE,
    "Project.spend_profile": PURE,
    "Project.public_share": PURE,
    "Project.offtake_share": PURE,
    "Project.opex": USD_PER_TONNE,
    "Project.emissions": PER_TONNE,
    "Choice.min": PURE,
    "Choice.max": PURE,
    "Depot.capacity": PURE,
    "Depot.outturn": TONNES,
    "Depot.opening_cost": USD,
    "Depot.handling_cost": USD_PER_TONNE,
    "OpeningStock.quantity": TONNES,
    "Substitution.ratio": PURE,
    "Substitution.max_share": PURE,
    "Substitution.cost": USD_PER_TONNE,
    "Source.amount": USD,
    "Source.available": USD,
    "Source.rate": PURE,
    "Source.fee": PURE,
    "Budget.envelope": USD,
    "Budget.opening_cash": USD,
    "Allocation.min": USD,
    "Allocation.max": USD,
    "Allocation.min_share": PURE,
    "Allocation.max_share": PURE,
    "ShareRule.max_share": PURE,
    "CoverRule.days": PURE,
    "CoverRule.from_period": PURE,
    "CoverRule.rebuild_periods": PURE,
    "ServiceRule.min_fraction": PURE,
    "ConcentrationRule.hhi": PURE,
    "ChanceRule.min_fraction": PURE,
    "ChanceRule.probability": PURE,
    "Risk.exposure_limit": PURE,
    "Risk.cvar_limit": USD,
    "Risk.expected_loss_limit": USD,
    "Risk.emissions_limit": PURE,
    "Scenario.probability": PURE,
    "Event.start": PURE,
    "Event.duration": PURE,
    "Effect.factor": PURE,
    "CountryRegime.tense_rate": PURE,
    "CountryRegime.calm_rate": PURE,
    "CountryRegime.tense_at_start": PURE,
    "CountryRegime.calm_factor": PURE,
    "CountryRegime.tense_factor": PURE,
    "Dated.period": PURE,
    "Dated.probability": PURE,
    "Hazard.rate": PURE,
    "Hazard.after_rate": PURE,
    "Hazard.ending_rate": PURE,
    "Hazard.becomes_probability": PURE,
    "HazardRate.factor": PURE,
    "Level.probability": PURE,
    "Objective.cost_weight": PURE,
    "Objective.loss_weight": PURE,
    "Objective.cvar_weight": PURE,
    "Objective.cvar_alpha": PURE,
}


def numeric(shape: FieldShape) -> bool:
    """Whether a field holds numbers itself, alone or in a list or a map."""
    return bool(
        {shape.kind, shape.item if shape.kind in ("list", "map") else ""} & {"number", "whole", "series"}
    )


def numbers(cls: type[Row], seen: frozenset[type[Row]] = frozenset()) -> Iterator[str]:
    """``Class.field`` of every numeric field of a row type and of what hangs under it."""
    for name, shape in shapes(cls).items():
        if numeric(shape):
            yield f"{cls.__name__}.{name}"
        for inner in shape.rows:
            if inner not in seen:
                yield from numbers(inner, seen | {cls})


def written(row: Row, mass: float, money: float) -> dict[str, Any]:
    """A row as plain data, with ``mass`` new units for a tonne and ``money`` for a US dollar."""
    plain: dict[str, Any] = {}
    for name, shape in shapes(type(row)).items():
        value = getattr(row, name)
        if value is None:
            continue
        if shape.kind == "record":
            plain[name] = written(value, mass, money)
        elif shape.kind == "table":
            plain[name] = [written(inner, mass, money) for inner in value]
        elif numeric(shape) and (powers := UNITS[f"{type(row).__name__}.{name}"]) != PURE:
            plain[name] = _times(value, money ** powers[0] * mass ** powers[1])
        else:
            plain[name] = value
    return plain


def _times(value: Any, factor: float) -> Any:
    if isinstance(value, dict):
        return {key: _times(entry, factor) for key, entry in value.items()}
    if isinstance(value, tuple):
        return [_times(entry, factor) for entry in value]
    return value * factor


def in_units(instance: Instance, mass: float = 1.0, money: float = 1.0) -> Instance:
    """The instance with ``mass`` new units for a tonne and ``money`` new units for a US dollar."""
    return Instance.parse(written(instance, mass, money))


def in_kg(instance: Instance) -> Instance:
    """In kilograms instead of tonnes."""
    return in_units(instance, mass=1000.0)


def in_kusd(instance: Instance) -> Instance:
    """In thousand US dollars instead of US dollars."""
    return in_units(instance, money=0.001)
