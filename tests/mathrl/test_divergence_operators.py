"""DMAC's operators against enumeration, 50-digit arithmetic, finite differences and each other."""

import itertools
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.games import joint_policy, random_policy, random_stochastic
from mathrl.operators import (
    actor_gradient,
    actor_gradient_variance,
    actor_objective,
    actor_signal,
    additive_distance,
    additive_parts,
    counterfactual_signal,
    divergence_backup,
    divergence_improvement,
    divergence_optimality_backup,
    divergence_response,
    divergence_soft_max,
    divergence_value,
    linear_divergence_improvement,
    linear_signal,
    log_divergence_ratio,
    sequential_divergence_improvement,
    soft_optimality_backup,
)
from mathrl.proofs_checks.strategies import TEMPERATURES, games, policies, simplex_rows
from mathrl.softmax import kl_divergence
from tests.tolerances import EPS
from tests.tolerances import divergence_slack as slack

COMMON = games(structure="common-payoff", sparse=False)


@st.composite
def cases(draw, *, zeros=True):
    """A game, a policy, a target that is positive where the policy is, and ω."""
    game = draw(COMMON)
    policy, target = draw(policies(game, zeros=zeros)), draw(policies(game, zeros=False))
    return game, policy, target, draw(TEMPERATURES)


def joint_rows(draw, game, *, zeros=True):
    rows = draw(simplex_rows((game.num_states, game.num_joint_actions), zeros=zeros))
    return rows.reshape(game.num_states, *game.num_actions)


def logarithm(probabilities):
    return np.log(probabilities, out=np.full_like(probabilities, -np.inf), where=probabilities > 0)


@given(cases())
def test_value_and_backup_by_enumeration(case):
    """dmac §4.1 and Lemma 1, every joint action counted one by one."""
    game, policy, target, temperature = case
    q, pi, rho = game.rewards, joint_policy(policy), joint_policy(target)
    v = np.zeros(game.num_states)
    for s, *a in itertools.product(range(game.num_states), *map(range, game.num_actions)):
        if pi[(s, *a)] > 0:
            v[s] += pi[(s, *a)] * (q[(s, *a)] - temperature * np.log(pi[(s, *a)] / rho[(s, *a)]))
    tolerance = slack(game, temperature, *policy, *target)
    np.testing.assert_allclose(divergence_value(q, pi, rho, temperature=temperature), v, rtol=0, atol=tolerance)
    backed = divergence_backup(
        q, pi, rho, game.rewards, game.transitions, discount=game.discount, temperature=temperature
    )
    expected = game.rewards + game.discount * np.einsum("...t,t->...", game.transitions, v)
    np.testing.assert_allclose(backed, expected, rtol=0, atol=tolerance)


@given(cases(), st.integers(0, 2**32))
def test_the_backup_is_a_contraction(case, seed):
    """dmac Lemma 1."""
    game, policy, target, temperature = case
    q, other = np.random.default_rng(seed).normal(scale=10, size=(2, *game.rewards.shape))
    options = {"discount": game.discount, "temperature": temperature}
    fixed = joint_policy(policy), joint_policy(target), game.rewards, game.transitions
    apart = np.abs(divergence_backup(q, *fixed, **options) - divergence_backup(other, *fixed, **options)).max()
    assert apart <= game.discount * np.abs(q - other).max() + slack(game, temperature, *policy, *target) + 1000 * EPS


@given(COMMON, TEMPERATURES, st.data())
def test_the_improvement_is_the_best_policy_and_reaches_the_soft_maximum(game, temperature, data):
    """dmac Eq. 5 against competitors, and Eq. 20 as its value."""
    target, competitor = joint_rows(data.draw, game), joint_rows(data.draw, game)
    competitor = np.where(target > 0, competitor + 1e-3, 0)
    competitor /= competitor.reshape(game.num_states, -1).sum(axis=1).reshape(-1, *[1] * game.num_agents)
    improved = divergence_improvement(game.rewards, target, temperature=temperature)
    tolerance = slack(game, temperature, target, competitor)
    sums = improved.reshape(game.num_states, -1).sum(axis=1)
    np.testing.assert_allclose(
        sums, 1, rtol=0, atol=64 * EPS * (1 + 2 * game.reward_scale / temperature)
    )  # as exp of it
    assert (improved[target == 0] == 0).all()
    reached = divergence_value(game.rewards, improved, target, temperature=temperature)
    best = divergence_soft_max(game.rewards, logarithm(target), temperature=temperature)
    # where π underflows, log(π/ρ) is read off a rounded probability
    np.testing.assert_allclose(reached, best, rtol=0, atol=2 * tolerance)
    lesser = divergence_value(game.rewards, competitor, target, temperature=temperature)
    assert (lesser <= best + tolerance).all()


