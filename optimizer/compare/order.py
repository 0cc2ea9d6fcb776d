"""In which order alternatives are solved, so that each has neighbours to learn from.

Alternatives of one kind that limit each other form a family: the one that allows most is solved first, then
the strictest, then the middle of every stretch between two that are done. What one is told depends on
earlier rounds alone, never on how many processes there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from models.alternatives import Alternative
from optimizer.compare.limits import allows, kind


@dataclass
class Order:
    """Alternatives by position, with their kinds, families and rounds."""

    alternatives: Sequence[Alternative]
    kinds: list[str] = field(init=False)
    allows: list[list[bool]] = field(init=False)
    """[lax][strict]: of one kind and objective, and lax allows all that strict does."""
    families: list[list[int]] = field(init=False)
    """Those that allow most come first."""
    rounds: list[list[int]] = field(init=False)

    def __post_init__(self) -> None:
        every = range(len(self.alternatives))
        self.kinds = [kind(a.rules) for a in self.alternatives]
        self.allows = [
            [
                self.kinds[i] == self.kinds[j] and allows(self.alternatives[i], self.alternatives[j])
                for j in every
            ]
            for i in every
        ]
        self.families = self._families()
        self.rounds = self._rounds()

    def _families(self) -> list[list[int]]:
        family = list(range(len(self.alternatives)))
        for i in family[:]:
            for j in range(i):
                if (self.allows[i][j] or self.allows[j][i]) and family[i] != family[j]:
                    old, new = max(family[i], family[j]), min(family[i], family[j])
                    family = [new if f == old else f for f in family]
        found = [[i for i, f in enumerate(family) if f == first] for first in dict.fromkeys(family)]
        return [sorted(members, key=lambda i: (-sum(self.allows[i]), i)) for members in found]

    def _rounds(self) -> list[list[int]]:
        rounds: list[list[int]] = []
        for members in self.families:
            for number, positions in enumerate(bisected(len(members))):
                if number == len(rounds):
                    rounds.append([])
                rounds[number] += [members[p] for p in positions]
        return [sorted(members) for members in rounds]

    def neighbours(self, i: int, done: set[int]) -> list[int]:
        """Those of the family that are done: the nearest that comes before, and the nearest after."""
        members = next(members for members in self.families if i in members)
        at = members.index(i)
        before = [j for j in reversed(members[:at]) if j in done]
        after = [j for j in members[at + 1 :] if j in done]
        return [*before[:1], *after[:1]]


def bisected(count: int) -> list[list[int]]:
    """Positions round by round: the first, the last, and then the middle of every stretch.

    >>> bisected(6)
    [[0], [5], [2], [1, 3], [4]]
    """
    rounds = [[0]] if count else []
    if count > 1:
        rounds.append([count - 1])
    stretches = [(0, count - 1)]
    while stretches := [(a, b) for a, b in stretches if b - a > 1]:
        rounds.append([(a + b) // 2 for a, b in stretches])
        stretches = [part for a, b in stretches for part in ((a, (a + b) // 2), ((a + b) // 2, b))]
    return rounds
