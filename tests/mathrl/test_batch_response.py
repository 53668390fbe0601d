"""HASPI and equilibria from a start, of many games at once: as one by one, and what both promise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl import kernels, solvers
from mathrl.batch import haspi, qre, qre_branch
from mathrl.batch.haspi import _orders
from mathrl.games import Game, load
from mathrl.iteration.order import sequences
from mathrl.iteration.outcome import Status
from mathrl.proofs_checks.strategies import temperatures
from tests.examples import costly

SIZES = st.sampled_from([(3,), (1, 2), (2, 2), (3, 3), (2, 4), (2, 1, 3), (3, 2, 2), (2, 2, 2, 2)])
SEEDS = st.integers(0, 2**32 - 1)


def normal(num_actions, seed, *, games=4, common=False):
    shape = (games, 1 if common else len(num_actions), *num_actions)
    return np.random.default_rng(seed).standard_normal(shape)


def starts(num_actions, seed, games=4):
    rng = np.random.default_rng(seed)
    return [rng.dirichlet(np.ones(size), games) for size in num_actions]


def one(payoffs):
    """The game of payoffs (m, A_1, …, A_n)."""
    common_payoff = len(payoffs) < payoffs.ndim - 1
    return Game.matrix(payoffs[0] if common_payoff else payoffs, common_payoff=common_payoff)


def objective(payoffs, policy, temperature):
    """The soft return of common payoffs (1, A_1, …, A_n)."""
    game = Game.matrix(payoffs[0], common_payoff=True)
    return solvers.soft_evaluation(game, temperature=temperature, policy=policy).objective


@costly
@given(SIZES, SEEDS, temperatures(0.05, 10), st.data())
def test_haspi_takes_the_steps_that_it_takes_alone(num_actions, seed, temperature, data):
    """To the last bit: the kernels are the same."""
    payoffs, first = normal(num_actions, seed, common=True), starts(num_actions, seed)
    order = data.draw(st.sampled_from([None, "random"]) | st.permutations(range(len(num_actions))))
    max_steps = data.draw(st.sampled_from([0, 3, 50_000]))
    chosen = {"temperature": temperature, "order": order, "seed": seed, "max_steps": max_steps}
    found = haspi(payoffs, initial_policy=first, **chosen)
    for k, game in enumerate(payoffs):
        alone = solvers.haspi(
            Game.matrix(game[0], common_payoff=True), initial_policy=[rows[k] for rows in first], **chosen
        )
        assert all(np.array_equal(rows[k], own) for rows, own in zip(found.policy, alone.policy, strict=True))
        assert (found.steps[k], found.residual[k], found.status[k]) == (alone.steps, alone.residual, alone.status)
        assert found.rounding_floor[k] == alone.rounding_floor
        assert found.objective[k] == pytest.approx(alone.objective, rel=1e-12, abs=1e-12)  # another order of sums
    assert set(found.road) == {"responses"}


@given(SEEDS, st.integers(1, 5))
def test_random_orders_are_those_of_the_solver(seed, num_agents):
    following, _ = sequences("random", seed, num_agents)
    assert _orders("random", seed, num_agents, 50).tolist() == [following().tolist() for _ in range(50)]


@pytest.mark.parametrize("seed", range(5))
def test_a_random_order_is_new_at_every_step(seed):
    payoffs = 3 * normal((2, 2, 2), seed, common=True)
    chosen = {"temperature": 0.3, "order": "random", "seed": seed, "max_steps": 4}
    found = haspi(payoffs, **chosen)
    for k, game in enumerate(payoffs):
        alone = solvers.haspi(Game.matrix(game[0], common_payoff=True), **chosen)
        assert all(np.array_equal(rows[k], own) for rows, own in zip(found.policy, alone.policy, strict=True))


@costly
@given(SIZES, SEEDS, temperatures(0.05, 10))
def test_haspi_never_lowers_the_objective(num_actions, seed, temperature):
    payoffs, first = normal(num_actions, seed, common=True), starts(num_actions, seed)
    before = [objective(game, [rows[k] for rows in first], temperature) for k, game in enumerate(payoffs)]
    for max_steps in (1, 2, 1000):
        found = haspi(payoffs, temperature=temperature, initial_policy=first, max_steps=max_steps)
        assert (found.objective >= np.array(before) - 1e-12 * (1 + np.abs(before))).all()  # rounding of the sums
        before = found.objective


def test_haspi_takes_equal_payoffs_for_a_common_one_and_refuses_others():
    payoffs = normal((3, 2), 0, common=True)
    twice = np.repeat(payoffs, 2, axis=1)
    found, same = haspi(payoffs, temperature=1.0), haspi(twice, temperature=1.0)
    assert np.array_equal(found.policy[0], same.policy[0])
    assert found.objective.shape == same.objective.shape == (4,)
    twice[2, 1, 0, 0] += 1
    with pytest.raises(ValueError, match=r"payoffs\[2\] differs from agent to agent, expected a common payoff"):
        haspi(twice, temperature=1.0)


@costly
@given(SIZES, SEEDS, temperatures(0.1, 10), st.booleans())
def test_qre_ends_at_an_equilibrium(num_actions, seed, temperature, common):
    payoffs, first = normal(num_actions, seed, common=common), starts(num_actions, seed)
    found = qre(payoffs, temperature=temperature, initial_policy=first)
    assert found.converged.all()
    for k, game in enumerate(payoffs):
        pi_sk = np.concatenate([rows[k] for rows in found.policy], axis=1)
        q_msa = game.reshape(len(game), 1, -1)
        residual = kernels.quantal_response_residual(q_msa, pi_sk, np.array(num_actions), temperature)
        assert residual == found.residual[k] <= 100 * found.rounding_floor[k]
        if common:
            before = objective(game, [rows[k] for rows in first], temperature)
            assert found.objective[k] >= before - 1e-12 * (1 + abs(before))  # rounding of the sums


@costly
@given(SIZES, SEEDS)
def test_qre_finds_the_one_equilibrium_where_there_is_one(num_actions, seed):
    payoffs, first = normal(num_actions, seed), starts(num_actions, seed)
    branch = qre_branch(payoffs, temperature=4.0)
    unique = branch.road == "unique"
    for found in (qre(payoffs, temperature=4.0), qre(payoffs, temperature=4.0, initial_policy=first)):
        for rows, expected in zip(found.policy, branch.policy, strict=True):
            # 100 rounding floors of residual, over 1 minus the Lipschitz constant
            assert np.abs(rows[unique] - expected[unique]).max(initial=0.0) <= 1e-11


def test_every_road_of_qre_is_taken():
    """Zero-sum games with a sharp response: sequential responses go round the mixed equilibrium for ever."""
    first = normal((3, 3), 0, games=300)[:, :1]
    payoffs = np.concatenate([first, -first], axis=1)
    found = qre(payoffs, temperature=0.05)
    assert found.converged.all()
    assert {"newton", "traced"} <= set(found.road)
    calm = qre(payoffs, temperature=2.0)
    assert calm.converged.all()
    assert {"responses", "newton"} <= set(calm.road)
    assert (calm.steps[calm.road == "newton"] >= 2).all()


def test_qre_stays_at_an_equilibrium():
    payoffs = normal((3, 3), 1, games=50)
    found = qre_branch(payoffs, temperature=0.3)
    again = qre(payoffs, temperature=0.3, initial_policy=found.policy)
    assert not again.steps.any()
    assert all(np.array_equal(a, b) for a, b in zip(found.policy, again.policy, strict=True))


def test_where_it_starts_decides_where_it_ends():
    game = load("pure-coordination").rewards[None]
    ends = [
        qre(game, temperature=0.2, initial_policy=[[p, 1 - p]] * 2).policy[0][0, 0, 0].round(2) for p in (0.9, 0.5, 0.1)
    ]
    assert ends == [0.99, 0.5, 0.01]


def test_newton_may_not_lower_a_common_objective():
    """Near the symmetric equilibrium of a coordination game, a saddle of the objective, Newton's method goes there."""
    game = load("pure-coordination").rewards[None]
    first = [[0.51, 0.49], [0.505, 0.495]]
    found = qre(game, temperature=0.45, initial_policy=first)
    assert found.converged.all()
    assert found.policy[0][0, 0, 0] > 0.6
    assert found.objective[0] > objective(game[0], [[0.5, 0.5]] * 2, 0.45)


