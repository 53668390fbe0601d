"""Nash Q iteration: the fixed point of Hu and Wellman's operator, where each stage game has one Nash value."""

from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from mathrl.arithmetic import or_zero, times
from mathrl.base.checks import FloatArray, count, positive
from mathrl.base.ties import first_largest
from mathrl.equations import NASH_GLOBAL_OPTIMUM, NASH_SADDLE_POINT, Equation
from mathrl.games.availability import equal_rows, joint
from mathrl.games.model import Game, as_played
from mathrl.games.policies import Policy
from mathrl.games.profile import Profile
from mathrl.iteration.iterate import MINIMUM_TOL, Iterate, iterate
from mathrl.iteration.outcome import Status
from mathrl.iteration.patience import Patience
from mathrl.operators import expectation
from mathrl.solution import Solution
from mathrl.solution.answer import solution
from mathrl.stage.global_optimum import Optima, global_optima
from mathrl.stage.zero_sum import ZeroSums, zero_sum_values
from mathrl.values.attained import Weighed, doubts, floors, roundings, weighed
from mathrl.values.joint_control import control
from mathrl.values.linear_system import resolvent
from mathrl.values.modelled_opponents import agent_game
from mathrl.values.overflow import in_range
from mathrl.values.policy_values import (
    Values,
    against,
    backup,
    deterministic_transitions,
    evaluate,
    policy_transitions,
)

__all__ = ["nash_q"]

_EPS = float(np.finfo(np.float64).eps)

_TIES = 64.0
"""Rounding floors within which joint actions tie."""

_LARGEST_SLACK = 1e12
"""Roundings that are no longer small beside the number that is rounded."""

_PAUSE = 4
"""Steps before (4), which failed, is tried again."""

_PATIENCE = 20
"""A small residual that is not halved within this many steps is rounding."""

_ROUNDING = 1_000.0
"""Residuals up to this multiple of the tolerance are small, and may be rounding."""

_REPLY_STEPS = 1_000
"""The most Newton steps for (5), which takes a few."""

_SAME_SUM = 16.0
"""Sums of rewards, or of rows of transitions, that differ by at most this many roundings are the same."""


