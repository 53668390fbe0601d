"""What it means to solve a game: an equation with a name, a statement, a source and a residual.

An equation speaks of what a `Solution` holds: its policy, its q, and what else is unknown in it. Its residuals are
arrays, by `mathrl.operators`, that are all 0 exactly where the equation holds. Nothing is solved on the way: where an
equation is about a policy and its values, that q is the policy's own q is one of the residuals. Two equations need
more, a linear system (`DIVERGENCE_LIMIT`) and a nearest monotone table (`MIXED_RESPONSE`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.games.model import Game
from mathrl.games.policies import Policy

__all__ = ["EQUATIONS", "Equation", "Residuals", "Solved", "declared", "each_agent", "named", "temperature_of"]

Residuals = tuple[FloatArray, ...]


class Solved(Protocol):
    """What an equation reads of an answer; every `mathrl.Solution` has it."""

    @property
    def policy(self) -> Policy:
        """Per agent (S, A_i)."""
        ...

    @property
    def q(self) -> FloatArray:
        """(S, A_1, …, A_n), or with a leading agent axis."""
        ...

    @property
    def joint_policy(self) -> FloatArray | None:
        """(S, A_1, …, A_n), or None."""
        ...

    @property
    def q_tot(self) -> FloatArray | None:
        """(S, A_1, …, A_n), or None."""
        ...

    @property
    def temperature(self) -> float | None:
        """The temperature of this answer."""
        ...

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Those of the solver."""
        ...


@dataclass(frozen=True, eq=False, repr=False)
class Equation:
    """What a `Solution` solves. There is one object for each equation, and its name is what files hold.

    `name`       as in files
    `statement`  the equation in Unicode; π the policy, Q its soft Q, α or ω the temperature
    `source`     where it is printed
    `residuals`  (game, solution) → arrays that are all 0 exactly where `solution` solves the equation in `game`
    """

    name: str
    statement: str
    source: str
    residuals: Callable[[Game, Solved], Residuals]

    def residual(self, game: Game, solution: Solved) -> float:
        """The largest entry of the residuals, without its sign.

        Where the solver converged it is `solution.residual`, or below it where the solver's docstring says that its
        residual is a bound, but for rounding: some tens of `solution.rounding_floor`. Where it did not, the solver's is
        that of its last iterate, this one that of what the solution holds.
        """
        return max(float(np.abs(array).max()) for array in self.residuals(game, solution))

    def __str__(self) -> str:
        return self.statement

    def __repr__(self) -> str:
        return f"<Equation {self.name}: {self.statement}>"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle and copy by name, so that it stays the same object."""
        return named, (self.name,)


EQUATIONS: dict[str, Equation] = {}
"""All equations by name."""


def declared(name: str, statement: str, source: str, residuals: Callable[[Game, Solved], Residuals]) -> Equation:
    """A new equation, which `named` then finds."""
    if name in EQUATIONS:
        raise ValueError(f"equation {name!r} is declared twice")
    EQUATIONS[name] = Equation(name, statement, source, residuals)
    return EQUATIONS[name]


def named(name: str) -> Equation:
    """The equation of this name; raises `KeyError` where there is none."""
    return EQUATIONS[name]


def each_agent(game: Game, values: FloatArray, shared_ndim: int) -> list[FloatArray]:
    """Rewards or values of every agent, whether they have an agent axis or serve all agents (`shared_ndim` axes)."""
    return [values] * game.num_agents if values.ndim == shared_ndim else list(values)


def temperature_of(solution: Solved) -> float:
    """The temperature of an answer; files of older versions have it among the parameters alone."""
    return float(solution.parameters["temperature"] if solution.temperature is None else solution.temperature)
