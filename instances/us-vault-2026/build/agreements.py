"""Purchase agreements on offer: fixed-price and index contracts with floors and ceilings, and options."""

from __future__ import annotations

from typing import Any

from commodities import price_path
from tables import Assumptions, Ledger, Record, Rows, number, optional, read, rounded, words, years


def _price(row: Record, path: list[float], long_run: float) -> dict[str, Any]:
    """The price clause. A ceiling is tied to the dearest calm year: it works in a crisis, never before."""
    if row["kind"] == "fixed":
        return {"kind": "fixed", "value": rounded(number(row["fixed_x"]) * long_run)}
    clause: dict[str, Any] = {"kind": "index", "premium": number(row["premium"])}
    floor, ceiling = optional(row["floor_usd"]), optional(row["ceiling_x"])
    if floor is not None:
        clause["floor"] = rounded(floor)
    if ceiling is not None:
        clause["ceiling"] = rounded(ceiling * max(path))
    return clause


def build(a: Assumptions, levels: dict[str, tuple[float, float]], ledger: Ledger) -> Rows:
    """Rows of ``agreements``; prepayment is a multiple of the long-run price per t/yr contracted."""
    rows: Rows = []
    for row in read("agreements"):
        start, long_run = levels[row["commodity"]]
        path = price_path(start, long_run, a)
        rows.append(
            {
                "id": row["id"],
                "supplier": row["supplier"],
                "country": row["country"],
                "via": words(row["via"]),
                "commodity": row["commodity"],
                "starts": years(row["starts"]),
                "term_years": number(row["term_years"]),
                "volume": {end: rounded(number(row[end]) * a["access_factor"]) for end in ("min", "max")},
                "ramp": [float(part) for part in words(row["ramp"])],
                "take_or_pay": number(row["take_or_pay"]),
                "price": _price(row, path, long_run),
                "signing_cost": number(row["signing_musd"]) * 1e6,
                "prepayment": rounded(number(row["prepayment_x"]) * long_run),
                "additional": min(1.0, rounded(number(row["additional"]) * a["additional_factor"])),
                "requires": words(row["requires"]),
            }
        )
        ledger.note(
            "agreements",
            row["id"],
            "all terms",
            row,
            f"fixed = {row['fixed_x'] or '-'} x long-run price; "
            f"ceiling = {row['ceiling_x'] or '-'} x dearest calm price; "
            f"prepayment = {row['prepayment_x']} x long-run price; {row['note']}",
        )
    return rows