def nash_q(game: Game, *, tol: float = 100.0, max_steps: int = 10_000) -> Solution:
    """Find the Nash Q-values and an equilibrium of a game whose stage games have one Nash value each.

        (T Q)^i(s, a) = r^i(s, a) + γ Σ_t P(t|s, a) Nash^i(Q(t))                      (aorpo Lemma D.2)   (1)
        Nash^i(Q(s)) = max_a Q^i(s, a),  attained by one joint action a* for all i    (aorpo Theorem 7)   (2)
        Nash^1(Q(s)) = max_x min_b Σ_a x_a Q^1(s, a, b),   Nash^2 = c/(1 − γ) − Nash^1                    (3)
        V ← V + (I − γ P_π)^{-1} (Nash(Q_V) − V),   Q_V = r + γ P V,   from V = 0                         (4)
        V ← min over π^2 of the value of x and π^2 in the whole game,   x of (3)                          (5)

    (2) is the global optimum and (3) the saddle point of aorpo Theorem 7, condition 3 (Hu and Wellman, JMLR 4 (2003),
    Theorem 17). (3) is for two agents with r^1 + r^2 = c, up to rounding; where episodes end, c must be 0. Every other
    game must have a global optimum in each stage game that is met, up to max(tol, 64)/(1 − γ) roundings of each agent's
    Q there. Where several joint actions are equally good, up to rounding, the first of them is played, in the order in
    which the last agent's action changes fastest. Games of one agent or with a common payoff always have a global
    optimum, and get the answer of `optimal`.

    (4) is Newton's step for the π that attains (2) or (3). With (2) it is policy iteration for all agents at once,
    which always converges; where it leads to stage games without a global optimum, V ← Nash(Q_V) is taken instead. With
    (3) (Pollatschek and Avi-Itzhak 1969) it may fail. It is taken where it lowers the residual to γ times the least one
    so far, and (5) otherwise (Hoffman and Karp 1966), which contracts the error by γ or better. The stage games on the
    way of (4) are not those of the plain iteration V ← Nash(Q_V). If a stage game that only the plain iteration would
    meet has no global optimum, this is not noticed.

    `game`       any game; see above which of them are solved
    `tol`        stop at a residual of this many rounding floors eps·‖Q‖∞ (see `mathrl.Solution`); below 8 counts as 8;
                 default 100
    `max_steps`  the most steps; default 10,000

    Returns `policy`, deterministic in the case (2). `residual` is γ max |Nash(Q_V) − V| plus the largest error of a
    stage game's solution; it bounds ‖T Q − Q‖∞. `history` holds it after each step. A stage game without a global
    optimum ends the run as `OUT_OF_CLASS`: `detail` names the sweep (counted from 0) and the state, and `policy` comes
    as near to (2) as possible. Where the run did not converge, q and v are those of the policy. Raises `ValueError`
    naming the argument.

    >>> from mathrl.games import load
    >>> solution = nash_q(load("big-match"))
    >>> solution.objective.round(9).tolist(), solution.policy[1][0].round(9).tolist()
    ([5.0, -5.0], [0.5, 0.5])
    >>> nash_q(load("battle-of-the-sexes")).status.name
    'OUT_OF_CLASS'
    """
    game = as_played(game)
    in_range(game, 0.0)
    tol, max_steps = positive("tol", tol), count("max_steps", max_steps)
    goal_floors = max(tol, MINIMUM_TOL)
    total = _constant_sum(game)
    kind: _Kind = _GlobalOptima(game, goal_floors) if total is None else _SaddlePoints(game, goal_floors, total)
    steps = _Steps(kind, goal_floors)
    run = iterate(steps.first(), steps.following, tol=tol, max_steps=max_steps)
    here = run.last.point
    policy = kind.policy(here)
    if here.trouble:
        run = replace(run, status=Status.OUT_OF_CLASS)
    if run.status is Status.CONVERGED:
        v_ms, reached_ms = kind.of_all(here.v_ms), kind.of_all(here.reached_ms)
        values = Values(game, backup(game, v_ms), reached_ms, not game.common_payoff, None)
    else:
        values = evaluate(game, policy, temperature=1.0, entropy="none")
    parameters = {"tol": tol, "max_steps": max_steps}
    answer = solution(policy, values, run, equation=kind.equation, solver="nash_q", parameters=parameters)
    return replace(answer, detail=_detail(game, here, run.status))


@dataclass(frozen=True)
class _Point:
    """V (m, S), Q_V (m, S, A), Nash(Q_V) (m, S), by how much the solutions of the stage games miss it (m, S), these
    solutions, the roundings δ of Q_V (m, S, A), and what is wrong.
    """

    sweep: int
    v_ms: FloatArray
    q_msa: FloatArray
    reached_ms: FloatArray
    short_ms: FloatArray
    stages: Any
    delta_msa: FloatArray
    trouble: str = ""

    def miss_ms(self, discount: float) -> FloatArray:
        """γ |Nash(Q_V) − V| and what the stage games miss."""
        return discount * np.abs(self.reached_ms - self.v_ms) + self.short_ms


class _Kind(Protocol):
    """What differs between the two kinds of stage games."""

    game: Game
    equation: Equation

    def solve(self, v_ms: FloatArray, before: _Point | None) -> _Point:
        """Nash(Q_V) of every stage game."""

    def weighed(self, here: _Point, goal: float) -> Weighed:
        """What is missed, in rounding floors of every state (`mathrl.values.attained`)."""

    def accepts(self, tried: Iterate[_Point], best: float) -> bool:
        """Whether the step (4) led to a point to go on from; `best` is the least residual so far."""

    def safe(self, here: _Point) -> FloatArray:
        """The V after the step that always contracts."""

    def of_all(self, v_ms: FloatArray) -> FloatArray:
        """The values of all agents, from those that the kind keeps."""

    def policy(self, here: _Point) -> Policy:
        """The π that attains Nash(Q_V)."""

    def transitions(self, here: _Point) -> Any:
        """P_π of (4)."""


