"""Checkpoints: written and read, refused where they do not fit, gone on from without loss."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

import optimizer.branch
from models.instance import Instance
from models.options import Options
from optimizer.branch.frontier import Frontier
from optimizer.checkpoint import Checkpoint, Refused, key, named
from optimizer.compile import Arrays
from optimizer.progress import Progress
from optimizer.search import search
from optimizer.solve import solve
from tests.optimizer.byhand.rules import AUS, spread
from tests.optimizer.support import case

EXACT = Options(relative_gap=1e-9, threads=1, marginals=False)


@pytest.fixture(autouse=True)
def at_every_node(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optimizer.branch, "EVERY", 0.0)


def knapsack(seed: int, size: int = 12) -> Arrays:
    """The least cost of reaching three needs with whole pieces: relaxations say little, so trees grow."""
    rng = np.random.default_rng(seed)
    gives = rng.integers(5, 60, (3, size)).astype(float)
    cost = gives.mean(axis=0) + rng.integers(0, 9, size)
    return Arrays(
        matrix=sp.csc_array(gives),
        cost=cost,
        expected_cost=np.zeros(size),
        offset=0.0,
        lower=np.zeros(size),
        upper=np.ones(size),
        integer=np.ones(size, dtype=bool),
        row_lower=gives.sum(axis=1) * 0.47 + 0.5,
        row_upper=np.full(3, np.inf),
        columns=[("x", (j,)) for j in range(size)],
        rows=[("row", (i,)) for i in range(3)],
    )


def kept_of(arrays: Arrays, options: Options = EXACT) -> tuple[list[Checkpoint], float, int]:
    """All checkpoints of a search, as they come back from bytes; its optimum, and its nodes."""
    kept: list[Checkpoint] = []
    found = search(arrays, options, checkpoint=lambda c: kept.append(Checkpoint.from_bytes(c.to_bytes())))
    assert found.end == "optimal"
    return kept, found.objective, found.branch_nodes


def everything(one: Checkpoint) -> dict[str, Any]:
    """All fields as lists and numbers, open nodes included."""
    plain = {name: value for name, value in vars(one).items() if name != "frontier"}
    whole = {**plain, **({} if one.frontier is None else vars(one.frontier))}
    return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in whole.items()}


# ---- bytes


def test_bytes_and_back() -> None:
    frontier = Frontier(
        incumbent=np.array([1.0, 0.0]),
        objective=7.25,
        discarded=np.inf,
        bounds=np.array([3.5, 1 / 3]),
        lower=np.array([[0.0, 0.0], [1.0, 0.0]]),
        upper=np.array([[0.0, 2.0], [1.0, 1.0]]),
        gain=np.array([[0.1, 0.2], [0.3, 0.4]]),
        seen=np.array([[1, 2], [3, 4]]),
        nodes=5,
    )
    assert frontier.bound == 1 / 3
    whole = Checkpoint(
        columns=named([("sign", ("a", 2027)), ("open", ("dépôt",))]),
        incumbent=frontier.incumbent, objective=7.25, bound=1 / 3, nodes=5,
        frontier=frontier, programme="digest", key="key",
    )  # fmt: skip
    assert everything(Checkpoint.from_bytes(whole.to_bytes())) == everything(whole)
    bare = Checkpoint(columns=("x",), incumbent=None, objective=np.inf, bound=-np.inf)
    assert everything(Checkpoint.from_bytes(bare.to_bytes())) == everything(bare)
    assert np.isnan(bare.values([("x", ())])).all()
    values = whole.values([("open", ("dépôt",)), ("build", ("k", 1)), ("sign", ("a", 2027))])
    np.testing.assert_array_equal(values, [0.0, np.nan, 1.0])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda data: data[:-1], "damaged"),
        (lambda data: data[:200] + b"!" + data[201:], "damaged"),
        (lambda data: data.replace(b"checkpoint 1", b"checkpoint 9"), "not a checkpoint of this version"),
        (lambda _: b"", "not a checkpoint"),
        (lambda _: b"PK\x03\x04 something else", "not a checkpoint"),
    ],
)
def test_what_is_no_checkpoint_is_refused(change: Callable[[bytes], bytes], reason: str) -> None:
    data = Checkpoint(columns=("x",), incumbent=np.ones(1), objective=1.0, bound=0.0).to_bytes()
    with pytest.raises(Refused, match=reason):
        Checkpoint.from_bytes(change(data))


def test_what_a_checkpoint_is_for() -> None:
    """The gap decides what may be given up, the seed and the method where the search goes; limits do not."""
    one, other = case("case-21"), case("case-22")
    mark = key(one, EXACT)
    made = Checkpoint(columns=(), incumbent=None, objective=np.inf, bound=0.0, key=mark)
    made.check(key(one, EXACT.model_copy(update={"time_limit": 5.0, "threads": 7, "marginals": True})))
    for changed in ({"relative_gap": 0.01}, {"seed": 1}, {"method": "highs"}):
        with pytest.raises(Refused, match="other options"):
            made.check(key(one, EXACT.model_copy(update=changed)))
    with pytest.raises(Refused, match="another instance"):
        made.check(key(other, EXACT))


# ---- going on


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_from_anywhere_to_the_same_optimum_with_the_nodes_that_are_left(seed: int) -> None:
    arrays = knapsack(seed)
    kept, optimum, nodes = kept_of(arrays)
    assert nodes > 20
    for checkpoint in kept[:: max(1, len(kept) // 3)]:
        again = search(arrays, EXACT, resume=checkpoint)
        assert again.end == "optimal"
        assert again.objective == pytest.approx(optimum, rel=1e-9)
        assert again.bound <= again.objective
        assert again.objective - again.bound <= 1e-9 * abs(again.objective) + 1e-12
    late = kept[int(0.7 * len(kept))]
    again = search(arrays, EXACT, resume=late)
    assert late.nodes > 0
    assert again.branch_nodes - late.nodes < nodes
    # The same search, but for the order in which LPs of open nodes are solved again.
    assert again.branch_nodes <= 1.5 * nodes


def test_bounds_of_checkpoints_are_bounds_and_rise() -> None:
    kept, optimum, _ = kept_of(knapsack(1))
    bounds = [checkpoint.bound for checkpoint in kept]
    assert all(bound <= optimum + 1e-9 for bound in bounds)
    assert all(later >= earlier - 1e-9 for earlier, later in pairwise(bounds))
    assert all(checkpoint.objective >= optimum - 1e-9 for checkpoint in kept)


def test_many_lives() -> None:
    """A search killed at every sixth node still comes to its end, with the optimum."""
    arrays = knapsack(2)
    _, optimum, _ = kept_of(arrays)
    left: Checkpoint | None = None
    for life in range(100):
        kept: list[Checkpoint] = []
        stop = threading.Event()

        def keep(now: Checkpoint, kept: list[Checkpoint] = kept, stop: threading.Event = stop) -> None:
            kept.append(now)
            if len(kept) == 7:
                stop.set()

        found = search(arrays, EXACT, checkpoint=keep, resume=left, stop=stop)
        if found.end == "optimal":
            assert found.objective == pytest.approx(optimum, rel=1e-9)
            assert life > 2
            return
        left = Checkpoint.from_bytes(kept[-1].to_bytes())
    pytest.fail("no end in 100 lives")


def test_an_incumbent_that_is_not_what_it_was_said_to_be() -> None:
    """What was given up because of it may hold something better: the search begins anew, its bound kept."""
    arrays = knapsack(3)
    kept, optimum, _ = kept_of(arrays)
    late = kept[-1]
    assert late.frontier is not None
    lie = replace(late.frontier, objective=optimum / 2, bounds=late.frontier.bounds[:0],
                  lower=late.frontier.lower[:0], upper=late.frontier.upper[:0])  # fmt: skip
    again = search(arrays, EXACT, resume=replace(late, objective=optimum / 2, frontier=lie))
    assert again.end == "optimal"
    assert again.objective == pytest.approx(optimum, rel=1e-9)


def test_another_presolve_is_told_and_costs_only_the_nodes(caplog: pytest.LogCaptureFixture) -> None:
    arrays = knapsack(3)
    kept, optimum, _ = kept_of(arrays)
    again = search(arrays, EXACT, resume=replace(kept[-1], programme="another"))
    assert "presolve came out differently" in caplog.text
    assert again.objective == pytest.approx(optimum, rel=1e-9)


def test_stopped_before_it_could_look_it_still_has_what_there_was() -> None:
    arrays = knapsack(3)
    kept, _, _ = kept_of(arrays)
    late = kept[-1]
    stop = threading.Event()
    stop.set()
    again = search(arrays, EXACT, resume=late, stop=stop)
    assert again.x is not None
    assert again.objective <= late.objective + 1e-9
    assert again.bound >= late.bound - 1e-9
    assert (arrays.matrix @ np.round(again.x) >= arrays.row_lower - 1e-6).all()


# ---- HiGHS's own search, cones, whole solves


def test_the_search_of_highs() -> None:
    arrays, options = knapsack(1), EXACT.model_copy(update={"method": "highs"})
    kept, optimum, _ = kept_of(arrays, options)
    found = [checkpoint for checkpoint in kept if checkpoint.incumbent is not None]
    assert found
    last = found[-1]
    assert float(arrays.cost @ last.incumbent) == pytest.approx(last.objective)
    assert last.frontier is None
    again = search(arrays, options, resume=last)
    assert (again.end, again.objective) == ("optimal", pytest.approx(optimum, rel=1e-9))


def test_a_bound_known_before_ends_the_search_of_highs() -> None:
    arrays, options = knapsack(1), EXACT.model_copy(update={"method": "highs"})
    kept, optimum, _ = kept_of(arrays)
    made = next(c for c in reversed(kept) if c.objective <= optimum + 1e-9)
    again = search(arrays, options, resume=replace(made, bound=optimum, frontier=None, nodes=0))
    assert again.end == "optimal"
    assert again.bound == pytest.approx(optimum)
    assert again.objective == pytest.approx(optimum)


def many_countries() -> Instance:
    from tests.optimizer.byhand.base import by_hand, contract, offer

    lumps = [
        contract(f"deal-{i}", 30.0 + 7 * i, 8.0 + i, 30.0 + 7 * i, country=("AUS" if i % 2 else "CHN"),
                 term_years=1.0, take_or_pay=1.0)
        for i in range(5)
    ]  # fmt: skip
    return by_hand(None, spot=[offer(), AUS], agreements=lumps, risk=spread(0.6)).instance


@pytest.mark.slow
@pytest.mark.parametrize("name", ["case-21", "case-25", "case-30"])
def test_a_solve_goes_on(name: str, caplog: pytest.LogCaptureFixture) -> None:
    instance = case(name)
    kept: list[Checkpoint] = []
    plan = solve(instance, EXACT, checkpoint=kept.append)
    assert kept
    for checkpoint in (kept[0], kept[-1]):
        again = solve(instance, EXACT, resume=Checkpoint.from_bytes(checkpoint.to_bytes()))
        assert again.status == "optimal"
        assert again.objective == pytest.approx(plan.objective, rel=1e-8)
        assert again.certificate is not None
        assert again.certificate.passed
    assert not caplog.records


def test_one_for_something_else_is_not_used(caplog: pytest.LogCaptureFixture) -> None:
    kept: list[Checkpoint] = []
    solve(case("case-21"), EXACT, checkpoint=kept.append)
    phases: list[Progress] = []
    plan = solve(case("case-22"), EXACT, resume=kept[-1], progress=phases.append)
    assert plan.status == "optimal"
    assert "The checkpoint is not used: it was made for another instance" in caplog.text


def test_within_cones() -> None:
    """Incumbents within the cones and bounds are handed out; the second solve begins with both."""
    instance = many_countries()
    kept: list[Checkpoint] = []
    plan = solve(instance, EXACT, checkpoint=kept.append)
    assert plan.status == "optimal"
    assert kept
    assert all(checkpoint.frontier is None for checkpoint in kept)
    again = solve(instance, EXACT, resume=kept[-1])
    assert again.status == "optimal"
    assert again.objective == pytest.approx(plan.objective, rel=1e-7)
