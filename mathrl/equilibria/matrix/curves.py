"""All curves of logit equilibria of a matrix game that many starts and continuation find.

At a ladder of temperatures Newton's method runs from many policies (`mathrl.equilibria.matrix.search`). What it finds
off the known curves is followed both ways, through folds and forks, until it leaves the range or closes on itself
(`mathrl.equilibria.matrix.through`); then the curve is known at every temperature. This is repeated with new random
policies until a whole round finds nothing new. Nothing proves that all curves are found: one that lies between two
rungs of the ladder, or that no start leads to, is missed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray, count, fail, instance, iterated, positive, room
from mathrl.base.rationality import one_temperature
from mathrl.base.text import shown
from mathrl.equilibria.matrix.search import Search, known
from mathrl.equilibria.matrix.through import crossings, filled, principal, through
from mathrl.equilibria.matrix.tracer import Stretch, Tracer
from mathrl.equilibria.matrix.uniqueness import compact_matrix
from mathrl.equilibria.step_rules import attempts
from mathrl.games.compact import Compact
from mathrl.games.model import Game
from mathrl.games.policies import Policy
from mathrl.values.offsets import without_offsets
from mathrl.values.overflow import in_range

__all__ = ["MOST_JOINT_ACTIONS", "MOST_LOG_RATIOS", "Curve", "equilibria", "logit_curves"]

MOST_LOG_RATIOS, MOST_JOINT_ACTIONS = 40, 1_000
"""The largest games that are searched: Σ (A_i − 1) and Π A_i."""

_RUNGS = 40
_SAFELY = 0.95
"""The ladder begins at this share of the rationality up to which the equilibrium is unique."""

_STEEPEST = 1e7
"""Payoffs' spread over the temperature up to which curves are followed. Log ratios are as large. Where those of played
actions are to an unplayed one, their rounding, 2e-9, is the relative error of probabilities. From about 1e8 on it is
more than steps allow for (`RESOLVED`): curves then end in noise, after minutes, or are found twice.
"""

_AT_THE_END = 1e-12
"""The relative distance up to which a temperature is still in the range in which curves were followed."""

_MOST_CURVES = 1_000
_ROUNDING = 1e-7
"""Relative changes of λ up to which a curve has not turned."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Curve:
    """Points of a curve of logit equilibria, in order; it leaves the range at both ends, or is closed.

    `rationality`  (K,), 1/temperature of each point
    `policy`       per agent (K, 1, A_i)
    `folds`        (F,), the indices of the points at which the rationality turns: folds, and pitchforks, which are
                   also on another curve
    `stable`       (K,), whether logit dynamics return to the point from nearby; with a common payoff, whether it is a
                   strict local maximum of the objective (`mathrl.equilibria.matrix.search`)
    `closed`       whether the last point is the first
    `principal`    whether it is the one through (rationality 0, uniform)
    `temperatures` (low, high), the range in which it was followed
    `points`       the same as traced
    """

    rationality: FloatArray
    policy: Policy
    folds: npt.NDArray[np.int64]
    stable: npt.NDArray[np.bool_]
    closed: bool
    principal: bool
    temperatures: tuple[float, float]
    points: Stretch

    @property
    def temperature(self) -> FloatArray:
        """(K,), 1/rationality."""
        return 1 / self.rationality


