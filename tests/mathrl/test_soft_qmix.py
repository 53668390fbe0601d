"""Soft-QMIX: what its fixed points are, that cycles are told, that names and units do not matter; the paper's game."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mathrl.games import (
    Game,
    joint_policy,
    load,
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
    additive_mix,
    critic_loss,
    igm_gap,
    local_policy,
    local_values,
    monotonicity_gap,
    quantal_response_residual,
    trace_target,
)
from mathrl.proofs_checks.strategies import TEMPERATURES, games, matrix_games, policies, temperatures
from mathrl.solvers import qre, soft_qmix
from mathrl.stage.monotone_projection import monotone_projection
from mathrl.values.policy_values import evaluate
from tests.examples import costly
from tests.tolerances import EPS, magnitude

SMALL = games(structure="common-payoff", max_actions=3, max_states=3, discounts=st.sampled_from([0.0, 0.5, 0.9]))
MILD = temperatures(0.1, 100)
MIXERS = ["monotone", "additive", "unrestricted"]
every_mixer = pytest.mark.parametrize("mixer", MIXERS)


def one_step(game, policy, temperature, trace_decay, mixer, weights):
    """(π, Q_tot) after a step from Q of `policy`, written with operators and one projection a state."""
    q = evaluate(game, policy, temperature=temperature).q
    target = trace_target(
        q,
        policy,
        game.rewards,
        to_dense(game).transitions,
        discount=game.discount,
        temperature=temperature,
        trace_decay=trace_decay,
    )
    played = policy if weights == "policy" else uniform_policy(game)
    w = joint_policy(played)
    if mixer == "monotone":
        target = np.stack([monotone_projection(target[s], w[s]).table for s in range(game.num_states)])
    local = local_values(target, played)
    return local_policy(local, temperature=temperature), additive_mix(local) if mixer == "additive" else target


@every_mixer
@costly
@given(SMALL, MILD, st.sampled_from(["policy", "uniform"]), st.sampled_from([0.0, 0.4, 1.0]), st.data())
def test_a_step_is_the_equations(mixer, game, temperature, weights, trace_decay, data):
    """soft-qmix Eq. 24, 13, 14 and 15, one after the other; from policies without zeros, as weights are."""
    policy = data.draw(policies(game, zeros=False))
    parameters = {"mixer": mixer, "weights": weights, "trace_decay": trace_decay}
    solution = soft_qmix(game, temperature=temperature, initial_policy=policy, tol=1e-30, max_steps=1, **parameters)
    assume(solution.steps == 1)
    expected, q_tot = one_step(game, policy, temperature, **parameters)
    size = magnitude(game, temperature)
    if mixer == "monotone":
        # The minimiser need not be unique and may turn on a rounding: compare the losses that it has.
        w = joint_policy(policy if weights == "policy" else uniform_policy(game))
        exact = evaluate(game, policy, temperature=temperature).q
        errors = [(w * (table - exact) ** 2).sum() for table in (q_tot, solution.q_tot)]
        assert abs(errors[0] - errors[1]) <= 1e4 * EPS * size**2 / (1 - game.discount)
    else:
        slack = 1e3 * EPS * size / (1 - game.discount)  # two ways to solve one linear system
        np.testing.assert_allclose(solution.q_tot, q_tot, rtol=0, atol=slack)
        for ours, theirs in zip(solution.policy, expected, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=slack / temperature + 64 * EPS)


@every_mixer
@costly
@given(SMALL, MILD, st.data())
def test_what_is_returned_fits_together(mixer, game, temperature, data):
    """Form of Q_tot, policies from individual values, exact values of the policy, history."""
    parameters = {"mixer": mixer, "initial_policy": data.draw(policies(game, zeros=False))}
    solution = soft_qmix(game, temperature=temperature, max_steps=20, **parameters)
    assert len(solution.history) == solution.steps
    values = evaluate(game, solution.policy, temperature=temperature)
    np.testing.assert_array_equal(solution.q, values.q)
    if solution.steps:
        assert solution.objective == solution.history[-1] == values.objective
        for own, expected in zip(
            solution.policy, local_policy(solution.individual_q, temperature=temperature), strict=True
        ):
            np.testing.assert_array_equal(own, expected)
        slack = 64 * EPS * magnitude(game, temperature)
        if mixer == "additive":
            np.testing.assert_allclose(additive_mix(solution.individual_q), solution.q_tot, rtol=0, atol=slack)
        if mixer == "monotone":
            # Individual values tie where weights are too small to tell Q_tot apart, hence to rounding of their sums.
            for s in range(game.num_states):
                assert monotone_projection(solution.q_tot[s]).error <= slack**2
            assert (igm_gap(solution.q_tot, solution.individual_q) <= igm_slack(solution, slack)).all()


def igm_slack(solution, slack):
    """By how much Q_tot may differ between actions whose individual values tie to rounding: weighed, not at all."""
    rarest = min(float(own.min()) for own in solution.policy)
    return slack / max(rarest, 1e-300) ** (len(solution.policy) - 1)


@costly
@given(SMALL, MILD, st.sampled_from(["additive", "unrestricted"]), st.sampled_from([0.0, 0.4, 1.0]))
def test_fixed_points_of_the_other_mixers_are_quantal_response_equilibria(game, temperature, mixer, trace_decay):
    """soft-qmix Eq. 14 under the policy's weights is a mean, and a sum over agents has the same means."""
    solution = soft_qmix(game, temperature=temperature, mixer=mixer, trace_decay=trace_decay, max_steps=150)
    assume(solution.converged)
    residual = quantal_response_residual(solution.q, solution.policy, temperature=temperature)
    # Steps stop within 100 floors, a contraction by γ from the point at the slowest.
    assert residual <= 1e4 * solution.rounding_floor / (1 - game.discount) ** 2


