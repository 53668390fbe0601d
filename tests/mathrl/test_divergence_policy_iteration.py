"""Divergence policy iteration: optimal over joint policies, stationary over products, and nothing else matters."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from mathrl.games import (
    Game,
    joint_policy,
    load,
    marginals,
    permute_actions,
    random_policy,
    random_stochastic,
    relabel_agents,
    scale_rewards,
    shift_rewards,
    to_dense,
    to_sparse,
    uniform_policy,
)
from mathrl.iteration.outcome import Status
from mathrl.operators import (
    divergence_backup,
    divergence_improvement,
    divergence_optimality_backup,
    divergence_response,
    divergence_value,
)
from mathrl.proofs_checks.strategies import TEMPERATURES, games, policies, simplex_rows, temperatures
from mathrl.softmax import kl_divergence
from mathrl.solution import Solution
from mathrl.solvers import divergence_policy_iteration, optimal, qre
from mathrl.values.policy_values import evaluate_joint
from mathrl.values.target_policy import controller
from tests.examples import costly
from tests.tolerances import EPS, divergence_drift, divergence_magnitude

GENTLE = {"structure": "common-payoff", "discounts": st.sampled_from([0.0, 0.5, 0.9])}
CLASSES = st.sampled_from(["joint", "product"])


def joint_targets(draw, game, *, zeros=True):
    rows = draw(simplex_rows((game.num_states, game.num_joint_actions), zeros=zeros))
    return rows.reshape(game.num_states, *game.num_actions)


def played(solution):
    return joint_policy(solution.policy) if solution.joint_policy is None else solution.joint_policy


@costly
@given(games(sparse=False, **GENTLE), temperatures(0.1, 100), st.data())
def test_the_joint_answer_is_the_optimum_found_by_value_iteration(game, temperature, data):
    """dmac Theorem 2 and Proposition 5, against a plain loop of Eq. 20."""
    target, v = joint_targets(data.draw, game), np.zeros(game.num_states)
    for _ in range({0.0: 1, 0.5: 60, 0.9: 400}[game.discount]):  # 0.9**400 is 5e-19
        v = divergence_optimality_backup(
            v, target, game.rewards, game.transitions, discount=game.discount, temperature=temperature
        )
    solution = divergence_policy_iteration(game, temperature=temperature, target_policy=target).require()
    tolerance = 256 * EPS * divergence_magnitude(game, temperature, target) / (1 - game.discount)
    np.testing.assert_allclose(solution.v, v, rtol=0, atol=tolerance)
    improved = divergence_improvement(solution.q, target, temperature=temperature)
    assert abs(np.abs(solution.joint_policy - improved).max() - solution.residual) <= 32 * EPS + solution.rounding_floor
    assert solution.residual <= 100 * solution.rounding_floor
    backed = divergence_backup(
        solution.q,
        solution.joint_policy,
        target,
        game.rewards,
        game.transitions,
        discount=game.discount,
        temperature=temperature,
    )
    np.testing.assert_allclose(backed, solution.q, rtol=0, atol=tolerance)
    # Eq. 21 without its factor ω
    expected = game.rewards + game.discount * np.einsum("...t,t->...", game.transitions, solution.v)
    np.testing.assert_allclose(expected, solution.q, rtol=0, atol=tolerance)
    for own, marginal in zip(solution.policy, marginals(solution.joint_policy), strict=True):
        np.testing.assert_allclose(own, marginal, rtol=0, atol=8 * EPS)


@costly
@given(games(**GENTLE), TEMPERATURES, CLASSES, st.data())
def test_the_objective_never_falls(game, temperature, policy_class, data):
    """dmac Lemma 2 and Theorem 2, for products agent by agent; the values of step 1 in every state and action."""
    target, first = data.draw(policies(game, zeros=False)), data.draw(policies(game))
    options = {"temperature": temperature, "target_policy": target, "policy_class": policy_class}
    solution = divergence_policy_iteration(game, initial_policy=first, **options, max_steps=20)
    before, one = (divergence_policy_iteration(game, initial_policy=first, **options, max_steps=k) for k in (0, 1))
    # Each objective is exact up to 32 floors, over 1 − γ; improving states by less than that is noise.
    slack = 256 * EPS * divergence_magnitude(game, temperature, *target, *first) / (1 - game.discount)
    assert (np.diff(np.append(before.objective, solution.history[:, 1])) >= -slack).all()
    assert solution.objective == (solution.history[-1, 1] if solution.steps else before.objective)
    assert (one.q >= before.q - slack).all()
    assert (one.v >= before.v - slack).all()
    value = divergence_value(before.q, joint_policy(first), joint_policy(target), temperature=temperature)
    np.testing.assert_allclose(before.v, value, rtol=0, atol=slack)


@given(games(**GENTLE), temperatures(0.3, 100), st.data())
def test_a_product_answer_is_stationary(game, temperature, data):
    target = data.draw(policies(game))
    solution = divergence_policy_iteration(
        game, temperature=temperature, target_policy=target, policy_class="product", max_steps=300
    )
    gaps = [
        np.abs(pi - divergence_response(solution.q, solution.policy, target, i, temperature=temperature)).max()
        for i, pi in enumerate(solution.policy)
    ]
    # probabilities, of values that operators sum in another order
    assert abs(max(gaps) - solution.residual) <= 64 * EPS * (1 + np.abs(solution.q).max() / temperature)
    assert solution.converged == (solution.residual <= min(100 * solution.rounding_floor, 0.01))
    assert solution.joint_policy is None


def test_a_product_answer_is_where_a_general_optimiser_stops():
    """The objective in logits: its gradient there is 0, and BFGS from near it comes back."""
    game = random_stochastic(2, (2, 3), discount=0.8, seed=2)
    target, temperature = random_policy(game, np.random.default_rng(1)), 0.5
    solution = divergence_policy_iteration(
        game, temperature=temperature, target_policy=target, policy_class="product"
    ).require()

    def policy(logits):
        parts = np.split(logits, [4])
        rows = (np.exp(part.reshape(2, -1)) for part in parts)
        return tuple(row / row.sum(axis=1, keepdims=True) for row in rows)

    def objective(logits):
        pi = policy(logits)
        divergence = sum(kl_divergence(own, rho) for own, rho in zip(pi, target, strict=True))
        weights = joint_policy(pi).reshape(2, -1)
        return -evaluate_joint(game, weights, -temperature * divergence[None], agent_axis=False).objective

    there = np.concatenate([np.log(pi).ravel() for pi in solution.policy])
    assert abs(objective(there) + solution.objective) <= 64 * EPS * np.abs(solution.v).max()
    for k in range(len(there)):
        step = 1e-5 * np.eye(len(there))[k]
        assert abs(objective(there + step) - objective(there - step)) / 2e-5 <= 1e-9  # h² and EPS / h
    found = minimize(objective, there + 0.1 * np.random.default_rng(0).normal(size=len(there)), tol=1e-10)
    for ours, theirs in zip(solution.policy, policy(found.x), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-4)  # BFGS with finite differences: 1e-8 in f


@costly
@given(games(**GENTLE), temperatures(0.1, 100))
def test_a_uniform_target_is_entropy_less_a_constant(game, temperature):
    """The soft-optimal joint policy, found by Newton's method on V of the game with one agent for all."""
    ours = divergence_policy_iteration(game, temperature=temperature, target_policy=uniform_policy(game))
    theirs = qre(controller(game, "joint"), temperature=temperature)
    scale = divergence_magnitude(game, temperature) + temperature * np.log(game.num_joint_actions) / (1 - game.discount)
    tolerance = 256 * EPS * scale / (1 - game.discount)
    shift = temperature * np.log(game.num_joint_actions) / (1 - game.discount)
    np.testing.assert_allclose(ours.v, theirs.v - shift, rtol=0, atol=tolerance)
    flat = ours.joint_policy.reshape(game.num_states, -1)
    np.testing.assert_allclose(flat, theirs.policy[0], rtol=0, atol=2 * tolerance / temperature)


