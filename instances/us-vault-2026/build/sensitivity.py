"""How far the plan moves when an assumption does: ``python instances/us-vault-2026/build/sensitivity.py``.

Each case is built from ``sources/`` with something changed, solved, and compared with the base plan. Rows go
to ``results/sensitivity.csv`` as they are found; a case that stands there is not solved again, so the run may
be interrupted, and ``--only`` takes a part of it. ``results/tables.sha256`` says which tables they are of.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from case import instance
from tables import Ledger, Options

HOME = Path(__file__).resolve().parent.parent
sys.path.append(str(HOME.parents[1]))  # the project itself, where it is not installed

from models.instance import Instance  # noqa: E402
from models.options import Options as Solving  # noqa: E402
from models.plan import Plan  # noqa: E402
from optimizer.results import read_results  # noqa: E402
from optimizer.solve import solve  # noqa: E402
from optimizer.tables import plan_tables  # noqa: E402

RESULTS = HOME / "results"
READ_IN = 2031
"""The year whose stock is compared: the price path has ended, the end of the horizon is not felt yet."""

OFFERS = ("agreements", "projects", "spot", "opening_stock", "choices")


@dataclass(frozen=True)
class Case:
    """One variant: what is varied, its setting, how to build it, the seed of the search."""

    id: str
    what: str
    setting: str
    options: Options = field(default_factory=Options)
    seed: int = 0
    idle: bool = False


def changed(key: str, value: float) -> Options:
    """A variant that changes one row of ``assumptions.csv``."""
    return Options(assume=((key, value),))


def copper(budget: float) -> Options:
    """With copper, and a part of the budget."""
    return Options(with_copper=True, assume=(("budget_factor", budget),))


CASES = (
    Case("base", "base", "as committed"),
    Case("without_agency", "base", "nothing on offer, nothing held", idle=True),
    Case("seed_1", "seed of the search", "1, no earlier plan to start from", seed=1),
    Case("seed_2", "seed of the search", "2, no earlier plan to start from", seed=2),
    Case("other_years", "second scenario set", "2029 and 2031 for 2030 and 2032", changed("span_shift", -1)),
    Case("prices_flat", "price path", "prices of 2026 stay", Options(flat_prices=True)),
    Case("prices_fall_fast", "price path", "long-run price after two years", changed("price_fall_years", 2)),
    Case("terminal_low", "terminal value", "0.6 for 0.8", changed("terminal_factor", 0.6)),
    Case("terminal_high", "terminal value", "0.95 for 0.8", changed("terminal_factor", 0.95)),
    Case("access_low", "accessible tonnes", "x 0.5", changed("access_factor", 0.5)),
    Case("access_high", "accessible tonnes", "x 2", changed("access_factor", 2)),
    Case("impact_low", "own price impact", "x 0.5", changed("price_impact_factor", 0.5)),
    Case("impact_high", "own price impact", "x 2", changed("price_impact_factor", 2)),
    Case("rate_075", "announcements a year", "0.75 for 0.43", Options(announcement_rate=0.75)),
    Case("rate_175", "announcements a year", "1.75 for 0.43", Options(announcement_rate=1.75)),
    Case("shortage_low", "shortage cost", "x 0.3", Options(shortage_factor=0.3)),
    Case("shortage_high", "shortage cost", "x 3", Options(shortage_factor=3)),
    Case(
        "built_anyway",
        "additional",
        "half of each project built anyway",
        changed("project_output_factor", 0.5),
    ),
    Case("additional_low", "additional", "purchases x 0.5", changed("additional_factor", 0.5)),
    Case("china_low", "Chinese share, via included", "x 0.7", changed("china_share_factor", 0.7)),
    Case("china_high", "Chinese share, via included", "x 1.3", changed("china_share_factor", 1.3)),
    Case("discount_low", "discount rate", "0.01 for 0.03", changed("discount_rate", 0.01)),
    Case("discount_high", "discount rate", "0.07 for 0.03", changed("discount_rate", 0.07)),
    Case("cvar_none", "weight of CVaR", "0 for 0.2", changed("cvar_weight", 0)),
    Case("cvar_half", "weight of CVaR", "0.5 for 0.2", changed("cvar_weight", 0.5)),
    Case("sales_easy", "sales in calm years", "at 0.9 of the price", changed("sale_factor", 0.9)),
    Case("budget_4", "budget", "4 bn USD for 12", changed("budget_factor", 4 / 12)),
    Case("budget_2", "budget", "2 bn USD", changed("budget_factor", 2 / 12)),
    Case("budget_1", "budget", "1 bn USD", changed("budget_factor", 1 / 12)),
    Case("budget_05", "budget", "0.5 bn USD", changed("budget_factor", 0.5 / 12)),
    Case("budget_025", "budget", "0.25 bn USD", changed("budget_factor", 0.25 / 12)),
    Case("copper", "copper", "with it and 60 days of it", Options(with_copper=True)),
    Case("copper_budget_8", "copper", "the same and 8 bn USD", copper(8 / 12)),
)
"""The eight parameters that decide most, two that hardly do, money, copper, and what is not of this world:
the seed and the years of the scenarios."""


def built(case: Case) -> Instance:
    """The instance of a case."""
    raw = instance(case.options, Ledger())
    if case.idle:
        raw |= {table: [] for table in OFFERS}
        raw["risk"] = {}
    return Instance.parse(raw)


def chosen(plan: Plan) -> set[str]:
    """Ids of what is signed and funded."""
    if plan.commitments is None:
        raise ValueError(f"no plan to compare: {plan.status}")
    return {a.id for a in plan.commitments.agreements} | {k.id for k in plan.commitments.projects}


def row(case: Case, case_instance: Instance, plan: Plan, base: set[str]) -> dict[str, Any]:
    """One line of the table; money in millions of USD."""
    tables = plan_tables(case_instance, plan)
    overview = tables["overview"].iloc[0]
    flows, money = tables["flows"], tables["money"]
    held = flows[flows["year"] == READ_IN].set_index("commodity")["stock_t"]
    price = {
        m.id: m.price[READ_IN - int(case_instance.horizon.start_year)]
        if isinstance(m.price, tuple)
        else m.price
        for m in case_instance.commodities
    }
    now = chosen(plan)

    def millions(usd: float) -> float:
        return round(float(usd) / 1e6, 1)

    return {
        "case": case.id,
        "what": case.what,
        "setting": case.setting,
        "objective_musd": millions(overview["objective_usd"]),
        "gap": round(float(overview["relative_gap"]), 4),
        "cost_musd": millions(overview["expected_cost_usd"]),
        "loss_musd": millions(overview["expected_loss_usd"]),
        "cvar_musd": millions(overview["cvar_usd"]),
        "drawn_musd": millions(money[money["item"] == "draws"]["usd"].sum()),
        "most_drawn_musd": millions(tables["scenarios"]["drawn_usd"].max()),
        f"stock_{READ_IN}_musd": millions(sum(tonnes * price[str(m)] for m, tonnes in held.items())),
        "agreements": int(overview["agreements"]),
        "projects": int(overview["projects"]),
        "enters": " ".join(sorted(now - base)),
        "leaves": " ".join(sorted(base - now)),
        "members": " ".join(sorted(now)),
        "seconds": round(float(overview["seconds"])),
        "fingerprint": case_instance.fingerprint()[:12],
    }


def digest(folder: Path) -> str:
    """SHA-256 of the tables of a case that a solve reads (not hazards): names, contents, in order of name."""
    files = sorted(
        path
        for path in folder.iterdir()
        if path.suffix in {".csv", ".yaml"} and not path.name.startswith(("hazard", "regimes"))
    )
    return hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in files)).hexdigest()


def check_tables(results: Path) -> None:
    """Refuse to mix rows of different tables."""
    now, mark = digest(HOME), results / "tables.sha256"
    results.mkdir(exist_ok=True)
    if mark.exists() and mark.read_text(encoding="utf-8").strip() != now:
        raise SystemExit(f"{results} is of other tables: delete it, then solve all cases again.")
    mark.write_text(now + "\n", encoding="utf-8")


def known(path: Path) -> list[dict[str, str]]:
    """The rows found so far."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    """All rows in the order of ``CASES``."""
    order = [case.id for case in CASES]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(sorted(rows, key=lambda found: order.index(str(found["case"]))))


def main() -> None:
    """Solve what is not in the table yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", help="ids of cases (default: all)")
    parser.add_argument("--gap", type=float, default=0.01)
    parser.add_argument("--seconds", type=float, help="limit for each case")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--warm", type=Path, help="results of an earlier plan to start from; of these tables: the base"
    )
    args = parser.parse_args()
    check_tables(RESULTS)
    path = RESULTS / "sensitivity.csv"
    rows: list[dict[str, Any]] = list(known(path))
    before, warm = read_results(args.warm) if args.warm else (None, None)
    for case in CASES:
        done = {str(found["case"]) for found in rows}
        if case.id in done or (args.only and case.id not in args.only):
            continue
        base = {word for found in rows if found["case"] == "base" for word in str(found["members"]).split()}
        case_instance = built(case)
        solving = Solving(
            relative_gap=args.gap,
            time_limit=args.seconds,
            threads=args.threads,
            seed=case.seed,
            marginals=False,
        )
        if case.id == "base" and warm and before and before.fingerprint() == case_instance.fingerprint():
            plan = warm
        else:
            plan = solve(case_instance, solving, warm=None if case.idle or case.seed else warm)
        if case.id == "base":
            base = chosen(plan)
        rows.append(row(case, case_instance, plan, base))
        write(path, rows)
        print(case.id, rows[-1]["objective_musd"], rows[-1]["gap"], rows[-1]["seconds"], flush=True)


if __name__ == "__main__":
    main()
