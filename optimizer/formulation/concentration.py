r"""Concentration: no few countries supply most of what enters the reserve.

Sets      r in CONCENTRATION (position in risk.concentration), m in COMMODITY it concerns, z in countries of
          what brings m, i in tangents, n in NODE
Data      hhi, u (a direction, of length 1)                                     [1]
Declares  acquired[m,z,n]  what has entered from z, summed along the path over  [units of m, >= 0]
                           calm nodes
Meets     the ledger: what enters the reserve

The rule is a cone: with q the amounts by country at the end of a path, the sum of squared shares is at most
hhi exactly where the length of q is at most the square root of hhi times the sum of q. Here stand its
tangents along the axes (no country alone has more than √hhi); optimizer/cones.py adds those at the points
that the solver finds, until these are as good as inside.
"""

from __future__ import annotations

import math

from models.instance import Project
from optimizer.formulation.base import Formulation, Relation, Term, amounts, rows, total

FEW = 1e-6
"""Relative distance below 1/hhi at which a number of countries counts as too few."""
EVEN = 1e-9
"""Relative distance above 1/hhi up to which a number of countries allows nothing but equal shares."""


def add(m: Formulation) -> None:
    """Declare the running sums and the first tangents; a rule that allows everything has none."""
    data = m.data
    m.concentrations = {r: rule for r, rule in enumerate(data.instance.risk.concentration) if rule.hhi < 1}
    concerned = [
        (r, c) for r, rule in m.concentrations.items() for c in dict.fromkeys(rule.commodities or m.COMMODITY)
    ]
    m.origins = {c: origins(m, c) for c in dict.fromkeys(c for _, c in concerned)}
    running = [(c, z, n) for c, found in m.origins.items() for z in found for n in m.NODE]
    amounts(m, "acquired", running)
    rows(m, "acquired_sum", running, acquired_sum)
    equal = {(r, c) for r, c in concerned if is_even(len(m.origins[c]), m.concentrations[r].hhi)}
    round_ = [pair for pair in concerned if pair not in equal]
    m.tangents = {(r, c): tangents(len(m.origins[c]), m.concentrations[r].hhi) for r, c in round_}
    ends = list(data.tree.leaves())
    first = [(r, c, i, n) for (r, c), u in m.tangents.items() for i in range(len(u)) for n in ends]
    rows(m, "hhi", first, hhi)
    rows(m, "even", [(r, c, z, n) for r, c in sorted(equal) for z in m.origins[c] for n in ends], even)


def origins(m: Formulation, c: str) -> list[str]:
    """Own countries of what may bring a commodity into the reserve."""
    bringing = [
        row.country
        for row in m.data.items.values()
        if (c in row.outputs and row.offtake_share > 0 if isinstance(row, Project) else row.commodity == c)
    ]
    return list(dict.fromkeys(bringing))


def tangents(count: int, limit: float) -> list[tuple[float, ...]]:
    """The axes; where there are too few countries to reach the limit, the middle as well, which says so."""
    axes = [tuple(float(i == j) for j in range(count)) for i in range(count)]
    few = count > 1 and count * limit < 1 - FEW
    return [*axes, (1 / math.sqrt(count),) * count] if few else axes


def is_even(count: int, limit: float) -> bool:
    """Whether nothing but equal shares of all countries is within the limit."""
    return count > 1 and 1 - FEW <= count * limit <= 1 + EVEN


def acquired_sum(m: Formulation, c: str, z: str, n: int) -> Relation:
    r"""What has entered from one country, summed over the path's calm nodes.

    .. math:: acquired_{m,z,n} = acquired_{m,z,pa(n)}
              + [calm_{m,n}] \sum_{x\ of\ z} enters_{x,m,n}

    ``enters`` is what an agreement, offer or project x brings into the reserve; only its own country counts.
    """
    parent = m.data.parent(n)
    before = 0.0 if parent is None else m.acquired[c, z, parent]
    entering = m.ledger.enters[c, n] if m.data.calm(c, n) else []
    terms: list[Term] = [term for x, term in entering if m.data.items[x].country == z]
    return m.acquired[c, z, n] == before + total(m, terms)


def hhi(m: Formulation, r: int, c: str, i: int, leaf: int) -> Relation:
    r"""Along every path, one tangent of the cone.

    .. math:: \sum_z u_{i,z}\,acquired_{m,z,leaf} \le hhi_r^{1/2} \sum_z acquired_{m,z,leaf}

    Length 1, no component below 0: u is an axis here, and q / |q| in the tangents that are added at q.
    """
    limit = math.sqrt(m.concentrations[r].hhi)
    u = m.tangents[r, c][i]
    terms = [(u_z - limit) * m.acquired[c, z, leaf] for u_z, z in zip(u, m.origins[c], strict=True)]
    return total(m, terms) <= 0


def even(m: Formulation, r: int, c: str, z: str, leaf: int) -> Relation:
    r"""Where only equal shares are within the limit, no country has more than its share of all.

    .. math:: countries_m\,acquired_{m,z,leaf} \le \sum_{z'} acquired_{m,z',leaf}

    countries is how many can supply m. In the place of tangents: the cone is a ray, to which they come close
    in many small steps.
    """
    share = 1 / len(m.origins[c])
    terms = [((1.0 if y == z else 0.0) - share) * m.acquired[c, y, leaf] for y in m.origins[c]]
    return total(m, terms) <= 0
