"""ROMMEO's equations: each agent's Q under a prior over what the others play.

    Q^i = r^i + γ P V^i,  V^i = κ log Σ_b P^i(b|·) (Σ_a exp(Q^i(·, a, b)/α))^{α/κ}   (rommeo Eq. 9, 12-13)    (1)
    π^i(a|s) = Σ_b ρ^i(b|s) π^i(a|s, b),  with P^i = Π_{j≠i} π^j in (1)              (rommeo §2.2, Alg. 1)    (2)

In (2) ρ^i and π^i(·|·, b) are those of rommeo Eq. 10 and 11 at Q^i. The residual of Q is divided by min(α, κ). The
policy in the solution is F(π) of `rommeo_self_play`, and this residual is that of F(π); the solver's is that of π.
"""

import numpy as np

from mathrl.equations.equation import Residuals, Solved, declared, each_agent, temperature_of
from mathrl.games.model import Game
from mathrl.games.policies import Policy, opponents_policy
from mathrl.operators import conditional_policy, marginal_policy, opponent_model, opponent_residual, own_and_others

__all__ = ["PRIOR_SOFT_OPTIMALITY", "SELF_PLAY"]


def _under(priors: Policy, game: Game, solution: Solved) -> Residuals:
    """T Q − Q of every agent under its prior."""
    rewards = each_agent(game, game.rewards, game.num_agents + 1)
    weights = {"temperature": temperature_of(solution), "divergence_weight": solution.parameters["divergence_weight"]}
    return tuple(
        opponent_residual(q, np.asarray(priors[i]), i, rewards[i], game.transitions, discount=game.discount, **weights)
        for i, q in enumerate(solution.q)
    )  # (1)


def _self_play(game: Game, solution: Solved) -> Residuals:
    alpha, kappa = temperature_of(solution), solution.parameters["divergence_weight"]
    priors = opponents_policy(solution.policy)
    seen = []
    for i, q in enumerate(solution.q):
        own = own_and_others(q, i)
        rho = opponent_model(own, priors[i], temperature=alpha, divergence_weight=kappa)
        seen.append(marginal_policy(conditional_policy(own, temperature=alpha), rho))
    gaps = (ours - theirs for ours, theirs in zip(solution.policy, seen, strict=True))  # (2)
    return *gaps, *(gap / min(alpha, kappa) for gap in _under(priors, game, solution))


PRIOR_SOFT_OPTIMALITY = declared(
    "prior-soft-optimality",
    "Q = r + γ P κ log Σ_b P(b) (Σ_a exp(Q(a, b)/α))^(α/κ), for every agent with its prior P",
    "rommeo Eq. 9, 12-13",
    lambda game, solution: _under(solution.parameters["prior"], game, solution),
)
"""What `rommeo_q` solves: each agent's soft Q under its prior."""

SELF_PLAY = declared(
    "self-play",
    "π = Σ_b ρ(b) π(·|b), for every agent, with ρ and π(·|b) optimal under the others' π as its prior",
    "rommeo §2.2, Algorithm 1",
    _self_play,
)
"""What `rommeo_self_play` solves: the same, where priors are what the others play."""