@pytest.mark.parametrize("temperature", [1e-4, 0.1, 1.0, 1e4, 1e8])
@pytest.mark.parametrize("rare", [0.0, -20.0, -1e3, -1e6])
def test_ratio_and_soft_maximum_to_the_last_digits(temperature, rare):
    """Against 60 digits: with ω up to 1e8 |Q|, and with a best action whose log ρ is down to −1e6."""
    q = np.array([[1.5, 0.25, -2.0, 0.75]])
    weights = np.array([rare, 0.0, -0.5, -1.0])
    with localcontext() as context:
        context.prec = 60
        exact = [Decimal(float(x)) for x in weights]
        norm = sum(x.exp() for x in exact).ln()
        log_rho = [x - norm for x in exact]
        omega = Decimal(temperature)
        partition = sum((x + Decimal(float(y)) / omega).exp() for x, y in zip(log_rho, q[0], strict=True)).ln()
        value = float(omega * partition)
        ratio = [float(Decimal(float(y)) / omega - partition) for y in q[0]]
        log_target = np.array([[float(x) for x in log_rho]])
    found = divergence_soft_max(q, log_target, temperature=temperature)[0]
    # roundings of |Q| ≤ 2, and of ω log ρ, which is below the spread of Q where it is the rare action that decides
    rounding = 32 * EPS
    assert abs(found - value) <= rounding
    ours = log_divergence_ratio(q, log_target, temperature=temperature)[0]
    np.testing.assert_allclose(ours, ratio, rtol=4 * EPS, atol=2 * rounding / temperature)


@given(cases(), st.data())
def test_in_sequential_improvement_each_agent_does_best_given_those_before(case, data):
    game, policy, target, temperature = case
    order = data.draw(st.permutations(range(game.num_agents)))
    improved = sequential_divergence_improvement(game.rewards, policy, target, order, temperature=temperature)
    tolerance = slack(game, temperature, *target)
    held, rho = list(policy), joint_policy(target)
    for agent in order:
        response = divergence_response(game.rewards, held, target, agent, temperature=temperature)
        held[agent] = improved[agent]
        assert np.array_equal(response, improved[agent])
        reached = divergence_value(game.rewards, joint_policy(tuple(held)), rho, temperature=temperature)
        competitor = [*held]
        competitor[agent] = data.draw(policies(game))[agent]
        other = divergence_value(game.rewards, joint_policy(tuple(competitor)), rho, temperature=temperature)
        assert (other <= reached + tolerance + slack(game, temperature, *competitor)).all()


def additive(game, seed):
    """A random additive Q with its weights and parts."""
    rng = np.random.default_rng(seed)
    weights = rng.uniform(0.1, 2, (game.num_agents, game.num_states))
    parts = tuple(rng.normal(size=(game.num_states, actions)) for actions in game.num_actions)
    q = rng.normal(size=(game.num_states, *[1] * game.num_agents))
    for i, part in enumerate(parts):
        form = [game.num_states, *[1] * i, game.num_actions[i], *[1] * (game.num_agents - 1 - i)]
        q = q + (weights[i][:, None] * part).reshape(form)
    return q, weights, parts


@given(cases(), st.integers(0, 2**32))
def test_with_linear_decomposition_the_agents_improve_jointly(case, seed):
    """dmac Lemma 3: the product of the agents' own improvements is Eq. 5's joint one, from whatever policy."""
    game, policy, target, temperature = case
    q, weights, parts = additive(game, seed)
    improved = linear_divergence_improvement(parts, weights, target, temperature=temperature)
    joint = divergence_improvement(q, joint_policy(target), temperature=temperature)
    tolerance = 128 * EPS * (1 + np.abs(q).max() / temperature)  # probabilities, of Q's rounding over ω
    np.testing.assert_allclose(joint_policy(improved), joint, rtol=0, atol=tolerance)
    in_turn = sequential_divergence_improvement(q, policy, target, range(game.num_agents), temperature=temperature)
    for ours, theirs in zip(improved, in_turn, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=tolerance)
    assert (additive_distance(q) <= 64 * EPS * np.abs(q).max()).all()
    assert additive_distance(q).shape == (game.num_states,)
    _, *found = additive_parts(q)
    for i, part in enumerate(found):
        np.testing.assert_allclose(part.sum(axis=1), 0, atol=64 * EPS * np.abs(q).max())
        own = weights[i][:, None] * (parts[i] - parts[i].mean(axis=1, keepdims=True))
        np.testing.assert_allclose(part, own, rtol=0, atol=64 * EPS * np.abs(q).max())


