"""Nash Q: a fixed point by definition, an equilibrium nobody gains by leaving, and who leaves the class is caught."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linprog
from scipy.sparse import csr_array

from mathrl.base.checks import InvalidInput
from mathrl.exploitability import exploitability
from mathrl.games import (
    Game,
    load,
    permute_actions,
    random_stochastic,
    relabel_agents,
    scale_rewards,
    shift_rewards,
    to_dense,
    to_sparse,
)
from mathrl.iteration.outcome import Status
from mathrl.operators import backup, soft_optimality_backup
from mathrl.proofs_checks.strategies import games
from mathrl.solution import NotConverged
from mathrl.solvers import nash_q, optimal, soft_evaluation
from mathrl.stage.global_optimum import global_optimum
from mathrl.stage.zero_sum import zero_sum_value
from tests.examples import LONG, costly
from tests.tolerances import EPS, magnitude, zero_sum_slack

ZERO_SUM = games(structure="zero-sum", max_states=3)


@st.composite
def aligned_games(draw, **sizes):
    """r^i = w_i r + b_i with w_i > 0: agents agree on everything, so each stage game has a global optimum."""
    game = draw(games(structure="common-payoff", **sizes))
    weights = draw(st.lists(st.sampled_from([0.1, 1.0, 3.0]), min_size=game.num_agents, max_size=game.num_agents))
    offsets = draw(st.lists(st.integers(-5, 5), min_size=game.num_agents, max_size=game.num_agents))
    rewards = [weight * game.rewards + offset for weight, offset in zip(weights, offsets, strict=True)]
    return Game.stochastic(rewards, game.transitions, game.discount, game.start), game, weights, offsets


def all_agents(game, array):
    """The agent axis, also where one array serves all."""
    return np.stack([array] * game.num_agents) if game.common_payoff else array


@given(ZERO_SUM)
def test_q_is_the_fixed_point_of_the_zero_sum_operator(game):
    solution = nash_q(game)
    assert solution.converged, solution.message
    q, dense = all_agents(game, solution.q), to_dense(game)
    values = np.array([zero_sum_value(stage).value for stage in q[0]])
    rewards = dense.rewards if dense.common_payoff else dense.rewards[0]
    again = backup(values, rewards, dense.transitions, discount=game.discount)
    # another order of sums adds a few roundings of |Q|
    slack = 32 * EPS * magnitude(game)
    assert np.abs(again - q[0]).max() <= solution.residual + slack
    assert np.abs(q[0] + q[1]).max() <= 2 * solution.residual + slack
    assert np.abs(values - all_agents(game, solution.v)[0]).max() <= slack
    assert solution.residual <= 100 * solution.rounding_floor
    assert len(solution.history) == solution.steps


@costly
@given(ZERO_SUM)
def test_nobody_gains_by_leaving_the_policies(game):
    solution = nash_q(game)
    # a policy off by the residual in each state costs that over 1 − γ, twice where V is off by as much
    assert exploitability(game, solution.policy, temperature=0.0).max() <= zero_sum_slack(game) / (1 - game.discount)
    own = soft_evaluation(game, policy=solution.policy, temperature=1.0, entropy="none")
    np.testing.assert_allclose(own.v, solution.v, rtol=0, atol=zero_sum_slack(game))
    np.testing.assert_allclose(own.q, solution.q, rtol=0, atol=zero_sum_slack(game))
    np.testing.assert_allclose(own.objective, solution.objective, rtol=0, atol=zero_sum_slack(game))


def value_by_highs(payoffs):
    rows, columns = payoffs.shape
    programme = {"A_ub": np.column_stack([-payoffs.T, np.ones(columns)]), "b_ub": np.zeros(columns)}
    sums = {"A_eq": [np.append(np.ones(rows), 0)], "b_eq": [1]}
    bounds = [(0, None)] * rows + [(None, None)]
    return -linprog(np.append(np.zeros(rows), -1), **programme, **sums, bounds=bounds, method="highs").fun


@pytest.mark.parametrize(("seed", "discount"), [(0, 0.0), (1, 0.5), (2, 0.7)])
def test_against_value_iteration_by_linear_programmes(seed, discount):
    game = random_stochastic(4, (3, 2), discount=discount, structure="zero-sum", seed=seed)
    v = np.zeros(4)
    for _ in range(1 if discount == 0 else int(np.log(1e-9) / np.log(discount))):
        q = backup(v, game.rewards[0], game.transitions, discount=discount)
        v = np.array([value_by_highs(stage) for stage in q])
    solution = nash_q(game).require()
    assert any(((row > 0) & (row < 1)).any() for row in solution.policy[0])  # not all stage games are pure
    np.testing.assert_allclose(solution.v[0], v, rtol=0, atol=1e-6)  # HiGHS stops at 1e-7


@pytest.mark.parametrize("discount", [0.5, 0.99, 0.999])
@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
def test_many_states(discount, sparse):
    game = random_stochastic(
        300, (4, 3), discount=discount, structure="zero-sum", successors=3 if sparse else None, seed=0
    )
    solution = nash_q(game).require()
    assert solution.steps <= 15  # Newton's; sweeps alone would be log(eps) / log γ
    gains = exploitability(game, solution.policy, temperature=0.0)
    assert gains.max() <= zero_sum_slack(game)


@costly
@given(games(structure="common-payoff"))
def test_with_a_common_payoff_it_is_optimal(game):
    ours, theirs = nash_q(game), optimal(game)
    assert ours.converged, ours.message
    np.testing.assert_allclose(ours.v, theirs.v, rtol=0, atol=zero_sum_slack(game))
    np.testing.assert_allclose(ours.q, theirs.q, rtol=0, atol=zero_sum_slack(game))
    assert all(np.isin(pi, [0, 1]).all() for pi in ours.policy)
    own = soft_evaluation(game, policy=ours.policy, temperature=1.0, entropy="none")
    np.testing.assert_allclose(own.v, ours.v, rtol=0, atol=zero_sum_slack(game))


@costly
@given(aligned_games())
def test_agents_that_agree_reach_everybodys_optimum(drawn):
    game, common, weights, offsets = drawn
    solution = nash_q(game)
    assert solution.converged, solution.message
    best = optimal(common).v
    for i, own_v in enumerate(all_agents(game, solution.v)):
        wanted = weights[i] * best + offsets[i] / (1 - game.discount)
        np.testing.assert_allclose(own_v, wanted, rtol=0, atol=4 * zero_sum_slack(game))  # both solutions, scaled
    assert exploitability(game, solution.policy, temperature=0.0).max() <= 4 * zero_sum_slack(game)


SMALL_PAYOFFS = st.lists(st.integers(1, 3), min_size=1, max_size=3).flatmap(
    lambda sizes: arrays(np.float64, (len(sizes), *sizes), elements=st.integers(-2, 2))
)


@given(SMALL_PAYOFFS)
def test_a_matrix_game_is_solved_where_it_is_in_the_class(payoffs):
    game = Game.matrix(list(payoffs))
    solution = nash_q(game)
    constant = game.num_agents == 2 and np.ptp(payoffs.sum(axis=0)) == 0
    best = global_optimum(payoffs)
    assert solution.converged == (constant or best is not None)
    if best is not None:
        values = all_agents(game, solution.v)[:, 0].tolist()
        assert values == [own[best] for own in payoffs] == [own.max() for own in payoffs]
    elif not constant:
        assert (solution.status, solution.steps) == (Status.OUT_OF_CLASS, 0)
        assert solution.detail.startswith("sweep 0, state 0: no joint action is best for every agent")
        assert np.array_equal(solution.q, game.rewards)


def leaves_at(sweep, state=2, num_agents=2):
    """All is 0 in `state`, but for agent 1's 0.1 where agent 0 plays 1; playing 0, agent 0 wins 1 after `sweep` steps.

    Until that is known agent 0 does not care, and agent 1's wish is a global optimum.
    """
    num_states = state + sweep + 2
    rewards = np.zeros((num_agents, num_states, *[2] * num_agents))
    transitions = np.zeros((num_states, *[2] * num_agents, num_states))
    transitions[..., -1] = 1  # the last state absorbs
    rewards[1, state, 1] = 0.1
    transitions[state, 0] = np.eye(num_states)[state + 1]
    for s in range(state + 1, state + sweep):
        transitions[s] = np.eye(num_states)[s + 1]
    rewards[0, state + sweep] = 1
    return Game.stochastic(list(rewards), transitions, 0.9)


@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
@pytest.mark.parametrize("num_agents", [2, 3])
@pytest.mark.parametrize("state", [0, 3])
@pytest.mark.parametrize("sweep", [1, 2, 3, 7])
def test_a_violation_names_its_state_and_sweep(sweep, state, num_agents, sparse):
    game = leaves_at(sweep, state, num_agents)
    solution = nash_q(to_sparse(game) if sparse else game)
    assert (solution.status, solution.steps) == (Status.OUT_OF_CLASS, sweep)
    assert solution.detail.startswith(f"sweep {sweep}, state {state}: ")
    assert ("no constant sum" in solution.detail) == (num_agents == 2)
    with pytest.raises(NotConverged, match=f"sweep {sweep}, state {state}: "):
        solution.require()
    # q and v are those of the policy that is returned
    own = soft_evaluation(game, policy=solution.policy, temperature=1.0, entropy="none")
    np.testing.assert_allclose(own.q, solution.q, rtol=0, atol=zero_sum_slack(game))


def test_a_violation_by_an_agent_with_small_rewards_counts_as_much():
    assert nash_q(Game.matrix([1e13 * np.eye(2), np.diag([0, 1e-3])])).converged
    apart = nash_q(Game.matrix([1e13 * np.diag([1, 1]), 1e-3 * np.array([[1, 2], [2, 1]])]))
    assert apart.status is Status.OUT_OF_CLASS
    assert "at (0, 0) agent 1 gets 0.001 too little" in apart.detail


@pytest.mark.parametrize("least", [1e-3, 700.0])
def test_the_agent_is_named_that_misses_most_of_its_largest_payoff(least):
    """Agent 0 misses a tenth, however small the least payoff is, and agent 1 a fifth."""
    apart = nash_q(Game.matrix([np.array([[1000.0, 900.0, least]]), np.array([[1.0, 8.0, 10.0]])]))
    assert apart.status is Status.OUT_OF_CLASS
    assert "at (0, 1) agent 1 gets 2 too little" in apart.detail


def test_what_an_action_is_short_of_is_in_the_residual():
    """Two agents whose best actions differ by 80 floors: within tol = 100, and the residual says so."""
    nearly = Game.matrix([np.array([[1], [1 - 80 * EPS], [0]]), np.array([[1 - 80 * EPS], [1], [0]])])
    solution = nash_q(nearly).require()
    assert solution.residual == 80 * EPS
    assert nash_q(nearly, tol=70.0).status is Status.OUT_OF_CLASS


def test_ties_up_to_rounding_are_ties():
    """Symmetric states: agents whose values are the same but for the order of sums tie, also near discount 1."""
    for discount in (0.9, 0.999):
        rng = np.random.default_rng(0)
        base = rng.normal(size=(30, 2, 2))
        transitions = rng.dirichlet(np.ones(30), size=(30, 2, 2))
        twice = np.concatenate([transitions, transitions[..., rng.permutation(30)]], axis=-1) / 2
        rewards = np.concatenate([base, base])
        game = Game.stochastic([rewards, rewards / 3 + 0.1], np.concatenate([twice, twice]), discount)
        solution = nash_q(game)
        assert solution.converged, solution.message
        assert all(np.array_equal(pi[:30], pi[30:]) for pi in solution.policy)


@pytest.mark.parametrize("discount", [0.0, 0.9])
@pytest.mark.parametrize("constant", [1.0, -7.3])
def test_a_constant_sum_is_zero_sum_but_for_a_shift(constant, discount):
    game = random_stochastic(5, (3, 3), discount=discount, structure="zero-sum", seed=0)
    shifted = Game.stochastic([game.rewards[0], constant + game.rewards[1]], game.transitions, discount)
    ours, theirs = nash_q(game).require(), nash_q(shifted).require()
    np.testing.assert_allclose(ours.v[0], theirs.v[0], rtol=0, atol=zero_sum_slack(shifted))
    np.testing.assert_allclose(theirs.v[1], constant / (1 - discount) - ours.v[0], rtol=0, atol=zero_sum_slack(shifted))
    assert exploitability(shifted, theirs.policy, temperature=0.0).max() <= zero_sum_slack(shifted)


def test_a_constant_sum_needs_transitions_that_sum_to_one_number():
    """Rows may sum to 1 ± 1e-9: then what a constant sum brings later depends on play, and sums differ."""
    game = random_stochastic(3, (2, 2), discount=0.9, structure="zero-sum", seed=0)
    off = game.transitions * (1 + 5e-10 * np.random.default_rng(0).random((3, 2, 2, 1)))
    assert nash_q(Game.stochastic([game.rewards[0], game.rewards[1]], off, 0.9)).converged
    assert nash_q(Game.stochastic([game.rewards[0], game.rewards[1] + 1], off, 0.9)).status is Status.OUT_OF_CLASS


@given(ZERO_SUM)
def test_names_of_agents_do_not_matter(game):
    ours, theirs = nash_q(game), nash_q(relabel_agents(game, [1, 0]))
    np.testing.assert_allclose(
        ours.v[::-1] if ours.v.ndim == 2 else ours.v, theirs.v, rtol=0, atol=zero_sum_slack(game)
    )


@given(ZERO_SUM, st.data())
def test_names_of_actions_do_not_matter(game, data):
    agent = data.draw(st.integers(0, 1))
    names = data.draw(st.permutations(range(game.num_actions[agent])))
    theirs = nash_q(permute_actions(game, agent, names))
    np.testing.assert_allclose(nash_q(game).v, theirs.v, rtol=0, atol=zero_sum_slack(game))


@given(ZERO_SUM, st.integers(-50, 50), st.sampled_from([2.0**-20, 0.5, 2.0**30]))
def test_shifts_and_scales_of_rewards(game, amount, factor):
    """Of all agents' rewards at once: r^1 + r^2 then is constant."""
    v, shifted = nash_q(game).v, shift_rewards(game, amount)
    tolerance = 2 * zero_sum_slack(game) + zero_sum_slack(shifted)
    shifted_v = nash_q(shifted).v  # without an agent axis where the shift swallows all rewards
    np.testing.assert_allclose(
        shifted_v, (v if v.ndim == shifted_v.ndim else v[0]) + amount / (1 - game.discount), rtol=0, atol=tolerance
    )
    scaled = nash_q(scale_rewards(game, factor)).v
    np.testing.assert_allclose(scaled, factor * v, rtol=0, atol=factor * tolerance)


