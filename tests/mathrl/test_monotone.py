"""Soft-QMIX's operators and least squares: TD(λ) by summation, f by other programs, monotonicity by construction."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import lsq_linear, minimize

from mathrl.games import joint_policy, load, to_dense
from mathrl.operators import (
    additive_mix,
    critic_loss,
    local_policy,
    local_values,
    marginal_q,
    monotonicity_gap,
    policy_backup,
    quantal_response,
    trace_target,
)
from mathrl.proofs_checks.strategies import PAYOFFS, TEMPERATURES, games, matrix_games, policies
from mathrl.softmax import boltzmann
from mathrl.stage.additive_fit import additive_fit, order_preserving_fit
from mathrl.stage.monotone_projection import monotone_projection
from mathrl.values.policy_values import evaluate
from tests.tolerances import EPS, trace_slack

COMMON = games(structure="common-payoff", sparse=False)
TRACES = st.sampled_from([0.0, 0.4, 1.0]) | st.floats(0, 1)
SHAPES = [(2,), (3,), (2, 2), (3, 2), (3, 3), (2, 2, 2), (2, 3, 2)]


def traced(game, q, policy, temperature, trace_decay):
    return trace_target(
        q,
        policy,
        game.rewards,
        game.transitions,
        discount=game.discount,
        temperature=temperature,
        trace_decay=trace_decay,
    )


def values_of(game, data):
    seed = data.draw(st.integers(0, 2**32))
    return np.random.default_rng(seed).uniform(-10, 10, (game.num_states, *game.num_actions))


@given(COMMON, TEMPERATURES, TRACES, st.data())
def test_the_trace_target_is_the_discounted_sum_of_temporal_differences(game, temperature, trace_decay, data):
    """soft-qmix Eq. 24, summed term by term: E[δ_{t+l}] under P π P π …"""
    policy, q = data.draw(policies(game)), values_of(game, data)
    options = {"discount": game.discount, "temperature": temperature}
    delta = policy_backup(q, policy, game.rewards, game.transitions, **options) - q
    w_sa = joint_policy(policy).reshape(game.num_states, -1)
    expected, term, decay = q + delta, delta, game.discount * trace_decay
    terms = 1 if decay == 0 else int(np.ceil(np.log(1e-13) / np.log(min(decay, 0.99))))
    for _ in range(terms):
        ahead_s = np.einsum("sa,sa->s", w_sa, term.reshape(w_sa.shape))
        term = decay * np.einsum("xt,t->x", game.dense_xt, ahead_s).reshape(q.shape)
        expected = expected + term
    found = traced(game, q, policy, temperature, trace_decay)
    tail = 1e-13 * np.abs(delta).max() / (1 - decay)
    np.testing.assert_allclose(found, expected, rtol=0, atol=trace_slack(game, temperature) + tail)


@given(COMMON, TEMPERATURES, st.data())
def test_the_trace_target_goes_from_one_step_to_the_exact_q(game, temperature, data):
    """soft-qmix Eq. 5 at λ = 0, the policy's soft Q at λ = 1; that Q is the fixed point at every λ (Lemma 4.1)."""
    policy, q = data.draw(policies(game)), values_of(game, data)
    options = {"discount": game.discount, "temperature": temperature}
    one_step = policy_backup(q, policy, game.rewards, game.transitions, **options)
    np.testing.assert_array_equal(traced(game, q, policy, temperature, 0.0), q + (one_step - q))
    exact = evaluate(game, policy, temperature=temperature).q
    np.testing.assert_allclose(
        traced(game, q, policy, temperature, 1.0), exact, rtol=0, atol=trace_slack(game, temperature)
    )
    stays = traced(game, exact, policy, temperature, data.draw(TRACES))
    np.testing.assert_allclose(stays, exact, rtol=0, atol=trace_slack(game, temperature))


