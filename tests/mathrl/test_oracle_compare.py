"""`compare`: against definitions and other functions, at exact and spoilt numbers, under symmetries of games."""

import dataclasses
import json
import re
from importlib import import_module
from itertools import product

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from mpmath import log, lu_solve, matrix, mp, mpf

from mathrl import Game, operators
from mathrl.exploitability import exploitability, opponent_game
from mathrl.games import (
    load,
    permute_actions,
    random_policy,
    random_stochastic,
    relabel_agents,
    scale_rewards,
    to_dense,
    uniform_policy,
)
from mathrl.operators import ENTROPIES
from mathrl.oracle import assert_soft_q, compare
from mathrl.proofs_checks.strategies import games, policies, temperatures
from mathrl.solvers import optimal, qre, soft_evaluation, soft_q_iteration
from tests.examples import costly
from tests.tolerances import EPS, magnitude, optimum_slack

MILD = temperatures(0.1, 100)
EVERY_ENTROPY = st.sampled_from(ENTROPIES)
SOFTLY = {"discounts": st.sampled_from([0.0, 0.5, 0.9])}
DISTANCES = ("soft_bellman_residual", "q_distance", "v_bellman_residual", "v_distance", "q_v_gap")


@st.composite
def situations(draw, **kind):
    """A game, a policy in it, a temperature, whose entropy counts, and somebody's q and v."""
    game, temperature, entropy = draw(games(**SOFTLY, **kind)), draw(MILD), draw(EVERY_ENTROPY)
    policy = draw(policies(game))
    exact = soft_evaluation(game, policy=policy, temperature=temperature, entropy=entropy)
    rng = np.random.default_rng(draw(st.integers(0, 9)))
    q, v = exact.q + rng.normal(size=exact.q.shape), exact.v + rng.normal(size=exact.v.shape)
    return game, {"policy": policy, "temperature": temperature, "entropy": entropy}, exact, q, v


def per_agent(array, exact):
    """max |array|: a number, or one per agent where the values have an agent axis."""
    return np.abs(array).max(axis=tuple(range(exact.v.ndim - 1, array.ndim)))


@costly
@given(situations())
def test_exact_values_are_at_no_distance(situation):
    game, kind, exact, _, _ = situation
    report = compare(game, q=exact.q, v=exact.v, **kind)
    assert np.max(report.q_distance) == np.max(report.v_distance) == 0
    for name in ("soft_bellman_residual", "v_bellman_residual", "q_v_gap"):
        assert np.max(getattr(report, name)) <= optimum_slack(game, kind["temperature"])
    assert {entry.array for entry in report.worst} <= {"policy"}
    np.testing.assert_array_equal(report.actor_gap, report.qre_gap)
    np.testing.assert_array_equal(report.soft_return, exact.objective)


@costly
@given(situations())
def test_the_numbers_are_those_of_their_definitions(situation):
    game, kind, exact, q, v = situation
    report = compare(game, q=q, v=v, **kind)
    game, policy, temperature = to_dense(game), kind["policy"], kind["temperature"]
    backed_up = operators.policy_backup(q, policy, game.rewards, game.transitions, discount=game.discount,
                                        temperature=temperature, entropy=kind["entropy"])  # fmt: skip
    of_q = operators.soft_value(q, **kind)
    of_v = operators.soft_value(operators.backup(v, game.rewards, game.transitions, discount=game.discount), **kind)
    expected = {
        "soft_bellman_residual": per_agent(backed_up - q, exact),
        "q_distance": per_agent(q - exact.q, exact),
        "v_bellman_residual": per_agent(of_v - v, exact),
        "v_distance": per_agent(v - exact.v, exact),
        "q_v_gap": per_agent(v - of_q, exact),
    }
    assert tuple(expected) == DISTANCES
    for name, number in expected.items():
        np.testing.assert_allclose(
            getattr(report, name), number, rtol=0, atol=optimum_slack(game, temperature), err_msg=name
        )
    gap = operators.quantal_response_residual(exact.q, policy, temperature=temperature)
    assert report.qre_gap.max() == pytest.approx(gap, abs=optimum_slack(game, temperature) / temperature)
    entries = [entry for entry in report.worst if entry.array == "policy"]
    assert all(entry.theirs == policy[entry.agent][entry.state, *entry.action] for entry in entries)
    worst = [abs(entry.difference) for entry in entries]
    in_order = sorted(worst, reverse=True)
    assert worst == pytest.approx(in_order, rel=1e-9, abs=64 * EPS)  # ties within rounding go by index
    assert max(worst, default=0) == pytest.approx(report.qre_gap.max(), rel=1e-9, abs=64 * EPS)
    actor_gap = operators.quantal_response_residual(q, policy, temperature=temperature)
    assert report.actor_gap.max() == pytest.approx(actor_gap, abs=optimum_slack(game, temperature) / temperature)
    plain = soft_evaluation(game, policy=policy, temperature=1.0, entropy="none").objective
    np.testing.assert_allclose(report.plain_return, plain, rtol=0, atol=optimum_slack(game, temperature))


