"""Commodities: one per material and stage, with its price path and what storing it costs."""

from __future__ import annotations

from statistics import median

from tables import Assumptions, Ledger, Options, Record, Rows, Table, number, read, rounded, series, words

MAGNETS = ("ndfeb_magnet", "smco_magnet")
POWDERS = ("lithium_carbonate", "graphite_anode")


def chosen(options: Options) -> Table:
    """The commodities of this variant: copper only on request."""
    return [row for row in read("commodities") if row["id"] != "copper" or options.with_copper]


def _median_real(basis: Record, prices: Table, deflator: dict[str, float]) -> float:
    """Median of the annual prices, in USD/t of the base year (nominal price x CPI of 2026 / CPI of its
    year)."""
    materials, forms = words(basis["price_material"]), words(basis["price_forms"])
    by_year: dict[str, float] = {}
    for row in prices:
        if row["frequency"] == "annual" and row["material"] in materials and row["form"] in forms:
            by_year.setdefault(
                row["period"], number(row["price"]) * deflator["2026"] / deflator[row["period"]]
            )
    if len(by_year) < 5:
        raise ValueError(f"{basis['commodity']}: only {len(by_year)} annual prices in prices.csv")
    return median(by_year.values()) * number(basis["to_usd_per_t"]) * number(basis["lr_factor"])


def prices(options: Options) -> dict[str, tuple[float, float]]:
    """Start price of 2026 and long-run price of each commodity, USD/t of 2026.

    The long-run price is the median of the real annual prices since 2017, never above the start price:
    the plan must not live on rising prices.
    """
    table, history = read("price_basis"), read("prices")
    deflator = {row["year"]: number(row["cpi_u"]) for row in read("deflator")}
    found: dict[str, tuple[float, float]] = {}
    for row in sorted(table, key=lambda r: r["method"] == "factor"):
        if row["method"] == "median":
            start = number(row["start_price"])
            found[row["commodity"]] = start, min(start, _median_real(row, history, deflator))
        elif row["method"] == "direct":
            found[row["commodity"]] = number(row["start_price"]), number(row["long_run_price"])
        else:
            start, long_run = found[row["basis_commodity"]]
            factor = number(row["basis_factor"])
            found[row["commodity"]] = start * factor, long_run * factor
    if options.flat_prices:
        return {key: (start, start) for key, (start, _) in found.items()}
    return found


def price_path(start: float, long_run: float, a: Assumptions) -> list[float]:
    """From the start price (2026) in a straight line to the long-run price after ``price_fall_years``,
    then flat."""
    fall = a["price_fall_years"]
    left = [max(0.0, 1 - (year - a["price_base_year"]) / fall) for year in a.calendar()]
    return [long_run + (start - long_run) * share for share in left]


def build(a: Assumptions, options: Options, use: dict[str, list[float]], ledger: Ledger) -> Rows:
    """Rows of ``commodities``; ``use`` is the yearly US demand, t/yr (free output of intermediate forms)."""
    levels = prices(options)
    bases = {row["commodity"]: row for row in read("price_basis")}
    rows: Rows = []
    for row in chosen(options):
        key = row["id"]
        start, long_run = levels[key]
        stowage = number(row["stowage"])
        loss = a["loss_rate_magnet"] if key in MAGNETS else a["loss_rate_default"]
        loss = a["loss_rate_powder"] if key in POWDERS else loss
        rows.append(
            {
                "id": key,
                "name": row["name"],
                "material": row["material"],
                "stage": row["stage"],
                "price": series(price_path(start, long_run, a)),
                "storage_cost": rounded(a["storage_rent"] * stowage + a["storage_insurance"] * long_run),
                "loss_rate": loss,
                "stowage": stowage,
                "sale_limit": series([q * a["sale_limit_share"] for q in use[key]]),
                "sale_factor": a["sale_factor"],
                "release_factor": a["release_factor"],
                "terminal_factor": a["terminal_factor"],
                "disposal_cost": a["disposal_cost"],
            }
        )
        ledger.note(
            "commodities",
            key,
            "price",
            bases[key],
            f"straight line from {start:,.0f} USD/t in 2026 to {long_run:,.0f} in 2031 "
            f"({bases[key]['method']}), then flat",
        )
        ledger.note("commodities", key, "stowage", row, "table value, m3/t")
        ledger.note(
            "commodities",
            key,
            "storage_cost",
            "assumptions.csv",
            "storage_rent x stowage + storage_insurance x long-run price",
            quality="assumed",
        )
    ledger.note(
        "commodities",
        "*",
        "sale_limit, sale_factor, release_factor, terminal_factor, disposal_cost, loss_rate",
        "assumptions.csv",
        "sale_limit = sale_limit_share x US demand (free output of forms that only a plant uses); "
        "the others as tabled",
        quality="assumed",
    )
    return rows
