"""Targets and critics whose bootstrap has the discount of another length, and rewards that are standardised."""

import dataclasses

import numpy as np
import pytest

from mathrl import Game
from mathrl.games import random_policy, random_stochastic, to_sparse
from mathrl.operators import ENTROPIES
from mathrl.oracle import assert_soft_q, assert_soft_v, assert_td_target, n_step_target
from mathrl.solvers import soft_evaluation
from tests.critics import Critic, said

GAMES = {
    structure: random_stochastic(4, (2, 3), structure=structure, discount=0.8, seed=3)
    for structure in ("common-payoff", "general-sum")
}
POLICY = random_policy(GAMES["common-payoff"], np.random.default_rng(3))


def critic_of(structure, entropy):
    return Critic(GAMES[structure], POLICY, 0.3, entropy)


def ended(critic, steps, weight):
    """Q of a critic that learns from n-step targets whose bootstrap counts `weight` times."""
    q = np.zeros(np.broadcast_shapes(critic.r.shape, (*critic.bonus.shape, 1)))
    for _ in range(int(np.ceil(np.log(1e-15) / np.log(weight)))):
        q = critic.target(critic.shaped(q), steps, end=weight).reshape(q.shape)
    return q


@pytest.mark.parametrize("steps", [2, 4])
@pytest.mark.parametrize("lost", [0.03, 0.1, 5 / 6])
@pytest.mark.parametrize("structure", GAMES)
@pytest.mark.parametrize("entropy", ENTROPIES)
@pytest.mark.parametrize(("discount", "ending"), [(0.8, 0.0), (0.8, 0.2), (1.0, 0.2)])
def test_a_bootstrap_that_a_critic_of_several_steps_lost_in_a_share_of_samples_is_named(
    structure, entropy, steps, lost, discount, ending
):
    """5/6 of it is lost in a mean over 6 joint actions that stands for a sum."""
    game = random_stochastic(4, (2, 3), structure=structure, discount=discount, seed=3, ending=ending)
    kind = {"policy": random_policy(game, np.random.default_rng(3)), "temperature": 0.3, "entropy": entropy}
    critic = Critic(game, **kind)
    q = ended(critic, steps, (1 - lost) * discount**steps)
    share = f"with the bootstrap lost in {100 * lost:.3g} % of the samples, such as those at a time limit"
    if lost > 0.5:
        share = (
            f"with the mean of {'π Q' if entropy == 'none' else 'π (Q − α log π)'} over the 6 joint actions in place"
        )
    phrase = f"of a critic trained on {steps}-step targets {share}"
    message = said(assert_soft_q, game, critic.shaped(q), **kind)
    assert phrase in message
    assert ", or " not in message
    assert phrase in said(assert_soft_v, game, critic.soft(q), **kind)


@pytest.mark.parametrize("steps", [2, 5])
@pytest.mark.parametrize("entropy", ["team", "own"])
@pytest.mark.parametrize("ending", [0.0, 0.2])
def test_values_without_the_entropy_of_the_steps_in_between_are_named(entropy, steps, ending):
    game = random_stochastic(4, (2, 3), discount=0.8, seed=3, ending=ending)
    kind = {"policy": random_policy(game, np.random.default_rng(3)), "temperature": 0.3, "entropy": entropy}
    critic = Critic(game, **kind)
    q = np.zeros(np.broadcast_shapes(critic.r.shape, (*critic.bonus.shape, 1)))
    for _ in range(100):
        q = critic.target(critic.shaped(q), steps, weight=lambda t: float(t == steps)).reshape(q.shape)
    phrase = f"of a critic trained on {steps}-step targets without the entropy of the steps in between"
    assert said(assert_soft_v, game, critic.soft(q), **kind).endswith(phrase)


