"""The range of rationalities with one equilibrium: the theorem's constants against brute force, and the theorem."""

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.batch import qre, qre_branch
from mathrl.equilibria.matrix.uniqueness import lipschitz_constant
from mathrl.games import Game, load, random_stochastic
from mathrl.proofs_checks.strategies import matrix_games
from tests.examples import costly

SIZES = st.sampled_from([(2, 2), (1, 3), (3, 4), (2, 2, 2), (3, 1, 2), (2, 3, 2), (2, 2, 2, 2)])
SEEDS = st.integers(0, 2**32 - 1)
ROUNDING = 2e-12  # the constant is rounded up by 1e-12


def normal(num_actions, seed):
    return list(np.random.default_rng(seed).standard_normal((len(num_actions), *num_actions)))


def double_differences(game):
    """D of (1) in `mathrl.equilibria.matrix.uniqueness`, word by word."""
    n = game.num_agents
    D = np.zeros((n, n))
    actions = [range(size) for size in game.num_actions]
    for i, j in permutations(range(n), 2):
        r = game.rewards_isa[0 if game.common_payoff else i, 0].reshape(game.num_actions)
        for a in product(*actions):
            for other_i, other_j in product(actions[i], actions[j]):

                def at(own, others, a=a, i=i, j=j, r=r):
                    b = list(a)
                    b[i], b[j] = own, others
                    return r[tuple(b)]

                D[i, j] = max(
                    D[i, j],
                    abs(at(a[i], a[j]) - at(other_i, a[j]) - at(a[i], other_j) + at(other_i, other_j)),
                )
    return D


@costly
@given(matrix_games(min_agents=1, max_agents=3, max_actions=3))
def test_the_constant_is_an_upper_bound_of_the_spectral_radius_by_brute_force(game):
    D = double_differences(game)
    radius = np.abs(np.linalg.eigvals(D)).max()
    # the eigenvalues of a nilpotent matrix come out as large as the cube root of rounding
    assert 4 * lipschitz_constant(game) >= radius - 1e-4 * D.max()
    assert 4 * lipschitz_constant(game) <= max(D.sum(axis=1)) * (1 + ROUNDING)  # Collatz's bound from w = 1


@given(SIZES, SEEDS)
def test_the_bound_is_near_the_radius_of_a_positive_matrix(num_actions, seed):
    game = Game.matrix(normal(num_actions, seed))
    radius = np.abs(np.linalg.eigvals(double_differences(game))).max()
    assert radius * (1 - 1e-7) <= 4 * lipschitz_constant(game) <= 1.05 * radius + 1e-12


@given(st.tuples(st.integers(1, 4), st.integers(1, 4)), SEEDS)
def test_of_two_agents_it_is_the_geometric_mean(num_actions, seed):
    """Rationality² D_12 D_21 < 16."""
    game = Game.matrix(normal(num_actions, seed))
    D = double_differences(game)
    assert lipschitz_constant(game) == pytest.approx(np.sqrt(D[0, 1] * D[1, 0]) / 4, rel=ROUNDING)


@given(SIZES, SEEDS, st.data())
def test_it_does_not_depend_on_names_nor_on_what_others_decide(num_actions, seed, data):
    payoffs = np.stack(normal(num_actions, seed))
    expected = lipschitz_constant(Game.matrix(list(payoffs)))
    for i, size in enumerate(num_actions):
        payoffs = np.take(payoffs, data.draw(st.permutations(range(size))), axis=1 + i)
    assert lipschitz_constant(Game.matrix(list(payoffs))) == pytest.approx(expected, rel=ROUNDING)
    payoffs[0] += np.random.default_rng(seed).standard_normal((1, *num_actions[1:]))
    assert lipschitz_constant(Game.matrix(list(payoffs))) == pytest.approx(expected, rel=1e-10)  # payoffs are rounded
    assert lipschitz_constant(Game.matrix(list(8 * payoffs))) == pytest.approx(8 * expected, rel=1e-10)
    agents = data.draw(st.permutations(range(len(num_actions))))
    relabelled = payoffs[agents].transpose(0, *(1 + i for i in agents))
    # more than two agents: the power method stops at another step where sums round otherwise
    assert lipschitz_constant(Game.matrix(list(relabelled))) == pytest.approx(expected, rel=1e-2)


def soft_max(x):
    weights = np.exp(x - x.max())
    return weights / weights.sum()


