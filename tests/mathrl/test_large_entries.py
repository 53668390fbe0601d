"""Large numbers that nobody gets: actions that nobody takes, and states that nobody reaches, change no answer."""

import functools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.exploitability import exploitability
from mathrl.games import Game, to_dense
from mathrl.iteration.outcome import Status
from mathrl.oracle import assert_qre
from mathrl.proofs_checks.strategies import games
from mathrl.solvers import (
    divergence_iteration,
    divergence_limit,
    divergence_policy_iteration,
    haspi,
    mehaml,
    nash_q,
    optimal,
    qre,
    rommeo_q,
    rommeo_self_play,
    soft_evaluation,
    soft_q_iteration,
    soft_qmix,
)
from tests.examples import costly, diagonal
from tests.tolerances import EPS, fixed_point_slack, zero_sum_slack

pytestmark = pytest.mark.filterwarnings("ignore::mathrl.games.MaskLikeReward")

SIZES = st.floats(6, 200).map(lambda exponent: 10.0**exponent)
TEMPERATURE = 0.5


def kept(game):
    """How much of a uniform policy over the actions of `widened` is on those of the game, for each agent."""
    return np.array([actions / (actions + 1) for actions in game.num_actions])


def at_first_as_before(game):
    """The uniform policy over the actions of the game, as a policy of the wider one."""
    return [
        np.tile(np.append(np.full(actions, 1 / actions), 0.0), (game.num_states + 1, 1)) for actions in game.num_actions
    ]


def uniform(game):
    return [np.full((game.num_states, actions), 1 / actions) for actions in game.num_actions]


SOLVERS = {
    "optimal": lambda game: (optimal, {}, {}, 0.0),
    "nash_q": lambda game: (nash_q, {}, {}, 0.0),
    "soft_q_iteration": lambda game: (soft_q_iteration, {"temperature": TEMPERATURE}, {}, 0.0),
    "haspi": lambda game: (haspi, {"temperature": TEMPERATURE}, {"initial_policy": at_first_as_before(game)}, 0.0),
    "qre": lambda game: (qre, {"temperature": TEMPERATURE}, {"initial_policy": at_first_as_before(game)}, 0.0),
    "mehaml": lambda game: (mehaml, {"temperature": TEMPERATURE}, {"initial_policy": at_first_as_before(game)}, 0.0),
    "divergence_limit": lambda game: (divergence_limit, {}, {}, 0.0),
    # A target that plays forbidden actions too costs the logarithm of what it leaves for the others, in every step.
    "divergence_policy_iteration": lambda game: (
        functools.partial(divergence_policy_iteration, temperature=TEMPERATURE),
        {"target_policy": uniform(game)},
        {"target_policy": uniform(widened(game, 1.0, 0.0))},
        TEMPERATURE * np.log(kept(game)).sum(),
    ),
    # So does a prior, of the others' actions alone.
    "rommeo_q": lambda game: (
        rommeo_q,
        {"temperature": TEMPERATURE},
        {},
        np.array([[np.log(np.delete(kept(game), i)).sum()] for i in range(game.num_agents)]),
    ),
}
"""The solver, its settings for the game, more of them for the wider game, and what that adds to each reward there."""


def widened(game, size, elsewhere):
    """One more action for each agent, which costs `size`, and a state that nothing leads to, worth `elsewhere`.

    The last actions lead where the first ones do.
    """
    dense, shape = to_dense(game), tuple(actions + 1 for actions in game.num_actions)
    inside = (slice(game.num_states), *map(slice, game.num_actions))
    rewards = np.full((game.num_states + 1, *shape), -size)
    transitions = np.zeros((game.num_states + 1, *shape, game.num_states + 1))
    transitions[:-1, ..., :-1] = dense.transitions[(slice(None), *[slice(1)] * game.num_agents)]
    rewards[inside], transitions[(*inside, slice(game.num_states))] = dense.rewards, dense.transitions
    rewards[-1], transitions[-1, ..., -1] = elsewhere, 1.0
    return Game.stochastic(rewards, transitions, game.discount, np.append(game.start, 0.0))


