"""The sharper bounds: against their recursion run step by step, below the printed ones, exact at the ends, attained."""

from fractions import Fraction
from itertools import product, takewhile
from math import fsum, prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp, mpf

from mathrl.bounds import (
    Setup,
    compare_returns,
    expected_return,
    measure,
    sharper,
    state_distances,
    theorems,
    value_bound,
)
from mathrl.games import Game
from mathrl.proofs_checks.strategies import setups
from tests.examples import costly

ERRORS = st.sampled_from([0.0, 1e-9, 0.01, 0.3, 1.0]) | st.floats(0, 1, allow_subnormal=False)
OPPONENTS = st.lists(st.tuples(ERRORS, ERRORS), max_size=3)
DISCOUNTS = st.sampled_from([0.0, 0.5, 0.9]) | st.floats(0, 0.9, allow_subnormal=False)
LENGTHS = st.integers(0, 12)
STEPS = 400  # 0.9^400 < 1e-18
TOLERANCE = 1e-13  # hundreds of roundings of numbers up to 1


@st.composite
def errors(draw):
    opponents = draw(OPPONENTS)
    return {
        "dynamics_error": draw(ERRORS),
        "policy_shift": draw(ERRORS),
        "opponent_shifts": [shift for shift, _ in opponents],
        "opponent_errors": [error for _, error in opponents],
    }


def alike(*chances):
    return prod(1 - each for each in chances)


def step_by_step(discount, acting, schedule, floor=0.0):
    """(1 − γ) Σ_t γ^t (1 − f c_t), c through the (a, M) of each step of `schedule(t)`: no closed form."""
    total = 0.0
    for t in takewhile(lambda t: discount**t >= 1e-18, range(STEPS)):  # what comes later does not count
        together = 1.0
        for a, M in schedule(t):
            together = max(floor, a * together - M)
        total += (1 - discount) * discount**t * (1 - acting * together)
    return total


@costly  # each takes STEPS² steps
@given(DISCOUNTS, errors(), LENGTHS, ERRORS, ERRORS)
def test_the_closed_forms_are_the_recursion(discount, numbers, k, M_pre, P_post):
    M, shift = numbers["dynamics_error"], numbers["policy_shift"]
    shifts, models = numbers["opponent_shifts"], numbers["opponent_errors"]
    known = {"reward_range": 1.0, "discount": discount}

    meeting = alike(shift) * prod(max(0.0, 1 - s - e) for s, e in zip(shifts, models, strict=True))
    expected = step_by_step(discount, alike(*models), lambda t: [(meeting, M)] * t)
    assert sharper.coupling_theorem_1(**known, **numbers) == pytest.approx(expected, abs=TOLERANCE)
    expected = step_by_step(discount, alike(*models), lambda t: [(meeting, M)] * t, floor=-np.inf)
    found = sharper.coupling_theorem_1(**known, **numbers, averaged=True)
    assert found == pytest.approx(min(1.0, expected), abs=TOLERANCE)

    before, after = (alike(shift, *shifts), 0.0), (alike(*models), M)
    expected = step_by_step(discount, after[0], lambda t: [before] * max(t - k, 0) + [after] * min(t, k))
    assert sharper.coupling_theorem_2(**known, **numbers, branch_length=k) == pytest.approx(expected, abs=TOLERANCE)

    before, after = (alike(shift, *shifts), M_pre), (alike(P_post, *models), M)
    expected = step_by_step(discount, after[0], lambda t: [before] * max(t - k, 0) + [after] * min(t, k))
    apart = {
        "dynamics_error_pre": M_pre,
        "policy_distance_pre": shift,
        "opponent_distances_pre": shifts,
        "dynamics_error_post": M,
        "policy_distance_post": P_post,
        "opponent_distances_post": models,
        "branch_length": k,
    }
    assert sharper.coupling_lemma_c4(**known, **apart) == pytest.approx(expected, abs=TOLERANCE)
    uncapped = step_by_step(discount, after[0], lambda t: [before] * max(t - k, 0) + [after] * min(t, k), floor=-np.inf)
    found = sharper.coupling_lemma_c4(**known, **apart, averaged=True)
    assert found == pytest.approx(min(1.0, uncapped), abs=TOLERANCE)

    once = {"dynamics_error": M, "policy_distance": shift, "opponent_distances": models}
    a = alike(shift, *models)
    expected = step_by_step(discount, a, lambda t: [(a, M)] * t)
    assert sharper.coupling_lemma_c3(**known, **once) == pytest.approx(expected, abs=TOLERANCE)
    together = 1.0
    for t in range(8):
        assert sharper.coupling_lemma_c2(step=t, **once) == pytest.approx(1 - together, abs=TOLERANCE)
        together = max(0.0, a * together - M)


