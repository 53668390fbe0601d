"""HASPI: monotone, stops at a QRE and nowhere else, and knows nothing of labels, storage and units."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mathrl.games import (
    Game,
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
from mathrl.iteration.iterate import watching
from mathrl.iteration.outcome import Status
from mathrl.operators import quantal_response_residual, soft_optimality_backup
from mathrl.proofs_checks.strategies import TEMPERATURES, games, policies, temperatures
from mathrl.softmax import boltzmann
from mathrl.solvers import haspi, qre
from mathrl.values.policy_values import evaluate
from tests.examples import costly
from tests.tolerances import EPS, drift, magnitude

MILD = temperatures(0.1, 100)
COMMON = games(structure="common-payoff")


@costly
@given(COMMON, TEMPERATURES, st.data())
def test_the_objective_never_falls(game, temperature, data):
    """hasac Lemma 4.2, for fixed and random orders."""
    first = data.draw(policies(game))
    order = data.draw(st.just("random") | st.permutations(range(game.num_agents)))
    solution = haspi(
        game,
        temperature=temperature,
        initial_policy=first,
        order=order,
        seed=data.draw(st.integers(0, 99)),
        max_steps=30,
    )
    before = evaluate(game, first, temperature=temperature).objective
    rise = np.diff(np.append(before, solution.history))
    # Each objective is exact up to 32 floors 6 eps |V|, over 1 - discount; improving states by less than that is noise.
    slack = 256 * EPS * magnitude(game, temperature) / (1 - game.discount)
    assert (rise >= -slack).all()
    assert solution.objective == (solution.history[-1] if solution.steps else before)


@costly
@given(COMMON, TEMPERATURES, st.data())
def test_values_improve_in_every_state(game, temperature, data):
    """hasac Lemma 4.2 is stated for Q(s, a), not for its mean only."""
    first = data.draw(policies(game))
    one = haspi(game, temperature=temperature, initial_policy=first, max_steps=1)
    before = evaluate(game, first, temperature=temperature)
    slack = 256 * EPS * magnitude(game, temperature) / (1 - game.discount)  # as above
    assert (one.q >= before.q - slack).all()
    assert (one.v >= before.v - slack).all()


@given(COMMON, MILD, st.data())
def test_a_converged_answer_is_a_qre_by_definition(game, temperature, data):
    solution = haspi(game, temperature=temperature, initial_policy=data.draw(policies(game)), max_steps=300)
    residual = quantal_response_residual(solution.q, solution.policy, temperature=temperature)
    # probabilities, of values that operators sum in another order
    slack = 64 * EPS * (1 + np.abs(solution.q).max() / temperature)
    assert abs(solution.residual - residual) <= slack
    assert solution.converged == (solution.residual <= min(100 * solution.rounding_floor, 0.01))  # see `iterate`
    assert len(solution.history) == solution.steps
    values = evaluate(game, solution.policy, temperature=temperature)
    assert np.abs(values.q - solution.q).max() <= 256 * EPS * magnitude(game, temperature) / (1 - game.discount)


@costly
@given(COMMON, MILD)
def test_it_stays_at_a_qre(game, temperature):
    solution = haspi(game, temperature=temperature, max_steps=300)
    assume(solution.converged)
    again = haspi(game, temperature=temperature, initial_policy=solution.policy)
    assert (again.steps, again.status) == (0, Status.CONVERGED)
    assert all(map(np.array_equal, again.policy, solution.policy))


@given(games(max_agents=1, structure="common-payoff", discounts=st.sampled_from([0.0, 0.5, 0.9])), MILD)
def test_one_agent_is_soft_value_iteration(game, temperature):
    """Against a plain loop: V ← α log Σ exp((r + γ P V)/α)."""
    solution = haspi(game, temperature=temperature)
    dense, v = to_dense(game), np.zeros(game.num_states)
    for _ in range({0.0: 1, 0.5: 60, 0.9: 400}[game.discount]):  # 0.9**400 is 5e-19
        v = soft_optimality_backup(v, dense.rewards, dense.transitions, discount=game.discount, temperature=temperature)
    assert solution.converged
    scale = magnitude(game, temperature)
    # π off by the residual costs that share of the spread of Q, where π itself is tiny; the loop: eps |V|/(1 − γ)
    tolerance = (256 * EPS + 8 * solution.residual) * scale / (1 - game.discount)
    np.testing.assert_allclose(solution.v, v, rtol=0, atol=tolerance)
    np.testing.assert_allclose(
        solution.policy[0], boltzmann(solution.q, temperature), rtol=0, atol=101 * solution.rounding_floor
    )


def same(ours, theirs, tolerance):
    for left, right in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(left, right, rtol=0, atol=tolerance)


STEPS = 3
"""Compared after so many steps: rounding grows by up to |Q| / α in each, and near a bifurcation without end."""


GENTLE = {"structure": "common-payoff", "discounts": st.sampled_from([0.0, 0.5, 0.9])}


@costly
@given(games(sparse=False, **GENTLE), temperatures(1, 100))
def test_sparse_and_dense_agree(game, temperature):
    dense, sparse = (haspi(kind, temperature=temperature, max_steps=STEPS) for kind in (game, to_sparse(game)))
    same(dense.policy, sparse.policy, drift(game, temperature))
    same([dense.q], [sparse.q], drift(game, temperature) * magnitude(game, temperature))


@costly
@given(games(**GENTLE), temperatures(1, 100), st.data())
def test_names_of_agents_do_not_matter(game, temperature, data):
    first, labels = data.draw(policies(game)), data.draw(st.permutations(range(game.num_agents)))
    order = data.draw(st.permutations(range(game.num_agents)))
    ours = haspi(game, temperature=temperature, initial_policy=first, order=order, max_steps=STEPS)
    theirs = haspi(
        relabel_agents(game, labels),
        temperature=temperature,
        initial_policy=tuple(first[old] for old in labels),
        order=[labels.index(agent) for agent in order],
        max_steps=STEPS,
    )
    same([ours.policy[old] for old in labels], theirs.policy, drift(game, temperature))


@costly
@given(games(**GENTLE), temperatures(1, 100), st.data())
def test_names_of_actions_do_not_matter(game, temperature, data):
    first, agent = data.draw(policies(game)), data.draw(st.integers(0, game.num_agents - 1))
    names = data.draw(st.permutations(range(game.num_actions[agent])))

    def renamed(policy):
        return tuple(pi[:, names] if i == agent else pi for i, pi in enumerate(policy))

    ours = haspi(game, temperature=temperature, initial_policy=first, max_steps=STEPS)
    theirs = haspi(
        permute_actions(game, agent, names), temperature=temperature, initial_policy=renamed(first), max_steps=STEPS
    )
    same(renamed(ours.policy), theirs.policy, drift(game, temperature))


@costly
@given(games(**GENTLE), temperatures(1, 100), st.integers(-50, 50))
def test_a_shift_of_rewards_shifts_q_by_its_geometric_series(game, temperature, amount):
    ours = haspi(game, temperature=temperature, max_steps=STEPS)
    theirs = haspi(shift_rewards(game, amount), temperature=temperature, max_steps=STEPS)
    tolerance = drift(shift_rewards(game, abs(amount)), temperature) * (1 + abs(amount))
    same(ours.policy, theirs.policy, tolerance)
    shifted = ours.q + amount / (1 - game.discount)
    same([shifted], [theirs.q], tolerance * (magnitude(game, temperature) + abs(amount) / (1 - game.discount)))


@costly
@given(games(**GENTLE), temperatures(1, 100), st.sampled_from([2.0**-20, 0.5, 2.0**30]))
def test_scaling_rewards_and_temperature_together_scales_q_only(game, temperature, factor):
    """Logarithms and exponentials see the same arguments; sums in the linear solve are scaled: rounding."""
    ours = haspi(game, temperature=temperature, max_steps=STEPS)
    theirs = haspi(scale_rewards(game, factor), temperature=factor * temperature, max_steps=STEPS)
    same(ours.policy, theirs.policy, drift(game, temperature))
    same([factor * ours.q], [theirs.q], factor * drift(game, temperature) * magnitude(game, temperature))


@pytest.mark.parametrize("temperature", [1e-4, 1e-2, 0.1])
def test_with_dominant_actions_a_low_temperature_plays_them(temperature):
    """Each agent's action 1 is worth 1 more whatever the others do: π(1) = 1 − exp(−1/α), to second order in it."""
    bonus = sum(np.arange(2.0).reshape([2 if i == j else 1 for j in range(3)]) for i in range(3))
    rewards = np.stack([bonus, bonus + 5])
    game = Game.stochastic(rewards, np.full((2, 2, 2, 2, 2), 0.5), 0.9)
    solution = haspi(game, temperature=temperature).require()
    for pi in solution.policy:
        np.testing.assert_allclose(
            pi[:, 0], np.exp(-1 / temperature) / (1 + np.exp(-1 / temperature)), rtol=1e-9
        )  # |Q| / α = 6e5 floors
    best = (3 + 2.5) / (1 - 0.9)
    entropy = 3 * temperature * np.log(2) / (1 - 0.9)
    assert best - 1e-9 <= solution.objective <= best + entropy  # soft values are optimal ones plus at most the entropy


