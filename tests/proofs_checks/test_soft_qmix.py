"""What Soft-QMIX's claims are checked with: the solution of Eq. 9, and the gradients of Eq. 12."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathrl.operators import quantal_response
from mathrl.proofs_checks.soft_qmix.best_product import best_product
from mathrl.proofs_checks.soft_qmix.gradient import critics, parts_of, sides
from mathrl.proofs_checks.strategies import temperatures
from mathrl.softmax import entropy, soft_max
from tests.examples import costly

TABLES = st.tuples(st.integers(0, 2**32 - 1), st.sampled_from([1.0, 5.0, 30.0]), st.integers(2, 3))


@costly
@given(TABLES, temperatures(0.1, 10.0))
def test_no_policy_on_a_fine_grid_is_better_than_the_solution(table, temperature):
    seed, size, others = table
    q = size * np.random.default_rng(seed).normal(size=(2, 2, others))
    first, second = best_product(q, temperature)
    x = np.linspace(-40.0, 40.0, 4001)  # log-odds; beyond, nothing is left in doubles
    grid = np.stack([1 / (1 + np.exp(-x)), 1 / (1 + np.exp(x))], axis=-1)
    tried = soft_max(np.einsum("xa,sab->sxb", grid, q), temperature) + temperature * entropy(grid)
    found = np.einsum("sa,sb,sab->s", first, second, q) + temperature * (entropy(first) + entropy(second))
    assert (tried.max(axis=1) <= found + 1e-9 * (1 + np.abs(found))).all()


@pytest.mark.parametrize("temperature", [0.1, 0.3])
def test_rounding_does_not_choose_between_mirror_images(temperature):
    """Two agents that are paid for doing the same, or for differing, have two solutions where D > 4α."""
    low, high = np.sort(np.random.default_rng(0).normal(size=(2, 500)), axis=0)
    low, high = (x[2 * (high - low) > 4 * temperature * 1.01] for x in (low, high))
    for same, other in ((high, low), (low, high)):
        q = np.stack([np.stack([same, other], axis=-1), np.stack([other, same], axis=-1)], axis=1)
        first, _ = best_product(q, temperature)
        assert (first[:, 0] < 0.5).all()


@costly
@given(TABLES, temperatures(0.5, 10.0))
def test_in_the_solution_each_agent_responds_to_the_other(table, temperature):
    seed, _, others = table
    q = np.random.default_rng(seed).normal(size=(2, 2, others))
    found = best_product(q, temperature)
    for agent in range(2):
        answer = quantal_response(q, found, agent, temperature=temperature)
        assert np.abs(answer - found[agent]).max() <= 1e-8  # a root found by bisection


@costly
@given(critics, st.booleans())
def test_the_printed_sides_are_the_gradients_of_what_is_printed(instance, with_reference):
    """Central differences of the three losses: third derivatives are of the size of the table, over α²."""
    game, q, temperature = instance["game"], instance["q"], instance["temperature"]
    temperature = max(temperature, 1.0)
    reference = instance["reference_distribution"] if with_reference else None
    held = parts_of(game, q, temperature, reference)
    weights = np.ones_like(held.q) if reference is None else reference
    aim = weights * np.exp((held.y - held.y.max()) / temperature)
    aim /= aim.sum(axis=-1, keepdims=True)

    def losses(table):
        now = parts_of(game, table, temperature, reference)
        error, divergence, value = (
            np.sum(held.pi * (now.q - held.y) ** 2),
            np.sum(now.pi * np.log(now.pi / aim)),
            np.sum(held.pi * (now.v[:, None] - held.y) ** 2),
        )
        return error, temperature * divergence + value

    step = 1e-4
    found = np.empty((2, held.q.size))
    for entry in range(held.q.size):
        moved = (step * np.eye(held.q.size)[entry]).reshape(q.shape)
        found[:, entry] = (np.subtract(losses(q + moved), losses(q - moved))) / (2 * step)
    printed = sides(held, temperature)
    size = 1 + np.abs(held.q).max() ** 2 + np.abs(held.y).max() ** 2
    assert np.abs(found[0] - printed.left).max() <= 1e-6 * size
    assert np.abs(found[1] - printed.right).max() <= 1e-6 * size
