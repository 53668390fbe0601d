"""Exact values of a policy: the fixed point of the operators, the sum of the series, the mean of simulations."""

import importlib
import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl import operators
from mathrl.games import (
    Game,
    discounted_returns,
    joint_policy,
    random_policy,
    random_stochastic,
    simulate,
    to_dense,
    to_sparse,
    uniform_policy,
)
from mathrl.games.profile import Profile
from mathrl.operators import ENTROPIES
from mathrl.proofs_checks.strategies import TEMPERATURES, games, policies
from mathrl.softmax import entropy as shannon
from mathrl.solvers import soft_evaluation
from mathrl.values.policy_values import (
    against,
    backup,
    deterministic_values,
    evaluate,
    own_q,
    policy_transitions,
)
from tests.tolerances import EPS, magnitude


@st.composite
def cases(draw, **sizes):
    game = draw(games(**sizes))
    return game, draw(policies(game)), draw(TEMPERATURES), draw(st.sampled_from(ENTROPIES))


@given(cases())
def test_q_is_the_fixed_point_of_its_backup(case):
    """hasac Lemma 4.1, with the operators on dense and sparse transitions."""
    game, policy, temperature, entropy = case
    q = soft_evaluation(game, policy=policy, temperature=temperature, entropy=entropy).q
    again = operators.policy_backup(
        q,
        policy,
        game.rewards,
        game.transitions,
        discount=game.discount,
        temperature=temperature,
        entropy=entropy,
    )
    # 32 floors of the linear solve, and 64 roundings in the operators' own sums
    np.testing.assert_allclose(again, q, rtol=0, atol=128 * EPS * magnitude(game, temperature))


@given(cases(discounts=st.sampled_from([0.0, 0.3, 0.5])))
def test_values_are_the_sum_of_the_discounted_series(case):
    """Σ_t γ^t P_π^t (r_π + entropy), term by term, by the definitions alone."""
    game, policy, temperature, entropy = case
    joint = joint_policy(policy).reshape(game.num_states, -1)
    P = np.einsum("sa,sat->st", joint, to_dense(game).dense_xt.reshape(*joint.shape, -1))
    entropies = temperature * np.stack([shannon(pi) for pi in policy])
    for i in range(game.num_agents):
        rewards = game.rewards_isa[0 if game.common_payoff else i]
        term = (rewards * joint).sum(axis=1)
        term = term + {"team": entropies.sum(axis=0), "own": entropies[i], "none": 0}[entropy]
        total = np.zeros(game.num_states)
        for _ in range(60):  # 0.5**60 is below the rounding of the sum
            total, term = total + term, game.discount * P @ term
        v = soft_evaluation(game, policy=policy, temperature=temperature, entropy=entropy).v
        np.testing.assert_allclose(
            v if v.ndim == 1 else v[i], total, rtol=0, atol=256 * EPS * magnitude(game, temperature)
        )


@given(cases())
def test_shapes_and_agent_axes_are_those_of_the_contract(case):
    game, policy, temperature, entropy = case
    solution = soft_evaluation(game, policy=policy, temperature=temperature, entropy=entropy)
    axis = (game.num_agents,) if entropy == "own" or not game.common_payoff else ()
    assert solution.q.shape == (*axis, game.num_states, *game.num_actions)
    assert solution.v.shape == (*axis, game.num_states)
    assert isinstance(solution.objective, float) if not axis else solution.objective.shape == axis
    np.testing.assert_allclose(
        solution.objective, solution.v @ game.start, rtol=0, atol=16 * EPS * magnitude(game, temperature)
    )
    assert solution.converged
    assert (solution.steps, solution.history.shape) == (0, (0,))
    assert solution.residual <= 128 * EPS * magnitude(game, temperature)  # as in the fixed-point test


@pytest.mark.parametrize(
    ("structure", "num_agents", "entropy", "axis"),
    [
        ("common-payoff", 1, "own", (1,)),
        ("common-payoff", 1, "team", ()),
        ("common-payoff", 1, "none", ()),
        ("common-payoff", 2, "own", (2,)),
        ("common-payoff", 2, "none", ()),
        ("zero-sum", 2, "team", (2,)),
        ("general-sum", 3, "none", (3,)),
    ],
)
def test_the_agent_axis_case_by_case(structure, num_agents, entropy, axis):
    game = random_stochastic(4, (2,) * num_agents, structure=structure, seed=1)
    q = soft_evaluation(game, policy=uniform_policy(game), temperature=1.0, entropy=entropy).q
    assert q.shape == (*axis, 4, *(2,) * num_agents)