class _Steps:
    """Newton's step (4) where its kind accepts it, else the safe one."""

    def __init__(self, kind: _Kind, goal_floors: float) -> None:
        self._kind, self._goal = kind, goal_floors
        self._scale_m = np.abs(or_zero(kind.game.rewards)).reshape(len(kind.game.rewards_isa), -1).max(axis=1)
        self._best, self._waiting, self._left, self._near = np.inf, 0, np.inf, False
        self._patience = Patience(_PATIENCE)

    def first(self) -> Iterate[_Point]:
        return self._at(np.zeros((len(self._scale_m), self._kind.game.num_states)), None)

    def following(self, last: Iterate[_Point]) -> Iterate[_Point] | None:
        here = last.point
        self._best = min(self._best, last.residual)
        far = last.residual > _ROUNDING * self._goal * last.rounding_floor
        if here.trouble or self._patience.ends(self._left, moved=far):
            return None
        self._waiting -= 1
        if self._waiting < 0:
            tried = self._newton(here, 0.0 if self._near else self._goal * last.rounding_floor / 4)
            if self._kind.accepts(tried, self._best):
                return tried
            self._waiting = _PAUSE
        return self._at(self._kind.safe(here), here)

    def _newton(self, here: _Point, target: float) -> Iterate[_Point]:
        solve = resolvent(self._kind.transitions(here), self._kind.game.discount)
        steps = [solve(defect_s, target=target) for defect_s in here.reached_ms - here.v_ms]
        return self._at(here.v_ms + np.stack(steps), here)  # (4)

    def _at(self, v_ms: FloatArray, before: _Point | None) -> Iterate[_Point]:
        game, here = self._kind.game, self._kind.solve(v_ms, before)
        residual = self._left = float(here.miss_ms(game.discount).max())
        # Above what tol allows of the bound ‖Q^i‖∞ ≤ max |r^i| + γ ‖V^i‖∞ no state can have converged.
        floor = _EPS * float((self._scale_m + game.discount * np.abs(v_ms).max(axis=1)).max())
        self._near = residual <= self._goal * floor
        if self._near:
            residual, floor, self._left = self._kind.weighed(here, self._goal)
        return Iterate(here, residual, floor, residual)


class _SaddlePoints:
    """Saddle points (3) of two agents with r^1 + r^2 = `total`. Only the first agent's V is kept."""

    equation = NASH_SADDLE_POINT

    def __init__(self, game: Game, goal_floors: float, total: float) -> None:
        self.game = agent_game(game, 0)
        self._goal, self._total = goal_floors, total

    def solve(self, v_ms: FloatArray, before: _Point | None) -> _Point:
        q_msa = backup(self.game, v_ms)
        stages, delta_msa = self._stages(q_msa[0]), roundings(self.game, q_msa, v_ms)
        sweep = before.sweep + 1 if before else 0
        return _Point(sweep, v_ms, q_msa, stages.v_s[None], stages.gap_s[None], stages, delta_msa)  # (3)

    def weighed(self, here: _Point, goal: float) -> Weighed:
        delta_sa, reached_s = here.delta_msa[0], here.reached_ms[0]
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

    def accepts(self, tried: Iterate[_Point], best: float) -> bool:
        return tried.residual <= self.game.discount * best

    def safe(self, here: _Point) -> FloatArray:
        game, policy = self.game, self.policy(here)
        rewards = times(-1, expectation(game.rewards, policy, keep=(1,)))
        P_xt = against(game, policy, 1)
        transitions = P_xt if game.sparse else P_xt.reshape(*rewards.shape, game.num_states)
        alone = Game.unchecked(rewards, transitions, game.discount, game.start, like=game)
        run, _ = control(alone, None, tol=self._goal, max_steps=_REPLY_STEPS, guess=-here.reached_ms[0])
        return -run.last.point.reached_s[None]  # (5)

    def of_all(self, v_ms: FloatArray) -> FloatArray:
        whole = self._total and self._total / (1 - self.game.discount)
        return np.concatenate([v_ms, whole - v_ms])  # (3)

    def policy(self, here: _Point) -> Policy:
        stages: ZeroSums = here.stages
        return stages.x_sa, stages.y_sb

    def transitions(self, here: _Point) -> Any:
        return policy_transitions(self.game, Profile.of(self.policy(here)).joint_sa)


