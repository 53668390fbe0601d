"""Errors of models and policies: each reading against the laws of many steps, distances against loops, all by hand."""

from fractions import Fraction
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.bounds import (
    READINGS,
    Process,
    Setup,
    dynamics_distance,
    exact_opponent_errors,
    joint_distances,
    measure,
    simplest_fraction,
    state_distances,
)
from mathrl.games import Game, random_policy, random_stochastic, to_dense, to_sparse, uniform_policy
from mathrl.proofs_checks.strategies import setups
from tests.examples import costly
from tests.tolerances import EPS

ROUNDING = 64 * EPS
"""Sums of at most some hundred terms up to 1."""

SHORT = st.sampled_from([0.0, 0.5, 0.9])
"""Discounts at which chains that do not settle are followed for 1,000 steps."""

STEPS = 400
SAME = 8 * EPS * STEPS
"""Laws that differ by 8 eps a step are taken to be the same."""


def dense(game):
    return np.asarray(to_dense(game).transitions)


def slow_distance(setup):
    """½ Σ_t |T - T̂| of every state and joint action, one by one."""
    P, P_model = dense(setup.game), dense(setup.model)
    actions = list(product(*map(range, setup.game.num_actions)))
    rows = ([abs(P[s][a] - P_model[s][a]).sum() / 2 for a in actions] for s in range(setup.game.num_states))
    return np.array(list(rows))


def slow_joint(policy):
    """π(a|s), (S, A), as Kronecker products."""
    rows = []
    for s in range(len(policy[0])):
        row = np.ones(1)
        for own in policy:
            row = np.kron(row, own[s])
        rows.append(row)
    return np.array(rows)


def slow_chain(game, policy):
    P = dense(game).reshape(game.num_states, -1, game.num_states)
    return np.array([sum(p * row for p, row in zip(slow_joint(policy)[s], P[s], strict=True)) for s in range(len(P))])


def expected_over_time(setup, game, policy):
    """E_{(s_t, a_t)}[d(s_t, a_t)], t = 0 … STEPS - 1."""
    law, P, laws = setup.game.start, slow_chain(game, policy), []
    for _ in range(STEPS):
        laws.append(law)
        law = law @ P
    return (np.array(laws)[:, :, None] * slow_joint(policy) * slow_distance(setup)).sum(axis=(1, 2))


@costly
@given(setups(max_agents=3, discounts=SHORT))
def test_each_reading_is_its_expectation(setup):
    errors = measure(setup)
    for found, policy in ((errors.data_dynamics, setup.data_policy), (errors.current_dynamics, setup.policy)):
        assert tuple(found) == READINGS
        along_real, along_model = (expected_over_time(setup, game, policy) for game in (setup.game, setup.model))
        assert found["uniform"] == pytest.approx(slow_distance(setup).max(), abs=ROUNDING)
        weights = (1 - setup.game.discount) * setup.game.discount ** np.arange(STEPS)
        left = setup.game.discount**STEPS  # weight of all later steps
        occupancy = found["occupancy"] - weights @ along_real
        assert -SAME / (1 - setup.game.discount) <= occupancy <= left + SAME / (1 - setup.game.discount)
        for reading, along in (("real", along_real), ("model", along_model)):
            assert along.max() - SAME <= found[reading] <= found["uniform"] + ROUNDING
            if np.ptp(along[-12:]) <= EPS and errors.settled:  # most chains have settled by then
                assert found[reading] == pytest.approx(along.max(), abs=SAME)
        assert found["occupancy"] <= found["real"] + SAME / (1 - setup.game.discount) or not errors.settled
    modelled = expected_over_time(setup, setup.model, setup.modelled_policy)
    assert modelled.max() - SAME <= errors.modelled_dynamics <= slow_distance(setup).max() + ROUNDING
    if np.ptp(modelled[-12:]) <= EPS and errors.settled:
        assert errors.modelled_dynamics == pytest.approx(modelled.max(), abs=SAME)


