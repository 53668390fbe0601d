"""Soft policy evaluation: a policy's exact soft Q and V by one linear solve."""

from collections.abc import Sequence

import numpy as np

from mathrl.base.array_types import ArrayLike
from mathrl.base.checks import choice, positive
from mathrl.equations import POLICY_EVALUATION
from mathrl.games.model import Game, as_played
from mathrl.games.policies import as_single_policy
from mathrl.iteration.outcome import Status, rounding_floor
from mathrl.operators import ENTROPIES, soft_value
from mathrl.solution import Solution
from mathrl.solution.answer import ended_q, names, shown_policy
from mathrl.values.attained import judged, policy_floors
from mathrl.values.overflow import in_range
from mathrl.values.policy_values import evaluate

__all__ = ["soft_evaluation"]

_ROUNDING = 64
"""Rounding floors within which the linear solve counts as exact."""


def soft_evaluation(game: Game, *, policy: Sequence[ArrayLike], temperature: float, entropy: str = "team") -> Solution:
    """Compute the exact soft Q and V of a product policy, by one linear system.

        V_π = (I − γ P_π)^{-1} [E_{a~π} r(·, a) + entropy part]                                               (1)
        Q_π(s, a) = r(s, a) + γ Σ_t P(t|s, a) V_π(t)                                                          (2)

    This is the fixed point of the soft Bellman operator Γ_π (hasac Eq. 4-6, Lemma 4.1), found without iterating it.

    `game`         any game, with a common payoff or general-sum
    `policy`       π, per agent (S, A_i), states by actions, rows sum to 1; those of type float32 are normalised
    `temperature`  α > 0, the weight of the entropy, in units of the rewards
    `entropy`      whose entropy enters an agent's value: `"team"` (default: all agents'), `"own"` or `"none"`

    Returns q = Q_π and v = V_π, with a leading agent axis where the agents' values differ. `residual` is
    γ max_s |V'(s) − V(s)|, where V' is the soft value of Q (hasac Eq. 6); it bounds ‖Γ_π Q − Q‖∞. Where some state is
    off by more than 64 of its rounding floors, the status is `STALLED`; actions that the policy does not play count in
    no floor (`mathrl.values.attained`). `history` is empty. Raises `ValueError` naming the argument.

    >>> from mathrl.games import load
    >>> policy = [[0.6, 0.2, 0.2]] * 2
    >>> solution = soft_evaluation(load("hasac"), policy=policy, temperature=1.0, entropy="none")
    >>> round(float(solution.v[0]), 9)   # hasac Appendix B
    -8.2
    """
    game = as_played(game)
    temperature = positive("temperature", temperature)
    in_range(game, temperature)
    choice("entropy", entropy, ENTROPIES)
    checked = as_single_policy(game, policy)
    values = evaluate(game, checked, temperature=temperature, entropy=entropy)
    again = soft_value(values.q, checked, temperature=temperature, entropy=entropy)
    misses = game.discount * np.abs(again - values.v)
    residual, floor = judged(
        float(misses.max()),
        rounding_floor(values.q),
        _ROUNDING,
        lambda: policy_floors(values, checked, None),
        lambda: misses.reshape(-1, game.num_states).max(axis=0),
    )
    return Solution(
        policy=shown_policy(game, checked),
        q=ended_q(game, values.q),
        v=values.v,
        objective=values.objective,
        residual=residual,
        rounding_floor=floor,
        status=Status.CONVERGED if residual <= _ROUNDING * floor else Status.STALLED,
        steps=0,
        history=np.empty(0),
        equation=POLICY_EVALUATION,
        temperature=temperature,
        solver="soft_evaluation",
        parameters={"temperature": temperature, "entropy": entropy, "policy": checked},
        **names(game),
    )