@given(cases(sparse=False))
def test_sparse_and_dense_agree(case):
    game, policy, temperature, entropy = case
    dense, sparse = (
        soft_evaluation(kind, policy=policy, temperature=temperature, entropy=entropy)
        for kind in (game, to_sparse(game))
    )
    # both defects are within 32 floors, the errors within that over 1 − γ
    tolerance = 256 * EPS * magnitude(game, temperature) / (1 - game.discount)
    np.testing.assert_allclose(sparse.q, dense.q, rtol=0, atol=tolerance)
    np.testing.assert_allclose(sparse.v, dense.v, rtol=0, atol=tolerance)


@pytest.mark.parametrize("entropy", ENTROPIES)
@pytest.mark.parametrize("structure", ["common-payoff", "general-sum"])
@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
def test_games_beyond_the_small_size(entropy, structure, sparse):
    game = random_stochastic(300, (2, 2), structure=structure, discount=0.99, successors=3 if sparse else None, seed=4)
    policy = random_policy(game, np.random.default_rng(4))
    solution = soft_evaluation(game, policy=policy, temperature=0.5, entropy=entropy)
    again = operators.policy_backup(
        solution.q, policy, game.rewards, game.transitions, discount=0.99, temperature=0.5, entropy=entropy
    )
    assert np.abs(again - solution.q).max() <= 128 * EPS * magnitude(game, 0.5)  # as above


def test_simulation_agrees():
    """20 000 episodes of 60 steps: the mean return within five standard errors, and the tail that was cut off."""
    game = random_stochastic(4, (2, 3), discount=0.8, seed=7)
    policy = random_policy(game, np.random.default_rng(7))
    returns = discounted_returns(simulate(game, policy, num_episodes=20_000, num_steps=60, seed=7), game.discount)
    exact = soft_evaluation(game, policy=policy, temperature=1.0, entropy="none").objective
    tail = game.discount**60 * game.reward_scale / (1 - game.discount)
    standard_error = returns.std(ddof=1) / np.sqrt(len(returns))
    assert abs(returns.mean() - exact) <= 5 * standard_error + tail
    assert standard_error < 0.05  # or the test would not say much


@given(cases(discounts=st.just(0.0)))
def test_without_a_future_q_is_the_reward(case):
    game, policy, temperature, entropy = case
    q = soft_evaluation(game, policy=policy, temperature=temperature, entropy=entropy).q
    assert np.array_equal(q, np.broadcast_to(game.rewards, q.shape))


@given(games(max_states=3, max_actions=2), st.sampled_from(ENTROPIES), st.data())
def test_a_deterministic_policy_walks_and_has_no_entropy(game, entropy, data):
    choices = [data.draw(st.lists(st.integers(0, a - 1), min_size=game.num_states, max_size=game.num_states))
               for a in game.num_actions]  # fmt: skip
    policy = tuple(np.eye(a)[choice] for a, choice in zip(game.num_actions, choices, strict=True))
    cold, warm = (soft_evaluation(game, policy=policy, temperature=t, entropy=entropy) for t in (1e-4, 1e4))
    assert np.array_equal(cold.q, warm.q)  # every entropy is exactly 0
    s = np.arange(game.num_states)
    v = cold.q[(..., s, *choices)]
    np.testing.assert_allclose(v, cold.v, rtol=0, atol=128 * EPS * magnitude(game, 0))  # as in the fixed-point test
    actions_s = np.ravel_multi_index(choices, game.num_actions)
    first = cold.v if cold.v.ndim == 1 else cold.v[0]
    found = deterministic_values(game, actions_s, np.zeros(game.num_states))
    np.testing.assert_allclose(found, first, rtol=0, atol=128 * EPS * magnitude(game, 0))


@pytest.mark.parametrize("discount", [0.25, 0.9])
def test_an_evaluation_that_is_off_says_by_how_much(monkeypatch, discount):
    """The residual is γ max |V' − V|; the evaluation itself is exact."""
    game = random_stochastic(3, (2, 2), discount=discount, seed=0)
    solver = importlib.import_module("mathrl.solvers.soft_evaluation")
    exact = solver.evaluate

    def off(*arguments, **settings):
        values = exact(*arguments, **settings)
        return replace(values, v_ms=values.v_ms + np.array([0.0, 1e-3, -2e-3]))

    monkeypatch.setattr(solver, "evaluate", off)
    found = solver.soft_evaluation(game, policy=uniform_policy(game), temperature=1.0)
    assert found.residual == pytest.approx(discount * 2e-3, abs=1e-12)  # beside the rounding of values up to 100
    assert not found.converged