@given(games(structure="common-payoff", discounts=st.just(0.0)), st.sampled_from([1e3, 1e6]))
def test_a_high_temperature_without_a_future_is_uniform(game, temperature):
    solution = haspi(game, temperature=temperature).require()
    for pi in solution.policy:
        # softmax moves by at most the spread of its argument, and the residual by 100 floors
        assert np.abs(pi - 1 / pi.shape[1]).max() <= 2 * game.reward_scale / temperature + 101 * EPS


def test_steps_and_statuses():
    game, options = load("hasac"), {"temperature": 10.0, "initial_policy": [[0.6, 0.2, 0.2]] * 2}
    full = haspi(game, **options)
    assert full.status is Status.CONVERGED
    assert len(full.history) == full.steps > 2
    none, one = haspi(game, **options, max_steps=0), haspi(game, **options, max_steps=1)
    assert (none.steps, none.status, len(none.history)) == (0, Status.MAX_STEPS, 0)
    assert none.policy[0].tolist() == [[0.6, 0.2, 0.2]]
    assert (one.steps, one.status, one.history[0]) == (1, Status.MAX_STEPS, full.history[0])
    exactly = haspi(game, **options, max_steps=full.steps)
    assert (exactly.status, exactly.steps) == (Status.CONVERGED, full.steps)
    short = haspi(game, **options, max_steps=full.steps - 1)
    assert short.status is Status.MAX_STEPS
    resumed = haspi(game, temperature=10.0, initial_policy=short.policy)
    assert (resumed.steps, resumed.objective) == (1, full.objective)