@given(COMMON, st.integers(0, 2**32))
def test_the_distance_from_additive_is_within_2n_of_the_least(game, seed):
    near, *_ = additive(game, seed)
    assert (additive_distance(near + game.rewards) <= 2 * game.num_agents * game.reward_scale + 64 * EPS * 100).all()
    two = np.zeros((1, 2, 2))
    two[0] = [[1, 0], [0, 1]]
    assert additive_distance(two)[0] == 0.5  # its four corners alternate: no additive function is nearer


@given(COMMON, TEMPERATURES, st.integers(0, 2**32), st.data())
def test_the_optimality_operator_is_a_contraction_between_mean_and_maximum(game, temperature, seed, data):
    """dmac Eq. 20; with a uniform ρ it is the soft operator less ω log A."""
    target = joint_rows(data.draw, game)
    v, other = np.random.default_rng(seed).normal(scale=10, size=(2, game.num_states))
    dynamics = {"rewards": game.rewards, "transitions": game.transitions, "discount": game.discount}

    def operator(values, rho=target, omega=temperature):
        return divergence_optimality_backup(values, rho, **dynamics, temperature=omega)

    tolerance = slack(game, temperature, target) + 1000 * EPS
    assert np.abs(operator(v) - operator(other)).max() <= game.discount * np.abs(v - other).max() + tolerance
    q = game.rewards + game.discount * np.einsum("...t,t->...", game.transitions, v)
    flat, rho = q.reshape(game.num_states, -1), target.reshape(game.num_states, -1)
    best, mean = np.where(rho > 0, flat, -np.inf).max(axis=1), (rho * flat).sum(axis=1)
    assert (operator(v) <= best + tolerance).all()
    assert (operator(v) >= mean - tolerance).all()
    largest = np.abs(flat).max() + 1
    # the second cumulant: variance over 2 ω at most
    np.testing.assert_allclose(operator(v, omega=1e6 * largest), mean, rtol=0, atol=largest * 1e-6)
    smallest = rho[rho > 0].min()
    cold = 1e-6 * largest
    np.testing.assert_allclose(operator(v, omega=cold), best, rtol=0, atol=cold * (1 - np.log(smallest)))
    uniform = np.full_like(target, 1 / game.num_joint_actions)
    soft = soft_optimality_backup(v, **dynamics, temperature=temperature)
    np.testing.assert_allclose(
        operator(v, uniform), soft - temperature * np.log(game.num_joint_actions), rtol=0, atol=tolerance
    )


# The actors' gradient


def states_of(game, seed):
    return np.random.default_rng(seed).dirichlet(np.ones(game.num_states))


def signals(q, policy, target, agent, temperature):
    yield actor_signal(q, policy, target, temperature=temperature)
    yield counterfactual_signal(q, policy, target, agent, temperature=temperature)


@given(cases(zeros=False), st.integers(0, 2**32))
def test_the_forms_of_the_gradient_agree_and_shift_by_no_baseline(case, seed):
    """dmac §4.5: with and without the counterfactual baseline; A.9's −ω is a baseline too."""
    game, policy, target, temperature = case
    states, tolerance = states_of(game, seed), slack(game, temperature, *policy, *target)
    for agent in range(game.num_agents):
        plain, baselined = (
            actor_gradient(signal, policy, states, agent)
            for signal in signals(game.rewards, policy, target, agent, temperature)
        )
        np.testing.assert_allclose(plain, baselined, rtol=0, atol=tolerance)
        without = actor_signal(game.rewards, policy, target, temperature=temperature) + temperature
        np.testing.assert_allclose(actor_gradient(without, policy, states, agent), plain, rtol=0, atol=tolerance)
        np.testing.assert_allclose(plain.sum(axis=1), 0, rtol=0, atol=tolerance)  # a shift of logits changes nothing


