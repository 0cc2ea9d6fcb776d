"""What a decomposition has learnt about a programme, as arrays: another process can go on with it.

All of it is fact about that programme and no other: cuts hold, bounds are proven, whoever uses them. Only the
plan itself is not here but a point of the master at which the subproblems find it again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from optimizer.compile import Vector
from optimizer.decompose.implied import Box
from optimizer.decompose.split import Split
from optimizer.highs.growing import STATUSES

FORM = 1
"""Of cuts and points: to be raised whenever the same pieces come to be solved in other columns or groups."""
Parts = Mapping[str, NDArray[np.generic]]


@dataclass(frozen=True)
class Cuts:
    """A pool of cuts: rows·(y, θ) ≥ right, scaled as the master holds them."""

    rows: sp.csr_array
    right: Vector
    group: NDArray[np.int64]
    """By cut: its group, -1 for cuts of feasibility."""
    status: NDArray[np.int8]
    """By cut: that of its row in a basis of the master (:meth:`optimizer.highs.growing.Basis.codes`)."""
    columns: NDArray[np.int8]
    """Likewise of columns y, θ; none where there is no basis."""
    own: NDArray[np.int8]
    """Likewise of the master's own rows."""


@dataclass(frozen=True)
class Open:
    """A tree of branch and bound: what is still to be looked at, and what is known of the rest."""

    bounds: Vector
    """By open node: no plan there is below."""
    lower: Vector
    """Nodes × decisions."""
    upper: Vector
    taken: NDArray[np.bool_]
    """Nodes × packs: those that have to be 1."""
    given_up: float
    """No plan in any part of the tree that was given up is below this."""
    settled: Vector
    """Sets of decisions × decisions."""
    settled_bounds: Vector
    """By set: no plan with it is below."""
    gains: Vector
    """Observed, one a row: pack, member, side, gain (:class:`optimizer.decompose.branching.Gains`)."""


@dataclass(frozen=True)
class Learnt:
    """Where a decomposition stands. Objective and bound in the units of the arrays."""

    programme: str
    """:func:`digest` of the programme."""
    decisions: Vector | None
    """Of the incumbent, in the order of the integer columns of the arrays."""
    objective: float
    """inf without an incumbent."""
    bound: float
    """No plan is below."""
    nodes: int
    """Branched on so far."""
    cuts: Cuts
    beyond: Vector
    """Fines (:class:`optimizer.decompose.allowance.Fines`)."""
    astray: Vector
    centre: Vector | None
    """The best point of the relaxation, columns of the master."""
    plan: Vector | None
    """Likewise of the incumbent."""
    tree: Open | None
    """None while the relaxation is being solved."""

    def parts(self) -> dict[str, NDArray[np.generic]]:
        """Arrays by name; what :meth:`of` is told besides is left out."""
        rows = self.cuts.rows
        found: dict[str, NDArray[np.generic]] = {
            "cut_values": rows.data,
            "cut_columns": rows.indices.astype(np.int32),
            "cut_starts": rows.indptr.astype(np.int64),
            "cut_width": np.array(rows.shape[1]),
            "cut_right": self.cuts.right,
            "cut_group": self.cuts.group.astype(np.int32),
            "cut_status": self.cuts.status,
            "basis_columns": self.cuts.columns,
            "basis_rows": self.cuts.own,
            "beyond": self.beyond,
            "astray": self.astray,
        }
        for name, point in (("centre", self.centre), ("plan", self.plan)):
            if point is not None:
                found[name] = point
        if self.tree is not None:
            found |= {
                f"tree_{field.name}": np.asarray(getattr(self.tree, field.name)) for field in fields(Open)
            }
        return found

    @classmethod
    def of(
        cls,
        parts: Parts,
        *,
        programme: str,
        decisions: Vector | None,
        objective: float,
        bound: float,
        nodes: int,
    ) -> Learnt:
        """The other way round. Raises ValueError where the arrays do not belong together."""
        missing = [name for name in ("cut_values", "cut_starts", "beyond", "astray") if name not in parts]
        if missing:
            raise ValueError(f"there is no {missing[0]}.")
        tree = None
        if "tree_bounds" in parts:
            tree = Open(
                _numbers(parts, "tree_bounds"), _numbers(parts, "tree_lower"), _numbers(parts, "tree_upper"),
                parts["tree_taken"].astype(bool), float(_numbers(parts, "tree_given_up")),
                _numbers(parts, "tree_settled"), _numbers(parts, "tree_settled_bounds"),
                _numbers(parts, "tree_gains"),
            )  # fmt: skip
            _check_tree(tree)
        return cls(
            programme,
            decisions,
            objective,
            bound,
            nodes,
            _cuts(parts),
            _numbers(parts, "beyond"),
            _numbers(parts, "astray"),
            _numbers(parts, "centre") if "centre" in parts else None,
            _numbers(parts, "plan") if "plan" in parts else None,
            tree,
        )


