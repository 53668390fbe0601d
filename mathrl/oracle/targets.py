"""Exact expected targets of a critic, from its own q or v: one step, n steps, and TD(λ).

    v(s)    = E_{a~π}[q(s, a)] + bonus(s), if q is given                                              (1)
    v_0     = v,   v_{k+1} = b + γ P_π v_k,   b(s) = E_{a~π}[r(s, a)] + bonus(s)                      (2)
    y_n     = r + γ P v_{n−1}
            = r + E[Σ_{t=1}^{n−1} γ^t (r_t + bonus(s_t)) + γ^n v(s_n)]                                (3)
    y_λ     = (1 − λ) Σ_{n≥1} λ^{n−1} y_n = r + γ P u,   u = (1 − λ) v + λ (b + γ P_π u)              (4)

bonus(s) is what entropy adds in state s: α Σ_j H(π^j), α H(π^i) or 0 (`operators.entropy_bonus`). The entropy of the
present state is no part of a soft Q; that of every later one is, also on the way to the bootstrap. y_1 is the soft
Bellman operator (hasac Eq. 5), y_n that operator applied n times, (4) is soft-qmix Eq. 7. All expectations are exact.

An episode may end for two reasons. In a terminal state of the game it is `terminated`: v is 0 there, whatever the
critic says, and nothing is bootstrapped. A time limit that is no part of the state only cuts it, so that it is
`truncated`: what follows would still count, and the return bootstraps from the state in which it was cut. With K the
number of steps until the first cut,

    y_n     = r + E[Σ_{t=1}^{k−1} γ^t (r_t + bonus(s_t)) + γ^k v(s_k)],   k = min(n, K)               (5)

One step is the same with cuts and without. A limit that is part of the state, as where the state tells the time that is
left, ends the game itself: let its last states be terminal.
"""

from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray, choice, count, fail, not_negative, proportion
from mathrl.base.checks import entry as entry_name
from mathrl.games.model import Game, check_game
from mathrl.games.policies import Policy
from mathrl.operators import ENTROPIES, soft_value
from mathrl.oracle.arrays import action_values, numbers, policy_rows, scalar, state_values
from mathrl.oracle.counted import counted, shown
from mathrl.oracle.expected import expected_target
from mathrl.values.policy_values import has_agent_axis

__all__ = ["bootstrap", "cut_shares", "n_step_target", "one_step_target", "td_lambda_target"]


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
    In terminal states of the game v(t) is 0, whatever is given there. A step that a time limit cuts (`truncated` in
    other codes) has this same target: it bootstraps.

    Returns y_1, shaped as q; −∞ where a joint action is not available, 0 in terminal states. Raises `ValueError` naming
    the argument.

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
    truncated: Any = None,
) -> FloatArray:
    """Compute the exact expected n-step target of a critic, on policy   (hasac Eq. 5, applied n times).

        y_n = r + E[Σ_{t=1}^{n−1} γ^t (r_t + bonus(s_t)) + γ^n v(s_n)]                                    (3)
        y_n = r + E[Σ_{t=1}^{k−1} γ^t (r_t + bonus(s_t)) + γ^k v(s_k)],   k = min(n, first cut)           (5)

    `game`         the game
    `policy`       π: one array (S, A_i) per agent, or functions, as in `compare`
    `temperature`  α ≥ 0
    `q`            the critic that is bootstrapped from, (S, A_1, …, A_n); then v(s) = E_{a~π}[q(s, a)] + bonus(s)
    `v`            v itself, (S,), with the entropy of its own state; exactly one of q and v is given
    `entropy`      bonus(s) is α Σ_j H(π^j) for "team" (by default), α H(π^i) for "own", 0 for "none"
    `steps`        n ≥ 1, default 1
    `truncated`    the share of the transitions from (s, a) after which a time limit cuts the episode: a number, (S,),
                   (S, A_1, …, A_n) or a function `truncated(state, joint_action)`; by default none. The return then
                   bootstraps where it is cut   (5). Where the game ends is no part of it

    q and v have a leading agent axis for general-sum games and for `entropy="own"`. Arrays may be of any framework, or
    functions, as in `compare`.

    Returns y_n, shaped as q; −∞ where a joint action is not available, 0 in terminal states. It is nearer to the exact
    soft Q than q is, by a factor γ^n or less (γ with cuts). Raises `ValueError` naming the argument.

    >>> game = Game.stochastic(np.ones((1, 2)), np.ones((1, 2, 1)), discount=0.5)
    >>> held = {"policy": [[0.5, 0.5]], "temperature": 0.0, "v": [10.0], "steps": 3}
    >>> n_step_target(game, **held).tolist()                  # 1 + ½ + ¼ + 10/8
    [[3.0, 3.0]]
    >>> n_step_target(game, **held, truncated=1.0).tolist()   # every step is the last of its episode: 1 + 10/2
    [[6.0, 6.0]]
    """
    kind = _checked(game, policy, temperature, entropy, q, v, truncated)
    return shown(game, expected_target(**kind, steps=count("steps", steps, 1)))  # (3), (5)