@given(cases(zeros=False), st.integers(0, 2**32))
def test_the_linear_form_is_the_counterfactual_one_where_q_is_additive(case, seed):
    """dmac §4.5, last display; the baseline of an additive Q leaves nothing of the others' actions."""
    game, policy, target, temperature = case
    q, weights, parts = additive(game, seed)
    tolerance = slack(game, temperature, *policy, *target) + 1000 * EPS
    for agent in range(game.num_agents):
        ours = linear_signal(parts, weights, policy, target, agent, temperature=temperature)
        theirs = counterfactual_signal(q, policy, target, agent, temperature=temperature)
        np.testing.assert_allclose(np.broadcast_to(ours, q.shape), theirs, rtol=0, atol=tolerance)
        gradients = [actor_gradient(signal, policy, states_of(game, seed), agent) for signal in (ours, theirs)]
        np.testing.assert_allclose(*gradients, rtol=0, atol=tolerance)


CASE = random_stochastic(3, (2, 3, 2), discount=0.9, seed=4)
POLICY, TARGET = (random_policy(CASE, np.random.default_rng(seed)) for seed in (5, 6))


@pytest.mark.parametrize("agent", range(3))
def test_the_gradient_is_that_of_the_objective(agent):
    """Central differences of L_π in the logits."""
    states, h = states_of(CASE, 7), 1e-5
    objective = {"target_policy": TARGET, "states": states, "temperature": 0.7}
    exact = actor_gradient(actor_signal(CASE.rewards, POLICY, TARGET, temperature=0.7), POLICY, states, agent)
    for s, a in np.ndindex(exact.shape):
        sides = []
        for sign in (1, -1):
            moved = POLICY[agent].copy()
            moved[s, a] *= np.exp(sign * h)
            moved[s] /= moved[s].sum()
            shifted = (*POLICY[:agent], moved, *POLICY[agent + 1 :])
            sides.append(actor_objective(CASE.rewards, shifted, **objective))
        # h² from the third derivative, EPS / h from rounding
        assert abs((sides[0] - sides[1]) / (2 * h) - exact[s, a]) <= 1e-9


@pytest.mark.parametrize("agent", range(3))
def test_mean_and_variance_of_the_sampled_gradient_by_enumeration(agent):
    states = states_of(CASE, 8)
    for signal in signals(CASE.rewards, POLICY, TARGET, agent, 0.7):
        mean, second = np.zeros_like(POLICY[agent]), 0.0
        for s, *a in itertools.product(range(3), *map(range, CASE.num_actions)):
            weight = states[s] * np.prod([POLICY[j][s, a[j]] for j in range(3)])
            sample = np.zeros_like(mean)
            sample[s] = signal[(s, *a)] * ((np.arange(len(sample[s])) == a[agent]) - POLICY[agent][s])
            mean, second = mean + weight * sample, second + weight * (sample**2).sum()
        np.testing.assert_allclose(actor_gradient(signal, POLICY, states, agent), mean, rtol=0, atol=64 * EPS)
        variance = actor_gradient_variance(signal, POLICY, states, agent)
        np.testing.assert_allclose(variance, second - (mean**2).sum(), rtol=1e-12)  # a sum of 36 positive terms


def test_the_counterfactual_baseline_makes_the_variance_blind_to_the_level_of_q():
    """Added to all rewards, a constant says nothing about actions, but it is in the plain estimate."""
    states = states_of(CASE, 9)
    for agent in range(3):
        (plain, baselined), (plain_up, baselined_up) = (
            [
                float(actor_gradient_variance(signal, POLICY, states, agent))
                for signal in signals(CASE.rewards + level, POLICY, TARGET, agent, 0.7)
            ]
            for level in (0.0, 100.0)
        )
        assert plain_up > 1000 * plain
        assert abs(baselined_up - baselined) <= 1e-11 * baselined  # 100 eps in a signal of size 1


def test_the_counterfactual_baseline_can_raise_the_variance():
    """Two actions, π = ρ = (ε, 1 − ε), Q = (0, 1), ω → 0: unbaselined, the rare action's large score meets a Q of 0."""
    rare = 0.1
    policy = (np.array([[rare, 1 - rare]]),)
    plain, baselined = (
        actor_gradient_variance(signal, policy, np.ones(1), 0)
        for signal in signals(np.array([[0.0, 1.0]]), policy, policy, 0, 1e-9)
    )
    assert baselined > 2 * plain


def test_no_divergence_from_itself():
    joint = joint_policy(POLICY)
    assert np.array_equal(kl_divergence(joint.reshape(3, -1), joint.reshape(3, -1)), np.zeros(3))
    value = divergence_value(CASE.rewards, joint, joint, temperature=1e4)
    np.testing.assert_allclose(value, (joint * CASE.rewards).reshape(3, -1).sum(axis=1), rtol=0, atol=64 * EPS)
