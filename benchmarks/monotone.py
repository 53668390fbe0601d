"""The monotone projection against every order in turn, and a step of Soft-QMIX against the same step unprojected.

Normal tables and rewards. The yardstick of the projections has the same compiled isotonic regression in each order;
SciPy's general least squares in one order is for comparison with code that is not ours.
"""

import itertools

import numpy as np
from scipy.optimize import lsq_linear

from benchmarks.evaluation import ACTIONS, DISCOUNT, STATES, pass_and_solve
from benchmarks.timing import Row, compare, per_step
from mathrl.games import random_policy, random_stochastic
from mathrl.games.profile import Profile
from mathrl.solvers import soft_qmix
from mathrl.stage.monotone_projection import isotonic_fit, monotone_projection
from mathrl.values.policy_values import policy_transitions

__all__ = ["rows"]

STEPS = 4
STEPPED = list(itertools.product(("unrestricted", "monotone"), (None, 10)))


def rows() -> list[Row]:
    return [*map(_projection, ((3, 3), (3, 3, 3), (4, 4, 4))), _one_order(), *(_steps(*pair) for pair in STEPPED)]


def _projection(shape: tuple[int, ...]) -> Row:
    q = np.random.default_rng(0).normal(size=shape)
    orders = list(itertools.product(*(itertools.permutations(range(size)) for size in shape)))
    shown = orders[:: max(1, len(orders) // 250)]
    found = monotone_projection(q)
    assert found.proven
    assert found.error <= min(isotonic_fit(q, order)[1] for order in shown) * (1 + 1e-12)
    return compare(
        f"monotone projection of {'×'.join(map(str, shape))}",
        lambda: monotone_projection(q),
        f"{len(shown)} of {len(orders)} orders",
        lambda: [isotonic_fit(q, order) for order in shown],
        target="<= 1",
        note=f"{found.nodes} nodes",
    )


def _one_order() -> Row:
    """lsq_linear in the increments of a chain: one agent, 64 actions in a given order."""
    rng = np.random.default_rng(0)
    q, w = rng.normal(size=64), rng.uniform(0.1, 1, 64)
    design, root = np.tril(np.ones((64, 64))), np.sqrt(w)
    lower = np.r_[-np.inf, np.zeros(63)]

    def general() -> float:
        found = lsq_linear(design * root[:, None], q * root, (lower, np.inf), method="bvls", tol=1e-14)
        return float(2 * found.cost)

    error = isotonic_fit(q, [range(64)], w)[1]
    assert abs(error - general()) <= 1e-8
    return compare(
        "isotonic regression, a chain of 64",
        lambda: isotonic_fit(q, [range(64)], w),
        "scipy lsq_linear (bvls)",
        general,
        target="<= 1",
    )


def _steps(mixer: str, successors: int | None) -> Row:
    """A step on the game and by the yardstick of `benchmarks.evaluation`; 1,000 projections of 5×5 if monotone."""
    game = random_stochastic(STATES, ACTIONS, discount=DISCOUNT, successors=successors, seed=0)
    policy = random_policy(game, np.random.default_rng(0))
    return per_step(
        f"one Soft-QMIX step, {mixer}, {'dense' if successors is None else f'{successors} successors'}",
        lambda number: soft_qmix(
            game, mixer=mixer, temperature=1.0, initial_policy=policy, max_steps=number, tol=1e-30
        ),
        "pass + solve",
        pass_and_solve(game, policy_transitions(game, Profile.of(policy).joint_sa)),
        steps=STEPS,
        pairs=5,
    )