@costly
@given(setups(max_agents=3, discounts=SHORT), st.sets(st.integers(0, 6), max_size=4))
def test_the_branched_reading_is_the_largest_after_any_branch(setup, lengths):
    """τ steps with the data policies in the game, then h < k in the model: all τ below 100, all h one by one."""
    errors = measure(setup, lengths)
    before = slow_chain(setup.game, setup.data_policy)
    after = slow_chain(setup.model, setup.modelled_policy)
    expected = (slow_joint(setup.modelled_policy) * slow_distance(setup)).sum(axis=1)
    branch, values = setup.game.start, np.zeros((100, 6))
    for tau in range(100):
        law = branch
        for h in range(6):
            values[tau, h] = law @ expected
            law = law @ after
        branch = branch @ before
    assert set(errors.branched_dynamics) == lengths
    for k, found in errors.branched_dynamics.items():
        slowly = values[:, :k].max(initial=0)
        assert slowly - SAME <= found <= errors.data_dynamics["uniform"] + ROUNDING
        if np.ptp(values[-12:], axis=0).max() <= EPS and errors.settled:
            assert found == pytest.approx(slowly, abs=SAME)
    for (_, shorter), (_, longer) in pairwise(sorted(errors.branched_dynamics.items())):
        assert shorter <= longer


@costly
@given(setups(discounts=SHORT))
def test_distances_of_policies_are_the_largest_of_any_state(setup):
    errors = measure(setup)

    def largest(one, other):
        return max((abs(p - q).sum() / 2 for p, q in zip(one, other, strict=True)), default=0)

    others = setup.opponents
    assert errors.policy_shift == pytest.approx(
        largest(setup.policy[setup.agent], setup.data_policy[setup.agent]), abs=ROUNDING
    )
    models = dict(zip(others, setup.opponent_models, strict=True))
    for each, joint, other in (
        (errors.opponent_shifts, errors.opponents_shift, setup.data_policy),
        (errors.opponent_errors, errors.opponents_error, models),
    ):
        expected = [largest(setup.policy[j], other[j]) for j in others]
        assert each == pytest.approx(expected, abs=ROUNDING)
        played, theirs = ([policy[j] for j in others] for policy in (setup.policy, other))
        whole = largest(slow_joint(played), slow_joint(theirs)) if others else 0
        assert joint == pytest.approx(whole, abs=ROUNDING)
        # one that differs alone makes the joint differ; and nothing differs but where one does
        assert max(each, default=0) - ROUNDING <= joint <= 1 - np.prod([1 - error for error in each]) + ROUNDING


@costly
@given(setups(discounts=SHORT))
def test_the_distance_of_dynamics_is_that_of_each_row(setup):
    found = dynamics_distance(setup)
    np.testing.assert_allclose(found, slow_distance(setup), rtol=0, atol=ROUNDING)
    parts = vars(setup) | {"model": setup.model.transitions}
    for stored in (to_dense, to_sparse):
        other = Setup.of(**(parts | {"game": stored(setup.game)}))
        np.testing.assert_allclose(dynamics_distance(other), found, rtol=0, atol=ROUNDING)


def test_the_distance_of_large_sparse_dynamics_is_never_dense():
    """10^5 states: the dense difference would take 300 GB."""
    game, other = (random_stochastic(100_000, (2, 2), successors=2, seed=seed) for seed in (0, 1))
    setup = Setup.of(game, policy=uniform_policy(game), model=other.transitions)
    found = dynamics_distance(setup)
    assert found.shape == (100_000, 4)
    for s, a in ((0, 0), (1, 3), (99_999, 2)):
        rows = [g.transitions[[4 * s + a]].toarray() for g in (game, other)]
        assert found[s, a] == pytest.approx(abs(rows[0] - rows[1]).sum() / 2, abs=ROUNDING)


