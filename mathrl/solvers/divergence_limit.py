"""Where DMAC's iteration over targets ends, found directly.

    π_{t+1} = argmax_π J(π) − ω E_π[Σ_k γ^k KL(π ‖ π_t)(s_k)]                  (dmac Eq. 3)             (1)
    U_s = {a : Q*(s, a) = V*(s)}                                               (dmac §4.2)              (2)
    π̃(a|s) = 1[a ∈ U_s] π_0(a|s) exp(γ Σ_t P(t|s, a) ℓ(t) − ℓ(s))                                       (3)
    ℓ(s) = log Σ_{a ∈ U_s} π_0(a|s) exp(γ Σ_t P(t|s, a) ℓ(t))                                           (4)

From a π_0 that plays every joint action, (1) over joint policies tends to π̃: its values tend to Q*, V* of the original
game, whatever ω, so that dmac Theorem 1 has 0 in the place of ω log|A|/(1 − γ). For by dmac Eq. 22

    log π_t(a|s) = log π_0(a|s) + Σ_{k ≤ t} (Q_k(s, a) − V_k(s))/ω,

and ℓ = −Σ_k (V* − V_k)/ω exists: the sums are bounded, as log π_t ≤ 0. (3) and (4) follow at t → ∞. −ℓ(s) is
E_π̃[Σ_k γ^k KL(π̃ ‖ π_0)(s_k) | s], the least that an optimal policy can have: π̃ is the optimal policy that is nearest
to π_0. dmac Proposition 2 prints (3) without its exponential. Its proof takes Π_k a_k/A^k to tend to 1 where a_k → A,
which is so where nothing lies behind the action (γ = 0); but of two optimal actions the one behind which there is less
to learn gets more.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray, count, fail, positive
from mathrl.equations import DIVERGENCE_LIMIT
from mathrl.games.model import Game
from mathrl.games.policies import uniform_policy
from mathrl.iteration.iterate import LARGEST_RESIDUAL, MINIMUM_TOL, Iterate, Run, iterate
from mathrl.iteration.outcome import Status
from mathrl.softmax import log_sum_exp
from mathrl.solution import Solution
from mathrl.solution.answer import solution
from mathrl.values.joint_control import Controlled, control
from mathrl.values.policy_values import evaluate_joint
from mathrl.values.target_policy import Point, Regularised, answer, controller, logarithms, unregularised

__all__ = ["divergence_limit"]

_SHARP_STEPS = 100
"""Steps towards Q* to 8 floors, whatever `tol`: a greedy policy that is not optimal would shift the ties."""

_TIES = 64
"""Rounding floors within which two actions tie."""


def divergence_limit(
    game: Game,
    *,
    initial_policy: Sequence[npt.ArrayLike] | npt.NDArray[Any] | None = None,
    tol: float = 100.0,
    max_steps: int = 10_000,
) -> Solution:
    """π̃ of (3), the limit of `divergence_iteration` over joint policies from `initial_policy` π_0 (default: uniform).

    It depends on neither ω nor the start distribution. π_0 is a tuple of (S, A_i) or an array (S, A_1, …, A_n), and
    plays every joint action. Actions tie, for U_s, within 64 rounding floors eps·‖Q‖∞ of the best one, or twice what
    Bellman's equation leaves, ‖max Q − V‖∞, where that is more. Where almost-ties are cut here, the iteration needs
    about ω over the gap steps to do so; where gaps are below that, the answer keeps actions that earn so much less.

    First Q* is found as in `optimal`, then π̃ by divergence policy iteration, as (4) is its optimality equation for
    ω = 1, target π_0 on U_s and no rewards. The residual is max |π̃ − (3)| with ℓ that of π̃, exactly, or that of Q*
    (see `optimal`) where this was not found; `history` holds the residuals of both. The answer is `joint_policy`, and
    `policy` its marginals; q, v and the objective are those of it in the game, Q* and V*.

    Raises `ValueError` for a general-sum game, or where π_0 leaves out a joint action.

    >>> from mathrl.games import Game
    >>> divergence_limit(Game.matrix(np.array([[2.0, 1.0], [1.0, 2.0]]))).joint_policy.tolist()
    [[[0.5, 0.0], [0.0, 0.5]]]
    """
    chooser = controller(game, "joint")
    given = uniform_policy(game) if initial_policy is None else initial_policy
    first, (log_first,) = logarithms(game, given, "initial_policy", "joint")
    if not np.isfinite(log_first).all():
        fail(
            "initial_policy",
            "leaves out a joint action",
            "full support",
            "an action that it never plays is never played later",
        )
    tol, max_steps = positive("tol", tol), count("max_steps", max_steps)
    best, _ = control(chooser, None, tol=MINIMUM_TOL, max_steps=min(max_steps, _SHARP_STEPS))
    if best.status is Status.MAX_STEPS:
        best, _ = control(chooser, None, tol=tol, max_steps=max_steps, guess=best.last.point.v_s)
    problem = _nearest(chooser, log_first, best)
    run = _run(problem, tol, max_steps)
    history = np.concatenate([best.history, run.history])
    ended = best.last if best.status is not Status.CONVERGED else run.last
    status = best.status if best.status is not Status.CONVERGED else run.status
    pi = run.last.point.tilted.pi
    policy, values, joint = answer(game, "joint", pi, unregularised(chooser, pi, run.last.point.values))
    return solution(
        policy,
        values,
        Run(ended, status, history),
        equation=DIVERGENCE_LIMIT,
        solver="divergence_limit",
        parameters={"initial_policy": first, "tol": tol, "max_steps": max_steps},
        joint_policy=joint,
    )


def _nearest(game: Game, log_first: FloatArray, best: Run[Controlled]) -> Regularised:
    """(4) as an optimality equation: reward log π_0(U_s|s), target π_0 on U_s, ω = 1.

    Q* is that of the greedy policy, solved to rounding: what the run left in Q would else make ties of small gaps.
    """
    greedy = np.eye(game.num_joint_actions)[best.last.point.actions_s]
    values = evaluate_joint(
        game, greedy, np.zeros((1, game.num_states)), agent_axis=False, guess=best.last.point.v_s[None]
    )
    q_sa = values.q_msa[0]
    best_s = q_sa.max(axis=1)
    left = float(np.abs(best_s - values.v_ms[0]).max())
    tied_sa = q_sa >= (best_s - max(_TIES * best.last.rounding_floor, 2 * left))[:, None]  # (2)
    log_sa = np.where(tied_sa, log_first, -np.inf)
    mass_s = log_sum_exp(log_sa)
    rewards = np.repeat(mass_s, game.num_joint_actions).reshape(log_sa.shape)
    learning = Game.unchecked(rewards, game.transitions, game.discount, game.start)
    return Regularised(learning, (log_sa - mass_s[:, None],), 1.0)


def _run(problem: Regularised, tol: float, max_steps: int) -> Run[Point]:
    """π̃ by divergence policy iteration, with the residuals as history."""

    def recorded(here: Iterate[Point]) -> Iterate[Point]:
        return replace(here, record=here.residual)

    tilted = problem.tilted(problem.log_target)
    start = recorded(problem.at(tilted, problem.evaluate(tilted)))
    return iterate(
        start, lambda last: recorded(problem.step(last)), tol=tol, max_steps=max_steps, ceiling=LARGEST_RESIDUAL
    )
