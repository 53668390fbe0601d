"""QRE: the defining equation for all games and entropies, agreement with HASPI, invariances, a table of games."""

from functools import cache

import numpy as np
import pytest
import scipy.sparse.linalg
from hypothesis import assume, given
from hypothesis import strategies as st

from mathrl.equilibria import newton
from mathrl.equilibria.stochastic.trace import Follower
from mathrl.games import (
    Game,
    load,
    names,
    permute_actions,
    random_matrix,
    random_policy,
    random_stochastic,
    relabel_agents,
    scale_rewards,
    shift_rewards,
    to_dense,
    to_sparse,
)
from mathrl.iteration.iterate import watching
from mathrl.iteration.outcome import Status
from mathrl.operators import ENTROPIES, marginal_q, quantal_response_residual, soft_optimality_backup
from mathrl.proofs_checks.strategies import games, matrix_games, policies, temperatures
from mathrl.softmax import boltzmann
from mathrl.solvers import haspi, qre
from mathrl.solvers import optimal as optimum
from mathrl.values.policy_values import evaluate
from tests.examples import LONG, costly
from tests.tolerances import EPS, magnitude

MILD = temperatures(0.5, 100)
EVERY_ENTROPY = st.sampled_from(ENTROPIES)
SOFTLY = {"discounts": st.sampled_from([0.0, 0.5, 0.9])}


def assert_equilibrium(game, solution, temperature, entropy):
    """The definition, in the operators' arithmetic, with Q evaluated anew."""
    q = evaluate(game, solution.policy, temperature=temperature, entropy=entropy).q
    # 100 floors are allowed; Q's error is 32 floors of the linear solve over 1 - discount, in units of temperature
    slack = 256 * EPS * (1 + magnitude(game, temperature) / temperature * game.horizon)
    assert quantal_response_residual(q, solution.policy, temperature=temperature) <= (
        100 * solution.rounding_floor + slack
    )


@costly
@given(games(**SOFTLY), MILD, EVERY_ENTROPY, st.data())
def test_a_converged_answer_is_a_qre_by_definition(game, temperature, entropy, data):
    first = data.draw(policies(game))
    solution = qre(game, temperature=temperature, entropy=entropy, initial_policy=first, max_steps=300)
    assert len(solution.history) == solution.steps
    if solution.converged:
        assert_equilibrium(game, solution, temperature, entropy)
    residual = quantal_response_residual(solution.q, solution.policy, temperature=temperature)
    slack = 64 * EPS * (1 + magnitude(game, temperature) / temperature)  # sums in another order
    if game.num_agents > 1 or entropy == "none":
        assert abs(solution.residual - residual) <= slack
    else:
        assert residual <= solution.residual + slack  # one agent: a bound
    axis = (game.num_agents,) if entropy == "own" or not game.common_payoff else ()
    assert solution.q.shape == (*axis, game.num_states, *game.num_actions)


@costly
@given(matrix_games(), temperatures(0.02, 100))
def test_matrix_games_converge(game, temperature):
    solution = qre(game, temperature=temperature)
    assert solution.converged
    assert_equilibrium(game, solution, temperature, "team")
    for entropy in ("own", "none"):  # another road, perhaps to another equilibrium of the same equation
        other = qre(game, temperature=temperature, entropy=entropy)
        assert other.converged
        assert_equilibrium(game, other, temperature, entropy)


@costly
@given(games(structure="common-payoff", **SOFTLY), MILD, st.data())
def test_a_fixed_point_of_haspi_is_one_of_qre(game, temperature, data):
    first = data.draw(policies(game))
    fixed = haspi(game, temperature=temperature, initial_policy=first, max_steps=500)
    assume(fixed.converged)
    solution = qre(game, temperature=temperature, initial_policy=fixed.policy)
    assert solution.converged
    assert solution.steps == 0 or game.num_agents == 1
    # one agent takes another road: π off by the residual costs that share of the spread of Q, for up to 4 actions
    relative = 256 * EPS + 8 * (fixed.residual + solution.residual)
    tolerance = relative * magnitude(game, temperature) / (1 - game.discount)
    np.testing.assert_allclose(solution.objective, fixed.objective, rtol=0, atol=tolerance)


@cache
def iterated(seed, temperature):
    """A game of one agent, and V ← α log Σ exp((r + γ P V)/α) until it rests."""
    game, v = random_stochastic(6, (3,), discount=0.9, seed=seed), np.zeros(6)
    for _ in range(400):  # 0.9**400 is 5e-19
        v = soft_optimality_backup(v, game.rewards, game.transitions, discount=0.9, temperature=temperature)
    return game, v


