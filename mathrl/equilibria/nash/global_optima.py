"""Stage games each of which has a joint action that is best for every agent.

The numbers of equations are those of `mathrl.solvers.nash_q`.
"""

from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.base.ties import first_largest
from mathrl.equations import NASH_GLOBAL_OPTIMUM
from mathrl.equilibria.nash.stages import Point
from mathrl.games.model import Game
from mathrl.games.policies import Policy
from mathrl.iteration.iterate import Iterate
from mathrl.stage.global_optimum import Optima, global_optima
from mathrl.values.attained import TIES, Weighed, doubts, floors, roundings, weighed
from mathrl.values.policy_values import backup, deterministic_transitions

__all__ = ["GlobalOptima"]

_LARGEST_SLACK = 1e12
"""Roundings that are no longer small beside the number that is rounded."""


class GlobalOptima:
    """Global optima (2) of any number of agents."""

    equation = NASH_GLOBAL_OPTIMUM

    def __init__(self, game: Game, goal_floors: float) -> None:
        self.game, self._ties = game, min(TIES, goal_floors / 2)
        # V is found to `goal_floors` over 1 − γ, and so are the actions that are best for each agent.
        self._slack = min(max(TIES, goal_floors) / (1 - game.discount or 1 / game.horizon), _LARGEST_SLACK)

    def solve(self, v_ms: FloatArray, before: Point | None) -> Point:
        """(2) of every state, and the first state in which no joint action attains it."""
        game, q_msa = self.game, backup(self.game, v_ms)
        delta_msa = roundings(game, q_msa, v_ms)
        optima = global_optima(q_msa, delta_msa, self._ties)
        short_ms = optima.v_ms - q_msa[:, np.arange(game.num_states), optima.actions_s]
        failed = optima.shortfall_s > self._slack
        trouble = self._trouble(int(failed.argmax()), short_ms, optima, delta_msa) if failed.any() else ""
        sweep = before.sweep + 1 if before else 0
        return Point(sweep, v_ms, q_msa, optima.v_ms, short_ms, (optima, delta_msa), trouble)  # (2)

    def weighed(self, here: Point, goal: float) -> Weighed:
        """What each agent misses, by the floor of the joint action, or its doubt that another one is better."""
        optima, delta_msa = here.stages
        miss_ms, floor_ms = here.miss_ms(self.game.discount), np.empty_like(here.v_ms)
        for m, (delta_sa, q_sa, reached_s) in enumerate(zip(delta_msa, here.q_msa, here.reached_ms, strict=True)):
            floor_ms[m] = floors(delta_sa, optima.actions_s, reached_s)
            doubt_s = doubts(delta_sa, floor_ms[m], q_sa, reached_s, lambda q_sa: q_sa.max(axis=1))
            miss_ms[m] = np.maximum(miss_ms[m], doubt_s)
        return weighed(miss_ms, floor_ms, goal)

    def accepts(self, tried: Iterate[Point], best: float) -> bool:
        """(4) always converges, unless it leads to stage games without a global optimum."""
        return not tried.point.trouble

    def safe(self, here: Point) -> FloatArray:
        """V ← Nash(Q_V)."""
        return here.reached_ms

    def of_all(self, v_ms: FloatArray) -> FloatArray:
        """All are kept."""
        return v_ms

    def policy(self, here: Point) -> Policy:
        """The joint action of each state, as a policy."""
        num_actions, (optima, _) = self.game.num_actions, here.stages
        chosen = np.unravel_index(optima.actions_s, num_actions)
        return tuple(np.eye(actions)[choice] for actions, choice in zip(num_actions, chosen, strict=True))

    def transitions(self, here: Point) -> Any:
        """P_π of the joint actions."""
        optima, _ = here.stages
        return deterministic_transitions(self.game, optima.actions_s)

    def _trouble(self, s: int, short_ms: FloatArray, optima: Optima, delta_msa: FloatArray) -> str:
        nearest, short_m = int(optima.actions_s[s]), short_ms[:, s]
        i = first_largest(short_m / np.maximum(delta_msa[:, s].max(axis=1), np.finfo(np.float64).tiny), slack=TIES)
        actions = tuple(map(int, np.unravel_index(nearest, self.game.num_actions)))
        lacking = f"at {actions} agent {i} gets {short_m[i]:.3g} too little"
        return f"state {s}: no joint action is best for every agent; {lacking}"
