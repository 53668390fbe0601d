"""The optimal deterministic policy of a common-payoff game: one controller for all agents, temperature 0."""

from dataclasses import replace

import numpy as np

from mathrl.base.checks import count, fail, positive
from mathrl.equations import OPTIMALITY
from mathrl.games.model import Game, as_played
from mathrl.iteration.iterate import Iterate, Run
from mathrl.iteration.outcome import Status
from mathrl.solution import Solution
from mathrl.solution.answer import solution
from mathrl.values.attained import TIES, Actions, tied
from mathrl.values.joint_control import Controlled, control
from mathrl.values.overflow import in_range
from mathrl.values.policy_values import Values, deterministic_values

__all__ = ["optimal"]


def optimal(game: Game, *, tol: float = 100.0, max_steps: int = 1_000) -> Solution:
    """Find the optimal deterministic joint policy of a game with a common payoff.

        V(s) = max_a Q(s, a),   Q(s, a) = r(s, a) + γ Σ_t P(t|s, a) V(t)     (Bellman's equation, Q = T Q)    (1)

    With a common payoff a best joint policy is deterministic, and so it is a product policy. It is found by policy
    iteration, whose linear systems are solved only as exactly as each step needs (`mathrl.values.joint_control`). It
    keeps Q and one transition matrix (S, S) in memory.

    `game`       a game with a common payoff
    `tol`        stop at a residual of this many rounding floors eps·‖Q‖∞ (see `mathrl.Solution`); below 8 counts as 8;
                 default 100
    `max_steps`  the most steps; default 1,000

    Returns the policy, of joint actions that tie up to rounding the lowest in C order. `residual` is
    γ max_s |max_a Q(s, a) − V(s)|, which bounds ‖T Q − Q‖∞; `history` holds it after each step. Where the run did not
    converge, q and v are those of the policy returned. Raises `ValueError` naming the argument, also for a general-sum
    game, which has no common optimum.

    >>> from mathrl.games import load
    >>> solution = optimal(load("hasac"))
    >>> solution.objective, solution.policy[0].tolist()
    (20.0, [[0.0, 0.0, 1.0]])
    """
    game = as_played(game)
    if not game.common_payoff:
        fail("game", "is general-sum", "a common payoff", "agents with different rewards have no common optimum")
    in_range(game, 0.0)
    tol = positive("tol", tol)
    run, _ = control(game, None, tol=tol, max_steps=count("max_steps", max_steps))
    last, point, actions_s = _settled(game, run, tol)
    v_s = point.q_sa[np.arange(game.num_states), actions_s]
    chosen = np.unravel_index(actions_s, game.num_actions)
    policy = tuple(np.eye(actions)[choice] for actions, choice in zip(game.num_actions, chosen, strict=True))
    return solution(
        policy,
        Values(game, point.q_sa[None], v_s[None], False, None),
        replace(run, last=last),
        equation=OPTIMALITY,
        solver="optimal",
        parameters={"tol": tol, "max_steps": max_steps},
    )


def _settled(game: Game, run: Run[Controlled], tol: float) -> tuple[Iterate[Controlled], Controlled, Actions]:
    """The residual and its floor, the values, and the actions: the lowest of those that tie, unless values fall.

    All values are those of the actions.
    """
    last, here = run.last, run.last.point
    greedy_s = here.actions_s
    assert greedy_s is not None
    if run.status is not Status.CONVERGED:
        return last, _evaluated(game, here, greedy_s, tol).last.point, greedy_s
    lowest_s = tied(game, here.q_sa, here.v_s, greedy_s, TIES).argmax(axis=1)
    if not np.array_equal(lowest_s, greedy_s):
        found = _evaluated(game, here, lowest_s, tol)
        if found.status is Status.CONVERGED:
            return found.last, found.last.point, lowest_s
    return last, here, greedy_s


def _evaluated(game: Game, here: Controlled, actions_s: Actions, tol: float) -> Run[Controlled]:
    """The values of the policy that plays these actions, as a run without a step: it converged if they are optimal."""
    v_s = deterministic_values(game, actions_s, here.v_s)
    return control(game, None, tol=tol, max_steps=0, guess=v_s)[0]
