"""Soft-QMIX's equation: a mixed Q and the policies that follow from it, which one step does not change.

    Q = the nearest table of the mixer's form to T_λ Q under π                      (soft-qmix Eq. 6, 13, 24) (1)
    π^i = softmax(f^i/α),  f = argmin_f Σ_a w(a|s) (Σ_i f_i(s, a_i) − Q(s, a))²      (soft-qmix Eq. 14, 15)    (2)

Q is `q_tot`. The residual of (1) is divided by max(α, ‖Q‖∞). "Nearest" is meant in the weights w of the solver.
"""

import numpy as np

from mathrl.arithmetic import difference, or_zero
from mathrl.equations.equation import Residuals, Solved, declared, temperature_of
from mathrl.games.model import Game
from mathrl.games.policies import uniform_policy
from mathrl.operators import local_policy

__all__ = ["MIXED_RESPONSE"]


def _mixed_response(game: Game, solution: Solved) -> Residuals:
    from mathrl.values.mixed_q import PROJECTIONS, mixed_target  # compiled, so imported only where it is used

    alpha, q_tot, mixer = temperature_of(solution), solution.q_tot, solution.parameters["mixer"]
    assert q_tot is not None
    q_sa = q_tot.reshape(game.num_states, -1)
    weights = solution.policy if solution.parameters["weights"] == "policy" else uniform_policy(game)
    target_sa = mixed_target(game, solution.policy, q_sa, alpha, solution.parameters["trace_decay"])
    nearest = PROJECTIONS[mixer](game, target_sa, weights, solution.parameters["node_limit"])
    size = max(alpha, float(np.abs(or_zero(nearest.q_sa)).max()))
    pairs = zip(local_policy(nearest.local, temperature=alpha), solution.policy, strict=True)  # (2)
    return *(ahead - here for ahead, here in pairs), difference(nearest.q_sa, q_sa) / size  # (1)


MIXED_RESPONSE = declared(
    "mixed-response",
    "Q = the nearest table of the mixer's form to T_λ Q, π = softmax(f/α), f the additive fit to Q",
    "soft-qmix Eq. 6, 13-15, 24",
    _mixed_response,
)
"""What `soft_qmix` solves: a fixed point of its step."""
