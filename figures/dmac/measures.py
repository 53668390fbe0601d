"""What DMAC's Section 5.1 measures in its stochastic game, exactly: returns of 30 steps and expected cover rates.

    J_30(π)  = E_π[ Σ_{t < 30} r_t ],   without discount                                          (1)
    C_M(π)   = 1 − mean over (s, a) of (1 − h_π(s, a))^M                                           (2)

h_π(s, a) is the probability that an episode of 30 steps visits the pair (s, a): 1 less the probability that it never
does, which a recursion over 30 steps gives. (2) is the expected share of all pairs that M episodes of π visit.
"""

from functools import cache

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.games import Game, load

__all__ = ["HORIZON", "TEMPERATURES", "best_return", "cover_rate", "episode_return", "game"]

HORIZON = 30
"""How many steps an episode has."""

TEMPERATURES = (0.001, 0.01, 0.1, 0.2, 1.0, 10.0, 100.0)
"""The ω that the text of Section 5.1 names."""


@cache
def game(seed: int = 0) -> Game:
    """The catalogue's game of this seed: 30 states, 3 agents, 5 actions."""
    return load(f"dmac(seed={seed})")


def episode_return(game: Game, joint_policy: FloatArray) -> float:
    """J_30 of (1) for a joint policy (S, A_1, …, A_n)."""
    r_s, P_st = _chain(game, joint_policy)
    v_s = np.zeros(game.num_states)
    for _ in range(HORIZON):
        v_s = r_s + P_st @ v_s
    return float(game.start @ v_s)


def best_return(game: Game) -> float:
    """The most that any policy, also one that counts the steps, earns in an episode."""
    r_sa, P_sat = _arrays(game)
    v_s = np.zeros(game.num_states)
    for _ in range(HORIZON):
        v_s = (r_sa + P_sat @ v_s).max(axis=1)
    return float(game.start @ v_s)


def cover_rate(game: Game, joint_policy: FloatArray, episodes: int) -> float:
    """C_M of (2) for a joint policy (S, A_1, …, A_n) and M = `episodes`."""
    _, P_sat = _arrays(game)
    _, P_st = _chain(game, joint_policy)
    states, pairs = game.num_states, game.num_joint_actions
    pi_sa = joint_policy.reshape(states, pairs)
    to_tp = np.ascontiguousarray(P_sat.transpose(2, 0, 1)).reshape(states, -1)
    left = np.ones((states, states * pairs))  # from each state, without a visit to each pair
    own = np.repeat(np.arange(states), pairs), np.arange(states * pairs)
    for _ in range(HORIZON):
        after_visit = np.einsum("tp,tp->p", to_tp, left)
        left = np.einsum("st,tp->sp", P_st, left)
        left[own] -= pi_sa.ravel() * after_visit
    never = np.clip(np.einsum("s,sp->p", game.start, left), 0.0, 1.0)
    return float(1 - (never**episodes).mean())


def _arrays(game: Game) -> tuple[FloatArray, FloatArray]:
    rows = (game.num_states, game.num_joint_actions)
    return game.rewards.reshape(rows), np.asarray(game.transitions).reshape(*rows, game.num_states)


def _chain(game: Game, joint_policy: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean rewards (S,) and transitions (S, S) under a joint policy."""
    r_sa, P_sat = _arrays(game)
    pi_sa = joint_policy.reshape(r_sa.shape)
    return np.einsum("sa,sa->s", pi_sa, r_sa), np.einsum("sa,sat->st", pi_sa, P_sat)
