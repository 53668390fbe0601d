"""Discounted linear systems x = b + γ P x, with P a stochastic matrix: the resolvent (I − γ P)^{-1}.

Small systems are factored by LAPACK. Others are given to BiCGSTAB, which is restarted on its own defect until that is
rounding. Where BiCGSTAB stalls, the system is factored if the factor takes less than 1 GiB (a sparse one: if the band
after reordering lets one expect so). If it would take more, x ← b + γ P x is repeated, which always converges.

Each way ends at the `target`, or with a defect d = b + γ P x − x within a few rounding floors (at most 32 where it
falls no further), on the whole and state by state:

    ‖d‖∞ ≤ 2 eps (‖b‖∞ + 2 ‖x‖∞),   |d(s)| ≤ 32 · 2 eps (|b(s)| + |x(s)| + γ Σ_t P(t|s) |x(t)|)       (1)

The second holds a state of small values to its own digits, whatever larger ones there are elsewhere.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

from mathrl import kernels
from mathrl.base.checks import FloatArray

__all__ = ["Resolvent", "one_thread", "resolvent", "sweep"]

Resolvent = Callable[..., FloatArray]
"""`solve(b, guess=None, target=0.0)` returns an x with ‖b + γ P x − x‖∞ ≤ target, or one that is exact to rounding."""

_Excess = Callable[[Any, float, FloatArray, FloatArray, FloatArray, float], float]
"""How many times the defect of x is what rounding or the target allows; of P, γ, b, x, the defect and the target."""

_DENSE_STATES = 256
"""Up to so many states, a dense factor costs less than the overhead of BiCGSTAB, also for a sparse P."""

_EPS = float(np.finfo(np.float64).eps)

_TINY = float(np.finfo(np.float64).tiny)
"""Added to floors, as denormal numbers have no relative precision."""

_FACTOR_ENTRIES = 2**27
"""How many entries a factor may have: 1 GiB."""

_FACTOR_PRODUCTS = 10**11
"""How many products (states times squared bandwidth) a sparse factor may cost: about a minute."""

_STALLED_FLOORS = 32
"""A defect is accepted as rounding within so many floors: that of one state, or the largest that falls no further."""

_MOST_CORRECTIONS = 12
"""How often a solution is corrected by the solution for its defect, at most."""

_MOST_KRYLOV_STEPS = 200
"""Steps of BiCGSTAB between two looks at the true defect, at most, for a sparse P."""


@contextmanager
def one_thread() -> Iterator[None]:
    """Limit BLAS to one thread inside the block or the decorated function, so that no result depends on the number.

    Inside another such block it costs next to nothing. To limit takes longer than to solve a small system.
    """
    if all(library.num_threads == 1 for library in _blas().lib_controllers):
        yield
    else:
        with _blas().limit(limits=1):
            yield


@cache
def _blas() -> ThreadpoolController:
    """All BLAS libraries, found once: to look for them takes a millisecond."""
    import scipy.linalg  # noqa: F401  scipy brings one of its own

    return ThreadpoolController().select(user_api="blas")


def resolvent(P: Any, discount: float) -> Resolvent:
    """Prepare to solve x = b + γ P x for several b.

    `P`         a stochastic matrix (S, S), dense or scipy CSR
    `discount`  γ, in (−1, 1)

    Returns a function `solve(b, guess=None, target=0.0)` of b (S,) that returns x (S,); see `Resolvent`.

    >>> solve = resolvent(np.eye(1), 0.5)
    >>> solve(np.ones(1))
    array([2.])
    """
    if P.shape[0] <= _DENSE_STATES:
        P = P if isinstance(P, np.ndarray) else P.toarray()
        return _refined(P, discount, _factored(P, discount))
    return _krylov_first(P, discount)


def sweep(P: Any, discount: float, b: FloatArray, x: FloatArray) -> FloatArray:
    """Return b + γ P x, (S,): one step of the iteration that solves x = b + γ P x."""
    if not isinstance(P, np.ndarray):
        return np.asarray(b + discount * (P @ x))
    out = np.empty_like(b)
    kernels.backup(x[None], b[None], P, discount, out[None])
    return out


def _defect(P: Any, discount: float, b: FloatArray, x: FloatArray) -> FloatArray:
    """By how much x misses the system: b + γ P x − x."""
    return sweep(P, discount, b, x) - x


def _floor(b: FloatArray, x: FloatArray) -> float:
    """The size of the defect that rounding alone leaves."""
    return 2 * _EPS * float(np.abs(b).max() + 2 * np.abs(x).max())


def _on_the_whole(P: Any, discount: float, b: FloatArray, x: FloatArray, defect: FloatArray, target: float) -> float:
    """How many times the largest defect is what (1) or the target allows."""
    return float(np.abs(defect).max() / max(target, _floor(b, x), _TINY))


def _by_states(P: Any, discount: float, b: FloatArray, x: FloatArray, defect: FloatArray, target: float) -> float:
    """The same of the states' own defects: at least, and exactly where it is above 1.

    The least |x|, then |x − b| in the place of γ Σ P |x|, which is no less but for the defect, are tried first: they
    take no product with P.
    """
    floors, size = _STALLED_FLOORS * 2 * _EPS, np.abs(x)
    missed = np.abs(defect)
    if float(missed.max()) <= max(target, floors * float(size.min())):
        return 0.0
    size += np.abs(b)
    excess = float((missed / (floors * (size + np.abs(x - b)) + _TINY)).max())
    if excess <= 1:
        return excess
    size += sweep(P, discount, np.zeros_like(b), np.abs(x))
    return float((missed / (floors * size + _TINY)).max())


def _is_solved(P: Any, discount: float, b: FloatArray, x: FloatArray, defect: FloatArray, target: float) -> bool:
    """Whether the defect is as small as (1) or the target asks for."""
    if float(np.abs(defect).max()) <= target:
        return True
    return all(excess(P, discount, b, x, defect, target) <= 1 for excess in (_on_the_whole, _by_states))


def _factored(P: Any, discount: float) -> Callable[[FloatArray], FloatArray]:
    """b ↦ (I − γ P)^{-1} b by an LU factor."""
    if isinstance(P, np.ndarray):
        # What lu_factor and lu_solve call: for few states, all that these ask before takes several times longer.
        from scipy.linalg.lapack import dgetrf, dgetrs

        with one_thread():
            factor, pivots, _ = dgetrf((np.eye(len(P)) - discount * P).T, overwrite_a=True)

        def direct(b: FloatArray) -> FloatArray:
            with one_thread():
                return np.asarray(dgetrs(factor, pivots, b, trans=1)[0])

        return direct
    from scipy.sparse import eye_array
    from scipy.sparse.linalg import splu

    return splu((eye_array(P.shape[0]) - discount * P).tocsc()).solve


def _factor_is_cheap(P: Any) -> bool:
    """Whether an LU factor fits; for sparse P by its band after the reverse Cuthill-McKee ordering."""
    num_states = P.shape[0]
    if isinstance(P, np.ndarray):
        return bool(num_states**2 <= _FACTOR_ENTRIES)
    from scipy.sparse.csgraph import reverse_cuthill_mckee

    place = np.argsort(reverse_cuthill_mckee(P))
    rows = np.repeat(np.arange(num_states), np.diff(P.indptr))
    band = int(np.abs(place[rows] - place[P.indices]).max(initial=0)) + 1
    return bool(num_states * 3 * band <= _FACTOR_ENTRIES and num_states * band**2 <= _FACTOR_PRODUCTS)


def _refined(P: Any, discount: float, direct: Callable[[FloatArray], FloatArray]) -> Resolvent:
    """The resolvent from a direct method, whose error is taken off again until the defect is rounding."""

    def solve(b: FloatArray, guess: FloatArray | None = None, target: float = 0.0) -> FloatArray:
        x = direct(b)
        for _ in range(_MOST_CORRECTIONS):
            defect = _defect(P, discount, b, x)
            if _is_solved(P, discount, b, x, defect, target):
                break
            x = x + direct(defect)
        return x

    return solve


def _krylov_first(P: Any, discount: float) -> Resolvent:
    """The resolvent by BiCGSTAB, and by a direct method or by sweeps once that has stalled."""
    from scipy.sparse.linalg import LinearOperator, bicgstab

    zero = np.zeros(P.shape[0])
    system = LinearOperator(P.shape, matvec=lambda x: x - sweep(P, discount, zero, x.ravel()), dtype=np.float64)
    # A dense factor costs about S / 20 Krylov steps: try half as many.
    steps = max(20, P.shape[0] // 40) if isinstance(P, np.ndarray) else _MOST_KRYLOV_STEPS
    fallback: list[Resolvent] = []

    def lowered(excess: _Excess, b: FloatArray, x: FloatArray, defect: FloatArray, target: float) -> list[FloatArray]:
        """x and its defect after corrections that halve the excess or better, until it is at most 1."""
        for _ in range(_MOST_CORRECTIONS):
            times = excess(P, discount, b, x, defect, target)
            if times <= 1:
                break
            # bicgstab stops by the 2-norm, which is up to √S times the largest entry.
            norm = float(np.linalg.norm(defect))
            largest = float(np.abs(defect).max()) * np.sqrt(len(b)) if excess is _on_the_whole else norm
            with one_thread(), np.errstate(all="ignore"):  # a breakdown shows in the defect
                # In a unit of their own, as bicgstab takes numbers near 1e-16 for a breakdown.
                unit = np.frexp(norm)[1]
                atol = np.ldexp(min(largest / times / 4, norm / 10), -unit)
                correction, _ = bicgstab(system, np.ldexp(defect, -unit), rtol=1e-12, atol=atol, maxiter=steps)
            candidate = x + np.ldexp(correction, unit)
            following = _defect(P, discount, b, candidate)
            if not excess(P, discount, b, candidate, following, target) < times / 2:
                break
            x, defect = candidate, following
        return [x, defect]

    def solve(b: FloatArray, guess: FloatArray | None = None, target: float = 0.0) -> FloatArray:
        if fallback:
            return fallback[0](b, guess, target)
        x = zero if guess is None else guess
        x, defect = lowered(_on_the_whole, b, x, _defect(P, discount, b, x), target)
        if np.abs(defect).max() <= max(target, _STALLED_FLOORS * _floor(b, x)):
            x, defect = lowered(_by_states, b, x, defect, target)
            if _by_states(P, discount, b, x, defect, target) <= 1:
                return x
        direct = _factor_is_cheap(P)
        fallback.append(_refined(P, discount, _factored(P, discount)) if direct else _swept(P, discount))
        return fallback[0](b, x, target)

    return solve


def _swept(P: Any, discount: float) -> Resolvent:
    """The resolvent by repeated sweeps."""

    def solve(b: FloatArray, guess: FloatArray | None = None, target: float = 0.0) -> FloatArray:
        x = np.zeros_like(b) if guess is None else guess
        defect = _defect(P, discount, b, x)
        while not _is_solved(P, discount, b, x, defect, target):
            x = x + defect
            defect = _defect(P, discount, b, x)
        return x

    return solve
