"""The optimal deterministic policy of a common-payoff game: one controller for all agents, temperature 0."""

import numpy as np

from mathrl.base.checks import count, fail, positive
from mathrl.equations import OPTIMALITY
from mathrl.games.model import Game, check_game
from mathrl.iteration.outcome import Status
from mathrl.solution import Solution
from mathrl.values.joint_control import control
from mathrl.values.overflow import in_range
from mathrl.values.policy_values import evaluate

__all__ = ["optimal"]

_TIES = 64
"""Rounding floors within which two actions tie."""


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
    check_game(game)
    if not game.common_payoff:
        fail("game", "is general-sum", "a common payoff", "agents with different rewards have no common optimum")
    in_range(game, 0.0)
    run, _ = control(game, None, tol=positive("tol", tol), max_steps=count("max_steps", max_steps))
    here = run.last.point
    shape = (game.num_states, *game.num_actions)
    ties = here.q_sa >= (here.reached_s - _TIES * run.last.rounding_floor)[:, None]
    chosen = np.unravel_index(ties.argmax(axis=1), game.num_actions)
    policy = tuple(np.eye(actions)[choice] for actions, choice in zip(game.num_actions, chosen, strict=True))
    q, v = here.q_sa.reshape(shape), here.reached_s
    if run.status is not Status.CONVERGED:
        values = evaluate(game, policy, temperature=1.0, entropy="none", guess=v[None])
        q, v = values.q, values.v
    return Solution(
        policy=policy,
        q=q,
        v=v,
        objective=float(np.einsum("s,s", v, game.start)),
        residual=run.last.residual,
        rounding_floor=run.last.rounding_floor,
        status=run.status,
        steps=len(run.history),
        history=run.history,
        equation=OPTIMALITY,
        solver="optimal",
        parameters={"tol": tol, "max_steps": max_steps},
    )
