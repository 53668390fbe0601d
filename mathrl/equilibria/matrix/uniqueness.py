"""Up to which rationality a matrix game has one logit equilibrium only, from its payoffs alone.

**Theorem.** Let D_ij be the largest double difference of agent i's payoffs in the actions of i and j,

    D_ij = max |r^i(a, b, c) − r^i(a', b, c) − r^i(a, b', c) + r^i(a', b', c)|                               (1)

over actions a, a' of i, b, b' of j, and c of all others; D_ii = 0; ρ the spectral radius of D. While

    λ ρ / 4 < 1                                                                                              (2)

the game has exactly one logit equilibrium of rationality λ. For two agents (2) reads λ² D_12 D_21 < 16.

*Proof.* Measure log ratios x^i by their spread |x^i| = max x^i − min x^i, which is a norm on vectors modulo constants,
and let F^i(x) = λ u^i(softmax(x)); its fixed points are the equilibria. (a) Along a change dx^j the policy changes by
dπ^j(a) = π^j(a) (dx^j_a − E_π[dx^j]), so ‖dπ^j‖₁ = E_π|dx^j − E_π dx^j|, the mean deviation of a variable of range
|dx^j|, which is at most |dx^j| / 2. (b) A dπ^j whose entries sum to 0 moves mass ‖dπ^j‖₁ / 2 from some actions of j to
others, so du^i(a) − du^i(a') changes by at most ‖dπ^j‖₁ / 2 times the largest double difference, an expectation of
those in (1). Together |dF^i| ≤ (λ/4) Σ_j D_ij |dx^j|. For every w > 0 with D w ≤ ρ' w, F is therefore Lipschitz with
constant λ ρ'/4 in the norm max_i |x^i| / w_i, and ρ' may be as near to ρ as one likes (for irreducible D, w is its
Perron vector). Where the constant is below 1, Banach's theorem gives one fixed point, on all of space. ∎

In that norm λ ρ/4 is the rationality times the Lipschitz constant of the game. There I − F' is regular with a positive
determinant, so up to that λ the branch through the uniform policy has neither folds nor bifurcations. The factor 4 is
sharp: two agents paid 1 for agreeing and 0 else (D = 2) have other equilibria as soon as λ exceeds 2.
"""

import math

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray, fail
from mathrl.base.compile import inner, kernel
from mathrl.games.compact import Compact, compact
from mathrl.games.model import Game, check_game

__all__ = ["compact_matrix", "constant_of", "lipschitz", "lipschitz_constant"]

Integers = npt.NDArray[np.int64]

_POWER_STEPS = 60
_UPWARDS = 1 + 1e-12


def lipschitz_constant(game: Game) -> float:
    """Compute the Lipschitz constant of a matrix game: at rationalities below 1/L it has one logit equilibrium.

        L = ρ(D)/4,   D_ij = max |r^i(a, b, c) − r^i(a', b, c) − r^i(a, b', c) + r^i(a', b', c)|,   D_ii = 0

    over available actions a, a' of i, b, b' of j, and c of all others; ρ is the spectral radius. At every rationality λ
    with λ L < 1 the equilibrium is unique (proof in the docstring of `mathrl.equilibria.matrix.uniqueness`).

    `game`  a matrix game

    Returns L; for more than two agents an upper bound near to it, max_i (D w)_i/w_i for a w > 0 (Collatz 1942). It is 0
    where no agent's payoff differences depend on another agent. Raises `ValueError` for games of several states, whose
    values change with the policies too.

    >>> round(lipschitz_constant(Game.matrix(np.eye(2))), 9)
    0.5
    """
    small = compact_matrix(game).game
    return constant_of(small.rewards_isa[:, 0].copy(), np.array(small.num_actions))


def compact_matrix(game: Game) -> Compact:
    """The game without actions that are not available. Raises `ValueError` unless it is a matrix game."""
    check_game(game)
    if game.num_states != 1 or game.discount != 0:
        fail("game", f"has {game.num_states} states and discount {game.discount:g}", "a matrix game")
    if game.ended is not None:
        fail("game", "has a terminal state only", "a matrix game")
    return compact(game)


def constant_of(r_ma: FloatArray, num_actions: Integers) -> float:
    """`lipschitz`, for Python; two agents need a part of it only, which is compiled sooner."""
    if len(num_actions) == 2:
        return _of_two(r_ma, num_actions)
    return _of_many(r_ma, num_actions)


