"""A decomposition goes on from what another process has learnt, and from nothing that is not about its
programme."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from models.options import Options
from optimizer.checkpoint import LEARNT, Checkpoint, Refused
from optimizer.compile import Arrays, Vector
from optimizer.decompose import Learnt, Nodes, decompose, resuming
from optimizer.decompose.oracle import Heard, Oracle
from optimizer.highs import Outcome, Solver
from optimizer.solve import solve
from tests.optimizer.decompose.cases import programme
from tests.optimizer.support import case, expected

GAP = 1e-6
NAME = "case-22"


@pytest.fixture(scope="module", autouse=True)
def rounds() -> Iterator[list[int]]:
    """How often all subproblems have been asked; something is handed out every time."""
    asked, ask = [0], Oracle.ask

    def counted(self: Oracle, y: Vector, exact: bool = False) -> Heard:
        asked[0] += 1
        return ask(self, y, exact)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resuming, "EVERY", 0.0)
        patch.setattr(resuming, "SHARE", np.inf)
        patch.setattr(Oracle, "ask", counted)
        yield asked


@dataclass(frozen=True)
class Case:
    """A programme in subtrees of two nodes, so that rules join subproblems; and its optimum."""

    arrays: Arrays
    nodes: Nodes
    optimum: float

    @classmethod
    def of(cls, name: str) -> Case:
        arrays, nodes, data = programme(case(name))
        return cls(arrays, nodes, expected()[name]["objective"] / data.units.money)

    def search(self, gap: float = GAP, **more: Any) -> Outcome:
        return decompose(self.arrays, self.nodes, Options(relative_gap=gap, threads=1), small=2, **more)

    def right(self, found: Outcome) -> None:
        """It is the optimum, and so close that it is proved."""
        assert found.end == "optimal"
        assert found.objective == pytest.approx(self.optimum, rel=1.1 * GAP)
        assert found.bound <= self.optimum * (1 + 1e-9)
        assert found.objective - found.bound <= GAP * abs(found.objective)

    def keeps_every_row(self, found: Outcome) -> None:
        assert found.x is not None
        a, x = self.arrays, found.x
        sums = a.matrix @ x
        # What the simplex method leaves open is 1e-7, but in equilibrated units and of each term of a sum.
        slack = 1e-5 * (1 + abs(a.matrix) @ np.abs(x))
        assert (sums >= a.row_lower - slack).all()
        assert (sums <= a.row_upper + slack).all()
        assert float(a.cost @ x + a.offset) == pytest.approx(found.objective, rel=1e-6)


@pytest.fixture(scope="module")
def known() -> Case:
    return Case.of(NAME)


@pytest.fixture(scope="module")
def kept(known: Case, rounds: list[int]) -> list[tuple[int, Checkpoint]]:
    """Of a whole search: what it hands out, as it comes back from bytes, and after how many rounds. The last
    one is that of its end."""
    found: list[tuple[int, Checkpoint]] = []
    rounds[0] = 0
    known.right(known.search(checkpoint=lambda now: found.append((rounds[0], again(now)))))
    found.append((rounds[0], found[-1][1]))
    return found


def again(now: Learnt) -> Checkpoint:
    """What comes back from bytes."""
    columns = () if now.decisions is None else tuple(f"x{j}" for j in range(len(now.decisions)))
    whole = Checkpoint(columns, now.decisions, now.objective, now.bound, now.nodes, None, now.programme)
    return Checkpoint.from_bytes(replace(whole, learnt=now).to_bytes())


def learnt(one: Checkpoint) -> Learnt:
    assert one.learnt is not None
    return one.learnt


def plain(one: Learnt) -> dict[str, Any]:
    """All fields as lists and numbers."""
    parts = {name: (part.tolist(), part.shape) for name, part in one.parts().items()}
    incumbent = None if one.decisions is None else one.decisions.tolist()
    return {**parts, "told": (one.programme, incumbent, one.objective, one.bound, one.nodes)}


# ---- bytes


def test_bytes_and_back(known: Case) -> None:
    pairs: list[tuple[Learnt, Learnt]] = []
    known.search(checkpoint=lambda now: pairs.append((now, learnt(again(now)))))
    for before, after in pairs:
        assert plain(after) == plain(before)
    relaxing = [before for before, _ in pairs if before.tree is None]
    searching = [before for before, _ in pairs if before.tree is not None]
    assert relaxing
    assert all(one.plan is None for one in relaxing)
    # The first of the search comes at the end of the relaxation: its only node is the root.
    assert searching[0].tree is not None
    assert len(searching[0].tree.bounds) == 1
    assert max(len(one.tree.bounds) for one in searching if one.tree is not None) > 2
    assert any(one.plan is not None for one in searching)


def elsewhere(rows: sp.csr_array) -> sp.csr_array:
    """Entries of columns that are not there."""
    moved = rows.copy()
    moved.indices = moved.indices + 10**6
    return moved


@pytest.mark.parametrize(
    ("of", "change"),
    [
        ("cuts", lambda cuts: {"rows": elsewhere(cuts.rows)}),
        ("cuts", lambda cuts: {"rows": cuts.rows[1:]}),
        ("cuts", lambda cuts: {"rows": cuts.rows * np.nan}),
        ("cuts", lambda cuts: {"right": cuts.right + np.inf}),
        ("cuts", lambda cuts: {"right": cuts.right[1:]}),
        ("cuts", lambda cuts: {"group": cuts.group[1:]}),
        ("cuts", lambda cuts: {"status": cuts.status[1:]}),
        ("tree", lambda tree: {"bounds": tree.bounds[:0]}),
        ("tree", lambda tree: {"lower": tree.lower[:, 1:]}),
        ("tree", lambda tree: {"gains": tree.gains[:, :2]}),
        ("tree", lambda tree: {"settled_bounds": np.zeros(0)}),
    ],
)
def test_what_does_not_belong_together_is_refused(
    kept: list[tuple[int, Checkpoint]], of: str, change: Callable[[Any], dict[str, Any]]
) -> None:
    """Its hash is right, but not what it holds."""
    one = learnt(kept[-1][1])
    part = getattr(one, of)
    false = replace(one, **{of: replace(part, **change(part))})
    with pytest.raises(Refused, match="its cuts do not belong together"):
        again(false)


@pytest.mark.parametrize("change", [lambda data: data[:-9], lambda data: data[:500] + b"!" + data[501:]])
def test_damaged_bytes_are_refused(kept: list[tuple[int, Checkpoint]], change: Any) -> None:
    with pytest.raises(Refused, match="damaged"):
        Checkpoint.from_bytes(change(kept[-1][1].to_bytes()))


def test_one_without_cuts_is_read_as_before() -> None:
    bare = Checkpoint(("x",), np.ones(1), 1.0, 0.5, nodes=3)
    assert LEARNT.encode() not in bare.to_bytes()
    assert Checkpoint.from_bytes(bare.to_bytes()).learnt is None


# ---- going on


@pytest.mark.parametrize("share", [0.15, 0.5, 0.8, 1.0])
def test_it_goes_on_in_fewer_rounds(
    known: Case, kept: list[tuple[int, Checkpoint]], rounds: list[int], share: float,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    total = kept[-1][0]
    at, one = min(kept, key=lambda entry: abs(entry[0] - share * total))
    assert one.bound <= known.optimum * (1 + 1e-9)
    rounds[0] = 0
    bounds: list[float] = []
    found = known.search(resume=learnt(one), report=lambda now: bounds.append(now.bound))
    known.right(found)
    known.keeps_every_row(found)
    assert found.bound >= min(one.bound, found.objective) - 1e-9
    assert all(bound >= one.bound - 1e-9 * abs(one.bound) for bound in bounds)
    assert found.branch_nodes >= one.nodes
    # What was done before need not be done again, but for the first round of all.
    assert rounds[0] <= total - 0.5 * at + 1
    if share == 1.0:
        assert rounds[0] <= 0.1 * total
    assert not caplog.records


def test_lives_that_end_early_get_there(known: Case, rounds: list[int]) -> None:
    """Every process hands out a few times and is ended; the next goes on."""
    left: Learnt | None = None
    for life in range(200):
        stop = threading.Event()
        mine: list[Learnt] = []

        def hand(now: Learnt, stop: threading.Event = stop, mine: list[Learnt] = mine) -> None:
            mine.append(learnt(again(now)))
            if len(mine) == 9:
                stop.set()

        found = known.search(resume=left, checkpoint=hand, stop=stop)
        assert found.bound <= known.optimum * (1 + 1e-9)
        if found.end == "optimal":
            known.right(found)
            assert life > 5
            return
        assert found.end == "interrupted"
        if left is not None:
            assert mine[-1].bound >= left.bound - 1e-9 * abs(left.bound)
            assert mine[-1].objective <= left.objective + 1e-6 * abs(left.objective)
        left = mine[-1]
    pytest.fail("no end in 200 lives")


def test_stopped_amid_a_set_of_decisions_the_plan_is_whole() -> None:
    """What subproblems keep belongs to the point that is told, also where it has just been found and its
    decisions are not settled yet."""
    there, objectives = Case.of("case-21"), [np.inf]
    there.search(checkpoint=lambda now: objectives.append(now.objective))
    better = [i for i in range(1, len(objectives)) if objectives[i] < objectives[i - 1]]
    assert len(better) > 3
    for count in better:
        stop = threading.Event()
        told: list[Learnt] = []

        def hand(
            now: Learnt, stop: threading.Event = stop, told: list[Learnt] = told, n: int = count
        ) -> None:
            told.append(now)
            if len(told) == n:
                stop.set()

        found = there.search(checkpoint=hand, stop=stop)
        assert found.end == "interrupted"
        assert found.objective == pytest.approx(told[-1].objective, rel=1e-12)
        assert found.bound <= there.optimum * (1 + 1e-9)
        there.keeps_every_row(found)


def test_a_plan_that_is_not_found_again_costs_the_open_nodes(
    known: Case, kept: list[tuple[int, Checkpoint]], caplog: pytest.LogCaptureFixture
) -> None:
    """Parts were given up for a plan; where it is gone, they have to be looked at again."""
    late = learnt(kept[-1][1])
    assert late.tree is not None
    assert late.plan is not None
    lost = replace(late, plan=np.zeros_like(late.plan))
    found = known.search(resume=lost)
    assert "its plan came out differently" in caplog.text
    known.right(found)


# ---- not for this programme


def test_of_another_programme_only_the_decisions_are_taken(
    known: Case, kept: list[tuple[int, Checkpoint]], rounds: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    """One cost is another in its last digit: cuts might be false, and the bound as well."""
    a = known.arrays
    cost = a.cost.copy()
    some = np.flatnonzero(cost)[0]
    cost[some] = np.nextafter(cost[some], np.inf)
    other = replace(known, arrays=replace(a, cost=cost))
    total, lie = kept[-1][0], replace(learnt(kept[-1][1]), bound=2 * known.optimum)
    rounds[0] = 0
    found = other.search(resume=lie)
    assert "The cuts of the checkpoint are not used" in caplog.text
    other.right(found)
    assert rounds[0] > 0.5 * total


@pytest.mark.parametrize("centre", [True, False])
def test_cuts_of_another_shape_are_not_taken(
    known: Case, kept: list[tuple[int, Checkpoint]], caplog: pytest.LogCaptureFixture, centre: bool
) -> None:
    """A digest is right, and all else is not."""
    one = learnt(kept[-1][1])
    assert one.centre is not None
    lie = replace(one, cuts=replace(one.cuts, group=one.cuts.group + 10**4), bound=2 * known.optimum)
    if centre:
        lie = replace(one, centre=one.centre[1:], bound=2 * known.optimum)
    known.right(known.search(resume=lie))
    assert "they are not those of this master" in caplog.text


# ---- whole solves


@pytest.mark.slow
@pytest.mark.parametrize("name", ["case-24", "case-27", "case-29"])
def test_from_anywhere(name: str, rounds: list[int]) -> None:
    there = Case.of(name)
    found: list[Learnt] = []
    there.right(there.search(checkpoint=lambda now: found.append(learnt(again(now)))))
    for one in found[:: len(found) // 8]:
        assert one.bound <= there.optimum * (1 + 1e-9)
        last = there.search(resume=one)
        there.right(last)
        there.keeps_every_row(last)


@pytest.mark.slow
def test_another_pool_goes_on_alike(known: Case, kept: list[tuple[int, Checkpoint]]) -> None:
    one = learnt(kept[2 * len(kept) // 3][1])
    here, there = known.search(resume=one), known.search(resume=one, pool="processes")
    known.right(there)
    assert (there.objective, there.bound, there.branch_nodes) == (
        here.objective, here.bound, here.branch_nodes
    )  # fmt: skip


@pytest.mark.slow
def test_a_solve_goes_on(rounds: list[int], caplog: pytest.LogCaptureFixture) -> None:
    instance = case("case-24")
    options = Options(method="decompose", relative_gap=1e-5, threads=1, marginals=False)
    kept: list[Checkpoint] = []
    rounds[0] = 0
    plan = solve(instance, options, checkpoint=lambda now: kept.append(Checkpoint.from_bytes(now.to_bytes())))
    total, rounds[0] = rounds[0], 0
    last = solve(instance, options, resume=kept[-1])
    assert last.status == "optimal"
    assert last.objective == pytest.approx(plan.objective, rel=1e-5)
    assert last.certificate is not None
    assert last.certificate.passed
    assert rounds[0] < 0.5 * total
    assert not caplog.records


def test_its_decisions_are_told_by_name() -> None:
    """As those of any checkpoint: another method can begin with them."""
    instance = case("case-21")
    kept: list[Checkpoint] = []
    options = Options(method="decompose", relative_gap=1e-5, threads=1, marginals=False)
    plan = solve(instance, options, checkpoint=kept.append)
    arrays, *_ = programme(instance)
    x = kept[-1].values(arrays.columns)
    assert np.isfinite(x[arrays.integer]).all()
    assert np.isnan(x[~arrays.integer]).all()
    solver = Solver(arrays)
    integers = np.flatnonzero(arrays.integer)
    solver.fix(integers, x[integers])
    assert solver.run().objective == pytest.approx(kept[-1].objective, rel=options.relative_gap)
    assert plan.status == "optimal"
