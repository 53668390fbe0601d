"""ROMMEO Q-iteration: each agent's soft Q with a regularised model of its opponents, at its fixed point."""

from collections.abc import Sequence

from mathrl.base.array_types import ArrayLike
from mathrl.base.checks import count, positive
from mathrl.equations import PRIOR_SOFT_OPTIMALITY
from mathrl.games.model import Game, as_played
from mathrl.games.policies import as_opponent_model, opponents_policy, uniform_policy
from mathrl.iteration.iterate import Run
from mathrl.operators import marginal_policy
from mathrl.solution import Solution
from mathrl.solution.answer import solution
from mathrl.values.doubt import Doubt, doubt_of_joint
from mathrl.values.modelled_opponents import Controls, Rommeo, check_weights
from mathrl.values.potentials import Shaped, refined

__all__ = ["rommeo_q"]


def rommeo_q(
    game: Game,
    *,
    temperature: float,
    prior: Sequence[ArrayLike] | None = None,
    divergence_weight: float = 1.0,
    tol: float = 100.0,
    max_steps: int = 1_000,
) -> Solution:
    """Find each agent's soft Q together with its regularised model of the opponents (ROMMEO-Q).

        Q^i(s, a, b) = r^i(s, a, b) + γ Σ_t P(t|s, a, b) V^i(t)                        (rommeo Eq. 12-13)   (1)
        V^i(s)       = κ log Σ_b P^i(b|s) (Σ_a exp(Q^i(s, a, b)/α))^{α/κ}              (rommeo Eq. 9)       (2)
        π^i(a|s, b)  ∝ exp(Q^i(s, a, b)/α)                                             (rommeo Eq. 10)      (3)
        ρ^i(b|s)     ∝ P^i(b|s) (Σ_a exp(Q^i(s, a, b)/α))^{α/κ}                        (rommeo Eq. 11)      (4)

    a is the action of agent i, b the joint action of the others. (1) and (2) together are a γ-contraction for any game,
    any prior P^i and any number of agents; rommeo Theorem 3 assumes more than is needed. Newton's method finds the
    fixed point in a few sweeps.

    `game`               any game, with a common payoff or general-sum
    `temperature`        α > 0, the weight of the entropy of π alone, in units of the rewards
    `prior`              P, per agent (S, B_i) over the others' B_i joint actions in C order, rows sum to 1; default:
                         uniform; `mathrl.games.opponents_policy` makes one of a product policy
    `divergence_weight`  κ > 0, the weight of ρ's divergence from the prior, in units of the rewards; default 1, as in
                         the paper
    `tol`                stop at a residual of this many rounding floors eps·‖Q‖∞ (see `mathrl.Solution`); below 8
                         counts as 8; default 100
    `max_steps`          the most steps of Newton's method for each agent; default 1,000

    Returns `conditional_policy` (3) and `opponent_model` (4); `policy` is what an observer sees each agent play,
    Σ_b ρ^i(b|s) π^i(a|s, b). q, v and the objective have a leading agent axis, as each agent has its own prior.
    `residual` is γ ‖T V − V‖∞, the largest of all agents, with T V the right side of (2); it bounds ‖T Q − Q‖∞.
    `history` holds it after each step, agent after agent. Raises `ValueError` naming the argument.

    >>> from mathrl.games import load
    >>> solution = rommeo_q(load("climbing-rommeo"), temperature=1.0)
    >>> solution.opponent_model[0].round(3).tolist()     # the opponent is hoped to play A, for the 11 at (A, A)
    [[0.973, 0.018, 0.009]]
    """
    game = as_played(game)
    alpha, kappa = positive("temperature", temperature), positive("divergence_weight", divergence_weight)
    uniform = opponents_policy(uniform_policy(game))
    priors = uniform if prior is None else as_opponent_model(game, prior, "prior")
    check_weights(game, alpha, kappa)
    tol, max_steps = positive("tol", tol), count("max_steps", max_steps)

    def solve(shaped: Shaped, last: Controls | None, left: int) -> Run[Controls]:
        return Rommeo(shaped.game, alpha, kappa).solve(priors, tol=tol, max_steps=left).whole

    def doubt(controls: Controls) -> Doubt:
        return doubt_of_joint(controls.games, controls.values, min(alpha, kappa), game.horizon)

    run, added_ms = refined(game, solve, doubt, max_steps)
    controls = run.last.point
    conditionals, models = Rommeo(game, alpha, kappa).strategies(controls, priors)  # (3), (4)
    return solution(
        tuple(map(marginal_policy, conditionals, models)),
        controls.values,
        run,
        equation=PRIOR_SOFT_OPTIMALITY,
        added_ms=added_ms,
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
