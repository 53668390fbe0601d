"""What it means to solve a game: an equation with a name, a statement, a source and a residual.

An equation is about the fields of a `Solution`: its policy, its q, and others. Its residuals are arrays, computed by
`mathrl.operators`, that are all 0 exactly where the equation holds. Nothing is solved to compute them: where an
equation is about a policy and its values, one of the residuals says by how much q is not the policy's own. Two
equations need more, a linear system (`DIVERGENCE_LIMIT`) and a nearest monotone table (`MIXED_RESPONSE`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Protocol, cast

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.base.registry import Registry
from mathrl.games.model import Game
from mathrl.games.policies import Policy, as_policy

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
        """The largest absolute entry of the residuals.

        Where the solver converged, this is `solution.residual`, or less where the solver's docstring says that its
        residual is a bound; rounding adds some tens of eps times the largest number in the arrays' terms. Every entry
        of q counts, also one of −1e12 that nobody plays, of which rounding leaves 1e-4; `solution.rounding_floor`
        counts what is attained alone, so that this residual may be many of it. Where the solver did not converge, its
        residual is that of its last iterate, and this one that of the fields of `solution`.
        """
        largest = [np.abs(array).max() for array in self.residuals(game.in_play, _in_play(game.in_play, solution))]
        return float(np.max(largest))  # unlike Python's max it passes a NaN on

    def __str__(self) -> str:
        return self.statement

    def __repr__(self) -> str:
        return f"<Equation {self.name}: {self.statement}>"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle and copy by name, so that it stays the same object."""
        return named, (self.name,)


EQUATIONS = Registry[Equation]("name", "equation")
"""All equations by name."""


def _in_play(game: Game, solution: Solved) -> Solved:
    """What a solution is in the game in play: where an episode has ended, its one action is played and pays 0."""
    if game.ended is None:
        return solution
    found: Any = SimpleNamespace(temperature=solution.temperature)
    found.policy = as_policy(game, solution.policy)
    for name in ("q", "q_tot"):
        given = getattr(solution, name)
        setattr(found, name, given if given is None else _with_end(game, given, 0.0, -np.inf, game.num_agents))
    joint = solution.joint_policy
    found.joint_policy = joint if joint is None else _with_end(game, joint, 1.0, 0.0, game.num_agents)
    found.parameters = {
        name: _plays_at_end(game, given) if name in _PLAYED else given for name, given in solution.parameters.items()
    }
    return cast(Solved, found)


_PLAYED = ("initial_policy", "opponent_model", "prior", "target_policy")
"""Parameters of solvers that are probabilities of actions, or of joint actions, in every state."""


def _plays_at_end(game: Game, given: Any) -> Any:
    """Probabilities in every state, an array or one per agent, as they are in play; other things as they are."""
    if isinstance(given, (tuple, list)):
        return tuple(_plays_at_end(game, own) for own in given)
    return _with_end(game, given, 1.0, 0.0, given.ndim - 1) if isinstance(given, np.ndarray) else given


def _with_end(game: Game, array: FloatArray, first: float, others: float, axes: int) -> FloatArray:
    """An array with `axes` axes of actions after that of the states: at an end, `first` for the first entry of them."""
    shape = array.shape[array.ndim - axes :]
    at_end = np.where(np.arange(np.prod(shape)) == 0, first, others).reshape(shape)
    ended: Any = game.ended
    return np.where(ended.reshape(-1, *[1] * axes), at_end, array)


def declared(name: str, statement: str, source: str, residuals: Callable[[Game, Solved], Residuals]) -> Equation:
    """Declare an equation, so that `named` finds it. Raises `ValueError` if the name is taken."""
    EQUATIONS.declare(name, lambda residuals: Equation(name, statement, source, residuals))(residuals)
    return EQUATIONS[name]


def named(name: str) -> Equation:
    """Find the equation of this name. Raises `KeyError` if there is none."""
    return EQUATIONS[name]


def each_agent(game: Game, values: FloatArray, shared_ndim: int) -> list[FloatArray]:
    """Rewards or values of every agent, also where one array (with `shared_ndim` axes) serves all agents."""
    return [values] * game.num_agents if values.ndim == shared_ndim else list(values)


def temperature_of(solution: Solved) -> float:
    """The temperature of an answer. Files of older versions have it only among the parameters."""
    return float(solution.parameters["temperature"] if solution.temperature is None else solution.temperature)
