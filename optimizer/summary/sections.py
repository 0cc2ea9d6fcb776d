"""The sections of the summary, each from the plan's tables."""

from __future__ import annotations

import pandas as pd

from models.instance import Instance
from models.plan import MarginalValue, Plan, RiskFigures
from optimizer.summary.words import columns, count, few, figures, percent, tonnes, usd, wrap, year
from optimizer.tables.money import ALL

MOST = 40
"""Rows of a section; the rest is in the tables."""
MOST_YEARS = 4
"""Years whose stock is told."""
MOST_VALUES = 12
"""Limits besides money whose marginal value is told."""
CATEGORY = {
    "agreement": "agreements",
    "project": "projects",
    "spot": "spot purchases",
    "storage": "storage and handling",
    "disposal": "disposal",
    "depot": "opening depots",
}


def money(instance: Instance, tables: dict[str, pd.DataFrame]) -> list[str]:
    """Drawn by source against the budget; spent by category and year."""
    lines = []
    funding = tables["funding"].set_index("source")
    if instance.budget is None:
        lines += wrap("The instance does not limit money.")
    else:
        limit = float(funding["amount_usd"][ALL])
        drawn, most = float(funding["expected_drawn_usd"][ALL]), float(funding["largest_drawn_usd"][ALL])
        of = f" of an envelope of {usd(limit)}" if limit > 0 else ""
        share = f" ({percent(drawn / limit)} and {percent(most / limit)})" if limit > 0 else ""
        lines += wrap(
            f"Drawn: {usd(drawn)} USD expected, {usd(most)} on the most expensive path,{of}{share}."
        )
        rows = [
            [
                str(source),
                str(row["kind"]),
                usd(row["amount_usd"]) if pd.notna(row["amount_usd"]) else "no limit",
                usd(row["expected_drawn_usd"]),
                usd(row["largest_drawn_usd"]),
                usd(row["expected_repaid_usd"]),
                usd(row["expected_fees_usd"] + row["expected_interest_usd"]),
            ]
            for source, row in funding.drop(ALL).iterrows()
        ]
        head = ["source", "kind", "available", "expected", "at most", "repaid", "interest and fees"]
        lines += columns(rows, "llrrrrr", head=head)
    total = float(tables["spend"]["usd"].sum())
    lines += ["", *wrap(f"Spent: {usd(total)} USD expected.")]
    by_category = tables["spend"].groupby("category")["usd"].sum().sort_values(ascending=False)
    lines += columns(
        [[CATEGORY[str(c)], usd(v), percent(v / total)] for c, v in by_category.items() if total > 0], "lrr"
    )
    by_material = tables["spend"].groupby("material")["usd"].sum().sort_values(ascending=False)
    top = [f"{m if m != '' else 'none in particular'} {usd(v)}" for m, v in by_material.items() if v > 0]
    lines += wrap(
        "By material: " + ", ".join(top[:12]) + (f" and {len(top) - 12} more" if len(top) > 12 else "")
    )
    by_year = tables["spend"].groupby("year")["usd"].sum()
    lines += wrap(
        "By year: " + ", ".join(f"{year(y)} {usd(v)}" for y, v in zip(by_year.index, by_year, strict=True))
    )
    back = (
        tables["money"][tables["money"]["item"].isin(["sales", "releases", "upside"])]
        .groupby("item")["usd"]
        .sum()
    )
    if len(back):
        lines += wrap("Proceeds: " + ", ".join(f"{item} {usd(v)}" for item, v in back.items()))
    return lines


def signed(instance: Instance, tables: dict[str, pd.DataFrame]) -> list[str]:
    """Agreements: with whom, what, how much, when, for how much."""
    names = {c.id: c.name for c in instance.countries} | {c.id: c.name for c in instance.commodities}
    rows = tables["commitments"][tables["commitments"]["kind"] == "agreement"]
    if rows.empty:
        return wrap(f"No agreement, of {len(instance.agreements):,} on offer.") if instance.agreements else []
    rows = rows.sort_values("expected_usd", ascending=False)
    body = [
        [r["name"], f"{names[r['country']]} ({r['group']})", names[r["commodities"]],
         _quantity(r["quantity"], r["unit"]), f"{year(r['first_year'])}–{year(r['end_year'])}",
         usd(r["expected_usd"])]
        for _, r in rows.iterrows()
    ]  # fmt: skip
    head = ["supplier", "country", "commodity", "volume", "from–until", "USD expected"]
    lines = wrap(f"{len(rows):,} of {count(len(instance.agreements), 'agreement')} on offer.")
    return lines + few(columns(body, "lllrlr", head=head, shrink=(0, 1, 2)), MOST + 1, "tables/commitments")


