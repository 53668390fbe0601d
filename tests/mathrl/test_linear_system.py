"""The resolvent on every road it may take: LU, Krylov, banded factor, sweeps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from mathrl.proofs_checks.strategies import simplex_rows
from mathrl.values import linear_system as linear
from mathrl.values.linear_system import resolvent
from tests.tolerances import EPS

DISCOUNTS = st.sampled_from([0.5, 0.9, 0.99, 0.9999])


def ring(size):
    """One step to the left or right: a band once the ring is folded."""
    return (np.roll(np.eye(size), 1, axis=1) + np.roll(np.eye(size), -1, axis=1)) / 2


def cycle(size):
    """A periodic permutation: all eigenvalues on the unit circle, the worst case for Krylov methods."""
    return np.roll(np.eye(size), 1, axis=1)


def absorbing(size):
    """A walk to the right that ends in the last state."""
    P = np.roll(np.eye(size), 1, axis=1) * 0.9 + np.eye(size) * 0.1
    P[-1] = np.eye(size)[-1]
    return P


def nearly_reducible(size):
    """Two halves that hardly ever meet."""
    rng = np.random.default_rng(size)
    P, half = np.zeros((size, size)), size // 2
    P[:half, :half], P[half:, half:] = 1 / half, rng.dirichlet(np.ones(size - half), size=size - half)
    P[0] = (1 - 1e-8) * P[0] + 1e-8 * np.eye(size)[-1]
    return P


def shuffled(size):
    """A random permutation: no band, several cycles."""
    return np.eye(size)[np.random.default_rng(size).permutation(size)]


def few(size):
    """Three random successors each."""
    rng = np.random.default_rng(size)
    P = np.zeros((size, size))
    for row in P:
        row[rng.choice(size, 3, replace=False)] = rng.dirichlet(np.ones(3))
    return P


def full(size):
    return np.random.default_rng(size).dirichlet(np.ones(size), size=size)


CHAINS = [ring, cycle, absorbing, nearly_reducible, shuffled, few, full, np.eye]


def check(P, discount, x, b, target=0.0):
    """The defect is at the rounding floor or the target; with it, the error is within defect / (1 − discount)."""
    dense = P if isinstance(P, np.ndarray) else P.toarray()
    # 32 floors is what the module calls rounding; the defect here is summed by BLAS, so one more of its own
    floor = 2 * EPS * (np.abs(b).max() + 2 * np.abs(x).max())
    allowed = max(target, 32 * floor) + floor
    assert np.abs(b + discount * dense @ x - x).max() <= allowed
    exact = np.linalg.solve(np.eye(len(b)) - discount * dense, b)
    assert np.abs(x - exact).max() <= (allowed + 32 * floor) / (1 - discount)


@given(st.data(), st.integers(1, 6), DISCOUNTS, st.booleans())
def test_small_chains(data, size, discount, sparse):
    P = data.draw(simplex_rows((size, size)))
    b = np.array(data.draw(st.lists(st.floats(-20, 20), min_size=size, max_size=size)))
    P = csr_array(P) if sparse else P
    check(P, discount, resolvent(P, discount)(b), b)


@pytest.mark.parametrize("chain", CHAINS, ids=lambda chain: chain.__name__)
@pytest.mark.parametrize("discount", [0.5, pytest.param(0.99, marks=pytest.mark.long), 0.9999])
@pytest.mark.parametrize("size", [64, 300])
@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
def test_structured_chains_on_both_sides_of_the_small_size(chain, discount, size, sparse):
    P = csr_array(chain(size)) if sparse else chain(size)
    solve, rng = resolvent(P, discount), np.random.default_rng(0)
    for b in (rng.normal(size=size), np.eye(size)[0], np.ones(size)):  # the second time a fallback is at hand
        check(P, discount, solve(b), b)


@pytest.mark.parametrize("chain", CHAINS, ids=lambda chain: chain.__name__)
@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
@pytest.mark.parametrize("road", ["krylov", "factor", "sweeps"])
def test_every_road_ends_at_the_same_place(monkeypatch, chain, sparse, road):
    taken = []
    for name in ("_factored", "_swept"):
        original = getattr(linear, name)
        monkeypatch.setattr(linear, name, lambda *a, name=name, original=original: taken.append(name) or original(*a))
    monkeypatch.setattr(linear, "_DENSE_STATES", 0)
    discount, size = 0.99, 40
    if road != "krylov":
        monkeypatch.setattr("scipy.sparse.linalg.bicgstab", lambda system, b, **_: (np.zeros_like(b), 1))
    if road == "sweeps":
        monkeypatch.setattr(linear, "_FACTOR_ENTRIES", 0)
    P = csr_array(chain(size)) if sparse else chain(size)
    b = np.random.default_rng(1).normal(size=size)
    solve = resolvent(P, discount)
    check(P, discount, solve(b), b)
    check(P, discount, solve(-b, guess=b), -b)
    if road != "krylov":
        assert taken == ["_factored" if road == "factor" else "_swept"]


def test_sweeps_end_at_a_discount_near_one(monkeypatch):
    monkeypatch.setattr(linear, "_FACTOR_ENTRIES", 0)
    monkeypatch.setattr("scipy.sparse.linalg.bicgstab", lambda system, b, **_: (np.zeros_like(b), 1))
    P, b = csr_array(few(30)), np.random.default_rng(1).normal(size=30)
    check(P, 0.999, resolvent(P, 0.999)(b), b)


@pytest.mark.parametrize("size", [20, 300])
@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
@pytest.mark.parametrize("target", [1e-1, 1e-4, 1e-8])
def test_the_target_is_respected(size, sparse, target):
    P = csr_array(few(size)) if sparse else few(size)
    b = np.random.default_rng(2).normal(size=size)
    check(P, 0.999, resolvent(P, 0.999)(b, target=target), b, target)


def test_a_loose_target_saves_work(monkeypatch):
    sweeps = []
    original = linear.sweep
    monkeypatch.setattr(linear, "sweep", lambda *a: sweeps.append(1) or original(*a))
    P, b = few(300), np.random.default_rng(2).normal(size=300)
    counts = []
    for target in (1e-2, 0.0):
        sweeps.clear()
        resolvent(P, 0.99)(b, target=target)
        counts.append(len(sweeps))
    assert counts[0] < counts[1]


@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
def test_the_right_guess_is_returned_at_once(sparse):
    P = csr_array(few(300)) if sparse else few(300)
    b = np.random.default_rng(2).normal(size=300)
    solve = resolvent(P, 0.9)
    x = solve(b)
    assert solve(b, guess=x) is x


def test_inputs_are_not_written_to():
    P, b, guess = few(300), np.ones(300), np.zeros(300)
    for array in (P, b, guess):
        array.flags.writeable = False
    resolvent(P, 0.9)(b, guess)
    resolvent(P[:1, :1] * 0 + 1, 0.9)(b[:1], guess[:1])
    assert not resolvent(P, 0.9)(np.zeros(300)).any()


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("size", [10, 400])
def test_a_large_value_elsewhere_takes_no_digits(size, sparse):
    """On each road: the last state alone is worth 1e14 and more, and no other state leads there."""
    P = np.zeros((size + 1, size + 1))
    P[:-1, :-1], P[-1, -1] = few(size), 1.0
    b = np.append(np.linspace(0.1, 1, size), 1e14)
    held = csr_array(P) if sparse else P
    x = resolvent(held, 0.9)(b)
    alone = np.linalg.solve(np.eye(size) - 0.9 * P[:-1, :-1], b[:-1])
    # 32 floors 2 EPS (|b| + 2 |x|) of these states over 1 − 0.9, and as much for what they are compared with
    np.testing.assert_allclose(x[:-1], alone, rtol=0, atol=10 * 2 * 32 * 6 * EPS * np.abs(alone).max())


@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
@pytest.mark.parametrize("power", [-200, -60, 60])
def test_the_unit_changes_neither_digits_nor_work(monkeypatch, sparse, power):
    P = csr_array(full(400)) if sparse else full(400)
    b, sweeps, found = np.random.default_rng(3).normal(size=400), [], []
    sweep = linear.sweep
    monkeypatch.setattr(linear, "sweep", lambda *arguments: sweeps.append(0) or sweep(*arguments))
    for unit in (0, power):
        sweeps.clear()
        found.append((np.ldexp(resolvent(P, 0.95)(np.ldexp(b, unit)), -unit), len(sweeps)))
    (plain, few_sweeps), (other, other_sweeps) = found
    np.testing.assert_array_equal(plain, other)
    assert few_sweeps == other_sweeps
