"""The principal branch of any game, followed several points at a time: compiled for matrix games, else in general.

Both classes have the same methods, so that one solver can use either. Their policies are over all actions of the game,
0 where one is not available. A branch that came near to another curve is followed a second time, with shorter steps,
and counts only where both arrive at the same policy.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import accumulate, pairwise
from math import ceil, inf, nan
from typing import Protocol

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.equilibria.arc import Arc
from mathrl.equilibria.matrix.tracer import Tracer, join
from mathrl.equilibria.step_rules import RESOLVED, TIGHTER
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
_EPS = float(np.finfo(np.float64).eps)

_NARROW = 0.02
"""How near a general trace may come to a place where another curve may cross, and still count without a second one.
With many states some state is always near a turn, so that this is less than for matrix games.
"""

_SAME = 1e-6
"""How far apart two policies may be that are the same point: both are polished until rounding."""


class Branch(Protocol):
    """The branch as far as it has been followed; it begins at rationality 0."""

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

    def arc(self) -> Arc:
        """All points so far, and what lies between them."""


def branch(game: Game, *, entropy: str, step_length: float) -> Branch:
    """The branch from rationality 0, with steps that are `step_length` times the usual ones."""
    return _Confirmed(lambda length: _followed(game, entropy, length), step_length)


def _followed(game: Game, entropy: str, step_length: float) -> "_Compiled | _General":
    matrix = game.num_states == 1 and game.discount == 0
    if matrix and sum(compact(game).game.num_actions) - game.num_agents <= _COMPILED_UNKNOWNS:
        return _Compiled(game, step_length)
    return _General(game, entropy, step_length)


class _Confirmed:
    """A branch, and where it comes near to another curve the same again, with shorter steps."""

    def __init__(self, followed: Callable[[float], "_Compiled | _General"], step_length: float) -> None:
        self._branch = followed(step_length)
        self._again = partial(followed, TIGHTER * step_length)
        self._second: _Compiled | _General | None = None

    def extend(self, rationality: float, at_most: int) -> list[float]:
        reached = self._branch.extend(rationality, at_most)
        if reached and reached[-1] == rationality and self._branch.narrow:
            if not self._confirmed(rationality, ceil(at_most / TIGHTER)):
                return []
            self._branch.widen()
        return reached

    def _confirmed(self, rationality: float, left: int) -> bool:
        """Whether the second branch arrives at the same policy, with at most so many steps."""
        self._second = second = self._second or self._again()
        points = [0.0]
        while points and points[-1] != rationality:
            points = second.extend(rationality, left)
            left -= len(points)
        pairs = zip(self._branch.policy, second.policy, strict=True)
        return bool(points) and max(float(np.abs(own - other).max()) for own, other in pairs) <= _SAME

    @property
    def hidden(self) -> bool:
        return self._branch.hidden

    @property
    def policy(self) -> Policy:
        return self._branch.policy

    def path(self, last: Policy) -> BranchPath:
        return self._branch.path(last)

    def arc(self) -> Arc:
        return self._branch.arc()


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
    def hidden(self) -> bool:
        last = next(stretch for stretch in reversed(self._stretches) if len(stretch.z_px))
        return bool(_EPS * np.abs(last.z_px[-1]).max() > RESOLVED)

    @property
    def policy(self) -> Policy:
        return self._compact.lift(Profile.split(self._tracer.policy[None], self._compact.game.num_actions))

    @property
    def narrow(self) -> bool:
        return self._tracer.narrow

    def widen(self) -> None:
        self._tracer.widen()

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

    def arc(self) -> Arc:
        walked, system = join(self._stretches), logit_curve(self._game, entropy="none")
        scale = system.unit * self._tracer.scale
        no_values = system.values(system.zero)

        def vector(x: FloatArray, t: float) -> FloatArray:
            return system.vector(x.reshape(system.first_sk.shape), no_values, t)

        return Arc(
            system,
            tuple(vector(z_x[:-1], t * system.unit) for z_x, t in zip(walked.z_px, walked.rationality, strict=True)),
            tuple(vector(t_x[:-1], t_x[-1] * scale) for t_x in walked.tangent_px),
            walked.rationality,
            np.ones(len(walked.rationality) - 1, dtype=bool),
        )


class _General:
    """The branch, and where `entropy_curve` leads to its start, that curve before it.

    The two are then one curve, on which the branch may come back to rationality 0: the entropies' curve goes on from
    there, down to lower weights of the responses and up again, until it gives back the branch. As one curve from the
    only equilibrium there is at weight 0 it cannot end, and gets to every rationality.
    """

    def __init__(self, game: Game, entropy: str, step_length: float) -> None:
        self._game, self._step_length = game, step_length
        self._branch, self._before = logit_curve(game, entropy=entropy), entropy_curve(game, entropy=entropy)
        self._end = nan if self._before is None else 1.0
        self._curve = self._follower(self._branch if self._before is None else self._before)
        self._points = [self._curve.start()]

    def extend(self, rationality: float, at_most: int) -> list[float]:
        last = self._points[-1]
        target = rationality if last.system is self._branch else 1.0
        following = self._curve.advance(last, target) if at_most else None
        if following is None:
            return []
        self._points.append(following)
        if following.t == self._end:
            self._change()
        return [self._rationality(following)]

    @property
    def hidden(self) -> bool:
        return self._curve.hidden(self._points[-1])

    @property
    def policy(self) -> Policy:
        return self._points[-1].policy

    @property
    def narrow(self) -> bool:
        return self._curve.narrowest <= _NARROW

    def widen(self) -> None:
        self._curve.narrowest = inf

    def path(self, last: Policy) -> BranchPath:
        policies = zip(*(point.policy for point in self._points), strict=True)
        crossed = [after.past_bifurcation for after in self._points[1:]]
        return BranchPath(
            rationality=np.array([self._rationality(point) for point in self._points]),
            policy=_shown(self._game, tuple(np.stack(agent) for agent in policies), last),
            folds=np.flatnonzero([point.fold and point.system is self._branch for point in self._points]),
            bifurcations=np.flatnonzero(crossed),
        )

    def arc(self) -> Arc:
        on_branch = [k for k, point in enumerate(self._points) if point.system is self._branch]
        points = [self._points[k] for k in on_branch]
        return Arc(
            self._branch,
            tuple(point.z for point in points),
            tuple(point.tangent for point in points),
            np.array([point.t for point in points]),
            np.diff(on_branch) == 1,
        )

    def _change(self) -> None:
        """Go on along the other one of the two curves, from its t = 0."""
        last, self._end = self._points[-1], 0.0
        assert self._before is not None
        slope = self._before.response_weight[1]
        downwards = replace(self._before, response_weight=(1.0, -slope))
        narrowest = self._curve.narrowest
        self._curve = self._follower(downwards if last.system is self._branch else self._branch)
        self._curve.narrowest = narrowest
        self._points[-1] = self._curve.start(last.system.ratios(last.z))

    def _follower(self, system: System) -> Follower:
        return Follower(system, step_length=self._step_length, returns=self._end == 0)

    def _rationality(self, point: Point) -> float:
        return point.t if point.system is self._branch else 0.0


def _shown(game: Game, policies: Policy, last: Policy) -> Policy:
    """The policies of the points (K, S, A_i) with `last` as the last one, and uniform where an episode has ended."""
    for own, end in zip(policies, last, strict=True):
        own[-1] = end
    return shown_policy(game, policies)
