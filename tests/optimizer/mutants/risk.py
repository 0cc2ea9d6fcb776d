"""Wrong rules on risk, loss and objective: model.md §4.10 to §5."""

from __future__ import annotations

from optimizer.formulation import cover, loss, objective, service, shares
from tests.optimizer.mutants.base import Mutation

RISK = (
    # ---- 4.10 shares
    Mutation(
        "shares look at the own country only, not at via",
        "4.10", shares.named_items,
        "{row.country, *row.via}", "{row.country}",
        "risk/share",
    ),
    Mutation(
        "shares count tonnes where it is not calm",
        "4.10", shares.imbalance_sum,
        "if m.data.calm(c, n) else []", "if True else []",
        "rule-share-via",
    ),
    Mutation(
        "shares are kept on the undisturbed path only",
        "4.10", shares.add,
        "for n in data.tree.leaves()", "for n in [data.periods - 1]",
        "risk/share-on-each-path",
    ),
    Mutation(
        "shares are kept in each period, not along the path",
        "4.10", shares.add,
        "for n in data.tree.leaves()", "for n in m.NODE",
        "risk/share",
    ),
    Mutation(
        "a share without commodities concerns none",
        "4.10", shares.add,
        "rule.commodities or m.COMMODITY", "rule.commodities",
        "risk/share",
    ),
    # ---- 4.11 cover
    Mutation(
        "cover leaves no time to rebuild",
        "4.11", cover.applies,
        "range(rule.rebuild_periods + 1)", "range(1)",
        "rule-calm",
    ),
    Mutation(
        "cover ignores its first period",
        "4.11", cover.applies,
        "if m.data.period(n) < rule.from_period:", "if False:",
        "rule-unknown-length",
    ),
    Mutation(
        "cover holds in a crisis as well",
        "4.11", cover.applies,
        "if not m.data.calm(rule.commodity, at_):", "if False:",
        "rule-calm",
    ),
    Mutation(
        "periods before the first do not count as calm",
        "4.11", cover.applies,
        "if at_ is None:\n            return True", "if at_ is None:\n            return False",
        "risk/cover",
    ),
    Mutation(
        "cover is measured by all segments",
        "4.11", cover.cover,
        "not rule.segments or q.segment in rule.segments", "True",
        "rule-calm",
    ),
    Mutation(
        "cover is measured by the demand of a period, not of a year",
        "4.11", cover.cover,
        "data.tonnes(", "data.rate(",
        "rule-unknown-length",
    ),
    # ---- 4.12 service
    Mutation(
        "the service floor is what may be missing",
        "4.12", service.service,
        "(1 - m.services[r].min_fraction)", "m.services[r].min_fraction",
        "rule-service-floor",
    ),
    Mutation(
        "substitutes do not count as served",
        "4.12", service.service,
        "total(m, shortages(m, q, n))",
        "total(m, shortages(m, q, n) + [m.substitute[u, n] for u, row in m.data.substitutions.items() "
        "if row.demand == q])",
        "risk/service",
    ),
    Mutation(
        "a service rule that names commodities holds for industries too",
        "4.12", service.owed,
        "and not rule.commodities", "",
        "risk/service",
    ),
    Mutation(
        "a service rule ignores the commodities it names",
        "4.12", service.owed,
        "not rule.commodities or q.commodity in rule.commodities", "True",
        "risk/service",
    ),
    # ---- 4.13 loss
    Mutation(
        "substitution costs nothing",
        "4.13", loss.record,
        "commodity, data.substitutions[u].cost", "commodity, 0.0",
        "reserve/substitute",
    ),
    Mutation(
        "a cut costs the output, whatever the factor",
        "4.13", loss.record,
        " * data.industries[j].loss[i].factor", "",
        "rule-surge",
    ),
    Mutation(
        "losses of later periods count in full",
        "4.13", loss.expected_loss,
        " * data.discount(data.period(n))", "",
        "rule-calm",
    ),
    Mutation(
        "the tail is not discounted",
        "4.13", loss.cum_sum,
        "discount * term", "term",
        "risk/tail",
    ),
    Mutation(
        "the tail leaves out the undisturbed scenario",
        "4.13", loss.cvar,
        "for s, p in m.ENDS.items()", "for s, p in m.ENDS.items() if s != m.data.periods - 1",
        "risk/tail",
    ),
    Mutation(
        "the tail is not divided by 1 - α",
        "4.13", loss.cvar,
        "p / beyond_alpha * m.excess[s]", "p * m.excess[s]",
        "risk/tail",
    ),
    Mutation(
        "emissions count nodes, not probabilities",
        "4.13", loss.emissions_limit,
        "data.probability(n) * term", "term",
        "rule-emissions-cap",
    ),
    Mutation(
        "the limit on the expected loss is ignored",
        "4.13", loss.expected_loss_limit,
        "m.data.usd(m.data.instance.risk.expected_loss_limit or 0.0)", "1e9",
        "risk/loss-limit",
    ),
    Mutation(
        "the limit on CVaR is put on the expected loss",
        "4.13", loss.cvar_limit,
        "total(m, cvar(m))", "total(m, expected_loss(m))",
        "risk/cvar-limit",
    ),
    # ---- 5 objective
    Mutation(
        "money itself costs nothing",
        "5", objective.cost,
        "operating_outlay(m, n) + finance(m, n)", "operating_outlay(m, n)",
        "rule-loan-only",
    ),
    Mutation(
        "commitments are not discounted",
        "5", objective.cost,
        "data.discount(t) * sum(", "sum(",
        "supply/capex-spread",
    ),
    Mutation(
        "operations are not discounted",
        "5", objective.cost,
        "data.probability(n) * data.discount(data.period(n))", "data.probability(n)",
        "rule-calm",
    ),
    Mutation(
        "operations count nodes, not probabilities",
        "5", objective.cost,
        "data.probability(n) * data.discount(data.period(n))", "data.discount(data.period(n))",
        "rule-calm",
    ),
    Mutation(
        "proceeds do not lower the cost",
        "5", objective.cost,
        "terms += [-weight * term for term in m.ledger.proceeds[n]]", "pass",
        "rule-supported-plant",
    ),
    Mutation(
        "final stock is worth nothing",
        "5", objective.cost,
        "return terms + [-1.0 * term for term in terminal_worth(m)]", "return terms",
        "rule-calm",
    ),
    Mutation(
        "the worth of final stock is not discounted",
        "5", objective.terminal_worth,
        " * data.discount(data.periods)", "",
        "rule-calm",
    ),
    Mutation(
        "final stock is discounted to the start of the last period, not its end",
        "5", objective.terminal_worth,
        "data.discount(data.periods)", "data.discount(last)",
        "rule-calm",
    ),
    Mutation(
        "the worth of final stock counts nodes, not probabilities",
        "5", objective.terminal_worth,
        "worth[c] * data.probability(n) * ", "worth[c] * ",
        "rule-calm",
    ),
    Mutation(
        "the worth of final stock follows price effects",
        "5", objective.terminal_worth,
        "worth[c] * data.probability(n) * m.stock[c, d, n]",
        "worth[c] * data.price(c, n) / data.reference(c, last) * data.probability(n) * m.stock[c, d, n]",
        "risk/terminal",
    ),
    Mutation(
        "the weight of cost is ignored",
        "5", objective.add,
        "goal.cost_weight * term", "term",
        "risk/weights",
    ),
    Mutation(
        "the weight of loss is ignored",
        "5", objective.add,
        "goal.loss_weight * (1 - goal.cvar_weight) * term", "(1 - goal.cvar_weight) * term",
        "risk/weights",
    ),
    Mutation(
        "the tail comes on top of the whole expected loss",
        "5", objective.add,
        "goal.loss_weight * (1 - goal.cvar_weight) * term", "goal.loss_weight * term",
        "risk/tail",
    ),
    Mutation(
        "the tail is not weighed",
        "5", objective.add,
        "goal.loss_weight * goal.cvar_weight * term", "goal.loss_weight * term",
        "risk/tail",
    ),
)  # fmt: skip
