"""What Soft-QMIX does with a mixed Q: its exact TD(λ) target, and the nearest table of a mixer's form.

T_λ Q = r + γ P u,  u = (1 − λ) V + λ (r_π + bonus + γ P_π u),  V = E_π[Q] + bonus   (soft-qmix Eq. 7, 24)    (1)
f = argmin_f Σ_a w(a|s) (Σ_i f_i(s, a_i) − Q(s, a))²                                (soft-qmix Eq. 14)       (2)
"""

from collections.abc import Callable
from math import frexp, ldexp
from typing import NamedTuple

import numpy as np

from mathrl.arithmetic import or_zero
from mathrl.base.checks import FloatArray
from mathrl.games.availability import equal_rows, joint
from mathrl.games.model import Game, shown_q
from mathrl.games.policies import Policy
from mathrl.games.profile import Profile
from mathrl.operators import additive_mix, entropy_bonus, local_values
from mathrl.stage.monotone_projection import monotone_projections
from mathrl.values.policy_values import backup, trace_values

__all__ = ["PROJECTIONS", "Projected", "mixed_target"]

_RAREST = 1e-300
"""The least weight of a joint action: with smaller ones the order of actions that are never played would be lost."""


def mixed_target(game: Game, policy: Policy, q_sa: FloatArray, temperature: float, trace_decay: float) -> FloatArray:
    """T_λ Q of (1), (S, A), for a Q (S, A) with joint actions in C order and λ = `trace_decay`   (soft-qmix Eq. 24).

    Both are −∞ where a joint action is not available.
    """
    joint_sa = Profile.of(policy).joint_sa
    bonus_ms = entropy_bonus(policy, temperature=temperature)[None]
    v_ms = np.einsum("sa,sa->s", joint_sa, or_zero(q_sa)) + bonus_ms
    return shown_q(game, backup(game, trace_values(game, joint_sa, v_ms, bonus_ms, trace_decay))[0])  # (1)


class Projected(NamedTuple):
    """Q_{k+1}, (S, A), and f_{k+1}; in how many states the order of Q is unproven, and what error that may leave.

    Both are −∞ where actions are not available.
    """

    q_sa: FloatArray
    local: Policy
    unproven: int = 0
    gap: float = 0.0


def _monotone(game: Game, wanted_sa: FloatArray, played: Policy, node_limit: int) -> Projected:
    """The nearest table of QMIX's class."""
    least = _RAREST ** (1 / game.num_agents)
    weighing = Profile.of(np.maximum(own, least) for own in played)
    # In a unit near the largest entry, a power of two, errors are neither 0 nor inf because of their squares alone.
    unit = ldexp(1.0, frexp(float(np.abs(or_zero(wanted_sa)).max()))[1])
    q_sa, errors, bounds = _projected(game, wanted_sa / unit, weighing.joint_sa, node_limit)
    q_sa *= unit
    gap = float((errors - bounds).max()) * unit * unit
    return Projected(q_sa, _local_values(game, q_sa, played), int((bounds < errors).sum()), gap)


def _projected(
    game: Game, wanted_sa: FloatArray, w_sa: FloatArray, node_limit: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Projections of the tables of available joint actions, their errors and lower bounds; −∞ for other actions."""
    if game.masks is None:
        num_actions = np.array(game.num_actions, dtype=np.int64)
        q_sa, _, errors, bounds, _ = monotone_projections(wanted_sa, w_sa, num_actions, node_limit)
        return q_sa, errors, bounds
    q_sa = np.full(wanted_sa.shape, -np.inf)
    errors, bounds = np.empty(game.num_states), np.empty(game.num_states)
    for states, _ in equal_rows(np.concatenate(game.masks, axis=1)):
        available = [own[states[:1]] for own in game.masks]
        num_actions = np.array([own.sum() for own in available], dtype=np.int64)
        here = np.ix_(states, np.flatnonzero(joint(available)))
        q_sa[here], _, errors[states], bounds[states], _ = monotone_projections(
            wanted_sa[here], w_sa[here], num_actions, node_limit
        )
    return q_sa, errors, bounds


def _additive(game: Game, wanted_sa: FloatArray, played: Policy, node_limit: int) -> Projected:
    """The nearest sum of functions of one action each, Σ_i f_i with the f of (2)."""
    local = _local_values(game, wanted_sa, played)
    return Projected(additive_mix(local).reshape(wanted_sa.shape), local)


def _unrestricted(game: Game, wanted_sa: FloatArray, played: Policy, node_limit: int) -> Projected:
    """The table itself."""
    return Projected(wanted_sa, _local_values(game, wanted_sa, played))


def _local_values(game: Game, q_sa: FloatArray, played: Policy) -> Policy:
    return local_values(q_sa.reshape(game.num_states, *game.num_actions), played)  # (2)


PROJECTIONS: dict[str, Callable[[Game, FloatArray, Policy, int], Projected]] = {
    "monotone": _monotone,
    "additive": _additive,
    "unrestricted": _unrestricted,
}
"""By the name of a mixer: from game, table (S, A), the policy whose weights w count, and the limit of the search."""
