"""Commitments told apart."""

from __future__ import annotations

from models.plan import Commitments

Keys = frozenset[tuple[str, str, int, str]]
"""Commitments, sizes but for rounding."""


def alike(one: Commitments | None, other: Commitments | None) -> bool:
    """Whether two plans commit to the same, sizes but for rounding."""
    if one is None or other is None:
        return one is other
    return keys_of(one) == keys_of(other)


def keys_of(made: Commitments) -> Keys:
    """What tells commitments apart."""

    def size(value: float) -> str:
        return f"{value:.9g}"

    return frozenset(
        [("agreement", a.id, a.start, size(a.volume)) for a in made.agreements]
        + [("project", k.id, k.start, size(k.capacity)) for k in made.projects]
        + [("depot", d.id, 0, "") for d in made.depots]
    )
