"""Quantiles, tails, errors and intervals with a pencil."""

from __future__ import annotations

import numpy as np
import pytest

from models.instance import Objective
from optimizer.evaluate import statistics as st
from optimizer.evaluate.replications import Sampled, intervals
from optimizer.evaluate.statistics import Estimate

LOSSES, EVEN = np.array([4.0, 1.0, 3.0, 2.0]), np.full(4, 0.25)


def test_quantiles() -> None:
    assert [st.quantile(LOSSES, EVEN, level) for level in (0.25, 0.26, 0.5, 1.0)] == [1.0, 2.0, 2.0, 4.0]
    assert st.quantile(np.empty(0), np.empty(0), 0.5) == 0.0


def test_the_tail_is_the_mean_of_the_worst() -> None:
    """Half of the probability: (3 + 4)/2. 60 %: (4·0.25 + 3·0.25 + 2·0.1)/0.6."""
    assert st.cvar(LOSSES, EVEN, 0.5) == pytest.approx(3.5)
    assert st.cvar(LOSSES, EVEN, 0.4) == pytest.approx((1.0 + 0.75 + 0.2) / 0.6)


def test_the_error_of_a_mean() -> None:
    """1, 2, 3, 4: variance 5/3, error √(5/12); as two draws each of 1 and 4: variance 3, error √(3/4)."""
    found = st.mean(LOSSES, EVEN, 4)
    assert (found.value, found.error) == (2.5, pytest.approx(np.sqrt(5 / 12)))
    twice = st.mean(np.array([1.0, 4.0]), np.array([0.5, 0.5]), 4)
    assert twice.error == pytest.approx(np.sqrt(3 / 4))
    assert st.mean(LOSSES, EVEN, None).error is None


def test_few_draws_in_the_tail_tell_no_error() -> None:
    """A tail of 10 % is 10 of 100 draws, which are enough, and 9 of 90, which are not. Five of 100 draws lose
    10 USD, so η = 0 and (L-η)/0.1 is 100 with 0.05: mean 5, variance 0.05·0.95·100²·100/99."""
    weights, losses = np.array([0.95, 0.05]), np.array([0.0, 10.0])
    found = st.tail(losses, weights, 0.9, 100)
    assert (found.value, found.error) == (pytest.approx(5.0), pytest.approx(np.sqrt(0.05 * 0.95 * 1e4 / 99)))
    assert st.tail(losses, weights, 0.9, 90).error is None


def test_values_average_to_the_objective() -> None:
    """w_c = 2, w_l = 3, λ = 0.5, α = 0.5: with η = 2 the tail is 3.5."""
    goal = Objective(cost_weight=2, loss_weight=3, cvar_weight=0.5, cvar_alpha=0.5)
    found = st.values(LOSSES, np.full(4, 10.0), goal, 2.0)
    assert found.mean() == pytest.approx(2 * 10 + 3 * (0.5 * 2.5 + 0.5 * 3.5))


def test_exceedance_falls_from_all_to_nothing() -> None:
    at, more = st.exceedance(np.array([2.0, 0.0, 2.0, 5.0]), EVEN)
    assert at.tolist() == [0.0, 2.0, 5.0]
    assert more.tolist() == [0.75, 0.25, 0.0]
    many = np.arange(10_000.0)
    at, more = st.exceedance(many, np.full(len(many), 1e-4))
    assert len(at) <= st.POINTS
    assert at[-1] == 9999.0
    assert more == pytest.approx(1 - (at + 1) / 10_000)


def test_the_distance_to_the_best_plan() -> None:
    """Bounds 8, 10, 12: mean 10, error 2/√3; t(0.975, 2) = 4.30265. Gaps 2, 1, 3 to plans of 10, 11, 15:
    mean 2, error 1/√3, t(0.95, 2) = 2.91999. Rolling 13 ± 1: with 2.5 % on each side 13 + 1.95996 less
    10 - 4.30265·2/√3."""
    samples = [Sampled(8.0, 10.0), Sampled(10.0, 11.0), Sampled(12.0, 15.0)]
    found = {row.measure: row for row in intervals(samples, 0.95, Estimate(13.0, 1.0))}
    reach = 4.30265 * 2 / np.sqrt(3)
    assert found["lower_bound"].value == pytest.approx(10.0)
    assert found["lower_bound"].low == pytest.approx(10 - reach, rel=1e-5)
    assert found["commitments_gap"].value == pytest.approx(2.0)
    assert found["commitments_gap"].high == pytest.approx(2 + 2.91999 / np.sqrt(3), rel=1e-5)
    assert found["optimality_gap"].value == pytest.approx(3.0)
    assert found["optimality_gap"].high == pytest.approx(13 + 1.95996 - (10 - reach), rel=1e-5)
    assert found["optimality_gap"].low == 0.0


def test_a_plan_that_breaks_rules_on_a_sample_has_no_gap() -> None:
    found = {row.measure: row for row in intervals([Sampled(1.0, np.inf), Sampled(1.0, 2.0)], 0.95)}
    assert found["commitments_gap"].value == np.inf
    assert "optimality_gap" not in found
