"""The operators against brute force, against each other's identities, and on arrays of other libraries."""

import inspect
import itertools
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from mathrl import operators
from mathrl.games import joint_policy, random_policy, random_stochastic, to_dense
from mathrl.operators import (
    backup,
    deviation_gain,
    entropy_bonus,
    expectation,
    greedy_response,
    marginal_q,
    optimality_backup,
    policy_backup,
    policy_transitions,
    quantal_response,
    quantal_response_residual,
    sequential_improvement,
    soft_optimality_backup,
    soft_value,
    subset_q,
)
from mathrl.proofs_checks.strategies import TEMPERATURES, games, policies
from mathrl.softmax import entropy as shannon
from tests.tolerances import EPS
from tests.tolerances import operator_slack as slack

ENTROPIES = st.sampled_from(["team", "own", "none"])


@st.composite
def cases(draw, structure=None, sparse=False, **sizes):
    game = draw(games(structure=structure, sparse=sparse, **sizes))
    return game, draw(policies(game)), draw(TEMPERATURES)


def own_rewards(game):
    """(n, S, A_1, …, A_n), also for a common payoff."""
    return np.broadcast_to(game.rewards, (game.num_agents, game.num_states, *game.num_actions))


@given(cases(), ENTROPIES)
def test_soft_value_by_enumeration(case, entropy):
    """hasac Eq. 6, every joint action counted one by one."""
    game, policy, temperature = case
    rewards = own_rewards(game)
    expected = np.zeros((game.num_agents, game.num_states))
    for s in range(game.num_states):
        for actions in itertools.product(*map(range, game.num_actions)):
            weight = np.prod([policy[j][s, a] for j, a in enumerate(actions)])
            expected[:, s] += weight * rewards[(slice(None), s, *actions)]
        for i, j in itertools.product(range(game.num_agents), repeat=2):
            if entropy == "team" or (entropy == "own" and i == j):
                expected[i, s] -= temperature * sum(p * np.log(p) for p in policy[j][s] if p > 0)
    v = soft_value(game.rewards, policy, temperature=temperature, entropy=entropy)
    agent_axis = not game.common_payoff or entropy == "own"
    assert v.shape == ((game.num_agents,) if agent_axis else ()) + (game.num_states,)
    np.testing.assert_allclose(
        v, expected if agent_axis else expected[0], rtol=0, atol=slack(game, temperature, policy)
    )


@given(cases(structure="common-payoff"), st.data())
def test_subset_q_is_q_for_all_agents_v_for_none_and_nested_between(case, data):
    """hasac Eq. 7."""
    game, policy, temperature = case
    q, agents = game.rewards, range(game.num_agents)
    tolerance = slack(game, temperature, policy)
    order = data.draw(st.permutations(agents))
    everyone = subset_q(q, policy, order, temperature=temperature)
    assert np.array_equal(everyone, np.transpose(q, (0, *(1 + agent for agent in order))))
    nobody = subset_q(q, policy, (), temperature=temperature)
    np.testing.assert_allclose(nobody, soft_value(q, policy, temperature=temperature), rtol=0, atol=tolerance)
    for m in agents:
        larger = subset_q(q, policy, order[: m + 1], temperature=temperature)
        pi = policy[order[m]].reshape(game.num_states, *[1] * m, -1)
        bonus = temperature * shannon(policy[order[m]]).reshape(-1, *[1] * m)
        smaller = subset_q(q, policy, order[:m], temperature=temperature)
        np.testing.assert_allclose(smaller, (larger * pi).sum(axis=-1) + bonus, rtol=0, atol=tolerance)


@given(cases(structure="common-payoff"), st.data())
def test_the_joint_advantage_is_the_sum_of_the_agents_advantages(case, data):
    """hasac Eq. 12: A^{i_{1:n}}(s, a) = Σ_m A^{i_m}(s, a^{i_{1:m-1}}, a^{i_m}), soft values on both sides.

    A^{i_m} = Q^{i_{1:m}} − Q^{i_{1:m-1}}; the policies that are played need not be those that the values belong to.
    """
    game, policy, temperature = case
    played = data.draw(policies(game))
    order = data.draw(st.permutations(range(game.num_agents)))
    weights = joint_policy(tuple(played[agent] for agent in order))

    def mean(values, m):
        """The expectation of values (S, A_{i_1}, …, A_{i_m}) under `played`."""
        axes = tuple(range(m + 1, weights.ndim))
        return (weights.sum(axis=axes) * values).reshape(game.num_states, -1).sum(axis=1)

    total = 0.0
    for m in range(1, game.num_agents + 1):
        larger = subset_q(game.rewards, policy, order[:m], temperature=temperature)
        smaller = subset_q(game.rewards, policy, order[: m - 1], temperature=temperature)
        total = total + mean(larger - smaller[..., None], m)
    q = expectation(game.rewards, played)
    v = soft_value(game.rewards, policy, temperature=temperature)
    np.testing.assert_allclose(total, q - v, rtol=0, atol=4 * slack(game, temperature, policy))


