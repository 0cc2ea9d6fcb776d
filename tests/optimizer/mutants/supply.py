"""Wrong commitments, contracts, spot and projects: model.md §4.1 to §4.4."""

from __future__ import annotations

from optimizer.data import Data
from optimizer.formulation import commit, contracts, projects, spot
from tests.optimizer.mutants.base import Mutation

SUPPLY = (
    # ---- 4.1 commit
    Mutation(
        "a required project counts from the start of building, not of operation",
        "4.1", commit.operating_by,
        "s + lead <= t", "s <= t",
        "rule-plant-first",
    ),
    Mutation(
        "a required project with capacity to build and some already counts as operating",
        "4.1", commit.needs_build,
        "if m.data.projects[k].capacity]",
        "if m.data.projects[k].capacity and not m.data.projects[k].existing_capacity]",
        "supply/expansion-required",
    ),
    Mutation(
        "a project may start building only once the required one operates",
        "4.1", commit.build_requires,
        "s + m.data.lead(m.data.projects[k])", "s",
        "supply/project-requires",
    ),
    Mutation(
        "opened depots do not count in choices",
        "4.1", commit.chosen,
        "[m.open[d] for d in m.OPTIONAL if d in wanted]", "[]",
        "supply/choice-of-depot",
    ),
    Mutation(
        "projects do not count in choices",
        "4.1", commit.chosen,
        "[m.build[key] for key in m.BUILDING if key[0] in wanted]", "[]",
        "supply/choice-of-project",
    ),
    Mutation(
        "all capex falls due at the start",
        "4.8", commit.spend_shares,
        "(1.0 / spread,) * spread", "(1.0,)",
        "supply/capex-spread",
    ),
    Mutation(
        "the spend profile is ignored",
        "4.8", commit.spend_shares,
        "k.spend_profile or ", "",
        "rule-plant-first",
    ),
    Mutation(
        "capex beyond the horizon is forgotten",
        "4.8", commit.spend_shares,
        "t = min(start + i, m.data.periods - 1)\n",
        "t = min(start + i, m.data.periods - 1)\n        share *= start + i < m.data.periods\n",
        "supply/capex-beyond",
    ),
    Mutation(
        "public_share of the fixed capex is ignored",
        "4.8", commit.falls_due,
        "data.usd(project.capex_fixed) * project.public_share", "data.usd(project.capex_fixed)",
        "rule-supported-plant",
    ),
    Mutation(
        "public_share of the capex per unit is ignored",
        "4.8", commit.falls_due,
        "data.per_activity(k, project.capex_per_unit) * project.public_share",
        "data.per_activity(k, project.capex_per_unit)",
        "rule-supported-plant",
    ),
    Mutation(
        "signing costs nothing",
        "4.8", commit.falls_due,
        "if agreement.signing_cost:", "if False:",
        "rule-loan-only",
    ),
    Mutation(
        "prepayments cost nothing",
        "4.8", commit.falls_due,
        "if agreement.prepayment:", "if False:",
        "supply/signing",
    ),
    Mutation(
        "opening a depot costs nothing",
        "4.8", commit.falls_due,
        "if data.depots[d].opening_cost:", "if False:",
        "supply/choice-of-depot",
    ),
    # ---- 4.2 contracts
    Mutation(
        "an agreement lasts one period longer",
        "4.2", contracts.running,
        "s <= t < s + m.data.term(agreement)", "s <= t <= s + m.data.term(agreement)",
        "supply/term",
    ),
    Mutation(
        "an agreement may last no period at all",
        "4.2", (Data, "term"),
        "max(1, self.in_periods(a.term_years))", "self.in_periods(a.term_years)",
        "supply/short-term",
    ),
    Mutation(
        "the ramp of an agreement is not applied",
        "4.2", contracts.volume_now,
        "data.by_year(agreement.ramp, t, s) * ", "",
        "world/half-years",
    ),
    Mutation(
        "a supplier delivers whatever happens",
        "4.2", contracts.volume_now,
        'data.avail("agreements", a, n) * ', "",
        "rule-selectors",
    ),
    Mutation(
        "take-or-pay is owed even where the supplier cannot deliver",
        "4.2", contracts.take_or_pay,
        "theta * volume_now(m, a, n)",
        "theta * m.data.years_per_period * total(m, (m.volume[a, s] for s in "
        "running(m, a, m.data.period(n))))",
        "supply/take-or-pay",
    ),
    Mutation(
        "what is paid without being taken has no limit",
        "4.2", contracts.contracted,
        "paid.append(m.untaken[a, n])", "pass",
        "supply/paid-for-nothing",
    ),
    Mutation(
        "untaken tonnes are free",
        "4.8", contracts.add,
        "ledger.spend[a, n].append(price * m.untaken[a, n])", "pass",
        "rule-index-corridor",
    ),
    Mutation(
        "all that an agreement delivers is additional",
        "4.7", contracts.add,
        "if agreement.additional < 1:", "if False:",
        "supply/not-additional",
    ),
    Mutation(
        "what an agreement delivers carries no emissions",
        "4.13", contracts.add,
        "if agreement.emissions:", "if False:",
        "rule-emissions-cap",
    ),
    Mutation(
        "the floor of an index price is ignored",
        "4.8", (Data, "unit_price"),
        "if a.price.floor is not None:", "if False:",
        "rule-index-corridor",
    ),
    Mutation(
        "the ceiling of an index price is ignored",
        "4.8", (Data, "unit_price"),
        "if a.price.ceiling is not None:", "if False:",
        "rule-index-corridor",
    ),
    Mutation(
        "an index price does not follow price effects",
        "4.8", (Data, "unit_price"),
        "self.price(a.commodity, n)", "self.reference(a.commodity, t)",
        "rule-index-corridor",
    ),
    Mutation(
        "the premium of an index price is ignored",
        "4.8", (Data, "unit_price"),
        " * (1.0 + a.price.premium)", "",
        "supply/index",
    ),
    # ---- 4.3 spot
    Mutation(
        "spot offers stand whatever happens",
        "4.3", (Data, "spot_limit"),
        ' * self.avail("spot", o.id, n)', "",
        "rule-selectors",
    ),
    Mutation(
        "spot premiums are ignored",
        "4.8", (Data, "spot_price"),
        " * (1.0 + o.tiers[tier].premium)", "",
        "rule-cash-and-substitute",
    ),
    Mutation(
        "spot prices do not follow price effects",
        "4.8", (Data, "spot_price"),
        "self.price(o.commodity, n)", "self.reference(o.commodity, self.period(n))",
        "rule-cash-and-substitute",
    ),
    Mutation(
        "all that is bought spot is additional",
        "4.7", spot.add,
        "if offer.additional < 1:", "if False:",
        "supply/spot-not-additional",
    ),
    Mutation(
        "what is bought spot carries no emissions",
        "4.13", spot.add,
        "if offer.emissions:", "if False:",
        "supply/emissions",
    ),
    # ---- 4.4 projects
    Mutation(
        "a project operates from the start of building",
        "4.4", projects.operating_starts,
        "s + m.data.lead(project) <= t", "s <= t",
        "rule-joint-scrap",
    ),
    Mutation(
        "the ramp of a project runs from the start of building",
        "4.4", projects.able,
        "data.by_year(project.ramp, t, s + lead)", "data.by_year(project.ramp, t, s)",
        "rule-plant-first",
    ),
    Mutation(
        "existing capacity is forgotten",
        "4.4", projects.able,
        "return there + sum(", "return sum(",
        "supply/emissions",
    ),
    Mutation(
        "projects run whatever happens",
        "4.4", projects.able,
        'data.avail("projects", k, n) * ', "",
        "world/any-output",
    ),
    Mutation(
        "a project that must run may idle",
        "4.4", projects.run_must,
        "m.run[k, n] == able(m, k, n)", "m.run[k, n] <= able(m, k, n)",
        "rule-supported-plant",
    ),
    Mutation(
        "the agency brings all inputs",
        "4.5", projects.record,
        "share * data.uses(k, c)", "data.uses(k, c)",
        "rule-plant-first",
    ),
    Mutation(
        "the agency receives all outputs",
        "4.5", projects.record,
        "share * data.yields(k, c)", "data.yields(k, c)",
        "rule-plant-first",
    ),
    Mutation(
        "the agency pays all the opex",
        "4.8", projects.record,
        "cost = share * data.per_activity", "cost = data.per_activity",
        "rule-plant-first",
    ),
    Mutation(
        "what owners make reaches nobody",
        "4.7", projects.record,
        "if share < 1:", "if False:",
        "rule-plant-first",
    ),
    Mutation(
        "support is paid on all tonnes, the agency's too",
        "4.8", projects.record,
        "max(0.0, below) * owners_tonnes(m, k, k.support.commodity)",
        "max(0.0, below) * data.yields(k, k.support.commodity)",
        "rule-supported-plant",
    ),
    Mutation(
        "support is measured from the price without effects",
        "4.8", projects.record,
        "data.price(k.support.commodity, n)", "data.reference(k.support.commodity, data.period(n))",
        "rule-supported-plant",
    ),
    Mutation(
        "the agency receives the whole upside",
        "4.8", projects.upside_share,
        "support.upside_share * ", "",
        "supply/upside",
    ),
    Mutation(
        "the cap on the upside is ignored",
        "4.8", projects.upside_limit,
        "return None if cap is None else", "return None if True else",
        "rule-supported-plant",
    ),
    Mutation(
        "the cap on the upside is per period, not per year",
        "4.8", projects.upside_limit,
        " * m.data.years_per_period", "",
        "supply/upside",
    ),
    Mutation(
        "project activity carries no emissions",
        "4.13", projects.record,
        "if k.emissions:", "if False:",
        "supply/emissions",
    ),
)  # fmt: skip