@costly
@given(games(**GENTLE), CLASSES, st.data())
def test_a_high_temperature_stays_at_the_target_and_a_low_one_is_optimal(game, policy_class, data):
    target = data.draw(policies(game))
    scale = divergence_magnitude(game, 0.0)
    hot = divergence_policy_iteration(
        game, temperature=1e6 * scale, target_policy=target, policy_class=policy_class
    ).require()
    for own, rho in zip(hot.policy, target, strict=True):
        np.testing.assert_allclose(own, rho, rtol=0, atol=4e-6)  # twice the spread of Q / ω
    full = data.draw(policies(game, zeros=False))
    cold = 1e-6 * scale
    solution = divergence_policy_iteration(game, temperature=cold, target_policy=full).require()
    best = optimal(game)
    # V lies below the optimum by at most what it costs to play an optimal action with probability 1
    cost = (
        cold * max(-np.log(joint_policy(full)).max(initial=0), -np.log(joint_policy(full).min())) / (1 - game.discount)
    )
    assert (solution.v <= best.v + 1e-12 * scale).all()
    assert (solution.v >= best.v - cost - 1e-12 * scale).all()


@costly
@given(games(min_agents=2, **GENTLE), temperatures(0.3, 100), CLASSES, st.data())
def test_what_the_target_never_plays_might_not_exist(game, temperature, policy_class, data):
    """The answer is that of the game without the action."""
    agent = data.draw(st.integers(0, game.num_agents - 1))
    extra = data.draw(st.integers(0, game.num_actions[agent]))
    dense, axis = to_dense(game), 1 + agent
    worse = np.insert(dense.rewards, extra, 7.0, axis=axis)
    wider = Game.stochastic(
        worse, np.insert(dense.transitions, extra, np.eye(game.num_states)[0], axis=axis), game.discount, game.start
    )
    target = data.draw(policies(game, zeros=False))
    with_zero = tuple(np.insert(rho, extra, 0, axis=1) if i == agent else rho for i, rho in enumerate(target))
    options = {"temperature": temperature, "policy_class": policy_class, "max_steps": STEPS}
    ours = divergence_policy_iteration(wider, target_policy=with_zero, **options)
    theirs = divergence_policy_iteration(game, target_policy=target, **options)
    assert (ours.policy[agent][:, extra] == 0).all()
    tolerance = divergence_drift(wider, temperature, target)
    np.testing.assert_allclose(np.delete(played(ours), extra, axis=axis), played(theirs), rtol=0, atol=tolerance)
    np.testing.assert_allclose(
        np.delete(ours.q, extra, axis=axis),
        theirs.q,
        rtol=0,
        atol=tolerance * divergence_magnitude(wider, temperature, *target),
    )