class _GlobalOptima:
    """Global optima (2) of any number of agents."""

    equation = NASH_GLOBAL_OPTIMUM

    def __init__(self, game: Game, goal_floors: float) -> None:
        self.game, self._ties = game, min(_TIES, goal_floors / 2)
        # V is found to `goal_floors` over 1 − γ, and so are the actions that are best for each agent.
        self._slack = min(max(_TIES, goal_floors) / (1 - game.discount or 1 / game.horizon), _LARGEST_SLACK)

    def solve(self, v_ms: FloatArray, before: _Point | None) -> _Point:
        game, q_msa = self.game, backup(self.game, v_ms)
        delta_msa = roundings(game, q_msa, v_ms)
        stages = global_optima(q_msa, delta_msa, self._ties)
        short_ms = stages.v_ms - q_msa[:, np.arange(game.num_states), stages.actions_s]
        failed = stages.shortfall_s > self._slack
        trouble = self._trouble(int(failed.argmax()), short_ms, stages, delta_msa) if failed.any() else ""
        sweep = before.sweep + 1 if before else 0
        return _Point(sweep, v_ms, q_msa, stages.v_ms, short_ms, stages, delta_msa, trouble)  # (2)

    def weighed(self, here: _Point, goal: float) -> Weighed:
        miss_ms, floor_ms = here.miss_ms(self.game.discount), np.empty_like(here.v_ms)
        for m, (delta_sa, q_sa, reached_s) in enumerate(zip(here.delta_msa, here.q_msa, here.reached_ms, strict=True)):
            floor_ms[m] = floors(delta_sa, here.stages.actions_s, reached_s)
            doubt_s = doubts(delta_sa, floor_ms[m], q_sa, reached_s, lambda q_sa: q_sa.max(axis=1))
            miss_ms[m] = np.maximum(miss_ms[m], doubt_s)
        return weighed(miss_ms, floor_ms, goal)

    def accepts(self, tried: Iterate[_Point], best: float) -> bool:
        return not tried.point.trouble

    def safe(self, here: _Point) -> FloatArray:
        return here.reached_ms

    def of_all(self, v_ms: FloatArray) -> FloatArray:
        return v_ms

    def policy(self, here: _Point) -> Policy:
        num_actions, stages = self.game.num_actions, here.stages
        chosen = np.unravel_index(stages.actions_s, num_actions)
        return tuple(np.eye(actions)[choice] for actions, choice in zip(num_actions, chosen, strict=True))

    def transitions(self, here: _Point) -> Any:
        return deterministic_transitions(self.game, here.stages.actions_s)

    def _trouble(self, s: int, short_ms: FloatArray, stages: Optima, delta_msa: FloatArray) -> str:
        nearest, short_m = int(stages.actions_s[s]), short_ms[:, s]
        i = first_largest(short_m / np.maximum(delta_msa[:, s].max(axis=1), np.finfo(np.float64).tiny), slack=_TIES)
        actions = tuple(map(int, np.unravel_index(nearest, self.game.num_actions)))
        lacking = f"at {actions} agent {i} gets {short_m[i]:.3g} too little"
        return f"state {s}: no joint action is best for every agent; {lacking}"


def _constant_sum(game: Game) -> float | None:
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


def _detail(game: Game, here: _Point, status: Status) -> str:
    if status is Status.OUT_OF_CLASS:
        other_class = ", and the payoffs of the two agents have no constant sum" if game.num_agents == 2 else ""
        return f"sweep {here.sweep}, {here.trouble}{other_class}"
    return "rounding leaves a residual larger than tol allows: raise tol" if status is Status.STALLED else ""
