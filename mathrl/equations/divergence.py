"""DMAC's equations: policies regularised towards a target ρ or a start π_0, over joint or product policies.

    π = ρ exp(Q/ω)/Z,  or  π^i = ρ^i exp(E_{π^{-i}}[Q]/ω)/Z^i                       (dmac Lemma 2, Eq. 5)     (1)
    Q = r + γ P (E_π[Q] − ω KL(π ‖ ρ))                                              (dmac Lemma 1)            (2)
    max {E_{π^{-i}}[Q(s, a, ·)] : π_0^i(a|s) > 0} = E_π[Q(s, ·)],  Q = r + γ P E_π[Q]                         (3)
    π̃(a|s) = 1[a ∈ U_s] π_0(a|s) exp(γ Σ_t P(t|s, a) ℓ(t) − ℓ(s)),  ℓ = −KL(π̃ ‖ π_0) + γ P_π̃ ℓ              (4)

A joint policy is that of one agent who plays joint actions. Residuals in Q are divided by ω in (1) and (3). (4) is
derived in `mathrl.solvers.divergence_limit`: U_s are the actions that attain max Q, within rounding.
"""

from functools import reduce
from typing import Any

import numpy as np

from mathrl.arithmetic import difference, weighted
from mathrl.base.checks import FloatArray
from mathrl.equations.equation import Residuals, Solved, declared, temperature_of
from mathrl.games.model import Game
from mathrl.games.policies import Policy, joint_policy
from mathrl.operators import backup, expectation, log_divergence_ratio, marginal_q
from mathrl.softmax import boltzmann, kl_divergence, log_probabilities

__all__ = ["DIVERGENCE_LIMIT", "DIVERGENCE_RESPONSE", "NO_GAIN_FROM_START"]


def _divergence_response(game: Game, solution: Solved) -> Residuals:
    q, policy, logs = _as_seen(game, solution, solution.parameters["target_policy"])
    omega = temperature_of(solution)
    rest = [
        np.exp(log_rho + log_divergence_ratio(marginal_q(q, policy, i), log_rho, temperature=omega))
        for i, log_rho in enumerate(logs)
    ]
    divergence_s = sum(kl_divergence(pi, np.exp(log_rho)) for pi, log_rho in zip(policy, logs, strict=True))
    v = expectation(q, policy) - omega * divergence_s
    gaps = (ours - best for ours, best in zip(policy, rest, strict=True))  # (1)
    return *gaps, _backup_gap(game, v, solution.q) / omega  # (2)


def _no_gain_from_start(game: Game, solution: Solved) -> Residuals:
    q, policy, logs = _as_seen(game, solution, solution.parameters["initial_policy"])
    omega, v = temperature_of(solution), expectation(q, policy)
    best = (
        np.where(np.isfinite(log_first), marginal_q(q, policy, i), -np.inf).max(axis=1)
        for i, log_first in enumerate(logs)
    )
    return *((best_s - v) / omega for best_s in best), _backup_gap(game, v, solution.q) / omega  # (3)


def _divergence_limit(game: Game, solution: Solved) -> Residuals:
    from mathrl.values.attained import optimal_actions
    from mathrl.values.linear_system import resolvent
    from mathrl.values.policy_values import (
        policy_transitions,  # compiled, so imported only where it is used
    )

    q_sa, w_sa = solution.q.reshape(game.num_states, -1), _joint(solution).reshape(game.num_states, -1)
    log_first = _log_joint(game, solution.parameters["initial_policy"])
    log_tied = np.where(optimal_actions(game, q_sa, weighted(w_sa, q_sa).sum(axis=1)), log_first, -np.inf)
    divergence_s = kl_divergence(w_sa, np.exp(log_first))
    ell_s = (
        -divergence_s
        if game.discount == 0
        else resolvent(policy_transitions(game, w_sa), game.discount)(-divergence_s, None)
    )
    ahead_sa = game.discount * (game.csr_xt if game.sparse else game.dense_xt) @ ell_s
    return (w_sa - boltzmann(log_tied + ahead_sa.reshape(w_sa.shape), 1.0),)  # (4)


def _as_seen(game: Game, solution: Solved, given: Any) -> tuple[FloatArray, Policy, Policy]:
    """q, the policy and the logarithms of `given`, for the agents that choose: one for all if policies are joint."""
    if solution.parameters["policy_class"] == "product":
        return solution.q, solution.policy, tuple(map(log_probabilities, given))
    rows = (game.num_states, -1)
    return solution.q.reshape(rows), (_joint(solution).reshape(rows),), (_log_joint(game, given),)


def _joint(solution: Solved) -> FloatArray:
    return joint_policy(solution.policy) if solution.joint_policy is None else solution.joint_policy


def _log_joint(game: Game, given: Any) -> FloatArray:
    """log of a joint policy, or of the product of the agents' policies, (S, A)."""
    if isinstance(given, np.ndarray):
        return np.asarray(log_probabilities(given.reshape(game.num_states, -1)))
    # The sum of logarithms stays finite where the product of probabilities underflows.
    return reduce(
        lambda left, right: (left[:, :, None] + right[:, None, :]).reshape(len(left), -1),
        map(log_probabilities, given),
    )


def _backup_gap(game: Game, v: FloatArray, q: FloatArray) -> FloatArray:
    return np.asarray(difference(backup(v, game.rewards, game.transitions, discount=game.discount), q))


DIVERGENCE_RESPONSE = declared(
    "divergence-response", "π = ρ exp(E[Q_ρ^π]/ω)/Z", "dmac Lemma 2, Eq. 5", _divergence_response
)
"""What `divergence_policy_iteration` solves: a policy that is its own response, at a given target."""

NO_GAIN_FROM_START = declared(
    "no-gain-from-start",
    "max_a E[Q^π(s, a)] = V^π(s), over the actions a that π_0 plays",
    "dmac Proposition 1, A.10",
    _no_gain_from_start,
)
"""What `divergence_iteration` solves: no action that the start plays earns more than the policy."""

DIVERGENCE_LIMIT = declared(
    "divergence-limit",
    "π = π_0 exp(γ P ℓ)/exp(ℓ) on the optimal actions, ℓ = −KL(π ‖ π_0) + γ P_π ℓ",
    "dmac Eq. 3, Eq. 22, for t → ∞",
    _divergence_limit,
)
"""What `divergence_limit` solves: the optimal policy that is nearest to the start."""
