"""Equations of policies that respond to themselves, at their own exact values.

    π^i(·|s) = softmax(E_{π^{-i}}[Q_π(s, ·)]/α)                                     (hasac Eq. 3)             (1)
    max_b E_{π^{-i}}[Q_π(s, b, ·)] = E_π[Q_π(s, ·)]                                 (hasac Eq. 3, α → 0)      (2)
    Q_π = r + γ P V_π                                                               (hasac Eq. 5, 6)          (3)

(3) is divided by α in (1): a change of Q by δ moves softmax(Q/α) by δ/α at most.
"""

from typing import Any

from mathrl.equations.equation import Residuals, Solved, declared, temperature_of
from mathrl.games.model import Game
from mathrl.operators import deviation_gain, policy_residual, quantal_response_residuals

__all__ = ["BEST_RESPONSE", "POLICY_EVALUATION", "QUANTAL_RESPONSE"]


def _evaluation(game: Game, solution: Solved) -> Any:
    """Γ_π Q − Q, of the shape of q."""
    return policy_residual(
        solution.q,
        solution.policy,
        game.rewards,
        game.transitions,
        discount=game.discount,
        temperature=temperature_of(solution),
        entropy=solution.parameters["entropy"],
    )  # (3)


def _quantal_response(game: Game, solution: Solved) -> Residuals:
    alpha = temperature_of(solution)
    gaps = quantal_response_residuals(solution.q, solution.policy, temperature=alpha)  # (1)
    return *gaps, _evaluation(game, solution) / alpha


def _best_response(game: Game, solution: Solved) -> Residuals:
    return deviation_gain(solution.q, solution.policy), _evaluation(game, solution)  # (2)


QUANTAL_RESPONSE = declared(
    "quantal-response", "π = softmax(E[Q^π]/α), for every agent in every state", "hasac Eq. 3", _quantal_response
)
"""What `haspi`, `qre`, `qre_branch` and, at a temperature above 0, `mehaml` solve: a quantal response equilibrium."""

BEST_RESPONSE = declared(
    "best-response",
    "max_b Q^π(s, b) = E_π[Q^π(s, ·)], for every agent in every state",
    "hasac Eq. 3 as α → 0",
    _best_response,
)
"""What `mehaml` solves at temperature 0: no agent gains by another action in one state."""

POLICY_EVALUATION = declared(
    "policy-evaluation",
    "Q = r + γ P V, V = E_π[Q] + the entropy's part",
    "hasac Eq. 4-6, Lemma 4.1",
    lambda game, solution: (_evaluation(game, solution),),
)
"""What `soft_evaluation` solves: a policy's exact soft Q."""