@costly
@given(SMALL, MILD, st.sampled_from([0.0, 0.4, 1.0]))
def test_a_monotone_fixed_point_projects_its_own_exact_q(game, temperature, trace_decay):
    """Pooling keeps the weighted mean, so V_tot is exact at a fixed point, whatever λ is (soft-qmix §4.2, on TD(λ))."""
    solution = soft_qmix(game, temperature=temperature, trace_decay=trace_decay, max_steps=150)
    assume(solution.converged)
    size, w = magnitude(game, temperature), joint_policy(solution.policy)
    slack = 1e5 * EPS * max(size, size / temperature) / (1 - game.discount) ** 2  # as above
    gap = (w * (solution.q_tot - solution.q)).reshape(game.num_states, -1).sum(axis=1)
    assert np.abs(gap).max() <= slack
    for s in range(game.num_states):
        least = monotone_projection(solution.q[s], w[s]).error
        found = 2 * float(critic_loss(solution.q_tot, solution.q, solution.policy)[s])
        assert found <= least + slack * size


@costly
@given(games(max_agents=1, structure="common-payoff", max_actions=4, max_states=3), MILD)
def test_one_agent_is_soft_policy_iteration(game, temperature):
    """Every table of one agent is monotone and additive: at λ = 1 all mixers iterate hasac's Eq. 3."""
    expected = qre(game, temperature=temperature).require()
    for mixer in MIXERS:
        solution = soft_qmix(game, temperature=temperature, mixer=mixer, trace_decay=1.0)
        assert solution.converged
        slack = 1e5 * EPS * magnitude(game, temperature) / (1 - game.discount)  # both stop within 100 floors
        np.testing.assert_allclose(solution.v, expected.v, rtol=0, atol=slack)


@every_mixer
@costly
@given(matrix_games(structure="common-payoff", max_actions=3), TEMPERATURES, st.data())
def test_names_and_units_do_not_matter(mixer, game, temperature, data):
    """One step at a time; the losses reached, as minimisers need not be unique."""
    policy = data.draw(policies(game, zeros=False))
    agents = data.draw(st.permutations(range(game.num_agents)))
    agent = data.draw(st.integers(0, game.num_agents - 1))
    actions = data.draw(st.permutations(range(game.num_actions[agent])))
    shift = data.draw(st.floats(-10, 10))
    scale = data.draw(st.floats(0.1, 10))

    def loss(game, policy, temperature):
        solution = soft_qmix(game, temperature=temperature, mixer=mixer, initial_policy=policy, tol=1e-30, max_steps=1)
        return float((joint_policy(policy) * (solution.q_tot - game.rewards) ** 2).sum()) if solution.steps else None

    renamed = tuple(own[:, actions] if i == agent else own for i, own in enumerate(policy))
    base = loss(game, policy, temperature)
    assume(base is not None)
    others = [
        loss(relabel_agents(game, agents), tuple(policy[i] for i in agents), temperature),
        loss(permute_actions(game, agent, actions), renamed, temperature),
        loss(shift_rewards(game, shift), policy, temperature),
        loss(scale_rewards(game, scale), policy, scale * temperature),
    ]
    size = (1 + game.reward_scale + abs(shift)) ** 2
    units = [1, 1, 1, scale**-2]
    for other, unit in zip(others, units, strict=True):
        assert other is None or abs(other * unit - base) <= 1e4 * EPS * size  # sums of squares of at most 27 entries


