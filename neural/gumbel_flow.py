"""The straight-through Gumbel-softmax estimator with an exact critic in a matrix game: its mean, and where that leads.

Agent i has logits l, plays π = softmax(l), and samples by Gumbel noise g, with the relaxation τ > 0:

    y = onehot(argmax(l + g)),   x = softmax((l + g)/τ),   ∂y/∂l := ∂x/∂l = (diag(x) − x xᵀ)/τ            (1)

and climbs R(y^1, …, y^n) − α Σ_i Σ_a y^i_a log π^i_a, where R is the payoff made multilinear. By the chain rule its
gradient for agent i is, with R y^{-i} for the payoffs of i's actions against the others' samples,

    ∂x/∂l (R y^{-i} − α log π^i) − α (y^i − π^i)                                                           (2)

y^{-i} is independent of agent i's noise, and E[y] = π. The mean of (2) is therefore

    J̄ (R π^{-i} − α log π^i),   J̄ = E_g[∂x/∂l]                                                             (3)

where the exact gradient of E[R] + α Σ_i H(π^i) has J = diag(π) − π πᵀ. Both J and J̄ are Laplacians of the complete
graph on the actions, diag(W 1) − W with weights W_ab > 0: π_a π_b in J and E[x_a x_b]/τ in J̄. So

    dᵀ J̄ d = Σ_{a<b} W_ab (d_a − d_b)² ≥ 0, and 0 only where d is constant                                  (4)

Hence (3) is 0 for all agents exactly where R π^{-i} − α log π^i is constant for each: at the quantal response
equilibria (hasac Eq. 3), as for the exact gradient. The relaxation changes the metric alone, and with it which
equilibrium is reached. Along dl/dt = (3) the objective changes by Σ_i d J J̄ d, d = R π^{-i} − α log π^i. For two
actions J and J̄ are proportional, and it rises. For three or more the product of two Laplacians need not be
semidefinite, and at a large τ it is not: the objective may fall.

The weights of J̄. Write X_a = exp((l_a + g_a)/τ) = w_a E_a^{-1/τ} with w_a = exp(l_a/τ) and exponential variables E_a.
By 1/s² = ∫_0^∞ u e^{-us} du, with φ(u) = E[exp(−u E^{-1/τ})] and ψ(u) = −u φ'(u),

    E[x_a x_b] = ∫ ψ(w_a e^z) ψ(w_b e^z) Π_{c≠a,b} φ(w_c e^z) dz                                            (5)

For τ = 1, φ(u) = 2 √u K_1(2 √u) and ψ(u) = 2 u K_0(2 √u), of Bessel functions. Beside an action that is nearly always
played, one of probability p has in J the weight p, and in J̄, as p → 0,

    p πτ/sin(πτ) for τ < 1,   p log(1/p) for τ = 1,   p^{1/τ} (π/τ²)/sin(π/τ) for τ > 1                      (6)

to first order. In logits the relaxed mean is thus the faster one near corners.
"""

from collections.abc import Callable, Sequence
from functools import cache
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray, as_floats, count, fail, finite, positive
from mathrl.games.model import Game, check_game
from mathrl.operators import marginal_q
from mathrl.softmax import boltzmann, log_boltzmann

__all__ = ["estimates", "exact_jacobian", "gradient_flow", "mean_gradient", "relaxed_jacobian", "sampled_gradients"]

_STEP = 0.3
"""The step of the trapezoid rules in strips of half width π/2: exp(−2π (π/2)/0.3) is 5e-15."""

_LEAST = -60.0
"""Where the integral over log E begins: exp(−60) of the mass is below it. Weights below that are lost."""


def exact_jacobian(logits: npt.ArrayLike) -> FloatArray:
    """Return J = ∂softmax(l)/∂l = diag(π) − π πᵀ, (A, A), for logits l (A,)."""
    pi = boltzmann(_logits(logits), 1.0)
    return np.asarray(np.diag(pi) - np.outer(pi, pi))


