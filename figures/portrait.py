"""All logit equilibria that were found for a matrix game over a range of temperatures: the data of the figures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.interpolate import CubicHermiteSpline

from mathrl.base.array_types import IntArray
from mathrl.base.checks import FloatArray
from mathrl.base.table import Column, Table
from mathrl.equilibria.matrix.curves import Curve, logit_curves
from mathrl.equilibria.matrix.uniqueness import lipschitz_constant
from mathrl.games.compact import compact
from mathrl.games.model import Game
from mathrl.games.policies import Policy
from mathrl.softmax import entropy
from mathrl.solvers import haspi
from mathrl.values.offsets import without_offsets

__all__ = ["Portrait", "default_temperatures", "ends_of_haspi", "has_choice", "portrait", "table"]

BELOW, ABOVE = 1 / 40, 2.0
"""The default range of temperatures, as multiples of the one above which there is only one equilibrium."""

STEP_LENGTH = 0.1
"""The length of a step along a curve: short enough for curves to look smooth."""

SPACING = 0.04
"""The distance of two points, in the logarithm of the temperature."""

READ_OFF = 1e-7
"""The error of an objective that is read off a cubic between two points, relative to α Σ_i log A_i: 4e-9 was found."""

ROUNDINGS = 64 * float(np.finfo(np.float64).eps)
"""The error of a payoff E_π[r], relative to the largest entry of r: it is a sum of at most 1,000 products."""

ROUNDING = 1e-9
"""Temperatures that differ by less than this, relatively, are the same."""

MEETING = 2e-3
"""Where curves are nearer than this, in every probability, they meet: less than the width of a line in a picture, more
than what a straight line between two points of a curve is off by.
"""

Floats = tuple[FloatArray, ...]


@dataclass(frozen=True)
class Portrait:
    """Curves of equilibria. With a common payoff, the objective of each point of each curve, and how far it is below
    the largest one found at its temperature.

    `temperatures` is the range that was asked for; `followed` that in which the curves are.
    """

    game: Game
    temperatures: tuple[float, float]
    unique_above: float
    curves: tuple[Curve, ...]
    objective: Floats
    shortfall: Floats

    @property
    def followed(self) -> tuple[float, float]:
        """The range without what rounding hides (`Curve.temperatures`)."""
        return self.curves[0].temperatures

    @property
    def forks(self) -> tuple[IntArray, ...]:
        """Per curve the indices of those of its folds that lie on another curve: there one curve forks.

        A fold is a place where two equilibria appear that were not there before; at a fork they come out of a third.
        """
        found = []
        for curve in self.curves:
            others = [other for other in self.curves if other is not curve]
            at = [k for k in curve.folds.tolist() if any(_passes(other, curve, k) for other in others)]
            found.append(np.array(at, np.int64))
        return tuple(found)


def portrait(
    game: Game,
    temperatures: tuple[float, float] | None = None,
    *,
    watch: Callable[[int], object] = lambda found: None,
) -> Portrait:
    """Search for equilibria and follow them (`mathrl.equilibria.logit_curves`), then compare their objectives."""
    low, high = temperatures or default_temperatures(game)
    curves = logit_curves(game, temperatures=(low, high), step_length=STEP_LENGTH, spacing=SPACING, watch=watch)
    constant = lipschitz_constant(game)
    if not game.common_payoff:
        return Portrait(game, (low, high), constant, curves, (), ())
    entropies = [sum(entropy(own[:, 0]) for own in curve.policy) for curve in curves]
    objective = tuple(_payoff(game, c) + c.temperature * bonus for c, bonus in zip(curves, entropies, strict=True))
    return Portrait(game, (low, high), constant, curves, objective, _shortfall(game, curves, entropies))


def has_choice(game: Game) -> bool:
    """Whether any agent has more than one action."""
    return any(own.sum(axis=1).max() > 1 for own in game.available)


def default_temperatures(game: Game) -> tuple[float, float]:
    """The usual range: from 1/40 of the temperature above which the equilibrium is unique to twice that temperature.

    Where it is unique at every temperature, the largest payoff difference takes the place of that temperature. Both
    ends are rounded to six digits.
    """
    scale = lipschitz_constant(game) or float(np.ptp(compact(game).game.rewards)) or 1.0
    return float(f"{BELOW * scale:.6g}"), float(f"{ABOVE * scale:.6g}")


def ends_of_haspi(game: Game, temperatures: tuple[float, float], count: int) -> list[tuple[float, Policy]]:
    """Where HASPI ends from the uniform policy, at `count` temperatures; runs that do not converge are left out."""
    inside = np.geomspace(*temperatures, count + 2)[1:-1]
    runs = [(t, haspi(game, temperature=t)) for t in inside.tolist()]
    return [(temperature, solution.policy) for temperature, solution in runs if solution.converged]


def table(shown: Portrait) -> Table:
    """A table with one row per point of each curve, with all digits. The range ends exactly at its ends."""
    game, forks = shown.game, shown.forks
    columns = [
        Column("curve", lambda row: row[0]),
        Column("principal", lambda row: shown.curves[row[0]].principal),
        Column("temperature", lambda row: _snapped(shown.curves[row[0]].temperature[row[1]], shown.followed)),
        Column("fold", lambda row: row[1] in shown.curves[row[0]].folds),
        Column("fork", lambda row: row[1] in forks[row[0]]),
        Column("stable", lambda row: bool(shown.curves[row[0]].stable[row[1]])),
    ]
    if game.common_payoff:
        columns.append(Column("objective", lambda row: float(shown.objective[row[0]][row[1]])))
        columns.append(Column("best", lambda row: bool(shown.shortfall[row[0]][row[1]] == 0)))
    for agent, actions in enumerate(game.num_actions):
        columns += [_probability(shown, agent, action) for action in range(actions)]
    return Table(tuple(columns), [(c, p) for c, curve in enumerate(shown.curves) for p in range(len(curve.stable))])


def _snapped(temperature: float, ends: tuple[float, float]) -> float:
    """The temperature of a point; at the ends of the range exactly that end, as 1/(1/α) may differ from α."""
    return next((end for end in ends if abs(temperature - end) <= ROUNDING * end), float(temperature))


def _probability(shown: Portrait, agent: int, action: int) -> Column:
    head = f"agent {agent} action {action}"
    return Column(head, lambda row: float(shown.curves[row[0]].policy[agent][row[1], 0, action]))


def _passes(other: Curve, curve: Curve, k: int) -> bool:
    """Whether another curve goes through point k of a curve."""
    here, low, high = float(curve.rationality[k]), other.rationality[:-1], other.rationality[1:]
    slack = ROUNDING * here
    segments = np.flatnonzero((np.minimum(low, high) <= here + slack) & (here - slack <= np.maximum(low, high)))
    width = (high - low)[segments]
    share = np.clip((here - low[segments]) / np.where(width == 0, 1.0, width), 0.0, 1.0)[:, None]
    apart = np.zeros(len(segments))
    for theirs, own in zip(other.policy, curve.policy, strict=True):
        at = (1 - share) * theirs[segments, 0] + share * theirs[segments + 1, 0]
        apart = np.maximum(apart, np.abs(at - own[k, 0]).max(axis=1))
    return bool((apart < MEETING).any())


def _payoff(game: Game, curve: Curve) -> FloatArray:
    """E_π[r] of a common payoff at each point."""
    expected: FloatArray = game.rewards_isa[0].reshape(1, *game.num_actions)
    for own in curve.policy:
        expected = np.einsum("ka,ka...->k...", own[:, 0], np.broadcast_to(expected, (len(own), *expected.shape[1:])))
    return np.asarray(expected)


def _shortfall(game: Game, curves: Sequence[Curve], entropies: Sequence[FloatArray]) -> Floats:
    """How far the objective of each point is below the largest one of any curve at its temperature.

    Between points the objective is a cubic with the right slopes: along equilibria, where J is stationary in the
    policies, the derivative of J in α is Σ_i H(π^i). What differs by less than the errors of both,

        1e-7 α Σ_i log A_i + 64 eps ‖r‖∞,

    agrees, and counts as 0: symmetry relates such equilibria, or their curves are about to meet. A common offset of the
    payoffs is taken off first, and so counts neither here nor there.
    """
    centred = without_offsets(game)[0]
    objectives = [_payoff(centred, c) + c.temperature * bonus for c, bonus in zip(curves, entropies, strict=True)]
    pieces = [
        _cubic(curve.temperature[rows], objective[rows], slope[rows])
        for curve, slope, objective in zip(curves, entropies, objectives, strict=True)
        for rows in _between_folds(curve)
    ]
    by_temperature, always = READ_OFF * float(np.log(game.num_actions).sum()), ROUNDINGS * centred.reward_scale
    short = []
    for curve, objective in zip(curves, objectives, strict=True):
        short_k = np.max([piece(curve.temperature) for piece in pieces], axis=0) - objective
        short.append(np.where(short_k > by_temperature * curve.temperature + always, short_k, 0.0))
    return tuple(short)


def _between_folds(curve: Curve) -> list[slice]:
    """The parts of a curve between its folds."""
    ends = [0, *curve.folds.tolist(), len(curve.stable) - 1]
    return [slice(first, last + 1) for first, last in pairwise(ends)]


def _cubic(x: FloatArray, y: FloatArray, slope: FloatArray) -> Callable[[FloatArray], FloatArray]:
    """The cubic Hermite spline through points of which x rises or falls; −∞ outside."""
    order = np.argsort(x, kind="stable")
    order = order[np.append(True, np.diff(x[order]) > ROUNDING * x[order][1:])]
    if len(order) < 2:
        return lambda at: np.full_like(at, -np.inf)
    unit = x[order[-1]]
    spline = CubicHermiteSpline(x[order] / unit, y[order], slope[order] * unit)

    def value(at: FloatArray) -> FloatArray:
        inside = np.clip(at, x[order[0]], x[order[-1]])
        return np.where(np.abs(at - inside) <= ROUNDING * at, spline(inside / unit), -np.inf)

    return value
