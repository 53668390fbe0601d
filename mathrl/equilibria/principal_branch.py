"""The principal branch of any game, followed several points at a time: compiled for matrix games, else in general.

Both classes have the same methods, so that one solver can use either.
"""

from itertools import accumulate, pairwise
from typing import Protocol

import numpy as np

from mathrl.equilibria.matrix.tracer import Tracer, join
from mathrl.equilibria.step_rules import RESOLVED
from mathrl.equilibria.stochastic.equations import logit_curve
from mathrl.equilibria.stochastic.trace import Follower
from mathrl.games.model import Game
from mathrl.games.policies import Policy
from mathrl.games.profile import Profile
from mathrl.solution import BranchPath

__all__ = ["Branch", "branch"]

_COMPILED_UNKNOWNS = 150
"""Log ratios up to which a matrix game is traced by compiled code, whose factors are plain loops."""

_BUNCH = 256
_EPS = float(np.finfo(np.float64).eps)


class Branch(Protocol):
    """The branch as far as it has been followed; it begins at (0, uniform)."""

    def extend(self, rationality: float, at_most: int) -> list[float]:
        """Take at most `at_most` steps, up to this rationality; the rationality of each new point, none if no step
        succeeds.
        """

    @property
    def hidden(self) -> bool:
        """Whether rounding hides the way on from the last point: then shorter steps lead no further either."""

    @property
    def policy(self) -> Policy:
        """The policy at the last point; exact to rounding where the branch crosses a rationality that was asked for."""

    def path(self, last: Policy) -> BranchPath:
        """All points so far, `last` in place of the policy at the last one."""


def branch(game: Game, *, entropy: str, step_length: float) -> Branch:
    """The branch from (0, uniform), with steps that are `step_length` times the usual ones."""
    matrix = game.num_states == 1 and game.discount == 0
    if matrix and sum(game.num_actions) - game.num_agents <= _COMPILED_UNKNOWNS:
        return _Compiled(game, step_length)
    return _General(game, entropy, step_length)


class _Compiled:
    def __init__(self, game: Game, step_length: float) -> None:
        self._game, self._tracer = game, Tracer(game, step_length=step_length)
        first = self._tracer.start()
        assert first is not None  # (0, uniform) solves the equations, with the identity as their derivative
        self._stretches = [first]

    def extend(self, rationality: float, at_most: int) -> list[float]:
        self._stretches.append(self._tracer.advance(rationality, at_most=min(at_most, _BUNCH)))
        return list(self._stretches[-1].rationality.tolist())

    @property
    def hidden(self) -> bool:
        last = next(stretch for stretch in reversed(self._stretches) if len(stretch.z_px))
        return bool(_EPS * np.abs(last.z_px[-1]).max() > RESOLVED)

    @property
    def policy(self) -> Policy:
        return Profile.split(self._tracer.policy[None], self._game.num_actions)

    def path(self, last: Policy) -> BranchPath:
        walked = self._tracer.with_touches(join(self._stretches))
        walked.pi_pk[-1] = Profile.of(last).pi_sk[0]
        ends = accumulate(self._game.num_actions, initial=0)
        return BranchPath(
            rationality=walked.rationality,
            policy=tuple(walked.pi_pk[:, None, first:last] for first, last in pairwise(ends)),
            folds=walked.folds,
            bifurcations=walked.bifurcations,
        )


class _General:
    def __init__(self, game: Game, entropy: str, step_length: float) -> None:
        self._curve = Follower(logit_curve(game, entropy=entropy), step_length=step_length)
        self._points = [self._curve.start()]

    def extend(self, rationality: float, at_most: int) -> list[float]:
        following = self._curve.advance(self._points[-1], rationality) if at_most else None
        if following is None:
            return []
        self._points.append(following)
        return [following.t]

    @property
    def hidden(self) -> bool:
        return self._curve.hidden(self._points[-1])

    @property
    def policy(self) -> Policy:
        return self._points[-1].policy

    def path(self, last: Policy) -> BranchPath:
        policies = [*(point.policy for point in self._points[:-1]), last]
        crossed = [after.past_bifurcation for after in self._points[1:]]
        return BranchPath(
            rationality=np.array([point.t for point in self._points]),
            policy=tuple(np.stack(agent) for agent in zip(*policies, strict=True)),
            folds=np.flatnonzero([point.fold for point in self._points]),
            bifurcations=np.flatnonzero(crossed),
        )
