"""Where straight-through Gumbel-softmax ends: at QREs with an exact critic, elsewhere with a learned one."""

from itertools import product

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.base.reproduction import Estimate
from mathrl.games import load, random_matrix
from mathrl.neural import gumbel_table
from mathrl.neural.critic_slopes import slope_fit
from mathrl.neural.gumbel_ends import ACTIONS, Ends, exact_ends, learned_ends
from mathrl.neural.gumbel_estimates import estimates, mean_gradient, sampled_gradients
from mathrl.neural.gumbel_table import EXACT, LEARNED
from mathrl.neural.matrix_game import START
from mathrl.neural.study import COMPILER
from mathrl.solvers import haspi

ALPHAS, MOST = (10.0, 5.0), (2, 0)
"""Two temperatures, and the action that is played most at the equilibria of Table 3."""


def apart(policy, alpha):
    """The largest difference of a probability (n, A) from the end of HASPI."""
    expected = haspi(load("hasac"), temperature=alpha, initial_policy=START).policy
    return np.abs(policy - np.concatenate(expected)).max()


@pytest.mark.parametrize("actions", ACTIONS)
def test_with_an_exact_critic_both_ways_end_at_table_3(actions):
    ends = exact_ends(load("hasac"), actions, temperatures=ALPHAS, runs=6, seed=1)
    for alpha, most, end in zip(ALPHAS, MOST, ends, strict=True):
        assert (end.argmax(axis=-1) == most).all()
        for policy in end:
            assert apart(policy, alpha) < 0.02  # of 100 runs the mean residual is 0.002; steps end before convergence


def test_estimates_of_runs_side_by_side_are_those_of_each_alone():
    """From the same noise, on JAX and on NumPy."""
    game, rng = random_matrix((3, 2), seed=3), np.random.default_rng(0)
    logits = [rng.normal(size=(4, 1, size)) for size in game.num_actions]
    noise = [rng.gumbel(size=(4, 7, size)) for size in game.num_actions]
    compiled = jax.jit(lambda *arrays: estimates(*arrays, temperature=0.5, relaxation=1.0), compiler_options=COMPILER)
    many = compiled(game.rewards, logits, noise)
    for run in range(4):
        alone = [own[run] for own in logits], [drawn[run] for drawn in noise]
        one = estimates(game.rewards, *alone, temperature=0.5, relaxation=1.0)
        for ours, theirs in zip(one, many, strict=True):
            # Single precision, 6e-8 of terms of up to 10.
            np.testing.assert_allclose(ours, theirs[run], rtol=0, atol=1e-5)


def test_with_the_own_expectation_taken_exactly_the_mean_is_the_exact_gradient():
    game, rng = random_matrix((3, 2, 4), seed=5, scale=3.0), np.random.default_rng(1)
    logits = [rng.normal(size=size) for size in game.num_actions]
    drawn = sampled_gradients(game, logits, temperature=0.7, relaxation=None, samples=20_000, rng=rng)
    for own, mean in zip(drawn, mean_gradient(game, logits, temperature=0.7), strict=True):
        error = own.std(axis=0) / np.sqrt(len(own))
        assert (error > 0).all()
        assert (np.abs(own.mean(axis=0) - mean) < 5 * error).all()  # 5 standard errors, of 9 numbers


def slopes_of(q):
    """∂Q/∂y of Q(y) = Σ_a Q(a) Π_i y^i(a^i) at all joint actions of two agents, (A, A, 2, A)."""
    slopes = np.empty((*q.shape, 2, len(q)))
    for a, b in product(range(len(q)), repeat=2):
        slopes[a, b] = q[:, b], q[a]
    return slopes


@given(st.integers(0, 1000), st.floats(-2, 2), st.floats(-100, 100))
def test_slopes_of_a_multilinear_critic_fit(seed, factor, shift):
    """They are 1 and 0; `factor` times as long they are `factor` and |1 − factor|; a constant added changes nothing."""
    rng = np.random.default_rng(seed)
    q, policy = rng.normal(size=(3, 3)), rng.dirichlet(np.ones(3), size=2)
    along, off = slope_fit(q, factor * slopes_of(q) + shift, policy)
    assert along == pytest.approx(factor, abs=1e-9)  # rounding of the shift, 1e-14, over a difference of 1e-3 or more
    assert off == pytest.approx(abs(1 - factor), abs=1e-9)


