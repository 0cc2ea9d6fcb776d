"""Dealing subproblems out changes nothing of what they answer, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest

from optimizer.decompose.pools.shards import RUN, deal, shard, together
from optimizer.highs.spans import positions
from tests.optimizer.decompose.pools.asking import allowed, bits, oracle, points


@pytest.mark.parametrize("count", [1, 2, 3, 100])
def test_every_subproblem_is_dealt_once_and_none_gets_far_more_than_its_part(count: int) -> None:
    whole = allowed()
    s = whole.whole.subproblems
    which = deal(whole, count)
    assert len(which) == min(count, s.count)
    assert sorted(np.concatenate(which).tolist()) == list(range(s.count))
    entries = np.diff(s.matrix.indptr[s.column_start]) + RUN
    loads = [int(entries[one].sum()) for one in which]
    # Largest first, each where there is least: what is on top was put there last, on the lowest.
    assert max(loads) - min(loads) <= entries.max()


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize(
    "name", ["rule-unknown-length", "rule-allocation-floor", "case-21", "case-21 at 0.6"]
)
def test_shards_together_answer_as_the_whole_does(name: str, count: int) -> None:
    whole = allowed(name)
    which = deal(whole, count)
    here, parts = oracle(whole), [oracle(shard(whole, one)) for one in which]
    for y in points(whole, 6):
        for exact in (False, True):
            heard = here.ask(y, exact)
            assert bits(together(which, [part.ask(y, exact) for part in parts])) == bits(heard)
    x = np.empty(len(whole.low))
    here.keep()
    for one, part in zip(which, parts, strict=True):
        part.keep()
        x[positions(whole.whole.subproblems.column_start, one)] = part.kept()
    assert x.tobytes() == here.kept().tobytes()
    assert here.iterations == sum(part.iterations for part in parts)


def test_at_the_points_above_there_are_plans_and_none() -> None:
    whole = allowed("rule-unknown-length")
    here = oracle(whole)
    strays, feasible = [], []
    for y in points(whole, 6):
        strays.append(np.diff(here.ask(y).astray.indptr) > 0)
        feasible.append(here.ask(y, exact=True).feasible)
    # Those that answer for another point are those without a plan at this one.
    assert np.concatenate(strays).any()
    assert not np.concatenate(strays).all()
    assert (np.concatenate(strays) == ~np.concatenate(feasible)).all()
