"""Wrong rules on concentration and chance: model.md §4.14 and §4.15."""

from __future__ import annotations

from optimizer.formulation import chance, concentration
from tests.optimizer.mutants.base import Mutation

RULES = (
    # ---- 4.14 concentration
    Mutation(
        "the largest index is taken for its square root",
        "4.14", concentration.hhi,
        "math.sqrt(m.concentrations[r].hhi)", "m.concentrations[r].hhi",
        "rules/concentration",
    ),
    Mutation(
        "concentration counts tonnes where it is not calm",
        "4.14", concentration.acquired_sum,
        "if m.data.calm(c, n) else []", "if True else []",
        "rules/concentration-on-each-path",
    ),
    Mutation(
        "concentration is kept in each period, not along the path",
        "4.14", concentration.add,
        "ends = list(data.tree.leaves())", "ends = m.NODE",
        "rules/concentration-along",
    ),
    Mutation(
        "concentration is kept on the undisturbed path only",
        "4.14", concentration.add,
        "ends = list(data.tree.leaves())", "ends = [data.periods - 1]",
        "rules/concentration-on-each-path",
    ),
    Mutation(
        "a rule on concentration without commodities concerns none",
        "4.14", concentration.add,
        "rule.commodities or m.COMMODITY", "rule.commodities",
        "rules/concentration-each",
    ),
    Mutation(
        "a rule on concentration concerns commodities it does not name",
        "4.14", concentration.add,
        "rule.commodities or m.COMMODITY", "m.COMMODITY",
        "rules/concentration-named",
    ),
    Mutation(
        "every country brings everything",
        "4.14", concentration.acquired_sum,
        "if m.data.items[x].country == z", "if True",
        "rules/concentration",
    ),
    Mutation(
        "what projects make comes from nowhere",
        "4.14", concentration.origins,
        "c in row.outputs and row.offtake_share > 0", "False",
        "rules/concentration-project",
    ),
    Mutation(
        "equal shares are larger than equal",
        "4.14", concentration.even,
        "1 / len(m.origins[c])", "1.5 / len(m.origins[c])",
        "rules/concentration-of-three",
    ),
    Mutation(
        "too few countries may bring something",
        "4.14", concentration.is_even,
        "1 - FEW <= count * limit", "0.5 <= count * limit",
        "rules/concentration-too-few",
    ),
    Mutation(
        "a rule on concentration that allows less than everything allows everything",
        "4.14", concentration.add,
        "if rule.hhi < 1", "if rule.hhi < 0.5",
        "rules/concentration",
    ),
    # ---- 4.15 chance
    Mutation(
        "where a chance is not kept, no more than its floor may be missing",
        "4.15", chance.chance,
        "m.chances[r].min_fraction * wanted * m.kept[r, n] <= wanted",
        "m.chances[r].min_fraction * wanted * m.kept[r, n] <= m.chances[r].min_fraction * wanted",
        "rules/chance-part",
    ),
    Mutation(
        "a chance is of all that is demanded, whatever its floor",
        "4.15", chance.chance,
        "m.chances[r].min_fraction * wanted * m.kept", "wanted * m.kept",
        "rules/chance-part",
    ),
    Mutation(
        "a chance is kept by an industry that is cut altogether",
        "4.15", chance.chance_industry,
        "m.chances[r].min_fraction * m.kept", "0.0 * m.kept",
        "rules/chance-industry",
    ),
    Mutation(
        "a chance is of all output, whatever its floor",
        "4.15", chance.chance_industry,
        "m.chances[r].min_fraction * m.kept", "m.kept",
        "rules/chance-industry",
    ),
    Mutation(
        "a chance counts scenarios, not their probability",
        "4.15", chance.chance_reached,
        "p * m.kept[r, leaf]", "1.0 * m.kept[r, leaf]",
        "rules/chance",
    ),
    Mutation(
        "a chance has to be reached in all scenarios together",
        "4.15", chance.chance_reached,
        "m.chances[r].probability - SAME", "1.0 - SAME",
        "rules/chance-anyway",
    ),
    Mutation(
        "a chance may be kept by half",
        "4.15", chance.add,
        "pyo.UnitInterval if data.tree.children.get(n) else pyo.Binary", "pyo.UnitInterval",
        "rules/chance",
    ),
    Mutation(
        "what is missing before the end breaks no chance",
        "4.15", chance.kept_before,
        "m.kept[r, n] <= m.kept[r, m.data.parent(n)]", "m.kept[r, n] <= 1.0",
        "rules/chance",
    ),
)  # fmt: skip
