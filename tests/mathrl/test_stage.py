"""Values of stage games: the certificate holds, and definitions in exact arithmetic, or HiGHS, find the same."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linprog

from mathrl.base.checks import InvalidInput
from mathrl.games import load
from mathrl.proofs_checks.strategies import PAYOFFS
from mathrl.stage.global_optimum import global_optima, global_optimum
from mathrl.stage.zero_sum import zero_sum_value, zero_sum_values
from tests.tolerances import EPS, bracket_floor

SHAPES = st.tuples(st.integers(1, 6), st.integers(1, 6))
MATRICES = SHAPES.flatmap(lambda shape: arrays(np.float64, shape, elements=PAYOFFS))


def certified(payoffs, found, floors=16):
    """The bracket in plain numpy. 8 floors end the search; sums of six products add their own rounding."""
    for strategy in (found.row, found.column):
        assert (strategy >= 0).all()
        assert abs(strategy.sum() - 1) <= 8 * EPS
    low, high = (found.row @ payoffs).min(), (payoffs @ found.column).max()
    assert 0 <= found.gap <= floors * bracket_floor(payoffs)
    assert abs(high - low - found.gap) <= 8 * bracket_floor(payoffs)
    assert low - 8 * bracket_floor(payoffs) <= found.value <= high + 8 * bracket_floor(payoffs)


def by_supports(payoffs):
    """The value in exact arithmetic: the first square supports whose equaliser strategies are optimal."""
    A = [[Fraction(x) for x in row] for row in payoffs.tolist()]
    rows, columns = range(len(A)), range(len(A[0]))
    for size in range(1, min(len(A), len(A[0])) + 1):
        for tight, used in itertools.product(*(itertools.combinations(side, size) for side in (rows, columns))):
            y = equaliser([[A[a][b] for b in used] for a in tight])
            x = equaliser([[A[a][b] for a in tight] for b in used])
            if y is None or x is None or min(*x[:-1], *y[:-1]) < 0:
                continue
            high = max(sum(A[a][b] * p for b, p in zip(used, y, strict=False)) for a in rows)
            low = min(sum(A[a][b] * p for a, p in zip(tight, x, strict=False)) for b in columns)
            if low == high:
                return low
    raise AssertionError("the minimax theorem, by Shapley and Snow's square kernels")


def equaliser(B):
    """Probabilities p and value v with B p = v, by Gauss and Jordan; None where the system is singular."""
    size = len(B)
    system = [[*row, Fraction(-1), Fraction(0)] for row in B] + [[Fraction(1)] * size + [Fraction(0), Fraction(1)]]
    for k in range(size + 1):
        pivot = next((i for i in range(k, size + 1) if system[i][k] != 0), None)
        if pivot is None:
            return None
        system[k], system[pivot] = system[pivot], system[k]
        system[k] = [x / system[k][k] for x in system[k]]
        for i in range(size + 1):
            if i != k:
                system[i] = [x - system[i][k] * y for x, y in zip(system[i], system[k], strict=True)]
    return [row[-1] for row in system]


def by_highs(payoffs):
    rows, columns = payoffs.shape
    solved = linprog(
        np.append(np.zeros(rows), -1),
        A_ub=np.column_stack([-payoffs.T, np.ones(columns)]),
        b_ub=np.zeros(columns),
        A_eq=[np.append(np.ones(rows), 0)],
        b_eq=[1],
        bounds=[(0, None)] * rows + [(None, None)],
        method="highs",
    )
    return -solved.fun


@given(MATRICES)
def test_every_value_has_a_closed_bracket(payoffs):
    certified(payoffs, zero_sum_value(payoffs))


SMALL = st.tuples(st.integers(1, 4), st.integers(1, 4))


@given(SMALL.flatmap(lambda shape: arrays(np.int64, shape, elements=st.integers(-3, 3))))
def test_against_all_supports_in_fractions(payoffs):
    found = zero_sum_value(payoffs)
    assert abs(Fraction(found.value) - by_supports(payoffs)) <= Fraction(8 * EPS) * int(np.abs(payoffs).max())


@pytest.mark.parametrize("shape", [(2, 7), (7, 2), (10, 10), (30, 20)])
def test_against_highs(shape):
    payoffs = np.random.default_rng(sum(shape)).normal(size=shape)
    assert zero_sum_value(payoffs).value == pytest.approx(by_highs(payoffs), abs=1e-7)  # HiGHS's own tolerance


def degenerate(kind, rng):
    rows, columns = rng.integers(1, 9, 2)
    small = rng.integers(-2, 3, (rows, columns)).astype(float)
    match kind:
        case "ternary":
            return np.sign(small)
        case "rank two":
            return (rng.integers(-3, 4, (rows, 2)) @ rng.integers(-3, 4, (2, columns))).astype(float)
        case "repeated rows and columns":
            return small[rng.integers(0, rows, 8)][:, rng.integers(0, columns, 8)]
        case "skew":
            square = rng.integers(-3, 4, (rows, rows))
            return (square - square.T).astype(float)
        case "large offset":
            return 1e6 + rng.normal(size=(rows, columns))
        case "scales from 1e-8 to 1e8":
            return rng.normal(size=(rows, columns)) * 10.0 ** rng.integers(-8, 9, (rows, columns))
    return small + 1e-13 * rng.normal(size=(rows, columns))


@pytest.mark.parametrize(
    ("kind", "floors"),
    [
        ("ternary", 16),
        ("rank two", 16),
        ("repeated rows and columns", 16),
        ("skew", 16),
        ("large offset", 16),
        # Payoffs that differ by little beside the largest decide: their supports are ill-conditioned systems.
        ("scales from 1e-8 to 1e8", 100),
        ("nearly tied", 300),
    ],
)
def test_degenerate_games_are_solved_too(kind, floors):
    rng = np.random.default_rng(0)
    for _ in range(1000):
        payoffs = degenerate(kind, rng)
        found = zero_sum_value(payoffs)
        certified(payoffs, found, floors)
        if kind == "skew":
            assert abs(found.value) <= 8 * bracket_floor(payoffs)


def test_a_large_game_is_solved_to_rounding():
    payoffs = np.random.default_rng(0).normal(size=(120, 90))
    assert zero_sum_value(payoffs).gap <= 16 * bracket_floor(payoffs)


@given(MATRICES, st.integers(-50, 50), st.sampled_from([1e-12, 0.5, 3.0, 1e30]))
def test_value_of_the_game_shifted_scaled_and_seen_from_the_other_side(payoffs, amount, factor):
    value = zero_sum_value(payoffs).value
    slack = 16 * (bracket_floor(payoffs) + EPS * abs(amount))  # both gaps, and the rounding of the shifted payoffs
    assert abs(zero_sum_value(payoffs + amount).value - value - amount) <= slack
    assert abs(zero_sum_value(factor * payoffs).value - factor * value) <= factor * slack
    assert abs(zero_sum_value(-payoffs.T).value + value) <= slack


@given(MATRICES, st.data())
def test_names_of_actions_do_not_matter(payoffs, data):
    names = data.draw(st.permutations(range(len(payoffs))))
    assert abs(zero_sum_value(payoffs[names]).value - zero_sum_value(payoffs).value) <= 16 * bracket_floor(
        payoffs
    )  # two gaps


def test_of_pure_saddle_points_the_first_one():
    found = zero_sum_value([[1, 2, 1], [0, 5, 1], [1, 2, 1]])
    assert (found.value, found.row.tolist(), found.column.tolist(), found.gap) == (1, [1, 0, 0], [1, 0, 0], 0)


def test_many_games_at_once_are_the_same_as_one_by_one():
    q_sab = np.random.default_rng(0).normal(size=(50, 3, 4))
    together = zero_sum_values(q_sab)
    for s, payoffs in enumerate(q_sab):
        alone = zero_sum_value(payoffs)
        assert (together.v_s[s], together.gap_s[s]) == (alone.value, alone.gap)
        assert np.array_equal(together.x_sa[s], alone.row)
        assert np.array_equal(together.y_sb[s], alone.column)


def test_by_hand():
    assert zero_sum_value(load("matching-pennies").rewards[0, 0]).value == 0
    rock_paper_scissors = zero_sum_value(load("rock-paper-scissors").rewards[0, 0])
    np.testing.assert_allclose(rock_paper_scissors.row, 1 / 3, rtol=0, atol=4 * EPS)
    # Rows that make the column indifferent: 2p = 1 − p for diag(2, 1).
    assert zero_sum_value(np.diag([2.0, 1.0])).row == pytest.approx([1 / 3, 2 / 3], abs=4 * EPS)


PAYOFF_LISTS = st.lists(st.integers(1, 3), min_size=1, max_size=3).flatmap(
    lambda sizes: arrays(np.float64, (len(sizes), *sizes), elements=st.integers(-2, 2))
)


@given(PAYOFF_LISTS, st.sampled_from([0.0, 1.0, 2.0]))
def test_a_global_optimum_is_the_first_joint_action_that_is_best_for_all(payoffs, slack):
    best = [
        action
        for action in itertools.product(*map(range, payoffs.shape[1:]))
        if all(payoffs[(i, *action)] >= payoffs[i].max() - slack for i in range(len(payoffs)))
    ]
    assert global_optimum(payoffs, slack) == (best[0] if best else None)


@given(PAYOFF_LISTS, st.sampled_from([0.0, 1.0]), st.data())
def test_global_optima_of_many_games(payoffs, ties, data):
    unit_m = np.array(data.draw(st.lists(st.sampled_from([0.5, 1.0, 2.0]), min_size=3, max_size=3)))[: len(payoffs)]
    other = np.zeros_like(payoffs)
    q_msa = np.stack([other, payoffs], axis=1).reshape(len(payoffs), 2, -1)
    found = global_optima(q_msa, np.broadcast_to(unit_m[:, None, None], q_msa.shape).copy(), ties)
    worst_a = ((q_msa[:, 1].max(axis=1, keepdims=True) - q_msa[:, 1]) / unit_m[:, None]).max(axis=0)
    assert found.actions_s.tolist() == [0, int((worst_a <= max(ties, worst_a.min())).argmax())]
    assert found.shortfall_s.tolist() == [0, worst_a[found.actions_s[1]]]
    assert np.array_equal(found.v_ms, q_msa.max(axis=2))


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        (zero_sum_value, [np.zeros(3)], r"^payoffs has shape \(3,\)"),
        (zero_sum_value, [np.zeros((0, 2))], r"^payoffs has shape \(0, 2\)"),
        (zero_sum_value, [[[1, float("nan")]]], r"^payoffs\[0, 1\] is nan"),
        (zero_sum_value, [[[1, 2], [3]]], "^payoffs is ragged"),
        (global_optimum, [np.zeros((2, 2))], r"^payoffs has shape \(2, 2\).*one array per agent"),
        (global_optimum, [np.zeros((2, 2, 0))], r"^payoffs has shape \(2, 2, 0\)"),
        (global_optimum, [np.zeros((2, 2, 2)), -1], "^slack is -1"),
        (global_optimum, [np.zeros((2, 2, 2)), "x"], "^slack is 'x'"),
    ],
)
def test_bad_input(function, arguments, message):
    with pytest.raises(InvalidInput, match=message):
        function(*arguments)