@costly
@given(SMALL, MILD)
def test_storage_does_not_matter(game, temperature):
    parameters = {"temperature": temperature, "mixer": "additive", "max_steps": 3, "tol": 1e-30}
    dense, sparse = (soft_qmix(store(game), **parameters) for store in (to_dense, to_sparse))
    slack = 1e4 * EPS * magnitude(game, temperature) / (1 - game.discount) * (1 + 1 / temperature)  # three steps
    np.testing.assert_allclose(dense.q_tot, sparse.q_tot, rtol=0, atol=slack * (1 + magnitude(game, temperature)))


@pytest.mark.parametrize("temperature", [0.01, 1.0, 5.0])
def test_the_paper_s_game_from_a_uniform_start(temperature):
    """soft-qmix Tables 1 and 2(a): Q_tot is 8 at (A, A), the likeliest, and −12 beside it."""
    solution = soft_qmix(load("soft-qmix"), temperature=temperature)
    assert solution.converged
    assert [int(own.argmax()) for own in solution.policy] == [0, 0]
    assert [int(own.argmax()) for own in solution.individual_q] == [0, 0]
    assert round(float(solution.q_tot[0, 0, 0])) == 8
    assert -12.0001 < solution.q_tot[0, 0, 1] < -11
    for mixer in ("additive", "unrestricted"):
        other = soft_qmix(load("soft-qmix"), temperature=temperature, mixer=mixer)
        assert other.converged
        assert other.policy[0][0, 0] < 0.1


def test_where_the_paper_s_game_turns():
    """Both agents play A with probability p at first: A is ranked highest where 8 p² + 26 p − 9 > 0, p > 0.3155.

    There the errors 144 · 2 p (1 − p)² / (1 + p) and 400 · 2 p² (1 − p) / (2 − p) of the two best orders are equal.
    """
    turn = (np.sqrt(676 + 288) - 26) / 16
    for p, best in [(turn - 1e-6, 1), (turn + 1e-6, 0)]:
        first = [[p, (1 - p) / 2, (1 - p) / 2]] * 2
        solution = soft_qmix(load("soft-qmix"), temperature=1.0, initial_policy=first)
        assert solution.converged
        assert int(solution.policy[0].argmax()) == best


@every_mixer
def test_simultaneous_responses_cycle_and_lose_value(mixer):
    """soft-qmix Lemma 4.3 and Theorem 4.4 do not carry over from Eq. 9 to Eq. 14: two agents, 1 where they differ."""
    game = Game.matrix(np.array([[0.0, 1.0], [1.0, 0.0]]))
    first = [[0.6, 0.4]] * 2
    solution = soft_qmix(game, temperature=0.1, mixer=mixer, initial_policy=first)
    assert (solution.status, solution.period) == (Status.CYCLED, 2)
    assert "period 2" in solution.message
    assert solution.objective < 0.01
    before = evaluate(game, uniform_policy(game), temperature=0.1).objective
    assert solution.history[0] < evaluate(game, (np.array([[0.6, 0.4]]),) * 2, temperature=0.1).objective < before


def test_a_search_that_is_cut_short_is_told():
    game = random_stochastic(2, (4, 4), discount=0.5, seed=0)
    cut = soft_qmix(game, temperature=1.0, node_limit=1, max_steps=3)
    assert "not proven to be the best" in cut.detail
    assert soft_qmix(game, temperature=1.0, max_steps=3).detail == ""


