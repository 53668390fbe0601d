"""How far somebody's policy, Q and V are from the exact ones.

    Γ_π q = r + γ P (E_π q + entropy),   T_π v = E_π[r + γ P v] + entropy        (hasac Eq. 5, 6)          (1)
    ‖Γ_π q − q‖/(1 + γ) ≤ ‖q − Q_π‖ ≤ ‖Γ_π q − q‖/(1 − γ),                  for T_π, v and V_π alike       (2)
    T q = r + γ P V_q,   V_q = α log Σ_a exp(q(·, a)/α), or max_a q(·, a)        (aorpo Eq. 7)             (3)

A critic learns by the residual of (1), and (2) shows how little that may say. q and v are measured each by itself, and
against each other: where v = E_π q + entropy, both residuals say the same. At terminal states V = 0; where γ is 1, the
longest expected play takes the place of 1/(1 − γ) in (2).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray, choice, fail, not_negative
from mathrl.exploitability import best_response
from mathrl.games.model import Game, check_game
from mathrl.games.policies import Policy
from mathrl.iteration.outcome import rounding_floor
from mathrl.operators import ENTROPIES, quantal_response, quantal_response_residuals, soft_value
from mathrl.oracle.arrays import action_values, policy_rows, scalar, state_values
from mathrl.oracle.beyond import Ignored
from mathrl.oracle.counted import barred, counted, over_time, zeroed
from mathrl.oracle.diagnose import diagnose, most_left
from mathrl.oracle.entries import worst_entries, worst_of_policy
from mathrl.oracle.expected import expected_target
from mathrl.oracle.mistakes import value_mistakes
from mathrl.oracle.report import Report
from mathrl.oracle.targets import cut_shares
from mathrl.softmax import soft_max
from mathrl.solution import Solution
from mathrl.solvers import optimal, soft_evaluation, soft_q_iteration
from mathrl.values.overflow import in_range
from mathrl.values.policy_values import against, backup, has_agent_axis

__all__ = ["compare", "quantal_responses"]


def compare(
    game: Game,
    *,
    temperature: float,
    entropy: str = "team",
    policy: Any = None,
    q: Any = None,
    v: Any = None,
    truncated: Any = None,
    earlier_policy: Any = None,
) -> Report:
    """Report how far a policy, Q and V, from any code, are from what is exact   (hasac Eq. 3, 5, 6).

        Q_π = r + γ P V_π,   V_π = E_π[Q_π] + entropy

    `game`         the game
    `temperature`  α ≥ 0; 0 for a plain critic, without entropy
    `entropy`      whose entropy counts: "team" (by default, α Σ_j H(π^j)), "own" (α H(π^i) for agent i) or "none"
    `policy`       π: one array (S, A_i) per agent, or a function `policy(state)` that returns one row per agent
    `q`            (S, A_1, …, A_n), or a function `q(state, joint_action)`
    `v`            (S,), or a function `v(state)`
    `truncated`    the share of the transitions that a time limit cuts, as in `n_step_target`, where you know it: it
                   changes no number, but `diagnosis` then names a critic that takes these cuts for ends
    `earlier_policy`  a policy that may have stood in place of π, as in `assert_soft_q`: `diagnosis` then names it

    At least one of policy, q and v is needed. Where the agents' values differ (general-sum games and `entropy="own"`),
    q and v have a leading agent axis, and functions return (n,). Arrays may be of any framework and precision. Rows of
    a policy may sum to 1 within 1e-5; they are then normalised. An action that is never played counts in `q_distance`
    as every other does: Q_π says what it would be worth. Whatever is given for an action that is not available, or in a
    terminal state, is ignored, and counts in no number; a policy that plays an unavailable action is refused.

    With a policy, q and v are compared with its own Q_π and V_π. Where they differ by more than rounding in single
    precision and a known mistake explains it, `diagnosis` names the mistake. Without a policy, they are compared with
    Q* and V* of the soft optimum over joint policies (`entropy="team"`) or of the plain optimum ("none"); this takes a
    common payoff.

    At temperature 0 Q_π and V_π are the plain ones. There is no QRE and no soft return then: `qre_gap`, `actor_gap`,
    `exploitability` and `soft_return` are None, and `nash_exploitability` and `plain_return` remain.

    Returns a `Report`. Raises `ValueError` naming the argument, and the state where a function returned something that
    cannot be right, and where values could overflow.

    >>> from mathrl.games import load
    >>> report = compare(load("hasac"), temperature=1.0, policy=[[0.6, 0.2, 0.2]] * 2, q=lambda state, action: 0.0)
    >>> report.q_distance, report.worst[0].action, report.exploitability.round(2).tolist()
    (20.0, (0, 1), [2.25, 2.25])
    """
    check_game(game)
    alpha = not_negative("temperature", scalar("temperature", temperature))
    choice("entropy", entropy, ENTROPIES)
    entropy = entropy if alpha > 0 else "none"
    if policy is None and q is None and v is None:
        fail("policy", "is missing, and so are q and v", "at least one of them")
    agent_axis = has_agent_axis(game, entropy)
    if policy is None and agent_axis:
        mend = (
            "without one there is the optimum over joint policies, of a common payoff with the team's entropy or none"
        )
        fail("policy", "is missing", "a policy where the agents' values differ", mend)
    played = counted(game)
    rows, off = (None, None) if policy is None else policy_rows(played, policy)
    q_given = None if q is None else action_values(game, q, agent_axis=agent_axis)
    v_given = None if v is None else state_values(game, v, agent_axis=agent_axis)
    in_range(game, alpha, q_given, v_given)
    described: dict[str, Any] = {"game": repr(game), "temperature": alpha, "entropy": entropy, "row_sums_off": off}
    described |= {kind: getattr(game, kind) for kind in ("agent_names", "action_names", "state_names")}
    cut_sa = cut_shares(played, truncated)
    if rows is None:
        return Report(**described, **_from_optimum(played, game.in_play, alpha, entropy, q_given, v_given))
    ignored = Ignored.of(game, policy=policy, agent_axis=agent_axis, q=q, v=v)
    earlier = None if earlier_policy is None else policy_rows(played, earlier_policy, "earlier_policy")[0]
    known: dict[str, Any] = {"ignored": ignored, "cut_sa": cut_sa, "earlier": earlier}
    return Report(**described, **_from_policy(played, alpha, entropy, rows, q_given, v_given, known))


def _from_policy(
    game: Game,
    temperature: float,
    entropy: str,
    policy: Policy,
    q: FloatArray | None,
    v: FloatArray | None,
    known: dict[str, Any],
) -> dict[str, Any]:
    """The numbers of `Report` at a policy; `game` is the counted one, and `known` is what `value_mistakes` takes."""
    kind: dict[str, Any] = {"policy": policy, "temperature": temperature, "entropy": entropy}
    plain = soft_evaluation(game, policy=policy, temperature=temperature or 1.0, entropy="none")
    exact = soft_evaluation(game, **kind) if entropy != "none" else plain
    at = [(plain, 0.0, "none"), *[(exact, temperature, entropy)] * (temperature > 0)]
    (plain_gains, plain_missing), *soft = _gains(known["ignored"].game.in_play, policy, at)
    found: dict[str, Any] = {
        "plain_return": plain.objective,
        "nash_exploitability": plain_gains,
        # Where entropy cancels rewards, the plain values are the larger.
        "exact_error": over_time(game, max(_inexact(exact), _inexact(plain))),
        "nash_response_error": plain_missing,
    }
    for gains, missing in soft:
        found |= {
            "soft_return": exact.objective,
            "qre_gap": _qre_gap(barred(game, exact.q), policy, temperature),
            "exploitability": gains,
            "response_error": missing,
        }
    agent_axis = exact.v.ndim > 1
    if q is not None:
        residual = _largest(expected_target(game, q=q, **kind) - q, agent_axis)  # (1)
        found |= {
            "soft_bellman_residual": residual,
            "q_distance": _largest(q - exact.q, agent_axis),
            "q_distance_bound": over_time(game, residual),  # (2)
            "actor_gap": _qre_gap(barred(game, q), policy, temperature) if temperature > 0 else None,
        }
    if v is not None:
        ahead = soft_value(expected_target(game, v=v, **kind), **kind)
        residual = _largest(ahead - v, agent_axis)  # (1)
        found |= {
            "v_bellman_residual": residual,
            "v_distance": _largest(v - exact.v, agent_axis),
            "v_distance_bound": over_time(game, residual),  # (2)
        }
    if q is not None and v is not None:
        found["q_v_gap"] = _largest(v - soft_value(q, **kind), agent_axis)
    worst, diagnosis = [], []
    for array, theirs, right, without in (("q", q, exact.q, plain.q), ("v", v, exact.v, plain.v)):
        if theirs is not None:
            worst += worst_entries(array, theirs, right, agent_axis=agent_axis)
            near: dict[str, Any] = {"plain": without, "most_left": most_left(theirs, right)}
            mistakes = value_mistakes(game, theirs=theirs, exact=right, array=array, **near, **known, **kind)
            if said := diagnose(theirs, right, mistakes):
                diagnosis.append(f"{array}: {said}")
    if temperature > 0:
        worst += worst_of_policy(policy, quantal_responses(barred(game, exact.q), policy, temperature))
    return found | {"worst": tuple(worst), "diagnosis": tuple(diagnosis)}


def _from_optimum(
    game: Game, played: Game, temperature: float, entropy: str, q: FloatArray | None, v: FloatArray | None
) -> dict[str, Any]:
    """The numbers of `Report` without a policy; `game` is the counted one, and `played` the game in play."""
    best = optimal(played) if entropy == "none" else soft_q_iteration(played, temperature=temperature)
    best_q = zeroed(game, best.q)
    found: dict[str, Any] = {"exact_error": over_time(game, _inexact(best))}
    worst = []
    if q is not None:
        v_of_q = _attained(barred(game, q), 0.0 if entropy == "none" else temperature)
        found["optimality_residual"] = _largest(backup(game, v_of_q[None]).reshape(q.shape) - q, False)  # (3)
        found["optimal_q_distance"] = _largest(q - best_q, False)
        worst += worst_entries("q", q, best_q, agent_axis=False)
    if v is not None:
        found["optimal_v_distance"] = _largest(v - best.v, False)
        worst += worst_entries("v", v, best.v, agent_axis=False)
    return found | {"worst": tuple(worst)}


def _inexact(solution: Solution) -> float:
    """How far an answer may be off its own equation in any entry of q, also where nobody plays."""
    return max(solution.residual, rounding_floor(solution.q))


def _gains(
    game: Game, policy: Policy, current: Sequence[tuple[Solution, float, str]]
) -> list[tuple[FloatArray, float]]:
    """What each agent gains by its best response, (n,), and how much more it might gain at most.

    Both for each of `current`: the values of the policy, with their temperature and entropy.
    """
    gains, missing = np.empty((len(current), game.num_agents)), [0.0] * len(current)
    for agent in range(game.num_agents):
        transitions = against(game, policy, agent)
        for k, (now, temperature, entropy) in enumerate(current):
            response = best_response(
                game, policy, agent, temperature=temperature, entropy=entropy, transitions=transitions
            )
            responded = response.q if game.masks is None else np.where(game.masks[agent], response.q, -np.inf)
            attained = _attained(responded, 0.0 if entropy == "none" else temperature)
            short = max(float(np.abs(attained - response.v).max()), rounding_floor(responded))
            gain = response.objective - np.broadcast_to(now.objective, game.num_agents)[agent]
            gains[k, agent] = max(float(gain), 0.0)  # the agent may also keep its policy
            missing[k] = max(missing[k], over_time(game, short))
    return list(zip(gains, missing, strict=True))


def _attained(q: FloatArray, temperature: float) -> FloatArray:
    """V_q of (3), (S,)."""
    q_sa = q.reshape(len(q), -1)
    return q_sa.max(axis=1) if temperature == 0 else np.asarray(soft_max(q_sa, temperature))  # (3)


def quantal_responses(q: FloatArray, policy: Policy, temperature: float) -> list[FloatArray]:
    """What each agent would play at q against the others, (S, A_i) per agent   (hasac Eq. 3)."""
    return [quantal_response(q, policy, agent, temperature=temperature) for agent in range(len(policy))]


def _qre_gap(q: FloatArray, policy: Policy, temperature: float) -> FloatArray:
    """The largest difference of each agent's probabilities from those that it would play at q, (n,)."""
    residuals = quantal_response_residuals(q, policy, temperature=temperature)
    return np.array([np.abs(residual).max() for residual in residuals])


def _largest(difference: FloatArray, agent_axis: bool) -> Any:
    """max |difference|: a float, or (n,) with an agent axis."""
    largest = np.abs(difference).reshape(len(difference) if agent_axis else 1, -1).max(axis=1)
    return largest if agent_axis else float(largest[0])
