"""Common offsets of rewards, which change no policy, taken off before a game is solved and added to its values again.

A constant c that is added to all rewards of an agent adds k to all its values, whatever is played:

    r' = r + c   ⇒   Q' = Q + k,  V' = V + k,   k = c/(1 − γ)                                     (1)

All that decides on a policy is computed from differences of Q, in which k cancels. But where |c| is large, Q' keeps
fewer digits of Q, and so do the differences. At discount 0 each state may have its own c.
"""

from dataclasses import replace

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.games.model import Game
from mathrl.values.exact_sums import as_csr, shaped_rewards
from mathrl.values.policy_values import Values

__all__ = ["common_offsets", "objectives", "with_offsets", "without_offsets"]

_LARGE = 2.0**10
"""Offsets of more than so many spreads of the rewards are taken off. Of smaller ones differences keep 13 digits."""

_SUMS_TO_1 = 16 * float(np.finfo(np.float64).eps)
"""Rows of transitions whose sums differ from 1 by more than this let an offset change differences."""

_LASTS = 2.0**-20
"""So do rows whose sums differ from 1 by more than this share of 1 − γ: k in (1) is that much off then."""


def common_offsets(r_xa: FloatArray) -> FloatArray:
    """Return c (…) of rewards (…, A): the middle of a row whose entries are nearly equal, else 0.

    To subtract it rounds nothing: the difference of two doubles of which neither is more than twice the other is a
    double (Sterbenz 1974).
    """
    first, last, c_x = r_xa[..., 0], r_xa[..., -1], np.zeros(r_xa.shape[:-1])
    near = np.abs(first / 2 - last / 2) <= np.abs(first) / _LARGE  # two of a row, as there may be a million rows
    if near.any():
        high, low = r_xa[near].max(axis=-1) / 2, r_xa[near].min(axis=-1) / 2
        c_x[near] = np.where(np.abs(high + low) / (2 * _LARGE) > high - low, high + low, 0.0)
    return c_x


def without_offsets(game: Game) -> tuple[Game, FloatArray | None]:
    """Return the game without common offsets, and the k (m, S) of (1), m = 1 for a common payoff.

    Where there are none, or a row of transitions does not sum to 1, these are the game itself and None.
    """
    if game.discount > 0 and game.ended is not None:
        return game, None  # a constant is worth more where play lasts longer
    isa = game.rewards_isa
    if game.barred_sa is not None:
        first_s = game.barred_sa.argmin(axis=1)
        isa = np.where(game.barred_sa, isa[:, np.arange(len(first_s)), first_s, None], isa)
    rows = isa if game.discount == 0 else isa.reshape(len(isa), 1, -1)
    c_ms = common_offsets(rows)
    if not c_ms.any() or not _sums_to_1(game):
        return game, None
    k_ms = np.broadcast_to(c_ms / (1 - game.discount), (len(rows), game.num_states))
    c = c_ms.reshape(*c_ms.shape, *(1 for _ in game.num_actions))
    rewards = game.rewards - (c[0] if game.common_payoff else c)
    rewards.flags.writeable = False
    return replace(game, rewards=rewards), k_ms


def with_offsets(values: Values, k_ms: FloatArray | None) -> Values:
    """Return the values in the game with its offsets, from those in the game without them   (1)."""
    if k_ms is None:
        return values
    return Values(values.game, values.q_msa + k_ms[..., None], values.v_ms + k_ms, values.agent_axis, values.solve)


def objectives(game: Game, history: FloatArray, k_ms: FloatArray | None) -> FloatArray:
    """Return the same for objectives Σ_s start(s) V(s) of a common payoff."""
    return history if k_ms is None else history + float(k_ms[0] @ game.start)


def _sums_to_1(game: Game) -> bool:
    """Whether rows of transitions sum to 1 well enough; their sums are exact, as (1) rests on much less than eps."""
    if game.discount == 0:
        return True
    ones, rest_mx = np.ones((1, 1, game.num_states)), np.empty((1, game.num_states * game.num_joint_actions))
    rows = as_csr(game)
    shaped_rewards(np.zeros_like(rest_mx), ones, *rows, 1.0, game.num_joint_actions, rest_mx)
    return bool(np.abs(rest_mx).max() <= min(_SUMS_TO_1, _LASTS * (1 - game.discount)))