@costly
@given(situations())
def test_the_residual_bounds_the_distance_from_both_sides(situation):
    game, kind, _, q, v = situation
    report = compare(game, q=q, v=v, **kind)
    rounding = optimum_slack(game, kind["temperature"])
    for distance, residual, bound in [
        (report.q_distance, report.soft_bellman_residual, report.q_distance_bound),
        (report.v_distance, report.v_bellman_residual, report.v_distance_bound),
    ]:
        assert np.less_equal(distance, np.asarray(bound) + rounding).all()
        assert np.less_equal(residual, (1 + game.discount) * np.asarray(distance) + rounding).all()
        np.testing.assert_allclose(bound, np.asarray(residual) / (1 - game.discount), rtol=4 * EPS)


def test_the_bound_is_attained_where_all_errors_have_one_sign():
    """q = Q + 1: the residual is 1 − γ, so that at γ = 0.99 a hundredth of the error is all that a critic sees."""
    game = random_stochastic(5, (2, 2), discount=0.99, seed=0)
    policy = random_policy(game, np.random.default_rng(0))
    q = soft_evaluation(game, policy=policy, temperature=1.0).q + 1
    report = compare(game, policy=policy, temperature=1.0, q=q)
    assert (report.q_distance, report.q_distance_bound) == pytest.approx((1, 1), rel=1e-9)  # values of size 100
    assert report.soft_bellman_residual == pytest.approx(0.01, rel=1e-9)


@costly
@given(situations(), st.data(), st.sampled_from([1e-3, -7.0]))
def test_a_spoilt_entry_shows_at_its_place_with_its_size(situation, data, amount):
    game, kind, exact, _, _ = situation
    q, v = exact.q.copy(), exact.v.copy()
    place = tuple(data.draw(st.integers(0, size - 1)) for size in q.shape)
    q[place] += amount
    v[place[: v.ndim]] -= amount
    report = compare(game, q=q, v=v, **kind)
    worst_q, worst_v = (entry for entry in report.worst if entry.array != "policy")
    lead = v.ndim - 1
    for worst, given_array, exact_array, where in [
        (worst_q, q, exact.q, place),
        (worst_v, v, exact.v, place[: v.ndim]),
    ]:
        assert worst.agent == (place[0] if lead else None)
        assert (worst.state, worst.action) == (where[lead], where[lead + 1 :])
        assert (worst.theirs, worst.exact) == (given_array[where], exact_array[where])
        assert worst.difference == given_array[where] - exact_array[where]
    assert np.max(report.q_distance) == abs(worst_q.difference) == pytest.approx(abs(amount), rel=1e-9)


