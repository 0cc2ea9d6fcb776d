"""Wrong rules on concentration and chance: model.md §4.14 and §4.15."""

from __future__ import annotations

from optimizer.formulation import chance
from tests.optimizer.mutants.base import Mutation

RULES = (
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