def logit_curves(
    game: Game,
    *,
    temperatures: tuple[float, float] | None = None,
    rationalities: tuple[float, float] | None = None,
    starts: int = 256,
    seed: int = 0,
    step_length: float = 0.3,
    spacing: float = 0.1,
    watch: Callable[[int], object] = lambda found: None,
) -> tuple[Curve, ...]:
    """Find the curves of logit equilibria of a matrix game in a range of temperatures, the principal branch first.

        π^i = softmax(u^i/α),   u^i(a_i) = E_{a_{-i}~π^{-i}}[r^i(a_i, a_{-i})],   low ≤ α ≤ high      (hasac Eq. 3)

    At each of 40 temperatures Newton's method runs from many policies; an equilibrium that is on no known curve is
    followed both ways. This is repeated until a round finds nothing new. Nothing proves that all curves are found.

    `game`          a matrix game, with at most 40 log ratios, Σ_i (A_i − 1), and 1,000 joint actions, of those that are
                    available
    `temperatures`  (low, high), in units of the payoffs; curves are not followed below 1e-7 times the largest
                    difference of two payoffs of an agent, where rounding hides them: `Curve.temperatures` is the range
    `rationalities` (low, high) of λ = 1/α, in its place: exactly one of both is given
    `starts`        random policies at each temperature in each round, default 256; small games also start from all
                    policies that are uniform on some actions of each agent
    `seed`          for `numpy.random.default_rng`, which draws them, default 0
    `step_length`   > 0, the steps along a curve as a multiple of the usual ones, default 0.3
    `spacing`       the largest distance of neighbouring points in the logarithm of the temperature, default 0.1
    `watch`         called with the number of curves after each temperature; default: nothing

    Returns the curves; the principal branch goes from `high` to its first crossing of `low`. Raises `ValueError` naming
    the argument, also where more than 1,000 curves are found or all of the range is hidden by rounding.

    >>> from mathrl.games import load
    >>> game = load("hasac")
    >>> curves = logit_curves(game, temperatures=(1.0, 20.0))
    >>> [len(equilibria(game, curves, temperature)) for temperature in (1.0, 10.0, 20.0)]
    [7, 3, 1]
    """
    small = _compact(game)
    followed = _followed(small.game, *_range(game, temperatures, rationalities))
    starts, step_length = count("starts", starts), positive("step_length", step_length)
    room("starts", starts, sum(small.game.num_actions))
    rng = np.random.default_rng(count("seed", seed, maximum=None))
    atlas = _Atlas(small, followed, step_length, positive("spacing", spacing))
    first, before = True, 0
    while first or len(atlas.curves) > before:
        before = len(atlas.curves)
        for rung, rationality in enumerate(atlas.ladder):
            if first:
                atlas.add(rung, atlas.search.from_supports(rationality))
            atlas.add(rung, atlas.search.from_random(rationality, starts, rng))
            watch(len(atlas.curves))
        first = False
    return tuple(atlas.curves)


def equilibria(
    game: Game, curves: Sequence[Curve], temperature: float | None = None, *, rationality: float | None = None
) -> tuple[Policy, ...]:
    """Find the policies at which curves cross a temperature, to rounding.

        π^i = softmax(u^i/α),   u^i(a_i) = E_{a_{-i}~π^{-i}}[r^i(a_i, a_{-i})]                       (hasac Eq. 3)

    `game`         the matrix game of the curves
    `curves`       curves that `logit_curves` found, at least one
    `temperature`  α > 0, in units of the payoffs, in the range in which the curves were followed
    `rationality`  λ = 1/α, in its place: exactly one of both is given

    Returns the equilibria, per agent (1, A_i), along each curve in turn; one that lies on two curves is returned once.
    Raises `ValueError` naming the argument, also for a temperature outside that range, of which the curves say nothing.
    """
    small = _compact(game)
    temperature = positive("temperature", one_temperature(temperature, rationality))
    in_range(game, temperature)
    search, rationality = Search(without_offsets(small.game)[0]), 1 / temperature
    found: list[FloatArray] = []
    for curve in _covering(curves, temperature):
        for x in crossings(search, curve.points, rationality):
            if not _in(x, found):
                found.append(x)
    return tuple(small.lift(search.policy(x)) for x in found)


class _Atlas:
    """The curves found so far, and where they cross each rung of the ladder."""

    def __init__(self, small: Compact, temperatures: tuple[float, float], step_length: float, spacing: float) -> None:
        game, self._lift = without_offsets(small.game)[0], small.lift
        lowest, highest = 1 / temperatures[1], 1 / temperatures[0]
        self.search, self.curves, self._spacing = Search(game), list[Curve](), spacing
        self._low, self._high, self._tracer = lowest, highest, Tracer(game, step_length=step_length)
        self._temperatures = temperatures
        constant = self._tracer.lipschitz_constant
        first = np.clip(_SAFELY / constant if constant > 0 else np.inf, lowest, highest)
        self.ladder = np.geomspace(first, highest, _RUNGS).tolist()
        self._found: list[list[FloatArray]] = [[] for _ in self.ladder]
        tracers = (Tracer(game, step_length=shorter) for shorter in attempts(step_length))
        branches = (principal(tracer, self.search, lowest, highest) for tracer in tracers)
        branch = next((points for points in branches if points is not None), None)
        if branch is None:
            fail("step_length", f"is {step_length:g}, which loses the principal branch", "a smaller one")
        self._enter(branch, closed=False, principal=True)

    def add(self, rung: int, found_ex: FloatArray) -> None:
        """Follow each equilibrium that is on no curve yet."""
        for x in found_ex:
            if not _in(x, self._found[rung]):
                whole = through(self._tracer, self.search, x, self.ladder[rung], self._low, self._high)
                if whole is not None:
                    self._enter(*whole, principal=False)
                self._found[rung].append(x)

    def _enter(self, points: Stretch, closed: bool, principal: bool) -> None:
        """Add the curve, and where it crosses each rung."""
        if len(self.curves) == _MOST_CURVES:
            fail("game", f"has more than {_MOST_CURVES} curves of equilibria", "fewer", "raise the lowest temperature")
        for rung, rationality in enumerate(self.ladder):
            self._found[rung] += list(crossings(self.search, points, rationality))
        points = filled(self._tracer, self.search, points, self._spacing)
        self.curves.append(
            Curve(
                rationality=points.rationality,
                policy=self._lift(self.search.policy(points.z_px[:, :-1])),
                folds=_folds(points.rationality),
                stable=self.search.stable(points.z_px),
                closed=closed,
                principal=principal,
                temperatures=self._temperatures,
                points=points,
            )
        )