@pytest.mark.parametrize("max_steps", [0, 1, 5, 20])
def test_qre_stops_in_time_and_keeps_the_best_that_it_met(max_steps):
    first = normal((3, 3), 0, games=100)[:, :1]
    payoffs = np.concatenate([first, -first], axis=1)
    found, uniform = (qre(payoffs, temperature=0.05, max_steps=steps) for steps in (max_steps, 0))
    assert set(found.status) <= {Status.MAX_STEPS, Status.CONVERGED}
    assert Status.MAX_STEPS in set(found.status)
    assert (found.steps <= max_steps).all()  # fewer than it takes to call responses hopeless: nothing is traced
    assert (found.residual <= uniform.residual).all()


def test_threads_change_nothing():
    payoffs = 3 * normal((3, 3), 2, games=1000)
    for solve in (qre, lambda given, **chosen: haspi(given[:, :1], **chosen)):
        alone, together = (solve(payoffs, temperature=1.0, workers=workers) for workers in (1, 3))
        assert all(np.array_equal(a, b) for a, b in zip(alone.policy, together.policy, strict=True))
        assert np.array_equal(alone.steps, together.steps)


@pytest.mark.parametrize("solve", [haspi, qre])
def test_starts_come_in_every_shape(solve):
    payoffs, (a, b) = normal((2, 3), 3, common=True), starts((2, 3), 3)
    found = solve(payoffs, temperature=0.5, initial_policy=[a, b])
    same = solve(payoffs, temperature=0.5, initial_policy=(a[:, None], b.tolist()))
    assert all(np.array_equal(x, y) for x, y in zip(found.policy, same.policy, strict=True))
    every = solve(payoffs, temperature=0.5, initial_policy=[a[0], b[:1]])
    assert np.array_equal(every.policy[0][0], found.policy[0][0])
    each = np.full((4, 2), a[0]), np.full((4, 3), b[0])
    assert np.array_equal(every.policy[1], solve(payoffs, temperature=0.5, initial_policy=each).policy[1])
    with pytest.raises(ValueError, match="read-only"):
        found.policy[0][0] = 0.0
    a.sum()  # the start is not the memory of the answer
    assert np.array_equal(a, starts((2, 3), 3)[0])