@costly
@given(situations(), st.data())
def test_agents_and_actions_may_be_named_anew(situation, data):
    game, kind, exact, q, _ = situation
    order = data.draw(st.permutations(range(game.num_agents)))
    agent = data.draw(st.integers(0, game.num_agents - 1))
    permutation = data.draw(st.permutations(range(game.num_actions[agent])))
    lead = exact.v.ndim - 1
    policy = kind["policy"]
    permuted = [rows[:, permutation] if i == agent else rows for i, rows in enumerate(policy)]
    actions = q.take(permutation, axis=lead + 1 + agent)
    before = compare(game, q=q, **kind)
    after = compare(permute_actions(game, agent, permutation), q=actions, **(kind | {"policy": permuted}))
    states_first = np.moveaxis(q[list(order)], 0, 0) if lead else q
    renamed = states_first.transpose(*range(lead + 1), *[lead + 1 + i for i in order])
    others = compare(relabel_agents(game, order), q=renamed, **(kind | {"policy": [policy[i] for i in order]}))
    rounding = optimum_slack(game, kind["temperature"])
    for measure in before.measures:
        # probabilities and actor gaps are Lipschitz in Q/α
        atol = rounding * max(1, 1 / kind["temperature"])
        np.testing.assert_allclose(getattr(after, measure.name), measure.value, rtol=0, atol=atol)
        expected = measure.value[list(order)] if np.ndim(measure.value) else measure.value
        np.testing.assert_allclose(getattr(others, measure.name), expected, rtol=0, atol=atol)


@costly
@given(situations(), st.sampled_from([0.25, 2.0, 64.0]))
def test_rewards_and_temperature_may_be_scaled_together(situation, factor):
    game, kind, _, q, v = situation
    before = compare(game, q=q, v=v, **kind)
    scaled = kind | {"temperature": factor * kind["temperature"]}
    after = compare(scale_rewards(game, factor), q=factor * q, v=factor * v, **scaled)
    for measure in before.measures:
        scale = 1 if measure.name in ("qre_gap", "actor_gap") else factor
        atol = optimum_slack(game, kind["temperature"]) * max(scale, 1 / kind["temperature"])
        np.testing.assert_allclose(getattr(after, measure.name), scale * np.asarray(measure.value), rtol=0, atol=atol)


@costly
@given(situations())
def test_gains_are_those_of_exploitability_and_nothing_is_missing(situation):
    game, kind, _, _, _ = situation
    report = compare(game, **kind)
    np.testing.assert_array_equal(report.exploitability, exploitability(game, **kind))
    nash = exploitability(game, kind["policy"], temperature=0.0)
    np.testing.assert_array_equal(report.nash_exploitability, nash)
    # a response is exact to 100 floors of Q
    assert report.response_error <= optimum_slack(game, kind["temperature"])
    assert report.nash_response_error <= optimum_slack(game, 0)
    assert report.exact_error <= optimum_slack(game, kind["temperature"])


@costly
@given(games(**SOFTLY), MILD, EVERY_ENTROPY)
def test_at_an_equilibrium_of_qre_the_gap_is_its_residual(game, temperature, entropy):
    solution = qre(game, temperature=temperature, entropy=entropy, max_steps=200)
    assume(solution.converged)
    report = compare(game, policy=solution.policy, temperature=temperature, entropy=entropy, q=solution.q)
    # Q of the solution is exact only to rounding, which 1/α magnifies
    assert report.qre_gap.max() == pytest.approx(solution.residual, abs=optimum_slack(game, temperature) / temperature)
    if game.common_payoff and entropy == "team":  # hasac Theorem 1
        off = 8 * solution.residual * magnitude(game, temperature) / (1 - game.discount)
        assert (report.exploitability <= off + 2 * optimum_slack(game, temperature)).all()


@costly
@given(games(structure="common-payoff", **SOFTLY), MILD, st.sampled_from(["team", "none"]))
def test_without_a_policy_the_optimum_is_what_counts(game, temperature, entropy):
    best = optimal(game) if entropy == "none" else soft_q_iteration(game, temperature=temperature)
    rng = np.random.default_rng(0)
    q, v = best.q + rng.normal(size=best.q.shape), best.v + rng.normal(size=best.v.shape)
    report = compare(game, temperature=temperature, entropy=entropy, q=q, v=v)
    assert report.optimal_q_distance == np.abs(q - best.q).max()
    assert report.optimal_v_distance == np.abs(v - best.v).max()
    rounding = optimum_slack(game, temperature)
    assert report.optimal_q_distance <= report.optimality_residual / (1 - game.discount) + rounding
    assert report.optimality_residual <= (1 + game.discount) * report.optimal_q_distance + rounding
    assert report.exact_error <= rounding
    exact = compare(game, temperature=temperature, entropy=entropy, q=best.q)
    assert exact.optimality_residual <= rounding
    assert (exact.q_distance, exact.exploitability, exact.soft_return) == (None, None, None)
    if game.num_agents == 1 and entropy == "team":  # one agent's soft optimum is a policy's soft Q
        response = qre(game, temperature=temperature).require()
        alone = compare(game, temperature=temperature, policy=response.policy, q=best.q)
        assert alone.q_distance <= rounding