STEPS = 3
"""Compared after so many steps: rounding grows by up to |Q| / ω in each."""


@costly
@given(games(**GENTLE), temperatures(1, 100), CLASSES, st.data())
def test_names_storage_and_units_do_not_matter(game, temperature, policy_class, data):
    """Agents relabelled, actions permuted, sparse and dense, rewards shifted, rewards and ω scaled."""
    target = data.draw(policies(game, zeros=False))
    options = {"policy_class": policy_class, "max_steps": STEPS}
    ours = divergence_policy_iteration(game, temperature=temperature, target_policy=target, **options)
    tolerance, scale = divergence_drift(game, temperature, target), divergence_magnitude(game, temperature, *target)

    def same(theirs, policy, q):
        np.testing.assert_allclose(played(theirs), policy, rtol=0, atol=tolerance)
        np.testing.assert_allclose(theirs.q, q, rtol=0, atol=tolerance * scale)

    def solve(game, temperature=temperature, target=target):
        return divergence_policy_iteration(game, temperature=temperature, target_policy=target, **options)

    same(solve(to_dense(game) if game.sparse else to_sparse(game)), played(ours), ours.q)
    agent = data.draw(st.integers(0, game.num_agents - 1))
    names = data.draw(st.permutations(range(game.num_actions[agent])))
    renamed = tuple(rho[:, names] if i == agent else rho for i, rho in enumerate(target))
    axis = 1 + agent
    same(
        solve(permute_actions(game, agent, names), target=renamed),
        played(ours).take(names, axis),
        ours.q.take(names, axis),
    )
    if policy_class == "joint":  # for products the order of the agents matters
        labels = data.draw(st.permutations(range(game.num_agents)))
        axes = (0, *(1 + label for label in labels))
        relabelled = solve(relabel_agents(game, labels), target=tuple(target[label] for label in labels))
        same(relabelled, played(ours).transpose(axes), ours.q.transpose(axes))
    shifted = solve(shift_rewards(game, 8.0))
    tolerance, scale = divergence_drift(shift_rewards(game, 8.0), temperature, target), scale + 8 / (1 - game.discount)
    same(shifted, played(ours), ours.q + 8 / (1 - game.discount))
    same(solve(scale_rewards(game, 0.5), temperature=0.5 * temperature), played(ours), 0.5 * ours.q)


