"""IGM, IGI and IGO: zero exactly where the condition holds, by enumeration of the sets and by construction."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mathrl.games import joint_policy, load
from mathrl.operators import additive_mix, igi_gap, igm_gap, igm_set_gap, igo_gap
from mathrl.programs.monotone_projection import monotone_projection
from mathrl.proofs_checks.strategies import TEMPERATURES, matrix_games, policies, simplex_rows

EPS = float(np.finfo(np.float64).eps)
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
    """soft-qmix Definition 3.2; the marginals are the policies."""
    joint = joint_policy(data.draw(policies(game)))
    assert igi_gap(joint)[0] <= 64 * EPS  # sums of at most 24 probabilities, whose rows sum to 1 within a few EPS


@given(st.data())
def test_igi_of_two_agents_is_zero_only_where_the_matrix_has_rank_one(data):
    joint = data.draw(simplex_rows((1, 6))).reshape(1, 2, 3)
    minors = [
        joint[0, 0, a] * joint[0, 1, b] - joint[0, 0, b] * joint[0, 1, a]
        for a, b in itertools.combinations(range(3), 2)
    ]
    # π − π_1 π_2 is a sum of at most two minors, and each minor at most twice the largest gap.
    largest = max(map(abs, minors))
    assert largest / 2 - 16 * EPS <= igi_gap(joint)[0] <= 2 * largest + 16 * EPS


@given(matrix_games(structure="common-payoff"), TEMPERATURES)
def test_igo_holds_for_sums_and_only_for_them(game, temperature):
    """soft-qmix Definition B.2: softmax of a sum is a product; the twist q(0, 0) + 1 is no sum."""
    additive = additive_mix(
        [np.moveaxis(game.rewards, 1 + i, 1).reshape(1, size, -1)[..., 0] for i, size in enumerate(game.num_actions)]
    )
    size = 1 + np.abs(additive).max() / temperature
    assert igo_gap(additive, temperature=temperature)[0] <= 256 * EPS * size  # rounding of Q / α in exponents


@pytest.mark.parametrize("temperature", [0.1, 1.0, 10.0])
def test_igi_does_not_imply_igo(temperature):
    """soft-qmix Appendix B: every policy of the players is a product, the optimal joint policy is not.

    Two agents, two actions, 1 where they agree: softmax(Q/α) puts e^{1/α} / (2 e^{1/α} + 2) on each agreement.
    """
    q = np.eye(2)[None]
    agree = 1 / (2 + 2 * np.exp(-1 / temperature))
    assert abs(igo_gap(q, temperature=temperature)[0] - (agree - 0.25)) <= 16 * EPS  # marginals are 1/2
