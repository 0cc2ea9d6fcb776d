"""The chapter of a plan."""

from __future__ import annotations

import math

import pandas as pd

from models.instance import Instance
from models.plan import Plan
from optimizer.report.charts import PLAN, Picture
from optimizer.report.grid import Grid, grid
from optimizer.report.parts import Part
from optimizer.report.sections import Card, Chapter, Section, proof
from optimizer.summary.words import count, figures, percent, tonnes, usd, year
from optimizer.tables.money import ALL

MOST_VALUES = 15
"""Limits whose marginal value is told; every year of every limit is in the tables."""
MOST_SCENARIOS = 10
STATUS = {
    "optimal": "Proved to be within the gap asked for.",
    "feasible": "The gap is larger than asked for, though nothing stopped the search.",
    "time_limit": "The search was stopped by its time limit.",
    "interrupted": "The search was interrupted.",
}


def chapter(part: Part, id: str) -> Chapter:
    """Headline, commitments, reserve, money, risk, what binds, assumptions, proof and how to reproduce."""
    assert part.plan is not None, "parts of plans carry their plan"
    assert part.instance is not None, "parts of plans carry their instance"
    instance, plan, tables = part.instance, part.plan, part.tables
    title = f"The plan: {plan.instance}"
    if plan.commitments is None:
        give_way = [relaxation.words for relaxation in plan.relaxations]
        ways = [Section(f"{id}-relaxations", "What would have to give way", points=give_way)]
        rest = [_assumptions(id, instance), _reproduce(id, part, plan)]
        lead = _why_none(plan)
        return Chapter(id, title, lead, "There is no plan.", [], [*ways[: len(give_way)], *rest])
    refused = plan.certificate is not None and not plan.certificate.passed
    alert = "Not to be used: the audit found that this plan breaks the rules of its instance; see Proof."
    made, offers = _commitments(tables), _on_offer(instance, tables["commitments"])
    asked = [] if plan.marginal_values else ["Marginal values were not asked for."]
    risks = [_segments(tables), _worst(tables)]
    sections = [
        Section(
            f"{id}-commitments",
            "What is signed, funded and opened",
            [offers],
            grids=made,
            pictures=_pictures("timeline", "sourcing"),
        ),
        Section(
            f"{id}-reserve",
            "What is held",
            grids=[_held(tables)],
            pictures=_pictures("reserve", "targets"),
        ),
        Section(
            f"{id}-money",
            "Money",
            grids=[_funding(tables)],
            pictures=_pictures("money", "materials"),
        ),
        Section(
            f"{id}-risk",
            "Risk that is left",
            [_risk(plan)],
            grids=risks,
            pictures=_pictures("exceedance", "segments"),
        ),
        Section(
            f"{id}-binds",
            "What one more unit would save",
            asked,
            points=_values(tables["marginal_values"]),
        ),
        _assumptions(id, instance),
        _proof(id, plan, tables),
        _reproduce(id, part, plan),
    ]
    lead = _lead(instance, plan, tables)
    return Chapter(id, title, lead, alert if refused else "", _cards(instance, plan, tables), sections)


def _pictures(*names: str) -> list[Picture]:
    by_name = {picture.name: picture for picture in PLAN}
    return [by_name[name] for name in names]


def _why_none(plan: Plan) -> str:
    if plan.status == "infeasible":
        return "No plan meets all rules at once. Below is the least that would have to give way."
    if plan.status == "unbounded":
        return "The objective falls without limit: some purchase pays for itself more than once."
    return "The search ended before a plan was found; there may be one."


def _funds(tables: dict[str, pd.DataFrame]) -> pd.Series | None:
    funding = tables["funding"].set_index("source")
    return funding.T[ALL] if ALL in funding.index else None


