"""Wrong trees, effects and numbers: model.md §1 and §2."""

from __future__ import annotations

from optimizer import tree
from optimizer.data import Data
from optimizer.states import Selector
from tests.optimizer.mutants.base import Mutation

WORLD = (
    # ---- §2: what is known when
    Mutation(
        "foresight: each scenario is known from the first period",
        "2", tree.unfold,
        "in_force: list[list[EffectKey]] = [[] for _ in range(periods)]",
        "marker = Effect(kind='demand', factor=1.0, segments=(scenario.id,)); key = effect_key(marker); "
        "effects[key] = marker; in_force = [[key] for _ in range(periods)]",
        "rule-unknown-length",
    ),
    Mutation(
        "the length of an event is known when it starts",
        "2", tree.unfold,
        "in_force[period].append(key)",
        "marker = Effect(kind='demand', factor=1.0, segments=(str(event.duration),)); "
        "effects[effect_key(marker)] = marker; in_force[period] += [key, effect_key(marker)]",
        "rule-unknown-length",
    ),
    Mutation(
        "scenarios are told apart by what is in force now, not by what has been",
        "2", tree.grow,
        "at = known.get((parent, in_force))",
        "at = next((n.id for n in nodes if n.period == period and n.in_force == in_force), None)",
        "rule-unknown-length",
    ),
    Mutation(
        "effects in force are a set: the same effect twice counts once",
        "2", tree.unfold,
        "tuple(sorted(keys))", "tuple(sorted(set(keys)))",
        "rule-twice-the-same",
    ),
    Mutation(
        "the same effect written in another order of names is another effect",
        "2", tree.effect_key,
        "tuple(sorted(set(names)))", "tuple(names)",
        "world/order-of-names",
    ),
    Mutation(
        "the probability left over by the scenarios is forgotten",
        "2", tree.grow,
        "left_over = 1.0 - sum(scenario.probability for scenario in instance.scenarios)", "left_over = 0.0",
        "rule-calm",
    ),
    Mutation(
        "an event lasts one period longer",
        "2", tree.unfold,
        "event.start + event.duration, periods", "event.start + event.duration + 1, periods",
        "rule-share-via",
    ),
    # ---- §1: effects at a node
    Mutation(
        "a supply effect ignores via",
        "1", (Selector, "supply"),
        " or any(c in places for c in via)", "",
        "rule-share-via",
    ),
    Mutation(
        "effects in force together do not multiply, the last one holds",
        "1", (Selector, "state"),
        "factors[table][hit] *= effect.factor", "factors[table][hit] = effect.factor",
        "world/effects-multiply",
    ),
    Mutation(
        "price effects are ignored",
        "1", (Selector, "state"),
        'factors["price"][self.price(effect)] *= effect.factor', "pass",
        "rule-index-corridor",
    ),
    Mutation(
        "a price effect ignores the commodities it names",
        "1", (Selector, "price"),
        "goods is None or c.id in goods", "True",
        "rule-allocation-floor",
    ),
    Mutation(
        "an effect that names members hits market rows",
        "1", (Selector, "supply"),
        'open_to("market") and not members and', 'open_to("market") and',
        "rule-selectors",
    ),
    Mutation(
        "an effect that names members hits every spot offer",
        "1", (Selector, "supply"),
        'open_to("spot") and member(r.id) and', 'open_to("spot") and',
        "world/members",
    ),
    Mutation(
        "channels are ignored",
        "1", (Selector, "supply"),
        "return not channels or channel in channels", "return True",
        "rule-share-via",
    ),
    Mutation(
        "a supply effect that names a material closes depots",
        "1", (Selector, "supply"),
        "(not channels and goods is None)", "not channels",
        "rule-selectors",
    ),
    Mutation(
        "groups are ignored where countries are named",
        "1", (Selector, "countries"),
        "named = set(countries).union(*(self.countries_of.get(g, set()) for g in groups))",
        "named = set(countries) or set().union(*(self.countries_of.get(g, set()) for g in groups))",
        "world/unions",
    ),
    Mutation(
        "materials are ignored where commodities are named",
        "1", (Selector, "commodities"),
        "named = set(commodities) | {", "named = set(commodities) or {",
        "world/unions",
    ),
    Mutation(
        "a project is selected by its first output only",
        "1", (Selector, "supply"),
        "good(*r.outputs)", "good(next(iter(r.outputs)))",
        "world/any-output",
    ),
    Mutation(
        "a demand effect that names a commodity hits industries",
        "1", (Selector, "demand"),
        "industries = [goods is None and", "industries = [",
        "rule-surge",
    ),
    Mutation(
        "a demand effect ignores segments",
        "1", (Selector, "demand"),
        "not segments or q.segment in segments", "True",
        "rule-surge",
    ),
    Mutation(
        "a demand effect leaves the output of an industry as it is",
        "1", (Data, "output"),
        " * self.industry_factor(j, n)", "",
        "rule-surge",
    ),
    Mutation(
        "a demand effect leaves the needs of an industry as they are",
        "1", (Data, "needs"),
        " * self.industry_factor(j, n)", "",
        "rule-surge",
    ),
    # ---- §1: calm
    Mutation(
        "calm ignores prices",
        "1", (Selector, "state"),
        'hit = factors["price"] != 1', 'hit = factors["price"] < 0',
        "world/calm-price",
    ),
    Mutation(
        "calm ignores spot offers",
        "1", (Selector, "concerns"),
        '"spot": matrix([{r.commodity} for r in i.spot])', '"spot": matrix([set() for r in i.spot])',
        "rule-calm",
    ),
    Mutation(
        "calm ignores market rows",
        "1", (Selector, "concerns"),
        '"market": matrix([{r.commodity} for r in i.market])', '"market": matrix([set() for r in i.market])',
        "world/calm-market",
    ),
    Mutation(
        "calm ignores agreements",
        "1", (Selector, "concerns"),
        '"agreements": matrix([{r.commodity} for r in i.agreements])',
        '"agreements": matrix([set() for r in i.agreements])',
        "world/calm-agreement",
    ),
    Mutation(
        "calm ignores demand",
        "1", (Selector, "concerns"),
        '"demand": matrix([{r.commodity} for r in i.demand])', '"demand": matrix([set() for r in i.demand])',
        "world/calm-demand",
    ),
    Mutation(
        "calm ignores the projects that make the commodity",
        "1", (Selector, "concerns"),
        "matrix([set(r.outputs) for r in i.projects])", "matrix([set() for r in i.projects])",
        "world/calm-project",
    ),
    Mutation(
        "calm ignores the industries that need the commodity",
        "1", (Selector, "concerns"),
        "matrix([set(r.needs) for r in i.industries])", "matrix([set() for r in i.industries])",
        "world/calm-industry",
    ),
    # ---- §4, opening lines: years and periods
    Mutation(
        "years become periods by cutting off",
        "4", (Data, "in_periods"),
        " + 0.5", "",
        "world/half-a-period",
    ),
    Mutation(
        "half a period is rounded to the even number",
        "4", (Data, "in_periods"),
        "math.floor(years / self.years_per_period + 0.5)", "round(years / self.years_per_period)",
        "world/half-a-period",
    ),
    Mutation(
        "a ramp goes by period, not by year",
        "4", (Data, "by_year"),
        "(t - first) * self.years_per_period + 1e-9", "t - first",
        "world/half-years",
    ),
    Mutation(
        "a ramp starts again after its last value",
        "4", (Data, "by_year"),
        "ramp[min(year, len(ramp) - 1)]", "ramp[year % len(ramp)]",
        "supply/ramp-lasts",
    ),
    Mutation(
        "discounting ignores the length of a period",
        "2", (Data, "discount"),
        "(-t * self.years_per_period)", "-t",
        "rule-unknown-length",
    ),
    Mutation(
        "rates are taken per period, not per year",
        "1", (Data, "rate"),
        " * self.years_per_period", "",
        "rule-unknown-length",
    ),
)  # fmt: skip
