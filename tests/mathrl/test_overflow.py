"""Rewards and temperatures of any size: either refused in one line that says why, or answered by finite numbers."""

import inspect
import re
from dataclasses import fields, replace
from functools import cache

import numpy as np
import pytest

from mathrl import Game, Status, batch, solvers
from mathrl.equilibria import equilibria, logit_curves
from mathrl.games import random_matrix, random_stochastic
from mathrl.games.transform import scale_rewards
from mathrl.values.overflow import in_range
from tests.examples import LONG, diagonal

GAMES = [
    Game.matrix(np.array([1.0, 0.0])),
    random_matrix((2, 2), seed=1),
    random_matrix((2, 2, 2), seed=3),
    random_matrix((3, 2), structure="general-sum", seed=2),
    random_matrix((2, 2), structure="zero-sum", seed=3),
    random_stochastic(2, (3,), discount=0.5, seed=1),
    random_stochastic(3, (2, 2), discount=0.9, seed=1),
    random_stochastic(3, (2, 2), discount=0.9, structure="general-sum", seed=1),
]
EXTREME = [5e-324, 1e-309, 1e-300, 1e290, 1e300, 1e308]
WEIGHTS = ("temperature", "divergence_weight")


def given(solver, game, **weights):
    """The arguments that a solver needs."""
    taken = inspect.signature(solver).parameters
    uniform = [np.full((game.num_states, actions), 1 / actions) for actions in game.num_actions]
    needed = {name: uniform for name in ("policy", "target_policy") if name in taken}
    needed |= {"max_steps": 50} if "max_steps" in taken else {}
    return needed | {name: weight for name, weight in weights.items() if name in taken}


ONE_LINE = re.compile(
    r"|(game (has values|is general-sum)|(temperature(\[\d\])?|divergence_weight) is|payoffs\[\d\] has values).*"
)


def answer(solver, *arguments, **more):
    """What a solver returns, or None, and the message with which it refuses, or nothing."""
    try:
        return solver(*arguments, **more), ""
    except ValueError as error:
        return None, str(error)


def numbers(found):
    """All numbers of an answer."""
    for item in fields(found):
        value = getattr(found, item.name)
        if isinstance(value, (float, np.ndarray)):
            yield item.name, value
        elif item.name in ("policy", "conditional_policy", "opponent_model", "individual_q") and value is not None:
            yield from ((item.name, own) for own in value)


def size(rng):
    """A random size from 1e-320 to 1e308, or one of the extremes."""
    return float(rng.choice(EXTREME)) if rng.random() < 0.2 else float(10 ** rng.uniform(-320, 308))


