"""Games of QuantEcon, both ways, and its solutions of them."""

import numpy as np
import pytest

from mathrl.exploitability import exploitability
from mathrl.games import Game, load, random_matrix, random_stochastic, uniform_policy
from mathrl.interop import from_gymnasium, from_quantecon, to_quantecon
from mathrl.solvers import optimal
from tests.interop.packages import package
from tests.tolerances import EPS, magnitude

quantecon = package("quantecon")


@pytest.mark.parametrize("num_actions", [(3,), (2, 3), (2, 3, 4)])
def test_payoffs_entry_by_entry_and_back(num_actions):
    payoffs = [np.random.default_rng(i).normal(size=num_actions) for i in range(len(num_actions))]
    profiles = quantecon.game_theory.NormalFormGame(np.stack(payoffs, axis=-1))
    game = from_quantecon(profiles)
    ours = np.broadcast_to(game.rewards, (len(payoffs), 1, *num_actions))
    for joint in np.ndindex(num_actions):
        assert [own[joint] for own in payoffs] == [own[0][joint] for own in ours]
    if len(num_actions) > 1:
        back = to_quantecon(game)
        np.testing.assert_array_equal(back.payoff_profile_array, profiles.payoff_profile_array)
        for player, own in zip(back.players, profiles.players, strict=True):
            np.testing.assert_array_equal(player.payoff_array, own.payoff_array)


def test_its_nash_equilibria_are_exploited_by_nobody():
    game = random_matrix((4, 3), structure="general-sum", seed=7)
    equilibria = quantecon.game_theory.support_enumeration(to_quantecon(game))
    assert equilibria
    for profile in equilibria:
        # support enumeration solves linear systems of at most four unknowns
        np.testing.assert_allclose(exploitability(game, list(profile), temperature=0.0), 0, atol=1e-12)
    assert max(exploitability(game, uniform_policy(game), temperature=0.0)) > 1e-3


def test_a_common_payoff_comes_back_as_one():
    game = load("climbing")
    assert from_quantecon(to_quantecon(game)).common_payoff
    np.testing.assert_array_equal(from_quantecon(to_quantecon(game)).rewards, game.rewards)


@pytest.mark.parametrize("sparse", [False, True])
def test_decision_processes_both_ways(sparse):
    game = random_stochastic(20, (3,), discount=0.9, successors=4 if sparse else None, available=0.7, seed=3)
    process = to_quantecon(game)
    assert process.num_sa_pairs == game.available[0].sum()
    back = from_quantecon(process)
    np.testing.assert_array_equal(back.rewards, game.rewards)
    np.testing.assert_array_equal(back.available[0], game.available[0])
    wide = [one.csr_xt.toarray() if one.sparse else one.dense_xt for one in (back, game)]
    np.testing.assert_array_equal(*wide)
    np.testing.assert_allclose(optimal(game).v, process.solve(method="policy_iteration").v, rtol=1e-12)


@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
@pytest.mark.parametrize("discount", [0.5, 0.99, 0.9999])
@pytest.mark.parametrize("num_states", [10, 400])
def test_one_agent_against_quantecon(sparse, discount, num_states):
    game = random_stochastic(num_states, (4,), discount=discount, successors=3 if sparse else None, seed=num_states)
    if sparse:
        states, actions = np.divmod(np.arange(num_states * 4), 4)
        model = quantecon.markov.DiscreteDP(game.rewards.ravel(), game.transitions, discount, states, actions)
    else:
        model = quantecon.markov.DiscreteDP(game.rewards, game.transitions, discount)
    theirs = model.solve(method="policy_iteration")
    ours = optimal(game).require()
    # two linear solves of condition 1 / (1 - discount) on values of size reward / (1 - discount)
    np.testing.assert_allclose(ours.v, theirs.v, rtol=0, atol=512 * EPS * magnitude(game) / (1 - discount))
    assert np.array_equal(ours.policy[0].argmax(axis=1), theirs.sigma)  # normal rewards: no ties


def test_a_table_of_gymnasium_has_the_values_of_its_process():
    gymnasium = package("gymnasium")
    game = from_gymnasium(gymnasium.make("FrozenLake-v1"), discount=0.95)
    # both solve linear systems of condition number at most (1 + γ) / (1 − γ) ≈ 40
    np.testing.assert_allclose(optimal(game).v, to_quantecon(game).solve(method="policy_iteration").v, atol=1e-13)


def test_product_form_and_pairs_give_the_same_game():
    R = [[5.0, 10.0], [-1.0, -np.inf]]
    Q = [[[0.5, 0.5], [0.0, 1.0]], [[0.0, 1.0], [0.5, 0.5]]]
    process = quantecon.markov.DiscreteDP(R, Q, 0.95)  # the example of its documentation
    for form in (process, process.to_sa_pair_form(), process.to_sa_pair_form(sparse=False)):
        game = from_quantecon(form)
        np.testing.assert_array_equal(game.rewards, R)
        np.testing.assert_allclose(optimal(game).v, [-8.5714286, -20], atol=1e-7)  # as the documentation prints


@pytest.mark.parametrize("reward", [np.nan, np.inf])
def test_only_minus_infinity_is_an_action_that_is_not_available(reward):
    process = quantecon.markov.DiscreteDP([[5.0, reward]], [[[1.0], [1.0]]], 0.95)
    with pytest.raises(ValueError, match=r"^game\.R holds nan or ∞, expected finite rewards"):
        from_quantecon(process)


def test_an_end_stays_and_pays_nothing():
    transitions = np.array([[[0.5, 0.5]], [[0, 1]]])
    solved = to_quantecon(Game.stochastic(np.array([[1.0], [0.0]]), transitions, 0.9, terminal=[False, True]))
    np.testing.assert_allclose(solved.solve(method="policy_iteration").v, [1 / (1 - 0.45), 0], rtol=1e-14)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="expected a NormalFormGame or a DiscreteDP"):
        from_quantecon(np.eye(2))
    with pytest.raises(ValueError, match="expected a matrix game, or a game of one agent"):
        to_quantecon(load("opt-in"))
    with pytest.raises(ValueError, match="all actions are available"):
        to_quantecon(Game.matrix(np.eye(2), available=[[True, False], [True, True]]))
    with pytest.raises(ValueError, match=r"expected a mathrl\.Game"):
        to_quantecon(np.eye(2))
