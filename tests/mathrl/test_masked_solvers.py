"""Solvers on games with unavailable actions and ends of episodes, against games without them that mean the same.

A masked matrix game is the smaller game without the actions. Where an episode has ended, an absorbing state of an
ordinary game is as good, if its reward takes back what entropy earns there.
"""

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mathrl.exploitability import exploitability
from mathrl.games import Game, opponents_policy, random_policy, uniform_policy
from mathrl.games.learned_model import LearnedModel
from mathrl.oracle import compare
from mathrl.solvers import (
    divergence_iteration,
    divergence_limit,
    divergence_policy_iteration,
    mehaml,
    nash_q,
    optimal,
    rommeo_q,
    rommeo_self_play,
    soft_q_iteration,
    soft_qmix,
)

CLOSE = 1e-8
"""Runs stop at a residual of 1e-12 at most, in games whose responses contract by 1e-3 at least."""

few = settings(max_examples=settings().max_examples // 8)


class Tried(NamedTuple):
    """A solver, arguments at which most small games have an answer after a few steps, and what an end would earn.

    `arguments`  what is a function is called with the game
    `earned`     "team": α times all agents' entropies; "own": α times the agent's own; "" nothing
    `payoffs`    "common", "general" or "zero-sum"
    """

    solver: object
    arguments: dict
    earned: str = "team"
    payoffs: str = "common"

    def __call__(self, game):
        return self.solver(game, **{name: x(game) if callable(x) else x for name, x in self.arguments.items()})


MIRROR = {"temperature": 0.5, "max_steps": 200}
MIXED = {"temperature": 2.0, "max_steps": 200}
TARGETED = {"temperature": 0.5, "target_policy": uniform_policy}
PRODUCT = {"policy_class": "product"}
TRIED = {
    "mehaml": Tried(mehaml, MIRROR),
    "mehaml-kl": Tried(mehaml, MIRROR | {"drift": "kl:0.3", "neighbourhood": "total-variation:0.4"}),
    "mehaml-squared": Tried(mehaml, MIRROR | {"drift": "squared:0.4", "neighbourhood": "kl:0.3"}),
    "mehaml-clipped": Tried(mehaml, MIRROR | {"drift": "clipped:0.2", "neighbourhood": "ratio:3"}),
    "haml": Tried(mehaml, MIRROR | {"temperature": 0, "neighbourhood": "total-variation:0.4"}, ""),
    "soft-qmix": Tried(soft_qmix, MIXED),
    "soft-qmix-additive": Tried(soft_qmix, MIXED | {"mixer": "additive", "weights": "uniform"}),
    "soft-qmix-unrestricted": Tried(soft_qmix, MIXED | {"mixer": "unrestricted"}),
    "optimal": Tried(optimal, {}, ""),
    "soft-q-iteration": Tried(soft_q_iteration, {"temperature": 0.5}),
    "soft-q-iteration-of-each": Tried(soft_q_iteration, {"temperature": 0.5}, payoffs="general"),
    "rommeo-q": Tried(rommeo_q, {"temperature": 0.5, "divergence_weight": 0.8}, "own", "general"),
    "rommeo-self-play": Tried(rommeo_self_play, {"temperature": 1.5, "max_steps": 200}, "own", "general"),
    "nash-q": Tried(nash_q, {}, ""),
    "nash-q-of-two": Tried(nash_q, {}, "", "zero-sum"),
    "nash-q-of-many": Tried(nash_q, {}, "", "general"),
    "divergence-policy-iteration": Tried(divergence_policy_iteration, TARGETED, ""),
    "divergence-policy-iteration-of-products": Tried(divergence_policy_iteration, TARGETED | PRODUCT, ""),
    "divergence-iteration": Tried(divergence_iteration, {"temperature": 0.05, "max_steps": 300}, ""),
    "divergence-iteration-of-products": Tried(
        divergence_iteration, {"temperature": 0.05, "averaging": 0.5, "max_steps": 300} | PRODUCT, ""
    ),
    "divergence-limit": Tried(divergence_limit, {}, ""),
}

every_solver = pytest.mark.parametrize("tried", TRIED.values(), ids=TRIED)
seeds = st.integers(0, 2**32 - 1)


def some_masks(rng, num_states, num_actions):
    masks = [rng.random((num_states, actions)) < 0.6 for actions in num_actions]
    for own in masks:
        own[np.arange(num_states), rng.integers(own.shape[1], size=num_states)] = True
    return masks


def drawn(seed, num_states, payoffs):
    """Rewards, one array or one per agent, transitions, and masks, of two agents."""
    rng = np.random.default_rng(seed)
    num_actions = rng.integers(1, 4, size=2)
    rewards = rng.normal(size=(2 if payoffs == "general" else 1, num_states, *num_actions))
    rewards = np.concatenate([rewards, -rewards]) if payoffs == "zero-sum" else rewards
    transitions = rng.dirichlet(np.ones(num_states), size=(num_states, *num_actions))
    return rewards, transitions, some_masks(rng, num_states, num_actions)


def made(rewards, transitions, discount, **more):
    return Game.stochastic(rewards[0] if len(rewards) == 1 else list(rewards), transitions, discount, **more)


def solves(game, found):
    """Whether the answer solves its equation by the operators, and plays only what is available."""
    assert all((own[~available] == 0).all() for own, available in zip(found.policy, game.available, strict=True))
    return found.equation.residual(game, found) <= CLOSE


@every_solver
@few
@given(seeds)
def test_actions_that_are_not_available_are_as_if_they_were_not_there(tried, seed):
    rewards, _, masks = drawn(seed, 1, tried.payoffs)
    smaller = rewards[np.ix_(range(len(rewards)), [0], *(own[0] for own in masks))]
    game, without = (
        made(given, np.ones((*given.shape[1:], 1)), 0.0, available=available)
        for given, available in ((rewards, masks), (smaller, None))
    )
    whole, rest = tried(game), tried(without)
    assert whole.converged == rest.converged
    if whole.converged:
        for own, other, mask in zip(whole.policy, rest.policy, masks, strict=True):
            np.testing.assert_allclose(own[0, mask[0]], other[0], rtol=0, atol=CLOSE)
        np.testing.assert_allclose(whole.v, rest.v, rtol=0, atol=CLOSE)
        available = whole.q > -np.inf
        np.testing.assert_allclose(whole.q[available], rest.q.ravel(), rtol=0, atol=CLOSE)
        assert solves(game, whole)


@every_solver
@few
@given(seeds)
def test_an_end_is_an_absorbing_state_that_earns_nothing(tried, seed):
    rewards, transitions, masks = drawn(seed, 3, tried.payoffs)
    rewards[:, 2] = 0.0
    for own in masks:
        own[2] = True
    ended = made(rewards, transitions, 0.7, available=masks, terminal=[False, False, True])
    entropies = tried.arguments.get("temperature", 0) * np.log([own.shape[1] for own in masks])
    back = {"team": entropies.sum(), "own": entropies[:, None, None], "": 0.0}[tried.earned]
    rewards[:, 2] -= back
    transitions[2], transitions[2, ..., 2] = 0.0, 1.0
    absorbed = made(rewards, transitions, 0.7, available=masks)
    found, same = tried(ended), tried(absorbed)
    assert (found.v[..., 2] == 0).all()
    assert (found.q[..., 2, :, :] == 0).all()
    assert found.converged == same.converged
    if found.converged:
        assert solves(ended, found)
        for own, other in zip(found.policy, same.policy, strict=True):
            np.testing.assert_allclose(own[:2], other[:2], rtol=0, atol=CLOSE)
            assert (own[2] == 1 / own.shape[1]).all()
        np.testing.assert_allclose(found.v, same.v, rtol=0, atol=CLOSE)


@every_solver
@few
@given(seeds)
def test_without_discount_every_answer_solves_its_equation(tried, seed):
    rewards, transitions, masks = drawn(seed, 3, tried.payoffs)
    rewards[:, 2] = 0.0
    transitions = 0.8 * transitions
    transitions[..., 2] += 0.2
    game = made(rewards, transitions, 1.0, available=masks, terminal=[False, False, True])
    found = tried(game)
    assert np.isfinite(found.v).all()
    for rows in (found.conditional_policy, found.opponent_model):
        assert rows is None or all(np.allclose(own.sum(axis=1), 1, rtol=0, atol=1e-9) for own in rows)
    if found.converged:
        assert solves(game, found)


@few
@given(seeds, st.sampled_from([0.0, 0.3]))
def test_what_was_learned_of_a_game_keeps_its_masks_and_ends(seed, real_share):
    rewards, transitions, masks = drawn(seed, 3, "common")
    rng = np.random.default_rng(seed)
    rewards[:, 2] = 0.0
    ends = {"available": masks, "terminal": [False, False, True]}
    game = made(rewards, transitions, 0.7, **ends)
    others = opponents_policy(random_policy(game, rng))
    models = [
        LearnedModel(made(rewards + noise * np.not_equal(rewards, 0), transitions[::-1], 0.7), others)
        for noise in (0.0, 0.1)
    ]
    found = soft_q_iteration(game, temperature=0.5, models=models, real_share=real_share)
    assert found.converged
    assert solves(game, found)
    mixed = made(
        rewards + 0.1 * np.not_equal(rewards, 0),
        real_share * transitions + (1 - real_share) * transitions[::-1],
        0.7,
        **ends,
    )
    same = soft_q_iteration(mixed, temperature=0.5, opponent_model=others)
    np.testing.assert_allclose(found.v, np.broadcast_to(same.v, found.v.shape), rtol=0, atol=CLOSE)
    assert (found.v[..., 2] == 0).all()


def test_a_joint_policy_that_plays_what_is_not_available_is_refused():
    game = Game.matrix(np.zeros((2, 2)), common_payoff=True, available=[[1, 0], [1, 1]])
    with pytest.raises(ValueError, match=r"target_policy\[0, 1, 0\] is 0.5, expected 0: not all of these actions"):
        divergence_policy_iteration(game, temperature=1.0, target_policy=np.array([[0.5, 0.0], [0.5, 0.0]]))
    found = divergence_policy_iteration(game, temperature=1.0, target_policy=np.array([[0.25, 0.75], [0.0, 0.0]]))
    assert found.joint_policy.tolist() == [[[0.25, 0.75], [0.0, 0.0]]]


def test_a_game_that_has_ended_everywhere_is_worth_nothing():
    game = Game.stochastic(np.zeros((2, 2, 2)), np.ones((2, 2, 2, 2)) / 2, 1, terminal=[1, 1])
    uniform = uniform_policy(game)
    assert game.horizon == 1
    assert nash_q(game).v.tolist() == [0, 0]
    assert exploitability(game, uniform, temperature=1.0).tolist() == [0, 0]
    assert np.all(compare(game, temperature=1.0, policy=uniform).exploitability == 0)