@given(cases(), ENTROPIES, st.data())
def test_policy_backup_is_a_contraction(case, entropy, data):
    """hasac Lemma 4.1."""
    game, policy, temperature = case
    shape = (game.num_agents, game.num_states, *game.num_actions)
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    q, other = rng.normal(scale=10, size=(2, *shape))

    def operator(q):
        return policy_backup(
            q,
            policy,
            own_rewards(game),
            game.transitions,
            discount=game.discount,
            temperature=temperature,
            entropy=entropy,
        )

    apart = np.abs(operator(q) - operator(other)).max()
    assert apart <= game.discount * np.abs(q - other).max() + slack(game, temperature, policy) + 1000 * EPS


@given(cases(), ENTROPIES)
def test_backup_is_the_same_for_sparse_transitions(case, entropy):
    game, policy, temperature = case
    from mathrl.games import to_sparse

    v = soft_value(game.rewards, policy, temperature=temperature, entropy=entropy)
    dense = backup(v, game.rewards, game.transitions, discount=game.discount)
    sparse = backup(v, game.rewards, to_sparse(game).transitions, discount=game.discount)
    assert sparse.shape == dense.shape
    np.testing.assert_allclose(sparse, dense, rtol=0, atol=slack(game, temperature, policy))


@given(cases())
def test_policy_transitions_by_enumeration(case):
    game, policy, _ = case
    expected = np.einsum("sa,sat->st", *_flat(game, policy))
    P = policy_transitions(game.transitions, policy)
    np.testing.assert_allclose(P, expected, rtol=0, atol=32 * EPS)  # probabilities, at most 24 terms
    np.testing.assert_allclose(P.sum(axis=1), 1, rtol=1e-9)  # what `Game` allows a row to be off


def _flat(game, policy):
    weights = joint_policy(policy).reshape(game.num_states, -1)
    return weights, game.dense_xt.reshape(*weights.shape, game.num_states)


@given(cases(structure="common-payoff"), st.data())
def test_in_sequential_improvement_each_agent_does_best_given_those_before(case, data):
    """hasac Eq. 8: nobody has a policy with more E[Q] + α H when it is its turn. `data` draws the competitors."""
    game, policy, temperature = case
    order = data.draw(st.permutations(range(game.num_agents)))
    improved = sequential_improvement(game.rewards, policy, order, temperature=temperature)
    tolerance = slack(game, temperature, policy)
    held = list(policy)
    for agent in order:
        held[agent] = improved[agent]
        reached = soft_value(game.rewards, held, temperature=temperature)
        competitor = [*held]
        competitor[agent] = data.draw(policies(game))[agent]
        assert (soft_value(game.rewards, competitor, temperature=temperature) <= reached + tolerance).all()


def test_sequential_improvement_minimises_the_divergence_of_eq_8():
    """hasac Eq. 8 as printed: argmin KL(π^i ‖ exp(Q^{i_1:m}/α)/Z), found by a general-purpose minimiser."""
    game = random_stochastic(1, (3, 3), discount=0.0, seed=3)
    policy, temperature = random_policy(game, np.random.default_rng(3)), 0.7
    improved = sequential_improvement(game.rewards, policy, (1, 0), temperature=temperature)
    own = subset_q(game.rewards, [policy[0], improved[1]], (0,), temperature=temperature)[0]

    def divergence(logits):
        pi = np.exp(logits - logits.max())
        pi /= pi.sum()
        return float(pi @ (np.log(pi) - own / temperature))

    found = minimize(divergence, np.zeros(3), tol=1e-12)
    pi = np.exp(found.x) / np.exp(found.x).sum()
    np.testing.assert_allclose(improved[0][0], pi, atol=1e-4)  # BFGS with finite differences stops at about 1e-8 in f


@given(cases(structure="common-payoff"), st.permutations(range(3)))
def test_agents_outside_the_order_keep_their_policies(case, agents):
    game, policy, temperature = case
    order = [agent for agent in agents if agent < game.num_agents][:1]
    improved = sequential_improvement(game.rewards, policy, order, temperature=temperature)
    for agent in set(range(game.num_agents)) - set(order):
        assert np.array_equal(improved[agent], policy[agent])
    assert np.array_equal(improved[order[0]], quantal_response(game.rewards, policy, order[0], temperature=temperature))


@given(cases())
def test_the_residual_is_zero_at_a_response_and_the_largest_gap_elsewhere(case):
    game, policy, temperature = case
    gaps = [
        np.abs(policy[i] - quantal_response(game.rewards, policy, i, temperature=temperature)).max()
        for i in range(game.num_agents)
    ]
    assert quantal_response_residual(game.rewards, policy, temperature=temperature) == max(gaps)