@pytest.mark.parametrize("entropy", ["team", "own"])
@pytest.mark.parametrize("temperature", [1e-4, 1e-2, 1.0, 1e4])
@pytest.mark.parametrize("kind", [to_dense, to_sparse])
def test_one_agent_is_soft_value_iteration(temperature, entropy, kind):
    """Against a plain loop."""
    for seed in range(5):
        game, v = iterated(seed, temperature)
        solution = qre(kind(game), temperature=temperature, entropy=entropy).require()
        # 100 floors of Q, over 1 - discount
        np.testing.assert_allclose(solution.v.ravel(), v, rtol=0, atol=2000 * EPS * magnitude(game, temperature))
        q = solution.q.reshape(6, 3)
        np.testing.assert_allclose(
            solution.policy[0], boltzmann(q, temperature), rtol=0, atol=101 * solution.rounding_floor
        )


def test_one_agent_without_entropy_in_its_value():
    """Rewards are plain, play is logit: another fixed point than the soft-optimal one, solved by the general way."""
    game = random_stochastic(5, (3,), discount=0.9, seed=2)
    solution = qre(game, temperature=0.3, entropy="none").require()
    assert_equilibrium(game, solution, 0.3, "none")
    assert solution.objective < optimum(game).objective


def unique_tolerance(game, temperature):
    """At α above 4 times the spread of Q the responses contract by 1/2: errors are twice the residuals at most."""
    return 1000 * EPS * (1 + magnitude(game, temperature) / temperature / (1 - game.discount))


@st.composite
def hot_games(draw):
    """Games without a future, or nearly, and a temperature so high that the equilibrium is unique."""
    game = draw(games(discounts=st.sampled_from([0.0, 0.1])))
    return game, 8 * game.num_agents * (1 + game.reward_scale)


@costly
@given(hot_games(), st.data())
def test_where_the_equilibrium_is_unique_labels_and_the_start_do_not_matter(hot, data):
    game, temperature = hot
    ours = qre(game, temperature=temperature, entropy="none").require()
    labels = data.draw(st.permutations(range(game.num_agents)))
    agent = data.draw(st.integers(0, game.num_agents - 1))
    actions = data.draw(st.permutations(range(game.num_actions[agent])))
    tolerance = unique_tolerance(game, temperature)

    def assert_same(changed, expected, **options):
        theirs = qre(changed, temperature=temperature, entropy="none", **options).require()
        for left, right in zip(theirs.policy, expected, strict=True):
            np.testing.assert_allclose(left, right, rtol=0, atol=tolerance)

    assert_same(game, ours.policy, initial_policy=data.draw(policies(game)))
    assert_same(to_sparse(game), ours.policy)
    assert_same(relabel_agents(game, labels), [ours.policy[old] for old in labels])
    renamed = [pi[:, actions] if i == agent else pi for i, pi in enumerate(ours.policy)]
    assert_same(permute_actions(game, agent, actions), renamed)


@costly
@given(hot_games(), st.integers(-10, 10), st.sampled_from([2.0**-20, 3.0, 2.0**30]))
def test_shifts_and_scales_act_as_they_should(hot, amount, factor):
    game, temperature = hot
    ours = qre(game, temperature=temperature).require()
    shifted = qre(shift_rewards(game, amount), temperature=temperature).require()
    scaled = qre(scale_rewards(game, factor), temperature=factor * temperature).require()
    tolerance = unique_tolerance(shift_rewards(game, abs(amount)), temperature)
    for left, *right in zip(ours.policy, shifted.policy, scaled.policy, strict=True):
        for pi in right:
            np.testing.assert_allclose(left, pi, rtol=0, atol=tolerance)
    size = magnitude(game, temperature) + abs(amount) / (1 - game.discount)
    np.testing.assert_allclose(shifted.q, ours.q + amount / (1 - game.discount), rtol=0, atol=tolerance * size)
    np.testing.assert_allclose(scaled.q, factor * ours.q, rtol=0, atol=factor * tolerance * size)


@given(games(discounts=st.just(0.0)), st.sampled_from([1e3, 1e6]), EVERY_ENTROPY)
def test_a_high_temperature_without_a_future_is_uniform(game, temperature, entropy):
    solution = qre(game, temperature=temperature, entropy=entropy).require()
    for pi in solution.policy:
        # softmax moves by at most the spread of its argument, and the residual by 100 floors
        assert np.abs(pi - 1 / pi.shape[1]).max() <= 2 * game.reward_scale / temperature + 101 * EPS