def relaxed_jacobian(logits: npt.ArrayLike, relaxation: float) -> FloatArray:
    """Return J̄ = E_g[∂softmax((l + g)/τ)/∂l], (A, A), by the integral (5): symmetric, rows sum to 0.

    `logits`      l, (A,)
    `relaxation`  τ > 0, from about 0.1 to 10

    >>> J = relaxed_jacobian([0.0, 0.0], 1.0)   # E[x (1 − x)] with x/(1 − x) a ratio of two exponentials
    >>> [round(float(entry), 6) for entry in J[0]]
    [0.166667, -0.166667]
    """
    tau = positive("relaxation", relaxation)
    shifted = _logits(logits)
    shifted = (shifted - shifted.max()) / tau
    narrow = min(1.0, tau)
    z = np.arange(-18 / narrow, 4.5 * (1 + 1 / tau), _STEP * narrow)
    phi, psi = _transforms(tau)(np.maximum(shifted[:, None] + z, _LEAST / narrow)).T
    weights = np.zeros((len(shifted), len(shifted)))
    for a, b in combinations(range(len(shifted)), 2):
        others = np.prod(np.delete(phi.T, (a, b), axis=0), axis=0)
        weights[a, b] = weights[b, a] = (psi.T[a] * psi.T[b] * others).sum() * _STEP * narrow / tau  # (5)
    return np.asarray(np.diag(weights.sum(axis=1)) - weights)


@cache
def _transforms(tau: float) -> Callable[[FloatArray], FloatArray]:
    """φ and ψ as functions of log u, the last axis of what is returned: splines of degree 7 through quadratures.

    The trapezoid rule is in log E, where the integrands fall doubly exponentially at one end.
    """
    from scipy.interpolate import make_interp_spline

    narrow = min(1.0, tau)
    t = np.arange(_LEAST, 5.0, _STEP * narrow)
    mass = np.exp(t - np.exp(t)) * _STEP * narrow
    log_u = np.arange(_LEAST / narrow, 4.5 * (1 + 1 / tau) + 1, 0.05)
    scaled = np.exp(np.minimum(log_u[:, None] - t / tau, 700.0))  # u E^{-1/τ}; exp(−exp(700)) is 0
    kept = np.exp(-scaled)
    return make_interp_spline(log_u, np.stack([kept @ mass, scaled * kept @ mass], axis=1), k=7)


def mean_gradient(
    game: Game, logits: Sequence[npt.ArrayLike], *, temperature: float, relaxation: float | None = None
) -> tuple[FloatArray, ...]:
    """Return each agent's gradient (A_i,): the mean (3) of the straight-through estimator, or the exact one.

    `game`         a game with one state and a common payoff, all actions available
    `logits`       l^i, (A_i,), one array per agent
    `temperature`  α > 0
    `relaxation`   τ > 0; None (the default) is the exact gradient, with J instead of J̄
    """
    payoffs, alpha = _payoffs(game), positive("temperature", temperature)
    policy = tuple(boltzmann(_logits(own), 1.0)[None] for own in logits)
    gradients = []
    for i, own in enumerate(logits):
        slope = marginal_q(payoffs, policy, i)[0] - alpha * log_boltzmann(_logits(own), 1.0)
        jacobian = exact_jacobian(own) if relaxation is None else relaxed_jacobian(own, relaxation)
        gradients.append(jacobian @ slope)  # (3)
    return tuple(gradients)


def sampled_gradients(
    game: Game,
    logits: Sequence[npt.ArrayLike],
    *,
    temperature: float,
    relaxation: float | None,
    samples: int,
    rng: np.random.Generator,
) -> tuple[FloatArray, ...]:
    """Draw the straight-through estimator (2): per agent (samples, A_i), one gradient a row.

    The arguments are those of `mean_gradient`; `samples` is how many are drawn, from `rng`. Where `relaxation` is None,
    an agent's gradient is exact but for the actions of the others, which are drawn.
    """
    payoffs, alpha = _payoffs(game), positive("temperature", temperature)
    tau = None if relaxation is None else positive("relaxation", relaxation)
    size, own = count("samples", samples, 1), [_logits(values) for values in logits]
    noise = [rng.gumbel(size=(size, len(values))) for values in own]
    return tuple(estimates(payoffs, [values[None] for values in own], noise, temperature=alpha, relaxation=tau))


