"""Whole training runs on games whose answers are known exactly."""

import jax
import numpy as np
import pytest

from mathrl import Game, load
from mathrl.equilibria import lipschitz_constant
from mathrl.figures.hasac.table_3 import PRINTED
from mathrl.neural.algorithms import DMAC, HASAC
from mathrl.neural.measures import policy_tables
from mathrl.neural.study import study
from mathrl.neural.tabular import tabular
from mathrl.solvers import haspi, qre

NUM_STATES, ALPHA = 6, 0.6


def one_equilibrium():
    """A game of 6 states, 2 agents and 3 actions with one QRE, in a part of whose states one agent alone has a choice.

    In states 0 to 2 the transitions do not depend on the actions: what follows adds the same to all rewards, and the
    policy there is a QRE of the matrix game r(s, ·), of which there is one. In states 3 to 5 one agent chooses: its
    QRE policy is softmax(Q/α), so that V(s) = α log Σ exp(Q(s, ·)/α). With the policy in states 0 to 2 fixed, both
    together make V the fixed point of one γ-contraction. So there is one V, and one policy.
    """
    rng = np.random.default_rng(0)
    rewards, transitions = rng.normal(size=(NUM_STATES, 3, 3)), rng.dirichlet(np.ones(NUM_STATES), (NUM_STATES, 3, 3))
    rewards[:3] /= 2
    transitions[:3] = transitions[:3, :1, :1]
    first, second = (np.ones((NUM_STATES, 3), dtype=bool) for _ in range(2))
    second[3:5, 1:] = first[5, 1:] = False
    rewards[~(first[:, :, None] & second[:, None])] = -np.inf
    return Game.stochastic(rewards, transitions, 0.8, available=[first, second])


@pytest.fixture(scope="module")
def learned():
    """Two seeds that learn, and one whose actors stand still."""
    game, rate = one_equilibrium(), 3e-3
    settings = HASAC.settings(
        temperature=ALPHA, batch=256, hidden=(24, 24), critic_rate=4e-3, polyak=0.1, explore=1024, prepare=200
    )
    rates = {"actor_rate": [rate, rate, 0.0]}
    start = [[0.6, 0.3, 0.1]] * 2
    return game, study(
        HASAC, tabular(game), settings, steps=19_200, seeds=(0, 1, 0), each=rates, initial_policy=start, measurements=1
    )


def test_the_game_has_one_equilibrium():
    """λ L < 1 in each state in which both choose; see `one_equilibrium`."""
    game = one_equilibrium()
    for state in range(3):
        assert lipschitz_constant(Game.matrix(game.rewards[state])) / ALPHA < 1
        assert np.ptp(game.transitions[state].reshape(-1, NUM_STATES), axis=0).max() == 0
    choices = np.stack([own.sum(axis=1) for own in game.available])
    assert (choices[:, 3:].min(axis=0) == 1).all()


def test_hasac_ends_at_the_equilibrium(learned):
    game, done = learned
    exact = qre(game, temperature=ALPHA)
    assert exact.converged
    for row, learner in zip(done.rows[:2], done.learners, strict=False):
        assert row["residual"] <= 0.03
        policy = policy_tables(tabular(game), learner)
        assert max(np.abs(own - pi).max() for own, pi in zip(policy, exact.policy, strict=True)) <= 0.05


def test_the_critic_of_a_fixed_policy(learned):
    """The actors did not move, and their critic is within 8 % of the span of the exact soft Q.

    Of 12 seeds the largest error was 6.1 %; most of it is that the smaller of two critics is taken.
    """
    game, done = learned
    policy = policy_tables(tabular(game), done.learners[2])
    both = np.array([0.6, 0.3, 0.1])
    # The last layer's weights are a hundredth of He's, so that the first policy is near the one that was asked for.
    assert np.abs(policy[0][0] - both).max() < 0.05
    assert done.rows[2]["critic_error"] <= 0.08


def test_entropies_a_thousand_times_the_rewards():
    """Where α is 1,000 max|r|, values are nearly all entropy, and critics are scaled by it.

    Of 20 seeds the largest residual was 0.044; with critics scaled by rewards alone the smallest was 0.068, as these
    were still far below the values when step sizes had fallen.
    """
    game = one_equilibrium()
    largest = float(np.abs(game.rewards[np.isfinite(game.rewards)]).max())
    settings = HASAC.settings(
        temperature=1000 * largest, batch=64, hidden=(24, 24), critic_rate=3e-3, polyak=0.1, prepare=200,
        actor_rate=3e-3,
    )  # fmt: skip
    start = [[0.6, 0.3, 0.1]] * 2
    done = study(HASAC, tabular(game), settings, steps=10_000, seeds=(0, 1), initial_policy=start, measurements=1)
    for row in done.rows:
        assert row["residual"] <= 0.055


@pytest.mark.parametrize(
    ("discount", "terminal", "alpha", "scale"),
    [
        (0.0, False, 1e3, 2.0),  # Q is the reward
        (0.9, False, 0.0, 20.0),
        (0.9, False, 3.0, 20.0 + 9 * 3 * 2 * np.log(3)),
        (1.0, True, 3.0, 2 * 2.0 + 3 * 2 * np.log(3)),  # two steps at most
    ],
)
def test_critics_are_scaled_by_a_bound_on_values(discount, terminal, alpha, scale):
    """H max|r| + (H − 1) α Σ_i log A_i, and of DMAC without the second part."""
    rewards, transitions = np.full((3, 3, 3), -2.0), np.zeros((3, 3, 3, 3))
    transitions[0, ..., 1] = transitions[1, ..., 2] = transitions[2, ..., 0] = 1.0
    rewards[2] *= not terminal
    ended = [False, False, True] if terminal else None
    environment = tabular(Game.stochastic(rewards, transitions, discount, terminal=ended))
    for algorithm, bound in ((HASAC, scale), (DMAC, environment.horizon * 2.0)):
        settings = algorithm.settings(temperature=alpha, hidden=(2,))
        made = jax.jit(lambda key, algorithm=algorithm, settings=settings: algorithm.start(environment, settings, key))
        assert float(made(jax.random.key(0)).scale) == pytest.approx(bound, rel=1e-6)  # single precision


def test_table_3_as_networks_learn_it():
    """Three seeds at each of the six temperatures, from the paper's start, beside the exact ends of HASPI.

    Of 100 seeds at α = 5, 60 at α = 10, and 40 at α = 15 and 20 the largest distances were 0.001, 0.003, 0.022 and
    0.018. Where the critics learn alone for 200 updates only, one of 60 seeds at α = 10 ends at (A, A).
    """
    game, start = load("hasac"), [[0.6, 0.2, 0.2]] * 2
    temperatures = [float(alpha) for alpha in PRINTED for _ in range(3)]
    settings = HASAC.settings(batch=64, hidden=(16, 16), explore=256, prepare=400, critic_rate=1e-2, actor_rate=5e-3)
    done = study(
        HASAC, tabular(game), settings, steps=10_000, seeds=(0, 1, 2) * len(PRINTED),
        each={"temperature": temperatures}, initial_policy=start, measurements=1,
    )  # fmt: skip
    for alpha, learner in zip(temperatures, done.learners, strict=True):
        exact = haspi(game, temperature=alpha, initial_policy=start)
        policy = policy_tables(tabular(game), learner)
        apart = max(np.abs(own - pi).max() for own, pi in zip(policy, exact.policy, strict=True))
        assert apart <= (0.005 if alpha <= 10 else 0.03), f"α = {alpha}: {apart}"
