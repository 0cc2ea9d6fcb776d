"""US demand by commodity and segment, and what consumers hold themselves."""

from __future__ import annotations

from tables import Assumptions, Ledger, Options, Rows, number, optional, read, rounded, series

SEGMENTS = ("defense", "essential", "general")


def magnet_schedule(a: Assumptions) -> tuple[float, list[float]]:
    """Magnets made in the US without the plan, t/yr: in 2025, and in each year of the horizon."""
    table = {int(row["year"]): number(row["quantity"]) for row in read("us_magnets")}
    return table[2025], [table[year] for year in a.calendar()]


def quantities(a: Assumptions, options: Options) -> dict[str, list[float]]:
    """US demand, t/yr, for each commodity that someone consumes.

    demand[t] = quantity x (1 + growth)^(t - base year). Oxides for US-made magnets are added, magnets
    made in the US are taken off imported magnets: each tonne of the magnet chain is counted once, at the
    form its user buys.
    """
    before, made = magnet_schedule(a)
    use = {row["commodity"]: row for row in read("magnet_use")}
    found: dict[str, list[float]] = {}
    for row in read("us_demand"):
        key = row["commodity"]
        if key == "copper" and not options.with_copper:
            continue
        base, growth = int(row["base_year"]), number(row["growth"])
        path = [number(row["quantity"]) * (1 + growth) ** (year - base) for year in a.calendar()]
        if key == "ndfeb_magnet":
            path = [total - domestic for total, domestic in zip(path, made, strict=True)]
        if key in use:
            above = before if use[key]["above_2025"] == "1" else 0.0
            per_t = number(use[key]["t_per_t_magnet"])
            path = [q + per_t * max(0.0, domestic - above) for q, domestic in zip(path, made, strict=True)]
        found[key] = path
    return found


def shares() -> dict[str, dict[str, float]]:
    """Share of each segment in the demand of each commodity; the shares of a commodity sum to 1."""
    found = {}
    for row in read("segment_shares"):
        split = {segment: number(row[segment]) for segment in SEGMENTS}
        if abs(sum(split.values()) - 1) > 1e-9:
            raise ValueError(f"segment_shares.csv, {row['commodity']}: shares sum to {sum(split.values())}")
        found[row["commodity"]] = split
    return found


def build(
    totals: dict[str, list[float]], tiers: dict[str, dict[str, list[tuple[float, float]]]], ledger: Ledger
) -> Rows:
    """Rows of ``demand``; ``tiers[commodity][segment]`` are (share, USD per t) pairs."""
    split = shares()
    facts = {row["commodity"]: row for row in read("us_demand")}
    segments = {row["commodity"]: row for row in read("segment_shares")}
    rows: Rows = []
    for key, path in totals.items():
        for segment in SEGMENTS:
            rows.append(
                {
                    "id": f"{key}:{segment}",
                    "commodity": key,
                    "segment": segment,
                    "quantity": series([q * split[key][segment] for q in path]),
                    "shortage_cost": [{"share": s, "cost": rounded(c)} for s, c in tiers[key][segment]],
                }
            )
        fact = facts[key]
        ledger.note(
            "demand",
            f"{key}:*",
            "quantity",
            fact,
            f"{fact['quantity']} t in {fact['base_year']} x (1 + {fact['growth']})^years; {fact['note']}",
        )
        ledger.note("demand", f"{key}:*", "segment", segments[key], "share of the total by segment")
    return rows


def private_stock(a: Assumptions, totals: dict[str, list[float]], ledger: Ledger) -> Rows:
    """Rows of ``private_stock``: published tonnes, else days of the first year's demand."""
    rows: Rows = []
    for row in read("private_stock"):
        if row["commodity"] not in totals:
            continue
        published, days = optional(row["quantity"]), optional(row["days"])
        if published is None and days is None:
            raise ValueError(f"private_stock.csv, {row['commodity']}: neither quantity nor days")
        quantity = published if published is not None else (days or 0.0) / 365 * totals[row["commodity"]][0]
        rows.append({"commodity": row["commodity"], "quantity": rounded(quantity)})
        ledger.note(
            "private_stock",
            row["commodity"],
            "quantity",
            row,
            "published tonnes" if published is not None else f"{row['days']} days of demand in {a.start}",
        )
    return rows