def test_a_looser_tol_stops_earlier_and_a_tiny_one_counts_as_eight_floors():
    options = {"temperature": 10.0, "initial_policy": [[0.6, 0.2, 0.2]] * 2}
    loose, tight = (haspi(load("hasac"), **options, tol=tol) for tol in (1e12, 1e-3))
    assert loose.converged
    assert tight.converged
    assert loose.steps < tight.steps
    assert tight.residual <= 8 * tight.rounding_floor


def test_an_interrupt_keeps_the_policy_reached():
    game, seen = load("hasac"), []

    def watcher(step, residual):
        seen.append((step, residual))
        if step == 2:
            raise KeyboardInterrupt

    options = {"temperature": 10.0, "initial_policy": [[0.6, 0.2, 0.2]] * 2}
    with watching(watcher):
        solution = haspi(game, **options)
    assert (solution.status, solution.steps) == (Status.INTERRUPTED, 2)
    assert [step for step, _ in seen] == [1, 2]
    two = haspi(game, **options, max_steps=2)
    assert all(map(np.array_equal, solution.policy, two.policy))
    assert seen[-1][1] == two.residual


def test_random_orders_are_seeded():
    game = random_stochastic(4, (2, 2, 2), discount=0.9, seed=3)
    first = random_policy(game, np.random.default_rng(0))
    runs = [
        haspi(game, temperature=0.3, initial_policy=first, order="random", seed=seed, max_steps=3) for seed in (1, 1, 2)
    ]
    assert all(map(np.array_equal, runs[0].policy, runs[1].policy))
    assert not all(map(np.array_equal, runs[0].policy, runs[2].policy))


def test_the_order_matters_and_is_followed():
    game, first = load("climbing"), [[0.5, 0.3, 0.2], [0.2, 0.3, 0.5]]
    for order in ([0, 1], [1, 0]):
        one = haspi(game, temperature=5.0, initial_policy=first, order=order, max_steps=1)
        leader = order[0]
        own = np.moveaxis(game.rewards[0], leader, 0) @ first[1 - leader]
        np.testing.assert_allclose(one.policy[leader][0], boltzmann(own, 5.0), rtol=1e-12)  # three products


@given(COMMON, TEMPERATURES)
def test_the_game_is_left_as_it_was(game, temperature):
    dense = to_dense(game)
    before = dense.rewards.tobytes(), dense.transitions.tobytes(), game.start.tobytes()
    haspi(dense, temperature=temperature, max_steps=2)
    qre(dense, temperature=temperature, max_steps=2)
    assert (dense.rewards.tobytes(), dense.transitions.tobytes(), dense.start.tobytes()) == before


def test_parameters_are_recorded():
    game = load("hasac")
    solution = haspi(game, temperature=10, max_steps=7, order=(1, 0))
    assert solution.solver == "haspi"
    recorded = dict(solution.parameters)
    assert all(map(np.array_equal, recorded.pop("initial_policy"), uniform_policy(game)))
    assert recorded == {
        "temperature": 10.0,
        "order": [1, 0],
        "seed": 0,
        "entropy": "team",
        "tol": 100.0,
        "max_steps": 7,
    }


@pytest.mark.parametrize("temperature", [1e-11, 1e-13])
def test_rounding_does_not_excuse_a_policy_that_is_no_response(temperature):
    """So cold that rounding floors add up to more than any residual: the start must not pass for converged."""
    solution = haspi(load("hasac"), temperature=temperature, initial_policy=[[0.6, 0.2, 0.2]] * 2)
    assert solution.converged
    assert solution.policy[0].tolist() == [[1, 0, 0]]
