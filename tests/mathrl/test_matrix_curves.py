"""All curves of logit equilibria: against scans, other root finders, symmetries, and the principal branch."""

from functools import cache
from itertools import permutations

import numpy as np
import pytest
from scipy.optimize import brentq, root
from scipy.special import expit

from mathrl.base.checks import InvalidInput
from mathrl.equilibria.matrix.curves import equilibria, logit_curves
from mathrl.equilibria.newton import responses
from mathrl.games import Game, load, random_matrix, random_stochastic
from mathrl.games.profile import Profile
from mathrl.solvers import haspi, qre_branch
from mathrl.values.policy_values import evaluate, own_q

SYMMETRIC = ["chicken", "battle-of-the-sexes", "penalty", "pure-coordination(num_actions=3)"]


def random_game(num_actions, seed, structure="general-sum"):
    return random_matrix(num_actions, structure=structure, seed=seed)


def found(game, curves, temperature):
    """The equilibria found, side by side, as rows in an order of their own."""
    return in_order(np.array([Profile.of(policy).pi_sk[0] for policy in equilibria(game, curves, temperature)]))


def in_order(rows):
    return rows[np.lexsort(rows.round(6).T)]


def gap(game, policy, temperature):
    """max |π − softmax(u/α)|."""
    values = evaluate(game, policy, temperature=temperature)
    return np.abs(Profile.of(policy).pi_sk - responses(game, own_q(values, policy), temperature)).max()


def scanned(game, temperature):
    """p(agent 0 plays 0) at all equilibria of a 2x2 game: the roots of one equation in its log ratio."""
    r, s = game.rewards_isa[:, 0].reshape(-1, 2, 2)[[0, -1]]

    def excess(x):
        q = expit(((s[0, 0] - s[0, 1]) * expit(x) + (s[1, 0] - s[1, 1]) * (1 - expit(x))) / temperature)
        return x - ((r[0, 0] - r[1, 0]) * q + (r[0, 1] - r[1, 1]) * (1 - q)) / temperature

    largest = 1 + np.abs(r[0] - r[1]).max() / temperature
    grid = np.linspace(-largest, largest, 40_001)
    values = excess(grid)
    cells = np.flatnonzero(values[1:] * values[:-1] < 0)
    return np.sort(expit([brentq(excess, grid[k], grid[k + 1], xtol=1e-13) for k in cells]))


@pytest.mark.parametrize("seed", [*range(6), *(pytest.param(k, marks=pytest.mark.long) for k in range(6, 12))])
def test_a_game_of_two_actions_has_the_equilibria_of_a_scan(seed):
    game = random_game((2, 2), seed, ("common-payoff", "general-sum")[seed % 2])
    curves = logit_curves(game, temperatures=(0.02, 2.0), starts=16)
    for temperature in (0.023, 0.11, 0.37, 1.3):
        expected = scanned(game, temperature)
        ours = np.sort(found(game, curves, temperature)[:, 0])
        assert len(ours) == len(expected)
        assert np.abs(ours - expected).max() < 1e-9  # both solve to rounding, over the slope at the root


def by_another_method(game, temperature, starts):
    """The equilibria that MINPACK's hybrid method finds in (hasac Eq. 3) from random policies."""
    rng = np.random.default_rng(7)
    payoffs, rows = game.rewards[0], []
    size = len(payoffs)

    def excess(x):
        p, q = (np.exp(part - part.max()) / np.exp(part - part.max()).sum() for part in (x[:size], x[size:]))
        u, v = payoffs @ q / temperature, p @ payoffs / temperature
        return np.concatenate([x[:size] - u + u.mean(), x[size:] - v + v.mean()])

    for _ in range(starts):
        p, q = rng.dirichlet(np.full(size, 0.5), 2)
        solved = root(excess, np.concatenate([payoffs @ q, p @ payoffs]) / temperature, tol=1e-13)
        if np.abs(solved.fun).max() < 1e-9:
            weights = np.exp(solved.x.reshape(2, -1) - solved.x.reshape(2, -1).max(axis=1, keepdims=True))
            rows.append((weights / weights.sum(axis=1, keepdims=True)).ravel())
    return in_order(np.unique(np.round(rows, 6), axis=0))


