"""The principal branch of quantal response equilibria, followed from the uniform policy to a temperature.

    π^i(·|s) = softmax(λ u^i_π(s, ·)),   u^i_π(s, a_i) = E_{a_{-i}~π^{-i}}[Q^i_π(s, a_i, a_{-i})]          (1)

for all agents i and states s (hasac Eq. 3; McKelvey and Palfrey 1995), with rationality λ = 1/temperature. At λ = 0
the uniform policy is a solution; the branch is the curve of solutions (λ, π) through it. In matrix games from almost
every payoffs it is smooth and never crosses itself, and goes on to λ → ∞, where it tends to a Nash equilibrium, the
logit selection. It is followed by pseudo-arclength predictor-corrector continuation (Turocy 2005; Allgower and Georg
1990), so that it may turn back in λ; where it forks, as it does in symmetric games, it is followed straight on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, overload

import numpy as np

from mathrl.base.checks import choice, count, fail, positive
from mathrl.equations import QUANTAL_RESPONSE
from mathrl.equilibria.principal_branch import branch
from mathrl.equilibria.step_rules import attempts
from mathrl.games.model import Game, check_game
from mathrl.games.policies import Policy
from mathrl.iteration.iterate import LARGEST_RESIDUAL, Iterate, Run, iterate
from mathrl.iteration.outcome import rounding_floor
from mathrl.operators import ENTROPIES
from mathrl.solution import Solution
from mathrl.solution.answer import solution
from mathrl.values.policy_values import Values, evaluate, quantal_response_residual

__all__ = ["qre_branch"]


@overload
def qre_branch(
    game: Game,
    *,
    temperature: float,
    entropy: str = "team",
    step_length: float = 1.0,
    tol: float = 100.0,
    max_steps: int = 10_000,
) -> Solution: ...


@overload
def qre_branch(
    game: Game,
    *,
    temperature: Sequence[float],
    entropy: str = "team",
    step_length: float = 1.0,
    tol: float = 100.0,
    max_steps: int = 10_000,
) -> tuple[Solution, ...]: ...


def qre_branch(
    game: Game,
    *,
    temperature: float | Sequence[float],
    entropy: str = "team",
    step_length: float = 1.0,
    tol: float = 100.0,
    max_steps: int = 10_000,
) -> Solution | tuple[Solution, ...]:
    """The first point at which the branch through (rationality 0, uniform) has this temperature, for any game.

    Of several temperatures a tuple of solutions, in the order given, from one trace. `entropy` says whose entropy
    enters the values: with `"none"` (1) is the agent QRE of the stochastic-game literature. In a matrix game the
    policies do not depend on it, q, v and the objective do.

    `path` holds the points of the branch from the uniform policy to the answer, the folds among them, and where it
    forks: another curve crosses it there, and the branch goes straight on. The answer is the first crossing, also where
    the branch turns back beyond it. Forks in pairs of directions, where the determinant touches 0 only, are seen in
    matrix games up to 150 log ratios; elsewhere the path goes through them without a word. Beyond some thousand values
    no determinant is at hand (`mathrl.equilibria.stochastic.value_system`).

    A step is accepted only as `mathrl.equilibria.step_rules` says; `step_length` scales it and the corrections that it
    tolerates. No residual can tell the branch from another one, and no proof is given: that 0.1 finds the same answer
    is evidence, weaker in games that differ by less than 1e-9 from one in which curves cross (docs/decisions/012).
    Where no step succeeds the trace begins anew in shorter ones, three times; then the status is `STALLED`.

    The residual is max |π − softmax(u_π/α)| over agents, states and actions, with Q_π evaluated exactly; `tol` counts
    rounding floors (see `Solution`), at least 8 of them. `history` holds the rationality after each step.

    >>> from mathrl.games import load
    >>> found = qre_branch(load("stag-hunt"), temperature=[2.0, 0.2])
    >>> [len(solution.path.folds) for solution in found]
    [0, 0]
    """
    check_game(game)
    choice("entropy", entropy, ENTROPIES)
    temperatures = _several(temperature)
    step_length = positive("step_length", step_length)
    tol, max_steps = positive("tol", tol), count("max_steps", max_steps)
    trace = _Trace(game, entropy, step_length, tol, max_steps)
    found = {value: trace.solve(value, temperature) for value in sorted(set(temperatures), reverse=True)}
    return tuple(found[value] for value in temperatures) if _is_several(temperature) else found[temperatures[0]]


def _is_several(temperature: object) -> bool:
    return not isinstance(temperature, (str, bytes)) and hasattr(temperature, "__len__")


def _several(temperature: float | Sequence[float]) -> list[float]:
    if not _is_several(temperature):
        return [positive("temperature", temperature)]
    values = list(temperature)  # type: ignore[arg-type]
    if not values:
        fail("temperature", "is empty", "one temperature or several")
    return [positive(f"temperature[{k}]", value) for k, value in enumerate(values)]


class _Trace:
    """The branch of one game, followed through temperatures that fall."""

    def __init__(self, game: Game, entropy: str, step_length: float, tol: float, max_steps: int) -> None:
        self._game, self._entropy, self._step_length = game, entropy, step_length
        self._tol, self._max_steps = tol, max_steps
        self._attempts = attempts(step_length)
        self._branch = branch(game, entropy=entropy, step_length=next(self._attempts))
        self._history: list[float] = []

    def solve(self, temperature: float, asked: Any) -> Solution:
        """The first crossing of this temperature; `asked` is the parameter as it was given."""
        begun = len(self._history)
        run = iterate(
            Iterate[_Answer | None](None, inf, 0.0, []),
            lambda last: self._advance(temperature, last),
            tol=self._tol,
            max_steps=self._max_steps - begun,
            ceiling=LARGEST_RESIDUAL,
        )
        last = run.last if run.last.point is not None else self._answer(temperature, [])
        assert last.point is not None
        return solution(
            last.point.policy,
            last.point.values,
            Run(last, run.status, np.array(self._history)),
            equation=QUANTAL_RESPONSE,
            solver="qre_branch",
            parameters={
                "temperature": asked,
                "entropy": self._entropy,
                "step_length": self._step_length,
                "tol": self._tol,
                "max_steps": self._max_steps,
            },
            temperature=temperature,
            path=self._branch.path(last.point.policy),
        )

    def _advance(self, temperature: float, last: Iterate["_Answer | None"]) -> Iterate["_Answer | None"] | None:
        """A bunch of points further, or at the answer; None where no step succeeds, however short."""
        if last.point is not None:
            return None
        reached = self._branch.extend(1 / temperature, self._max_steps - len(self._history))
        while not reached:
            step_length = next(self._attempts, None)
            if step_length is None:
                return None
            self._branch = branch(self._game, entropy=self._entropy, step_length=step_length)
            reached = self._branch.extend(1 / temperature, self._max_steps - len(self._history))
        self._history += reached
        if reached[-1] == 1 / temperature:
            return self._answer(temperature, reached)
        return Iterate(None, inf, 0.0, reached)

    def _answer(self, temperature: float, reached: list[float]) -> Iterate["_Answer | None"]:
        policy = self._branch.policy
        values = evaluate(self._game, policy, temperature=temperature, entropy=self._entropy)
        residual = quantal_response_residual(values, policy, temperature)
        return Iterate(_Answer(policy, values), residual, rounding_floor(values.q, temperature), reached)


@dataclass(frozen=True)
class _Answer:
    policy: Policy
    values: Values
