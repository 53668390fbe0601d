"""A constant added to all rewards of an agent changes no answer but its values, by that constant over 1 − γ."""

from functools import cache

import numpy as np
import pytest

from mathrl import Game, batch
from mathrl.equilibria import equilibria, logit_curves
from mathrl.games import random_matrix, random_stochastic, uniform_policy
from mathrl.games.transform import to_sparse
from mathrl.solvers import (
    divergence_iteration,
    divergence_limit,
    divergence_policy_iteration,
    haspi,
    mehaml,
    qre,
    qre_branch,
    rommeo_q,
    rommeo_self_play,
    soft_q_iteration,
)
from mathrl.values.offsets import common_offsets, without_offsets
from tests.examples import diagonal

OFFSETS = [[1e6] * 3, [1e7] * 3, [1e8] * 3, [-1e8] * 3, [1e8, -1e6, 1e7], [0.0, 1e8, -1e7]]
EPS = float(np.finfo(np.float64).eps)


def dyadic(game):
    """The game with rewards in units of 2⁻¹⁰, to which a large integer can be added without rounding."""
    rewards = np.round(game.rewards * 2**10) / 2**10
    if game.num_states == 1 and game.discount == 0:
        return Game.matrix(
            list(rewards[:, 0]) if not game.common_payoff else rewards[0], common_payoff=game.common_payoff
        )
    given = rewards if game.common_payoff else list(rewards)
    return Game.stochastic(given, game.transitions, game.discount, game.start)


def shifted(game, offsets):
    c = np.array(offsets[: game.num_agents]).reshape(-1, *[1] * (1 + game.num_agents))
    if game.num_states == 1 and game.discount == 0:
        return Game.matrix(list((game.rewards + c)[:, 0]), common_payoff=False)
    return Game.stochastic(list(game.rewards + c), game.transitions, game.discount, game.start)


def said(item):
    return getattr(item[0] if isinstance(item, tuple) else item, "__name__", None) or repr(item)


def apart(found, expected):
    return max(np.abs(ours - theirs).max() for ours, theirs in zip(found.policy, expected.policy, strict=True))


MATRIX = [
    dyadic(random_matrix((3, 3), structure="general-sum", seed=18)),
    dyadic(random_matrix((2, 3, 2), structure="general-sum", seed=4)),
]
STOCHASTIC = [
    dyadic(random_stochastic(num_states=3, num_actions=actions, structure="general-sum", seed=2))
    for actions in ((2, 2), (2, 2, 2))
]


@cache
def without(solver, game):
    """The answer without an offset, with which that with each offset is compared."""
    return solver(game, temperature=0.05)


@pytest.mark.parametrize(
    ("solver", "game", "offsets"), diagonal([qre, qre_branch], [*MATRIX, *STOCHASTIC], OFFSETS), ids=said
)
def test_an_offset_changes_the_values_only(solver, game, offsets):
    game_with = shifted(game, offsets)
    expected, found = without(solver, game), solver(game_with, temperature=0.05)
    assert expected.converged
    assert found.converged
    assert apart(found, expected) <= 1e-12
    added = np.array(offsets[: game.num_agents]) / (1 - game.discount)
    rounding = 8 * EPS * np.abs(added).max()
    assert np.abs(found.objective - np.asarray(expected.objective) - added).max() <= rounding + 1e-12
    assert np.abs(found.v - expected.v - added[:, None]).max() <= rounding + 1e-12
    added_to_q = added.reshape(-1, *[1] * (1 + game.num_agents))
    assert np.abs(found.q - expected.q - added_to_q).max() <= rounding + 1e-12
    assert found.residual <= 100 * EPS * max(1, np.abs(expected.q).max() / 0.05)  # as without the offset
    assert found.rounding_floor == EPS * np.abs(found.q).max() / 0.05  # that of the q returned
    assert found.equation.residual(game_with, found) <= 100 * found.rounding_floor


@pytest.mark.parametrize("offsets", OFFSETS, ids=str)
@pytest.mark.parametrize("game", MATRIX, ids=repr)
@pytest.mark.parametrize("solve", [batch.qre, batch.qre_branch])
def test_batches_see_no_offset(solve, game, offsets):
    payoffs = np.stack([one.rewards[:, 0] for one in (game, shifted(game, offsets), game)])
    found = solve(payoffs, temperature=0.05)
    assert found.converged.all()
    assert max(np.abs(own[1] - own[0]).max() for own in found.policy) <= 1e-12
    assert all((own[2] == own[0]).all() for own in found.policy)
    added = np.array(offsets[: game.num_agents])
    assert np.abs(found.objective[1] - found.objective[0] - added).max() <= 8 * EPS * np.abs(added).max()
    floors = EPS * np.maximum(1, np.abs(payoffs).reshape(3, -1).max(axis=1) / 0.05)
    assert found.rounding_floor == pytest.approx(floors, rel=1e-15, abs=0)


@pytest.mark.parametrize("offset", [1e6, 1e8, -1e8])
@pytest.mark.parametrize("solver", [haspi, mehaml])
def test_monotone_solvers_see_no_offset(solver, offset):
    start = [np.array([[0.75, 0.25]])] * 2
    for game in (
        dyadic(random_matrix((2, 2), seed=1)),
        dyadic(random_stochastic(num_states=3, num_actions=(2, 2), seed=1)),
    ):
        first = [np.tile(own, (game.num_states, 1)) for own in start]
        moved = Game.stochastic(game.rewards + offset, game.transitions, game.discount, game.start)
        expected = solver(game, temperature=0.1, initial_policy=first)
        found = solver(moved, temperature=0.1, initial_policy=first)
        assert found.converged
        assert apart(found, expected) <= 1e-10  # the iteration converges slowly
        added, both = offset / (1 - game.discount), min(found.steps, expected.steps)
        assert np.abs(found.history[:both] - expected.history[:both] - added).max() <= 8 * EPS * abs(added)
        assert found.objective == pytest.approx(found.history[-1], rel=8 * EPS)
    batched = batch.haspi(np.array([[[[1.0, 0.0], [0.0, 2.0]]]]) + offset, temperature=0.1, initial_policy=start)
    plain = batch.haspi(np.array([[[[1.0, 0.0], [0.0, 2.0]]]]), temperature=0.1, initial_policy=start)
    assert batched.converged.all()
    assert apart(batched, plain) <= 1e-12


