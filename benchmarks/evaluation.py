"""Soft evaluation and a HASPI sweep, against the bare cost of one pass over the transitions plus the linear solve.

A random game of 1,000 states, 2 agents, 5 actions each, dense and with 10 successors. The yardstick is P @ v and the
solve of (I − γ P_π) v = b, with P_π given: BLAS and LAPACK with all threads; for sparse transitions whichever of
SuperLU and LAPACK is faster.
"""

import numpy as np
from scipy.sparse import eye_array
from scipy.sparse.linalg import spsolve

from benchmarks.timing import Row, compare, per_step, seconds
from mathrl.games import Game, random_policy, random_stochastic
from mathrl.games.profile import Profile
from mathrl.solvers import haspi, soft_evaluation
from mathrl.values.policy_values import policy_transitions

__all__ = ["pass_and_solve", "rows"]

STATES, ACTIONS, DISCOUNT, TEMPERATURE, SWEEPS = 1_000, (5, 5), 0.95, 0.5, 4


def rows() -> list[Row]:
    return [row for successors in (None, 10) for row in _rows(successors)]


def _rows(successors: int | None) -> list[Row]:
    game = random_stochastic(STATES, ACTIONS, discount=DISCOUNT, successors=successors, seed=0)
    policy = random_policy(game, np.random.default_rng(0))
    bare = pass_and_solve(game, policy_transitions(game, Profile.of(policy).joint_sa))
    kind = "dense" if successors is None else f"{successors} successors"

    evaluation = compare(
        f"soft_evaluation, {kind}",
        lambda: soft_evaluation(game, policy=policy, temperature=TEMPERATURE),
        "pass + solve",
        bare,
        target="<= 2",
    )
    sweep = per_step(
        f"one HASPI sweep, {kind}",
        lambda number: haspi(game, temperature=TEMPERATURE, initial_policy=policy, max_steps=number),
        "pass + solve",
        bare,
        steps=SWEEPS,
        target="<= 2",
    )
    return [evaluation, sweep]


def pass_and_solve(game: Game, P_st: object) -> object:
    v, b, identity = np.ones(STATES), np.ones(STATES), np.eye(STATES)
    if not game.sparse:
        return lambda: (game.dense_xt @ v, np.linalg.solve(identity - DISCOUNT * P_st, b))
    dense, system = P_st.toarray(), (eye_array(STATES) - DISCOUNT * P_st).tocsc()

    def by_lapack() -> object:
        return game.csr_xt @ v, np.linalg.solve(identity - DISCOUNT * dense, b)

    def by_superlu() -> object:
        return game.csr_xt @ v, spsolve(system, b)

    return min(by_lapack, by_superlu, key=lambda way: min(seconds(way) for _ in range(3)))