def in_many_digits(game, policy, temperature, entropy):
    """Q_π of a common payoff, (S, A_1, …, A_n), from V = (I − γ P_π)^{-1} (…) in 50 digits."""
    with mp.workdps(50):
        states, shape = range(game.num_states), (game.num_states, game.num_joint_actions)
        exact = np.vectorize(mpf, otypes=[object])
        P_sat = exact(np.reshape(game.transitions, (*shape, -1)))
        r_sa, rows = exact(np.reshape(game.rewards, shape)), [exact(own) for own in policy]
        b, A = matrix(game.num_states, 1), matrix(game.num_states, game.num_states)
        for s in states:
            played = np.ones(1, dtype=object)
            for own in rows:
                played = np.multiply.outer(played, own[s]).ravel()
            b[s] = played @ r_sa[s]
            if entropy == "team":
                b[s] -= mpf(temperature) * sum(p * log(p) for own in rows for p in own[s] if p > 0)
            for t in states:
                A[s, t] = (s == t) - mpf(game.discount) * (played @ P_sat[s, :, t])
        v_s = np.array(list(lu_solve(A, b)))
        return (r_sa + mpf(game.discount) * (P_sat @ v_s)).astype(float).reshape(game.rewards.shape)


NEARLY_1 = 0.9999
"""A discount by which what is left of a linear system is magnified 10,000 times."""


def test_the_exact_side_is_off_by_no_more_than_it_says_and_not_by_much_less():
    """q to 50 digits is at a distance that is the oracle's own error: what rounding leaves, magnified by 1/(1 − γ)."""
    shares = []
    for seed, entropy in product(range(6), ("team", "none")):
        game = random_stochastic(3, (2, 2), discount=NEARLY_1, seed=seed)
        kind = {"policy": random_policy(game, np.random.default_rng(seed)), "temperature": 0.5, "entropy": entropy}
        report = compare(game, q=in_many_digits(game, **kind), **kind)
        shares.append(report.q_distance / report.exact_error)
    assert 1e-2 < max(shares) <= 1  # 1 − γ is 1e-4


def test_the_optimum_is_off_by_no_more_than_it_says_and_not_by_much_less():
    """The optimum is the Q of its greedy policy, which 50 digits confirm."""
    shares = []
    for seed in range(6):
        game = random_stochastic(3, (2, 2), discount=NEARLY_1, seed=seed)
        best = optimal(game).q.reshape(3, -1).argmax(axis=1)
        policy = [np.eye(2)[actions] for actions in np.unravel_index(best, (2, 2))]
        q = in_many_digits(game, policy, 1.0, "none")
        assert (q.reshape(3, -1).argmax(axis=1) == best).all()
        report = compare(game, temperature=1.0, entropy="none", q=q)
        shares.append(report.optimal_q_distance / report.exact_error)
    assert 1e-2 < max(shares) <= 1


def any_response(game, policy, agent, *, temperature, entropy, transitions):
    """A response that is none, as a solver would leave it that stopped at once: uniform, with exact values."""
    alone = opponent_game(game, policy, agent, temperature=temperature, entropy=entropy, transitions=transitions)
    plain = temperature == 0 or entropy == "none"
    own = {"temperature": temperature or 1.0, "entropy": "none" if plain else "team"}
    return soft_evaluation(alone, policy=uniform_policy(alone), **own)


@costly
@given(situations())
def test_no_more_is_missing_of_a_gain_than_the_error_of_the_response_says(situation):
    game, kind, _, _, _ = situation
    exact = compare(game, **kind)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(import_module("mathrl.oracle.compare"), "best_response", any_response)
        loose = compare(game, **kind)
    for gain, error, temperature in (
        ("exploitability", "response_error", kind["temperature"]),
        ("nash_exploitability", "nash_response_error", 0),
    ):
        missing = getattr(exact, gain) - getattr(loose, gain)
        assert (missing <= getattr(loose, error) + optimum_slack(game, temperature)).all()


