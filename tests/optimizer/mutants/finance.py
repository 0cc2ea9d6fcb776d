"""Wrong money and allocations: model.md §4.8 and §4.9."""

from __future__ import annotations

from optimizer.formulation import allocations, money
from tests.optimizer.mutants.base import Mutation

FINANCE = (
    # ---- 4.8 money
    Mutation(
        "cash pays no interest",
        "4.8", money.interest,
        "m.sources[f].rate * ", "0.0 * ",
        "rule-loan-only",
    ),
    Mutation(
        "the lender keeps no fee",
        "4.8", money.cash_balance,
        "(1 - m.sources[f].fee) * ", "1.0 * ",
        "rule-loan-only",
    ),
    Mutation(
        "repaying a loan makes room for another draw",
        "4.8", money.drawn_sum,
        "before + m.draw[f, n]", "before + m.draw[f, n] - (m.repay[f, n] if f in m.LOAN else 0)",
        "finance/revolving",
    ),
    Mutation(
        "what a source has in a period is ignored",
        "4.8", money.draw_limit,
        "return None if available is None else", "return None if True else",
        "finance/available",
    ),
    Mutation(
        "what a source has is per year, not per period",
        "4.8", money.draw_limit,
        "m.data.usd(at(available, m.data.period(n)))",
        "m.data.usd(at(available, m.data.period(n))) * m.data.years_per_period",
        "finance/available",
    ),
    Mutation(
        "the size of a source is ignored",
        "4.8", money.drawn_limit,
        "return None if amount is None else", "return None if True else",
        "finance/amount",
    ),
    Mutation(
        "the envelope holds in the undisturbed plan only",
        "4.8", money.add,
        "limited = m.NODE if", "limited = [m.data.periods - 1] if",
        "rule-envelope",
    ),
    Mutation(
        "an envelope without sources is no money",
        "4.8", money.sources,
        'return (Source(id=ENVELOPE, kind="appropriation", amount=budget.envelope),)', "return ()",
        "finance/envelope-alone",
    ),
    Mutation(
        "opening cash is forgotten",
        "4.8", money.cash_balance,
        "budget.opening_cash if budget else 0.0", "0.0",
        "rule-cash-and-substitute",
    ),
    Mutation(
        "proceeds do not come into cash",
        "4.8", money.cash_balance,
        " + m.ledger.proceeds[n]", "",
        "finance/proceeds",
    ),
    Mutation(
        "storage, handling and disposal are free",
        "4.8", money.operating_outlay,
        " + m.ledger.upkeep[n]", "",
        "rule-joint-scrap",
    ),
    Mutation(
        "appropriations bear interest and can be repaid",
        "4.8", money.add,
        '[f for f in m.SOURCE if m.sources[f].kind == "loan"]', "list(m.SOURCE)",
        "finance/rate-of-a-grant",
    ),
    Mutation(
        "debt does not carry over",
        "4.8", money.debt,
        "before + m.draw[f, n]", "m.draw[f, n]",
        "rule-loan-only",
    ),
    # ---- 5, finance
    Mutation(
        "fees are not a cost",
        "5", money.finance,
        "[m.sources[f].fee * m.draw[f, n] for f in m.SOURCE if m.sources[f].fee]", "[]",
        "rule-loan-only",
    ),
    Mutation(
        "the whole interest is a cost, not only what is beyond the discount rate",
        "5", money.finance,
        "m.sources[f].rate - data.instance.discount_rate", "m.sources[f].rate",
        "rule-loan-only",
    ),
    Mutation(
        "interest beyond the discount rate is not a cost",
        "5", money.finance,
        "return fees + [", "return fees + 0 * [",
        "rule-loan-only",
    ),
    # ---- 4.9 allocations
    Mutation(
        "planned spend counts nodes, not probabilities",
        "4.9", allocations.spending,
        "data.probability(n) * term", "term",
        "finance/spend-expected",
    ),
    Mutation(
        "planned spend leaves out what falls due",
        "4.9", allocations.spending,
        "terms += m.ledger.due.get((x, t), ())", "pass",
        "finance/spend-due",
    ),
    Mutation(
        "planned spend is discounted",
        "4.9", allocations.spending,
        "data.probability(n) * term", "data.probability(n) * data.discount(data.period(n)) * term",
        "finance/spend-expected",
    ),
    Mutation(
        "an allocation counts countries passed through",
        "4.9", allocations.selected,
        "m.data.items[x].country in places",
        "{m.data.items[x].country, *m.data.items[x].via} & places",
        "rule-own-country",
    ),
    Mutation(
        "exposure takes the worst country passed through",
        "4.9", allocations.exposure,
        "risk[m.data.items[x].country] for",
        "max(risk[c] for c in (m.data.items[x].country, *m.data.items[x].via)) for",
        "finance/exposure",
    ),
    Mutation(
        "an allocation ignores categories",
        "4.9", allocations.selected,
        "not where.categories or category[x] in where.categories", "True",
        "finance/categories",
    ),
    Mutation(
        "an allocation ignores members",
        "4.9", allocations.selected,
        "not where.members or x in where.members", "True",
        "finance/members",
    ),
    Mutation(
        "an allocation ignores commodities",
        "4.9", allocations.selected,
        "goods is None or made(m.data.items[x]) & goods", "True",
        "rule-allocation-floor",
    ),
    Mutation(
        "a least share is a share of nothing",
        "4.9", allocations.at_least,
        "rule.min_share * m.spent_all", "0.0 * m.spent_all",
        "rule-own-country",
    ),
    Mutation(
        "a largest share is a share of what is left",
        "4.9", allocations.at_most,
        "rule.max_share * m.spent_all", "rule.max_share * (m.spent_all - spend(m, rule.id))",
        "rule-allocation-floor",
    ),
)  # fmt: skip