def _lead(instance: Instance, plan: Plan, tables: dict[str, pd.DataFrame]) -> str:
    made, risk = plan.commitments, plan.risk
    assert made is not None, "called for plans only"
    whole = _funds(tables)
    amount = float(whole["amount_usd"]) if whole is not None else float("nan")
    money = f"Of {usd(amount)} USD" if math.isfinite(amount) else "Without a limit on money"
    spent = float(tables["spend"]["usd"].sum())
    drawn = (
        f", {usd(float(whole['expected_drawn_usd']))} USD of it from the budget" if whole is not None else ""
    )
    parts = [
        count(len(made.agreements), "agreement") + " signed",
        count(len(made.projects), "project") + " funded",
        count(_held_count(tables), "commodity", "commodities") + " held",
    ]
    left = f" The expected loss that is left is {usd(risk.expected_loss)} USD." if risk is not None else ""
    return (
        f"{money}, over {count(instance.horizon.periods, 'period')} from {instance.horizon.start_year}:"
        f" {', '.join(parts)}. The plan spends {usd(spent)} USD in expectation{drawn}; what the reserve sells"
        f" and releases pays for the rest.{left}"
    )


def _held_count(tables: dict[str, pd.DataFrame]) -> int:
    flows = tables["flows"]
    return int(flows.loc[flows["stock_t"] > 0, "commodity"].nunique())


def _cards(instance: Instance, plan: Plan, tables: dict[str, pd.DataFrame]) -> list[Card]:
    whole, risk, flows = _funds(tables), plan.risk, tables["flows"]
    cards = [
        Card("Spent", f"{usd(float(tables['spend']['usd'].sum()))} USD", "expected, undiscounted, all years")
    ]
    if whole is not None:
        amount, most = float(whole["amount_usd"]), float(whole["largest_drawn_usd"])
        of = f" of {usd(amount)} ({percent(most / amount)})" if math.isfinite(amount) and amount > 0 else ""
        cards.append(
            Card(
                "Drawn at most", f"{usd(most)} USD",
                f"on the dearest path{of}; {usd(float(whole['expected_drawn_usd']))} expected",
            )
        )  # fmt: skip
    peak = flows.groupby("name")["stock_days"].max().sort_values(ascending=False)
    longest = (
        f"longest: {peak.index[0]}, {peak.iloc[0]:,.0f} days of use" if len(peak) and peak.iloc[0] > 0 else ""
    )
    held = _held_count(tables)
    cards.append(Card("Held", count(held, "commodity", "commodities"), longest or "in the reserve"))
    if risk is not None:
        cards.append(
            Card("Risk left", f"{usd(risk.expected_loss)} USD",
                 f"expected loss; {usd(risk.cvar)} is the mean of the worst {percent(1 - risk.cvar_alpha)}")
        )  # fmt: skip
    proved, of = proof(plan.relative_gap) if plan.relative_gap is not None else ("no bound", "of the best")
    passed = plan.certificate is not None and plan.certificate.passed
    audited = (
        "audited: meets every rule"
        if passed
        else "not audited"
        if plan.certificate is None
        else "NOT feasible"
    )
    cards.append(Card("Proof", proved, f"{of}; {audited}"))
    return cards


def _on_offer(instance: Instance, made: pd.DataFrame) -> str:
    kinds = made["kind"].value_counts()
    projects = len([k for k in instance.projects if k.capacity])
    depots = len([d for d in instance.depots if d.optional])
    offers = {"agreement": len(instance.agreements), "project": projects, "depot": depots}
    told = [f"{kinds.get(kind, 0)} of {count(n, kind)}" for kind, n in offers.items() if n]
    return f"{', '.join(told)} on offer. Alike in every scenario." if told else "Nothing is on offer."


def _commitments(tables: dict[str, pd.DataFrame]) -> list[Grid]:
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


def _held(tables: dict[str, pd.DataFrame]) -> Grid:
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


def _funding(tables: dict[str, pd.DataFrame]) -> Grid:
    rows = tables["funding"]
    table = rows[["source", "kind", "amount_usd", "expected_drawn_usd", "largest_drawn_usd",
                  "expected_repaid_usd"]].copy()  # fmt: skip
    table["expected_fees_and_interest_usd"] = rows["expected_fees_usd"] + rows["expected_interest_usd"]
    table["source"] = table["source"].where(table["source"] != ALL, "all together")
    return grid(table, "Sources of money")


def _risk(plan: Plan) -> str:
    risk = plan.risk
    if risk is None:
        return ""
    return (
        f"Expected loss {usd(risk.expected_loss)} USD; CVaR, the mean of the worst"
        f" {percent(1 - risk.cvar_alpha)}, {usd(risk.cvar)} USD. Both discounted."
    )