@given(games(**GENTLE), st.data())
def test_where_q_is_additive_products_lose_nothing(game, data):
    """dmac Lemma 3: without a future, additive rewards and a product target give a product optimum."""
    parts = [np.arange(float(actions)) * (i + 1) for i, actions in enumerate(game.num_actions)]
    rewards = sum(np.ix_(*parts))
    target = data.draw(policies(game, zeros=False))
    matrix = Game.matrix(rewards, common_payoff=True)
    rho = tuple(own[:1] for own in target)
    joint, product = (
        divergence_policy_iteration(matrix, temperature=1.5, target_policy=rho, policy_class=kind).require()
        for kind in ("joint", "product")
    )
    np.testing.assert_allclose(
        joint.joint_policy, joint_policy(product.policy), rtol=0, atol=1e3 * EPS
    )  # |Q| / ω is 20
    assert abs(joint.objective - product.objective) <= 1e3 * EPS


@given(games(max_agents=1, max_actions=1, structure="common-payoff"), TEMPERATURES, CLASSES)
def test_one_action_has_no_divergence(game, temperature, policy_class):
    solution = divergence_policy_iteration(
        game, temperature=temperature, target_policy=uniform_policy(game), policy_class=policy_class
    )
    assert (solution.converged, solution.steps) == (True, 0)
    np.testing.assert_allclose(
        solution.v, optimal(game).v, rtol=0, atol=64 * EPS * divergence_magnitude(game, 0) / (1 - game.discount)
    )


@pytest.mark.parametrize("temperature", [1e-4, 1e-2, 1.0, 1e2, 1e4])
@pytest.mark.parametrize("policy_class", ["joint", "product"])
def test_from_cold_to_hot(temperature, policy_class):
    game = random_stochastic(6, (3, 2), discount=0.95, seed=1)
    target = random_policy(game, np.random.default_rng(0))
    solution = divergence_policy_iteration(
        game, temperature=temperature, target_policy=target, policy_class=policy_class
    ).require()
    assert np.isfinite(solution.q).all()
    lowest = game.rewards.min() / 0.05
    reference = evaluate_joint(game, joint_policy(target).reshape(6, -1), np.zeros((1, 6)), agent_axis=False).objective
    assert max(lowest, reference) - 1e-10 <= solution.objective <= optimal(game).objective + 1e-10


def test_a_hot_value_keeps_its_digits():
    """At ω = 1e8 the value is E_ρ[r] plus Var_ρ(r)/2ω to all digits: ω times a rounded logarithm would lose half."""
    rewards = np.array([[1.0, 0.25], [0.5, -1.0]])
    target = np.array([[0.1, 0.2], [0.3, 0.4]])
    solution = divergence_policy_iteration(Game.matrix(rewards), temperature=1e8, target_policy=target)
    mean = (target * rewards).sum()
    assert abs(solution.objective - mean - (target * (rewards - mean) ** 2).sum() / 2e8) <= 8 * EPS


@pytest.mark.parametrize("policy_class", ["joint", "product"])
def test_a_target_that_sums_to_almost_1_is_taken_as_one_that_does(policy_class):
    """`Game` and policies may be off by 1e-9, which ω = 1e6 would make 1e-3."""
    target = [np.array([[0.2, 0.3, 0.5 + 9e-10]]), np.array([[0.5, 0.25, 0.25]])]
    solution = divergence_policy_iteration(
        load("hasac"), temperature=1e6, target_policy=target, policy_class=policy_class
    ).require()
    assert abs(played(solution).sum() - 1) <= 8 * EPS
    assert abs(solution.objective - (joint_policy(tuple(target)) * load("hasac").rewards).sum()) <= 1e-3


