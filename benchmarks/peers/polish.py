"""Newton's method at one rationality, from a policy that is an equilibrium but for a peer's tolerance."""

import numpy as np

from mathrl.equilibria.newton import own_q_change, responses
from mathrl.games import Game
from mathrl.games.policies import Policy
from mathrl.games.profile import Profile
from mathrl.operators import quantal_response_residual
from mathrl.values.policy_values import evaluate, own_q

__all__ = ["NotPolished", "polish"]

_ACCURATE = 1e-12
_STEPS = 10


class NotPolished(ArithmeticError):
    """No equilibrium near the policy that was given."""


def polish(game: Game, policy: Policy, rationality: float) -> tuple[Policy, float]:
    """The equilibrium without entropy in the values next to `policy`, and the farthest a probability moved to it.

    Raises `NotPolished` where ten of Newton's steps leave a residual above 1e-12.
    """
    temperature, first = 1 / rationality, policy
    for _ in range(_STEPS):
        values = evaluate(game, policy, temperature=temperature, entropy="none")
        own_sk = own_q(values, policy)
        du_sk = own_q_change(values, policy, own_sk, temperature=temperature, entropy="none")
        policy = Profile.split(responses(game, own_sk + du_sk, temperature), game.num_actions)
    values = evaluate(game, policy, temperature=temperature, entropy="none")
    residual = quantal_response_residual(values.q, policy, temperature=temperature)
    moved = float(np.abs(Profile.of(policy).pi_sk - Profile.of(first).pi_sk).max())
    if not residual <= _ACCURATE:
        raise NotPolished(f"residual {residual:.1e} after moving {moved:.1e}")
    return policy, moved
