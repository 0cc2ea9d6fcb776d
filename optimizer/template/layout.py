"""What all nodes of one period have in common, and what one node adds to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.instance import Instance
from optimizer.compile import Vector
from optimizer.keys import Key
from optimizer.template.bank import Bank
from optimizer.template.cells import Catalogue, Flags, Integers, Kind, decode
from optimizer.template.components import JOINING
from optimizer.template.standing import waiting


@dataclass(frozen=True)
class Layout:
    """Rows, columns and places of entries at any node of a period; blocks hold the numbers.

    Rows and columns are numbered from 0 within the period. Those that do not exist in some state (sales in a
    crisis, say) are free rows and columns fixed at 0, without entries, there.
    """

    period: int
    columns: list[Key]
    """(name, index without the node)."""
    rows: list[Key]
    integer: Flags
    """By column."""
    column_component: Integers
    """Number in ``Template.components``; -1 for what joins them (money, running sums)."""
    row_component: Integers
    own_row: Integers
    own_column: Integers
    past_row: Integers
    past_distance: Integers
    """Periods back: 1 is the parent."""
    past_column: Integers
    """Column in the layout of period - distance."""
    common_row: Integers
    common_column: Integers
    """Column in ``Template.common``: commitments, what falls due, quantiles, expected spend."""
    weighted_row: Integers
    """Row in ``Template.common``: what holds in expectation."""
    weighted_column: Integers
    likely_columns: Flags
    """Columns that exist only where the probability is above 0."""
    likely_rows: Flags
    waiting_row: Integers
    """Rows that stand only after calm periods (cover)."""
    waiting_commodity: Integers
    """Position of the commodity that must be calm."""
    waiting_periods: Integers
    """How many calm periods in a row, the node's own included; periods before the first count as calm."""


@dataclass(frozen=True)
class Block:
    """The numbers of one node, in the units of its data; as if it had probability 1.

    Vectors by column (lower, upper, cost, expected_cost), by row (row_lower, row_upper;
    infinite both where the row does not stand) and by entry, parallel to the places in ``layout``.
    From ``Template.blocks``: arrays whose first axis is the state.
    """

    layout: Layout
    lower: Vector
    upper: Vector
    cost: Vector
    expected_cost: Vector
    row_lower: Vector
    row_upper: Vector
    own: Vector
    past: Vector
    common: Vector
    weighted: Vector


def lay_out(
    instance: Instance,
    t: int,
    banks: Sequence[Bank],
    known: Catalogue,
    component_of: Mapping[str, int],
    likely: tuple[set[int], set[int]],
) -> Layout:
    """The layout of a period; ``likely``: rows and columns that need a probability above 0."""
    bank = banks[t]
    columns = [known.columns.keys[j] for j in bank.columns]
    rows = [known.rows.keys[i] for i in bank.rows]
    decoded = decode(bank.codes)

    def places(kind: Kind) -> list[Integers]:
        return [part[bank.by_kind[kind]].copy() for part in decoded[1:]]

    row_at, column_at = _place(bank.rows, len(known.rows.keys)), _place(bank.columns, len(known.columns.keys))
    _, own_row, own_column = places(Kind.OWN)
    waiting_row, waiting_commodity, waiting_periods = waiting(instance, rows)
    distance, past_row, past_column = places(Kind.PAST)
    _, common_row, common_column = places(Kind.COMMON)
    _, weighted_row, weighted_column = places(Kind.WEIGHTED)
    for back in np.unique(distance):
        there = _place(banks[t - back].columns, len(known.columns.keys))
        past_column[distance == back] = there[past_column[distance == back]]
    component = np.array([_component(index, component_of) for _, index in columns], dtype=np.int64)
    return Layout(
        period=t,
        columns=columns,
        rows=rows,
        integer=np.isin(bank.columns, list(bank.integer)),
        column_component=component,
        row_component=_of_rows(len(rows), row_at[own_row], component[column_at[own_column]]),
        own_row=row_at[own_row],
        own_column=column_at[own_column],
        past_row=row_at[past_row],
        past_distance=distance,
        past_column=past_column,
        common_row=row_at[common_row],
        common_column=common_column,
        weighted_row=weighted_row,
        weighted_column=column_at[weighted_column],
        likely_columns=np.isin(bank.columns, list(likely[1])),
        likely_rows=np.isin(bank.rows, list(likely[0])),
        waiting_row=waiting_row,
        waiting_commodity=waiting_commodity,
        waiting_periods=waiting_periods,
    )


def _component(index: tuple[object, ...], component_of: Mapping[str, int]) -> int:
    found = [component_of[item] for item in index if isinstance(item, str) and item in component_of]
    return found[0] if found else JOINING


def _place(numbers: Integers, count: int) -> Integers:
    """Place of each number among some, -1 where it is not."""
    result = np.full(count, -1)
    result[numbers] = np.arange(len(numbers))
    return result


def _of_rows(count: int, row: Integers, component: Integers) -> Integers:
    """The component of all columns of a row; -1 if they are of several."""
    least, most = np.full(count, np.iinfo(np.int64).max), np.full(count, JOINING)
    np.minimum.at(least, row, component)
    np.maximum.at(most, row, component)
    return np.where(least == most, most, JOINING)