def test_steps_and_statuses(tmp_path):
    game = load("climbing")
    options = {"temperature": 3.0, "target_policy": [[0.2, 0.3, 0.5]] * 2, "policy_class": "product"}
    full = divergence_policy_iteration(game, **options)
    assert full.converged
    assert len(full.history) == full.steps > 2
    none, one = (divergence_policy_iteration(game, **options, max_steps=k) for k in (0, 1))
    assert (none.status, none.steps, none.policy[0].tolist()) == (Status.MAX_STEPS, 0, [[0.2, 0.3, 0.5]])
    assert (one.status, one.steps, one.history[0].tolist()) == (Status.MAX_STEPS, 1, full.history[0].tolist())
    short = divergence_policy_iteration(game, **options, max_steps=full.steps - 1)
    resumed = divergence_policy_iteration(game, **options, initial_policy=short.policy)
    assert short.status is Status.MAX_STEPS
    assert (resumed.steps, resumed.converged) == (1, True)
    joint = divergence_policy_iteration(game, temperature=3.0, target_policy=np.full((3, 3), 1 / 9))
    joint.save(tmp_path / "solution.json")
    assert np.array_equal(Solution.load(tmp_path / "solution.json").joint_policy, joint.joint_policy)
    assert joint.parameters["target_policy"].shape == (1, 3, 3)
    assert dict(full.parameters) | {"target_policy": 0, "initial_policy": 0} == {
        "temperature": 3.0,
        "target_policy": 0,
        "policy_class": "product",
        "initial_policy": 0,
        "tol": 100.0,
        "max_steps": 10_000,
    }


GAME = load("hasac")
UNIFORM = [[1 / 3] * 3] * 2
ONE_SIDED = [[0.5, 0.5, 0.0], [1 / 3] * 3]


@pytest.mark.parametrize(
    ("game", "options", "message"),
    [
        (load("matching-pennies"), {"target_policy": [[0.5, 0.5]] * 2}, "general-sum"),
        (GAME, {"target_policy": np.full((3, 3), 1 / 9), "policy_class": "product"}, "target_policy is a joint policy"),
        (GAME, {"target_policy": np.full((3, 2), 1 / 6)}, "target_policy has shape"),
        (GAME, {"target_policy": np.full((3, 3), 1 / 8)}, r"target_policy\[0\] sums to"),
        (GAME, {"target_policy": ONE_SIDED, "initial_policy": UNIFORM}, "initial_policy plays"),
        (GAME, {"target_policy": UNIFORM, "policy_class": "correlated"}, "policy_class 'correlated'"),
        (GAME, {"target_policy": UNIFORM, "temperature": 0.0}, "temperature is 0"),
        (GAME, {"target_policy": UNIFORM, "temperature": 1e-310}, "temperature is 1e-310, expected at least"),
        (GAME, {"target_policy": UNIFORM[:1]}, "target_policy has 1"),
        (GAME, {"target_policy": None}, "target_policy is of type NoneType"),
    ],
)
def test_bad_input(game, options, message):
    with pytest.raises(ValueError, match=message):
        divergence_policy_iteration(game, **({"temperature": 1.0} | options))


@pytest.mark.parametrize("shift", [0.0, 1e8])
def test_the_rounding_floor_is_that_of_the_values_over_the_temperature(shift):
    game = load("hasac")
    shifted = Game.matrix(game.rewards[0] + shift)
    solution = divergence_policy_iteration(shifted, temperature=10.0, target_policy=[[0.2, 0.3, 0.5]] * 2).require()
    assert solution.rounding_floor == pytest.approx(EPS * np.abs(solution.q).max() / 10, rel=1e-6, abs=0)


def test_history_holds_both_returns():
    """The last row against evaluations of the answer: the original return is that without divergence."""
    game, target = load("hasac"), [np.array([[0.2, 0.3, 0.5]])] * 2
    solution = divergence_policy_iteration(game, temperature=10.0, target_policy=target)
    original, regularised = solution.history[-1]
    assert solution.history.shape == (solution.steps, 2)
    assert abs(regularised - solution.objective) <= 8 * EPS * 20
    assert abs(original - np.sum(solution.joint_policy * game.rewards)) <= 64 * EPS * 20
    assert original > regularised