@costly
@given(setups(max_agents=3, discounts=SHORT), st.integers(0, 12))
def test_distances_of_laws_are_those_of_matrix_powers(setup, steps):
    found, joint = (
        state_distances(setup.real, setup.modelled, steps),
        joint_distances(setup.real, setup.modelled, steps),
    )
    assert len(found) == len(joint) == steps + 1
    pairs = ((setup.game, setup.policy), (setup.model, setup.modelled_policy))
    for t in range(steps + 1):
        laws = [setup.game.start @ np.linalg.matrix_power(slow_chain(*pair), t) for pair in pairs]
        assert found[t] == pytest.approx(abs(laws[0] - laws[1]).sum() / 2, abs=ROUNDING)
        joints = [law[:, None] * slow_joint(policy) for law, (_, policy) in zip(laws, pairs, strict=True)]
        assert joint[t] == pytest.approx(abs(joints[0] - joints[1]).sum() / 2, abs=ROUNDING)
    assert found[0] == 0
    assert (found <= joint + ROUNDING).all()


@costly
@given(setups(discounts=SHORT))
def test_what_is_perfect_has_no_error(setup):
    errors = measure(Setup.of(setup.game, policy=setup.policy, agent=setup.agent), [0, 3])
    assert errors.data_dynamics == errors.current_dynamics == dict.fromkeys(READINGS, 0)
    assert errors.branched_dynamics == {0: 0, 3: 0}
    assert errors.modelled_dynamics == errors.policy_shift == errors.opponents_shift == errors.opponents_error == 0
    assert set(errors.opponent_shifts) | set(errors.opponent_errors) <= {0}


@costly
@given(setups(discounts=SHORT), st.data())
def test_relabelling_the_agents_reorders_their_errors(setup, data):
    game, agents = setup.game, range(setup.game.num_agents)
    order = data.draw(st.permutations(agents))

    def relabelled(array):
        return np.moveaxis(array, [1 + j for j in order], [1 + j for j in agents])

    rewards = relabelled(game.rewards) if game.common_payoff else [relabelled(game.rewards[j]) for j in order]
    agent, models = order.index(setup.agent), [setup.modelled_policy[j] for j in order]
    other = Setup.of(
        Game.stochastic(rewards, relabelled(dense(game)), game.discount, game.start),
        policy=[setup.policy[j] for j in order],
        model=relabelled(dense(setup.model)),
        data_policy=[setup.data_policy[j] for j in order],
        opponent_models=[*models[:agent], *models[agent + 1 :]],
        agent=agent,
    )
    before, after = measure(setup, [2]), measure(other, [2])
    for reading in READINGS:
        assert after.data_dynamics[reading] == pytest.approx(before.data_dynamics[reading], abs=1e-9)
        assert after.current_dynamics[reading] == pytest.approx(before.current_dynamics[reading], abs=1e-9)
    assert after.branched_dynamics[2] == pytest.approx(before.branched_dynamics[2], abs=1e-9)
    assert after.policy_shift == before.policy_shift
    by_agent = dict(zip(setup.opponents, before.opponent_errors, strict=True))
    assert after.opponent_errors == tuple(by_agent[j] for j in order if j != setup.agent)
    by_agent = dict(zip(setup.opponents, exact_opponent_errors(setup), strict=True))
    assert exact_opponent_errors(other) == tuple(by_agent[j] for j in order if j != setup.agent)