def cases(seed, count):
    """Games with rewards of sizes 1e-300 … 1e300, and temperatures, half of them not far from the rewards."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        base, scale = GAMES[rng.integers(len(GAMES))], 10 ** rng.uniform(-300, 300)
        game = scale_rewards(base, 0.9 * scale / base.reward_scale)
        near = rng.random() < 0.5
        weights = [
            float(np.clip(scale * 10 ** rng.uniform(-6, 6), 1e-320, 1e308)) if near else size(rng) for _ in WEIGHTS
        ]
        yield game, dict(zip(WEIGHTS, weights, strict=True))


@pytest.mark.parametrize("name", solvers.__all__)
def test_any_size_is_refused_or_solved_in_finite_numbers(name):
    """Warnings are errors here."""
    solver, solved, count = getattr(solvers, name), 0, 60 if LONG else 30
    for game, weights in cases(seed=len(name), count=count):
        found, refusal = answer(solver, game, **given(solver, game, **weights))
        assert ONE_LINE.fullmatch(refusal), (game, game.reward_scale, weights)
        if found is None:
            continue
        solved += 1
        wrong = [what for what, array in numbers(found) if not np.isfinite(array).all()]
        assert not wrong, (game, game.reward_scale, weights, found.status)
    assert solved >= count / 6


UNITS = {"temperature": 0.3, "divergence_weight": 0.7}


@cache
def in_units(name, k):
    """The answer of a solver to game k as it is, with which that in each other unit is compared."""
    solver = getattr(solvers, name)
    return answer(solver, GAMES[k], **given(solver, GAMES[k], **UNITS))[0]


@pytest.mark.parametrize(("name", "exponent"), diagonal(solvers.__all__, [-980, -500, 500, 970]))
def test_answers_do_not_depend_on_the_unit(name, exponent):
    """In units of powers of two they are the same bit for bit, except where floors are denormal numbers."""
    solver, unit = getattr(solvers, name), 2.0**exponent
    for k, game in enumerate(GAMES):
        expected = in_units(name, k)
        if expected is None:
            continue
        scaled = {name: weight * unit for name, weight in UNITS.items()}
        found = solver(scale_rewards(game, unit), **given(solver, game, **scaled))
        assert found.status is expected.status
        slack = 1e-10 if exponent == -980 else 0.0
        assert np.abs(found.q / unit - expected.q).max() <= slack
        for own, theirs in zip(found.policy, expected.policy, strict=True):
            assert np.abs(own - theirs).max() <= slack


@pytest.mark.parametrize("solve", [batch.haspi, batch.qre, batch.qre_branch])
def test_batches_of_any_size(solve):
    rng, solved = np.random.default_rng(0), 0
    for _ in range(100):
        payoffs = np.repeat(rng.standard_normal((3, 1, 2, 2)), 1 if solve is batch.haspi else 2, axis=1)
        scale_b = 10 ** rng.uniform(-300, 300, 3)
        near = scale_b * 10 ** rng.uniform(-6, 6, 3)
        temperature = np.clip(near, 1e-320, 1e308) if rng.random() < 0.7 else np.array([size(rng) for _ in range(3)])
        sized = payoffs * scale_b[:, None, None, None]
        found, refusal = answer(solve, sized, temperature=temperature, max_steps=50)
        assert ONE_LINE.fullmatch(refusal), (scale_b, temperature)
        if found is None:
            continue
        solved += 1
        arrays = (*found.policy, found.objective, found.residual, found.rounding_floor)
        assert all(np.isfinite(array).all() for array in arrays), (scale_b, temperature)
    assert solved >= 10


PAIR = Game.matrix(np.array([1.0, 0.0]))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: solvers.haspi(PAIR, temperature=1e308),
            "temperature is 1e+308, expected at most 1.4e+300: values with",
        ),
        (
            lambda: solvers.qre(PAIR, temperature=5e-324),
            "temperature is 4.94066e-324, expected at least 1e-300: values of",
        ),
        (
            lambda: solvers.qre(Game.matrix(np.zeros(2)), temperature=1e-301),
            "temperature is 1e-301, expected at least 1e-300: its inverse overflows: scale rewards and temperature up",
        ),
        (
            lambda: solvers.qre_branch(PAIR, temperature=[1.0, 1e-309]),
            "temperature[1] is 1e-309, expected at least 1e-300: values of up to 1 divided by it overflow: raise it",
        ),
        (
            lambda: solvers.optimal(Game.stochastic(np.array([[1e299]]), [[[1.0]]], 0.99)),
            "game has values of up to 1e+301 here, expected at most 1e+300: scale rewards, temperature and values down",
        ),
        (
            lambda: solvers.divergence_policy_iteration(PAIR, temperature=1e-309, target_policy=[[0.5, 0.5]]),
            "temperature is 1e-309, expected at least 1e-300",
        ),
        (
            lambda: solvers.divergence_policy_iteration(
                scale_rewards(PAIR, 1e-200), temperature=1e200, target_policy=[[0.5, 0.5]]
            ),
            "temperature is 1e+200, expected at most 1e+100: values over it underflow: lower it",
        ),
        (
            lambda: solvers.rommeo_q(PAIR, temperature=1.0, divergence_weight=1e-305),
            "divergence_weight is 1e-305, expected at least",
        ),
        (
            lambda: solvers.rommeo_self_play(PAIR, temperature=1.0, divergence_weight=1e305),
            "divergence_weight is 1e+305, expected at most",
        ),
        (
            lambda: logit_curves(GAMES[1], temperatures=(1e-305, 1.0)),
            "temperatures[0] is 1e-305, expected at least",
        ),
        (
            lambda: solvers.mehaml(GAMES[1], temperature=1e-10, drift="squared:1e295"),
            "temperature is 1e-10, expected at least 1e-05: values of up to 1e+295 divided by it overflow: raise it",
        ),
        (lambda: solvers.mehaml(GAMES[1], temperature=1.0, drift="clipped:0.2:1e300"), "drift has values of up to"),
        (lambda: solvers.mehaml(GAMES[1], temperature=0.0, drift="kl:1e-305"), "drift is 1e-305, expected at least"),
        (lambda: equilibria(GAMES[1], (), 1e305), "temperature is 1e+305, expected at most"),
    ],
)
def test_what_is_refused(call, message):
    with pytest.raises(ValueError, match="expected") as caught:
        call()
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("temperature", [1e-100, 1e-214, 1e-258])
def test_a_trace_that_goes_too_far_ends_in_finite_numbers(temperature):
    found = solvers.qre_branch(scale_rewards(PAIR, 1e42), temperature=temperature)
    assert found.status in (Status.CONVERGED, Status.STALLED)
    assert all(np.isfinite(array).all() for _, array in numbers(found))


def test_the_ends_of_the_range_are_solved():
    for temperature in (1e-300, 1e300):
        found = solvers.qre(PAIR, temperature=temperature)
        assert found.status is Status.CONVERGED
        assert found.policy[0].tolist() == ([[1.0, 0.0]] if temperature < 1 else [[0.5, 0.5]])
    for scale in (1e-300, 1e298):
        game = scale_rewards(GAMES[-1], scale / GAMES[-1].reward_scale / 10)
        assert solvers.qre_branch(game, temperature=scale).converged
    in_range(replace(PAIR, rewards=np.array([[1e300, 0.0]])), 0.0)
