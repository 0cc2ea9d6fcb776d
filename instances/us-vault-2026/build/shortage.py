r"""Shortage costs: tiers from a demand curve that ends at the value of the output that stops.

The marginal value of a tonne missing at a cut x is the price at which consumers would give it up,

.. math:: v(x) = \min(P (1 - x)^{-1/e},\; V)

with P the long-run price (USD/t), e the short-run price elasticity of demand and V the value added that
stops per tonne, less what is recovered later. A tier over cuts a...b costs the mean of v(x) - P over
a...b.

V is calibrated where a published loss exists: the closure of one country for one year, met by nobody,
costs the consumers the published amount. Closure cost: the shortage (demand less what is left of supply
in the first year) is taken from the cheapest tiers of all segments upwards. Where the published loss
belongs to an older market, the share closed then is tabled (closure_share); where a closure touches the
lower tiers only, V has no weight and is a multiple of the price.
"""

from __future__ import annotations

from dataclasses import dataclass

from demand import SEGMENTS, shares
from market import share_through
from tables import Assumptions, Ledger, Options, Record, Rows, number, optional, read

Tiers = list[tuple[float, float]]


@dataclass(frozen=True)
class Curve:
    """One commodity: long-run price (USD/t), elasticity by segment, tonnes by segment, tonnes missing at
    closure."""

    price: float
    elasticity: dict[str, float]
    quantity: dict[str, float]
    missing: float


def tier_cost(price: float, elasticity: float, value: float, a: float, b: float) -> float:
    """Mean of min(P (1-x)^(-1/e), V) - P over cuts a...b, USD/t (closed form)."""
    k = 1 / elasticity
    turn = min(max(1 - (price / value) ** elasticity, a), b)
    rising = price * ((1 - turn) ** (1 - k) - (1 - a) ** (1 - k)) / (k - 1) if turn > a else 0.0
    return float((rising + value * (b - turn)) / (b - a) - price)


def tiers(curve: Curve, value: float, widths: list[float]) -> dict[str, Tiers]:
    """(share, USD/t) pairs by segment for the value V."""
    found: dict[str, Tiers] = {}
    for segment in SEGMENTS:
        edge, found[segment] = 0.0, []
        for width in widths:
            cost = tier_cost(curve.price, curve.elasticity[segment], value, edge, edge + width)
            found[segment].append((width, cost))
            edge += width
    return found


def closure_cost(by_segment: dict[str, Tiers], quantity: dict[str, float], missing: float) -> float:
    """USD lost when ``missing`` tonnes are taken from the cheapest tiers of all segments upwards."""
    steps = sorted((cost, share * quantity[s]) for s, pairs in by_segment.items() for share, cost in pairs)
    total = 0.0
    for cost, tonnes in steps:
        taken = min(tonnes, missing)
        total, missing = total + taken * cost, missing - taken
    return total


def calibrate(curve: Curve, target: float, widths: list[float]) -> float:
    """The value V (USD/t) at which the closure costs ``target`` USD, by bisection in the logarithm."""
    low, high = curve.price * 1.0001, curve.price * 1e6

    def cost(value: float) -> float:
        return closure_cost(tiers(curve, value, widths), curve.quantity, curve.missing)

    if not cost(low) < target < cost(high):
        raise ValueError(
            f"closure cost {target:,.0f} USD cannot be reached: {cost(low):,.0f} to {cost(high):,.0f}"
        )
    for _ in range(200):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if cost(middle) < target else (low, middle)
    return float((low * high) ** 0.5)


def _elasticities(key: str, table: dict[str, Record]) -> dict[str, float]:
    row = table.get(key, table["default"])
    return {segment: number(row[segment]) for segment in SEGMENTS}


def build(
    a: Assumptions,
    options: Options,
    totals: dict[str, list[float]],
    market: Rows,
    *,
    levels: dict[str, tuple[float, float]],
    ledger: Ledger,
) -> dict[str, dict[str, Tiers]]:
    """Tiers by commodity and segment, all costs times ``options.shortage_factor``."""
    widths = [a[f"tier_{i}"] for i in (1, 2, 3, 4)]
    elasticity = {row["commodity"]: row for row in read("elasticities")}
    split = shares()
    found = {}
    for row in read("value_at_stake"):
        key = row["commodity"]
        if key not in totals:
            continue
        first, price = totals[key][0], levels[key][1]
        at_study = optional(row["closure_share"])
        closed = share_through(market, key, row["closure_country"]) if at_study is None else at_study
        curve = Curve(
            price=price,
            elasticity=_elasticities(key, elasticity),
            quantity={s: first * split[key][s] for s in SEGMENTS},
            missing=max(0.0, first - first * a["market_cover"] * (1 - closed)),
        )
        multiple, target = optional(row["price_multiple"]), optional(row["target_musd"])
        if multiple is not None:
            value, how = multiple * price, f"V = {multiple:g} x long-run price"
        elif target is not None:
            value = calibrate(curve, target * 1e6, widths)
            country = row["closure_country"]
            how = f"V = {value:,.0f} USD/t: closing {country} for a year costs {target:,.0f} M USD"
        else:
            raise ValueError(f"value_at_stake.csv, {key}: neither target nor multiple")
        base = tiers(curve, value, widths)
        found[key] = {s: [(w, c * options.shortage_factor) for w, c in pairs] for s, pairs in base.items()}
        ledger.note(
            "demand",
            f"{key}:*",
            "shortage_cost",
            row,
            f"mean of min(P (1-x)^(-1/e), V) - P per tier; P = {price:,.0f} USD/t; {how}",
        )
    return found
