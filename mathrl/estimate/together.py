"""The branches of several games at one rationality: one curve, which is the branch of all of them side by side.

All games have the same rationality λ. Where the branch of one game turns back in λ (a fold), λ turns for all: that game
goes on beyond its fold, and the others go back along theirs. So the curve is a sequence of spans on which λ is monotone
and each game stays between two neighbouring points of its own branch.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mathrl.equilibria.arc import Arc, Spot

__all__ = ["Span", "spans"]

_MOST = 1_000_000
"""More spans than any branch has: folds of several games may send λ to and fro."""


@dataclass(frozen=True)
class Span:
    """A piece of the curve on which λ goes one way.

    `first`, `last`    λ at its ends
    `segments`         for each game, between which points of its branch it is
    `turned`, `turns`  whether λ turns at its first and its last end
    """

    first: float
    last: float
    segments: tuple[int, ...]
    turned: bool
    turns: bool

    def rationality(self, share: float) -> float:
        """λ at this share of the way; near an end at which λ turns it changes with the square of the way."""
        if self.turned and self.turns:
            way = (1 - np.cos(np.pi * share)) / 2
        elif self.turned:
            way = share * share
        else:
            way = 1 - (1 - share) ** 2 if self.turns else share
        return float(self.first + (self.last - self.first) * way)

    def spots(self, arcs: Sequence[Arc], rationality: float, *, rough: bool = False) -> tuple[Spot, ...]:
        """Where each game is at this λ; with `rough` points of a trace as they are."""
        pairs = zip(arcs, self.segments, strict=True)
        return tuple((arc.near if rough else arc.at)(segment, rationality) for arc, segment in pairs)


def spans(arcs: Sequence[Arc]) -> tuple[Span, ...]:
    """The curve of several branches from λ = 0, as far as all of them were followed."""
    walkers = [_Walker(arc) for arc in arcs]
    if not all(walker.ends.size for walker in walkers):
        return ()
    found: list[Span] = []
    here, rising, turned = max(float(walker.ends[0, 0]) for walker in walkers), True, False
    for _ in range(_MOST):
        goals = [walker.goal(rising) for walker in walkers]
        goal = min(goals) if rising else max(goals)
        reaching = [walker for walker, own in zip(walkers, goals, strict=True) if own == goal]
        before = tuple(walker.segment for walker in walkers)
        steps = [walker.go_on(rising) for walker in reaching]  # each of them, as each must leave its segment
        ended, turns = any(step is None for step in steps), any(step is True for step in steps)
        if goal != here:
            found.append(Span(here, goal, before, turned, turns and not ended))
        if ended:
            break
        here, turned = goal, turns or (turned and goal == here)
        if turns:
            rising = not rising
            for walker, step in zip(reaching, steps, strict=True):
                if step is False:  # it was to go on, and goes back now
                    walker.back()
    return tuple(found)


class _Walker:
    """One branch, walked to and fro: `ends` (M, 2) holds λ at both ends of each segment that λ changes on."""

    def __init__(self, arc: Arc) -> None:
        rationality = arc.rationality
        pairs = np.stack([rationality[:-1], rationality[1:]], axis=1)
        self._points: npt.NDArray[np.int64] = np.flatnonzero(arc.joined & (pairs[:, 0] != pairs[:, 1]))
        self.ends = pairs[self._points]
        self._up = self.ends[:, 1] > self.ends[:, 0]
        self._at, self._before = 0, 0

    @property
    def segment(self) -> int:
        """The point at which the segment begins."""
        return int(self._points[self._at])

    def goal(self, rising: bool) -> float:
        """λ at the end of this segment in that direction."""
        return float(self.ends[self._at].max() if rising else self.ends[self._at].min())

    def go_on(self, rising: bool) -> bool | None:
        """Step into the segment beyond that end: whether λ turns there, None where the branch ends."""
        ahead = bool(self._up[self._at]) == rising
        following = self._at + (1 if ahead else -1)
        if not 0 <= following < len(self.ends):
            return None
        turns = bool(self._up[following] != self._up[self._at])
        self._before, self._at = self._at, following
        return turns

    def back(self) -> None:
        """Step back into the segment before."""
        self._at = self._before