@given(games(structure="zero-sum", sparse=False, max_states=3))
def test_sparse_and_dense_agree(game):
    np.testing.assert_allclose(nash_q(game).v, nash_q(to_sparse(game)).v, rtol=0, atol=zero_sum_slack(game))


def test_by_hand():
    big_match = nash_q(load("big-match")).require()
    np.testing.assert_allclose(big_match.v[0], [5, 10, 0], rtol=0, atol=1e-13)  # value 1/2 a day, for ever 1, never
    # Shapley (1953): the value of rational data may be irrational. Here v = (1 + v/2) / (2 + v/2): v² + 3v = 2.
    rewards, transitions = np.zeros((2, 2, 2)), np.zeros((2, 2, 2, 2))
    rewards[0] = np.eye(2)
    transitions[..., 1] = 1
    transitions[0, 0, 0] = [1, 0]
    shapley = nash_q(Game.stochastic([rewards, -rewards], transitions, 0.5)).require()
    assert shapley.v[0, 0] == pytest.approx((17**0.5 - 3) / 2, abs=1e-14)
    assert nash_q(load("stag-hunt")).objective.tolist() == [4, 4]  # the optimum of both; hare, hare is Nash too


@pytest.mark.parametrize("name", ["chicken", "battle-of-the-sexes", "prisoners-dilemma", "shapley"])
def test_other_general_sum_games_are_out_of_the_class(name):
    assert nash_q(load(name)).status is Status.OUT_OF_CLASS


