"""Wrong pool, stock and consumers: model.md §4.5 to §4.7."""

from __future__ import annotations

from optimizer.data import Data
from optimizer.formulation import consumers, pool, stock
from tests.optimizer.mutants.base import Mutation

RESERVE = (
    # ---- 4.5 reserve pool
    Mutation(
        "release is limited by demand, not by the gap",
        "4.5", pool.release_gap,
        "max(0.0, m.data.consumption(c, n) - m.data.market(c, n))", "m.data.consumption(c, n)",
        "reserve/gap",
    ),
    Mutation(
        "the gap leaves out what industries need",
        "4.5", (Data, "consumption"),
        "return rows + sum(", "return rows + 0 * sum(",
        "rule-surge",
    ),
    Mutation(
        "the gap is measured against owners' sales as well",
        "4.5", pool.release_gap,
        "<= gap", "<= gap - total(m, m.ledger.owners[c, n])",
        "reserve/gap-and-owner",
    ),
    Mutation(
        "the gap is measured before effects",
        "4.5", pool.release_gap,
        "m.data.market(c, n)", "m.data.market(c, n, hit=False)",
        "rule-calm",
    ),
    Mutation(
        "the reserve does not serve substitutes beyond the gap",
        "4.5", pool.release_gap,
        "m.release[c, n] - total(m, used_instead(m, c, n))", "1.0 * m.release[c, n]",
        "reserve/substitute",
    ),
    Mutation(
        "the reserve sells where it is not calm",
        "4.5", pool.add,
        "data.calm(c, n) and at(", "at(",
        "rule-calm",
    ),
    Mutation(
        "anything a project makes may be scrapped",
        "4.5", pool.forced,
        "> 1", "> 0",
        "reserve/scrap",
    ),
    Mutation(
        "what a project that must run makes cannot be scrapped",
        "4.5", pool.forced,
        "k.must_run or ", "",
        "reserve/scrap-forced",
    ),
    Mutation(
        "joint products cannot be scrapped",
        "4.5", pool.forced,
        "k.must_run or sum(x > 0 for x in k.outputs.values()) > 1", "k.must_run",
        "rule-joint-scrap",
    ),
    Mutation(
        "opening stock may be scrapped in any period",
        "4.5", pool.opening,
        "if m.data.parent(n) is not None:", "if False:",
        "reserve/scrap-too-late",
    ),
    Mutation(
        "opening stock cannot be scrapped",
        "4.5", pool.opening,
        "if m.data.parent(n) is not None:", "if True:",
        "reserve/scrap-at-once",
    ),
    Mutation(
        "scrapping costs nothing",
        "4.8", pool.add,
        "if data.commodities[c].disposal_cost:", "if False:",
        "rule-joint-scrap",
    ),
    Mutation(
        "releases earn nothing",
        "4.8", pool.add,
        "if data.commodities[c].release_factor:", "if False:",
        "reserve/gap",
    ),
    Mutation(
        "sales earn the full price",
        "4.8", pool.add,
        " * data.commodities[c].sale_factor", "",
        "reserve/sale",
    ),
    # ---- 4.6 stock
    Mutation(
        "opening stock is forgotten",
        "4.6", stock.stock_balance,
        "m.data.opening.get((c, d), 0.0) if parent is None", "0.0 if parent is None",
        "rule-calm",
    ),
    Mutation(
        "nothing is lost in store",
        "4.6", stock.stock_balance,
        "m.data.keep(c) * before", "before",
        "reserve/stock-loss",
    ),
    Mutation(
        "opening stock loses nothing in the first period",
        "4.6", stock.stock_balance,
        "m.data.keep(c) * before", "(before if parent is None else m.data.keep(c) * before)",
        "reserve/stock-loss",
    ),
    Mutation(
        "the loss of a period is that of a year",
        "4.6", (Data, "keep"),
        " ** self.years_per_period", "",
        "reserve/stock-loss",
    ),
    Mutation(
        "an optional depot may be used without opening it",
        "4.6", stock.depot_capacity,
        "(room * per * m.open[d] if depot.optional else room * per)", "room * per",
        "supply/optional-depot",
    ),
    Mutation(
        "every tonne takes one cubic metre",
        "4.6", stock.depot_capacity,
        "m.data.commodities[c].stowage * m", "m",
        "reserve/stowage",
    ),
    Mutation(
        "a limited depot gives out as much in a crisis",
        "4.6", stock.outturn,
        "limit * m.data.years_per_period * avail", "limit * m.data.years_per_period",
        "reserve/outturn",
    ),
    Mutation(
        "outturn is per period, not per year",
        "4.6", stock.outturn,
        "limit * m.data.years_per_period * avail", "limit * avail",
        "reserve/outturn",
    ),
    Mutation(
        "a closed depot without an outturn limit gives what it has",
        "4.6", stock.outturn,
        "return 0.0 if avail == 0 else None", "return None",
        "reserve/depot-closed",
    ),
    Mutation(
        "storage is paid per period, not per year",
        "4.8", stock.add,
        "data.per_tonne(c, data.commodities[c].storage_cost) * data.years_per_period",
        "data.per_tonne(c, data.commodities[c].storage_cost)",
        "rule-unknown-length",
    ),
    Mutation(
        "handling is paid in, not out",
        "4.8", stock.add,
        "[handling * m.inject[c, d, n], handling * m.withdraw[c, d, n]]", "[handling * m.inject[c, d, n]]",
        "reserve/handling",
    ),
    # ---- 4.7 consumers
    Mutation(
        "all of a demand fits into the cheapest tier",
        "4.7", consumers.tier_limit,
        "row.shortage_cost[i].share * ", "",
        "rule-calm",
    ),
    Mutation(
        "all of an industry's output may be cut in the cheapest tier",
        "4.7", consumers.add,
        "data.industries[j].loss[i].share", "1.0",
        "reserve/industry",
    ),
    Mutation(
        "any share of a demand can be eased",
        "4.7", consumers.substitute_limit,
        "row.max_share * ", "",
        "reserve/substitute",
    ),
    Mutation(
        "the ratio of a substitution is turned round",
        "4.7", (Data, "exchange"),
        "s.ratio * ", "1 / s.ratio * ",
        "reserve/substitute-scarce",
    ),
    Mutation(
        "substitutes use nothing",
        "4.7", consumers.used_instead,
        "return [m.data.exchange(u) * m.substitute[u, n] for u in users]", "return []",
        "rule-cash-and-substitute",
    ),
    Mutation(
        "what is diverted counts in full although commerce has been hit: μ = 1",
        "4.7", consumers.market_max,
        "m.data.market_availability(c, n) * term", "term",
        "supply/not-additional",
    ),
    Mutation(
        "without market rows what is diverted still counts",
        "4.7", (Data, "market_availability"),
        "if whole > 0 else 0.0", "if whole > 0 else 1.0",
        "supply/no-market",
    ),
    Mutation(
        "consumers cannot buy from project owners",
        "4.7", consumers.market_max,
        "m.bought[c, n] - sold_by_owners", "m.bought[c, n]",
        "rule-supported-plant",
    ),
    Mutation(
        "private stock is there again at every node",
        "4.7", consumers.private_once,
        "m.data.tree.path(leaf)", "[leaf]",
        "rule-cash-and-substitute",
    ),
    Mutation(
        "a cut spares nothing",
        "4.7", consumers.consumers,
        "for term in cuts(m, j.id, n)", "for term in ()",
        "rule-surge",
    ),
)  # fmt: skip
