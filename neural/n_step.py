"""n-step targets of the soft Q with and without the entropies inside the n steps: their exact fixed points.

The n-step target of a soft Q along a trajectory (s_0, a_0, r_0, s_1, …) of a policy π is

    y = Σ_{l<n} γ^l r_l + α Σ_{0<l<n} γ^l H(s_l) + γ^n (Q(s_n, a_n) − α log π(a_n|s_n))                    (1)

with H the entropy of π. Public code of HASAC adds the rewards of the n steps and one entropy at their end: it leaves
the middle sum of (1) out. In expectation the target depends on V(s) = E_π[Q(s, ·)] + α H(s) after n steps alone:

    V = r_π + α H + Σ_{0<l<n} γ^l P_π^l (r_π + e α H) + γ^n P_π^n V,   e = 1 or 0                            (2)
    Q = r + γ P [Σ_{l<n-1} γ^l P_π^l (r_π + e α H) + γ^{n-1} P_π^{n-1} V]                                    (3)

e = 1 is (1) as it stands, and its fixed point the soft Q of π, whatever n is. With e = 0 the rewards telescope as
before, (I − γ^n P_π^n)^{-1} Σ_{l<n} γ^l P_π^l r_π = (I − γ P_π)^{-1} r_π, and what entropy adds to Q is

    α Σ_{k≥1} γ^{kn} P P_π^{kn-1} H    instead of    α Σ_{t≥1} γ^t P P_π^{t-1} H                             (4)

only the entropies at times n, 2n, 3n, … count. Where P_π^{t-1} H, as P leads to it, is c + λ^{t-1} d for functions c
and d of (s, a) and a number λ, as for H = h + d with an eigenvector d of P_π, geometric series make of (4)

    α (f(γ) γ/(1 − γ) c + f(γλ) γ/(1 − γλ) d),   f(x) = x^{n-1} (1 − x)/(1 − x^n) = `entropy_factor(x, n)`    (5)

f(x) is 1 for n = 1 and tends to 1/n for x → 1, and to 0 for x → 0 if n > 1. Entropies that do not change after the
first step (d = 0) are multiplied by f(γ): the critic then has the temperature f(γ) α, while the policy improvement
keeps α. A difference d that the chain forgets (|λ| < 1) is multiplied by f(γλ) instead, which for 0 ≤ λ < 1 is less. A
part of Q that is the same for all actions changes no policy: where all states have the same entropy and no episode
ends, it does not matter to the policy that the entropies are left out.
"""

from collections.abc import Sequence

import numpy as np

from mathrl.base.array_types import ArrayLike
from mathrl.base.checks import FloatArray, choice, count, flag, not_negative, proportion
from mathrl.games.model import Game, as_played
from mathrl.games.policies import Policy, as_policy
from mathrl.games.profile import Profile
from mathrl.operators import ENTROPIES, entropy_bonus
from mathrl.solution.answer import ended_q
from mathrl.values.linear_system import resolvent
from mathrl.values.overflow import in_range
from mathrl.values.policy_values import Values, backup, expected_rewards, has_agent_axis, policy_transitions

__all__ = ["entropy_factor", "n_step_soft_q", "n_step_values"]


def entropy_factor(discount: float, steps: int) -> float:
    """Return γ^{n-1} (1 − γ)/(1 − γ^n), the share that is left of entropies equal from the first step on   (5).

    `discount`  γ in [0, 1]; at 1 it is the limit, 1/n
    `steps`     n ≥ 1

    >>> [round(entropy_factor(0.99, n), 4) for n in (1, 5, 20)]
    [1.0, 0.196, 0.0454]
    """
    gamma, n = proportion("discount", discount), count("steps", steps, 1)
    # 1 + γ + … + γ^{n-1} is (1 − γ^n)/(1 − γ), and loses no digits near γ = 1
    return float(gamma ** (n - 1) / (gamma ** np.arange(n)).sum())


def n_step_soft_q(
    game: Game,
    policy: Sequence[ArrayLike],
    *,
    temperature: float,
    steps: int,
    entropies: bool = True,
    entropy: str = "team",
) -> FloatArray:
    """Compute the fixed point of the n-step target of a soft Q, of trajectories that the policy itself plays   (1)-(3).

    `game`         any game
    `policy`       π, per agent (S, A_i), rows sum to 1
    `temperature`  α ≥ 0, the weight of the entropy
    `steps`        n ≥ 1
    `entropies`    whether the entropies at the times 1 … n−1 count; default true: then it is the soft Q of π for any n
    `entropy`      whose entropy an agent counts: `"team"` (default: all agents'), `"own"` or `"none"`

    Returns Q (S, A_1, …, A_n), with a leading agent axis where the agents' values differ; −∞ where an action is not
    available, 0 where an episode has ended. P_π^n is held as a dense matrix (S, S). Raises `ValueError` naming the
    argument.
    """
    game = as_played(game)
    temperature = not_negative("temperature", temperature)
    in_range(game, temperature)
    choice("entropy", entropy, ENTROPIES)
    steps, entropies = count("steps", steps, 1), flag("entropies", entropies)
    checked = as_policy(game, policy)
    return ended_q(game, n_step_values(game, checked, temperature, steps, entropies, entropy).q)


def n_step_values(game: Game, policy: Policy, temperature: float, n: int, entropies: bool, entropy: str) -> Values:
    """Q of (3) and V of (2), for arguments that were checked: a game as `as_played` gives it, n ≥ 1."""
    w_sa = Profile.of(policy).joint_sa
    bonus_ms = np.atleast_2d(entropy_bonus(policy, temperature=temperature, entropy=entropy))
    axis = has_agent_axis(game, entropy)
    b_ms = expected_rewards(game, w_sa, bonus_ms)  # r_π + α H
    if game.discount == 0:
        return Values(game, backup(game, b_ms), b_ms, axis, None)
    inside_ms = b_ms if entropies else expected_rewards(game, w_sa, np.zeros_like(bonus_ms))
    chain = policy_transitions(game, w_sa)
    P = np.asarray(chain if isinstance(chain, np.ndarray) else chain.toarray())
    ahead_ms = np.zeros_like(b_ms)  # Σ_{l<n-1} γ^l P^l (r_π + e α H), by Horner's rule
    for _ in range(n - 1):
        ahead_ms = inside_ms + game.discount * ahead_ms @ P.T
    start_ms = b_ms + (game.discount * ahead_ms @ P.T if n > 1 else 0.0)
    solve = resolvent(np.linalg.matrix_power(P, n), game.discount**n)
    v_ms = np.stack([solve(start_s) for start_s in start_ms])  # (2)
    last = game.discount ** (n - 1) * v_ms @ np.linalg.matrix_power(P, n - 1).T
    return Values(game, backup(game, ahead_ms + last), v_ms, axis, solve)  # (3)