def funded(instance: Instance, tables: dict[str, pd.DataFrame]) -> list[str]:
    """Projects and depots: what, where, how large, from when, for how much."""
    names = {c.id: c.name for c in instance.countries}
    rows = tables["commitments"][tables["commitments"]["kind"] != "agreement"]
    offered = len([k for k in instance.projects if k.capacity]) + len(
        [d for d in instance.depots if d.optional]
    )
    if rows.empty:
        return wrap(f"Nothing, of {offered:,} projects and depots on offer.") if offered else []
    body = [
        [r["id"], r["name"], names[r["country"]], _quantity(r["quantity"], r["unit"]),
         f"{year(r['year'])}, {year(r['first_year'])}" if r["kind"] == "project" else year(r["year"]),
         usd(r["committed_usd"]), usd(r["expected_usd"])]
        for _, r in rows.sort_values("expected_usd", ascending=False).iterrows()
    ]  # fmt: skip
    head = ["project", "kind", "country", "capacity", "start, runs", "USD committed", "expected"]
    lines = wrap(f"{len(rows):,} of {count(offered, 'project or depot', 'projects and depots')} on offer.")
    return lines + few(columns(body, "lllrlrr", head=head, shrink=(0, 1, 2)), MOST + 1, "tables/commitments")


def _quantity(value: float, unit: str) -> str:
    return f"{tonnes(value)}/year" if unit == "t/year" else f"{tonnes(value)[:-2]} {unit}"


def held(instance: Instance, tables: dict[str, pd.DataFrame]) -> list[str]:
    """Expected stock at the end of some periods, in tonnes and days of use, days when hit, and where."""
    flows = tables["flows"]
    stocked = flows[flows["stock_t"] > 0]
    if stocked.empty:
        return wrap("Nothing is held.")
    years = sorted(flows["year"].unique())
    last = len(years) - 1
    shown = (
        years if last < MOST_YEARS else [years[round(i * last / (MOST_YEARS - 1))] for i in range(MOST_YEARS)]
    )
    stock = tables["stock"].assign(t=lambda s: s["stock_t"] * s["probability"])
    lies_in = sorted(set(stock.loc[stock["t"] > 0, "depot"]))
    in_one = len(lies_in) == 1
    hit = _days_when_hit(tables["scenario_cover"])
    body = []
    for commodity, rows in stocked.groupby("commodity", sort=False):
        by_year = rows.set_index("year")
        cells = [_stock(by_year.loc[y]) if y in by_year.index else "–" for y in shown]
        at_peak = stock[(stock["commodity"] == commodity) & (stock["year"] == by_year["stock_t"].idxmax())]
        depots = at_peak.groupby("depot")["t"].sum().sort_values(ascending=False)
        where = [f"{d} {100 * t / depots.sum():.0f} %" for d, t in depots.head(3).items() if t > 0]
        body.append([str(rows["name"].iloc[0]), *cells, hit.get(str(commodity), ""), ", ".join(where)])
    head = ["commodity", *map(year, shown), "when hit", "where"]
    align = "l" + "r" * len(shown) + "rl"
    if in_one:
        body, head, align = [row[:-1] for row in body], head[:-1], align[:-1]
    lines = wrap(
        "Expected stock at the end of a period and the days of undisturbed use it covers; days of use held"
        " when supply is first hit, mean over the scenarios and least."
        + (f" All of it lies in {lies_in[0]}." if in_one else "")
    )
    table = columns(body, align, head=head, shrink=(0,) if in_one else (0, len(head) - 1))
    return lines + few(table, MOST + 1, "tables/flows") + _targets(tables["cover"])


def _days_when_hit(cover: pd.DataFrame) -> dict[str, str]:
    """By commodity: mean over the scenarios, and least."""
    weighted = cover.assign(weighted=cover["days"] * cover["probability"]).groupby("commodity")
    least, total, sums = weighted["days"].min(), weighted["probability"].sum(), weighted["weighted"].sum()
    return {str(c): f"{sums[c] / total[c]:,.0f}, {least[c]:,.0f} d" for c in least.index if total[c] > 0}


def _stock(row: pd.Series) -> str:
    days = row["stock_days"]
    return tonnes(row["stock_t"]) + (f" {days:,.0f} d" if pd.notna(days) else "")


