"""Blocks: numbers of one node, enough to write the programme of a path without the template's help."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from optimizer.compile import Arrays
from optimizer.data import Data
from optimizer.keys import Key
from optimizer.template import Block, Template
from tests.optimizer import support
from tests.optimizer.small import SPOT, small
from tests.optimizer.template.alike import assert_alike, plain

BAN = {"kind": "supply", "factor": 0.25, "countries": ["AUS"]}


def ban(probability: float = 1.0, start: int = 0) -> dict[str, object]:
    """A year without three quarters of what comes from AUS."""
    event = {"id": "ban", "start": start, "duration": 1, "effects": [BAN]}
    return {"id": "ban", "probability": probability, "events": [event]}


def programme(template: Template, blocks: list[Block]) -> Arrays:
    """A path of probability 1 from its blocks, by what the docstrings say and nothing else.

    Its node of period t is called t.
    """
    common = template.common
    columns: list[Key] = list(common.columns)
    rows: list[Key] = list(common.rows)
    first_column, first_row = [], []
    for t, block in enumerate(blocks):
        first_column.append(len(columns))
        first_row.append(len(rows))
        columns += [(name, (*index, t)) for name, index in block.layout.columns]
        rows += [(name, (*index, t)) for name, index in block.layout.rows]
    matrix = np.zeros((len(rows), len(columns)))
    matrix[: len(common.rows), : len(common.columns)] = common.matrix.toarray()
    for t, block in enumerate(blocks):
        at, row = block.layout, first_row[t]
        matrix[row + at.own_row, first_column[t] + at.own_column] = block.own
        matrix[row + at.common_row, at.common_column] = block.common
        matrix[at.weighted_row, first_column[t] + at.weighted_column] = block.weighted
        for place, value in enumerate(block.past):
            there = first_column[t - at.past_distance[place]]
            matrix[row + at.past_row[place], there + at.past_column[place]] = value

    def joined(name: str) -> np.ndarray:
        return np.concatenate([getattr(common, name), *(getattr(block, name) for block in blocks)])

    lower, upper = joined("row_lower"), joined("row_upper")
    stand = np.flatnonzero(np.isfinite(lower) | np.isfinite(upper))
    cost, expected = joined("cost"), joined("expected_cost")
    used = np.flatnonzero((matrix != 0).any(axis=0) | (cost != 0) | (expected != 0))
    integer = np.concatenate([common.integer, *(block.layout.integer for block in blocks)])
    return Arrays(
        matrix=sp.csc_array(matrix[np.ix_(stand, used)]),
        cost=cost[used],
        expected_cost=expected[used],
        offset=common.offset,
        lower=joined("lower")[used],
        upper=joined("upper")[used],
        integer=integer[used],
        row_lower=lower[stand],
        row_upper=upper[stand],
        columns=[columns[j] for j in used],
        rows=[rows[i] for i in stand],
    )


@pytest.mark.parametrize("name", ["case-27", "case-33", "rule-loan-only", "rule-joint-scrap", "risk/tail"])
def test_blocks_of_the_undisturbed_path_make_its_programme(name: str) -> None:
    raw = support.case(name).model_copy(update={"scenarios": ()})
    data = Data(raw)
    template = Template(raw)
    assert_alike(programme(template, template.path(data.states)), plain(data), ordered=False)


def test_bounds_and_prices_by_hand() -> None:
    """40 t/year of spot from AUS, of which a quarter is left; 1000 USD/t, tripled."""
    dear = {"kind": "price", "factor": 3.0}
    event = {"id": "ban", "start": 1, "duration": 1, "effects": [BAN, dear]}
    instance = small(spot=[SPOT], scenarios=[{"id": "ban", "probability": 0.5, "events": [event]}])
    data = Data(instance)
    template = Template(instance)
    hit = next(n for n in data.tree.nodes if n.in_force)
    calm, worse = (template.block(1, data.states[n]) for n in (1, hit.id))
    spot = calm.layout.columns.index(("spot", ("ga-spot", 0)))
    tonnes, money = data.units.tonnes["ga"], data.units.money
    assert calm.upper[spot] * tonnes == pytest.approx(40.0)
    assert worse.upper[spot] * tonnes == pytest.approx(10.0)
    price = data.instance.commodities[0].price
    assert isinstance(price, float)
    discount = data.discount(1)
    assert calm.expected_cost[spot] * money / tonnes == pytest.approx(price * discount)
    assert worse.expected_cost[spot] * money / tonnes == pytest.approx(3 * price * discount)


def test_blocks_share_their_layout_and_stack() -> None:
    data = Data(support.case("case-27"))
    template = Template(data.instance)
    template.learn((n.period, data.states[n.id]) for n in data.tree.nodes)
    for t in range(data.periods):
        states = [data.states[n.id] for n in data.tree.nodes if n.period == t]
        stacked = template.blocks(t, states)
        for i, state in enumerate(states):
            block = template.block(t, state)
            assert block.layout is stacked.layout is template.layout(t)
            for name in ("lower", "upper", "cost", "row_lower", "row_upper", "own", "past", "common"):
                assert np.array_equal(getattr(block, name), getattr(stacked, name)[i])


def test_cover_gives_way_after_a_crisis_only_where_the_past_is_told() -> None:
    instance = small(
        scenarios=[ban(0.5, start=0)],
        risk={"cover": [{"commodity": "ga", "days": 30.0, "rebuild_periods": 1}]},
    )
    data = Data(instance)
    template = Template(instance)
    states = [data.states[n] for n in reversed(list(data.tree.path(data.tree.leaf["ban"])))]
    told = template.path(states)
    row = [template.layout(t).rows.index(("cover", (0,))) for t in range(3)]
    assert [bool(np.isfinite(b.row_lower[i])) for b, i in zip(told, row, strict=True)] == [False, False, True]
    assert np.isfinite(template.block(1, states[1]).row_lower[row[1]])


def test_components_by_hand() -> None:
    """handmade: smelter makes gallium and zinc. case by case: who is tied to whom, and what joins them."""
    from tests.optimizer import handmade

    together = Template(handmade.instance())
    assert together.components == [frozenset({"ga", "zn"})]
    apart = Template(handmade.instance(projects=[], agreements=[]))
    assert apart.components == [frozenset({"ga"}), frozenset({"zn"})]
    layout = apart.layout(0)
    number = {key: int(c) for key, c in zip(layout.columns, layout.column_component, strict=True)}
    assert number["release", ("ga",)] == 0
    assert number["release", ("zn",)] == 1
    assert number["cash", ()] == -1
    number = {key: int(c) for key, c in zip(layout.rows, layout.row_component, strict=True)}
    assert number["pool", ("zn",)] == 1
    assert number["cash_balance", ()] == -1
    assert number["depot_capacity", ("vault",)] == -1