@pytest.mark.parametrize(
    ("name", "temperatures"),
    [
        ("hasac", (1, 10, 20)),
        pytest.param("hasac", (2, 5, 15), marks=pytest.mark.long),
        pytest.param("penalty", (4.0, 7.0, 20.0), marks=pytest.mark.long),
        ("climbing", (1.0, 6.0)),
    ],
)
def test_another_root_finder_finds_no_more_and_no_less(name, temperatures):
    game = load(name)
    curves = logit_curves(game, temperatures=(0.9, 40.0), starts=64)
    for temperature in temperatures:
        ours, theirs = found(game, curves, temperature), by_another_method(game, temperature, 150)
        assert ours.shape == theirs.shape
        assert np.abs(ours - theirs).max() < 2e-6  # theirs are rounded to 6 digits


@pytest.mark.parametrize(("num_agents", "num_actions", "expected"), [(2, 2, 3), (2, 3, 7), (2, 4, 15), (3, 2, 3)])
def test_cold_coordination_has_an_equilibrium_on_every_support(num_agents, num_actions, expected):
    """Of identical actions each nonempty set is the support of one Nash equilibrium; with three agents too."""
    game = load(f"pure-coordination(num_agents={num_agents}, num_actions={num_actions})")
    curves = logit_curves(game, temperatures=(0.04, 0.6), starts=32)
    assert len(equilibria(game, curves, 0.05)) == expected


@pytest.mark.parametrize("seed", [0, 2, *(pytest.param(k, marks=pytest.mark.long) for k in (1, 3))])
def test_relabelling_and_permuting_commute_with_the_search(seed):
    game, rng = random_game((2, 3, 2), seed), np.random.default_rng(seed)
    agents = list(permutations(range(3)))[1 + seed]
    actions = [rng.permutation(count) for count in game.num_actions]
    payoffs = [game.rewards[i, 0][np.ix_(*actions)].transpose(agents) for i in agents]
    other = Game.matrix(payoffs)
    options = {"temperatures": (0.05, 2.0), "starts": 32}
    ours, theirs = logit_curves(game, **options), logit_curves(other, **options)
    for temperature in (0.06, 0.2, 1.0):
        renamed = [
            np.concatenate([policy[i][0, actions[i]] for i in agents]) for policy in equilibria(game, ours, temperature)
        ]
        expected = found(other, theirs, temperature)
        assert len(renamed) == len(expected)
        assert np.abs(in_order(np.array(renamed)) - expected).max() < 1e-10  # both are solved to rounding


@pytest.mark.parametrize(("num_actions", "seed"), [((3, 3), 3), ((2, 3, 2), 5), ((4, 3), 1), ((2, 2, 2, 2), 2)])
def test_every_point_is_an_equilibrium_and_neighbours_are_near(num_actions, seed):
    game = random_game(num_actions, seed)
    for curve in logit_curves(game, temperatures=(0.05, 3.0), starts=16, spacing=0.2):
        for k, temperature in enumerate(curve.temperature):
            # the last correction of a point is 1e-8 at most, in log ratios; probabilities move less
            assert gap(game, tuple(own[k] for own in curve.policy), temperature) < 1e-8
        assert np.abs(np.diff(np.log(curve.rationality))).max() < 0.2 + 1e-12  # rounding of geometric steps
        assert max(np.abs(np.diff(own, axis=0)).max() for own in curve.policy) < 0.2


GAMES = [random_game((3, 3), seed) for seed in range(6)] + [random_game((2, 3, 2), seed) for seed in range(3)]


@cache
def traced(game):
    """A range of temperatures and the curves in it, of a game that several tests are about."""
    scale = np.abs(game.rewards).max()
    low, high = 0.05 * scale, 4.0 * scale
    return (low, high), logit_curves(game, temperatures=(low, high), starts=32)


@pytest.mark.parametrize("game", [*GAMES, *map(load, SYMMETRIC), load("hasac")], ids=range(len(GAMES) + 5))
def test_curves_end_where_they_leave_the_range_and_turn_accordingly(game):
    """From hot to cold an even number of times, from cold to cold an odd one, and evenly where a curve closes."""
    (low, high), (principal, *others) = traced(game)
    assert principal.principal
    assert not any(curve.principal for curve in others)
    assert principal.temperature[[0, -1]] == pytest.approx([high, low], rel=1e-12, abs=0)
    assert len(principal.folds) % 2 == 0
    for curve in others:
        ends = curve.temperature[[0, -1]]
        if curve.closed:
            assert ends[0] == ends[1]
        else:
            assert ends == pytest.approx([low, low], rel=1e-12, abs=0)
        assert len(curve.folds) % 2 == (not curve.closed)
        assert len(curve.folds) > 0


