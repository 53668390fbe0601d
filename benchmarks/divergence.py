"""DMAC's solvers on a sparse game of 10,000 states and 125 joint actions, against the bare cost of the work.

3 agents, 5 actions each, 10 successors, discount 0.95. The yardstick of a step is P @ v and the solve of
(I − γ P_π) v = b to rounding by scipy's BiCGSTAB, with P_π given: a factor of it would not fit.
"""

import functools

import numpy as np
from scipy.sparse.linalg import LinearOperator, bicgstab

from benchmarks.timing import Row, compare, per_step, seconds
from mathrl.games import random_stochastic, uniform_policy
from mathrl.games.profile import Profile
from mathrl.solvers import divergence_iteration, divergence_limit, divergence_policy_iteration, optimal
from mathrl.values.policy_values import policy_transitions

__all__ = ["rows"]

STATES, ACTIONS, SUCCESSORS, DISCOUNT, TEMPERATURE, STEPS, PAIRS = 10_000, (5, 5, 5), 10, 0.95, 1.0, 3, 5
PATIENCE = 10.0
"""Seconds that a whole run may take."""


def rows() -> list[Row]:
    game = random_stochastic(STATES, ACTIONS, discount=DISCOUNT, successors=SUCCESSORS, seed=0)
    target = uniform_policy(game)
    weights = Profile.of(target).joint_sa
    P_st, v = policy_transitions(game, weights), np.ones(STATES)
    system = LinearOperator((STATES, STATES), matvec=lambda x: x - DISCOUNT * (P_st @ x), dtype=float)
    b = np.einsum("sa,sa->s", game.rewards_isa[0], weights)

    def bare() -> object:
        return game.csr_xt @ v, bicgstab(system, b, rtol=1e-15)

    def run(policy_class: str, steps: int = 10_000) -> object:
        return divergence_policy_iteration(
            game, temperature=TEMPERATURE, target_policy=target, policy_class=policy_class, max_steps=steps
        )

    found = [
        per_step(
            f"one step of divergence_policy_iteration, {policy_class}",
            functools.partial(run, policy_class),
            "pass + solve",
            bare,
            steps=STEPS,
            pairs=PAIRS,
        )
        for policy_class in ("joint", "product")
    ]
    iterated = per_step(
        "one step of divergence_iteration, joint: an inner problem to rounding",
        lambda steps: divergence_iteration(game, temperature=TEMPERATURE, max_steps=steps),
        "pass + solve",
        bare,
        steps=STEPS,
        pairs=PAIRS,
    )
    run("joint")
    whole = seconds(lambda: run("joint"))
    once = Row("divergence_policy_iteration, joint, whole", whole, "limit", PATIENCE, whole / PATIENCE, "<= 1")
    limit = compare(
        "divergence_limit", lambda: divergence_limit(game), "optimal", lambda: optimal(game), target="<= 3", pairs=PAIRS
    )
    return [*found, once, iterated, limit]