@given(DISCOUNTS | st.just(0.999999), errors(), st.integers(0, 10**5), st.floats(-5, 5), st.floats(0, 5))
def test_each_bound_is_below_the_next(discount, numbers, k, lowest, spread):
    size = max(abs(lowest), abs(lowest + spread))
    ours, theirs = {"reward_range": spread, "discount": discount}, {"reward_bound": size, "discount": discount}
    slack = 1 + 1e-12  # of sums of up to ten terms, none negative
    chains = [
        (
            sharper.coupling_theorem_1(**ours, **numbers),
            sharper.linear_theorem_1(**ours, **numbers),
            theorems.theorem_1(**theirs, **numbers),
        ),
        (
            sharper.coupling_theorem_2(**ours, **numbers, branch_length=k),
            sharper.linear_theorem_2(**ours, **numbers, branch_length=k),
            theorems.theorem_2(**theirs, **numbers, branch_length=k),
        ),
    ]
    for coupling, linear, printed in chains:
        assert coupling <= sharper.trivial_bound(reward_range=spread) * slack
        assert coupling <= linear * slack + 1e-15
        assert linear <= printed * slack + 1e-15


@given(DISCOUNTS, errors(), LENGTHS)
def test_an_average_over_time_costs_the_cap_alone(discount, numbers, k):
    known = {"reward_range": 1.0, "discount": discount}
    for bound, more in ((sharper.coupling_theorem_1, {}), (sharper.coupling_theorem_2, {"branch_length": k})):
        of_maximum = bound(**known, **numbers, **more)
        of_average = bound(**known, **numbers, **more, averaged=True)
        assert of_maximum <= of_average + TOLERANCE
        if numbers["dynamics_error"] == 0:  # then nothing is capped
            assert of_average == pytest.approx(of_maximum, abs=TOLERANCE)
    without = {name: x for name, x in numbers.items() if name != "opponent_errors"}
    perfect = {**numbers, "opponent_errors": [0.0 for _ in numbers["opponent_shifts"]]}
    assert sharper.coupling_theorem_3(**known, **without) == sharper.coupling_theorem_1(**known, **perfect)


SMALL = [0.0, 1e-300, 1e-12, 1e-6]
TINY = [
    (discount, y, M, k)
    for discount, y, M, k in product([0.9, 0.999999, 1 - 1e-9], SMALL, SMALL, [1, 1000, 100_000])
    if y / (1 - discount) + M * k < 0.01
]


@pytest.mark.parametrize(("discount", "y", "M", "k"), TINY)
def test_tiny_errors_keep_their_digits(discount, y, M, k):
    """Σ_t (1 − γ) γ^t a^t = (1 − γ) / (1 − γ a), Σ_t (1 − γ) γ^t S_min(t,k) = Σ_{j<k} a^j γ^{j+1}, in 700 digits.

    With the same y before and after the branch c_t = a^t − M S_min(t,k), not capped at 0 while γ^t matters.
    """
    found = sharper.coupling_lemma_c4(
        reward_range=1.0,
        discount=discount,
        dynamics_error_pre=0.0,
        policy_distance_pre=y,
        opponent_distances_pre=[],
        dynamics_error_post=M,
        policy_distance_post=y,
        opponent_distances_post=[],
        branch_length=k,
    )
    with mp.workdps(700):  # 1e-300 squared is not lost
        g, a = mpf(discount), 1 - mpf(y)
        policies = 1 - (1 - g) / (1 - g * a)
        dynamics = M * g * (1 - (g * a) ** k) / (1 - g * a)
        expected = y + a * (policies + dynamics)
        assert found == pytest.approx(float(expected), rel=1e-12, abs=0)  # γ^k is rounded where γ is near 1