@given(games(structure="common-payoff", sparse=False), st.sampled_from([1e-3, 1e-2, 1.0]), st.data())
def test_the_soft_optimality_operator_lies_above_the_hard_one_by_at_most_temperature_log_actions(
    game, temperature, data
):
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    v, other = rng.normal(scale=10, size=(2, game.num_states))
    hard = optimality_backup(v, game.rewards, game.transitions, discount=game.discount)

    def soft(v):
        return soft_optimality_backup(
            v, game.rewards, game.transitions, discount=game.discount, temperature=temperature
        )

    tolerance = slack(game, temperature) + 1000 * EPS
    assert (soft(v) >= hard - tolerance).all()
    assert (soft(v) <= hard + temperature * np.log(game.num_joint_actions) + tolerance).all()
    gap = np.abs(v - other).max()
    assert np.abs(soft(v) - soft(other)).max() <= game.discount * gap + tolerance
    hard_other = optimality_backup(other, game.rewards, game.transitions, discount=game.discount)
    assert np.abs(hard - hard_other).max() <= game.discount * gap + tolerance
    flat = game.rewards.reshape(game.num_states, -1) + game.discount * (game.dense_xt @ v).reshape(game.num_states, -1)
    np.testing.assert_allclose(hard, flat.max(axis=1), rtol=0, atol=tolerance)


def test_rounding_makes_no_deviation_gain_negative():
    fifths, threes = np.full((1, 5), 0.2), np.full((1, 5), 3.0)
    assert (threes * fifths).sum() > 3
    assert deviation_gain(threes, (fifths,)).item() == 0


@given(cases())
def test_greedy_response_is_the_first_maximiser_and_has_the_gain_of_deviating(case):
    game, policy, temperature = case
    gains = deviation_gain(game.rewards, policy)
    assert gains.shape == (game.num_agents, game.num_states)
    tolerance = slack(game, temperature)
    assert (gains >= 0).all()
    for agent in range(game.num_agents):
        own = marginal_q(game.rewards, policy, agent)
        response = greedy_response(game.rewards, policy, agent)
        assert np.array_equal(response.argmax(axis=1), own.argmax(axis=1))
        assert np.array_equal(response.sum(axis=1), np.ones(game.num_states))
        deviated = [*policy]
        deviated[agent] = response
        values = [
            np.atleast_2d(expectation(game.rewards, pi))[-1 if game.common_payoff else agent]
            for pi in (deviated, policy)
        ]
        np.testing.assert_allclose(values[0] - values[1], gains[agent], rtol=0, atol=tolerance)


def test_entropy_bonus_knows_three_kinds_only():
    policy = (np.full((2, 2), 0.5),)
    with pytest.raises(ValueError, match="everyone"):
        entropy_bonus(policy, temperature=1.0, entropy="everyone")


NAMES = [name for name in operators.__all__ if callable(getattr(operators, name))]
GAME = to_dense(random_stochastic(3, (2, 3, 2), structure="general-sum", discount=0.9, seed=1))
POLICY = random_policy(GAME, np.random.default_rng(1))


@pytest.mark.parametrize("name", NAMES)
def test_every_operator_names_its_equation(name):
    assert re.search(r"(eq\.|Eq\.|Theorem|Lemma|Definition|§)", inspect.getdoc(getattr(operators, name)))


@pytest.mark.parametrize("name", NAMES)
def test_the_first_line_of_an_operators_help_is_its_equation(name):
    """`help` shows no module docstring, where equations by number would stand."""
    said = inspect.getdoc(getattr(operators, name))
    assert re.search(r"[=∝−→½‖|⟨]|Σ|as \(S,", said.partition("\n")[0])
    assert not re.search(r"\babove\b|^\(?\d+\)|\b(of|Eq\.) \(\w+\)", said)


def test_renamed_operators_answer_to_their_old_names():
    assert operators.best_response is greedy_response
    assert operators.exploitability is deviation_gain
    with pytest.raises(AttributeError, match="best_reply"):
        operators.best_reply  # noqa: B018


@pytest.mark.parametrize("subset", [(), (1,), (2, 0)])
def test_subset_q_counts_the_entropies_that_it_is_told_to(subset):
    q, temperature = GAME.rewards[0], 0.3
    plain = subset_q(q, POLICY, subset, temperature=temperature, entropy="none")
    np.testing.assert_array_equal(plain, subset_q(q, POLICY, subset, temperature=0.0))
    team = subset_q(q, POLICY, subset, temperature=temperature)
    own = subset_q(q, POLICY, subset, temperature=temperature, entropy="own")
    # the team's bonus is the sum of the agents' own; a few roundings of values of size 10
    np.testing.assert_allclose(team - plain, (own - plain).sum(axis=0), rtol=0, atol=1e-14)
    for agent in subset:
        np.testing.assert_array_equal(own[agent], plain)
