"""Orbits of actions: against all relabellings of small games, in games of known symmetry, and along the branch."""

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.families import payoffs as of_family
from mathrl import batch
from mathrl.equilibria.matrix.symmetry import orbits
from mathrl.games import Game
from mathrl.solvers import qre_branch


def found(r):
    """The orbits of payoffs (m, A_1, …, A_n) as the compiled search finds them: per action its first one."""
    sizes = r.shape[1:]
    K = sum(sizes)
    orbit_k = np.empty(K, np.int64)
    ends = np.array([0, *np.cumsum(sizes)])
    any_found = orbits(r.reshape(len(r), -1), ends, np.empty(K), np.empty((6, K), np.int64), orbit_k)
    assert bool(any_found) == (orbit_k.tolist() != list(range(K)))
    return orbit_k.tolist()


def by_definition(r):
    """The orbits by all relabellings of agents and actions."""
    sizes, common = r.shape[1:], len(r) < r.ndim - 1
    n, ends = len(sizes), [0, *np.cumsum(sizes)]
    orbit = np.arange(ends[-1])
    for agents in permutations(range(n)):
        if any(sizes[i] != sizes[agents[i]] for i in range(n)):
            continue
        for actions in product(*(permutations(range(size)) for size in sizes)):

            def renamed(a, agents=agents, actions=actions):
                b = [0] * n
                for i in range(n):
                    b[agents[i]] = actions[i][a[i]]
                return tuple(b)

            pairs = [(0, 0)] if common else [(i, agents[i]) for i in range(n)]
            if all(r[i][a] == r[j][renamed(a)] for i, j in pairs for a in np.ndindex(*sizes)):
                for i in range(n):
                    for a in range(sizes[i]):
                        low, high = sorted((orbit[ends[i] + a], orbit[ends[agents[i]] + actions[i][a]]))
                        orbit[orbit == high] = low
    return orbit.tolist()


def drawn(num_actions, rows, seed, values):
    return np.random.default_rng(seed).integers(0, values, (rows, *num_actions)).astype(float)


@given(
    st.sampled_from([(2,), (2, 2), (3, 3), (2, 3), (2, 2, 2)]),
    st.booleans(),
    st.integers(0, 2**32 - 1),
    st.sampled_from([2, 3, 9]),
)
def test_what_is_found_are_symmetries(num_actions, common, seed, values):
    """Each orbit lies in one of the definition; the search, which does not go back, finds nearly all."""
    r = drawn(num_actions, 1 if common else len(num_actions), seed, values)
    true = by_definition(r)
    assert all(true[k] == true[first] for k, first in enumerate(found(r)))


def with_a_symmetry(num_actions, seed):
    """Few different payoffs, made the same under some relabelling."""
    rng, n = np.random.default_rng(seed), len(num_actions)
    r, agents = rng.integers(0, 4, (n, *num_actions)), rng.permutation(n)
    actions = [rng.permutation(size) for size in num_actions]
    for _ in range(12):  # 12 is a multiple of the order of each relabelling here
        renamed = r[:, *np.ix_(*actions)].transpose(0, *(1 + agents))[agents]
        r = np.minimum(r, renamed)
    return r.astype(float)


def test_nearly_all_symmetries_are_found():
    """The search does not go back where it has guessed wrongly."""
    games = [with_a_symmetry(num_actions, seed) for num_actions in ((2, 2, 2), (3, 3)) for seed in range(100)]
    expected = [by_definition(r) for r in games]
    assert sum(orbit != list(range(len(orbit))) for orbit in expected) >= 150
    assert sum(found(r) != orbit for r, orbit in zip(games, expected, strict=True)) <= 2


@pytest.mark.parametrize("swapped", [(0, 1), (0, 2), (1, 2)])
def test_two_of_three_agents(swapped):
    """Three agents with payoffs of their own, made the same under one exchange."""
    i, j = swapped
    r = np.random.default_rng(0).standard_normal((3, 2, 2, 2))
    names = [0, 1, 2]
    names[i], names[j] = j, i
    r = r + r[names].swapaxes(1 + i, 1 + j)
    orbit = list(range(6))
    orbit[2 * j : 2 * j + 2] = 2 * i, 2 * i + 1
    assert found(r) == orbit


def ring(agents, actions, seed=0):
    """Each agent's payoff depends on its own action, its neighbour's before it, and that after it."""
    p, index = np.random.default_rng(seed).standard_normal((actions,) * 3), np.indices((actions,) * agents)
    return np.array([p[index[k], index[(k + 1) % agents], index[k - 1]] for k in range(agents)])


@pytest.mark.parametrize(
    ("r", "orbit"),
    [
        (np.eye(3)[None], [0] * 6),
        (np.array([[[1.0, -1], [-1, 1]], [[-1, 1], [1, -1]]]), [0] * 4),
        (np.array([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]])[None] * np.array([1, -1])[:, None, None], [0] * 6),
        (ring(3, 3), [0, 1, 2] * 3),
        (ring(4, 2), [0, 1] * 4),
        (of_family("circulant", (5, 5), 1, 0.0, np.random.default_rng(0))[0], [0] * 5 + [5] * 5),
        (of_family("circulant", (3, 3, 3), 1, 0.0, np.random.default_rng(0))[0], [0] * 3 + [3] * 3 + [6] * 3),
        (of_family("circulant-common", (4, 4), 1, 0.0, np.random.default_rng(0))[0][:1], [0] * 8),
        (of_family("coordination", (2,) * 4, 1, 0.0, np.random.default_rng(0))[0], [0] * 8),
        (of_family("symmetric", (2,) * 5, 1, 0.0, np.random.default_rng(0))[0], [0, 1] * 5),
        (np.zeros((2, 2, 3)), [0, 0, 2, 2, 2]),
    ],
    ids=lambda given: str(given.shape) if isinstance(given, np.ndarray) else "",
)
def test_known_symmetries(r, orbit):
    assert found(r) == orbit


def test_generic_games_have_none():
    for seed in range(100):
        rng = np.random.default_rng(seed)
        for shape in ((2, 3, 3), (1, 3, 3), (3, 2, 2, 2), (1, 2, 2, 2)):
            orbit = found(rng.standard_normal(shape))
            assert orbit == list(range(len(orbit)))


@pytest.mark.parametrize("r", [ring(3, 3), ring(4, 2), ring(5, 2)], ids=lambda r: str(r.shape))
def test_what_is_alike_is_played_alike(r):
    """Bit for bit along the path: beside a fork, rounding errors would grow."""
    solution = qre_branch(Game.matrix(list(4 * r)), temperature=0.05)
    path = solution.path
    assert all(np.array_equal(own, path.policy[0]) for own in path.policy)
    assert solution.converged


@pytest.mark.parametrize("family", ["circulant", "coordination"])
@pytest.mark.parametrize("num_actions", [(3, 3), (4, 4), (3, 3, 3), (2,) * 4])
def test_games_without_a_preferred_action_stay_uniform(family, num_actions):
    r = of_family(family, num_actions, 20, 0.0, np.random.default_rng(0))
    answers = batch.qre_branch(r, temperature=0.01)
    assert answers.converged.all()
    assert all(np.abs(own - 1 / own.shape[-1]).max() <= 1e-15 for own in answers.policy)  # softmax of zeros