@pytest.mark.parametrize(("steps", "power"), [(2, 1), (3, 1), (5, 1), (1, 3), (2, 4), (3, 4)])
@pytest.mark.parametrize("structure", GAMES)
@pytest.mark.parametrize("entropy", ENTROPIES)
def test_the_weight_that_a_critic_gave_to_its_bootstrap_is_named(structure, entropy, steps, power):
    critic = critic_of(structure, entropy)
    kind = {"policy": POLICY, "temperature": 0.3, "entropy": entropy}
    q = ended(critic, steps, 0.8**power)
    given = "γ" if power == 1 else f"γ^{power}"
    right = "γ" if steps == 1 else f"γ^{steps}"
    phrase = f"of a critic trained on {steps}-step targets with the bootstrap discounted by {given}, not by {right}"
    game = to_sparse(critic.game) if steps == 2 else critic.game
    for assertion, array in ((assert_soft_q, critic.shaped(q)), (assert_soft_v, critic.soft(q))):
        message = said(assertion, game, array, **kind).partition("theirs are the exact ones ")[2]
        # other discounts of one step are another way to say it
        assert phrase in message
        assert ", or " not in message or steps == 1
    assert_soft_q(game, critic.shaped(ended(critic, steps, 0.8**steps)), **kind)


@pytest.mark.parametrize(("fewer", "steps"), [(1, 2), (1, 3), (2, 3), (4, 5)])
@pytest.mark.parametrize("entropy", ENTROPIES)
def test_the_discount_of_all_steps_after_fewer_is_named(entropy, fewer, steps):
    critic = critic_of("common-payoff", entropy)
    shape = np.broadcast_shapes(critic.r.shape, (*critic.bonus.shape, 1))
    q = critic.shaped(np.random.default_rng(0).normal(size=shape))
    kind = {"policy": POLICY, "temperature": 0.3, "entropy": entropy, "q": q, "steps": steps}
    wrong = critic.target(q, fewer, end=0.8**steps)
    message = said(assert_td_target, critic.game, wrong, **kind)
    plural = "s" * (fewer > 1)
    assert f"of {fewer} step{plural}, but with the bootstrap discounted by γ^{steps}" in message
    assert_td_target(critic.game, critic.target(q, steps), **kind)


@pytest.mark.parametrize(("mean", "minus_mean"), [(0.7, "− 0.7"), (-0.7, "+ 0.7")])
@pytest.mark.parametrize("structure", GAMES)
def test_rewards_of_any_mean_and_deviation_are_named(structure, mean, minus_mean):
    """Those of a buffer are not those of the table."""
    game = GAMES[structure]
    kind = {"policy": POLICY, "temperature": 0.3}
    other = dataclasses.replace(game, rewards=(game.rewards - mean) / 1.9)
    critic = Critic(other, POLICY, 0.3, "team")
    q = np.random.default_rng(0).normal(size=game.rewards.shape)
    wrong = n_step_target(other, q=q, steps=3, **kind)
    for message in (
        said(assert_td_target, game, wrong, q=q, steps=3, **kind),
        said(assert_soft_q, game, critic.q(), **kind),
        said(assert_soft_v, game, critic.v(), **kind),
    ):
        assert message.endswith(f"theirs are the exact ones with standardised rewards, (r {minus_mean})/1.9")


def test_a_constant_in_every_reward_is_told_from_one_in_every_number():
    """At an end nothing is paid: there the two differ."""
    game = random_stochastic(4, (2, 2), discount=0.8, seed=1)
    moves, rewards = game.transitions.copy(), game.rewards.copy()
    rewards[3], moves[3], ends = 0, np.eye(4)[3], [False, False, False, True]
    more = np.where(np.reshape(ends, (4, 1, 1)), 0, rewards + 0.5)
    ending, paid = (Game.stochastic(r, moves, 0.8, terminal=ends) for r in (rewards, more))
    kind = {"policy": random_policy(game, np.random.default_rng(1)), "temperature": 0.3}
    message = said(assert_soft_q, ending, soft_evaluation(paid, **kind).q, **kind)
    assert message.endswith("theirs are the exact ones with 0.5 added to every reward")
