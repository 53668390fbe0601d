"""The principal branch of any game, followed several points at a time: compiled for matrix games, else in general.

Both classes have the same methods, so that one solver can use either. Their policies are over all actions of the game,
0 where one is not available.
"""

from itertools import accumulate, pairwise
from typing import Protocol

import numpy as np

from mathrl.equilibria.matrix.tracer import Tracer, join
from mathrl.equilibria.stochastic.equations import System, entropy_curve, logit_curve
from mathrl.equilibria.stochastic.trace import Follower, Point
from mathrl.games.compact import compact
from mathrl.games.model import Game
from mathrl.games.policies import Policy
from mathrl.games.profile import Profile
from mathrl.solution import BranchPath
from mathrl.solution.answer import shown_policy

__all__ = ["Branch", "branch"]

_COMPILED_UNKNOWNS = 150
"""Log ratios up to which a matrix game is traced by compiled code, whose factors are plain loops."""

_BUNCH = 256


class Branch(Protocol):
    """The branch as far as it has been followed; it begins at rationality 0."""

    def extend(self, rationality: float, at_most: int) -> list[float]:
        """Take at most `at_most` steps, up to this rationality; the rationality of each new point, none if no step
        succeeds.
        """

    @property
    def policy(self) -> Policy:
        """The policy at the last point; exact to rounding where the branch crosses a rationality that was asked for."""

    def path(self, last: Policy) -> BranchPath:
        """All points so far, `last` in place of the policy at the last one."""


def branch(game: Game, *, entropy: str, step_length: float) -> Branch:
    """The branch from rationality 0, with steps that are `step_length` times the usual ones."""
    matrix = game.num_states == 1 and game.discount == 0
    if matrix and sum(compact(game).game.num_actions) - game.num_agents <= _COMPILED_UNKNOWNS:
        return _Compiled(game, step_length)
    return _General(game, entropy, step_length)


class _Compiled:
    def __init__(self, game: Game, step_length: float) -> None:
        self._game, self._compact = game, compact(game)
        self._tracer = Tracer(self._compact.game, step_length=step_length)
        first = self._tracer.start()
        assert first is not None  # (0, uniform) solves the equations, with the identity as their derivative
        self._stretches = [first]

    def extend(self, rationality: float, at_most: int) -> list[float]:
        self._stretches.append(self._tracer.advance(rationality, at_most=min(at_most, _BUNCH)))
        return list(self._stretches[-1].rationality.tolist())

    @property
    def policy(self) -> Policy:
        return self._compact.lift(Profile.split(self._tracer.policy[None], self._compact.game.num_actions))

    def path(self, last: Policy) -> BranchPath:
        walked = self._tracer.with_touches(join(self._stretches))
        ends = accumulate(self._compact.game.num_actions, initial=0)
        policies = tuple(walked.pi_pk[:, None, first:end] for first, end in pairwise(ends))
        return BranchPath(
            rationality=walked.rationality,
            policy=_shown(self._game, self._compact.lift(policies), last),
            folds=walked.folds,
            bifurcations=walked.bifurcations,
        )


class _General:
    """Where the curve does not start at the uniform policy, another one leads from there to its start."""

    def __init__(self, game: Game, entropy: str, step_length: float) -> None:
        self._game, self._entropy, self._step_length = game, entropy, step_length
        before = entropy_curve(game, entropy=entropy)
        self._started = before is None
        self._points = self._begin(logit_curve(game, entropy=entropy) if before is None else before)

    def extend(self, rationality: float, at_most: int) -> list[float]:
        target = rationality if self._started else 1.0
        following = self._curve.advance(self._points[-1], target) if at_most else None
        if following is None:
            return []
        self._points.append(following)
        if self._started:
            return [following.t]
        if following.t == target:
            first_sk = following.system.ratios(following.z)
            self._started = True
            self._points = self._begin(logit_curve(self._game, entropy=self._entropy, first_sk=first_sk))
        return [0.0]

    @property
    def policy(self) -> Policy:
        return self._points[-1].policy

    def path(self, last: Policy) -> BranchPath:
        policies = zip(*(point.policy for point in self._points), strict=True)
        crossed = [after.past_bifurcation for after in self._points[1:]]
        return BranchPath(
            rationality=np.array([point.t if self._started else 0.0 for point in self._points]),
            policy=_shown(self._game, tuple(np.stack(agent) for agent in policies), last),
            folds=np.flatnonzero([point.fold for point in self._points]),
            bifurcations=np.flatnonzero(crossed),
        )

    def _begin(self, system: System) -> list[Point]:
        self._curve = Follower(system, step_length=self._step_length)
        return [self._curve.start()]


def _shown(game: Game, policies: Policy, last: Policy) -> Policy:
    """The policies of the points (K, S, A_i) with `last` as the last one, and uniform where an episode has ended."""
    for own, end in zip(policies, last, strict=True):
        own[-1] = end
    return shown_policy(game, policies)
