"""Divergence policy iteration: exact evaluation and improvement towards a fixed target policy ρ, in turn."""

from collections.abc import Sequence
from dataclasses import replace

from mathrl.base.array_types import AnyArray, ArrayLike
from mathrl.base.checks import count, positive
from mathrl.equations import DIVERGENCE_RESPONSE
from mathrl.games.model import Game, as_played
from mathrl.iteration.iterate import LARGEST_RESIDUAL, Run, iterate
from mathrl.solution import Solution
from mathrl.solution.answer import solution
from mathrl.values.doubt import Doubt, doubt_of_responses
from mathrl.values.offsets import objectives
from mathrl.values.potentials import Shaped, lost, refined
from mathrl.values.target_policy import (
    Point,
    Regularised,
    absolutely_continuous,
    answer,
    check_weight,
    controller,
    initial_logarithms,
    logarithms,
)

__all__ = ["divergence_policy_iteration"]


def divergence_policy_iteration(
    game: Game,
    *,
    temperature: float,
    target_policy: Sequence[ArrayLike] | AnyArray,
    policy_class: str = "joint",
    initial_policy: Sequence[ArrayLike] | AnyArray | None = None,
    tol: float = 100.0,
    max_steps: int = 10_000,
) -> Solution:
    """Find the best policy under a penalty on its divergence from a fixed target policy, by policy iteration (DMAC).

        V_ρ^π = E_π[Q] − ω KL(π ‖ ρ),   Q_ρ^π = r + γ P V_ρ^π                      (dmac §4.1, Lemma 1)     (1)
        π_new(a|s) ∝ ρ(a|s) exp(Q_ρ^π(s, a)/ω)                                     (dmac Lemma 2, Eq. 5)    (2)
        π_new^i(a_i|s) ∝ ρ^i(a_i|s) exp(E_{π^{-i}}[Q_ρ^π]/ω),  the agents in turn  (Eq. 5 of each agent)    (3)

    Over joint policies, (1) and (2) in turn end at the optimum V_ρ^*(s) = ω log Σ_a ρ(a|s) exp(Q_ρ^*(s, a)/ω) (dmac
    Theorem 2, Eq. 20). They are Newton's method for it and take a handful of steps. Over product policies (2) leads out
    of the class, and (3) takes its place, in up to 8 rounds at the same Q. The objective still never falls, but the end
    is only stationary: no agent alone can raise it.

    `game`            a game with a common payoff
    `temperature`     ω > 0, the weight of the divergence, in units of the rewards
    `target_policy`   ρ, per agent (S, A_i), states by actions, or with `"joint"` also an array (S, A_1, …, A_n), rows
                      sum to 1; where ρ is 0, so is the answer
    `policy_class`    `"joint"` (default), all joint policies, or `"product"`, independent agents
    `initial_policy`  where π starts, in the form of `target_policy`; default: ρ
    `tol`             stop at a residual of this many rounding floors (see `mathrl.Solution`); below 8 counts as 8;
                      default 100
    `max_steps`       the most steps, each one (1) and one (2) or (3); default 10,000

    Returns `policy`, and with `"joint"` the `joint_policy` of which it holds the marginals, with their Q_ρ^π and V_ρ^π
    as q and v. `residual` is the largest difference between π and its response (2) or (3), each response to the same π,
    with Q_ρ^π exact; above 0.01 the run never counts as converged. `history` holds (J(π), J_ρ(π)) after each step,
    (steps, 2): the return in the original game, and the regularised one, which never falls, except by rounding.

    Raises `ValueError` naming the argument, also for a general-sum game, a joint policy where a product is needed, or
    an `initial_policy` that plays what ρ never does (its divergence is infinite).

    >>> from mathrl.games import load
    >>> solution = divergence_policy_iteration(load("hasac"), temperature=10.0, target_policy=[[0.2, 0.3, 0.5]] * 2)
    >>> solution.converged, solution.joint_policy[0, 2].round(2).tolist()
    (True, [0.01, 0.01, 0.82])
    """
    game = as_played(game)
    chooser = controller(game, policy_class)
    temperature = positive("temperature", temperature)
    target, log_target = logarithms(game, target_policy, "target_policy", policy_class)
    first, log_first = target, log_target
    if initial_policy is not None:
        first, log_first = initial_logarithms(game, initial_policy, policy_class)
        absolutely_continuous("initial_policy", log_first, log_target)
    check_weight(chooser, temperature, log_target)
    tol, max_steps = positive("tol", tol), count("max_steps", max_steps)

    def doubt(point: Point) -> Doubt:
        pi = point.tilted.pi
        return doubt_of_responses(point.values, pi, temperature, game.horizon, log_target)

    def solve(shaped: Shaped, last: Point | None, left: int) -> Run[Point]:
        problem = Regularised(shaped.game, log_target, temperature, tol)
        tilted = problem.tilted(log_first if last is None else last.tilted.log_pi)
        run = iterate(
            problem.with_returns(problem.at(tilted, problem.evaluate(tilted))),
            lambda last: problem.with_returns(problem.step(last)),
            tol=tol,
            max_steps=left,
            ceiling=LARGEST_RESIDUAL,
            lost=lost(doubt),
        )
        return replace(run, history=objectives(game, run.history, shaped.added_ms))

    run, added_ms = refined(chooser, solve, doubt, max_steps)
    policy, values, joint = answer(game, policy_class, run.last.point.tilted.pi, run.last.point.values)
    return solution(
        policy,
        values,
        run,
        equation=DIVERGENCE_RESPONSE,
        added_ms=added_ms,
        scale=temperature,
        solver="divergence_policy_iteration",
        parameters={
            "temperature": temperature,
            "target_policy": target,
            "policy_class": policy_class,
            "initial_policy": first,
            "tol": tol,
            "max_steps": max_steps,
        },
        joint_policy=joint,
    )
