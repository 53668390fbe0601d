"""The optimal deterministic policy of a common-payoff game: one controller for all agents, temperature 0.

    V(s) = max_a Q(s, a),   Q(s, a) = r(s, a) + γ Σ_t P(t|s, a) V(t)                             (1)

By policy iteration with systems solved as far as they are worth (`mathrl.values.joint_control`). With a common payoff
the best joint policy is deterministic, hence a product policy.
"""

import numpy as np

from mathrl.base.checks import count, fail, positive
from mathrl.equations import OPTIMALITY
from mathrl.games.model import Game, check_game
from mathrl.iteration.outcome import Status
from mathrl.solution import Solution
from mathrl.values.joint_control import control
from mathrl.values.policy_values import evaluate

__all__ = ["optimal"]

_TIES = 64
"""Rounding floors within which two actions tie."""


def optimal(game: Game, *, tol: float = 100.0, max_steps: int = 1_000) -> Solution:
    """The optimal deterministic joint policy (1); among actions that tie up to rounding, the lowest in C order.

    The residual is γ max |max_a Q − V|, which bounds ‖T Q − Q‖∞ with T Bellman's operator; `tol` counts rounding
    floors eps·‖Q‖∞, at least 8 of them. `history` holds the residual after each step. Memory: Q, and one chain (S, S)
    as dense or sparse as the transitions. Where the run did not converge, q and v are those of the policy returned.

    Raises `ValueError` for a general-sum game, which has no single optimum.

    >>> from mathrl.games import load
    >>> solution = optimal(load("hasac"))
    >>> solution.objective, solution.policy[0].tolist()
    (20.0, [[0.0, 0.0, 1.0]])
    """
    check_game(game)
    if not game.common_payoff:
        fail("game", "is general-sum", "a common payoff", "agents with different rewards have no common optimum")
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
