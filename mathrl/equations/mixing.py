"""Soft-QMIX's equation: a mixed Q and the policies that follow from it, which one step does not change.

    Q = the nearest table of the mixer's form to T_λ Q under π                      (soft-qmix Eq. 6, 13, 24) (1)
    π^i = softmax(f^i/α),  f = argmin_f Σ_a w(a|s) (Σ_i f_i(s, a_i) − Q(s, a))²      (soft-qmix Eq. 14, 15)    (2)

Q is `q_tot`. The residual of (1) is divided by max(α, ‖Q‖∞). "Nearest" is meant in the weights w of the solver.
"""

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.equations.equation import Residuals, Solved, declared, temperature_of
from mathrl.games.model import Game
from mathrl.games.policies import Policy, joint_policy, uniform_policy
from mathrl.operators import additive_mix, entropy_bonus, local_policy, local_values

__all__ = ["MIXED_RESPONSE", "RAREST"]

RAREST = 1e-300
"""The least weight of a joint action: with smaller ones the order of actions that are never played would be lost."""


def _mixed_response(game: Game, solution: Solved) -> Residuals:
    alpha, q_tot, mixer = temperature_of(solution), solution.q_tot, solution.parameters["mixer"]
    assert q_tot is not None
    q_sa = q_tot.reshape(game.num_states, -1)
    weights = solution.policy if solution.parameters["weights"] == "policy" else uniform_policy(game)
    wanted_sa = _target(game, solution.policy, q_sa, alpha, solution.parameters["trace_decay"])
    if mixer == "monotone":
        wanted_sa = _nearest_monotone(game, wanted_sa, weights, solution.parameters["node_limit"])
    local = local_values(wanted_sa.reshape(q_tot.shape), weights)  # (2)
    if mixer == "additive":
        wanted_sa = additive_mix(local).reshape(q_sa.shape)
    size = max(alpha, float(np.abs(wanted_sa).max()))
    pairs = zip(local_policy(local, temperature=alpha), solution.policy, strict=True)
    return *(ahead - here for ahead, here in pairs), (wanted_sa - q_sa) / size  # (1)


def _target(game: Game, policy: Policy, q_sa: FloatArray, alpha: float, trace_decay: float) -> FloatArray:
    """T_λ Q, (S, A), by the arithmetic of the solver: with other rounding, another of two nearest tables could be
    found.
    """
    from mathrl.values.policy_values import (  # compiled, so imported only where it is used
        backup,
        trace_values,
    )

    w_sa = joint_policy(policy).reshape(q_sa.shape)
    bonus_ms = entropy_bonus(policy, temperature=alpha)[None]
    v_ms = np.einsum("sa,sa->s", w_sa, q_sa) + bonus_ms
    return np.asarray(backup(game, trace_values(game, w_sa, v_ms, bonus_ms, trace_decay))[0])


def _nearest_monotone(game: Game, wanted_sa: FloatArray, weights: Policy, node_limit: int) -> FloatArray:
    from mathrl.stage.monotone_projection import monotone_projections

    least = RAREST ** (1 / game.num_agents)
    w_sa = joint_policy(tuple(np.maximum(own, least) for own in weights)).reshape(wanted_sa.shape)
    return monotone_projections(wanted_sa, w_sa, np.array(game.num_actions), node_limit)[0]


MIXED_RESPONSE = declared(
    "mixed-response",
    "Q = the nearest table of the mixer's form to T_λ Q, π = softmax(f/α), f the additive fit to Q",
    "soft-qmix Eq. 6, 13-15, 24",
    _mixed_response,
)
"""What `soft_qmix` solves: a fixed point of its step."""