def test_the_error_of_a_response_is_attained_where_each_step_misses_as_much(monkeypatch):
    """One state, and rewards 0 and 1: a uniform response misses ½ in each step, ½/(1 − γ) in all."""
    game = Game.stochastic(np.array([[0.0, 1.0]]), np.ones((1, 2, 1)), 0.99)
    kind = {"policy": [[1.0, 0.0]], "temperature": 1e-3}
    exact = compare(game, **kind)
    monkeypatch.setattr(import_module("mathrl.oracle.compare"), "best_response", any_response)
    loose = compare(game, **kind)
    assert exact.nash_response_error < 1e-9  # of gains of 100
    assert loose.nash_response_error == pytest.approx(50, rel=1e-9)
    assert exact.nash_exploitability - loose.nash_exploitability == pytest.approx(50, rel=1e-9)
    missing = exact.exploitability - loose.exploitability
    assert missing == pytest.approx(100 * (0.5 - 1e-3 * np.log(2)), rel=1e-9)
    assert loose.response_error == pytest.approx(missing[0], rel=1e-9)


SPOILT = random_stochastic(6, (2, 3), structure="general-sum", discount=0.9, seed=3)
KIND = {"policy": random_policy(SPOILT, np.random.default_rng(3)), "temperature": 0.5, "entropy": "own"}


def test_functions_and_single_precision_say_the_same():
    exact = soft_evaluation(SPOILT, **KIND)
    policy, q, v = KIND["policy"], exact.q + 1, exact.v - 1
    by_array = compare(SPOILT, q=q, v=v, **KIND)
    by_call = compare(SPOILT, temperature=0.5, entropy="own", policy=lambda s: [rows[s] for rows in policy],
                      q=lambda s, a: q[:, s, *a], v=lambda s: v[:, s])  # fmt: skip
    assert by_call.to_dict() == by_array.to_dict()
    assert "were normalised" not in str(by_array)

    single = np.float32
    rounded = compare(SPOILT, q=q.astype(single), v=v.astype(single),
                      **(KIND | {"policy": [rows.astype(single) for rows in policy]}))  # fmt: skip
    for measure in by_array.measures:
        # values of size 20 in single precision, and policies whose rounding changes them by as much over 1 − γ
        np.testing.assert_allclose(getattr(rounded, measure.name), measure.value, rtol=0, atol=5e-4)
    assert 0 < rounded.row_sums_off < 1e-6
    assert "were normalised" in str(rounded)


def test_arrays_of_jax_say_the_same():
    exact = soft_evaluation(SPOILT, **KIND)
    report = compare(SPOILT, q=jnp.asarray(exact.q), **(KIND | {"policy": tuple(map(jnp.asarray, KIND["policy"]))}))
    assert (report.q_distance < 1e-4).all()  # single precision, as above


def test_a_policy_that_never_plays_an_action_has_a_q_for_it_all_the_same():
    game = Game.stochastic(np.array([[1.0, 0.0], [0.0, 0.0]]), np.eye(2)[[[0, 1], [1, 1]]], 0.5, [1, 0])
    report = compare(game, policy=[[[1, 0], [1, 0]]], temperature=1.0, q=[[2.0, 3.0], [0.0, 0.0]])
    assert (report.q_distance, report.soft_bellman_residual) == (3, 3)  # r + γ V = 0 for the action that ends it all
    assert report.worst[0][:4] == ("q", None, 0, (1,))
    assert report.soft_return == report.plain_return == 2


def test_what_cannot_be_computed_is_none_and_what_can_is_explained():
    report = compare(SPOILT, **KIND)
    shown = {measure.name for measure in report.measures}
    expected = {"qre_gap", "exploitability", "nash_exploitability", "soft_return", "plain_return"}
    assert shown == expected
    assert all(getattr(report, name) is None for name in DISTANCES)
    full = compare(SPOILT, q=np.zeros((2, 6, 2, 3)), v=np.zeros((2, 6)), **KIND)
    best = compare(load("hasac"), temperature=1.0, q=np.zeros((3, 3)), v=0.0)
    explained = {measure.name for measure in (*full.measures, *best.measures)}
    numbers = {field.name for field in dataclasses.fields(full)} - {
        *("game", "temperature", "entropy", "worst", "diagnosis"),
        *("exact_error", "response_error", "nash_response_error", "row_sums_off"),
        *("agent_names", "action_names", "state_names"),
    }
    assert explained == numbers
    for measure in (*full.measures, *best.measures):
        assert len(measure.meaning) > 20
        assert len(measure.method) > 20
        assert "{" not in measure.method
        assert measure.name in str(full) + str(best)


