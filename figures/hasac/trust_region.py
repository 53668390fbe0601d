"""MAPPO's and HAPPO's exact updates without clipping, as HASAC's Appendix B writes them.

    c(a^i)  = E_{a~π_old}[ 1{a^i} / π_old^i(a^i) · Π_{j updated} π_new^j(a^j) / π_old^j(a^j) · A_{π_old}(a) ]    (13)
    π_new^i = argmax over the simplex of Σ_{a^i} π^i(a^i) c(a^i)

MAPPO updates all agents at once, HAPPO one after the other. As printed, (13) averages over actions drawn from π_old,
so an action that π_old never takes has c = 0, whatever its advantage. Ties: a policy that is already among the
maximisers stays; otherwise the lowest maximising action is taken.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.games import Game
from mathrl.games.policies import Policy, as_policy
from mathrl.operators import marginal_q
from mathrl.solvers import soft_evaluation

__all__ = ["End", "advantages", "coefficients", "end", "happo", "mappo", "maximisers", "value"]

Update = Callable[[Game, Policy], Policy]


@dataclass(frozen=True)
class End:
    """Where repeated updates end: a policy that its own update returns, and the number of updates that led there."""

    policy: Policy
    updates: int


def value(game: Game, policy: Policy) -> float:
    """V_π of a matrix game, without entropy."""
    return float(_evaluated(game, policy).v[0])


def advantages(game: Game, policy: Policy) -> FloatArray:
    """A_π(a) = Q_π(a) − V_π, shape (A_1, …, A_n), without entropy."""
    solution = _evaluated(game, policy)
    advantage: FloatArray = (solution.q - solution.v.reshape(-1, *[1] * game.num_agents))[0]
    return advantage


def coefficients(game: Game, old: Policy, new: Sequence[FloatArray | None], agent: int) -> FloatArray:
    """c of (13) for one agent; `new` holds the policies of those that have been updated, None for the others."""
    weights = [
        pi_old if pi_new is None else np.where(pi_old > 0, pi_new, 0.0) for pi_old, pi_new in zip(old, new, strict=True)
    ]
    expected: FloatArray = marginal_q(advantages(game, old)[None], weights, agent)[0]
    return np.where(old[agent][0] > 0, expected, 0.0)  # (13)


def maximisers(c: FloatArray) -> tuple[int, ...]:
    """The actions whose coefficient is the largest, up to rounding."""
    slack = 1e-12 * max(1.0, float(np.abs(c).max()))
    return tuple(np.flatnonzero(c >= c.max() - slack).tolist())


def mappo(game: Game, old: Policy) -> Policy:
    """One update of all agents, each at the others' old policies."""
    nobody = [None] * game.num_agents
    return tuple(_argmax(coefficients(game, old, nobody, i), old[i]) for i in range(game.num_agents))


def happo(game: Game, old: Policy) -> Policy:
    """One update of agents 0, 1, … in turn."""
    new: list[Any] = [None] * game.num_agents
    for agent in range(game.num_agents):
        new[agent] = _argmax(coefficients(game, old, new, agent), old[agent])
    return tuple(new)


def end(game: Game, update: Update, initial_policy: Sequence[Any], max_updates: int = 1_000) -> End:
    """Repeat `update` until it returns the policy that it was given."""
    policy = as_policy(game, initial_policy, "initial_policy")
    for updates in range(max_updates):
        following = update(game, policy)
        if all(np.array_equal(ours, theirs) for ours, theirs in zip(following, policy, strict=True)):
            return End(policy, updates)
        policy = following
    raise RuntimeError(f"no fixed point of the update within {max_updates} updates")


def _argmax(c: FloatArray, old: FloatArray) -> FloatArray:
    best = maximisers(c)
    if set(np.flatnonzero(old[0])) <= set(best):
        return old
    chosen = np.zeros_like(old)
    chosen[0, best[0]] = 1.0
    return chosen


def _evaluated(game: Game, policy: Policy) -> Any:
    return soft_evaluation(game, policy=policy, temperature=1.0, entropy="none")
