"""A curve of equilibria of a stochastic game, followed point by point.

    curve = Follower(logit_curve(game, entropy="none"))          or curve_from(game, policy, …)
    point = curve.start()                                     t = 0, from where t rises
    point = curve.advance(point, target=2.0)                  the next point; None where no step succeeds
    point.t, point.policy                                     `point.t == target` once the curve got there

`advance` never goes past a target: a step that crosses it ends there, at the first crossing, and from there the curve
can be followed to the next target. A step in which t turns ends on the fold (`point.fold`).

Each step is led by the number that changes fastest, one of the log ratios or t (Rheinboldt and Burkardt 1983): it is
moved by the length of the step, and all others follow, predicted by the cubic through the last two points and corrected
by Newton's method with the derivative of the predicted point. Lengths are those of the largest entry of (x, t), and so
do not grow with the number of states: where one state folds among thousands, its own policy leads through the fold, on
which nothing is sharp in that measure.

A step is accepted only if the corrections are small and contract, no speed changed by more than `_TURN`, and the
orientation, the sign of the determinant of [G'; row of the lead], is the old one. Along a regular curve it never
changes, so a change means another curve, or a bifurcation of this one. Otherwise the step is cut. A change that
persists in the shortest steps is a bifurcation, and the curve goes straight on (`point.past_bifurcation`). Where two
curves cross this one at once the orientation does not change, and near such a place, as in nearly symmetric games, the
curve turns so sharply that a step may end on another one. So a step ends before the place where the derivative would
become singular, as far as that can be told from the last three points (`point.clearance_s`). Where G' is too large to
be factored, the orientation is not known, and only the other rules guard the curve.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from math import inf

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.equilibria.step_rules import CLOSE, CUT, FIRST, GROWTH, NEARER, WANTED, first_root
from mathrl.equilibria.stochastic.bordered import Bordered
from mathrl.equilibria.stochastic.cubic import Cubic
from mathrl.equilibria.stochastic.equations import Place, System
from mathrl.equilibria.stochastic.value_system import room
from mathrl.games.policies import Policy
from mathrl.values.linear_system import one_thread

__all__ = ["Follower", "Point"]

_FARTHEST = 0.3
"""The largest first correction, in log ratios: 1 is a factor e."""

_CONTRACTION = 0.3
"""The largest ratio of a correction to the one before it."""

_ACCURATE = 1e-7
"""The error that corrections leave, extrapolated."""

_ROUNDING = 1e-11
"""The error that is accepted in any case, relative to the largest entry of z: some thousands of roundings."""

_TURN = 1.0
"""By how much a speed may change in a step, where the lead has speed 1."""

_WANTED_TURN = 0.5
_TINY = 1e-12
_SLOWEST = 0.1
"""The least speed that the lead of this step had in the last one, for the cubic to be of use."""

_LONGEST = 4.0
"""The longest prediction, as a multiple of the stretch behind it."""

_SHORTEST = 1e-7
"""The shortest step, relative to the largest entry of (x, t)."""

_THROUGH = 1e-5
"""The longest step through a bifurcation. Shorter ones lead through it too or, next to it, nowhere."""

_LEAPS = 6
_LEAP = 4.0
"""Where a point is so near to a bifurcation that no short step succeeds, `_LEAPS` longer ones are tried, each this many
times as long.
"""

_FOLD = 1e-7
"""How near to 0 the speed of t is on a fold."""

_FOLD_STEPS = 20
_HALVINGS = 50
_NEARBY = 0.5
"""By how much a point may be off the cubic between two neighbours, as a share of their distance."""


def _none() -> FloatArray:
    return np.zeros(0)


@dataclass(frozen=True, eq=False)
class Point:
    """A point z of the curve and the tangent there, whose largest entry in (x, t), the lead, is 1 or −1.

    `length` is that of the next step; `orientation` the sign of the determinant, 0 where it is not known; `rising`
    whether t goes up from here; `before` an earlier point for predictions. `clearance_s` (S,) are the logarithms of how
    large a defect, in a fixed direction, moves the policies of a state off the curve by 1: one falls to −∞ where
    another curve crosses. `behind` holds those of the last two points, each with the length of the step after it.
    """

    system: System
    t: float
    z: FloatArray
    tangent: FloatArray
    length: float
    orientation: float
    clearance_s: FloatArray = field(default_factory=_none, repr=False)
    rising: bool = True
    fold: bool = False
    past_bifurcation: bool = False
    before: tuple[FloatArray, FloatArray] | None = field(default=None, repr=False)
    behind: tuple[tuple[FloatArray, float], ...] = field(default=(), repr=False)

    @cached_property
    def policy(self) -> Policy:
        """π at this point, over all actions of the game that was given."""
        return self.system.compact.lift(self.system.policy(self.z))

    @cached_property
    def lead(self) -> int:
        """Which number of z changes fastest."""
        return _lead(self.system, self.tangent)


@dataclass(frozen=True, eq=False)
class _Ahead:
    """A point that corrections led to, the tangent there, the orientation, and the first correction.

    The tangent is that in which the lead of the step has the speed it had before, 1 or −1. `near` is the derivative
    with which it was corrected; its memory is used again for the next point that is.
    """

    z: FloatArray
    tangent: FloatArray
    orientation: float
    near: Bordered
    first: float


class Follower:
    """The curve of one system. `step_length` multiplies the usual steps, and what is tolerated in one step. With
    `returns` a step in which the curve comes back to t = 0 ends there.

    `narrowest` is the least distance, along the curve, to a place where another curve may cross, so far.
    """

    def __init__(self, system: System, *, step_length: float = 1.0, returns: bool = False) -> None:
        self._system, self._step_length, self._returns = system, step_length, returns
        self._room = room(system.num_equations - system.num_ratios + 1)
        self.narrowest = inf

    @one_thread()
    def start(self, x_sk: FloatArray | None = None) -> Point:
        """The point t = 0, from which t rises. Where rounding hides the tangent it is 0, and no step leads on.

        Where t = 0 has several solutions, `x_sk` is the one that is meant; default: the policy of x̂.
        """
        system = self._system
        x_sk = system.first_sk if x_sk is None else x_sk
        z = system.vector(x_sk, system.values_at_0(x_sk), 0.0)
        try:
            bordered = Bordered(place := Place(system, z), -1, self._room)
            tangent = bordered.tangent(place, 1.0)
        except np.linalg.LinAlgError:
            tangent = None
        if tangent is None:
            return Point(system, 0.0, z, np.zeros_like(z), 0.0, 0.0)
        return Point(
            system,
            t=0.0,
            z=z,
            tangent=_scaled(system, tangent),
            length=FIRST * self._step_length,
            orientation=bordered.orientation,
            clearance_s=self._clearance(bordered, tangent),
        )

    @one_thread()
    def advance(self, point: Point, target: float = inf) -> Point | None:
        """The next point, at most `target`; None where no step, however short, succeeds."""
        if not point.tangent.any():
            return None
        scale = 1 + float(np.abs(self._system.measured(point.z)).max())
        root = _root(point)
        self.narrowest = min(self.narrowest, root)
        length, through = _heeding(point, root, _SHORTEST * scale), None
        while length > CUT * _SHORTEST * scale:
            ahead = self._step(point, _predicted(point, length))
            same = ahead is not None and ahead.orientation == point.orientation
            if ahead is not None and (same or length <= _THROUGH * scale):
                following = self._following(point, ahead, length, target)
                if following is not None and same:
                    return following
                through = following or through
            length *= CUT
        if through is None and not self.hidden(point):
            return self._leap(point, _SHORTEST * scale, target)
        return through

    def _leap(self, point: Point, shortest: float, target: float) -> Point | None:
        """The next point by the shortest of some longer steps, across a bifurcation on which this point lies."""
        for k in range(1, 1 + _LEAPS):
            length = shortest * _LEAP**k
            ahead = self._step(point, _predicted(point, length))
            following = None if ahead is None else self._following(point, ahead, length, target)
            if following is not None:
                return following
        return None

    @one_thread()
    def between(
        self, near: tuple[FloatArray, FloatArray], far: tuple[FloatArray, FloatArray], t: float
    ) -> tuple[FloatArray, FloatArray] | None:
        """The point of the curve with this t, and its tangent, between two neighbours (z, tangent), t monotone there.

        Newton's method at this t starts on the cubic through the two. Beside a fold, where t is too flat for that, the
        entry of z that changes most is held instead. None where neither converges.
        """
        system = self._system
        goal, lead = t * system.unit, _common_lead(system, near[1], far[1])
        cubic = Cubic(near, far, lead)
        share = _share_of(lambda share: cubic.height(share) - goal)
        guess = cubic.at(share)
        guess[-1] = goal
        landed = self._newton(guess, -1, 1.0, farthest=_FARTHEST, polish=True)
        if landed is not None:
            off, apart = system.measured(landed.z - guess), system.measured(far[0] - near[0])
            if np.abs(off).max() <= _NEARBY * np.abs(apart).max():
                return landed.z, landed.tangent

        def held(share: float) -> _Ahead:
            found = self._newton(cubic.at(share), lead, 1.0, farthest=_FARTHEST, polish=True)
            if found is None:
                raise np.linalg.LinAlgError("Newton's method does not converge")
            return found

        try:
            found = held(_share_of(lambda share: float(held(share).z[-1]) - goal))
        except np.linalg.LinAlgError:
            return None
        return found.z, found.tangent

    def hidden(self, point: Point) -> bool:
        """Whether the rounding of a correction is more than a step tolerates: then shorter steps lead no further."""
        return _rounding(point.z) > _FARTHEST * self._step_length

    def _following(self, point: Point, ahead: _Ahead, length: float, target: float) -> Point | None:
        """The point ahead, or the fold or the target on the way there; None where that is not found."""
        system, goal = self._system, target * self._system.unit
        turns = (ahead.tangent[-1] > 0) != point.rising
        end = self._fold(point, ahead) if turns else ahead
        landing = end is not None and end.z[-1] >= goal
        if self._returns and end is not None and end.z[-1] <= 0:
            landing, target, goal = True, 0.0, 0.0
        if end is not None and landing:
            end = self._landed(point, end, goal)
        if end is None:
            return None
        following = self._next_length(point, ahead, length)
        apart = abs(end.z[point.lead] - point.z[point.lead])
        return Point(
            system,
            t=target if landing else float(end.z[-1] / system.unit),
            z=end.z,
            tangent=_scaled(system, end.tangent),
            length=following,
            orientation=ahead.orientation,
            clearance_s=self._clearance(end.near, end.tangent),
            rising=point.rising != (turns and not landing),
            fold=turns and not landing,
            past_bifurcation=ahead.orientation != point.orientation,
            before=point.before if _LONGEST * apart < following else (point.z, point.tangent),
            behind=((point.clearance_s, apart), *point.behind[:1]),
        )

    def _next_length(self, point: Point, ahead: _Ahead, length: float) -> float:
        """The next length: the cubic's error grows with its fourth power, the change of speeds with the first.

        A correction that may be rounding says nothing of the cubic: a shorter step would need it too.
        """
        error = ahead.first if ahead.first > _rounding(ahead.z) else 0.0
        by_error = WANTED * self._step_length**4 / max(error, _TINY)
        by_turn = _WANTED_TURN * self._step_length / max(_turn(point, ahead.tangent), _TINY)
        return float(length * min(GROWTH, max(CUT, min(by_error**0.25, by_turn))))

    def _fold(self, point: Point, ahead: _Ahead) -> _Ahead | None:
        """The point between at which t turns, by the cubic through the two nearest points, again and again."""
        first, last = (point.z, point.tangent), (ahead.z, ahead.tangent)
        near, found = first, ahead
        for _ in range(_FOLD_STEPS):
            if abs(found.tangent[-1]) <= _FOLD or found.z[point.lead] == near[0][point.lead]:
                break
            cubic = Cubic(near, (found.z, found.tangent), point.lead)
            share, ends = cubic.turn(point.rising), sorted((cubic.place(first[0]), cubic.place(last[0])))
            tried = self._step(point, cubic.at(share if ends[0] < share < ends[1] else sum(ends) / 2))
            if tried is None:
                return None
            if abs(found.tangent[-1]) < abs(near[1][-1]) or near is first:
                near = found.z, found.tangent
            found = tried
            if (found.tangent[-1] > 0) == point.rising:
                first = found.z, found.tangent
            else:
                last = found.z, found.tangent
        return found

    def _landed(self, point: Point, end: _Ahead, goal: float) -> _Ahead | None:
        """The point with t = `goal` between the point and the end, to which t rises, or falls, without a turn."""
        cubic = Cubic((point.z, point.tangent), (end.z, end.tangent), point.lead)
        low, high, side = 0.0, 1.0, 1.0 if point.rising else -1.0
        for _ in range(_HALVINGS):
            share = (low + high) / 2
            low, high = (low, share) if side * (cubic.at(share)[-1] - goal) >= 0 else (share, high)
        guess = cubic.at(high)
        guess[-1] = goal
        farthest = _FARTHEST * self._step_length
        near = self._newton(guess, -1, side, farthest=farthest, polish=False)
        landed = None if near is None else self._newton(near.z, -1, side, farthest=farthest, polish=True)
        if landed is None or landed.orientation not in (point.orientation, end.orientation):
            return None
        return landed if _turn(point, landed.tangent) <= _TURN * self._step_length else None

    def _step(self, point: Point, guess: FloatArray) -> _Ahead | None:
        """The point of the curve with the lead of the guess; None where the rules refuse it."""
        side, farthest = float(point.tangent[point.lead]), _FARTHEST * self._step_length
        ahead = self._newton(guess, point.lead, side, farthest=farthest, polish=False)
        return ahead if ahead is not None and _turn(point, ahead.tangent) <= _TURN * self._step_length else None

    def _newton(self, z: FloatArray, lead: int, side: float, *, farthest: float, polish: bool) -> _Ahead | None:
        """Newton's method with one number of z held and the derivative at z, and the tangent in which that moves by
        `side`; with `polish` until rounding lets the corrections shrink no further. None where it does not converge.
        """
        system, first, before, left = self._system, 0.0, inf, inf
        z = system.renewed(z)
        accurate = max(_ACCURATE, _rounding(z))
        try:
            bordered = Bordered(place := Place(system, z), lead, self._room)
            while polish or left > accurate:
                dz = bordered.solve(place.defect(), 0.0)
                distance = float(np.abs(system.measured(dz)).max())
                if polish and left <= accurate and distance >= _CONTRACTION * before:
                    break
                if not (distance <= farthest and distance <= max(_CONTRACTION * before, accurate)):
                    return None
                first, left = (distance, distance) if before == inf else (first, distance * distance / before)
                z, before = z - dz, distance
                if polish:
                    z = system.renewed(z)
                place = Place(system, z)
            tangent = bordered.tangent(place, side)
        except np.linalg.LinAlgError:
            return None
        if tangent is None:
            return None
        return _Ahead(z, tangent, side * bordered.orientation, bordered, first)

    def _clearance(self, bordered: Bordered, tangent: FloatArray) -> FloatArray:
        """`Point.clearance_s`, from what the derivative moves across the curve for one fixed defect of the policies."""
        system = self._system
        if system.num_ratios == 0:
            return _none()
        moved, along = system.measured(bordered.solve(self._probe, 0.0)), system.measured(tangent)
        across = moved - (moved @ along) / (along @ along) * along
        largest_s = np.abs(across[:-1].reshape(system.first_sk.shape)).max(axis=1)
        return np.asarray(-np.log(np.maximum(largest_s, _TINY)))

    @cached_property
    def _probe(self) -> FloatArray:
        """A defect in no special direction, the same in each run."""
        system = self._system
        probe = np.zeros(system.num_equations)
        probe[: system.num_ratios] = np.random.default_rng(0).uniform(-1.0, 1.0, system.num_ratios)
        if system.barred_sk is not None:
            system.ratios(probe)[system.barred_sk] = 0.0
        return probe


def _common_lead(system: System, first: FloatArray, second: FloatArray) -> int:
    """Which number of z changes fast at two points with these tangents."""
    speeds = [np.abs(system.measured(_scaled(system, tangent))) for tangent in (first, second)]
    largest = int(np.minimum(*speeds).argmax())
    return largest if largest < system.num_ratios else -1


def _share_of(excess: Callable[[float], float]) -> float:
    """Where in [0, 1] a function that is monotone there vanishes, by bisection; the nearer end where it does not."""
    low, high, first = 0.0, 1.0, excess(0.0)
    if first == 0.0 or first * excess(1.0) > 0:
        return 0.0 if abs(first) <= abs(excess(1.0)) else 1.0
    for _ in range(_HALVINGS):
        share = (low + high) / 2
        low, high = (share, high) if excess(share) * first > 0 else (low, share)
    return (low + high) / 2


def _rounding(z: FloatArray) -> float:
    """How large a correction may be that is due to rounding."""
    return _ROUNDING * float(np.abs(z).max())


def _root(point: Point) -> float:
    """How far on another curve may cross."""
    none = np.zeros_like(point.clearance_s), 0.0
    (last_s, way), (earlier_s, way_earlier) = (*point.behind, none, none)[:2]
    return float(first_root(point.clearance_s, last_s, earlier_s, way, way_earlier))


def _heeding(point: Point, root: float, shortest: float) -> float:
    """The length of the next step, which ends before the place where another curve may cross, or clearly behind it."""
    if root > CLOSE * shortest:
        return max(min(point.length, NEARER * root), shortest)
    return max(shortest, 2 * root)


def _predicted(point: Point, length: float) -> FloatArray:
    """The prediction: the cubic through the last two points, continued until the lead has gone on by `length`."""
    if point.before is not None and point.before[1][point.lead] * point.tangent[point.lead] > _SLOWEST:
        cubic = Cubic((point.z, point.tangent), point.before, point.lead)
        share = length / cubic.length
        if -_LONGEST <= share < 0:
            return cubic.at(share)
    return point.z + length * point.tangent


def _turn(point: Point, tangent: FloatArray) -> float:
    """By how much speeds differ from those at the point, where the lead's is 1; inf where the lead turns back."""
    speed = tangent[point.lead] * point.tangent[point.lead]
    if speed <= 0:
        return inf
    return float(np.abs(point.system.measured(tangent / speed - point.tangent)).max())


def _scaled(system: System, tangent: FloatArray) -> FloatArray:
    return np.asarray(tangent / np.abs(system.measured(tangent)).max())


def _lead(system: System, tangent: FloatArray) -> int:
    largest = int(np.abs(system.measured(tangent)).argmax())
    return largest if largest < system.num_ratios else -1