def test_a_report_is_frozen_readable_and_json():
    report = compare(SPOILT, q=np.zeros((2, 6, 2, 3)), **KIND)
    with pytest.raises(dataclasses.FrozenInstanceError):
        report.q_distance = 0
    with pytest.raises(ValueError, match="read-only"):
        report.q_distance[0] = 0
    data = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert data["measures"]["q_distance"]["value"] == report.q_distance.tolist()
    assert len([entry for entry in data["worst"] if entry["array"] == "q"]) == 5
    assert repr(report).startswith("<Report: soft_bellman_residual ")
    lines = str(report).splitlines()
    assert lines[0] == f"{SPOILT!r}, temperature 0.5, entropy own"
    assert "worst entries of q:" in lines
    assert max(map(len, lines)) <= 120


@pytest.mark.parametrize(
    ("message", "arguments"),
    [
        ("policy is missing, and so are q and v", {"game": load("hasac"), "temperature": 1.0}),
        ("policy is missing, expected a policy where", {"game": SPOILT, "temperature": 1.0, "v": np.zeros((2, 6))}),
        ("policy is missing, expected a policy where", {"game": load("hasac"), "temperature": 1.0, "entropy": "own", "v": 0}),  # noqa: E501
        ("temperature is -1, expected a number >= 0", {"game": SPOILT, **KIND, "temperature": -1}),
        ("entropy 'both' is unknown", {"game": SPOILT, **KIND, "entropy": "both"}),
        ("game is of type str", {"game": "hasac", **KIND}),
        ("q has shape (6, 2, 3), expected (2, 6, 2, 3)", {"game": SPOILT, **KIND, "q": np.zeros((6, 2, 3))}),
    ],
)  # fmt: skip
def test_bad_input_is_named(message, arguments):
    with pytest.raises(ValueError, match="^" + message.replace("(", r"\(").replace(")", r"\)")):
        compare(**arguments)


def test_plain_values_that_entropy_cancels_count_in_the_exact_error():
    """One state: rewards −H(π) at temperature 1 make V 0, and the plain return −H/(1 − γ), to 50 digits."""
    policy, discount = np.array([[0.3, 0.7]]), 0.9999
    entropy = -float((policy * np.log(policy)).sum())
    game = Game.stochastic(np.full((1, 2), -entropy), np.ones((1, 2, 1)), discount)
    report = compare(game, policy=[policy], temperature=1.0)
    with mp.workdps(50):
        exact = mp.mpf(-entropy) / (1 - mp.mpf(discount))
        assert abs(report.plain_return - exact) <= report.exact_error
    assert report.exact_error > 1e-10


def forbidden(cost, scale=1.0):
    """Two states whose first one has an action that costs so much that nobody plays it; a gain of 0.6 is possible."""
    transitions = np.array([[[1, 0], [0, 1.0]], [[0.5, 0.5], [0.2, 0.8]]])
    game = Game.stochastic(scale * np.array([[1.0, -cost], [0, 1]]), transitions, 0.9)
    return compare(game, temperature=scale, policy=[[[1, 0], [0.5, 0.5]]], q=np.zeros((2, 2)))


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_a_gain_that_errors_may_hide_is_not_known(scale):
    """What is hidden by a cost of 1e15 is the gain that costs of 1e6 show; nothing is called exact."""
    known, unknown = forbidden(1e6, scale), forbidden(1e15, scale)
    assert known.nash_exploitability == pytest.approx(0.602 * scale, rel=1e-3)
    assert "not known" not in str(known)
    assert "the exact numbers are correct to within" in str(known)
    lines = str(unknown).splitlines()
    for name in ("exploitability", "nash_exploitability"):
        assert any(line.startswith(f"{name} ") and line.split()[1:3] == ["not", "known"] for line in lines)
        (sentence,) = [line for line in lines if line.startswith(f"{name} of agent 0 is not known: it may be ")]
        most = float(sentence.rpartition(" ")[2])
        assert known.nash_exploitability <= most <= 1e3 * scale
        assert f"{name} not known" in repr(unknown)
    assert "exact" not in str(unknown)
    assert unknown.nash_exploitability >= 0