def test_history_and_max_steps():
    game = random_stochastic(20, (3, 3), discount=0.95, structure="zero-sum", seed=3)
    full = nash_q(game).require()
    assert len(full.history) == full.steps > 2
    assert full.history[-1] == full.residual
    short = nash_q(game, max_steps=full.steps - 1)
    assert short.status is Status.MAX_STEPS
    assert np.array_equal(short.history, full.history[:-1])
    for steps in (0, 1):
        short = nash_q(game, max_steps=steps)
        assert short.steps == steps
        own = soft_evaluation(game, policy=short.policy, temperature=1.0, entropy="none")
        np.testing.assert_allclose(own.q, short.q, rtol=0, atol=zero_sum_slack(game))


def ring(num_states, discount, seed):
    """Zero-sum on a ring: play moves the state by one at most, so that values take long to spread."""
    rng = np.random.default_rng(seed)
    rewards = rng.normal(size=(num_states, 3, 3))
    stays = rng.random((num_states, 3, 3))
    s, a, b = np.indices(stays.shape)
    transitions = np.zeros((num_states, 3, 3, num_states))
    transitions[s, a, b, s] = stays
    transitions[s, a, b, (s + (a - b) % 3 - 1) % num_states] += 1 - stays
    return Game.stochastic([rewards, -rewards], to_sparse_rows(transitions), discount)


