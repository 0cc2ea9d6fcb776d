"""What the agency may buy at short notice, in three tiers that carry its own price impact."""

from __future__ import annotations

from tables import Assumptions, Ledger, Options, Rows, number, read, rounded, words


def depth(a: Assumptions, base: float, captive: float, demand: list[float] | None) -> float:
    """Tonnes a year on offer: 15 % of the free output, at most a quarter of first-year US demand."""
    free = base * (1 - captive) * a["spot_depth_share"]
    return free if demand is None else min(free, demand[0] * a["spot_cap_share"])


def premiums(
    a: Assumptions, tonnes: float, base: float, captive: float, elasticity_sum: float
) -> list[float]:
    """Premium of each tier over the reference price.

    Buying a share x of the free output lifts the price by x / (supply + demand elasticity); the tonnes
    bought before pay it too, so a tier costs the marginal 2 x / (e_s + e_d) at its middle, plus the
    trader's margin.
    """
    found, bought = [], 0.0
    for tier in (1, 2, 3):
        width = a[f"spot_tier_{tier}"] * tonnes / (base * (1 - captive))
        found.append(a["spot_margin"] + 2 * (bought + width / 2) / elasticity_sum)
        bought += width
    return found


def build(a: Assumptions, options: Options, totals: dict[str, list[float]], ledger: Ledger) -> Rows:
    """Rows of ``spot``."""
    rows: Rows = []
    for row in read("spot_offers"):
        key = row["commodity"]
        if key == "copper" and not options.with_copper:
            continue
        base, captive = number(row["base_t"]), number(row["captive"])
        tonnes = depth(a, base, captive, totals.get(key))
        steps = premiums(a, tonnes, base, captive, number(row["elasticity_sum"]))
        name = f"spot_{key}_{row['country']}"
        rows.append(
            {
                "id": name,
                "commodity": key,
                "country": row["country"],
                "via": words(row["via"]),
                "tiers": [
                    {"quantity": rounded(a[f"spot_tier_{i}"] * tonnes, 4), "premium": rounded(step, 3)}
                    for i, step in enumerate(steps, start=1)
                ],
                "additional": number(row["additional"]),
            }
        )
        ledger.note(
            "spot",
            name,
            "tiers",
            row,
            f"{a['spot_depth_share']:g} x {base:,.0f} t x (1 - {captive:g}), at most a quarter of US demand; "
            f"premium = margin + 2 x / {row['elasticity_sum']}",
        )
        ledger.note("spot", name, "additional", row, "table value", quality="assumed")
    return rows


def reach(a: Assumptions, options: Options, totals: dict[str, list[float]]) -> dict[str, list[float]]:
    """Yearly use by which sales are limited: demand, or the spot depth of forms nobody but a plant
    consumes."""
    found = {key: list(path) for key, path in totals.items()}
    for row in read("spot_offers"):
        key = row["commodity"]
        if key not in totals and (key != "copper" or options.with_copper):
            tonnes = depth(a, number(row["base_t"]), number(row["captive"]), None)
            found[key] = [
                sum(pair)
                for pair in zip(found.get(key, [0.0] * a.periods), [tonnes] * a.periods, strict=True)
            ]
    return found
