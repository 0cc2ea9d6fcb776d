"""Commitments, and what is done at each node, with names, years and probabilities joined."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from models.instance import Project
from optimizer.tables import spend
from optimizer.tables.frame import Frame, concat

COMMITMENT = {
    "kind": "str",
    "id": "str",
    "name": "str",
    "country": "str",
    "group": "str",
    "commodities": "str",
    "start": "int64",
    "year": "float64",
    "first_year": "float64",
    "end_year": "float64",
    "quantity": "float64",
    "unit": "str",
    "committed_usd": "float64",
    "expected_usd": "float64",
}


def commitments(f: Frame, lines: pd.DataFrame) -> pd.DataFrame:
    """What is signed, funded and opened.

    ``first_year`` is the first of deliveries or operation, ``end_year`` when deliveries end;
    ``committed_usd`` is due in any case, ``expected_usd`` is all expected spend on it.
    """
    made = f.plan.commitments
    if made is None:
        return concat([], COMMITMENT)
    due = spend.committed(f).groupby("member")["usd"].sum()
    whole = lines[lines["category"].isin(["agreement", "project", "depot"])].groupby("member")["usd"].sum()
    start_year, rows = f.instance.horizon.start_year, []

    def row(kind: str, member: str, name: str, country: str, commodities: list[str]) -> dict[str, object]:
        return {
            "kind": kind,
            "id": member,
            "name": name,
            "country": country,
            "group": f.group[country],
            "commodities": ", ".join(commodities),
            "committed_usd": due.get(member, 0.0),
            "expected_usd": whole.get(member, 0.0),
        }

    agreements = {a.id: a for a in f.instance.agreements}
    for signed in made.agreements:
        a = agreements[signed.id]
        term = max(1, spend.periods_of(a.term_years, f.years))
        rows.append(
            row("agreement", a.id, a.supplier, a.country, [a.commodity])
            | {
                "start": signed.start,
                "year": signed.year,
                "first_year": signed.year,
                "quantity": signed.volume,
            }
            | {"end_year": start_year + (signed.start + term) * f.years, "unit": "t/year"}
        )
    projects = {k.id: k for k in f.instance.projects}
    for built in made.projects:
        k = projects[built.id]
        rows.append(
            row("project", k.id, k.kind, k.country, list(k.outputs))
            | {
                "start": built.start,
                "year": built.year,
                "first_year": built.operates,
                "quantity": built.capacity,
            }
            | {"end_year": None, "unit": "t/year"}
        )
    depots = {d.id: d for d in f.instance.depots}
    for opened in made.depots:
        d = depots[opened.id]
        rows.append(
            row("depot", d.id, "depot", d.country, [])
            | {"start": 0, "year": start_year, "first_year": start_year, "quantity": d.capacity}
            | {"end_year": None, "unit": "m³"}
        )
    return concat([pd.DataFrame(rows, columns=list(COMMITMENT))], COMMITMENT)


def per_node(f: Frame) -> dict[str, pd.DataFrame]:
    """What is done at each node, one table per kind of operation; rows that are not all 0."""
    i = f.instance
    names = {c.id: c.name for c in i.commodities}
    agreements = {a.id: (a.supplier, a.country, f.group[a.country], a.commodity) for a in i.agreements}
    offers = {o.id: (o.country, f.group[o.country], o.commodity) for o in i.spot}
    projects = {k.id: (k.kind, k.country, f.group[k.country]) for k in i.projects}
    tables = {
        "deliveries": join(
            f.together(delivered_t="deliver", untaken_t="untaken"),
            "agreement",
            agreements,
            ("supplier", "country", "group", "commodity"),
        ),
        "spot": join(f.together(bought_t="spot"), "offer", offers, ("country", "group", "commodity")),
        "activity": join(
            f.together(activity_t="run", upside_usd="upside"),
            "project",
            projects,
            ("kind", "country", "group"),
        ),
        "pool": join(
            f.together(
                bought_t="bought",
                released_t="release",
                private_t="private",
                sold_t="sale",
                scrapped_t="scrap",
            ),
            "commodity",
            {c: (name,) for c, name in names.items()},
            ("name",),
        ),
        "stock": join(
            f.together(in_t="inject", out_t="withdraw", stock_t="stock"),
            "commodity",
            {c: (name,) for c, name in names.items()},
            ("name",),
        ),
        "substitutions": join(
            f.together(eased_t="substitute"),
            "substitution",
            {u.id: (u.demand, u.commodity, u.ratio) for u in i.substitutions},
            ("demand", "commodity", "ratio"),
        ),
        "shortages": shortages(f),
        "cuts": cuts(f),
        "cash": cash(f),
    }
    return {name: f.placed(table) for name, table in tables.items()}


def join(
    frame: pd.DataFrame, key: str, rows: Mapping[str, tuple[object, ...]], columns: tuple[str, ...]
) -> pd.DataFrame:
    """The table with columns of the instance put right behind ``key``."""
    at = list(frame.columns).index(key) + 1
    found = [rows[id] for id in frame[key].tolist()]
    numeric = [not isinstance(value, str) for value in next(iter(rows.values()))] if rows else []
    for offset, column in enumerate(columns):
        kind = "float64" if rows and numeric[offset] else "str"
        frame.insert(at + offset, column, pd.Series([row[offset] for row in found], frame.index, dtype=kind))
    return frame


def shortages(f: Frame) -> pd.DataFrame:
    """Tonnes short by demand, tier and node, with their cost."""
    frame = f.together(short_t="short")
    rows = {q.id: (q.commodity, q.segment) for q in f.instance.demand}
    frame = join(frame, "demand", rows, ("commodity", "segment"))
    cost = {
        (q.id, tier, t): step.cost[t] if isinstance(step.cost, tuple) else step.cost
        for q in f.instance.demand
        for tier, step in enumerate(q.shortage_cost)
        for t in range(f.periods)
    }
    keys = zip(frame["demand"], frame["tier"], f.period[frame["node"]], strict=True)
    frame["loss_usd"] = frame["short_t"] * pd.Series(
        [cost[key] for key in keys], index=frame.index, dtype="float64"
    )
    return frame


def cuts(f: Frame) -> pd.DataFrame:
    """Share of output cut by industry, tier and node, with the loss."""
    frame = f.together(cut_share="cut")
    rows = {j.id: (j.segment,) for j in f.instance.industries}
    row = {j.id: number for number, j in enumerate(f.instance.industries)}
    factor = {(j.id, tier): step.factor for j in f.instance.industries for tier, step in enumerate(j.loss)}
    lost = [
        f.industry_output[node, row[j]] * factor[j, tier]
        for j, tier, node in zip(frame["industry"], frame["tier"], frame["node"], strict=True)
    ]
    frame["loss_usd"] = frame["cut_share"] * pd.Series(lost, index=frame.index, dtype="float64")
    return join(frame, "industry", rows, ("segment",))


def cash(f: Frame) -> pd.DataFrame:
    """Draws, repayments and debt by source and node, and the cash left over (source '')."""
    by_source = f.together(draw_usd="draw", repay_usd="repay", owed_usd="owed", drawn_usd="drawn")
    left = f.together(cash_usd="cash").assign(source="")
    columns = {"source": "str", "node": "int64"} | dict.fromkeys(
        ["draw_usd", "repay_usd", "owed_usd", "drawn_usd", "cash_usd"], "float64"
    )
    wide = [part.reindex(columns=list(columns)) for part in (by_source, left)]
    return concat(wide, columns).fillna(0.0)


def output_rate(projects: tuple[Project, ...]) -> pd.DataFrame:
    """What the agency receives and brings per tonne of activity: project, commodity, out, in (t/t)."""
    rows = [
        (k.id, c, k.offtake_share * k.outputs.get(c, 0.0), k.offtake_share * k.inputs.get(c, 0.0),
         (1 - k.offtake_share) * k.outputs.get(c, 0.0))
        for k in projects
        for c in sorted({*k.outputs, *k.inputs})
    ]  # fmt: skip
    types = {"project": "str", "commodity": "str", "made": "float64", "used": "float64", "owner": "float64"}
    return concat([pd.DataFrame(rows, columns=list(types))], types)
