"""Equations of values that are best over all joint actions: Q = T Q, with T a maximum or a soft one.

    Q = r + γ P max_a Q                                                             (Bellman)                 (1)
    Q^i = r^i + γ P α log Σ_a exp(Q^i(·, a)/α)                                      (aorpo Eq. 7)             (2)
    Q^i = r^i + γ P α log Σ_b φ^i(b|·) Σ_{a_i} exp(Q^i(·, a_i, b)/α)                (aorpo Theorem 6)         (3)

In (2) and (3) rewards and transitions are those of the last learned model where the solver was given models.
"""

import numpy as np

from mathrl.arithmetic import difference
from mathrl.equations.equation import Residuals, Solved, declared, each_agent, temperature_of
from mathrl.games.model import Game
from mathrl.operators import backup, opponent_residual, optimality_residual
from mathrl.softmax import soft_max

__all__ = ["MODELLED_SOFT_OPTIMALITY", "OPTIMALITY", "SOFT_OPTIMALITY"]


def _optimality(game: Game, solution: Solved) -> Residuals:
    return (optimality_residual(solution.q, game.rewards, game.transitions, discount=game.discount),)  # (1)


def _soft_optimality(game: Game, solution: Solved) -> Residuals:
    game = _last_learned(game, solution)
    q, alpha = solution.q, temperature_of(solution)
    v = soft_max(q.reshape(*q.shape[: q.ndim - game.num_agents], -1), alpha)
    return (difference(backup(v, game.rewards, game.transitions, discount=game.discount), q),)  # (2)


def _modelled_soft_optimality(game: Game, solution: Solved) -> Residuals:
    models = solution.parameters["models"]
    phi = models[-1].opponent_model if models else solution.parameters["opponent_model"]
    game, alpha = _last_learned(game, solution), temperature_of(solution)
    rewards = each_agent(game, game.rewards, game.num_agents + 1)
    return tuple(
        opponent_residual(
            q, np.asarray(phi[i]), i, rewards[i], game.transitions,
            discount=game.discount, temperature=alpha, divergence_weight=alpha,
        )
        for i, q in enumerate(solution.q)
    )  # (3)  # fmt: skip


def _last_learned(game: Game, solution: Solved) -> Game:
    """The game of the last learned model, mixed with the game as the solver did it."""
    models = solution.parameters["models"]
    return models[-1].mixed_with(game, solution.parameters["real_share"]) if models else game


OPTIMALITY = declared("optimality", "Q = r + γ P max_a Q", "Bellman's equation", _optimality)
"""What `optimal` solves: Bellman's equation over joint actions."""

SOFT_OPTIMALITY = declared("soft-optimality", "Q = r + γ P α log Σ_a exp(Q/α)", "aorpo Eq. 7", _soft_optimality)
"""What `soft_q_iteration` solves without models of the opponents."""

MODELLED_SOFT_OPTIMALITY = declared(
    "modelled-soft-optimality",
    "Q = r + γ P α log Σ_b φ(b) Σ_a exp(Q(a, b)/α), for every agent with its model φ of the others",
    "aorpo Theorem 6",
    _modelled_soft_optimality,
)
"""What `soft_q_iteration` solves with models of the opponents."""