def _folds(rationality: FloatArray) -> npt.NDArray[np.int64]:
    """The points where λ turns, by more than rounding."""
    turns, extreme, direction = list[int](), 0, 0.0
    for p, reached in enumerate(rationality):
        change = reached / rationality[extreme] - 1
        turned = direction * change <= 0 and abs(change) > _ROUNDING
        if turned and direction != 0:
            turns.append(extreme)
        if turned or direction * change > 0:
            extreme, direction = p, np.sign(change)
    return np.array(turns, np.int64)


def _covering(curves: Sequence[Curve], temperature: float) -> list[Curve]:
    """Require curves, at least one, that were followed at this temperature."""
    given = list(iterated("curves", curves, "curves that logit_curves found"))
    if not given:
        fail("curves", "are none", "curves that logit_curves found")
    for k, curve in enumerate(given):
        low, high = instance(f"curves[{k}]", curve, Curve, "a curve that logit_curves found").temperatures
        if not low * (1 - _AT_THE_END) <= temperature <= high * (1 + _AT_THE_END):
            where = f"one from {low:g} to {high:g}, where curves[{k}] was followed"
            fail("temperature", f"is {temperature:g}", where, "ask logit_curves for a wider range")
    return given


def _in(x: FloatArray, found: list[FloatArray]) -> bool:
    return bool(found) and known(x, np.array(found))


def _range(game: Game, temperatures: Any, rationalities: Any) -> tuple[float, float]:
    """The lowest and the highest temperature."""
    names = ("temperatures", "rationalities")
    name, asked = (names[0], temperatures) if rationalities is None else (names[1], rationalities)
    given = list(iterated(name, one_temperature(temperatures, rationalities, names), "two numbers, the lowest first"))
    if len(given) != 2:
        fail(name, f"are {len(given)} numbers", "two, the lowest and the highest")
    low, high = (positive(f"{name}[{k}]", value) for k, value in enumerate(given))
    low, high = (low, high) if rationalities is None else (high, low)
    if low >= high:
        fail(name, f"are {shown(asked)}", f"two {name}, the lowest first")
    for k, value in enumerate((low, high)):
        in_range(game, value, argument=f"temperatures[{k}]")
    return low, high


def _followed(game: Game, low: float, high: float) -> tuple[float, float]:
    """The part of a range of temperatures in which curves can be followed."""
    least = float(np.ptp(game.rewards_isa, axis=(1, 2)).max()) / _STEEPEST
    if high <= least:
        mend = "below, rounding hides the curves of payoffs so different"
        fail("temperatures[1]", f"is {high:g}", f"more than {least:.2g}", mend)
    return max(low, least), high


def _compact(game: Game) -> Compact:
    """The game without actions that are not available, if it is a matrix game that is small enough."""
    small = compact_matrix(game)
    log_ratios = sum(small.game.num_actions) - game.num_agents
    joint_actions = small.game.num_joint_actions
    if log_ratios > MOST_LOG_RATIOS or joint_actions > MOST_JOINT_ACTIONS:
        found = f"has {log_ratios} log ratios (actions beyond each agent's first) and {joint_actions:,} joint actions"
        fail("game", found, f"at most {MOST_LOG_RATIOS} and {MOST_JOINT_ACTIONS:,}")
    return small