def test_the_readings_differ_where_only_one_dynamics_reaches_the_error():
    """From 0, T leaves for 1 with probability 1/2 a step and T̂ never; in 1, T̂ goes to 2, always wrong.

    d(0) = 1/2, d(1) = 1 and d(2) = 0. Along T, E_t[d] = 2^-t / 2 + 1 - 2^-t tends to 1; along T̂ it is 1/2.
    """
    T, T_model = np.eye(3), np.eye(3)
    T[0], T_model[1] = [0.5, 0.5, 0], [0, 0, 1]
    game = Game.stochastic(np.zeros((3, 1)), T[:, None], 0.5, [1, 0, 0])
    setup = Setup.of(game, policy=[np.ones((3, 1))], model=T_model[:, None])
    errors = measure(setup, [0, 1, 2])
    assert dynamics_distance(setup).ravel().tolist() == [0.5, 1, 0]
    assert errors.data_dynamics == pytest.approx(
        # Σ_t 2^-(t+1) (1 - 2^-(t+1)) = 1 - 1/3
        {"real": 1, "model": 0.5, "uniform": 1, "occupancy": 2 / 3},
        abs=ROUNDING,
    )
    # branches are where T is, at 1 in the end; one step of T̂ later the state is 2, or 0 as long as it was
    assert errors.branched_dynamics == pytest.approx({0: 0, 1: 1, 2: 1}, abs=ROUNDING)
    assert errors.modelled_dynamics == 0.5
    assert errors.settled
    assert (errors.opponent_shifts, errors.opponent_errors, errors.opponents_shift) == ((), (), 0)


def test_branches_are_where_the_data_policies_lead():
    """In state 0, action 0 stays and 1 goes to 1, where T stays and T̂ leaves: π_D goes, π stays."""
    T, T_model = (np.array([np.eye(2), np.eye(2)[[s, s]]]) for s in (1, 0))
    game = Game.stochastic(np.zeros((2, 2)), T, 0.5, [1, 0])
    staying, going = np.eye(2)[[0, 0]], np.eye(2)[[1, 1]]
    errors = measure(Setup.of(game, policy=[staying], data_policy=[going], model=T_model), [1])
    assert errors.data_dynamics == {"real": 1, "model": 1, "uniform": 1, "occupancy": 0.5}
    assert errors.current_dynamics == {"real": 0, "model": 0, "uniform": 1, "occupancy": 0}
    assert errors.branched_dynamics == {1: 1}
    assert errors.modelled_dynamics == 0


def test_one_slow_chain_is_enough_not_to_settle():
    """T leaks; T̂, which stays, has settled at once."""
    T = np.array([[1 - 1e-6, 1e-6], [0, 1]])
    game = Game.stochastic(np.zeros((2, 1)), T[:, None], 0.5, [1, 0])
    assert not measure(Setup.of(game, policy=[np.ones((2, 1))], model=np.eye(2)[:, None])).settled


def test_the_exact_errors_are_those_that_were_meant():
    """Sums of doubles are not: half of |0.5 - 0.3| + |0.5 - 0.7| is below 0.2 in doubles."""
    game = Game.stochastic(np.zeros((2, 2, 2)), np.full((2, 2, 2, 2), 0.5), 0.5)
    policy = [[[0.5, 0.5]] * 2, [[0.5, 0.5], [1 / 3, 2 / 3]]]
    setup = Setup.of(game, policy=policy, opponent_models=[[[0.3, 0.7], [1 / 7, 6 / 7]]])
    assert measure(setup).opponent_errors[0] < 0.2
    assert exact_opponent_errors(setup) == (Fraction(1, 5),)
    assert exact_opponent_errors(Setup.of(game, policy=policy)) == (0,)


def test_the_exact_error_need_not_be_the_one_that_is_largest_in_doubles():
    """In doubles that of the first rows is 6 ulps below 1/20, and that of the second ones larger; exactly it is less.

    For the latter have no small denominators: each is read as a simpler fraction nearby.
    """
    policy, model = ([[0.3, 0.7], [0.82148002, 0.17851998]], [[0.35, 0.65], [0.87148002, 0.12851998]])
    game = Game.stochastic(np.zeros((2, 1, 2)), np.full((2, 1, 2, 2), 0.5), 0.5)
    for order in ([0, 1], [1, 0]):
        own, theirs = ([rows[s] for s in order] for rows in (policy, model))
        setup = Setup.of(game, policy=[np.ones((2, 1)), own], opponent_models=[theirs])
        assert exact_opponent_errors(setup) == (Fraction(1, 20),)


