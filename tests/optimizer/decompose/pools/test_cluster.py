"""A real Ray cluster of several nodes on this machine, one of which is lost in mid-solve."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from models.faults import PoolFailed
from models.options import Options
from optimizer.decompose.pools import opened
from optimizer.solve import solve
from tests.optimizer import support

ray = pytest.importorskip("ray")

pytestmark = [pytest.mark.cluster, pytest.mark.filterwarnings("ignore")]
ROOT = Path(__file__).resolve().parents[4]
NAME = "case-21"


@pytest.fixture
def nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A head without a core and two nodes with one each."""
    from ray.cluster_utils import Cluster

    token = tmp_path / "token"
    token.write_text(secrets.token_hex(32))
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(token))
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    head = {"num_cpus": 0, "include_dashboard": False, "ray_client_server_port": free_port()}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    try:
        for _ in range(2):
            cluster.add_node(num_cpus=1)
        yield cluster
    finally:
        ray.shutdown()
        cluster.shutdown()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def options() -> Options:
    return Options(method="decompose", relative_gap=1e-5, marginals=False)


def test_the_loss_of_a_node_costs_time_and_nothing_else(nodes: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from optimizer.decompose.pools.cluster import Cluster

    lost: list[Any] = []
    rebuilt: list[int] = []
    start = Cluster.start

    def started(self: Cluster, k: int) -> None:
        rebuilt.append(k)
        start(self, k)

    monkeypatch.setattr(Cluster, "start", started)

    def watch(now: Any) -> None:
        # The first bound comes when the subproblems have answered.
        if not lost and now.bound is not None:
            lost.append(next(iter(nodes.worker_nodes)))
            nodes.remove_node(lost[0], allow_graceful=False)

    plan = solve(support.case(NAME), options(), pool=f"ray:{nodes.address}", progress=watch)
    assert lost
    assert rebuilt
    assert plan.effort.method == "decompose; by 2 actors of a Ray cluster"
    optimum = support.expected()[NAME]["objective"]
    assert plan.status == "optimal"
    assert plan.objective == pytest.approx(optimum, rel=1e-5)
    assert plan.bound is not None
    assert plan.bound <= optimum * (1 + 1e-9)
    assert plan.certificate is not None
    assert plan.certificate.passed, plan.certificate.findings
    assert not ray.is_initialized()


def test_actors_find_what_threads_find_to_the_bit(nodes: Any) -> None:
    there = solve(support.case(NAME), options(), pool=f"ray:{nodes.address}")
    here = solve(support.case(NAME), options(), pool="threads")
    assert (there.objective, there.bound) == (here.objective, here.bound)
    assert there.commitments == here.commitments
    assert there.effort.simplex_iterations == here.effort.simplex_iterations


def test_from_outside_by_the_client_server(nodes: Any) -> None:
    port = nodes.head_node._ray_params.ray_client_server_port
    plan = solve(support.case(NAME), options(), pool=f"ray://127.0.0.1:{port}")
    assert plan.effort.method == "decompose; by 2 actors of a Ray cluster"
    assert plan.objective == pytest.approx(support.expected()[NAME]["objective"], rel=1e-5)
    assert not ray.is_initialized()


@pytest.mark.parametrize("word", ["ray://127.0.0.1:1", "ray:127.0.0.1:1", "ray:nowhere", "ray:127.0.0.1:x"])
def test_a_cluster_that_is_not_there_is_named(word: str) -> None:
    with pytest.raises(PoolFailed, match=r"127\.0\.0\.1|nowhere"):
        opened(word, 10, 0)