@given(COMMON, TEMPERATURES, TRACES, st.data())
def test_the_trace_target_contracts(game, temperature, trace_decay, data):
    """By γ (1 − λ) / (1 − γλ) in the maximum norm: that of averaged k-step targets, weights (1 − λ) λ^{k-1}."""
    policy, q, other = data.draw(policies(game)), values_of(game, data), values_of(game, data)
    apart = traced(game, q, policy, temperature, trace_decay) - traced(game, other, policy, temperature, trace_decay)
    rate = game.discount * (1 - trace_decay) / (1 - game.discount * trace_decay)
    assert np.abs(apart).max() <= rate * np.abs(q - other).max() + trace_slack(game, temperature)


def test_two_step_errors_are_not_as_printed():
    """soft-qmix Eq. 26, second line: V is that of s_{t+2}, and α γ is missing before log π.

    One state, one agent, two actions: E[ε²] = −Q + r + γ E[r'] + α γ H + γ² V, V = E[Q] + α H; printed, H for α γ H.
    """
    discount, temperature, pi = 0.5, 3.0, np.array([0.25, 0.75])
    q, r = np.array([1.0, 4.0]), np.array([3.0, -1.0])
    h = -float(pi @ np.log(pi))
    v = float(pi @ q) + temperature * h
    delta = r + discount * v - q
    two_steps = delta + discount * float(pi @ delta)
    printed = -q + r + discount * float(pi @ r) + h + discount**2 * v
    # a few sums of numbers of size 4
    np.testing.assert_allclose(two_steps - printed, (temperature * discount - 1) * h, rtol=0, atol=64 * EPS)


@given(games(structure="common-payoff", sparse=False), st.data())
def test_local_values_minimise_the_weighted_squares(game, data):
    """soft-qmix Eq. 14 under product weights: the closed form against a solver of least squares."""
    policy = data.draw(policies(game))
    local = local_values(game.rewards, policy)
    w = joint_policy(policy)
    for s in range(game.num_states):
        fit = additive_fit(game.rewards[s], w[s])
        loss = 2 * float(critic_loss(additive_mix(local), game.rewards, policy)[s])
        # lstsq cuts singular values at eps; weights down to 1e-36 are then 0 to it.
        assert abs(loss - fit.error) <= 1e-9 * (1 + game.reward_scale**2)


@given(st.sampled_from(SHAPES), st.integers(0, 2**32))
def test_local_values_keep_the_order_of_a_monotone_q(shape, seed):
    """soft-qmix Eq. 14 under product weights: the ordered fit is the free one, so nothing need be imposed."""
    rng = np.random.default_rng(seed)
    weights = [rng.dirichlet(np.ones(size))[None] for size in shape]
    w = joint_policy(tuple(weights))[0]
    found = monotone_projection(rng.normal(size=shape), w)
    local = local_values(found.table[None], weights)
    for own, order in zip(local, found.orders, strict=True):
        assert (np.diff(own[0][list(order)]) >= 0).all()
    ordered = order_preserving_fit(found.table, [own[0] for own in local], w)
    free = additive_fit(found.table, w)
    assert abs(ordered.error - free.error) <= 1e-9 * float((w * found.table**2).sum())  # two solvers' stopping rules
    np.testing.assert_allclose(
        sum(np.ix_(*[own[0] for own in local])), additive_mix(local)[0], rtol=0, atol=64 * EPS * 10
    )


@given(matrix_games(structure="common-payoff"), TEMPERATURES, st.data())
def test_the_local_policy_is_the_quantal_response_to_q_tot(game, temperature, data):
    """soft-qmix Eq. 14 and 15 together: hasac Eq. 3 for all agents at once."""
    policy = data.draw(policies(game))
    responses = local_policy(local_values(game.rewards, policy), temperature=temperature)
    for agent, response in enumerate(responses):
        expected = quantal_response(game.rewards, policy, agent, temperature=temperature)
        # constants cancel in softmax, to rounding of Q over α
        np.testing.assert_allclose(response, expected, rtol=0, atol=64 * EPS * (1 + game.reward_scale / temperature))


