"""Soft policy evaluation: a policy's exact soft Q and V by one linear solve.

    V_π = (I − γ P_π)^{-1} [E_{a~π} r(·, a) + entropy part]                                  (1)
    Q_π(s, a) = r(s, a) + γ Σ_t P(t|s, a) V_π(t)                                             (2)

This is the fixed point of the soft Bellman operator Γ_π (hasac Eq. 4-6, Lemma 4.1), reached without iterating it.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import choice, positive
from mathrl.equations import POLICY_EVALUATION
from mathrl.games.model import Game, check_game
from mathrl.games.policies import as_policy
from mathrl.iteration.outcome import Status, rounding_floor
from mathrl.operators import ENTROPIES, soft_value
from mathrl.solution import Solution
from mathrl.values.policy_values import evaluate

__all__ = ["soft_evaluation"]

_ROUNDING = 64
"""Rounding floors within which the linear solve counts as exact."""


def soft_evaluation(
    game: Game, *, policy: Sequence[npt.ArrayLike], temperature: float, entropy: str = "team"
) -> Solution:
    """The exact soft Q and V of a product policy, (2) and (1), for common-payoff and general-sum games.

    The residual is γ max_s |V'(s) − V(s)| with V' the soft value of Q (hasac Eq. 6): it bounds ‖Γ_π Q − Q‖∞, and
    costs no further pass over the transitions; the status
    is `STALLED` where it is above 64 rounding floors. Raises `ValueError` for a policy or temperature that is none.

    >>> from mathrl.games import load
    >>> policy = [[0.6, 0.2, 0.2]] * 2
    >>> solution = soft_evaluation(load("hasac"), policy=policy, temperature=1.0, entropy="none")
    >>> round(float(solution.v[0]), 9)   # hasac Appendix B
    -8.2
    """
    check_game(game)
    temperature = positive("temperature", temperature)
    choice("entropy", entropy, ENTROPIES)
    checked = as_policy(game, policy)
    values = evaluate(game, checked, temperature=temperature, entropy=entropy)
    again = soft_value(values.q, checked, temperature=temperature, entropy=entropy)
    residual = game.discount * float(np.abs(again - values.v).max())
    floor = rounding_floor(values.q)
    return Solution(
        policy=checked,
        q=values.q,
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
    )