def estimates(
    payoffs: Any, logits: Sequence[Any], noise: Sequence[Any], *, temperature: Any, relaxation: float | None
) -> list[Any]:
    """The estimator (2) as a function of its noise, for arrays of NumPy and of JAX.

    `payoffs`      R, (1, A_1, …, A_n)
    `logits`       l^i, (…, A_i), one array per agent
    `noise`        g^i, Gumbel noise whose shape (…, A_i) that of the logits broadcasts to
    `temperature`  α > 0, a number or an array that broadcasts to the noise
    `relaxation`   τ > 0; None: J (R y^{-i} − α log π^i), in which only the others' actions y^{-i} are drawn

    Returns for each agent an array of the shape of its noise.
    """
    noisy = [own + drawn for own, drawn in zip(logits, noise, strict=True)]
    hard = [(np.arange(own.shape[-1]) == own.argmax(axis=-1)[..., None]) * 1.0 for own in noisy]
    rows = tuple(own.reshape(-1, own.shape[-1]) for own in hard)
    gradients = []
    for i, own in enumerate(logits):
        log_pi = log_boltzmann(own, 1.0)
        pi = boltzmann(own, 1.0)
        slope = marginal_q(payoffs, rows, i).reshape(hard[i].shape) - temperature * log_pi
        x = pi if relaxation is None else boltzmann(noisy[i], relaxation)
        through = x * (slope - (x * slope).sum(axis=-1, keepdims=True))
        gradients.append(through if relaxation is None else through / relaxation - temperature * (hard[i] - pi))  # (2)
    return gradients


def gradient_flow(
    game: Game,
    initial_policy: Sequence[npt.ArrayLike],
    *,
    temperature: float,
    relaxation: float | None = None,
    time: float = 1e5,
) -> tuple[FloatArray, ...]:
    """Follow dl/dt = `mean_gradient`, all agents at once, from log π_0; return the policies (A_i,) at the end.

    `initial_policy`  π_0, per agent (A_i,), all probabilities > 0
    `time`            how long; default 1e5, in units of one over the payoffs

    The arguments else are those of `mean_gradient`. LSODA keeps a relative error of 1e-8 in a step.
    """
    from scipy.integrate import solve_ivp

    first = [np.log(as_floats("initial_policy", own).ravel()) for own in initial_policy]
    ends = np.cumsum([len(own) for own in first])[:-1]

    def slope(_: float, flat: FloatArray) -> FloatArray:
        logits = np.split(flat, ends)
        return np.concatenate(mean_gradient(game, logits, temperature=temperature, relaxation=relaxation))

    span = (0.0, positive("time", time))
    run = solve_ivp(slope, span, np.concatenate(first), method="LSODA", rtol=1e-8, atol=1e-8, t_eval=span[1:])
    return tuple(boltzmann(own, 1.0) for own in np.split(run.y[:, -1], ends))


def _logits(values: npt.ArrayLike) -> FloatArray:
    """Finite logits (A,)."""
    array = as_floats("logits", values)
    if array.ndim != 1:
        fail("logits", f"have the shape {array.shape}", "one axis, the agent's actions")
    return finite("logits", array)


def _payoffs(game: Game) -> FloatArray:
    """The common payoffs of a matrix game, (1, A_1, …, A_n)."""
    check_game(game)
    if game.num_states != 1 or game.discount != 0 or not game.common_payoff or game.masks is not None:
        fail("game", f"is {game!r}", "a matrix game with a common payoff, all actions available")
    return game.rewards