def _targets(cover: pd.DataFrame) -> list[str]:
    if cover.empty:
        return []
    slack = cover.assign(tight=cover["least_stock_t"] <= cover["target_t"] * (1 + 1e-6) + 1e-9)
    tight = (
        slack[slack["tight"] & (slack["target_t"] > 0)]
        .groupby("commodity", sort=False)["year"]
        .agg(["min", "max"])
    )
    ruled = count(slack["commodity"].nunique(), "commodity", "commodities")
    if tight.empty:
        return wrap(f"Stock targets ({ruled}) are exceeded throughout.")
    spans = [
        f"{c} {year(r['min'])}" + (f"–{year(r['max'])}" if r["max"] > r["min"] else "")
        for c, r in tight.iterrows()
    ]
    return wrap(f"Stock targets ({ruled}) are just met, so they decide the stock, for: " + ", ".join(spans))


def risk(plan: Plan, tables: dict[str, pd.DataFrame]) -> list[str]:
    """Expected loss, CVaR, probability of any shortage by segment, the worst scenarios."""
    found = plan.risk
    if found is None:
        return []
    lines = wrap(
        f"Expected loss {usd(found.expected_loss)} USD; mean of the worst {percent(1 - found.cvar_alpha)}"
        f" (CVaR) {usd(found.cvar)} USD, discounted."
    )
    body = [
        [s.segment, percent(s.probability_of_shortage), usd(s.expected_shortage)]
        for s in sorted(found.segments, key=lambda s: -s.expected_shortage)
    ]
    lines += columns(body, "lrr", head=["segment", "probability of any shortage", "expected loss, USD"])
    lines += _path_rules(found)
    worst = tables["scenarios"][tables["scenarios"]["loss_usd"] > 0].head(5)
    if worst.empty:
        return lines + wrap("No scenario leaves a shortage.")
    short = tables["scenario_shortages"].sort_values("loss_usd", ascending=False)
    body = []
    for _, row in worst.iterrows():
        mine = short[short["scenario"] == row["scenario"]].head(3)
        what = [
            f"{r['id']} {tonnes(r['short_t'])}" if r["kind"] == "demand" else f"{r['id']} cut"
            for _, r in mine.iterrows()
        ]
        body.append([row["scenario"], percent(row["probability"]), usd(row["loss_usd"]), ", ".join(what)])
    head = ["worst scenarios", "probability", "loss, USD", "short of"]
    return [*lines, "", *columns(body, "lrrl", head=head, shrink=(0, 3))]


def _path_rules(found: RiskFigures) -> list[str]:
    """What rules on concentration and on the chance of service allow or ask for, and what the plan does."""
    lines: list[str] = []
    body = [
        [c.commodity, figures(c.hhi), figures(c.allowed), f"{c.country} {percent(c.share)}"]
        for c in sorted(found.concentration, key=lambda c: (c.hhi / c.allowed, c.commodity), reverse=True)
        if c.tonnes > 0
    ]
    head = ["concentration", "largest index", "allowed", "most from"]
    if body:
        lines += ["", *few(columns(body, "lrrl", head=head), MOST + 1, "tables/concentration")]
    elif found.concentration:
        lines += wrap("Concentration: nothing that a rule concerns is acquired in calm.")
    for c in found.chance:
        of = f" in {', '.join(c.commodities)}" if c.commodities else ""
        part = "All" if c.min_fraction == 1 else f"At least {percent(c.min_fraction)}"
        lines += wrap(
            f"{part} of {c.segment}{of} is served throughout with a probability of"
            f" {percent(c.achieved, 3)}; {percent(c.asked, 3)} is asked for."
        )
    return lines


def binding(plan: Plan) -> list[str]:
    """Marginal values in words: money first, binding or not, then each limit in the year that counts most."""
    if not plan.marginal_values:
        return wrap("Marginal values were not asked for.") if not plan.options.marginals else []
    largest: dict[tuple[str, str], MarginalValue] = {}
    for value in sorted(plan.marginal_values, key=lambda v: -v.value):
        largest.setdefault((value.kind, value.item), value)
    money = [v for v in largest.values() if v.kind in ("envelope", "source")]
    other = [v for v in largest.values() if v.kind not in ("envelope", "source") and v.value > 0]
    lines: list[str] = []
    for value in [*money, *other[:MOST_VALUES]]:
        lines += wrap(f"- {value.words}", "  ", "  ")
    if len(other) > MOST_VALUES:
        lines += wrap(
            f"… and {count(len(other) - MOST_VALUES, 'limit')} more; every year is in tables/marginal_values"
        )
    return lines