def _numbers(parts: Parts, name: str) -> Vector:
    values = parts[name].astype(float)
    if np.isnan(values).any():
        raise ValueError(f"{name} holds what is no number.")
    return values


def _cuts(parts: Parts) -> Cuts:
    starts, right = parts["cut_starts"].astype(np.int64), _numbers(parts, "cut_right")
    shape = len(right), int(parts["cut_width"])
    rows = sp.csr_array(
        (_numbers(parts, "cut_values"), parts["cut_columns"].astype(np.int32), starts), shape=shape
    )
    rows.check_format(full_check=True)
    group = parts["cut_group"].astype(np.int64)
    status, columns, own = (_codes(parts, name) for name in ("cut_status", "basis_columns", "basis_rows"))
    if not len(group) == len(status) == len(right) or len(columns) not in (0, shape[1]):
        raise ValueError("cuts and their groups do not belong together.")
    if not (np.isfinite(rows.data).all() and np.isfinite(right).all()):
        raise ValueError("a cut is not finite.")
    return Cuts(rows, right, group, status, columns, own)


def _codes(parts: Parts, name: str) -> NDArray[np.int8]:
    codes = parts[name].astype(np.int8)
    if ((codes < 0) | (codes >= len(STATUSES))).any():
        raise ValueError(f"{name} holds what is no status.")
    return codes


def _check_tree(tree: Open) -> None:
    shape = len(tree.bounds), tree.settled.shape[-1]
    if not (
        tree.lower.shape == tree.upper.shape == shape
        and tree.taken.ndim == 2
        and len(tree.taken) == len(tree.bounds)
        and tree.settled.shape == (len(tree.settled_bounds), shape[1])
        and tree.gains.shape[1:] == (4,)
    ):
        raise ValueError("open nodes and their bounds do not belong together.")


def digest(whole: Split, box: Box, groups: int) -> str:
    """SHA-256 of a programme in pieces: the same digest, the same programme to the last bit."""
    found = hashlib.sha256(f"{FORM} {groups}".encode())
    for name, value in (("whole", whole), ("box", box)):
        _add(found, name, value)
    return found.hexdigest()


def _add(found: hashlib._Hash, name: str, value: object) -> None:
    """Take everything in, dataclasses field by field. Raises TypeError at what it does not know."""
    if is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            _add(found, f"{name}.{field.name}", getattr(value, field.name))
    elif isinstance(value, list | tuple):
        for i, item in enumerate(value):
            _add(found, f"{name}.{i}", item)
    elif isinstance(value, sp.csr_array | sp.csc_array):
        _add(found, f"{name} {type(value).__name__} {value.shape}", (value.data, value.indices, value.indptr))
    elif isinstance(value, np.ndarray) and value.dtype != object:
        found.update(f"\n{name} {value.dtype.str} {value.shape}\n".encode())
        found.update(np.ascontiguousarray(value).data)
    elif value is None or isinstance(value, int | float | str):
        found.update(f"\n{name} {value!r}\n".encode())
    else:
        raise TypeError(f"{name} is a {type(value).__name__}, which no digest knows.")