@pytest.mark.parametrize("name", SOLVERS)
@costly
@given(games(structure="common-payoff", max_agents=2, max_actions=3), SIZES, st.sampled_from([-1.0, 0.0, 1.0]))
def test_what_nobody_gets_changes_nothing(name, game, size, sign):
    solver, setting, more, shift = SOLVERS[name](game)
    found = solver(widened(game, size, sign * size), **(setting | more)).require()
    # policies end where a residual is 100 floors, and slow iterations a hundred times as far from their fixed point
    slack = 100 * fixed_point_slack(game, 1.0)
    if name == "qre":  # which of several equilibria it finds is left open
        inside = [own[:-1, :-1] for own in found.policy]
        assert_qre(game, inside, temperature=TEMPERATURE, atol=slack / TEMPERATURE)
        right = soft_evaluation(game, policy=inside, temperature=TEMPERATURE)
    else:
        right = solver(game, **setting).require()
    np.testing.assert_allclose(found.v[..., :-1], right.v + shift / (1 - game.discount), rtol=0, atol=slack)
    np.testing.assert_allclose(
        found.objective, right.objective + np.squeeze(shift) / (1 - game.discount), rtol=0, atol=slack
    )
    for own, theirs in zip(found.policy, right.policy, strict=True):
        assert not own[:-1, -1].any()
        if name in ("optimal", "nash_q"):
            assert np.array_equal(own[:-1, :-1], theirs)


def chain(penalty):
    """Left, right, stop for 0.1 (for 10 in the last of ten states), and a forbidden action; the last two end it."""
    states, rewards, transitions = np.arange(10), np.zeros((11, 4)), np.zeros((11, 4, 11))
    transitions[states, 0, np.maximum(states - 1, 0)] = transitions[states, 1, np.minimum(states + 1, 9)] = 1
    transitions[:, 2:, 10] = transitions[10, :, 10] = 1
    rewards[:10, 2:], rewards[9, 2] = [0.1, -penalty], 10.0
    return Game.stochastic(rewards, transitions, 0.9, np.eye(11)[0])


@costly
@given(games(structure="zero-sum", max_actions=3, max_states=3), SIZES)
def test_a_saddle_point_is_not_moved_by_what_only_one_of_two_would_avoid(game, size):
    """A row that costs its agent `size` whatever the other does, and a column that does the same to the other."""
    right = nash_q(game)
    wide = to_dense(widened(game if game.common_payoff else merged_payoff(game), size, 0.0))
    rewards = np.array(wide.rewards)
    rewards[:-1, :-1, -1] = size
    found = nash_q(Game.stochastic([rewards, -rewards], wide.transitions, wide.discount, wide.start)).require()
    v = right.v if right.v.ndim == 2 else np.stack([right.v, -right.v])
    np.testing.assert_allclose(found.v[:, :-1], v, rtol=0, atol=2 * zero_sum_slack(game))
    assert all(not own[:-1, -1].any() for own in found.policy)


def merged_payoff(game):
    """The game in which all get what the first agent gets."""
    return Game.stochastic(game.rewards[0], game.transitions, game.discount, game.start)


@pytest.mark.parametrize("penalty", [1e3, 1e14, 1e200])
def test_without_a_best_action_for_all_a_game_is_refused_whatever_else_it_forbids(penalty):
    """Battle of the sexes with a row and a column that both agents avoid."""
    payoffs = np.full((2, 3, 3), -penalty)
    payoffs[:, :2, :2] = [[[2, 0], [0, 1]], [[1, 0], [0, 2]]]
    assert nash_q(Game.matrix(list(payoffs))).status is Status.OUT_OF_CLASS
    payoffs[1] = payoffs[0]
    payoffs[1, :2, :2] = 3 * payoffs[0, :2, :2] - 1
    aligned = nash_q(Game.matrix(list(payoffs))).require()
    assert aligned.objective.tolist() == [2, 5]


