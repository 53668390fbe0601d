"""The straight-through Gumbel-softmax estimator with an exact critic in a matrix game, and its mean.

Agent i has logits l, plays π = softmax(l), and samples by Gumbel noise g, with the relaxation τ > 0:

    y = onehot(argmax(l + g)),   x = softmax((l + g)/τ),   ∂y/∂l := ∂x/∂l = (diag(x) − x xᵀ)/τ            (1)

and climbs R(y^1, …, y^n) − α Σ_i Σ_a y^i_a log π^i_a, where R is the payoff made multilinear. By the chain rule its
gradient for agent i is, with R y^{-i} for the payoffs of i's actions against the others' samples,

    ∂x/∂l (R y^{-i} − α log π^i) − α (y^i − π^i)                                                           (2)

y^{-i} is independent of agent i's noise, and E[y] = π. The mean of (2) is therefore

    J̄ (R π^{-i} − α log π^i),   J̄ = E_g[∂x/∂l]                                                             (3)

where the exact gradient of E[R] + α Σ_i H(π^i) has J = diag(π) − π πᵀ (`mathrl.neural.gumbel_jacobian`). As J̄ d is
0 only where d is constant, (3) is 0 for all agents exactly where R π^{-i} − α log π^i is constant for each: at the
quantal response equilibria (hasac Eq. 3), as for the exact gradient.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mathrl.base.array_types import ArrayLike
from mathrl.base.checks import FloatArray, count, fail, positive
from mathrl.games.model import Game, check_game
from mathrl.neural.gumbel_jacobian import exact_jacobian, finite_logits, relaxed_jacobian
from mathrl.operators import marginal_q
from mathrl.softmax import boltzmann, log_boltzmann

__all__ = ["estimates", "mean_gradient", "sampled_gradients"]


def mean_gradient(
    game: Game, logits: Sequence[ArrayLike], *, temperature: float, relaxation: float | None = None
) -> tuple[FloatArray, ...]:
    """Return each agent's gradient (A_i,): the mean (3) of the straight-through estimator, or the exact one.

    `game`         a game with one state and a common payoff, all actions available
    `logits`       l^i, (A_i,), one array per agent
    `temperature`  α > 0
    `relaxation`   τ > 0; None (the default) is the exact gradient, with J instead of J̄
    """
    payoffs, alpha = _payoffs(game), positive("temperature", temperature)
    policy = tuple(boltzmann(finite_logits(own), 1.0)[None] for own in logits)
    gradients = []
    for i, own in enumerate(logits):
        slope = marginal_q(payoffs, policy, i)[0] - alpha * log_boltzmann(finite_logits(own), 1.0)
        jacobian = exact_jacobian(own) if relaxation is None else relaxed_jacobian(own, relaxation)
        gradients.append(jacobian @ slope)  # (3)
    return tuple(gradients)


def sampled_gradients(
    game: Game,
    logits: Sequence[ArrayLike],
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
    size, own = count("samples", samples, 1), [finite_logits(values) for values in logits]
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


def _payoffs(game: Game) -> FloatArray:
    """The common payoffs of a matrix game, (1, A_1, …, A_n)."""
    check_game(game)
    if game.num_states != 1 or game.discount != 0 or not game.common_payoff or game.masks is not None:
        fail("game", f"is {game!r}", "a matrix game with a common payoff, all actions available")
    return game.rewards
