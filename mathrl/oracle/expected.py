"""Expected targets of a critic, computed from checked arrays: what `mathrl.oracle.targets` returns, without its checks.

    y_n(s, a) = r(s, a) + γ E_t[τ(s, a) v(t) + (1 − τ(s, a)) u_{n−1}(t)],   u_0 = v,   u_n = E_π[y_n] + bonus      (1)
    y_λ(s, a) = r(s, a) + γ E_t[(1 − λ_τ) v(t) + λ_τ u_λ(t)],   λ_τ = λ (1 − τ(s, a)),   u_λ = E_π[y_λ] + bonus     (2)

τ is the share of the transitions after which a time limit cuts the episode; without it, it is 0. Games are those of
`mathrl.oracle.counted`, in which the value of an end is 0.
"""

from dataclasses import dataclass

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.games.model import Game
from mathrl.games.policies import Policy
from mathrl.games.profile import Profile
from mathrl.operators import entropy_bonus, soft_value
from mathrl.values.linear_system import resolvent, sweep
from mathrl.values.policy_values import backup, expected_rewards, has_agent_axis, policy_transitions, trace_values

__all__ = ["expected_target"]


def expected_target(
    game: Game,
    *,
    policy: Policy,
    temperature: float,
    entropy: str,
    q: FloatArray | None = None,
    v: FloatArray | None = None,
    steps: int = 1,
    trace_decay: float | None = None,
    cut_sa: FloatArray | None = None,
    at_cuts: FloatArray | None = None,
) -> FloatArray:
    """Return the expected target of `steps` steps, or of TD(λ) with a `trace_decay`, in the shape of q.

    `game`     what `counted` returns, and `policy` one of it
    `q`, `v`   exactly one of them
    `cut_sa`   τ, (S, A), or None
    `at_cuts`  what stands in place of v at cuts, shaped as v; default: v
    """
    if q is not None:
        v = np.asarray(soft_value(q, policy, temperature=temperature, entropy=entropy))
    assert v is not None
    counted = entropy if steps > 1 or trace_decay is not None else "none"  # one step counts none but that in v
    bonus_ms = np.atleast_2d(entropy_bonus(policy, temperature=temperature, entropy=counted))
    w_sa, v_ms = Profile.of(policy).joint_sa, np.atleast_2d(v)
    if cut_sa is not None:
        cut = _Cut(game, w_sa, v_ms, bonus_ms, cut_sa, v_ms if at_cuts is None else np.atleast_2d(at_cuts))
        q_msa = cut.after(steps) if trace_decay is None else cut.traced(trace_decay)
    elif trace_decay is not None:
        q_msa = backup(game, trace_values(game, w_sa, v_ms, bonus_ms, trace_decay))  # (2)
    else:
        q_msa = backup(game, _after(game, w_sa, v_ms, bonus_ms, steps - 1))  # (1)
    q_shaped = q_msa.reshape(-1, game.num_states, *game.num_actions)
    return q_shaped if has_agent_axis(game, entropy) else q_shaped[0]


def _after(game: Game, w_sa: FloatArray, v_ms: FloatArray, bonus_ms: FloatArray, steps: int) -> FloatArray:
    """u of (1) without cuts, (m, S): u_k = b + γ P_w u_{k−1}, b = E_w[r] + bonus."""
    if steps > 0:
        P_st, b_ms = policy_transitions(game, w_sa), expected_rewards(game, w_sa, bonus_ms)
        for _ in range(steps):
            v_ms = np.stack([sweep(P_st, game.discount, b_s, v_s) for b_s, v_s in zip(b_ms, v_ms, strict=True)])
    return v_ms


@dataclass(frozen=True)
class _Cut:
    """Targets with cuts: w (S, A), v (m, S), bonus (m, S) or (1, S), τ (S, A), and the values at cuts (m, S)."""

    game: Game
    w_sa: FloatArray
    v_ms: FloatArray
    bonus_ms: FloatArray
    cut_sa: FloatArray
    at_cuts_ms: FloatArray

    def after(self, steps: int) -> FloatArray:
        """y_n of (1), (m, S, A)."""
        at_cuts_msa = self.cut_sa * backup(self.game, self.at_cuts_ms)

        def following(u_ms: FloatArray) -> FloatArray:
            return np.asarray(at_cuts_msa + (1 - self.cut_sa) * backup(self.game, u_ms))  # (1)

        y_msa = following(self.v_ms)
        for _ in range(steps - 1):
            y_msa = following(self._expected(y_msa) + self.bonus_ms)
        return y_msa

    def traced(self, trace_decay: float) -> FloatArray:
        """y_λ of (2), (m, S, A)."""
        decay_sa = trace_decay * (1 - self.cut_sa)
        known_msa = self.cut_sa * backup(self.game, self.at_cuts_ms)
        known_msa = known_msa + (1 - trace_decay) * (1 - self.cut_sa) * backup(self.game, self.v_ms)
        b_ms = self._expected(known_msa + decay_sa * self.game.rewards_isa) + self.bonus_ms
        solve = resolvent(policy_transitions(self.game, decay_sa * self.w_sa), self.game.discount)
        u_ms = np.stack([solve(b_s, v_s) for b_s, v_s in zip(b_ms, self.v_ms, strict=True)])
        return np.asarray(known_msa + decay_sa * backup(self.game, u_ms))  # (2)

    def _expected(self, y_msa: FloatArray) -> FloatArray:
        """E_w[y], (m, S)."""
        return np.asarray(np.einsum("msa,sa->ms", y_msa, self.w_sa))