def test_slopes_are_weighed_by_policies():
    """A wrong slope of agent 0 at (a, b), towards c: the error is π^0(a) π^0(c) π^1(b) times it."""
    rng = np.random.default_rng(0)
    q, policy = rng.normal(size=(3, 3)), rng.dirichlet(np.ones(3), size=2)
    slopes = slopes_of(q)
    slopes[0, 1, 0, 2] += 0.5
    size = sum(
        policy[0, a] * policy[1, b] * (policy[0, c] * abs(q[c, b] - q[a, b]) + policy[1, c] * abs(q[a, c] - q[a, b]))
        for a, b, c in product(range(3), repeat=3)
    )
    expected = 0.5 * policy[0, 0] * policy[0, 2] * policy[1, 1] / size
    assert slope_fit(q, slopes, policy)[1] == pytest.approx(expected, rel=1e-9)


def test_the_table_counts_ends(monkeypatch):
    """Of canned ends: 4 of 5 runs at (C, C), one with one agent at A; shares, means, and intervals that hold them."""
    ends = np.tile([0.1, 0.2, 0.7], (5, 2, 1))
    ends[0, 0] = 0.8, 0.1, 0.1
    given = Ends(ends, np.tile([0.5, 0.7], (5, 1)))
    monkeypatch.setattr(gumbel_table, "exact_ends", lambda *_, temperatures, **__: [ends] * len(temperatures))
    monkeypatch.setattr(gumbel_table, "learned_ends", lambda *_, temperatures, **__: [given] * len(temperatures))
    computed = gumbel_table.gumbel_table(0, "fast")
    values = computed.values
    assert "learned critic, alpha=5: enumerated 0 of 5, gumbel 0 of 5" in computed.notes[-1]
    assert len({row for row, _ in values}) == len(EXACT) + len(LEARNED)
    for (_, column), cell in values.items():
        assert isinstance(cell, Estimate)
        assert cell.low <= cell.value <= cell.high
        name = column.rsplit(" ", 1)[0]
        if name == "residual":
            assert cell.value > 0.01
        else:
            expected = {"(C,C)": 0.8, "(A,A)": 0.0, "p(C)": 0.64, "slopes": 0.5, "slope error": 0.7}[name]
            assert cell.value == pytest.approx(expected, abs=1e-12)
    shares = values["exact critic, alpha=10", "(C,C) gumbel"]
    # Wilson's interval by hand: (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n), z = 1.959964
    assert (shares.low, shares.high) == pytest.approx((0.375535, 0.963776), abs=1e-5)


@pytest.mark.parametrize(
    ("argument", "call"),
    [
        ("budget", lambda: gumbel_table.gumbel_table(0, "slow")),
        ("seed", lambda: gumbel_table.gumbel_table(-1, "fast")),
        ("actions", lambda: exact_ends(load("hasac"), "relaxed", temperatures=ALPHAS, runs=1, seed=0)),
        ("actions", lambda: learned_ends(load("hasac"), "relaxed", temperatures=ALPHAS, seeds=[0])),
    ],
)
def test_bad_arguments_are_named(argument, call):
    with pytest.raises(ValueError, match=argument):
        call()


@pytest.mark.long
def test_of_a_learned_critic_it_is_the_slopes_that_lead_elsewhere():
    """The same networks end at Table 3's equilibria where their values are interpolated, and far from any where not.

    Of 20 seeds the largest distances of the former were 0.005 at α = 10 and 0.002 at α = 5; of 100 seeds at α = 10 the
    smallest distance of the latter was 0.069.
    """
    game, seeds = load("hasac"), range(4)
    for alpha, end in zip(ALPHAS, learned_ends(game, "interpolated", temperatures=ALPHAS, seeds=seeds), strict=True):
        assert max(apart(policy, alpha) for policy in end.policy) < 0.015
    (raw,) = learned_ends(game, "gumbel", temperatures=[10.0], seeds=seeds)
    assert min(apart(policy, 10.0) for policy in raw.policy) > 0.03
    assert (raw.fit[:, 0] < 0.9).all()
