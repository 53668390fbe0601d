"""How the agents' own Q change with the policy: the derivative that Newton's method for equilibria needs.

With u^i(s, a_i) = E_{π^{-i}}[Q^i_π(s, a_i, ·)] and a change dπ of the policy whose rows sum to 0,

    du^i(s, a_i) = Σ_{j≠i} Σ_{a_j} E[Q^i | a_i, a_j] dπ^j(s, a_j) + γ E_{π^{-i}}[Σ_t P(t|s, a) dV^i(t)]     (1)
    dV^i         = (I − γ P_π)^{-1} Σ_j Σ_{a_j} (u^i_j(s, a_j) − α c_ij log π^j(a_j|s)) dπ^j(s, a_j)          (2)

where u^i_j(s, a_j) = E_{π^{-j}}[Q^i | a_j], and c_ij = 1 where the entropy of agent j enters agent i's value.
"""

from collections.abc import Callable
from itertools import pairwise, permutations
from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.games.model import BARRED
from mathrl.games.policies import Policy
from mathrl.games.profile import Profile
from mathrl.operators import expectation
from mathrl.values.policy_values import Values, against

__all__ = ["own_q_derivative"]


def own_q_derivative(
    values: Values, policy: Policy, *, temperature: float, entropy: str
) -> Callable[[FloatArray], FloatArray]:
    """The linear map dπ ↦ du of (1) and (2) at `policy`, on arrays (S, K, N) of N changes side by side.

    K = A_1 + … + A_n. `values` are those of the policy, for the same temperature and entropy.
    """
    game, num_agents = values.game, len(policy)
    q = np.where(values.q_msa > BARRED / 2, values.q_msa, 0.0).reshape(-1, game.num_states, *game.num_actions)
    shared = len(q) == 1
    ends = np.cumsum((0, *game.num_actions))
    slices = [slice(first, last) for first, last in pairwise(ends)]
    together: dict[tuple[int, int], Any] = {  # E[Q^i | a_i, a_j]
        (i, j): expectation(q[0 if shared else i], policy, keep=(i, j)) for i, j in permutations(range(num_agents), 2)
    }
    log_sk = np.log(np.maximum(Profile.of(policy).pi_sk, np.finfo(np.float64).tiny))
    slopes = []
    for m, q_m in enumerate(q):
        slope = np.concatenate([expectation(q_m, policy, keep=(j,)) for j in range(num_agents)], axis=1)
        counted = {"team": slice(None), "own": slices[m], "none": slice(0)}[entropy]
        slope[:, counted] -= temperature * log_sk[:, counted]
        slopes.append(slope)

    ahead = [against(game, policy, i) for i in range(num_agents)] if values.solve is not None else []

    def value_changes(change: FloatArray) -> list[FloatArray]:
        """dV^m (S, N) for each value function m."""
        assert values.solve is not None
        gains = [np.einsum("sk,skx->sx", slope, change) for slope in slopes]
        return [np.stack([values.solve(b) for b in gain.T], axis=1) for gain in gains]  # (2)

    def apply(change: FloatArray) -> FloatArray:
        du = np.zeros_like(change)
        dv = value_changes(change) if ahead else []
        for i in range(num_agents):
            for j in (j for j in range(num_agents) if j != i):
                du[:, slices[i]] += np.einsum("sab,sbx->sax", together[i, j], change[:, slices[j]])  # (1)
            if ahead:
                expected = np.asarray(ahead[i] @ dv[0 if shared else i])
                du[:, slices[i]] += game.discount * expected.reshape(du[:, slices[i]].shape)  # (1)
        return du

    return apply
