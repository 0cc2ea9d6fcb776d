"""Budget, reserve and rules: sources of money, depots, opening stock, substitutions, limits of risk."""

from __future__ import annotations

from typing import Any

from tables import Assumptions, Ledger, Options, Record, Rows, number, read, words

DEPOT = "vault"


def _tranches(row: Record, a: Assumptions) -> list[float]:
    """USD a source makes available in each year; years not tabled bring nothing new."""
    tabled = [float(part) * 1e6 for part in words(row["available_musd"])]
    return tabled + [0.0] * (a.periods - len(tabled))


def budget(a: Assumptions, ledger: Ledger) -> dict[str, Any]:
    """The budget: envelope and sources, USD."""
    table = {row["source_id"]: row for row in read("budget")}
    sources = []
    for key, row in table.items():
        ledger.note("budget", key, "amount, rate, fee, available", row, row["note"] or "table value")
        if row["kind"]:
            sources.append(
                {
                    "id": key,
                    "kind": row["kind"],
                    "amount": number(row["amount_musd"]) * 1e6 * a["budget_factor"],
                    "available": [usd * a["budget_factor"] for usd in _tranches(row, a)],
                    "rate": number(row["rate"]),
                    "fee": number(row["fee"]),
                }
            )
    envelope = number(table["envelope"]["amount_musd"]) * 1e6 * a["budget_factor"]
    return {"envelope": envelope, "sources": sources}


def depots(a: Assumptions, ledger: Ledger) -> Rows:
    """One network of leased warehouses: space is paid by the m3 and year (storage_cost), not built."""
    ledger.note("depots", DEPOT, "handling_cost", "assumptions.csv", "handling_cost", quality="assumed")
    return [{"id": DEPOT, "country": "USA", "handling_cost": a["handling_cost"]}]


def opening_stock(ledger: Ledger) -> Rows:
    """What the government holds at the start, t."""
    rows: Rows = []
    for row in read("opening_stock"):
        rows.append({"commodity": row["commodity"], "depot": DEPOT, "quantity": number(row["quantity"])})
        ledger.note("opening_stock", row["commodity"], "quantity", row, row["note"] or "table value")
    return rows


def substitutions(ledger: Ledger) -> Rows:
    """What consumers can use instead."""
    rows: Rows = []
    for row in read("substitutions"):
        numbers = {name: number(row[name]) for name in ("ratio", "max_share", "cost")}
        rows.append({"id": row["id"], "demand": row["demand"], "commodity": row["commodity"]} | numbers)
        ledger.note("substitutions", row["id"], "ratio, max_share, cost", row, row["note"] or "table values")
    return rows


def allocations(a: Assumptions, ledger: Ledger) -> Rows:
    """Limits on planned spend."""
    ledger.note(
        "allocations",
        "projects",
        "max",
        "P.L. 119-21, supply-chain investments 5 bn USD",
        "project_cap_musd",
        quality="sourced",
    )
    return [
        {"id": "projects_at_most", "where": {"categories": ["project"]}, "max": a["project_cap_musd"] * 1e6}
    ]


def _copper_cover(a: Assumptions, ledger: Ledger) -> dict[str, Any]:
    """Cover of all copper use: no scenario cuts copper, so only a target makes anyone hold it."""
    ledger.note(
        "risk.cover",
        "copper",
        "days",
        "stockpile_facts.csv: Project Vault target cover 60 days",
        "copper_cover_days of all use",
        quality="sourced",
    )
    start = int(a["defense_cover_from"]) - a.start
    return {"commodity": "copper", "days": a["copper_cover_days"], "from_period": start, "rebuild_periods": 2}


def risk(a: Assumptions, options: Options, ledger: Ledger) -> dict[str, Any]:
    """Shares and cover. Cover binds where a commodity is calm, so it can always be met by buying ahead."""
    cover: list[dict[str, Any]] = []
    for row in read("defense_cover"):
        cover.append(
            {
                "commodity": row["commodity"],
                "segments": ["defense"],
                "days": a["defense_cover_days"],
                "from_period": int(a["defense_cover_from"]) - a.start,
                "rebuild_periods": int(a["defense_cover_rebuild"]),
            }
        )
        ledger.note(
            "risk.cover",
            row["commodity"],
            "days",
            row,
            "defense_cover_days of defense use",
            quality="assumed",
        )
    if options.with_copper:
        cover.append(_copper_cover(a, ledger))
    ledger.note(
        "risk.shares", "adversary", "max_share", "assumptions.csv", "adversary_max_share", quality="assumed"
    )
    return {"shares": [{"groups": ["adversary"], "max_share": a["adversary_max_share"]}], "cover": cover}


def countries(ledger: Ledger) -> Rows:
    """Countries with their group and governance risk (not the risk of an export ban: that is in the
    scenarios)."""
    scores = {row["iso3"]: row for row in read("country_risk")}
    rows: Rows = []
    for row in read("countries"):
        score = scores[row["id"]]
        rows.append(
            {"id": row["id"], "name": row["name"], "group": row["group"], "risk": number(score["risk"])}
        )
        ledger.note("countries", row["id"], "group", row, "table value")
        ledger.note("countries", row["id"], "risk", score, "(2.5 - mean of three WGI estimates) / 5")
    return rows


def objective(a: Assumptions, ledger: Ledger) -> dict[str, float]:
    """Weights of the objective."""
    ledger.note(
        "objective", "-", "cvar_weight, cvar_alpha", "assumptions.csv", "table values", quality="assumed"
    )
    return {
        "cost_weight": 1.0,
        "loss_weight": 1.0,
        "cvar_weight": a["cvar_weight"],
        "cvar_alpha": a["cvar_alpha"],
    }