@given(games(max_agents=3), st.sampled_from([0.5, 0.99]), st.floats(-100, 100))
def test_a_constant_reward_is_worth_its_geometric_series(game, discount, amount):
    constant = Game.stochastic(
        np.full((game.num_states, *game.num_actions), amount), game.transitions, discount, game.start
    )
    v = soft_evaluation(constant, policy=uniform_policy(game), temperature=2.0).v
    entropy = 2.0 * np.log(game.num_joint_actions)
    # a row may be off 1 by rounding, which counts (1 - discount)^-1 times
    np.testing.assert_allclose(v, (amount + entropy) / (1 - discount), rtol=0, atol=1e5 * EPS * (abs(amount) + entropy))


@given(cases())
def test_parts_are_those_of_the_operators(case):
    game, policy, temperature, entropy = case
    values = evaluate(game, policy, temperature=temperature, entropy=entropy)
    tolerance = 128 * EPS * magnitude(game, temperature)  # as in the fixed-point test
    own = np.concatenate([operators.marginal_q(values.q, policy, i) for i in range(game.num_agents)], axis=1)
    np.testing.assert_allclose(own_q(values, policy), own, rtol=0, atol=tolerance)
    assert all(map(np.array_equal, Profile.split(Profile.of(policy).pi_sk, game.num_actions), policy))
    P = policy_transitions(game, joint_policy(policy).reshape(game.num_states, -1))
    dense = operators.policy_transitions(to_dense(game).transitions, policy)
    np.testing.assert_allclose(P.toarray() if game.sparse else P, dense, rtol=0, atol=128 * EPS)  # probabilities
    assert np.array_equal(backup(game, values.v_ms), values.q_msa)


@given(cases(), st.integers(0, 2**32))
def test_a_guess_changes_the_way_and_not_the_answer(case, seed):
    game, policy, temperature, entropy = case
    plain = evaluate(game, policy, temperature=temperature, entropy=entropy)
    guess = plain.v_ms + np.random.default_rng(seed).normal(size=plain.v_ms.shape)
    guessed = evaluate(game, policy, temperature=temperature, entropy=entropy, guess=guess)
    tolerance = 256 * EPS * (magnitude(game, temperature) + 10) / (1 - game.discount)  # as for sparse and dense
    np.testing.assert_allclose(guessed.v_ms, plain.v_ms, rtol=0, atol=tolerance)


def test_every_product_of_zeros_and_ones_is_evaluated():
    """All deterministic joint policies of a game with a state that some of them never leave."""
    game = random_stochastic(2, (2, 2), discount=0.9, seed=5)
    best = -np.inf
    for choice in itertools.product([0, 1], repeat=4):
        policy = (np.eye(2)[list(choice[:2])], np.eye(2)[list(choice[2:])])
        best = max(best, soft_evaluation(game, policy=policy, temperature=1.0).objective)
    mixed = soft_evaluation(game, policy=uniform_policy(game), temperature=1.0, entropy="none").objective
    assert mixed < best  # a mixture pays no more than the best of its parts


@pytest.mark.parametrize("agent", [0, 1, 2])
def test_transitions_against_fixed_policies_are_expectations(agent):
    """Σ_{a_{-i}} π^{-i}(a_{-i}|s) P(t|s, a), one joint action after the other, of dense and of sparse transitions."""
    game = random_stochastic(4, (2, 3, 2), structure="general-sum", seed=agent)
    policy = random_policy(game, np.random.default_rng(agent))
    expected = np.zeros((4, game.num_actions[agent], 4))
    P = np.asarray(game.transitions)
    for s, joint in itertools.product(range(4), np.ndindex(game.num_actions)):
        others = np.prod([policy[j][s, a] for j, a in enumerate(joint) if j != agent])
        expected[s, joint[agent]] += others * P[(s, *joint)]
    for stored in (game, to_sparse(game)):
        found = against(stored, policy, agent)
        found = found.toarray() if stored.sparse else found
        np.testing.assert_allclose(
            found.reshape(expected.shape), expected, rtol=0, atol=16 * EPS
        )  # six products of two