@pytest.mark.parametrize("penalty", [1e6, 1e11, 3e13, 2e14, 1e15, 1e30, 1e250])
def test_a_chain_is_walked_past_actions_that_cost_a_lot(penalty):
    """The last stop pays 10 after nine steps to the right."""
    best = optimal(chain(penalty)).require()
    assert best.objective == pytest.approx(10 * 0.9**9, rel=1e-14, abs=0)  # a few roundings
    earned = soft_evaluation(chain(penalty), policy=best.policy, temperature=1.0, entropy="none")
    assert earned.objective == pytest.approx(best.objective, rel=1e-14, abs=0)  # as above
    assert np.array_equal(best.q[:, :3], earned.q[:, :3])
    soft = soft_q_iteration(chain(penalty), temperature=0.01).require()
    rewards = np.array([[0, 0, 0.1]] * 9 + [[0, 0, 10]])
    following = np.array([[max(s - 1, 0), min(s + 1, 9), 10] for s in range(10)])
    right = np.append(np.zeros(10), 0.01 * np.log(4) / 0.1)  # after the end four actions are free
    for _ in range(400):  # 0.9^400 < 1e-18
        right[:10] = 0.01 * np.logaddexp.reduce((rewards + 0.9 * right[following]) / 0.01, axis=1)
    np.testing.assert_allclose(soft.v, right, rtol=1e-13)  # some tens of floors over 1 − γ


@pytest.mark.parametrize("penalty", [1e6, 3e13, 1e30])
def test_a_policy_is_evaluated_to_the_roundings_of_what_it_plays(penalty):
    """Of −penalty, which it does not play, rounding leaves up to 1e14; the equation speaks of that entry too."""
    game = chain(penalty)
    policy = [np.tile([0.25, 0.25, 0.5, 0.0], (11, 1))]
    found = soft_evaluation(game, policy=policy, temperature=1.0).require()
    largest = np.abs(found.v).max() + 10
    assert found.residual <= 64 * found.rounding_floor <= 64 * EPS * largest  # what it calls exact
    # A sum of a few terms, each rounded in units of the penalty.
    assert found.equation.residual(game, found) <= 8 * EPS * (penalty + largest)


@pytest.mark.parametrize("penalty", [1e6, 3e13, 1e30])
def test_gains_are_those_of_the_best_policy_that_avoids_what_is_forbidden(penalty):
    """Whoever stops at once gets 0.1 instead of 10 after nine steps."""
    stops = np.eye(4)[np.full(11, 2)]
    gain = exploitability(chain(penalty), [stops], temperature=0.0)
    np.testing.assert_allclose(gain, [10 * 0.9**9 - 0.1], rtol=1e-13)  # a few roundings
    walks = np.eye(4)[[1] * 9 + [2, 0]]
    assert exploitability(chain(penalty), [walks], temperature=0.0).tolist() == [0.0]


@pytest.mark.parametrize(("penalty", "policy_class"), diagonal([1e6, 1e12, 1e30], ["joint", "product"]))
def test_the_divergence_is_iterated_until_what_is_played_earns_the_most(penalty, policy_class):
    solution = divergence_iteration(chain(penalty), temperature=1.0, policy_class=policy_class).require()
    # the residual, 100 floors of 10 at most, is what one state lacks: ten times that from the start
    assert solution.objective == pytest.approx(10 * 0.9**9, rel=1e-11)


@pytest.mark.parametrize("solver", [haspi, qre, mehaml])
@pytest.mark.parametrize("temperature", [1e-10, 1e-12, 1e-15, 1e-100])
def test_a_start_near_its_response_is_no_answer(solver, temperature):
    """A rounding of 2 is 4 of the lowest temperature but two, but the response is pure."""
    start = [[0.998, 0.002], [0.998, 0.002]]
    game = Game.matrix(np.array([[2.0, 0.0], [0.0, 1.0]]))
    found = solver(game, temperature=temperature, initial_policy=start).require()
    assert [own.tolist() for own in found.policy] == [[[1.0, 0.0]]] * 2


def test_what_doubles_cannot_tell_is_not_converged():
    """The second action costs 1e16 and then earns 1e16 but for a rounding, which is as much as the first one earns."""
    rewards = np.array([[1.0, -1e16], [2e16, 2e16]])
    transitions = np.zeros((2, 2, 2))
    transitions[0, 0, 0] = transitions[0, 1, 1] = transitions[1, :, 0] = 1.0
    found = optimal(Game.stochastic(rewards, transitions, 0.5))
    assert found.status is Status.STALLED
    assert found.residual >= 1