@pytest.mark.parametrize("game", GAMES, ids=range(len(GAMES)))
def test_regular_equilibria_are_odd_in_number(game):
    """The index theorem; a miss of one at this temperature is an even number."""
    (low, _), curves = traced(game)
    assert all(len(equilibria(game, curves, times * low)) % 2 == 1 for times in (1.026, 2.34, 14.62))


@pytest.mark.parametrize("seed", [1, 4, 9])
def test_the_principal_branch_is_one_of_them(seed):
    game = random_game((3, 3), seed)
    principal, temperatures = logit_curves(game, temperatures=(0.02, 2.0), starts=8)[0], [1.0, 0.1, 0.03, 0.02]
    solutions = qre_branch(game, temperature=temperatures)
    for temperature, solution in zip(temperatures, solutions, strict=True):
        crossings = found(game, [principal], temperature)
        assert np.abs(crossings - Profile.of(solution.policy).pi_sk[0]).max(axis=1).min() < 1e-9  # both to rounding
    path = solutions[-1].path
    folds = principal.temperature[principal.folds]
    assert folds == pytest.approx(path.temperature[path.folds], rel=1e-9)  # λ is flat at a fold


@cache
def of_hasac():
    """The curves of one game from a cold end to a warm one, and their numbers as they were told."""
    told = []
    return logit_curves(load("hasac"), temperatures=(1.0, 20.0), watch=told.append), told


def test_a_fold_is_where_two_equilibria_meet():
    game, (curves, _) = load("hasac"), of_hasac()
    for curve in curves[1:]:
        (fold,) = curve.temperature[curve.folds]
        assert len(equilibria(game, [curve], fold * (1 - 1e-7))) == 2
        assert len(equilibria(game, [curve], fold * (1 + 1e-7))) == 0


def test_an_equilibrium_at_the_end_of_the_range_counts_once():
    game, (curves, _) = load("hasac"), of_hasac()
    assert [len(equilibria(game, curves, temperature)) for temperature in (1.0, 20.0)] == [7, 1]


def test_closed_curves_are_found_and_closed():
    """Of the penalty game two: loops between forks of one curve, at temperatures 0.5241 and 5.4054."""
    curves = logit_curves(load("penalty"), temperatures=(0.5, 60.0))
    loops = [curve for curve in curves if curve.closed]
    assert len(loops) == 2
    for loop in loops:
        assert all((own[0] == own[-1]).all() for own in loop.policy)
        assert sorted(loop.temperature[loop.folds]) == pytest.approx(
            [0.52407, 5.40543], abs=1e-4
        )  # its forks, as traced


@pytest.mark.parametrize("seed", [*range(3), *(pytest.param(k, marks=pytest.mark.long) for k in (3, 4))])
def test_haspi_returns_to_what_is_stable_and_to_nothing_else(seed):
    game, rng = random_game((3, 4), seed, "common-payoff"), np.random.default_rng(seed)
    curves = logit_curves(game, temperatures=(0.05, 1.0), starts=32)
    for curve in curves:
        for k in rng.integers(len(curve.stable), size=4):
            if np.abs(k - curve.folds).min(initial=99) < 3:
                continue  # too near to singular to return in finite time
            here, temperature = tuple(own[k] for own in curve.policy), float(curve.temperature[k])
            nearby = [own * np.exp(1e-3 * rng.standard_normal(own.shape)) for own in here]
            end = haspi(game, temperature=temperature, initial_policy=[own / own.sum() for own in nearby])
            apart = max(np.abs(a - b).max() for a, b in zip(end.policy, here, strict=True))
            assert (apart < 1e-6) == curve.stable[k]  # a return is to rounding over the gap of eigenvalues


def test_matching_pennies_is_stable_though_its_eigenvalues_are_complex():
    (curve,) = logit_curves(load("matching-pennies"), temperatures=(0.05, 5.0))
    assert curve.stable.all()


def test_all_seeds_find_the_same():
    game = random_game((3, 3), 4)
    ours, theirs = (logit_curves(game, temperatures=(0.02, 2.0), seed=seed) for seed in (0, 1))
    assert len(ours) == len(theirs) == 2
    for temperature in (0.021, 0.3):
        here, there = found(game, ours, temperature), found(game, theirs, temperature)
        assert here.shape == there.shape
        assert np.abs(here - there).max() < 1e-10  # both are solved to rounding


