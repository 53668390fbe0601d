"""Stage games of two agents whose payoffs have a constant sum: each has a saddle point.

The numbers of equations are those of `mathrl.solvers.nash_q`.
"""

from typing import Any

import numpy as np

from mathrl.arithmetic import times
from mathrl.base.checks import FloatArray
from mathrl.equations import NASH_SADDLE_POINT
from mathrl.equilibria.nash.stages import Point
from mathrl.games.availability import equal_rows, joint
from mathrl.games.model import Game
from mathrl.games.policies import Policy
from mathrl.games.profile import Profile
from mathrl.iteration.iterate import Iterate
from mathrl.operators import expectation
from mathrl.stage.zero_sum import ZeroSums, zero_sum_values
from mathrl.values.attained import Weighed, doubts, floors, roundings, weighed
from mathrl.values.joint_control import control
from mathrl.values.modelled_opponents import agent_game
from mathrl.values.policy_values import against, backup, policy_transitions

__all__ = ["SaddlePoints", "constant_sum"]

_EPS = float(np.finfo(np.float64).eps)

_REPLY_STEPS = 1_000
"""The most Newton steps for (5), which takes a few."""

_SAME_SUM = 16.0
"""Sums of rewards, or of rows of transitions, that differ by at most this many roundings are the same."""


def constant_sum(game: Game) -> float | None:
    """The constant r^1 + r^2 of two agents, 0 where it is only rounding, or None where the sum is not constant."""
    if game.common_payoff or game.num_agents != 2:
        return None
    rewards = game.rewards if game.masks is None else game.rewards[:, joint(game.masks)]
    sums, slack = rewards[0] + rewards[1], _SAME_SUM * _EPS * np.abs(rewards).max(axis=0)
    total = float(sums.max() + sums.min()) / 2
    if (np.abs(sums) <= slack).all():
        return 0.0
    # Where rows of transitions sum to different numbers, so do the later rewards that a constant sum brings.
    rows: Any = game.csr_xt if game.sparse else game.dense_xt
    steady = game.discount == 0 or np.ptp(rows.sum(axis=1)) <= _SAME_SUM * _EPS
    return total if steady and (np.abs(sums - total) <= slack).all() else None


class SaddlePoints:
    """Saddle points (3) of two agents with r^1 + r^2 = `total`. Only the first agent's V is kept."""

    equation = NASH_SADDLE_POINT

    def __init__(self, game: Game, goal_floors: float, total: float) -> None:
        self.game = agent_game(game, 0)
        self._goal, self._total = goal_floors, total

    def solve(self, v_ms: FloatArray, before: Point | None) -> Point:
        """(3) of every state."""
        q_msa = backup(self.game, v_ms)
        stages = self._stages(q_msa[0])
        sweep = before.sweep + 1 if before else 0
        return Point(sweep, v_ms, q_msa, stages.v_s[None], stages.gap_s[None], stages)  # (3)

    def weighed(self, here: Point, goal: float) -> Weighed:
        """What is missed, by the floor of the mixed strategies, or the doubt of either agent."""
        delta_sa, reached_s = roundings(self.game, here.q_msa, here.v_ms)[0], here.reached_ms[0]
        joint_sa = Profile.of(self.policy(here)).joint_sa
        # A strategy is as exact as the largest payoff that is not dominated allows, however little that is played.
        floor_s = np.maximum(floors(delta_sa, joint_sa, reached_s), _EPS * here.stages.size_s)
        doubt_s = np.maximum(
            doubts(delta_sa, floor_s, here.q_msa[0], reached_s, lambda q_sa: self._stages(q_sa).v_s),
            doubts(delta_sa, floor_s, -here.q_msa[0], -reached_s, lambda q_sa: -self._stages(-q_sa).v_s),
        )
        return weighed(np.maximum(here.miss_ms(self.game.discount)[0], doubt_s), floor_s, goal)

    def _stages(self, q_sa: FloatArray) -> ZeroSums:
        """The stage games of what is available in each state."""
        masks, q_sab = self.game.masks, q_sa.reshape(-1, *self.game.num_actions)
        if masks is None:
            return zero_sum_values(q_sab)
        v_s, gap_s, size_s = np.empty((3, len(q_sab)))
        x_sa, y_sb = (np.zeros(own.shape) for own in masks)
        for states, _ in equal_rows(np.concatenate(masks, axis=1)):
            rows, columns = (np.ix_(states, np.flatnonzero(own[states[0]])) for own in masks)
            found = zero_sum_values(q_sab[states[:, None, None], rows[1][..., None], columns[1][:, None]])
            v_s[states], x_sa[rows], y_sb[columns], gap_s[states], size_s[states] = found
        return ZeroSums(v_s, x_sa, y_sb, gap_s, size_s)

    def accepts(self, tried: Iterate[Point], best: float) -> bool:
        """Whether (4) lowered the residual to γ times the least one so far."""
        return tried.residual <= self.game.discount * best

    def safe(self, here: Point) -> FloatArray:
        """(5): the values when the second agent replies as well as it can to x."""
        game, policy = self.game, self.policy(here)
        rewards = times(-1, expectation(game.rewards, policy, keep=(1,)))
        P_xt = against(game, policy, 1)
        transitions = P_xt if game.sparse else P_xt.reshape(*rewards.shape, game.num_states)
        alone = Game.unchecked(rewards, transitions, game.discount, game.start, like=game)
        run, _ = control(alone, None, tol=self._goal, max_steps=_REPLY_STEPS, guess=-here.reached_ms[0])
        return -run.last.point.reached_s[None]

    def of_all(self, v_ms: FloatArray) -> FloatArray:
        """V of the first agent, and c/(1 − γ) − V of the second   (3)."""
        whole = self._total and self._total / (1 - self.game.discount)
        return np.concatenate([v_ms, whole - v_ms])  # (3)

    def policy(self, here: Point) -> Policy:
        """(x, b) of (3)."""
        stages: ZeroSums = here.stages
        return stages.x_sa, stages.y_sb

    def transitions(self, here: Point) -> Any:
        """P_π of the mixed strategies."""
        return policy_transitions(self.game, Profile.of(self.policy(here)).joint_sa)
