"""ROMMEO Q-iteration: each agent's soft Q with a regularised model of its opponents, at its fixed point.

    Q^i(s, a, b) = r^i(s, a, b) + γ Σ_t P(t|s, a, b) V^i(t)                        (rommeo Eq. 12-13)   (1)
    V^i(s)       = κ log Σ_b P^i(b|s) (Σ_a exp(Q^i(s, a, b)/α))^{α/κ}              (rommeo Eq. 9)       (2)
    π^i(a|s, b)  ∝ exp(Q^i(s, a, b)/α)                                             (rommeo Eq. 10)      (3)
    ρ^i(b|s)     ∝ P^i(b|s) (Σ_a exp(Q^i(s, a, b)/α))^{α/κ}                        (rommeo Eq. 11)      (4)

a is agent i's action, b the others' joint action. (1)-(2) is a γ-contraction for any game, any prior P^i and any number
of agents (Theorem 3 asks for more than it needs); Newton's method reaches its fixed point in a few sweeps.
"""

from collections.abc import Sequence

import numpy.typing as npt

from mathrl.base.checks import count, positive
from mathrl.equations import PRIOR_SOFT_OPTIMALITY
from mathrl.games.model import Game, check_game
from mathrl.games.policies import as_opponent_model, opponents_policy, uniform_policy
from mathrl.operators import marginal_policy
from mathrl.solution import Solution
from mathrl.solution.answer import solution
from mathrl.values.modelled_opponents import Rommeo

__all__ = ["rommeo_q"]


def rommeo_q(
    game: Game,
    *,
    temperature: float,
    prior: Sequence[npt.ArrayLike] | None = None,
    divergence_weight: float = 1.0,
    tol: float = 100.0,
    max_steps: int = 1_000,
) -> Solution:
    """ROMMEO-Q: the fixed point of (1)-(2) for every agent, with its π and ρ of (3) and (4).

    `prior` holds for each agent its prior over the others' joint actions, (S, B_i) in C order (default: uniform; of a
    product policy, `mathrl.games.opponents_policy` makes one). The temperature α weighs the entropy of π alone, and
    `divergence_weight` κ the divergence of ρ from the prior, 1 in the paper.

    `policy` is what each agent is seen to play, Σ_b ρ^i(b|s) π^i(a|s, b); `conditional_policy` (S, A_i, B_i) and
    `opponent_model` (S, B_i) are those of (3) and (4). q, v and the objective carry an agent axis: each agent has its
    own prior. The residual is γ ‖T V − V‖∞, which bounds ‖T Q − Q‖∞, the largest of all agents; `tol` counts rounding
    floors eps·‖Q‖∞, at least 8 of them. `history` holds it after each step, agent after agent.

    >>> from mathrl.games import load
    >>> solution = rommeo_q(load("climbing-rommeo"), temperature=1.0)
    >>> solution.opponent_model[0].round(3).tolist()     # the opponent is hoped to play A, for the 11 at (A, A)
    [[0.973, 0.018, 0.009]]
    """
    check_game(game)
    alpha, kappa = positive("temperature", temperature), positive("divergence_weight", divergence_weight)
    uniform = opponents_policy(uniform_policy(game))
    priors = uniform if prior is None else as_opponent_model(game, prior, "prior")
    problem = Rommeo(game, alpha, kappa)
    controls = problem.solve(priors, tol=positive("tol", tol), max_steps=count("max_steps", max_steps))
    conditionals, models = problem.strategies(controls, priors)  # (3), (4)
    return solution(
        tuple(map(marginal_policy, conditionals, models)),
        controls.values,
        controls.run,
        equation=PRIOR_SOFT_OPTIMALITY,
        solver="rommeo_q",
        parameters={
            "temperature": temperature,
            "prior": priors,
            "divergence_weight": divergence_weight,
            "tol": tol,
            "max_steps": max_steps,
        },
        conditional_policy=conditionals,
        opponent_model=models,
    )