@given(DISCOUNTS, errors())
def test_the_linear_bound_moves_one_way_in_k(discount, numbers):
    """From c to x: the best branch length inside, which the printed bound has, is owed to its estimate t ≤ k."""
    values = np.array([
        sharper.linear_theorem_2(reward_range=1.0, discount=discount, **numbers, branch_length=k) for k in range(40)
    ])  # fmt: skip
    moves = np.diff(values)
    errors, shifts = (
        numbers["dynamics_error"] + fsum(numbers["opponent_errors"]),
        fsum((numbers["policy_shift"], *numbers["opponent_shifts"])),
    )
    rounding = 1e-14 * (1 + values.max())
    assert (moves <= rounding).all() if errors <= shifts else (moves >= -rounding).all()


def test_the_printed_bound_has_a_best_k_inside_where_the_sharper_ones_want_the_model_for_ever():
    numbers = {"dynamics_error": 0.01, "policy_shift": 0.3, "opponent_shifts": [], "opponent_errors": []}
    printed = [theorems.theorem_2(reward_bound=1, discount=0.9, **numbers, branch_length=k) for k in range(1, 100)]
    linear = [sharper.linear_theorem_2(reward_range=1, discount=0.9, **numbers, branch_length=k) for k in range(1, 100)]
    assert 0 < np.argmin(printed) < 98
    assert (np.diff(linear) < 0).all()


def leading_astray(discount=0.9, shift=0.2, error=0.0):
    """In state 0, action 1 of either agent leads to the good state in the game, to the bad one in the model."""
    rewards = np.zeros((3, 2, 2))
    rewards[1], rewards[2] = 1.0, -1.0
    real, model = np.zeros((2, 3, 2, 2, 3))
    for transitions, ends in ((real, 1), (model, 2)):
        transitions[0, ..., ends] = 1.0
        transitions[0, 0, 0] = np.eye(3)[0]
        transitions[1, ..., 1] = transitions[2, ..., 2] = 1.0
    game = Game.stochastic(rewards, real, discount, [1.0, 0.0, 0.0])
    still, moving = np.tile([1.0, 0.0], (3, 1)), np.tile([1 - shift, shift], (3, 1))
    return Setup.of(game, policy=[moving, still], model=model, data_policy=[still, still], agent=0)


@pytest.mark.parametrize("shift", [1e-6, 0.2, 1.0])
def test_theorem_3_is_attained_with_each_shift_counted_once(shift):
    """ε_m = 0, as π_D never goes where the model is wrong; the printed bound is more than twice the discrepancy."""
    setup = leading_astray(shift=shift)
    found, discount = measure(setup), setup.game.discount
    assert found.data_dynamics["real"] == 0
    discrepancy = (1 - discount) * (expected_return(setup.real, 0) - expected_return(setup.learned, 0))
    bound = sharper.coupling_theorem_3(
        reward_range=2.0,
        discount=discount,
        dynamics_error=0.0,
        policy_shift=found.policy_shift,
        opponent_shifts=found.opponent_shifts,
    )
    assert discrepancy == pytest.approx(bound, rel=1e-13, abs=1e-15)  # of returns between -1 and 1: a few roundings
    np.testing.assert_allclose(  # the law of s_t, too
        state_distances(setup.real, setup.learned, 30), 1 - (1 - shift) ** np.arange(31), rtol=1e-9, atol=1e-15
    )