# Named games that must converge

STOCHASTIC = {"random-stochastic", "dmac", "chain", "opt-in", "big-match"}
TABLE = [
    pytest.param(name, temperature, entropy, id=f"{name}-{temperature:g}-{entropy}")
    for name in names()
    for temperature in (0.02, 0.1, 1.0, 10.0, 1e3)
    for entropy in (("team",) if name == "dmac" else ENTROPIES if name in STOCHASTIC else ("none",))
]


@pytest.mark.parametrize(("name", "temperature", "entropy"), TABLE)
def test_named_games_converge(name, temperature, entropy):
    game = load(name)
    solution = qre(game, temperature=temperature, entropy=entropy)
    assert solution.converged, solution.status
    assert_equilibrium(game, solution, temperature, entropy)


@pytest.mark.parametrize("name", ["matching-pennies", "rock-paper-scissors", "shapley"])
@pytest.mark.parametrize("temperature", [0.02, 0.1, 1.0])
def test_cyclic_games_are_solved_from_anywhere(name, temperature):
    """Responses cycle here; the only equilibrium is uniform."""
    game = load(name)
    for seed in range(5 if LONG else 2):
        first = random_policy(game, np.random.default_rng(seed))
        solution = qre(game, temperature=temperature, initial_policy=first).require()
        for pi in solution.policy:
            # an error in π is at most |Q'| / α = 2 / 0.02 times the residual of 100 floors, and as much again
            np.testing.assert_allclose(pi, 1 / pi.shape[1], atol=1e-9)


@pytest.mark.parametrize("seed", [*range(4), *(pytest.param(k, marks=pytest.mark.long) for k in range(4, 12))])
@pytest.mark.parametrize("temperature", [0.01, 0.05])
def test_random_zero_sum_games_at_low_temperature(seed, temperature):
    game = random_matrix((4, 4), structure="zero-sum", seed=seed)
    solution = qre(game, temperature=temperature).require()
    assert_equilibrium(game, solution, temperature, "team")
    # zero-sum: the equilibrium is unique, whatever the start
    first = random_policy(game, np.random.default_rng(seed))
    again = qre(game, temperature=temperature, initial_policy=first).require()
    for ours, theirs in zip(solution.policy, again.policy, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-9)  # 100 floors eps |Q| / α, times |Q| / α


def test_the_path_is_taken_where_responses_cycle(monkeypatch):
    taken = []
    original = Follower.advance
    monkeypatch.setattr(
        Follower, "advance", lambda self, point, end: taken.append(point.t) or original(self, point, end)
    )
    for seed in range(12):
        game = random_stochastic(3, (3, 3), structure="zero-sum", discount=0.9, seed=seed)
        solution = qre(game, temperature=0.05).require()
        assert_equilibrium(game, solution, 0.05, "team")
        if taken:
            return
    pytest.fail("none of these games needs the path")


def test_where_nothing_helps_the_best_policy_is_returned(monkeypatch):
    def singular(*_, **__):
        raise np.linalg.LinAlgError

    monkeypatch.setitem(qre.__globals__, "own_q_change", singular)
    monkeypatch.setattr(Follower, "advance", lambda self, point, end: None)
    solution = qre(load("matching-pennies"), temperature=0.1, initial_policy=[[0.9, 0.1], [0.2, 0.8]])
    assert solution.status is Status.STALLED
    assert solution.steps == len(solution.history) > 1
    assert solution.residual <= solution.history.min()
    residual = quantal_response_residual(solution.q, solution.policy, temperature=0.1)
    assert residual == pytest.approx(solution.residual, rel=1e-12, abs=0)  # sums in another order


def test_steps_and_statuses():
    game, options = load("chicken"), {"temperature": 1.0, "initial_policy": [[0.9, 0.1], [0.2, 0.8]]}
    full = qre(game, **options).require()
    assert len(full.history) == full.steps > 1
    assert full.history[-1] == full.residual
    none, one = qre(game, **options, max_steps=0), qre(game, **options, max_steps=1)
    assert (none.steps, none.status) == (0, Status.MAX_STEPS)
    assert none.policy[0].tolist() == [[0.9, 0.1]]
    assert (one.steps, one.status) == (1, Status.MAX_STEPS)
    again = qre(game, temperature=1.0, initial_policy=full.policy)
    assert (again.steps, again.status) == (0, Status.CONVERGED)
    assert all(map(np.array_equal, again.policy, full.policy))