@given(st.sampled_from(SHAPES), st.integers(0, 2**32), st.booleans())
def test_the_ordered_fit_satisfies_its_optimality_conditions(shape, seed, ties):
    """soft-qmix Eq. 14 with weights that are no product: KKT, and the error that a bounded solver finds."""
    rng = np.random.default_rng(seed)
    q, w = rng.normal(size=shape), rng.uniform(0.05, 1, shape)
    individual = [rng.integers(0, 2, size).astype(float) if ties else rng.normal(size=size) for size in shape]
    fit = order_preserving_fit(q, individual, w)
    rest = w * (fit.mixed - q)
    assert abs(rest.sum()) <= 1e-12 * np.abs(w * q).sum()
    for agent, (own, term) in enumerate(zip(individual, fit.terms, strict=True)):
        slope = rest.sum(axis=tuple(axis for axis in range(len(shape)) if axis != agent))
        for level in np.unique(own)[1:]:
            above = own >= level
            step = term[above].min() - term[~above].max()
            price = slope[above].sum()
            assert step >= -1e-12
            assert price >= -1e-10 * np.abs(w * q).sum()  # where nnls stops
            assert min(step, price) <= 1e-10 * (1 + np.abs(q).max())
        for value in np.unique(own):
            assert np.ptp(term[own == value]) == 0
    columns, lower = [np.ones(q.size)], [-np.inf]
    coordinates = np.indices(shape).reshape(len(shape), -1)
    for own, action in zip(individual, coordinates, strict=True):
        for level in np.unique(own)[1:]:
            columns.append((own >= level)[action].astype(float))
            lower.append(0.0)
    root = np.sqrt(w.ravel())
    found = lsq_linear(np.array(columns).T * root[:, None], q.ravel() * root, (lower, np.inf), tol=1e-14, method="bvls")
    assert abs(2 * found.cost - fit.error) <= 1e-9 * (1 + fit.error)  # where bvls stops
    assert additive_fit(q, w).error <= fit.error + 1e-12 * (1 + fit.error)


@given(st.sampled_from(SHAPES), st.integers(0, 2**32), st.sampled_from([1.0, 1e-6, 1e-12]))
def test_the_free_fit_leaves_a_rest_orthogonal_to_every_action(shape, seed, rare):
    """The normal equations of soft-qmix Eq. 10 without an order, also where weights differ by 1e12."""
    rng = np.random.default_rng(seed)
    q = rng.normal(size=shape)
    w = np.where(rng.random(shape) < 0.3, rare, 1.0) * rng.uniform(0.5, 1, shape)
    fit = additive_fit(q, w)
    for agent in range(len(shape)):
        others = tuple(axis for axis in range(len(shape)) if axis != agent)
        assert np.abs((w * (fit.mixed - q)).sum(axis=others)).max() <= 1e-11  # lstsq, of numbers of size 1
    np.testing.assert_allclose(sum(np.ix_(*fit.terms)), fit.mixed, rtol=0, atol=64 * EPS * 10)
    assert np.ptp([term.mean() for term in fit.terms]) <= 64 * EPS * 10


def test_fits_of_a_table_that_no_weight_is_on():
    q = np.array([[1.0, 2.0], [3.0, 5.0]])
    assert additive_fit(q, np.zeros((2, 2))).error == 0
    assert order_preserving_fit(q, [[0.0, 1.0]] * 2, np.zeros((2, 2))).error == 0
    half = additive_fit(q, [[1.0, 0.0], [0.0, 1.0]])
    assert half.error <= 1e-28  # roundings, squared
    with pytest.raises(ValueError, match="individual_q has 1"):
        order_preserving_fit(q, [[0.0, 1.0]])
    with pytest.raises(ValueError, match="individual_q\\[1\\]"):
        order_preserving_fit(q, [[0.0, 1.0], [0.0]])


