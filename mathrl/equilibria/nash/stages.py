"""What Nash Q iteration knows of all stage games at one V, and what a kind of stage games must offer.

The numbers of equations are those of `mathrl.solvers.nash_q`.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.equations import Equation
from mathrl.games.model import Game
from mathrl.games.policies import Policy
from mathrl.iteration.iterate import Iterate
from mathrl.values.attained import Weighed

__all__ = ["Kind", "Point"]


@dataclass(frozen=True)
class Point:
    """V (m, S), Q_V (m, S, A), Nash(Q_V) (m, S), by how much the solutions of the stage games miss it (m, S), these
    solutions as the kind keeps them, and what is wrong.
    """

    sweep: int
    v_ms: FloatArray
    q_msa: FloatArray
    reached_ms: FloatArray
    short_ms: FloatArray
    stages: Any
    trouble: str = ""

    def miss_ms(self, discount: float) -> FloatArray:
        """γ |Nash(Q_V) − V| and what the stage games miss."""
        return discount * np.abs(self.reached_ms - self.v_ms) + self.short_ms


class Kind(Protocol):
    """What differs between the two kinds of stage games."""

    game: Game
    equation: Equation

    def solve(self, v_ms: FloatArray, before: Point | None) -> Point:
        """Nash(Q_V) of every stage game."""

    def weighed(self, here: Point, goal: float) -> Weighed:
        """What is missed, in rounding floors of every state (`mathrl.values.attained`)."""

    def accepts(self, tried: Iterate[Point], best: float) -> bool:
        """Whether the step (4) led to a point to go on from; `best` is the least residual so far."""

    def safe(self, here: Point) -> FloatArray:
        """The V after the step that always contracts."""

    def of_all(self, v_ms: FloatArray) -> FloatArray:
        """The values of all agents, from those that the kind keeps."""

    def policy(self, here: Point) -> Policy:
        """The π that attains Nash(Q_V)."""

    def transitions(self, here: Point) -> Any:
        """P_π of (4)."""
