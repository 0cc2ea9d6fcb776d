"""Where money comes from and where it goes: funding by source, sources and uses by year, spend in totals."""

from __future__ import annotations

import numpy as np
import pandas as pd

from models.instance import Source
from optimizer.tables.frame import ENVELOPE, Frame, concat

ALL = "(all)"
"""The row of the funding table for all sources together; its amount is the envelope."""


def sources(f: Frame) -> tuple[Source, ...]:
    """The budget's sources; a budget without any is one appropriation of the size of the envelope."""
    budget = f.instance.budget
    if budget is None:
        return ()
    if budget.sources:
        return budget.sources
    if budget.envelope is None:
        return ()
    return (Source(id=ENVELOPE, kind="appropriation", amount=budget.envelope),)


def proceeds(f: Frame) -> pd.DataFrame:
    """Proceeds by node: node, item, member, usd (undiscounted)."""
    parts = []
    for variable, item, factor in (
        ("sale", "sales", "sale_factor"),
        ("release", "releases", "release_factor"),
    ):
        part = f.operation(variable)
        row = part["commodity"].map(f.commodity).to_numpy(dtype="int64")
        share = (
            part["commodity"]
            .map({c.id: getattr(c, factor) for c in f.instance.commodities})
            .astype("float64")
        )
        usd = part["value"] * f.price[part["node"].to_numpy(), row] * share
        parts.append(
            pd.DataFrame({"node": part["node"], "item": item, "member": part["commodity"], "usd": usd})
        )
    part = f.operation("upside")
    parts.append(
        pd.DataFrame(
            {"node": part["node"], "item": "upside", "member": part["project"], "usd": part["value"]}
        )
    )
    return concat(parts, {"node": "int64", "item": "str", "member": "str", "usd": "float64"})


def cost_of_money(f: Frame) -> pd.DataFrame:
    """Fees, interest and repayments by node: node, item, member, usd (undiscounted)."""
    rate = {s.id: s.rate for s in sources(f)}
    fee = {s.id: s.fee for s in sources(f)}
    draw, repay, owed = f.operation("draw"), f.operation("repay"), f.operation("owed")
    # Interest is paid a period later, on what was owed at the parent: once by each child.
    children = f.nodes.loc[f.nodes["parent"].notna(), ["node", "parent"]].astype("int64")
    borne = owed.rename(columns={"node": "parent"}).merge(children, on="parent")
    parts = [
        pd.DataFrame(
            {"node": part["node"], "item": item, "member": part["source"], "usd": part["value"] * factor}
        )
        for part, item, factor in (
            (draw, "fees", draw["source"].map(fee).astype("float64")),
            (borne, "interest", borne["source"].map(rate).astype("float64") * f.years),
            (repay, "repayments", 1.0),
        )
    ]
    return concat(parts, {"node": "int64", "item": "str", "member": "str", "usd": "float64"})


def funding(f: Frame) -> pd.DataFrame:
    """By source: what there is, what is drawn in expectation and at most on any path, and what it costs."""
    columns = {
        "source": "str", "kind": "str", "amount_usd": "float64", "rate": "float64", "fee": "float64",
        "expected_drawn_usd": "float64", "largest_drawn_usd": "float64", "expected_repaid_usd": "float64",
        "expected_fees_usd": "float64", "expected_interest_usd": "float64",
        "expected_owed_at_end_usd": "float64",
    }  # fmt: skip
    likely = f.nodes.loc[f.nodes["probability"] > 0, ["node", "period", "probability"]]
    drawn, owed = f.operation("drawn").merge(likely, on="node"), f.operation("owed").merge(likely, on="node")
    draw, repay = f.operation("draw").merge(likely, on="node"), f.operation("repay").merge(likely, on="node")
    cost = cost_of_money(f).merge(likely, on="node")
    rows = []
    for s in sources(f):
        ends = owed[(owed["source"] == s.id) & (owed["period"] == f.periods - 1)]
        mine = cost[cost["member"] == s.id]
        rows.append(
            {
                "source": s.id,
                "kind": s.kind,
                "amount_usd": s.amount,
                "rate": s.rate,
                "fee": s.fee,
                "expected_drawn_usd": _mean(draw[draw["source"] == s.id]),
                "largest_drawn_usd": drawn.loc[drawn["source"] == s.id, "value"].max(),
                "expected_repaid_usd": _mean(repay[repay["source"] == s.id]),
                "expected_fees_usd": _mean(mine[mine["item"] == "fees"], "usd"),
                "expected_interest_usd": _mean(mine[mine["item"] == "interest"], "usd"),
                "expected_owed_at_end_usd": _mean(ends),
            }
        )
    table = concat([pd.DataFrame(rows, columns=list(columns))], columns).fillna({"largest_drawn_usd": 0.0})
    if f.instance.budget is None:
        return table
    # Sources need not peak on the same path, so the whole is taken from the paths, not from the rows above.
    summed = [c for c in columns if c.startswith("expected_")]
    whole = {
        "source": ALL,
        "kind": "",
        "amount_usd": f.instance.budget.envelope,
        "rate": np.nan,
        "fee": np.nan,
    }
    peak = {"largest_drawn_usd": drawn.groupby("node")["value"].sum().max() if len(drawn) else 0.0}
    return concat([table, pd.DataFrame([whole | table[summed].sum().to_dict() | peak])], columns)


def _mean(part: pd.DataFrame, value: str = "value") -> float:
    return float((part[value] * part["probability"]).sum())


def drawn_by_node(f: Frame) -> pd.Series:
    """USD drawn from all sources up to each node."""
    return f.operation("drawn").groupby("node")["value"].sum().reindex(f.nodes["node"], fill_value=0.0)


def sources_and_uses(f: Frame, spent: pd.DataFrame) -> pd.DataFrame:
    """Expected money in and out by year. In less out is the change in cash; each year ends with it."""
    columns = {"period": "int64", "side": "str", "item": "str", "member": "str", "usd": "float64"}
    drawn = f.operation("draw").rename(columns={"source": "member", "value": "usd"}).assign(item="draws")
    money_in = f.expected(pd.concat([drawn, proceeds(f)]), ["item", "member"], ["usd"]).assign(side="in")
    lines = spent.groupby(["period", "category"])["usd"].sum().reset_index()
    uses = lines.rename(columns={"category": "item"}).assign(side="out", member="")
    cost = f.expected(cost_of_money(f), ["item", "member"], ["usd"]).assign(side="out")
    left = f.operation("cash").assign(item="cash at the end", member="").rename(columns={"value": "usd"})
    cash = f.expected(left, ["item", "member"], ["usd"]).assign(side="held")
    opening = f.instance.budget.opening_cash if f.instance.budget else 0.0
    start = pd.DataFrame(
        {"period": [0], "side": "in", "item": "opening cash", "member": "", "usd": opening}
    ).iloc[: 1 if opening else 0]
    table = concat([start, money_in, uses, cost, cash], columns)
    table["side"] = pd.Categorical(table["side"], ["in", "out", "held"], ordered=True)
    table = table[table["usd"] != 0].sort_values(["period", "side", "item", "member"], ignore_index=True)
    table["side"] = table["side"].astype("str")
    table.insert(1, "year", f.year(table["period"]))
    return table


def totals(f: Frame, lines: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Expected spend by year and by category, material, country and group; '' is what has none."""
    return {
        f"spend_by_{key}": lines.groupby([key, "period", "year"], sort=True)["usd"].sum().reset_index()
        for key in ("category", "material", "country", "group")
    }