@pytest.mark.parametrize("temperature", [1e-4, 1e4])
@every_mixer
def test_temperatures_far_from_the_rewards(mixer, temperature):
    for game in (load("soft-qmix"), random_stochastic(5, (2, 3), discount=0.9, seed=1)):
        solution = soft_qmix(game, temperature=temperature, mixer=mixer, max_steps=300)
        assert np.isfinite(solution.q_tot).all()
        assert all(np.isfinite(own).all() for own in (*solution.policy, *solution.individual_q))
        if temperature == 1e4:
            assert solution.converged


def test_the_gap_of_a_monotone_q_is_zero_in_its_individual_values():
    """soft-qmix Eq. 6, where policies have no zeros and their values no ties by rounding."""
    solution = soft_qmix(random_stochastic(5, (3, 3), discount=0.9, seed=2), temperature=3.0)
    assert solution.converged
    assert (monotonicity_gap(solution.q_tot, solution.individual_q) <= 64 * EPS * 100).all()  # ties of pooled means


def test_the_fixed_point_is_kept():
    game = random_stochastic(4, (3, 2), discount=0.9, seed=3)
    solution = soft_qmix(game, temperature=3.0).require()
    again = soft_qmix(game, temperature=3.0, initial_policy=solution.policy)
    np.testing.assert_allclose(again.require().v, solution.v, rtol=1e-11)  # 100 floors over 1 − γ


GENERAL = Game.matrix([np.eye(2), -np.eye(2)])


@pytest.mark.parametrize(
    ("game", "arguments", "words"),
    [
        (GENERAL, {}, "general-sum"),
        (load("hasac"), {"mixer": "qplex"}, "mixer"),
        (load("hasac"), {"weights": "replay"}, "weights"),
        (load("hasac"), {"trace_decay": 1.5}, "trace_decay is 1.5"),
        (load("hasac"), {"trace_decay": "x"}, "trace_decay"),
        (load("hasac"), {"node_limit": 0.5}, "node_limit"),
        (load("hasac"), {"temperature": 0.0}, "temperature"),
        (load("hasac"), {"initial_policy": [[1.0]]}, "initial_policy"),
    ],
)
def test_bad_input_is_named(game, arguments, words):
    with pytest.raises(ValueError, match=words):
        soft_qmix(game, **({"temperature": 1.0} | arguments))


def test_from_random_starts_half_of_the_runs_cycle():
    """soft-qmix Section 5 reports that networks reach (A, A); the exact form does from a quarter of the starts."""
    game = load("soft-qmix")
    starts = [random_policy(game, np.random.default_rng(seed)) for seed in range(100)]
    found = [soft_qmix(game, temperature=1.0, initial_policy=start) for start in starts]
    best = sum(solution.converged and solution.policy[0][0, 0] > 0.5 for solution in found)
    others = sum(solution.converged and solution.policy[0][0, 0] < 0.5 for solution in found)
    cycles = sum(solution.status is Status.CYCLED for solution in found)
    assert (best, others, cycles) == (24, 26, 50)


@pytest.mark.parametrize("num_agents", [2, 3])
def test_beside_a_forbidden_action_the_floor_is_that_of_what_is_played(num_agents):
    """It is the largest of eps Σ_a π^i(a) (1 − π^i(a)) (E_{π^{-i}}|r|(a) + (1 − 1/n) E_π|r|)/α."""
    payoffs = np.random.default_rng(0).normal(size=[3] * num_agents)
    payoffs[0] = -1e12
    game = Game.matrix(payoffs, common_payoff=True)
    solution = soft_qmix(game, temperature=0.5, mixer="unrestricted").require()
    played = [rows[0] for rows in solution.policy]

    def mean(policy):
        left = np.abs(payoffs)
        for row in policy:
            left = np.tensordot(row, left, axes=1)
        return float(left)

    floors = [
        sum(p * (1 - p) * (mean([*played[:i], pure, *played[i + 1 :]]) + (1 - 1 / num_agents) * mean(played)) / 0.5
            for p, pure in zip(own, np.eye(3), strict=True))
        for i, own in enumerate(played)
    ]  # fmt: skip
    assert max(floors) > 1
    assert solution.rounding_floor == pytest.approx(EPS * max(floors), rel=1e-9, abs=0)  # π is found to 100 floors
