"""The limit of DMAC's outer iteration over joint policies, found directly.

Why (3) and (4) of `divergence_limit` hold: by dmac Eq. 22,

    log π_t(a|s) = log π_0(a|s) + Σ_{k ≤ t} (Q_k(s, a) − V_k(s))/ω.

The sums are bounded, as log π_t ≤ 0, so that ℓ = −Σ_k (V* − V_k)/ω exists, and t → ∞ gives (3) and (4). −ℓ(s) is
E_π̃[Σ_k γ^k KL(π̃ ‖ π_0)(s_k) | s], the least that an optimal policy can have. dmac Proposition 2 prints (3) without
its exponential. Its proof assumes that Π_k a_k/A^k tends to 1 where a_k → A. This is so where γ = 0. Otherwise, of two
optimal actions, that one gets more after which less remains to be learned.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mathrl.base.array_types import AnyArray, ArrayLike
from mathrl.base.checks import FloatArray, count, fail, positive
from mathrl.equations import DIVERGENCE_LIMIT
from mathrl.games.model import Game, as_played
from mathrl.games.policies import uniform_policy
from mathrl.iteration.iterate import LARGEST_RESIDUAL, MINIMUM_TOL, Iterate, Run, iterate
from mathrl.iteration.outcome import Status
from mathrl.softmax import log_sum_exp
from mathrl.solution import Solution
from mathrl.solution.answer import solution
from mathrl.values.attained import optimal_actions
from mathrl.values.joint_control import Controlled, control
from mathrl.values.offsets import without_offsets
from mathrl.values.overflow import in_range
from mathrl.values.policy_values import backup, deterministic_values
from mathrl.values.target_policy import Point, Regularised, answer, controller, initial_logarithms, unregularised

__all__ = ["divergence_limit"]

_SHARP_STEPS = 100
"""The most steps that are taken to find Q* to 8 rounding floors, whatever `tol` is.

The tied actions in (2) are read from the values of the greedy policy. If Q* were found less exactly, this policy might
not be optimal, and other actions would count as tied.
"""


def divergence_limit(
    game: Game,
    *,
    initial_policy: Sequence[ArrayLike] | AnyArray | None = None,
    tol: float = 100.0,
    max_steps: int = 10_000,
) -> Solution:
    """Find the optimal joint policy that is nearest to the initial one, the limit of `divergence_iteration`.

        π_{t+1} = argmax_π J(π) − ω E_π[Σ_k γ^k KL(π ‖ π_t)(s_k)]                      (dmac Eq. 3)             (1)
        U_s = {a : Q*(s, a) = V*(s)}                                                   (dmac §4.2)              (2)
        π̃(a|s) = 1[a ∈ U_s] π_0(a|s) exp(γ Σ_t P(t|s, a) ℓ(t) − ℓ(s))                  (from dmac Eq. 22)       (3)
        ℓ(s) = log Σ_{a ∈ U_s} π_0(a|s) exp(γ Σ_t P(t|s, a) ℓ(t))                                               (4)

    From a π_0 that plays every joint action, (1) over joint policies tends to π̃, for every ω, and its values tend to
    Q* and V* of the original game. So dmac Theorem 1 holds with 0 in the place of ω log|A|/(1 − γ). Of all optimal
    policies, π̃ has the least discounted divergence from π_0, which is −ℓ(s) from state s. dmac Proposition 2 prints
    (3) without its exponential, which is right only for γ = 0.

    First Q* is found as in `optimal`, then π̃ by divergence policy iteration, as (4) is its optimality equation for
    ω = 1, the target π_0 on U_s and no rewards. Actions count as tied in (2) if their Q differ by at most 64 of their
    roundings (`mathrl.values.attained`), or by twice as many as max Q − V is in one of the states, if that is more. So
    gaps below this are not seen: the answer then keeps actions that earn that much less. The iteration (1) itself needs
    about ω over the gap steps to tell such actions apart.

    `game`            a game with a common payoff
    `initial_policy`  π_0, per agent (S, A_i), states by actions, or an array (S, A_1, …, A_n), rows sum to 1, every
                      joint action with a probability > 0; default: uniform
    `tol`             stop at a residual of this many rounding floors (see `mathrl.Solution`); below 8 counts as 8;
                      default 100
    `max_steps`       the most steps towards Q*, and again towards π̃; default 10,000

    Returns π̃ as `joint_policy`, with its marginals as `policy` and Q*, V* as q and v. `residual` is the largest
    difference of π̃ from the right side of (3) with its own ℓ, computed exactly; where Q* was not found, that of
    `optimal`. `history` holds the residuals of both stages, one after the other. Raises `ValueError` naming the
    argument, also for a general-sum game, or where π_0 leaves out a joint action.

    >>> from mathrl.games import Game
    >>> divergence_limit(Game.matrix(np.array([[2.0, 1.0], [1.0, 2.0]]))).joint_policy.tolist()
    [[[0.5, 0.0], [0.0, 0.5]]]
    """
    game = as_played(game)
    chooser = controller(game, "joint")
    in_range(game, 0.0)
    given = uniform_policy(game) if initial_policy is None else initial_policy
    first, (log_first,) = initial_logarithms(game, given, "joint")
    if not np.isfinite(log_first if chooser.barred_sa is None else log_first[~chooser.barred_sa]).all():
        fail(
            "initial_policy",
            "leaves out a joint action",
            "full support",
            "an action that it never plays is never played later",
        )
    tol, max_steps = positive("tol", tol), count("max_steps", max_steps)
    game, offsets = without_offsets(game)
    chooser = controller(game, "joint")
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
        added_ms=offsets,
        solver="divergence_limit",
        parameters={"initial_policy": first, "tol": tol, "max_steps": max_steps},
        joint_policy=joint,
    )


def _nearest(game: Game, log_first: FloatArray, best: Run[Controlled]) -> Regularised:
    """(4) as an optimality equation: reward log π_0(U_s|s), target π_0 on U_s, ω = 1.

    Q* is computed anew for the greedy policy, to rounding. What the run left in its own Q could make small gaps look
    like ties.
    """
    assert best.last.point.actions_s is not None
    v_s = deterministic_values(game, best.last.point.actions_s, best.last.point.v_s)
    log_sa = np.where(optimal_actions(game, backup(game, v_s[None])[0], v_s), log_first, -np.inf)  # (2)
    mass_s = log_sum_exp(log_sa)
    rewards = np.repeat(mass_s, game.num_joint_actions).reshape(log_sa.shape)
    if game.barred_sa is not None:
        rewards[game.barred_sa] = -np.inf
    learning = Game.unchecked(rewards, game.transitions, game.discount, game.start, like=game)
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