def test_a_gain_of_0_is_known_where_rounding_alone_is_left():
    """Also where all returns are 0, as in the middle of a zero-sum game."""
    report = compare(load("matching-pennies"), policy=[[0.5, 0.5]] * 2, temperature=0.1)
    assert "not known" not in str(report)
    assert (report.nash_exploitability < 1e-12).all()


def test_the_gain_of_one_agent_may_be_known_while_those_of_others_are_not():
    first, second = np.array([[1.0, 0.0], [1.0, -1e15]]), np.array([[0.0, 1e3], [0.0, 1.0]])
    report = compare(Game.matrix([first, second]), policy=[[1, 0], [1, 0]], temperature=0.5)
    assert re.search(r"^nash_exploitability +not known, 1000 ", str(report), re.MULTILINE)
    assert "nash_exploitability of agent 0 is not known" in str(report)


def test_states_agents_and_actions_are_called_by_their_names_in_tables_and_sentences():
    game = random_stochastic(3, (2, 2), structure="general-sum", discount=0.8)
    called = dataclasses.replace(
        game,
        state_names=(("a", 1), "road", 7),
        agent_names=("ann", "bob"),
        action_names=(("go", "stay"), ("left", "right")),
    )
    policy = random_policy(game, np.random.default_rng(0))
    kind = {"policy": policy, "temperature": 0.3}
    exact = soft_evaluation(game, **kind)
    moved = exact.q.reshape(2, 3, 4)[..., [1, 0, 2, 3]].reshape(exact.q.shape)
    for theirs, sentence in (
        (exact.q[:, [0, 2, 1]], "with the states in another order: 7 where road belongs, road where 7 belongs"),
        (exact.q[::-1], "with the values of ann and bob exchanged"),
        (np.swapaxes(exact.q, 2, 3), "with the actions of ann and bob exchanged"),
        (moved, "(go, right) where (go, left) belongs, (go, left) where (go, right) belongs"),
    ):
        report = compare(called, q=theirs, v=exact.v + 1, **kind)
        assert sentence in report.diagnosis[0]
        assert [entry.state for entry in report.worst] == [
            entry.state for entry in compare(game, q=theirs, v=exact.v + 1, **kind).worst
        ]
    rows = str(report).partition("entries of v:")[2].splitlines()[3:]
    assert {row.split("  ")[0] for row in rows[:5]} <= {"ann", "bob"}
    assert "('a', 1)" in str(report)
    with pytest.raises(AssertionError, match=r"\nann +road +go, left "):
        assert_soft_q(called, moved + 1, **kind)


def test_the_worst_entries_are_called_by_the_names_of_the_game():
    called = {"agent_names": ["driver", "walker"], "action_names": [["yield", "dare"], None]}
    game = load("chicken")
    policy, q = [[0.9, 0.1], [0.2, 0.8]], np.zeros((2, 1, 2, 2))
    numbers = compare(dataclasses.replace(game, action_names=None), temperature=1.0, policy=policy, q=q)
    report = compare(dataclasses.replace(game, **called), temperature=1.0, policy=policy, q=q)
    assert report.worst == numbers.worst
    rows = [row.split() for row in str(report).partition("entries of policy")[2].splitlines()[3:]]
    of_policy = {row[0]: row[2] for row in rows}
    assert set(of_policy) == {"driver", "walker"}
    assert of_policy["driver"] in ("yield", "dare")
    assert of_policy["walker"] in ("0", "1")
    worst = report.worst[0]
    agent, action = called["agent_names"][worst.agent], called["action_names"][0][worst.action[0]]
    first = str(report).partition("entries of q:")[2].splitlines()[3].split()
    assert first[:4] == [agent, "0", f"{action},", str(worst.action[1])]
    first = str(numbers).partition("entries of q:")[2].splitlines()[3].split()
    assert first[:4] == [str(worst.agent), "0", f"{worst.action[0]},", str(worst.action[1])]
