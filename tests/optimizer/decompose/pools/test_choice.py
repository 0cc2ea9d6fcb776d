"""Which pool a word names."""

from __future__ import annotations

import sys
from contextlib import closing

import pytest

from models.faults import PoolFailed, UnknownPool
from models.options import Options
from optimizer.decompose.pools import FEW, MANY, check, opened
from optimizer.decompose.pools.sharded import Sharded
from optimizer.decompose.pools.threads import Threads
from optimizer.highs.solver import CORES
from optimizer.solve import solve
from tests.optimizer import support


@pytest.mark.parametrize("word", ["auto", "threads", "processes", "ray", "ray:host:6379", "ray://host:10001"])
def test_pools_there_are(word: str) -> None:
    check(word)


@pytest.mark.parametrize("word", ["", "Threads", "process", "ray:", "ray://", "http://host", "rays"])
def test_a_pool_that_is_not_there_is_told_before_anything_is_done(word: str) -> None:
    with pytest.raises(UnknownPool, match="there are auto, threads, processes"):
        solve(support.case("rule-calm"), Options(method="decompose"), pool=word)


@pytest.mark.parametrize(("subproblems", "threads"), [(MANY - 1, FEW + 1), (MANY, FEW), (1, 0)])
def test_few_subproblems_or_cores_stay_in_this_process(subproblems: int, threads: int) -> None:
    assert isinstance(opened("auto", subproblems, threads), Threads)


def test_many_go_to_processes_unless_the_machine_is_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CORES, raising=False)
    with closing(opened("auto", MANY, FEW + 1)) as pool:
        assert isinstance(pool, Sharded)
        assert pool.words == f"in {FEW + 1} processes"
    monkeypatch.setenv(CORES, "3")
    assert isinstance(opened("auto", MANY, FEW + 1), Threads)


def test_without_ray_a_pool_of_its_actors_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "optimizer.decompose.pools.cluster", raising=False)
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(PoolFailed, match=r"pip install 'stockpile\[cluster\]'"):
        opened("ray", 10, 0)


def test_no_client_of_the_service_names_a_pool() -> None:
    # An address in it would be connected to from the server.
    assert "pool" not in Options.model_fields