def to_sparse_rows(transitions):
    return csr_array(transitions.reshape(-1, transitions.shape[-1]))


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("discount", [0.9, 0.999])
def test_values_that_take_long_to_spread_are_found_all_the_same(discount, seed):
    """Here (4) alone fails, and sweeps alone would take log(eps) / log γ steps."""
    game = ring(80, discount, seed)
    solution = nash_q(game, max_steps=200).require()
    assert exploitability(game, solution.policy, temperature=0.0).max() <= zero_sum_slack(game)


def twin_ring(num_states, discount, seed):
    """Two agents that agree, on two copies of a ring; the second one's action picks the copy, which is all one.

    Values of the copies are equal but for rounding, or what a loose `tol` leaves, which differs from agent to agent.
    """
    rng = np.random.default_rng(seed)
    rewards = np.tile(rng.normal(size=(num_states, 2, 1)), (2, 1, 2))
    moves = np.tile(rng.dirichlet(np.ones(3), size=(num_states, 2, 1)), (2, 1, 2, 1))
    share = rng.random(moves.shape)
    s, a, b, move = np.indices(moves.shape)
    rows, next_state = np.ravel_multi_index((s, a, b), (2 * num_states, 2, 2)), (s + move * (2 * a - 1)) % num_states
    entries = [(moves * share, next_state), (moves * (1 - share), next_state + num_states)]
    data, columns = (np.concatenate([entry[k].ravel() for entry in entries]) for k in range(2))
    transitions = csr_array((data, (np.tile(rows.ravel(), 2), columns)), shape=(8 * num_states, 2 * num_states))
    return Game.stochastic([rewards, rewards / 3 + 0.1], transitions, discount)


