"""Hu and Wellman's equation, in the two classes of games in which each stage game has one Nash value.

    Q^i = r^i + γ P Nash^i(Q)                                                       (aorpo Lemma D.2)         (1)
    Nash^i(Q(s)) = E_π[Q^i(s, ·)] = max_a Q^i(s, a)                                 (aorpo Theorem 7)         (2)
    Nash^i(Q(s)) = E_π[Q^i(s, ·)] = max_b E_{π^{-i}}[Q^i(s, b, ·)]                  (aorpo Theorem 7)         (3)

(2) is the global optimum, (3) the saddle point of two agents whose rewards have a constant sum: its value is the same
for all its equilibria (aorpo Theorem 7, condition 3).
"""

from typing import Any

from mathrl.arithmetic import difference
from mathrl.equations.equation import Residuals, Solved, declared
from mathrl.games.model import Game
from mathrl.operators import backup, deviation_gain, expectation

__all__ = ["NASH_GLOBAL_OPTIMUM", "NASH_SADDLE_POINT"]


def _fixed_point(game: Game, solution: Solved) -> Any:
    v = expectation(solution.q, solution.policy)
    return difference(backup(v, game.rewards, game.transitions, discount=game.discount), solution.q)  # (1)


def _global_optimum(game: Game, solution: Solved) -> Residuals:
    q = solution.q
    best = q.reshape(*q.shape[: q.ndim - game.num_agents], -1).max(axis=-1)
    return _fixed_point(game, solution), best - expectation(q, solution.policy)  # (2)


def _saddle_point(game: Game, solution: Solved) -> Residuals:
    return _fixed_point(game, solution), deviation_gain(solution.q, solution.policy)  # (3)


NASH_GLOBAL_OPTIMUM = declared(
    "nash-global-optimum",
    "Q = r + γ P max_a Q, where one joint action attains the maximum of every agent",
    "aorpo Lemma D.2, Theorem 7",
    _global_optimum,
)
"""What `nash_q` solves where every stage game has a global optimum."""

NASH_SADDLE_POINT = declared(
    "nash-saddle-point",
    "Q = r + γ P E_π[Q], where π is a saddle point of the stage game Q(s) of constant sum",
    "aorpo Lemma D.2, Theorem 7",
    _saddle_point,
)
"""What `nash_q` solves where two agents have rewards of constant sum."""