@pytest.mark.parametrize("game", [load("chicken"), load("chain")], ids=["two agents", "one agent"])
def test_an_interrupt_keeps_the_policy_reached(game):
    def watcher(step, residual):
        raise KeyboardInterrupt

    with watching(watcher):
        solution = qre(game, temperature=0.1, initial_policy=random_policy(game, np.random.default_rng(0)))
    assert (solution.status, solution.steps) == (Status.INTERRUPTED, 1)


@pytest.mark.parametrize("entropy", ENTROPIES)
def test_beyond_the_dense_unknowns_newton_uses_gmres(monkeypatch, entropy):
    game = random_stochastic(6, (2, 3), structure="general-sum", discount=0.9, seed=0)
    dense = qre(game, temperature=0.5, entropy=entropy).require()
    monkeypatch.setattr(newton, "DENSE_UNKNOWNS", 0)
    calls = []
    original = scipy.sparse.linalg.gmres
    monkeypatch.setattr("scipy.sparse.linalg.gmres", lambda *a, **k: calls.append(1) or original(*a, **k))
    iterated = qre(game, temperature=0.5, entropy=entropy).require()
    assert calls
    for ours, theirs in zip(dense.policy, iterated.policy, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-10)  # 100 floors eps |Q| / α of |Q| = 50, over 1 - γ


def test_own_entropy_counts_for_its_agent_only():
    """With a future the three entropies give three equilibria."""
    game = random_stochastic(4, (2, 2), structure="general-sum", discount=0.9, seed=5)
    found = [qre(game, temperature=1.0, entropy=entropy).require() for entropy in ENTROPIES]
    for solution, entropy in zip(found, ENTROPIES, strict=True):
        assert_equilibrium(game, solution, 1.0, entropy)
    gaps = [np.abs(a.policy[0] - b.policy[0]).max() for a, b in zip(found, found[1:] + found[:1], strict=True)]
    assert min(gaps) > 1e-3  # far above rounding


@given(games(max_states=2), MILD)
def test_the_game_is_left_as_it_was(game, temperature):
    dense = to_dense(game)
    before = dense.rewards.tobytes(), dense.transitions.tobytes(), dense.start.tobytes()
    qre(dense, temperature=temperature, max_steps=50)
    assert (dense.rewards.tobytes(), dense.transitions.tobytes(), dense.start.tobytes()) == before


def test_a_prisoner_at_equilibrium_by_hand():
    """π(defect)/π(cooperate) = exp(gain/α), where defecting gains 2 against a cooperator and 1 against a defector."""
    solution = qre(load("prisoners-dilemma"), temperature=1.0).require()
    cooperate, defect = solution.policy[0][0]
    assert np.log(defect / cooperate) == pytest.approx(2 * cooperate + defect, rel=1e-12, abs=0)
    own = marginal_q(load("prisoners-dilemma").rewards, solution.policy, 0)
    assert own[0, 1] - own[0, 0] == pytest.approx(2 * cooperate + defect, rel=1e-12, abs=0)


def test_agents_with_one_action_are_players_too():
    game = Game.matrix([np.ones((1, 3, 1)), np.arange(3.0).reshape(1, 3, 1), np.zeros((1, 3, 1))])
    solution = qre(game, temperature=1.0).require()
    np.testing.assert_allclose(solution.policy[1][0], boltzmann(np.arange(3.0), 1.0), rtol=1e-14)  # one exp
    assert solution.policy[0].tolist() == solution.policy[2].tolist() == [[1.0]]


@pytest.mark.parametrize("structure", ["common-payoff", "general-sum"])
@pytest.mark.parametrize("agents", [1, 2])
def test_unavailable_actions_do_no_harm_at_low_temperatures(structure, agents):
    """What stands for −∞ in kernels overflows where it is divided by such a temperature; a warning is an error here."""
    kind = {"structure": structure, "discount": 0.9, "available": 0.6, "ending": 0.1, "seed": 0}
    game = random_stochastic(3, (3, 3)[:agents], **kind)
    for temperature in (1e-6, 1e-3):
        solution = qre(game, temperature=temperature, max_steps=200)
        assert all((own[~mask] == 0).all() for own, mask in zip(solution.policy, game.available, strict=True))
