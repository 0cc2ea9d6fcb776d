"""Projects the agency may co-fund, and the limits on how many of them."""

from __future__ import annotations

from typing import Any

from commodities import price_path
from tables import (
    Assumptions,
    Ledger,
    Options,
    Record,
    Rows,
    Table,
    number,
    optional,
    read,
    rounded,
    series,
    words,
    years,
)


def _support(row: Record) -> dict[str, Any]:
    """A price floor on the owner's tonnes, with the agency's share of the upside."""
    clause: dict[str, Any] = {
        "commodity": row["support_commodity"],
        "strike": number(row["strike"]),
        "upside_share": number(row["upside_share"]),
    }
    cap = optional(row["upside_cap_musd"])
    return clause if cap is None else clause | {"upside_cap": cap * 1e6}


def unit_price(
    row: Record, cash_cost: float, flows: Table, levels: dict[str, tuple[float, float]], a: Assumptions
) -> list[float]:
    """What the agency pays per t of its share of activity, USD/t by year (the field ``opex``).

    The greater of: cash cost plus a charge on capital the agency uses but did not pay; and the products
    less the inputs at the year's reference price, less the discount that co-funding earns.
    """
    share, paid = number(row["offtake_share"]), number(row["public_share"])
    capital = number(row["capex_per_unit"]) + number(row["capex_fixed_musd"]) * 1e6 / number(row["max"])
    unpaid = max(0.0, 1 - paid / share) if share > 0 else 0.0
    cost = cash_cost + a["capital_charge"] * capital * unpaid
    value = [0.0] * a.periods
    for flow in flows:
        sign = 1 if flow["direction"] == "output" else -1
        path = price_path(*levels[flow["commodity"]], a)
        value = [v + sign * number(flow["t_per_t"]) * p for v, p in zip(value, path, strict=True)]
    return [max(cost, (1 - a["offtake_discount"]) * v) for v in value]


def build(a: Assumptions, options: Options, levels: dict[str, tuple[float, float]], ledger: Ledger) -> Rows:
    """Rows of ``projects``; amounts tabled in million USD become USD."""
    flows = [r for r in read("project_io") if r["commodity"] != "copper" or options.with_copper]
    brought = a["project_output_factor"]
    flows = [r | {"t_per_t": str(rounded(number(r["t_per_t"]) * brought))} for r in flows]
    rows: Rows = []
    for row in read("projects"):
        key = row["id"]
        opex = number(row["opex"]) * brought
        if key == "nori_d" and options.with_copper:
            opex = a["nori_d_opex_with_copper"] * brought
        own = [r for r in flows if r["project"] == key]
        project: dict[str, Any] = {
            "id": key,
            "kind": row["kind"],
            "country": row["country"],
            "via": words(row["via"]),
            "inputs": {r["commodity"]: number(r["t_per_t"]) for r in own if r["direction"] == "input"},
            "outputs": {r["commodity"]: number(r["t_per_t"]) for r in own if r["direction"] == "output"},
            "capacity": {"min": number(row["min"]), "max": number(row["max"])},
            "starts": years(row["starts"]),
            "lead_years": number(row["lead_years"]),
            "ramp": [float(part) for part in words(row["ramp"])],
            "capex_fixed": number(row["capex_fixed_musd"]) * 1e6,
            "capex_per_unit": number(row["capex_per_unit"]),
            "public_share": number(row["public_share"]),
            "offtake_share": number(row["offtake_share"]),
            "opex": series(unit_price(row, opex, own, levels, a)),
            "must_run": row["must_run"] == "true",
        }
        if row["support_commodity"]:
            project["support"] = _support(row)
        rows.append(project)
        ledger.note("projects", key, "all terms", row, row["note"] or "table values; opex and shares assumed")
        ledger.note(
            "projects",
            key,
            "opex",
            row,
            f"greater of {opex:,.0f} USD/t plus capital charge, and (1 - offtake_discount) x "
            "products less inputs at the year's price",
            quality="assumed",
        )
        for flow in own:
            ledger.note(
                "projects",
                key,
                f"{flow['direction']} {flow['commodity']}",
                flow,
                flow["note"] or "t per t of activity",
            )
    return rows


def choices(ledger: Ledger) -> Rows:
    """Rows of ``choices``."""
    rows: Rows = []
    for row in read("choices"):
        rows.append({"id": row["id"], "members": words(row["members"]), "max": int(row["max"])})
        ledger.note("choices", row["id"], "max", row, row["note"])
    return rows
