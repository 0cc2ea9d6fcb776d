"""Parts of the decomposition by hand: cutting a tree, defining columns, cuts that always hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from optimizer.compile import Arrays
from optimizer.decompose import cuts
from optimizer.decompose.allowance import Fines
from optimizer.decompose.branching import Branching, Gains, branchings, packs
from optimizer.decompose.cuts import CutMaster
from optimizer.decompose.joining import define, substitute
from optimizer.decompose.partition import SHARE, SMALL, SPINE, partition, roomy
from optimizer.decompose.preparing import BOX
from optimizer.decompose.sample import choose
from optimizer.decompose.split import split
from optimizer.tree import Node, Tree
from tests.optimizer.decompose.parts import INF, allowed, asked, capped, small


def tree(parents: list[int | None]) -> Tree:
    periods: list[int] = []
    for parent in parents:
        periods.append(0 if parent is None else periods[parent] + 1)
    nodes = [Node(i, periods[i], parent, ()) for i, parent in enumerate(parents)]
    return Tree(nodes, [1.0] + [0.25] * (len(parents) - 1), {}, {}, {})


def test_the_spine_holds_nodes_with_large_subtrees() -> None:
    # 0 ─ 1 ─ 2 ─ 3
    #       └ 4 ─ 5      subtrees: 1 has 5 nodes, 2 and 4 have 2, 6 has 1
    # 0 ─ 6
    cut = partition(tree([None, 0, 1, 2, 1, 4, 0]), small=2)
    assert cut.owner.tolist() == [SPINE, SPINE, 0, 0, 1, 1, 2]
    assert cut.roots.tolist() == [2, 4, 6]


def test_small_trees_of_their_own_are_solved_apart() -> None:
    # Roots 0 (with 1 and 2), 3 (with 4) and 5: the largest tree stays, at its root, in the master.
    cut = partition(tree([None, 0, 0, None, 3, None]), small=2)
    assert cut.owner.tolist() == [SPINE, 0, 1, 2, 2, 3]
    assert cut.roots.tolist() == [1, 2, 3, 5]
    # Nothing is above the last two: they are of one kind, which no node has.
    assert cut.parent.tolist() == [0, 0, 6, 6]


def test_larger_subtrees_are_solved_apart_where_the_master_had_too_many_rows() -> None:
    # Ten chains of 30 nodes below a root: with 16, the root and the first 14 of each chain, 141 nodes, stay
    # in the master; with 32, less than an eighth of 301, the root alone.
    chains = tree([None, *(0 if k % 30 == 0 else k for k in range(300))])
    assert SMALL == 16
    assert len(chains) // SHARE == 37
    rows = np.append(np.arange(301), -1).astype(np.int32)
    assert roomy(chains, np.repeat(rows, 40)) == 16  # 5,640 rows
    assert roomy(chains, np.repeat(rows, 50)) == 32  # 7,050 rows, and 50
    # 64 is more than an eighth of the tree, however many rows there are.
    assert roomy(chains, np.repeat(rows, 10_000)) == 32
    # What stands at no node does not become less.
    assert roomy(chains, np.full(10_000, -1, dtype=np.int32)) == 16


def test_a_column_that_only_names_a_sum_goes_and_comes_back() -> None:
    whole = small()
    without, gone = substitute(whole)
    # What is left of two rows is one: y + x_0 + x_1 ≤ 9.
    assert without.master.matrix.shape[0] == 1
    assert without.subproblems.joining.toarray().tolist() == [[1.0, 1.0]]
    assert without.master.row_upper.tolist() == [9.0]
    x = np.array([3.0, 1.0, 1.0, 0.0])
    assert define(whole, gone, x).tolist() == [3.0, 1.0, 1.0, 5.0]


def test_an_integer_column_is_decided_in_the_master() -> None:
    base = small()
    assert base.master_columns.tolist() == [0, 3]
    assert base.columns.tolist() == [1, 2]


def test_a_row_between_subproblems_is_refused() -> None:
    matrix = sp.csc_array(np.array([[1.0, 1.0]]))
    arrays = Arrays(
        matrix, np.zeros(2), np.zeros(2), 0.0, np.zeros(2), np.ones(2), np.zeros(2, dtype=bool),
        np.zeros(1), np.ones(1), [("x", (1,)), ("x", (2,))], [("row", (1,))],
    )  # fmt: skip
    with pytest.raises(AssertionError, match="reaches a column of another"):
        split(arrays, np.array([0]), np.array([0, 1]), np.array([0.5, 0.5]))


def test_cuts_are_tight_where_they_are_made() -> None:
    oracle = asked(small())
    heard = oracle.ask(np.array([1.0, 0.0]))
    # x_s = 4 - 1 = 3 at 3 each; the cut is 3·(4 - y).
    assert heard.cost.tolist() == pytest.approx([9.0, 9.0])
    assert heard.true.tolist() == pytest.approx([9.0, 9.0])
    assert heard.constant.tolist() == pytest.approx([12.0, 12.0])
    assert heard.slope.toarray()[:, 0].tolist() == pytest.approx([3.0, 3.0])


@pytest.mark.parametrize("seed", range(5))
def test_a_cut_from_wrong_multipliers_is_below_the_truth(seed: int) -> None:
    # V_s(y) = 3·max(0, 4 - y). Multipliers off by anything at all must never lift a cut above it.
    whole = small()
    oracle = asked(whole)
    rng = np.random.default_rng(seed)
    for wrong in (3.0 + rng.normal(0, 1e-3, 2), rng.normal(0, 10.0, 2)):
        constant, p = oracle.constants(wrong, whole.subproblems.cost)
        for y in np.linspace(0, 3, 7):
            value = constant - p * y
            assert (value <= 3 * (4 - y) + 1e-12).all()
        over = np.maximum(wrong - 3, 0)
        # Beyond its dual bound each multiplier pays for a column as large as the box.
        assert constant == pytest.approx(np.maximum(p, 0) * 4 - over * BOX)


def test_infeasible_subproblems_answer_with_how_far_they_are() -> None:
    whole = small()
    subs = whole.subproblems
    capped = replace(whole, subproblems=replace(subs, upper=np.array([2.0, INF])))
    oracle = asked(capped)
    oracle.high = np.array([2.0, BOX])
    heard = oracle.ask(np.array([1.0, 0.0]), exact=True)
    # x_0 ≤ 2 but 4 - 1 = 3 are asked for: one unit is missing, and so it is 4 - y - 2 in general.
    assert heard.feasible.tolist() == [False, True]
    assert heard.constant[0] == pytest.approx(2.0)
    assert heard.slope.toarray()[0, 0] == pytest.approx(1.0)


def test_a_row_that_joins_becomes_allowances() -> None:
    whole = allowed().whole
    # y + a_0/2 + a_1/2 ≤ 9: both subproblems have probability 1/2, and allowances are by unit of it.
    assert whole.master.matrix.toarray().tolist() == [[1.0, 0.0, 0.5, 0.5]]
    assert whole.master.row_upper.tolist() == [9.0]
    assert whole.master.upper[2:].tolist() == [18.0, 18.0]
    # x_s ≥ 4 - y and 2·x_s - over ≤ a_s.
    assert whole.subproblems.matrix.toarray()[:2, :2].tolist() == [[1.0, 0.0], [2.0, -1.0]]
    assert whole.subproblems.linking.toarray()[1].tolist() == [0.0, 0.0, -1.0, 0.0]


def test_what_one_takes_too_much_another_may_have_left() -> None:
    split_ = allowed()
    y = np.array([3.0, 0.0, 6.0, 6.0])
    # 3 + 5 + 1 is 9, whatever the allowances are; 3 + 6 + 1 is one too many of the ten there are.
    used = np.array([[5.0], [1.0]])
    assert split_.broken(y, used, used) <= 0
    used = np.array([[6.0], [1.0]])
    assert split_.broken(y, used, used) == pytest.approx(0.1)


def test_the_bound_of_the_master_holds_for_any_multipliers() -> None:
    whole = small()
    oracle = asked(whole)
    master = CutMaster(whole, np.zeros(2), np.array([3.0, 100.0]), np.zeros(2))
    for y in (0.0, 3.0):
        master.learn(oracle.ask(np.array([y, 0.0])), None)
    point = master.solve()
    # minimise y + 2·3·(4 - y): y = 3 costs 9.
    assert master.safe(point) == pytest.approx(9.0)
    rng = np.random.default_rng(0)
    for size in (1e-6, 1e-2, 1.0):
        wrong = replace(point, row_duals=point.row_duals + rng.normal(0, size, len(point.row_duals)))
        assert master.safe(wrong) <= 9.0 + 1e-12


def test_a_pack_is_branched_on_before_its_members() -> None:
    base = small().master
    master = replace(
        base,
        matrix=sp.csr_array(np.array([[1.0, 1.0]])),
        integer=np.ones(2, dtype=bool),
        upper=np.ones(2),
        row_lower=np.array([-INF]),
        row_upper=np.array([1.0]),
    )
    found = packs(master, np.array([0, 1]))
    assert [pack.members.tolist() for pack in found] == [[0, 1]]
    assert branchings(np.array([0.25, 0.25]), found, frozenset()) == [Branching(0, -1, 0.5)]
    # Signed for certain: what is left is the year.
    assert [b.member for b in branchings(np.array([0.5, 0.5]), found, frozenset({0}))] == [0, 1]


def test_both_sides_of_a_branching_have_to_gain() -> None:
    gains = Gains()
    one, both = Branching(-1, 0, 0.5), Branching(-1, 1, 0.5)
    for side, gain in ((0, 10.0), (1, 0.0)):
        gains.learn(one, side, gain)
    for side in (0, 1):
        gains.learn(both, side, 1.0)
    assert gains.reliable(one)
    assert gains.score(both) > gains.score(one)


def test_a_sample_stands_for_all() -> None:
    parent = np.array([0, 0, 0, 1, 1])
    probability = np.array([0.1, 0.2, 0.3, 0.3, 0.1])
    weights = choose(parent, probability, seed=1, most=3)
    assert np.count_nonzero(weights) == 3
    for p, share in ((0, 0.6), (1, 0.4)):
        assert (weights * probability)[parent == p].sum() == pytest.approx(share)


def test_a_group_is_heard_though_one_of_it_has_no_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuts, "GROUPS", 1)
    whole = capped()
    oracle = asked(whole)
    oracle.high = np.array([2.0, BOX])
    oracle.charge(Fines(np.empty(0), np.full(2, 100.0)))
    master = CutMaster(oracle.allowed.whole, np.zeros(2), np.array([3.0, 9.0]), np.zeros(2))
    # With only y ≤ 3 of it, the other has the cut 3·(4 - y); of x_0 its floor 0 is known, and y ≥ 2.
    master.learn(oracle.ask(np.array([1.0, 0.0]), exact=True), None)
    # At y = 2½ both have one; back at y = 1 the first counts with that: 3·(4 - y) twice is 18 at y = 1.
    master.learn(oracle.ask(np.array([2.5, 0.0]), exact=True), None)
    master.learn(oracle.ask(np.array([1.0, 0.0]), exact=True), None)
    pool = master.pool
    group = pool.group == 0
    at = (pool.right - pool.cuts[:, :2] @ np.array([1.0, 0.0]))[group] / pool.theta[group]
    assert at.tolist() == pytest.approx([9.0, 18.0, 18.0])


def test_a_cut_of_feasibility_says_where_plans_begin() -> None:
    oracle = asked(capped())
    oracle.high = np.array([2.0, BOX])
    master = CutMaster(oracle.allowed.whole, np.zeros(2), np.array([3.0, 9.0]), np.zeros(2))
    master.learn(oracle.ask(np.array([1.0, 0.0]), exact=True), None)
    hard = master.pool.group < 0
    cuts, right = master.pool.cuts[hard][:, :2], master.pool.right[hard]
    # The subproblem makes 2 at most of the 4 wanted: y is 2 at least.
    assert cuts @ np.array([2.0, 0.0]) == pytest.approx(right)
    assert (cuts @ np.array([1.9, 0.0]) < right).all()