def own_payoffs(payoffs, policy):
    """u^i(a) for all agents, of payoffs (n, A_1, …, A_n)."""
    found = []
    for i, r in enumerate(payoffs):
        for j in reversed(range(len(policy))):
            r = r if j == i else np.tensordot(r, policy[j], (j, 0))
        found.append(r)
    return found


@given(SIZES, SEEDS, st.sampled_from([1e-3, 1.0, 10.0]))
def test_responses_are_lipschitz_with_this_constant(num_actions, seed, size):
    """In the norm max_i |x^i| / w_i of the proof, w the Perron vector of D."""
    rng = np.random.default_rng(seed)
    payoffs = normal(num_actions, seed)
    D = double_differences(Game.matrix(payoffs)) + 1e-9  # irreducible: every entry is positive
    values, vectors = np.linalg.eig(D)
    w = np.abs(vectors[:, np.abs(values).argmax()].real)
    constant = np.abs(values).max() / 4

    def norm(spreads):
        return max(np.ptp(x) / share for x, share in zip(spreads, w, strict=True))

    x = [rng.standard_normal(size_i) for size_i in num_actions]
    y = [own + size * rng.standard_normal(len(own)) for own in x]
    before, after = (own_payoffs(payoffs, [soft_max(own) for own in point]) for point in (x, y))
    moved = norm([b - a for a, b in zip(before, after, strict=True)])
    assert moved <= constant * norm([b - a for a, b in zip(x, y, strict=True)]) * (1 + 1e-9) + 1e-12


def test_the_constant_is_attained_near_the_uniform_policy():
    """Agreement pays 1: a change of log ratios by 2h at the uniform policy moves payoffs by h, at rate 1/2."""
    step = 1e-4
    u = own_payoffs([np.eye(2), np.eye(2)], [soft_max(np.array([step, -step]))] * 2)[0]
    assert np.ptp(u) / (2 * step) == pytest.approx(0.5, rel=1e-7)  # beyond step² / 3
    assert lipschitz_constant(Game.matrix(np.eye(2))) == pytest.approx(0.5, rel=ROUNDING)


def test_the_bound_is_sharp_for_agreement():
    """Beyond rationality 2 there are equilibria other than the uniform one, up to it there are none."""
    eye = np.eye(2)[None, None]
    start = [[0.9, 0.1]] * 2
    beyond = qre(eye, temperature=1 / 2.02, initial_policy=start)
    within = qre(eye, temperature=1 / 1.98, initial_policy=start)
    assert beyond.converged.all()
    assert within.converged.all()
    assert beyond.policy[0][0, 0, 0] > 0.55
    assert within.policy[0][0, 0, 0] == pytest.approx(0.5, abs=1e-10)
    assert qre_branch(eye, temperature=1 / 1.98).road[0] == "unique"
    assert qre_branch(eye, temperature=1 / 2.02).road[0] == "traced"


@costly
@given(SIZES, SEEDS)
def test_below_the_bound_every_start_ends_at_the_same_equilibrium(num_actions, seed):
    payoffs = np.stack(normal(num_actions, seed))
    constant = max(lipschitz_constant(Game.matrix(list(payoffs))), 1e-3)
    many = np.broadcast_to(payoffs, (20, *payoffs.shape))
    rng = np.random.default_rng(seed)
    first = [rng.dirichlet(np.full(size, 0.3), 20) for size in num_actions]
    found = qre(many, temperature=constant / 0.99, initial_policy=first)
    assert found.converged.all()
    for rows in found.policy:
        assert np.ptp(rows, axis=0).max() <= 1e-9  # 100 floors of residual, over 1 − 0.99, and that again to spare


def test_games_without_interaction_have_no_bound():
    assert lipschitz_constant(Game.matrix(np.array([3.0, 1.0, 2.0]))) == 0
    assert lipschitz_constant(Game.matrix(np.add.outer([1.0, 5.0], [2.0, 0.0, 1.0]))) <= 1e-15
    one_way = [np.arange(6.0).reshape(2, 3) ** 2, np.zeros((2, 3))]
    assert lipschitz_constant(Game.matrix(one_way)) == 0
    assert lipschitz_constant(load("prisoners-dilemma")) == pytest.approx(0.25, rel=ROUNDING)  # 3 − 5 − 0 + 1 = −1


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r"game has 3 states and discount 0\.9, expected a matrix game"):
        lipschitz_constant(random_stochastic(3, (2, 2), discount=0.9, seed=0))
    with pytest.raises(ValueError, match="game"):
        lipschitz_constant(np.eye(2))