@pytest.mark.parametrize("payoffs", [np.array([1.0, 0.0, 2.0]), np.zeros((2, 2)), np.zeros((1, 1)), [[1.0, 2.0]]])
def test_without_interaction_there_is_one_curve(payoffs):
    game = Game.matrix(np.array(payoffs), common_payoff=True)
    (curve,) = logit_curves(game, temperatures=(0.1, 10.0), starts=8)
    assert curve.principal
    assert len(curve.folds) == 0
    assert curve.stable.all()


LONGER = "penalty", "random-matrix(num_actions=(3, 3), seed=3)"


@pytest.mark.parametrize("name", ["hasac", "chicken", *(pytest.param(name, marks=pytest.mark.long) for name in LONGER)])
def test_over_many_decades_there_are_the_same_folds(name):
    """None is due to rounding; where that would hide a curve it ends, and says so."""
    game = load(name)
    spread = float(np.ptp(game.rewards_isa, axis=(1, 2)).max())
    usual, wide = (
        logit_curves(game, temperatures=temperatures, step_length=0.1, spacing=0.04)
        for temperatures in ((1e-3 * spread, 2 * spread), (1e-30, 1e30))
    )
    for curves in (usual, wide):
        assert all(curve.temperatures == curves[0].temperatures for curve in curves)
    assert wide[0].temperatures == pytest.approx((1e-7 * spread, 1e30), rel=1e-15, abs=0)
    folds = [np.sort(np.concatenate([c.temperature[c.folds] for c in curves])) for curves in (usual, wide)]
    np.testing.assert_allclose(folds[0], folds[1], rtol=1e-7)  # the largest correction of a point is 1e-6
    assert all(len(curve.rationality) < 5_000 for curve in wide)


def test_equilibria_outside_the_range_of_the_curves_are_refused():
    game = load("stag-hunt")
    curves, warmer = (logit_curves(game, temperatures=ends, starts=8) for ends in ((0.1, 1.0), (0.5, 2.0)))
    for within in (0.1, 1.0):
        assert len(equilibria(game, curves, within)) in (1, 3)
    for outside in (0.0999, 1.001, 1e-9, 1e9):
        with pytest.raises(InvalidInput, match=r"^temperature is \S+, expected one from 0\.1 to 1, where curves\[0\]"):
            equilibria(game, curves, outside)
    with pytest.raises(InvalidInput, match=r"from 0\.5 to 2, where curves\[2\]"):
        equilibria(game, [*curves, *warmer], 0.2)
    with pytest.raises(InvalidInput, match=r"^curves are none"):
        equilibria(game, (), 0.2)


def test_the_number_of_curves_is_told():
    curves, told = of_hasac()
    assert told[-1] == len(curves)
    assert told == sorted(told)


def bad(game, message, **parameters):
    return pytest.param(game, parameters, message, id=f"{game!r} {parameters}")


@pytest.mark.parametrize(
    ("game", "parameters", "message"),
    [
        bad(random_stochastic(2, (2, 2)), "2 states", temperatures=(1.0, 2.0)),
        bad(random_matrix((30, 30)), "58 log ratios", temperatures=(1.0, 2.0)),
        bad(random_matrix((2,) * 10), "1,024 joint actions", temperatures=(1.0, 2.0)),
        bad(load("hasac"), r"temperatures\[0\] is 0", temperatures=(0.0, 2.0)),
        bad(load("hasac"), "lowest first", temperatures=(2.0, 1.0)),
        bad(load("hasac"), "two", temperatures=(2.0,)),
        bad(load("hasac"), r"temperatures\[1\] is 1e-10, expected more than 4e-06", temperatures=(1e-20, 1e-10)),
        bad(load("hasac"), "starts", temperatures=(1.0, 2.0), starts=-1),
        bad(load("hasac"), "step_length", temperatures=(1.0, 2.0), step_length=0.0),
        bad(load("hasac"), "spacing", temperatures=(1.0, 2.0), spacing=0.0),
        bad(load("hasac"), "seed", temperatures=(1.0, 2.0), seed=0.5),
    ],
)
def test_bad_input_is_refused(game, parameters, message):
    with pytest.raises(InvalidInput, match=message):
        logit_curves(game, **parameters)
