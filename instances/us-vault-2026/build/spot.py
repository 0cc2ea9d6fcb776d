"""What the agency may buy at short notice, in three tiers that carry its own price impact."""

from __future__ import annotations

from tables import Assumptions, Ledger, Options, Rows, number, read, rounded, words


def depth(a: Assumptions, base: float, captive: float, demand: list[float] | None) -> float:
    """Tonnes a year on offer: 15 % of the free output, at most a quarter of first-year US demand."""
    free = base * (1 - captive) * a["spot_depth_share"] * a["access_factor"]
    return free if demand is None else min(free, demand[0] * a["spot_cap_share"] * a["access_factor"])


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
        impact = a["price_impact_factor"] * 2 * (bought + width / 2) / elasticity_sum
        found.append(a["spot_margin"] + impact)
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
                "additional": min(1.0, rounded(number(row["additional"]) * a["additional_factor"])),
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


def reach(options: Options, totals: dict[str, list[float]]) -> dict[str, list[float]]:
    """Yearly tonnes by which sales are limited: US demand; of forms that only a plant uses, free output."""
    found = {key: list(path) for key, path in totals.items()}
    for row in read("spot_offers"):
        key = row["commodity"]
        if key not in totals and (key != "copper" or options.with_copper):
            free = number(row["base_t"]) * (1 - number(row["captive"]))
            found[key] = [free + before for before in found.get(key, [0.0])]
    return found
