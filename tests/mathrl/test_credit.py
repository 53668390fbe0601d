"""IGM, IGI and IGO: zero exactly where the condition holds, by enumeration of the sets and by construction."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mathrl.games import joint_policy, load, marginals
from mathrl.operators import additive_mix, expectation, greedy_policy, igi_gap, igm_gap, igm_set_gap, igo_gap
from mathrl.proofs_checks.strategies import TEMPERATURES, matrix_games, policies, simplex_rows
from mathrl.softmax import boltzmann
from mathrl.solvers import soft_qmix
from mathrl.stage.monotone_projection import monotone_projection
from tests.tolerances import EPS

SHAPES = [(2,), (2, 2), (3, 2), (2, 3, 2)]
LEVELS = st.sampled_from([0.0, 1.0, 2.0])


@st.composite
def pairs(draw):
    """A joint table and individual ones with many ties."""
    shape = draw(st.sampled_from(SHAPES))
    q_tot = draw(arrays(np.float64, (1, *shape), elements=LEVELS))
    return q_tot, [draw(arrays(np.float64, (1, size), elements=LEVELS)) for size in shape]


def maximisers(values):
    return {tuple(index) for index in np.argwhere(values == values.max()).tolist()}


@given(pairs())
def test_igm_by_the_sets_themselves(pair):
    """soft-qmix Definition 3.1, both readings."""
    q_tot, individual = pair
    jointly = maximisers(q_tot[0])
    alone = set(itertools.product(*[[index for (index,) in sorted(maximisers(own[0]))] for own in individual]))
    assert (igm_gap(q_tot, individual)[0] == 0) == (alone <= jointly)
    assert (igm_set_gap(q_tot, individual)[0] == 0) == (alone == jointly)
    assert igm_gap(q_tot, individual)[0] == q_tot.max() - min(q_tot[0][index] for index in alone)
    assert (igm_set_gap(q_tot, individual) >= igm_gap(q_tot, individual)).all()


@given(st.sampled_from(SHAPES), st.integers(0, 2**32))
def test_a_monotone_mixture_satisfies_igm_and_a_strict_one_with_equal_sets(shape, seed):
    """soft-qmix §3.2: monotonicity suffices."""
    rng = np.random.default_rng(seed)
    found = monotone_projection(rng.normal(size=shape))
    ranks = [np.argsort(order)[None].astype(float) for order in found.orders]
    assert igm_gap(found.table[None], ranks)[0] == 0
    individual = [rng.integers(0, 3, (1, size)).astype(float) for size in shape]
    assert igm_set_gap(np.exp(additive_mix(individual)), individual)[0] == 0


def test_monotone_mixing_does_not_imply_equal_sets():
    """soft-qmix §3.2 with ∂Q_tot/∂Q_i = 0, read as an equality of sets: one agent, two actions."""
    assert igm_gap(np.zeros((1, 2)), [np.array([[0.0, 1.0]])])[0] == 0
    assert igm_set_gap(np.zeros((1, 2)), [np.array([[0.0, 1.0]])])[0] == 1


def test_igm_is_weaker_than_monotonicity():
    """soft-qmix §3.2: Table 1 satisfies IGM with its own best action, and is no monotone mixture."""
    q = load("soft-qmix").rewards
    assert igm_set_gap(q, [np.array([[1.0, 0.0, 0.0]])] * 2)[0] == 0
    assert monotone_projection(q[0]).error > 0
    assert igm_gap(q, [np.array([[0.0, 1.0, 1.0]])] * 2)[0] == 8


@given(matrix_games(structure="common-payoff"), st.data())
def test_igi_holds_for_products(game, data):
    """soft-qmix Definition 3.2; another policy of one agent is found by how much its product differs."""
    policy, other = data.draw(policies(game)), data.draw(policies(game))
    joint = joint_policy(policy)
    assert igi_gap(joint, policy)[0] == 0
    assert igi_gap(joint, marginals(joint))[0] <= 64 * EPS  # sums of at most 24 probabilities
    changed = (other[0], *policy[1:])
    expected = np.abs(joint - joint_policy(changed)).max()
    assert abs(igi_gap(joint, changed)[0] - expected) <= 8 * EPS


@given(st.data())
def test_igi_of_two_agents_is_zero_only_where_the_matrix_has_rank_one(data):
    joint = data.draw(simplex_rows((1, 6))).reshape(1, 2, 3)
    minors = [
        joint[0, 0, a] * joint[0, 1, b] - joint[0, 0, b] * joint[0, 1, a]
        for a, b in itertools.combinations(range(3), 2)
    ]
    # π − π_1 π_2 is a sum of at most two minors, and each minor at most twice the largest gap.
    largest = max(map(abs, minors))
    assert largest / 2 - 16 * EPS <= igi_gap(joint, marginals(joint))[0] <= 2 * largest + 16 * EPS


@given(matrix_games(structure="common-payoff"), TEMPERATURES)
def test_igo_holds_for_sums_and_only_for_them(game, temperature):
    """soft-qmix Definition B.2: softmax of a sum is the product of the parts'; q(0, 0) + α more makes it no sum."""
    additive = additive_mix(
        [np.moveaxis(game.rewards, 1 + i, 1).reshape(1, size, -1)[..., 0] for i, size in enumerate(game.num_actions)]
    )
    size = 1 + np.abs(additive).max() / temperature
    optimal = marginals(boltzmann(additive.reshape(1, -1), temperature).reshape(additive.shape))
    assert igo_gap(additive, optimal, temperature=temperature)[0] <= 256 * EPS * size  # rounding of Q/α in exponents
    if game.num_agents > 1 and min(game.num_actions[:2]) > 1:
        flat = np.zeros_like(additive)
        flat[(0,) * flat.ndim] = temperature
        twisted = marginals(boltzmann(flat.reshape(1, -1), temperature).reshape(flat.shape))
        # one of at most 24 probabilities is e times the others, which no product of its marginals can be
        assert igo_gap(flat, twisted, temperature=temperature)[0] > 1e-3


@pytest.mark.parametrize("temperature", [0.1, 1.0, 10.0])
def test_igi_does_not_imply_igo(temperature):
    """soft-qmix Appendix B: every policy of the players is a product, the optimal joint policy is not.

    Two agents, two actions, 1 where they agree: softmax(Q/α) puts e^{1/α} / (2 e^{1/α} + 2) on each agreement.
    """
    q = np.eye(2)[None]
    agree = 1 / (2 + 2 * np.exp(-1 / temperature))
    halves = (np.full((1, 2), 0.5),) * 2
    assert abs(igo_gap(q, halves, temperature=temperature)[0] - (agree - 0.25)) <= 16 * EPS


def test_greedy_execution_takes_the_first_maximiser_and_earns_the_most_where_igm_holds():
    """soft-qmix §5.1: Table 1's optimum is reached greedily from the monotone fit of a policy that plays it."""
    solution = soft_qmix(load("soft-qmix"), temperature=1.0).require()
    greedy = greedy_policy(solution.individual_q)
    assert [rows.tolist() for rows in greedy] == [[[1.0, 0.0, 0.0]]] * 2
    assert expectation(load("soft-qmix").rewards, greedy)[0] == 8
    assert igm_gap(solution.q_tot, solution.individual_q)[0] == 0
    assert greedy_policy([np.array([[1.0, 2.0, 2.0]])])[0].tolist() == [[0.0, 1.0, 0.0]]
