"""What commerce supplies to US consumers, by shipping country and by the country that refined it (via)."""

from __future__ import annotations

from tables import Assumptions, Ledger, Rows, Table, number, read, series, words


def _domestic(a: Assumptions) -> dict[str, list[float]]:
    """Domestic supply without the plan, t/yr; the last year tabled holds to the end of the horizon."""
    found = {}
    for row in read("domestic_supply"):
        tabled = [number(row[f"y{year}"]) for year in range(2027, 2032)]
        found[row["commodity"]] = [tabled[min(t, len(tabled) - 1)] for t in range(a.periods)]
    return found


def _shifted(rows: Table, country: str, factor: float) -> Table:
    """``rows`` of one commodity with the share of ``country`` times ``factor``, at most 1; the others keep
    their proportions."""
    share = {row["country"]: number(row["share"]) for row in rows}
    if country not in share or factor == 1 or share[country] == 1:
        return rows
    after = min(1.0, share[country] * factor)
    rest = (1 - after) / (1 - share[country])
    share = {key: after if key == country else value * rest for key, value in share.items()}
    return [row | {"share": str(share[row["country"]])} for row in rows if share[row["country"]] > 0]


def _rerouted(via: Table, factor: float) -> Table:
    """``via`` with the shares that pass through China times ``factor``, as far as there is something to
    ship."""
    found = []
    for row in via:
        share = number(row["share"])
        if "CHN" in words(row["via"]):
            same = [r for r in via if (r["commodity"], r["country"]) == (row["commodity"], row["country"])]
            room = 1 - sum(number(r["share"]) for r in same) + share
            share = min(room, share * factor)
        found.append(row | {"share": str(share)})
    return found


def _routes(key: str, country: str, via: Table) -> list[tuple[list[str], float]]:
    """(countries passed through, share) of what ``country`` ships; what is not tabled is its own."""
    routes = [
        (words(r["via"]), number(r["share"]))
        for r in via
        if r["commodity"] == key and r["country"] == country
    ]
    own = 1 - sum(share for _, share in routes)
    if own < -1e-9:
        raise ValueError(f"via_shares.csv, {key} from {country}: shares sum to {1 - own}")
    return routes + ([([], own)] if own > 1e-9 else [])


def build(a: Assumptions, totals: dict[str, list[float]], ledger: Ledger) -> Rows:
    """Rows of ``market``.

    Domestic supply first, never more than demand; imports = market_cover x demand - domestic, split by
    import share and by refining country. Commerce thus covers demand in every calm year.
    """
    shift = a["china_share_factor"]
    domestic, imports = _domestic(a), read("import_shares")
    via = read("via_shares") if shift == 1 else _rerouted(read("via_shares"), shift)
    rows: Rows = []
    for key, path in totals.items():
        sources = [row for row in imports if row["commodity"] == key]
        if abs(sum(number(row["share"]) for row in sources) - 1) > 1e-9:
            raise ValueError(f"import_shares.csv, {key}: shares do not sum to 1")
        sources = _shifted(sources, "CHN", shift)
        own = [min(d, q) for d, q in zip(domestic.get(key, [0.0] * a.periods), path, strict=True)]
        foreign = [q * a["market_cover"] - d for q, d in zip(path, own, strict=True)]
        parts = [("USA", 1.0, own)] if max(own) > 0 else []
        parts += [(row["country"], number(row["share"]), foreign) for row in sources]
        for country, share, supply in parts:
            for through, part in _routes(key, country, via):
                quantity = series([q * share * part for q in supply])
                rows.append({"commodity": key, "country": country, "via": through, "quantity": quantity})
        for row in sources:
            ledger.note(
                "market",
                f"{key} from {row['country']}",
                "quantity",
                row,
                f"(market_cover x demand - domestic) x {row['share']}",
            )
        for row in via:
            if row["commodity"] == key:
                ledger.note(
                    "market",
                    f"{key} from {row['country']}",
                    f"via {row['via']}",
                    row,
                    f"share {row['share']}",
                )
    for row in read("domestic_supply"):
        if row["commodity"] in totals:
            ledger.note(
                "market",
                f"{row['commodity']} from USA",
                "quantity",
                row,
                "tabled to 2031, then level; at most demand",
            )
    return rows


def share_through(market: Rows, key: str, country: str, period: int = 0) -> float:
    """Share of a commodity's supply that comes from ``country`` or passes through it."""

    def at(quantity: float | list[float]) -> float:
        return quantity[period] if isinstance(quantity, list) else quantity

    rows = [row for row in market if row["commodity"] == key]
    hit = sum(at(row["quantity"]) for row in rows if country == row["country"] or country in row["via"])
    return hit / sum(at(row["quantity"]) for row in rows)