@pytest.mark.parametrize("penalty", [1e6, 1e12, 1e30])
def test_solvers_of_other_equations_pass_by_a_forbidden_row_too(penalty):
    """The second agent follows the first, who gets 2 or 1; to forbid a third action changes nothing."""
    payoffs = np.array([[2.0, 0.0], [0.0, 1.0]])
    forbidden = np.vstack([payoffs, np.full((1, 2), -penalty)])
    first = [[[0.5, 0.5, 0.0]], [[0.5, 0.5]]]
    for solver, setting in ((mehaml, {"temperature": 0.0}), (rommeo_self_play, {"temperature": 0.1})):
        found = solver(Game.matrix(forbidden), initial_policy=first, **setting).require()
        right = solver(Game.matrix(payoffs), **setting).require()
        for own, theirs in zip(found.policy, right.policy, strict=True):
            # floors of 2/0.1, 100 of each, and what a slow iteration makes of them
            np.testing.assert_allclose(own[:, :2], theirs[:, :2], rtol=0, atol=1e-10)


@pytest.mark.parametrize("penalty", [1e6, 1e12, 1e30])
@pytest.mark.parametrize("mixer", ["monotone", "additive", "unrestricted"])
def test_mixed_values_pass_by_a_forbidden_row_too(penalty, mixer):
    payoffs = np.array([[2.0, 0.0], [0.0, 1.0]])
    forbidden = np.vstack([payoffs, np.full((1, 2), -penalty)])
    first = [[[0.5, 0.5, 0.0]], [[0.5, 0.5]]]
    found = soft_qmix(Game.matrix(forbidden), temperature=0.5, mixer=mixer, initial_policy=first).require()
    right = soft_qmix(Game.matrix(payoffs), temperature=0.5, mixer=mixer).require()
    for own, theirs in zip(found.policy, right.policy, strict=True):
        # floors of 2/0.5, 100 of each, and what a slow iteration makes of them
        np.testing.assert_allclose(own[:, :2], theirs[:, :2], rtol=0, atol=1e-10)
    assert found.rounding_floor < 1e-14


def test_a_mixed_q_goes_on_where_it_is_played_though_policies_rest():
    """A pure policy rests at once, while values of one-step targets still come nearer, by half at each step."""
    rewards = np.array([[[1.0, -1e12], [-1e12, -1e12]]])
    game = Game.stochastic(rewards, np.ones((1, 2, 2, 1)), 0.5)
    first = [[[0.9, 0.1]]] * 2
    found = soft_qmix(game, temperature=0.01, mixer="unrestricted", trace_decay=0.0, initial_policy=first).require()
    assert found.q_tot[0, 0, 0] == pytest.approx(2.0, rel=1e-12, abs=0)  # the residual is 100 floors of it at most


@pytest.mark.parametrize("penalty", [1e6, 1e10, 1e12, 1e15, float(np.finfo(np.float32).max)])
def test_a_forbidden_action_beside_a_choice_decides_nothing(penalty):
    """State 0 pays 1 for ever, or forbids; state 1 chooses. Answers were 3 to 10 off, and said that they converged."""
    transitions = np.array([[[1, 0], [0, 1.0]], [[0.5, 0.5], [0.2, 0.8]]])
    game = Game.stochastic(np.array([[1.0, -penalty], [0, 1]]), transitions, 0.9)
    v = np.zeros(2)
    for _ in range(1000):  # by hand, in the two actions of state 1
        v = np.array([1 + 0.9 * v[0], np.logaddexp(0.9 * transitions[1, 0] @ v, 1 + 0.9 * transitions[1, 1] @ v)])
    soft, plain = soft_q_iteration(game, temperature=1.0), optimal(game)
    assert soft.converged
    assert plain.converged
    np.testing.assert_allclose(soft.v, v, rtol=1e-12)
    np.testing.assert_allclose(plain.v, [10, 10], rtol=1e-12)


@pytest.mark.parametrize("penalty", [9999999.0, 1e8, 1e10])
def test_usual_masks_and_long_horizons(penalty):
    """PyMARL's mask at γ = 0.999 moved values by 7e-5, 1e10 by 0.1. Here v is about 1e3: 1e-7 is 1e-10 of it."""
    rng = np.random.default_rng(0)
    transitions, rewards = rng.dirichlet(np.ones(10), size=(10, 3)), rng.normal(size=(10, 3))
    smaller = Game.stochastic(rewards[:, :2], transitions[:, :2], 0.999)
    rewards[:, 2] = -penalty
    found = soft_q_iteration(Game.stochastic(rewards, transitions, 0.999), temperature=0.5)
    expected = soft_q_iteration(smaller, temperature=0.5)
    assert found.converged
    assert np.abs(found.v - expected.v).max() <= 1e-7
