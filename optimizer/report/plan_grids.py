"""The tables of a plan's chapter."""

from __future__ import annotations

import pandas as pd

from models.instance import Instance
from optimizer.report.charts import sourcing
from optimizer.report.grid import Grid, grid
from optimizer.summary.words import count, tonnes, usd, year
from optimizer.tables.money import ALL

MOST_VALUES = 15
"""Limits whose marginal value is told; every year of every limit is in the tables."""
MOST_SCENARIOS = 10


def on_offer(instance: Instance, made: pd.DataFrame) -> str:
    """How many of what is on offer are taken."""
    kinds = made["kind"].value_counts()
    projects = len([k for k in instance.projects if k.capacity])
    depots = len([d for d in instance.depots if d.optional])
    offers = {"agreement": len(instance.agreements), "project": projects, "depot": depots}
    told = [f"{kinds.get(kind, 0)} of {count(n, kind)}" for kind, n in offers.items() if n]
    return f"{', '.join(told)} on offer. Alike in every scenario." if told else "Nothing is on offer."


def commitments(tables: dict[str, pd.DataFrame]) -> list[Grid]:
    """Agreements, projects and depots, the dearest first."""
    made = tables["commitments"].sort_values("expected_usd", ascending=False)
    names = dict(zip(tables["countries"]["id"], tables["countries"]["name"], strict=True))
    titles = {
        "agreement": "Agreements: volume at full ramp",
        "project": "Projects: capacity of activity",
        "depot": "Depots",
    }
    grids = []
    for kind, caption in titles.items():
        rows = made[made["kind"] == kind]
        if rows.empty:
            continue
        table = pd.DataFrame(
            {
                "id": rows["id"],
                **({"supplier": rows["name"]} if kind == "agreement" else {}),
                **({"kind": rows["name"]} if kind == "project" else {}),
                "country": rows["country"].map(names) + " (" + rows["group"] + ")",
                **({"commodities": rows["commodities"]} if kind != "depot" else {}),
                "volume" if kind == "agreement" else "capacity": [
                    f"{tonnes(q)}/year" if unit == "t/year" else f"{q:,.0f} {unit}"
                    for q, unit in zip(rows["quantity"], rows["unit"], strict=True)
                ],
                "from": rows["first_year"].map(year),
                **({"until": rows["end_year"].map(year)} if kind == "agreement" else {}),
                "committed_usd": rows["committed_usd"],
                "expected_usd": rows["expected_usd"],
            }
        )
        grids.append(grid(table, caption, where="tables/commitments"))
    return grids


def held(tables: dict[str, pd.DataFrame]) -> Grid:
    """Stock by commodity, the longest held first."""
    flows, hit = tables["flows"], tables["scenario_cover"]
    held = flows[flows["stock_t"] > 0].groupby("commodity", sort=False)
    weighted = (
        hit.assign(days=hit["days"] * hit["probability"]).groupby("commodity")[["days", "probability"]].sum()
    )
    mean = weighted["days"] / weighted["probability"].where(weighted["probability"] > 0)
    last = flows[flows["year"] == flows["year"].max()].set_index("commodity")
    table = pd.DataFrame({"commodity": held["name"].first(), "largest_stock_t": held["stock_t"].max(),
                          "largest_days": held["stock_days"].max()})  # fmt: skip
    table["stock_at_the_end_t"] = last["stock_t"].reindex(table.index)
    table["mean_days_when_first_hit_days"] = mean.reindex(table.index)
    table = table.rename(
        columns={"largest_days": "most_days", "mean_days_when_first_hit_days": "when_first_hit_days"}
    )
    table = table.sort_values("most_days", ascending=False, na_position="last")
    return grid(table, "Expected stock by commodity; days of undisturbed use", where="tables/flows")


def funding(tables: dict[str, pd.DataFrame]) -> Grid:
    """What there is, what is drawn, what it costs."""
    rows = tables["funding"]
    table = rows[["source", "kind", "amount_usd", "expected_drawn_usd", "largest_drawn_usd",
                  "expected_repaid_usd"]].copy()  # fmt: skip
    table["expected_fees_and_interest_usd"] = rows["expected_fees_usd"] + rows["expected_interest_usd"]
    table["source"] = table["source"].where(table["source"] != ALL, "all together")
    return grid(table, "Sources of money")