def _segments(tables: dict[str, pd.DataFrame]) -> Grid:
    return grid(tables["segments"], "Shortages by segment")


def _worst(tables: dict[str, pd.DataFrame]) -> Grid:
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


def _values(values: pd.DataFrame) -> list[str]:
    """Money first, binding or not, then each limit in the year that counts most."""
    most = values.sort_values("value_usd", ascending=False, kind="stable").drop_duplicates(["kind", "item"])
    money = most["kind"].isin(["envelope", "source"])
    other = most[~money & (most["value_usd"] > 0)]
    told = [*most.loc[money, "words"], *other["words"].head(MOST_VALUES)]
    left = len(other) - MOST_VALUES
    return [*told, f"{left:,} limits more; every year is in tables/marginal_values."] if left > 0 else told


def _assumptions(id: str, instance: Instance) -> Section:
    o, h = instance.objective, instance.horizon
    undisturbed = 1 - sum(s.probability for s in instance.scenarios)
    points = [
        f"{h.periods} periods of {figures(h.period_years)} year{'s' if h.period_years != 1 else ''} from"
        f" {h.start_year}; discount rate {percent(instance.discount_rate)}.",
        f"{count(len(instance.scenarios), 'scenario')}; undisturbed with probability"
        f" {percent(max(0.0, undisturbed))}.",
        f"The objective is {figures(o.cost_weight)} times expected cost plus {figures(o.loss_weight)} times"
        f" loss; of the loss, {percent(1 - o.cvar_weight)} counts by its expectation and"
        f" {percent(o.cvar_weight)} by the mean of the worst {percent(1 - o.cvar_alpha)}.",
        f"{count(len(instance.commodities), 'commodity', 'commodities')},"
        f" {count(len(instance.agreements), 'agreement')},"
        f" {count(len(instance.projects), 'project')} and"
        f" {count(len(instance.spot), 'offer')} of traders.",
        *(f"Warning: {warning}" for warning in instance.warnings()),
    ]
    return Section(f"{id}-assumptions", "Assumptions and warnings", points=points)


def _proof(id: str, plan: Plan, tables: dict[str, pd.DataFrame]) -> Section:
    lines, points = [STATUS.get(plan.status, plan.status)], []
    if plan.gap is not None and plan.relative_gap is not None:
        lines.append(
            f"No plan is better by more than {usd(max(0.01, plan.gap))} USD"
            f" ({percent(max(1e-6, plan.relative_gap))} of the objective)."
        )
    else:
        lines.append("There is no bound: how far the plan is from the best is not known.")
    if plan.certificate is None:
        lines.append("The plan was not audited.")
        return Section(f"{id}-proof", "Proof", lines)
    passed = "meets" if plan.certificate.passed else "does NOT meet"
    lines.append(
        f"An audit that shares no code with the optimizer recomputed every figure: the plan {passed} every"
        f" rule of the instance within {figures(plan.certificate.tolerance)} of each row."
    )
    points += list(plan.certificate.findings)
    return Section(
        f"{id}-proof", "Proof", lines, points,
        grids=[grid(tables["certificate"], "Certificate: largest residual by family of rules", folded=True)],
    )  # fmt: skip


def _reproduce(id: str, part: Part, plan: Plan) -> Section:
    options = plan.options
    words = ["stockpile solve instance.json --out plan", f"--gap {options.relative_gap:g}"]
    words += [f"--time-limit {options.time_limit:g}"] if options.time_limit is not None else []
    words += [f"--threads {options.threads}"] if options.threads else []
    words += [f"--seed {options.seed}"] if options.seed else []
    words += [] if options.marginals else ["--no-marginals"]
    versions = ", ".join(f"{name} {version}" for name, version in plan.effort.versions.items())
    seconds = sum(plan.effort.seconds.values())
    size = (
        f"{plan.effort.rows:,} rows, {plan.effort.columns:,} columns ({plan.effort.integers:,} integer); "
        if plan.effort.columns
        else ""
    )
    return Section(
        f"{id}-reproduce",
        "How to reproduce",
        ["With the file instance.json of this folder of results:"],
        points=[
            f"Fingerprint of the instance (SHA-256): {plan.fingerprint}",
            f"{size}{figures(seconds)} seconds",
            *([f"Versions: {versions}"] if versions else []),
        ],
        code=" ".join(words),
    )
