"""A traced branch as a function: what lies between its points, exactly, and how fast it changes there."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray
from mathrl.equilibria.stochastic.equations import System
from mathrl.equilibria.stochastic.trace import Follower
from mathrl.games.policies import Policy
from mathrl.games.profile import Profile

__all__ = ["Arc", "Spot"]


class Spot(NamedTuple):
    """A point of a branch: log π, and its derivative by the rationality, of all agents side by side (S, K).

    They are those of the compact game (`mathrl.games.compact`), and mean nothing for an action that is not available.
    """

    log_sk: FloatArray
    slope_sk: FloatArray


@dataclass(frozen=True, eq=False)
class Arc:
    """Points of a branch of logit equilibria, in order, with tangents, and the equations that they solve.

    `system`       the equations, on vectors z
    `z_px`         the points
    `tangent_px`   the tangents there, of any length
    `rationality`  (P,), monotone between two neighbours: a fold is a point
    `joined`       (P − 1,), whether the curve leads from a point to the next. It does not where it comes back to
                   rationality 0, and goes on from another equilibrium of entropy alone
    """

    system: System
    z_px: tuple[FloatArray, ...]
    tangent_px: tuple[FloatArray, ...]
    rationality: FloatArray
    joined: npt.NDArray[np.bool_]

    def at(self, segment: int, rationality: float) -> Spot:
        """The point with this rationality between points `segment` and `segment` + 1."""
        ends = [(self.z_px[p], self.tangent_px[p]) for p in (segment, segment + 1)]
        found = self._follower.between(ends[0], ends[1], rationality)
        if found is None:  # rounding hides what lies between: the nearer one of the two is as good
            distance = np.abs(self.rationality[segment : segment + 2] - rationality)
            found = ends[int(distance.argmin())]
        return self._spot(*found)

    def near(self, segment: int, rationality: float) -> Spot:
        """As `at`, but a point of the trace as it is, where log π is off by up to some 1e-7: at no cost."""
        for p in (segment, segment + 1):
            if self.rationality[p] == rationality:
                return self._spot(self.z_px[p], self.tangent_px[p])
        return self.at(segment, rationality)

    def policy(self, spot: Spot) -> Policy:
        """π of a point, over all actions of the game."""
        return self.system.compact.lift(Profile.split(np.exp(spot.log_sk), self.system.game.num_actions))

    def side_by_side(self, arrays: Policy) -> FloatArray:
        """Arrays (S, A_i) of the game in the order in which a point has its numbers, (S, K)."""
        return np.concatenate(self.system.compact.restrict(arrays), axis=1)

    @cached_property
    def _follower(self) -> Follower:
        return Follower(self.system)

    def _spot(self, z: FloatArray, tangent: FloatArray) -> Spot:
        system = self.system
        pi_sk, log_sk = system.probabilities(z)
        change_sk = np.zeros_like(pi_sk)
        with np.errstate(divide="ignore", invalid="ignore"):  # on a fold the rationality does not change
            change_sk[:, system.others] = system.ratios(tangent) * (system.unit / tangent[-1])
        mean_si = np.add.reduceat(pi_sk * change_sk, system.first, axis=1)
        return Spot(log_sk, change_sk - np.repeat(mean_si, system.num_actions, axis=1))