@pytest.mark.parametrize("tol", [100.0, 1e9])
def test_agents_whose_equal_values_differ_by_what_tol_allows_agree(tol):
    solution = nash_q(twin_ring(270, 0.99, 3), tol=tol)
    assert solution.converged, solution.message
    assert solution.steps <= 50


def test_where_rounding_leaves_too_much_it_stalls():
    """Payoffs 16 orders apart: the stage game's small entries are below the rounding of Q, so the gap stays open."""
    rng = np.random.default_rng(0)
    statuses = set()
    for _ in range(3000 if LONG else 300):
        payoffs = rng.integers(-2, 3, (6, 6)) + 1e-13 * rng.normal(size=(6, 6))
        solution = nash_q(Game.matrix([payoffs, -payoffs]), tol=8.0)
        statuses.add(solution.status)
        assert solution.converged == (solution.residual <= 8 * solution.rounding_floor)
        if solution.status is Status.STALLED:
            assert "rounding" in solution.detail
    assert statuses == {Status.CONVERGED, Status.STALLED}


def soft_fixed_point(game, rewards, temperature):
    """aorpo Eq. 7's fixed point for one agent's rewards: V = α log Σ_a exp(Q(s, a)/α) over joint actions."""
    v = np.zeros(game.num_states)
    for _ in range(200):  # 0.5**200 is below rounding
        v = soft_optimality_backup(v, rewards, game.transitions, discount=game.discount, temperature=temperature)
    return v