@pytest.mark.parametrize("solve", [haspi, qre])
@pytest.mark.parametrize("size", [1e-320, 1e-300, 1e10, 1e299])
def test_payoffs_of_any_size(solve, size):
    payoffs = np.sign(normal((2, 3), 4, common=True)) * size
    found = solve(payoffs, temperature=1.0)
    assert found.converged.all()
    assert all(np.isfinite(rows).all() for rows in found.policy)
    assert solve(payoffs * 0, temperature=1e-300).policy[0].ravel().tolist() == [0.5] * 8


GOOD = np.zeros((4, 1, 3, 2))
UNIFORM = [[1 / 3] * 3, [0.5, 0.5]]


@pytest.mark.parametrize("solve", [haspi, qre])
@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"initial_policy": UNIFORM[:1]}, "initial_policy has 1 arrays, expected a tuple of 2 arrays"),
        ({"initial_policy": 0.5}, "initial_policy is of type float"),
        ({"initial_policy": UNIFORM[::-1]}, r"initial_policy\[0\] has shape \(2,\), expected \(4, 3\)"),
        ({"initial_policy": [[0.5, 0.5, 0.5], [0.5, 0.5]]}, r"initial_policy\[0\] sums to 1.5"),
        ({"initial_policy": [UNIFORM[0], [1.5, -0.5]]}, r"initial_policy\[1\]\[1\] is -0.5"),
        ({"temperature": -1.0}, "temperature is -1"),
        ({"tol": 0.0}, "tol is 0"),
        ({"max_steps": -1}, "max_steps is -1"),
        ({"workers": 1.5}, "workers is 1.5"),
    ],
)
def test_bad_input_is_named(solve, parameters, message):
    with pytest.raises(ValueError, match=message):
        solve(GOOD, **{"temperature": 1.0} | parameters)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"order": [0, 0]}, r"order is \[0, 0\], expected each number from 0 to 1 once, or 'random'"),
        ({"order": "any"}, "order is 'any'"),
        ({"seed": -1}, "seed is -1"),
        ({"entropy": "none"}, "entropy is 'none', expected 'team'"),
    ],
)
def test_bad_input_of_haspi_is_named(parameters, message):
    with pytest.raises(ValueError, match=message):
        haspi(GOOD, temperature=1.0, **parameters)


def test_qre_takes_any_entropy():
    payoffs = normal((2, 2), 5, common=True)
    found = {name: qre(payoffs, temperature=1.0, entropy=name) for name in ("team", "own", "none")}
    assert [found[name].objective.shape for name in found] == [(4,), (4, 2), (4,)]
    assert np.array_equal(found["team"].policy[0], found["none"].policy[0])
    with pytest.raises(ValueError, match="entropy"):
        qre(payoffs, temperature=1.0, entropy="mine")
