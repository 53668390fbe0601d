"""Exact expected targets of a critic, from its own q or v: one step, n steps, and TD(λ).

    v(s)    = E_{a~π}[q(s, a)] + bonus(s), if q is given                                              (1)
    v_0     = v,   v_{k+1} = b + γ P_π v_k,   b(s) = E_{a~π}[r(s, a)] + bonus(s)                      (2)
    y_n     = r + γ P v_{n−1}
            = r + E[Σ_{t=1}^{n−1} γ^t (r_t + bonus(s_t)) + γ^n v(s_n)]                                (3)
    y_λ     = (1 − λ) Σ_{n≥1} λ^{n−1} y_n = r + γ P u,   u = (1 − λ) v + λ (b + γ P_π u)              (4)

bonus(s) is what entropy adds in state s: α Σ_j H(π^j), α H(π^i) or 0 (`operators.entropy_bonus`). The entropy of the
present state is no part of a soft Q; that of every later one is, also on the way to the bootstrap. y_1 is the soft
Bellman operator (hasac Eq. 5), y_n that operator applied n times, (4) is soft-qmix Eq. 7. All expectations are exact.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from mathrl.base.checks import FloatArray, choice, count, fail, not_negative, proportion
from mathrl.games.model import Game, check_game
from mathrl.games.policies import Policy
from mathrl.games.profile import Profile
from mathrl.operators import ENTROPIES, entropy_bonus, soft_value
from mathrl.oracle.arrays import action_values, policy_rows, scalar, state_values
from mathrl.values.linear_system import sweep
from mathrl.values.policy_values import backup, expected_rewards, has_agent_axis, policy_transitions, trace_values

__all__ = ["bootstrap", "n_step_target", "one_step_target", "td_lambda_target"]


def one_step_target(
    game: Game,
    *,
    policy: Any,
    temperature: float,
    q: Any = None,
    v: Any = None,
    entropy: str = "team",
) -> FloatArray:
    """Compute the exact expected one-step target of a critic   (hasac Eq. 5, soft-qmix Eq. 5).

        y_1(s, a) = r(s, a) + γ Σ_t P(t|s, a) v(t),   v(t) = E_{a~π}[q(t, a)] + α Σ_j H(π^j(·|t)) where q is given

    It is the soft Bellman operator. For `entropy="own"` v(t) has α H(π^i) in place of the sum, for "none" nothing.

    `game`         the game
    `policy`       π: one array (S, A_i) per agent, or a function `policy(state)`, as in `compare`
    `temperature`  α ≥ 0
    `q`            the critic that is bootstrapped from, (S, A_1, …, A_n)
    `v`            v itself, (S,), with the entropy of its own state; exactly one of q and v is given
    `entropy`      whose entropy counts: "team" (by default, the sum over agents), "own" or "none"

    q and v have a leading agent axis for general-sum games and for `entropy="own"`. Arrays may be of any framework.

    Returns y_1, shaped as q. Raises `ValueError` naming the argument.

    >>> game = Game.stochastic(np.ones((1, 2)), np.ones((1, 2, 1)), discount=0.5)
    >>> one_step_target(game, policy=[[0.5, 0.5]], temperature=1.0, q=[[0.0, 0.0]]).round(3).tolist()  # 1 + ½ log 2
    [[1.347, 1.347]]
    """
    return n_step_target(game, policy=policy, temperature=temperature, q=q, v=v, entropy=entropy, steps=1)


def n_step_target(
    game: Game,
    *,
    policy: Any,
    temperature: float,
    q: Any = None,
    v: Any = None,
    entropy: str = "team",
    steps: int = 1,
) -> FloatArray:
    """Compute the exact expected n-step target of a critic, on policy   (hasac Eq. 5, applied n times).

        y_n = r + E[Σ_{t=1}^{n−1} γ^t (r_t + bonus(s_t)) + γ^n v(s_n)]                                    (3)

    `game`         the game
    `policy`       π: one array (S, A_i) per agent, or functions, as in `compare`
    `temperature`  α ≥ 0
    `q`            the critic that is bootstrapped from, (S, A_1, …, A_n); then v(s) = E_{a~π}[q(s, a)] + bonus(s)
    `v`            v itself, (S,), with the entropy of its own state; exactly one of q and v is given
    `entropy`      bonus(s) is α Σ_j H(π^j) for "team" (by default), α H(π^i) for "own", 0 for "none"
    `steps`        n ≥ 1, default 1

    q and v have a leading agent axis for general-sum games and for `entropy="own"`. Arrays may be of any framework, or
    functions, as in `compare`.

    Returns y_n, shaped as q. It is nearer to the exact soft Q than q is, by a factor γ^n or less. Raises `ValueError`
    naming the argument.

    >>> game = Game.stochastic(np.ones((1, 2)), np.ones((1, 2, 1)), discount=0.5)
    >>> n_step_target(game, policy=[[0.5, 0.5]], temperature=0.0, v=[10.0], steps=3).tolist()   # 1 + ½ + ¼ + 10/8
    [[3.0, 3.0]]
    """
    critic = _Critic.of(game, policy, temperature, entropy, q, v)
    v_ms = critic.v_ms
    if count("steps", steps, 1) > 1:
        P_st, b_ms = policy_transitions(game, critic.w_sa), expected_rewards(game, critic.w_sa, critic.bonus_ms)
        for _ in range(steps - 1):
            v_ms = np.stack([sweep(P_st, game.discount, b_s, v_s) for b_s, v_s in zip(b_ms, v_ms, strict=True)])  # (2)
    return critic.backed_up(v_ms)  # (3)


def td_lambda_target(
    game: Game,
    *,
    policy: Any,
    temperature: float,
    trace_decay: float,
    q: Any = None,
    v: Any = None,
    entropy: str = "team",
) -> FloatArray:
    """Compute the exact expected TD(λ) target of a critic, by one linear solve   (soft-qmix Eq. 7).

        y_λ = (1 − λ) Σ_{n≥1} λ^{n−1} y_n = r + γ P u,   u = (1 − λ) v + λ (b + γ P_π u),                  (4)
        b(s) = E_{a~π}[r(s, a)] + bonus(s)

    y_n is `n_step_target`, by n steps from the same v.

    `game`         the game
    `policy`       π: one array (S, A_i) per agent, or a function `policy(state)`, as in `compare`
    `temperature`  α ≥ 0
    `trace_decay`  λ, in [0, 1]: 0 is `one_step_target`, 1 the exact soft Q of the policy, whatever q or v is
    `q`            the critic that is bootstrapped from, (S, A_1, …, A_n); then v(s) = E_{a~π}[q(s, a)] + bonus(s)
    `v`            v itself, (S,), with the entropy of its own state; exactly one of q and v is given
    `entropy`      bonus(s) is α Σ_j H(π^j) for "team" (by default), α H(π^i) for "own", 0 for "none"

    q and v have a leading agent axis for general-sum games and for `entropy="own"`. Arrays may be of any framework.

    Returns y_λ, shaped as q. Raises `ValueError` naming the argument.

    >>> game = Game.stochastic(np.ones((1, 2)), np.ones((1, 2, 1)), discount=0.5)
    >>> td_lambda_target(game, policy=[[0.5, 0.5]], temperature=0.0, v=[10.0], trace_decay=1.0).tolist()
    [[2.0, 2.0]]
    """
    critic = _Critic.of(game, policy, temperature, entropy, q, v)
    decay = proportion("trace_decay", trace_decay)
    return critic.backed_up(trace_values(game, critic.w_sa, critic.v_ms, critic.bonus_ms, decay))  # (4)


def bootstrap(
    game: Game, policy: Policy, q: Any, v: Any, *, temperature: float, entropy: str
) -> tuple[FloatArray | None, FloatArray]:
    """Return the given q as an array (None if v is given), and v of (1): (S,), or (n, S) with an agent axis.

    Raises `ValueError` unless exactly one of them is given, in its right shape.
    """
    if (q is None) == (v is None):
        fail("q", "and v are both given" if v is not None else "and v are both missing", "one of them")
    agent_axis = has_agent_axis(game, entropy)
    if q is None:
        return None, state_values(game, v, agent_axis=agent_axis)
    critic = action_values(game, q, agent_axis=agent_axis)
    return critic, np.asarray(soft_value(critic, policy, temperature=temperature, entropy=entropy))  # (1)


@dataclass(frozen=True)
class _Critic:
    """The checked input: π(a|s) of joint actions (S, A), v of (1) (m, S), and bonus (m, S) or (1, S)."""

    game: Game
    agent_axis: bool
    w_sa: FloatArray
    v_ms: FloatArray
    bonus_ms: FloatArray

    @classmethod
    def of(cls, game: Game, policy: Any, temperature: float, entropy: str, q: Any, v: Any) -> Self:
        """Check the input of a target."""
        check_game(game)
        choice("entropy", entropy, ENTROPIES)
        alpha = not_negative("temperature", scalar("temperature", temperature))
        checked, _ = policy_rows(game, policy)
        _, values = bootstrap(game, checked, q, v, temperature=alpha, entropy=entropy)
        bonus = entropy_bonus(checked, temperature=alpha, entropy=entropy)
        w_sa = Profile.of(checked).joint_sa
        return cls(game, has_agent_axis(game, entropy), w_sa, np.atleast_2d(values), np.atleast_2d(bonus))

    def backed_up(self, v_ms: FloatArray) -> FloatArray:
        """r + γ P v, in the shape of q."""
        q = backup(self.game, v_ms).reshape(-1, self.game.num_states, *self.game.num_actions)
        return q if self.agent_axis else q[0]