@pytest.mark.parametrize("temperature", [1.0, 1e-2, 1e-4])
def test_aorpo_theorem_7_soft_q_converges_to_something_else(temperature):
    """aorpo Theorem 7 is false at every temperature > 0; in zero-sum games also in the limit of none.

    One agent, one state, two actions worth 0: soft Q is α γ log 2 / (1 − γ), Nash Q is 0.
    """
    least = Game.stochastic(np.zeros((1, 2)), np.ones((1, 2, 1)), 0.5)
    gap = soft_fixed_point(least, least.rewards, temperature) - nash_q(least).v
    assert gap == pytest.approx(temperature * np.log(2) / (1 - 0.5), rel=1e-14, abs=0)  # a few roundings
    pennies = load("matching-pennies").rewards[0]
    repeated = Game.stochastic([pennies, -pennies], np.ones((1, 2, 2, 1)), 0.5)
    values = [soft_fixed_point(repeated, own, temperature) for own in repeated.rewards]
    assert np.abs(nash_q(repeated).v).max() <= 8 * EPS
    # each agent's soft value counts on the best joint action: 1 a day for both, which no policy gives
    assert all(own >= 2 for own in values)


@costly
@given(games(structure="common-payoff", sparse=False, discounts=st.just(0.5)), st.sampled_from([1.0, 1e-2, 1e-4]))
def test_with_a_common_payoff_soft_q_tends_to_nash_q(game, temperature):
    """0 ≤ V_soft − V_Nash ≤ α log A / (1 − γ)."""
    difference = soft_fixed_point(game, game.rewards, temperature) - nash_q(game).v
    bound = temperature * np.log(game.num_joint_actions) / (1 - game.discount)
    assert (difference >= -zero_sum_slack(game)).all()
    assert (difference <= bound + zero_sum_slack(game)).all()


@given(ZERO_SUM)
def test_the_game_is_left_as_it_was(game):
    dense = to_dense(game)
    before = dense.rewards.tobytes(), dense.transitions.tobytes(), dense.start.tobytes()
    nash_q(dense)
    assert (dense.rewards.tobytes(), dense.transitions.tobytes(), dense.start.tobytes()) == before


def test_all_deterministic_policies_of_an_aligned_game():
    """No deterministic policy gives any agent more than the global optimum does, in any state."""
    common = random_stochastic(3, (2, 2), discount=0.8, seed=5)
    game = Game.stochastic([common.rewards, 2 * common.rewards - 1], common.transitions, 0.8)
    best = np.full((2, 3), -np.inf)
    for choice in itertools.product(itertools.product(range(2), repeat=3), repeat=2):
        policy = tuple(np.eye(2)[list(own)] for own in choice)
        best = np.maximum(best, soft_evaluation(game, policy=policy, temperature=1.0, entropy="none").v)
    np.testing.assert_allclose(nash_q(game).require().v, best, rtol=0, atol=zero_sum_slack(game))


@pytest.mark.parametrize("name", ["tol", "max_steps"])
@pytest.mark.parametrize("value", [-1, float("nan"), "x", True, None])
def test_bad_input(name, value):
    with pytest.raises(InvalidInput, match=f"^{name} is "):
        nash_q(load("chicken"), **{name: value})


def test_something_else_than_a_game_is_refused():
    with pytest.raises(InvalidInput, match=r"^game is of type ndarray"):
        nash_q(np.eye(2))