def td_lambda_target(
    game: Game,
    *,
    policy: Any,
    temperature: float,
    trace_decay: float,
    q: Any = None,
    v: Any = None,
    entropy: str = "team",
    truncated: Any = None,
) -> FloatArray:
    """Compute the exact expected TD(λ) target of a critic, by one linear solve   (soft-qmix Eq. 7).

        y_λ = (1 − λ) Σ_{n≥1} λ^{n−1} y_n = r + γ P u,   u = (1 − λ) v + λ (b + γ P_π u),                  (4)
        b(s) = E_{a~π}[r(s, a)] + bonus(s)

    y_n is `n_step_target`, by n steps from the same v, and with the same cuts.

    `game`         the game
    `policy`       π: one array (S, A_i) per agent, or a function `policy(state)`, as in `compare`
    `temperature`  α ≥ 0
    `trace_decay`  λ, in [0, 1]: 0 is `one_step_target`, 1 the exact soft Q of the policy, whatever q or v is, unless
                   episodes are cut
    `q`            the critic that is bootstrapped from, (S, A_1, …, A_n); then v(s) = E_{a~π}[q(s, a)] + bonus(s)
    `v`            v itself, (S,), with the entropy of its own state; exactly one of q and v is given
    `entropy`      bonus(s) is α Σ_j H(π^j) for "team" (by default), α H(π^i) for "own", 0 for "none"
    `truncated`    the share of the transitions from (s, a) after which a time limit cuts the episode, as in
                   `n_step_target`: λ is 0 for the steps that are cut

    q and v have a leading agent axis for general-sum games and for `entropy="own"`. Arrays may be of any framework.

    Returns y_λ, shaped as q; −∞ where a joint action is not available, 0 in terminal states. Raises `ValueError` naming
    the argument.

    >>> game = Game.stochastic(np.ones((1, 2)), np.ones((1, 2, 1)), discount=0.5)
    >>> td_lambda_target(game, policy=[[0.5, 0.5]], temperature=0.0, v=[10.0], trace_decay=1.0).tolist()
    [[2.0, 2.0]]
    """
    kind = _checked(game, policy, temperature, entropy, q, v, truncated)
    return shown(game, expected_target(**kind, trace_decay=proportion("trace_decay", trace_decay)))  # (4), (5)


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


def cut_shares(game: Game, truncated: Any) -> FloatArray | None:
    """Check τ, the shares of transitions after which a time limit cuts the episode: (S, A), or None where none is.

    `truncated` is None, a number, (S,), (S, A_1, …, A_n) or a function `truncated(state, joint_action)`. What counts
    nowhere is 0. Raises `ValueError` naming an entry that is no probability.
    """
    if truncated is None:
        return None
    given = truncated
    if not callable(truncated):
        given = numbers("truncated", truncated)
        if given.shape in ((), (game.num_states,)):
            over_actions = given.reshape(*given.shape, *[1] * game.num_agents)
            given = np.broadcast_to(over_actions, (game.num_states, *game.num_actions))
    shares = action_values(game, given, agent_axis=False, argument="truncated")
    wrong = (shares < 0) | (shares > 1)
    if wrong.any():
        index = np.argwhere(wrong)[0]
        found = f"is {shares[tuple(index)]:g}"
        fail(entry_name("truncated", index), found, "a probability", "the share of the transitions that a limit cuts")
    return shares.reshape(game.num_states, -1)


def _checked(game: Game, policy: Any, temperature: Any, entropy: str, q: Any, v: Any, truncated: Any) -> dict[str, Any]:
    """The checked input of a target, by name, as `expected_target` takes it."""
    check_game(game)
    choice("entropy", entropy, ENTROPIES)
    alpha = not_negative("temperature", scalar("temperature", temperature))
    played = counted(game)
    checked, _ = policy_rows(played, policy)
    kind: dict[str, Any] = {"temperature": alpha, "entropy": entropy}
    _, values = bootstrap(played, checked, q, v, **kind)
    return kind | {"game": played, "policy": checked, "v": values, "cut_sa": cut_shares(played, truncated)}