def segments(tables: dict[str, pd.DataFrame]) -> Grid:
    """Shortages by segment."""
    return grid(tables["segments"], "Shortages by segment")


def worst(tables: dict[str, pd.DataFrame]) -> Grid:
    """The worst scenarios and what is short in them."""
    worst = tables["scenarios"][tables["scenarios"]["loss_usd"] > 0].head(MOST_SCENARIOS)
    short = tables["scenario_shortages"].sort_values("loss_usd", ascending=False)
    told = []
    for scenario in worst["scenario"]:
        mine = short[short["scenario"] == scenario].head(4)
        told.append(
            ", ".join(
                f"{r['id']} {tonnes(r['short_t'])}" if r["kind"] == "demand" else f"{r['id']} cut"
                for _, r in mine.iterrows()
            )
        )
    table = worst.assign(short_of=pd.Series(told, index=worst.index, dtype="str"))
    return grid(table, "The worst scenarios", where="tables/scenarios")


def values(values: pd.DataFrame) -> list[str]:
    """Money first, binding or not, then each limit in the year that counts most."""
    most = values.sort_values("value_usd", ascending=False, kind="stable").drop_duplicates(["kind", "item"])
    money = most["kind"].isin(["envelope", "source"])
    other = most[~money & (most["value_usd"] > 0)]
    told = [*most.loc[money, "words"], *other["words"].head(MOST_VALUES)]
    left = len(other) - MOST_VALUES
    return [*told, f"{left:,} limits more; every year is in tables/marginal_values."] if left > 0 else told


def supply(tables: dict[str, pd.DataFrame]) -> Grid:
    """Where supply is bought: country, stage, material, expected USD."""
    rows = sourcing.data(tables)
    keys = ["country", "group", "stage", "material"]
    summed = rows.groupby(keys, as_index=False)[["usd"]].sum().sort_values("usd", ascending=False)
    return grid(summed.rename(columns={"usd": "expected_usd"}), "Supply by country, stage and material")


def targets(tables: dict[str, pd.DataFrame]) -> Grid:
    """Stock against target by rule and year."""
    cover = tables["cover"].drop(columns=["period"])
    return grid(cover, "Stock against target, where a rule asks for stock", folded=True)


def by_source(tables: dict[str, pd.DataFrame]) -> Grid:
    """What is drawn from each source and earned, by year."""
    rows = tables["money"][tables["money"]["side"] == "in"]
    source = rows["member"].where(rows["item"] == "draws", rows["item"])
    return _by_year(rows.assign(source=source), "source", "Money in by source and year, USD expected")


def by_year(tables: dict[str, pd.DataFrame], key: str) -> Grid:
    """Spend by category, material or country and year, the dearest first."""
    rows = tables["spend"]
    named = rows[key].where(rows[key] != "", "none in particular")
    if key == "country":
        countries = tables["countries"]
        names = dict(zip(countries["id"], countries["name"], strict=True))
        named = named.map(names).fillna(named)
    return _by_year(rows.assign(**{key: named}), key, f"Spent by {key} and year, USD expected")


def _by_year(rows: pd.DataFrame, key: str, caption: str) -> Grid:
    """Sums of ``usd`` as a table with a column for each year, the largest first, and sums of both."""
    sums = rows.pivot_table(index=key, columns="year", values="usd", aggfunc="sum", fill_value=0.0)
    sums = sums.loc[sums.sum(axis=1).sort_values(ascending=False).index]
    names, figures, years = list(sums.index), sums.to_numpy(dtype=float), list(sums.columns)
    body = [
        [str(name), *map(usd, row), usd(float(row.sum()))] for name, row in zip(names, figures, strict=True)
    ]
    if len(body) > 1:
        body.append(["all together", *map(usd, figures.sum(axis=0)), usd(float(figures.sum()))])
    head = [key, *(year(float(str(y))) for y in years), "in all"]
    return Grid(caption, head, body, frozenset(range(1, len(head))))