@costly
@given(setups(discounts=SHORT), st.data())
def test_exact_errors_are_the_doubles_but_for_rounding(setup, data):
    assert [float(error) for error in exact_opponent_errors(setup)] == pytest.approx(
        list(measure(setup).opponent_errors), abs=ROUNDING
    )
    # of rational policies they are rational arithmetic's
    shape = (setup.game.num_states, max(setup.game.num_actions))
    weights = [
        data.draw(st.lists(st.lists(st.integers(1, 30), min_size=shape[1], max_size=shape[1]),
                           min_size=shape[0], max_size=shape[0])) for _ in range(2)
    ]  # fmt: skip
    meant = [[[Fraction(w, sum(row)) for w in row] for row in rows] for rows in weights]
    game = random_stochastic(shape[0], (1, shape[1]))
    nothing = np.ones((shape[0], 1))
    policy, model = ([[float(p) for p in row] for row in rows] for rows in meant)
    two = Setup.of(game, policy=[nothing, policy], opponent_models=[model])
    assert exact_opponent_errors(two) == (
        max(sum(abs(p - q) for p, q in zip(*rows, strict=True)) / 2 for rows in zip(*meant, strict=True)),
    )


def test_errors_beyond_1_by_rounding_are_1():
    """Rows may sum to 1 + 9e-10: a total variation is a probability all the same."""
    off = 1 + 9e-10
    game = Game.stochastic(np.zeros((2, 1)), np.array([[[off, 0.0]], [[off, 0.0]]]), 0.5)
    model = np.array([[[0.0, off]], [[0.0, off]]])
    errors = measure(Setup.of(game, policy=[[[1.0], [1.0]]], model=model), [3])
    assert set(errors.data_dynamics.values()) == set(errors.branched_dynamics.values()) == {1.0}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda setup: measure(setup, [-1]), "branch_lengths is -1, expected a whole number, at least 0"),
        (lambda setup: state_distances(setup.real, setup.data, -1), "steps is -1"),
        (lambda setup: joint_distances(setup.real, setup.data, 0.5), "steps is 0.5"),
    ],
)
def test_bad_input_is_named(call, message):
    game = random_stochastic(2, (2, 2), seed=0)
    with pytest.raises(ValueError, match=message):
        call(Setup.of(game, policy=random_policy(game, np.random.default_rng(0))))


def test_joint_distances_are_over_state_and_action_together():
    """One state, two actions: the states never differ, the pairs by the distance of the policies."""
    game = Game.stochastic(np.zeros((1, 2)), np.ones((1, 2, 1)), 0.5)
    one, other = Process(game, (np.array([[0.75, 0.25]]),)), Process(game, (np.array([[0.25, 0.75]]),))
    assert state_distances(one, other, 2).tolist() == [0, 0, 0]
    assert joint_distances(one, other, 2).tolist() == [0.5, 0.5, 0.5]


def test_the_larger_of_two_distances_that_doubles_do_not_tell_apart_is_taken():
    """What the probabilities stand for is up to 8 roundings from each of them."""
    one = [[0.28984114981603737, 0.7101588501839626], [0.4501076937928735, 0.5498923062071265]]
    other = [[0.8144143079996651, 0.18558569200033492], [0.9746808519765032, 0.025319148023496774]]
    game = Game.stochastic(np.zeros((2, 1, 2)), np.full((2, 1, 2, 2), 0.5), 0.5)
    setup = Setup.of(game, policy=[np.ones((2, 1)), one], opponent_models=[other])
    each = [
        sum(abs(simplest_fraction(p) - simplest_fraction(q)) for p, q in zip(row, model, strict=True)) / 2
        for row, model in zip(one, other, strict=True)
    ]
    assert exact_opponent_errors(setup) == (max(each),)