def test_mehaml_at_temperature_0_sees_no_offset():
    game = dyadic(random_matrix((3, 3), seed=1))
    found = mehaml(Game.matrix(game.rewards[0] + 1e8), temperature=0.0)
    assert found.converged
    assert apart(found, mehaml(game, temperature=0.0)) == 0


def test_curves_see_no_offset():
    game = MATRIX[0]
    moved = shifted(game, [1e8, -1e6])
    found, expected = (
        equilibria(one, logit_curves(one, temperatures=(0.1, 1.0), starts=8), 0.2) for one in (moved, game)
    )
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        assert max(np.abs(a - b).max() for a, b in zip(ours, theirs, strict=True)) <= 1e-12


def test_offsets_are_per_state_where_the_discount_is_0():
    game = dyadic(random_stochastic(num_states=3, num_actions=(2, 2), structure="general-sum", seed=1))
    game = Game.stochastic(list(game.rewards), game.transitions, 0.0)
    c_s = np.array([1e8, 0.0, -1e7])[None, :, None, None]
    moved = Game.stochastic(list(game.rewards + c_s), game.transitions, 0.0)
    assert apart(qre(moved, temperature=0.05), qre(game, temperature=0.05)) <= 1e-12


def test_what_is_left_alone():
    for game in (*MATRIX, *STOCHASTIC):
        assert without_offsets(game) == (game, None)
    uneven = np.array([[[0.5, 0.5 + 1e-10]], [[0.5, 0.5]]])  # an offset does change the differences here
    game = Game.stochastic(np.full((2, 1), 1e8), uneven, 0.9)
    assert without_offsets(game) == (game, None)
    nearly = np.tile([0.1, 0.2, 0.7], (3, 1, 1))  # these doubles sum to a little less than 1
    assert without_offsets(Game.stochastic(np.full((3, 1), 1e8), nearly, 0.9))[1] is not None
    game = Game.stochastic(np.full((3, 1), 1e8), nearly, 1 - 1e-12)
    assert without_offsets(game) == (game, None)


def test_sparse_transitions():
    game = shifted(STOCHASTIC[0], [1e8, 1e7])
    plain, added = without_offsets(to_sparse(game))
    assert plain.sparse
    assert np.array_equal(plain.rewards, without_offsets(game)[0].rewards)
    assert np.array_equal(added, without_offsets(game)[1])


@pytest.mark.parametrize("size", [5e-324, 1e-300, 1.0, 1e16, 1.7e308])
def test_an_offset_is_taken_off_exactly(size):
    rng = np.random.default_rng(0)
    with np.errstate(under="ignore"):
        r = size * (1 + rng.uniform(-1, 1, (50, 6)) * 2.0**-12)
    r = np.concatenate([r, -r, np.full((1, 6), size)])
    c = common_offsets(r)
    assert (c != 0).all() or size == 5e-324
    assert ((r - c[:, None]) + c[:, None] == r).all()


@pytest.mark.parametrize(
    "row", [[0.0, 0.0], [1.0, 2.0], [-1.0, 1.0], [1.7e308, -1.7e308], [1000.0, 1001.0], [5e-324, 0]]
)
def test_ordinary_rewards_have_no_offset(row):
    assert common_offsets(np.array([row])).tolist() == [0.0]


WEIGHED = [
    (soft_q_iteration, {"temperature": 0.05}),
    (rommeo_q, {"temperature": 0.05}),
    (rommeo_self_play, {"temperature": 0.5}),
    (divergence_policy_iteration, {"temperature": 0.5}),
    (divergence_iteration, {"temperature": 0.5, "max_steps": 5}),
    (divergence_limit, {}),
]


@pytest.mark.parametrize(("weighed", "offset"), diagonal(WEIGHED, [1e6, -1e8, 1e10]), ids=said)
def test_an_offset_of_a_common_payoff_changes_the_values_only(weighed, offset):
    """Policies follow from differences of Q, which lose as many digits as the offset has."""
    solver, settings = weighed
    game = dyadic(random_stochastic(num_states=3, num_actions=(2, 3), seed=2))
    game_with = Game.stochastic(game.rewards + offset, game.transitions, game.discount, game.start)
    if solver is divergence_policy_iteration:
        settings = settings | {"target_policy": uniform_policy(game)}
    expected, found = solver(game, **settings), solver(game_with, **settings)
    assert found.status is expected.status
    assert apart(found, expected) <= 1e-12
    added = offset / (1 - game.discount)
    rounding = 8 * EPS * abs(added) + 1e-12
    assert np.abs(found.objective - np.asarray(expected.objective) - added).max() <= rounding
    assert np.abs(found.q - expected.q - added).max() <= rounding
    assert np.abs(found.v - expected.v - added).max() <= rounding
    assert found.residual == pytest.approx(expected.residual, abs=1e-12)
    assert found.equation.residual(game_with, found) <= expected.residual + 100 * found.rounding_floor