@given(st.sampled_from(SHAPES), st.integers(0, 2**32))
def test_the_monotonicity_gap_is_zero_for_mixtures_and_the_fall_elsewhere(shape, seed):
    """soft-qmix Eq. 6: any non-decreasing mixer of any Q_i passes; raising one entry by more than a gap fails."""
    rng = np.random.default_rng(seed)
    individual = [rng.integers(0, 3, size).astype(float) for size in shape]
    mixed = np.maximum(sum(np.ix_(*individual)), 2 * np.minimum.reduce(np.broadcast_arrays(*np.ix_(*individual))))
    local = [own[None] for own in individual]
    assert monotonicity_gap(mixed[None], local)[0] == 0
    lowest = tuple(int(own.argmin()) for own in individual)
    highest = tuple(int(own.argmax()) for own in individual)
    raised = mixed.copy()
    raised[lowest] = mixed[highest] + 1
    if max(shape) > 1:
        assert monotonicity_gap(raised[None], local)[0] >= 1


@given(matrix_games(structure="common-payoff"), TEMPERATURES, st.data())
def test_the_gradient_identity_of_theorem_4_2_needs_two_repairs(game, temperature, data):
    """soft-qmix Eq. 12: ∇E(Q − y)² = 2 α² ∇KL(π ‖ exp(y/α)/Z) + ∇E(V − α H − y)², with Σ for E in the V of Eq. 11.

    Printed are α for 2 α², and V − y for V − α H − y (H and the weights of E held). By entries of Q, π = softmax(Q/α).
    """
    q = game.rewards[0].ravel()
    y = data.draw(arrays(np.float64, q.shape, elements=PAYOFFS))
    pi = boltzmann(q, temperature)
    log_pi = np.log(np.maximum(pi, np.finfo(np.float64).tiny))
    h = -float(pi @ log_pi)
    v = float(pi @ q) + temperature * h
    squares = 2 * pi * (q - y)
    # d log π(a) / dQ(b) = (1[a = b] − π(b)) / α, and dV / dQ(b) = π(b)
    score = temperature * log_pi - y
    divergence = pi * (score - float(pi @ score)) / temperature**2
    values = 2 * (v - temperature * h - float(pi @ y)) * pi
    tolerance = 1e4 * EPS * (40 + temperature * 10)  # numbers of that size, a few sums; log of tiny is −708
    np.testing.assert_allclose(squares, 2 * temperature**2 * divergence + values, rtol=0, atol=tolerance)


def test_the_printed_table_2a_is_additive():
    """soft-qmix Table 2(a): what Soft-QMIX learnt is a sum over agents, to the digits printed."""
    printed = np.array([[8.0, -12, -14], [-8, -28, -30], [-10, -30, -32]])
    assert additive_fit(printed).error <= 1e-24  # roundings of 32, squared
    assert float(((printed - load("soft-qmix").rewards[0]) ** 2).max()) > 1000


def test_a_general_minimiser_finds_the_same_terms():
    """soft-qmix Eq. 14 by BFGS from elsewhere."""
    rng = np.random.default_rng(5)
    q, w = rng.normal(size=(3, 3)), rng.uniform(0.1, 1, (3, 3))
    found = minimize(lambda f: float((w * (f[:3, None] + f[None, 3:] - q) ** 2).sum()), rng.normal(size=6), tol=1e-12)
    assert abs(found.fun - additive_fit(q, w).error) <= 1e-8  # BFGS with finite differences


def test_marginals_of_a_mixture_are_its_terms():
    game = to_dense(load("soft-qmix"))
    policy = (np.array([[0.5, 0.25, 0.25]]),) * 2
    local = local_values(game.rewards, policy)
    for agent in range(2):
        off = marginal_q(additive_mix(local), policy, agent) - marginal_q(game.rewards, policy, agent)
        np.testing.assert_allclose(off, 0, atol=64 * EPS * 12)  # sums of nine payoffs