def test_the_fork_of_the_findings():
    """docs/findings.md: discrepancy 2 · 0.9 · 0.2 / (1 − 0.9 · 0.8) = 1.286, which coupling attains."""
    rows = {row.claim: row for row in compare_returns(leading_astray())}
    for claim in ("theorem-1", "theorem-3", "theorem-4", "extended-theorem-a.1", "extended-theorem-b.1"):
        row = rows[claim]
        assert row.discrepancy == pytest.approx(9 / 7, rel=1e-13, abs=0)
        assert f"{row.discrepancy:.3f}" == "1.286"
        assert row.coupling == pytest.approx(9 / 7, rel=1e-13, abs=0)
        assert (row.printed, row.trivial) == pytest.approx((8, 2), rel=1e-13, abs=0)


@costly
@given(setups())
def test_the_value_bound_holds_and_vanishes_where_nothing_differs(setup):
    discount, size = setup.game.discount, setup.game.reward_scale
    rounding = 1e-13 * size / (1 - discount)
    real = expected_return(setup.real, setup.agent)
    for other in (setup.modelled, setup.learned):
        discrepancy = (1 - discount) * abs(real - expected_return(other, setup.agent))
        assert discrepancy <= value_bound(setup, other) + rounding
    perfect = Setup.of(setup.game, policy=setup.policy, agent=setup.agent)
    assert value_bound(perfect, perfect.modelled) == 0


def test_the_value_bound_is_attained():
    """One state, hence only the opponent's model matters: TV · span of the agent's expected reward."""
    rewards = np.array([[[1.0, 5.0], [-1.0, 3.0]]])
    game = Game.stochastic(rewards, np.ones((1, 2, 2, 1)), 0.9)
    setup = Setup.of(game, policy=[[0.5, 0.5], [0.7, 0.3]], opponent_models=[[0.4, 0.6]])
    assert value_bound(setup, setup.modelled) == pytest.approx(0.3 * 4)


def test_the_value_bound_weighs_the_model_by_what_is_played_in_the_game():
    """The opponent leads to the good state, its model to the bad one; in the model all leads there: attained."""
    transitions = np.array(leading_astray().game.transitions)
    transitions[0, 0, 0] = np.eye(3)[2]
    model = transitions.copy()
    model[0] = np.eye(3)[2]
    game = Game.stochastic(leading_astray().game.rewards, transitions, 0.9, [1.0, 0.0, 0.0])
    still, moving = np.tile([1.0, 0.0], (3, 1)), np.tile([0.0, 1.0], (3, 1))
    setup = Setup.of(game, policy=[still, moving], opponent_models=[still], model=model)
    gap = (1 - 0.9) * (expected_return(setup.real, 0) - expected_return(setup.modelled, 0))
    assert gap == pytest.approx(value_bound(setup, setup.modelled)) == pytest.approx(1.8)


def test_shifts_and_errors_are_of_the_same_opponents():
    with pytest.raises(ValueError, match="opponent_errors has 1 entries, expected 2"):
        sharper.coupling_theorem_1(
            reward_range=1, discount=0, dynamics_error=0, policy_shift=0, opponent_shifts=[0, 0], opponent_errors=[0]
        )


@pytest.mark.parametrize(
    ("model", "opponents"), [(0.25, []), (0.3, [0.1]), (0.01, [0.02, 0.03]), (0.9, [0.5]), (0.5, [1.0])]
)
def test_the_last_step_before_the_error_reaches_1(model, opponents):
    """(y + M) Σ_{k < t} (1 − y)^k, added up in fractions, with y = 1 − Π (1 − e_j)."""
    M, y = Fraction(model), 1 - prod((1 - Fraction(e) for e in opponents), start=Fraction(1))
    t, total = 0, Fraction(0)
    while (y + M) * (total + (1 - y) ** t) < 1:
        total += (1 - y) ** t
        t += 1
    assert sharper.last_together(dynamics_error=model, opponent_errors=opponents) == t
