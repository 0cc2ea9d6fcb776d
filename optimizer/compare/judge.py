"""What a plan's commitments are worth under the rules and the objective of other alternatives."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from models.alternatives import Alternative
from models.options import Options
from models.plan import Commitments
from optimizer.compare.base import Base
from optimizer.compare.bench import Bench, Stopped
from optimizer.compare.limits import allows
from optimizer.progress import Progress


@dataclass(frozen=True)
class Judge:
    """One plan's commitments under several alternatives of one kind, operations found anew in each."""

    name: str
    """Of the plan's own alternative."""
    explained: bool
    """Whether to look for the rules that the commitments break, where they cannot be met: the two
    alternatives are of different kinds, so that comparing their limits would not say."""
    made: Commitments
    by: tuple[Alternative, ...]
    kind: str
    options: Options

    def run(
        self, base: Base, stop: threading.Event, tell: Callable[[Progress], None] | None
    ) -> dict[str, float | str]:
        """USD by alternative; where the commitments cannot meet its rules, the reason as far as it was asked
        for. Empty if it was stopped."""
        if tell is not None:
            tell(Progress("judge", 0.0))
        found: dict[str, float | str] = {}
        bench: Bench | None = None
        try:
            for alternative in self.by:
                if stop.is_set():
                    return {}
                lost = (a for a in self.by if found.get(a.name) == "")
                if not self.explained and any(allows(lax, alternative) for lax in lost):
                    found[alternative.name] = ""  # not even what allows more can be met
                    continue
                if bench is None:
                    bench = Bench(base, alternative, self.options, stop)
                else:
                    bench.become(alternative)
                outcome = bench.worth(self.made, sizes=True)
                if outcome is not None:
                    found[alternative.name] = outcome.objective * base.units.money
                else:
                    found[alternative.name] = bench.reason(self.made) if self.explained else ""
        except Stopped:
            return {}
        return found