@kernel
def _of_two(r_ma: FloatArray, num_actions: Integers) -> float:
    """`lipschitz` of two agents."""
    return _geometric_mean(r_ma, num_actions[0], num_actions[1])


@kernel
def _of_many(r_ma: FloatArray, num_actions: Integers) -> float:
    """`lipschitz` of any number of agents."""
    n = len(num_actions)
    return lipschitz(r_ma, num_actions, np.empty((n + 2, n)))


@inner
def lipschitz(r_ma: FloatArray, num_actions: Integers, spare_ij: FloatArray) -> float:
    """ρ(D)/4, rounded up, of payoffs (m, A) with joint actions in C order; `spare_ij` is room for n + 2 rows of n."""
    num_agents = len(num_actions)
    if num_agents == 2:
        return _geometric_mean(r_ma, num_actions[0], num_actions[1])
    differences = spare_ij
    shared = r_ma.shape[0] == 1
    for i in range(num_agents):
        differences[i, i] = 0.0
        for j in range(num_agents):
            if j != i and not (shared and j < i):
                differences[i, j] = _double_difference(r_ma[0 if shared else i], num_actions, i, j)
                if shared:
                    differences[j, i] = differences[i, j]
    return 0.25 * _spectral_radius(differences, num_agents) * _UPWARDS


@inner
def _geometric_mean(r_ma: FloatArray, rows: int, columns: int) -> float:
    """√(D_12 D_21)/4, rounded up, which is ρ(D)/4 of two agents."""
    own = _spread(r_ma[0], 0, rows, columns, columns, 1)
    other = own if r_ma.shape[0] == 1 else _spread(r_ma[1], 0, rows, columns, columns, 1)
    return float(0.25 * math.sqrt(own) * math.sqrt(other)) * _UPWARDS


@inner
def _double_difference(r_a: FloatArray, num_actions: Integers, i: int, j: int) -> float:
    """D_ij of (1): the largest `_spread` at any joint action c of the others."""
    if i > j:
        i, j = j, i
    inner, between, outer = 1, 1, 1
    for k in range(len(num_actions)):
        if k < i:
            outer *= num_actions[k]
        elif i < k < j:
            between *= num_actions[k]
        elif k > j:
            inner *= num_actions[k]
    A_i, A_j = num_actions[i], num_actions[j]
    step_i = inner * A_j * between
    largest = 0.0
    for x in range(outer):
        for y in range(between):
            for z in range(inner):
                corner = x * A_i * step_i + y * A_j * inner + z
                largest = max(largest, _spread(r_a, corner, A_i, step_i, A_j, inner))
    return largest


@inner
def _spread(r_a: FloatArray, corner: int, A_i: int, step_i: int, A_j: int, step_j: int) -> float:
    """Over pairs of actions of i, the largest spread over j of the differences of payoffs, beginning at a corner."""
    largest = 0.0
    for a in range(A_i):
        for b in range(a + 1, A_i):
            low, high = np.inf, -np.inf
            for c in range(A_j):
                k = corner + c * step_j
                gain = r_a[k + a * step_i] - r_a[k + b * step_i]
                low = min(low, gain)
                high = max(high, gain)
            largest = max(largest, high - low)
    return largest


@inner
def _spectral_radius(d_ij: FloatArray, size: int) -> float:
    """The least max_i (D w)_i / w_i met on the way of the power method for I·t + D: no less than ρ(D).

    D are the first rows and columns, so many; the next two rows are room for w and D w.
    """
    w, product = d_ij[size], d_ij[size + 1]
    for i in range(size):
        w[i] = 1.0
    best = np.inf
    for _ in range(_POWER_STEPS):
        ratio = 0.0
        for i in range(size):
            product[i] = 0.0
            for j in range(size):
                product[i] += d_ij[i, j] * w[j]
            ratio = max(ratio, product[i] / w[i])
        if ratio == 0.0:  # D = 0
            return 0.0
        if ratio >= best * (1 - 1e-3) and best < np.inf:
            return min(ratio, best)
        best = min(best, ratio)
        largest = 0.0
        for i in range(size):
            w[i] = product[i] + 0.5 * best * w[i]
            largest = max(largest, w[i])
        for i in range(size):
            w[i] = max(w[i] / largest, 1e-6)
    return best
