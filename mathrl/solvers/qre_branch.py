"""The principal branch of quantal response equilibria, followed from rationality 0 to a temperature."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, overload

import numpy as np

from mathrl.base.checks import choice, count, fail, positive
from mathrl.base.rationality import one_temperature
from mathrl.equations import QUANTAL_RESPONSE
from mathrl.equilibria.matrix.dominated import enormous, without_dominated
from mathrl.equilibria.principal_branch import branch
from mathrl.equilibria.step_rules import attempts
from mathrl.games.compact import compact
from mathrl.games.model import Game, as_played
from mathrl.games.policies import Policy
from mathrl.iteration.iterate import LARGEST_RESIDUAL, Iterate, Run, iterate
from mathrl.iteration.outcome import rounding_floor
from mathrl.operators import ENTROPIES, quantal_response_residual
from mathrl.solution import Solution
from mathrl.solution.answer import solution
from mathrl.values.offsets import without_offsets
from mathrl.values.overflow import in_range
from mathrl.values.policy_values import Values, evaluate

__all__ = ["qre_branch"]


@overload
def qre_branch(
    game: Game,
    *,
    temperature: float | None = None,
    rationality: float | None = None,
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
    rationality: None = None,
    entropy: str = "team",
    step_length: float = 1.0,
    tol: float = 100.0,
    max_steps: int = 10_000,
) -> tuple[Solution, ...]: ...


@overload
def qre_branch(
    game: Game,
    *,
    temperature: None = None,
    rationality: Sequence[float],
    entropy: str = "team",
    step_length: float = 1.0,
    tol: float = 100.0,
    max_steps: int = 10_000,
) -> tuple[Solution, ...]: ...


def qre_branch(
    game: Game,
    *,
    temperature: float | Sequence[float] | None = None,
    rationality: float | Sequence[float] | None = None,
    entropy: str = "team",
    step_length: float = 1.0,
    tol: float = 100.0,
    max_steps: int = 10_000,
) -> Solution | tuple[Solution, ...]:
    """Find the quantal response equilibrium at which the principal branch first reaches a temperature, for any game.

        π^i(·|s) = softmax(λ u^i_π(s, ·)),   u^i_π(s, a_i) = E_{a_{-i}~π^{-i}}[Q^i_π(s, a_i, a_{-i})]  (hasac Eq. 3) (1)

    for all agents i and states s (McKelvey and Palfrey 1995), with the rationality λ = 1/temperature. At λ = 0 the
    uniform policy solves (1); the principal branch is the curve of solutions (λ, π) through it. In matrix games with
    almost any payoffs it is smooth, never crosses itself, and tends for λ → ∞ to a Nash equilibrium, the logit
    selection. It is followed by pseudo-arclength continuation (Turocy 2005; Allgower and Georg 1990), so it may turn
    back in λ (a fold). Where other curves cross it (a bifurcation), as they do in symmetric games, it goes straight on.

    At λ = 0 values are those of entropy alone. Where it counts (`entropy`), a later state with more available actions
    is worth more, and the end of an episode nothing: the uniform policy then does not solve (1) at λ = 0, and there may
    be several solutions. There the branch begins at the one to which the curve of π = softmax(φ u) leads, from uniform
    at φ = 0 to φ = 1. If it comes back to λ = 0 it goes on along that curve, until φ is 1 again.

    `game`         any game, with a common payoff or general-sum
    `temperature`  α = 1/λ > 0, the weight of the entropy, in units of the rewards; or a sequence of temperatures, all
                   found in one trace
    `rationality`  λ, or a sequence, in its place: exactly one of both is given, and the solution records α
    `entropy`      whose entropy enters an agent's value: `"team"` (default: all agents'), `"own"`, or `"none"`, which
                   makes (1) the agent QRE of the stochastic-game literature; in a matrix game it changes q, v and the
                   objective only
    `step_length`  > 0, the steps of the trace and the corrections allowed in them, as a multiple of the usual ones;
                   default 1
    `tol`          stop at a residual of this many rounding floors (see `mathrl.Solution`); below 8 counts as 8; default
                   100
    `max_steps`    the most steps of the trace; default 10,000

    Returns a solution, or for a sequence a tuple in its order. `path` holds the points of the branch from the uniform
    policy to the answer, with folds and bifurcations; while φ < 1 its rationality is 0. `residual` is
    max |π − softmax(u_π/α)| over agents, states and actions, with Q_π exact; above 0.01 the run never counts as
    converged. `history` holds λ after each step. A branch that comes near to another curve is followed twice, and
    counts where both traces agree. Where they do not, or no step succeeds, the trace begins again with shorter steps,
    three times, and then ends as `STALLED`; at once where log ratios, as large as values over the temperature, are
    rounded too much (from about 1e12 on). Where the trace of a matrix game is lost, or payoffs differ by more than 1e6
    temperatures, actions that are dominated by so much that they count for nothing at 1/α are left out
    (`mathrl.equilibria.matrix.dominated`); `path` is then that of the game without them. Large common offsets of
    rewards do no harm (see `mathrl.Solution`). Raises `ValueError` naming the argument.

    No proof is given that the answer is on the branch, and the residual cannot show it. That `step_length=0.1` finds
    the same answer is evidence, weaker in games within 1e-9 of one in which curves cross (docs/decisions/012). A
    crossing where the determinant touches 0 without a change of sign is listed only in matrix games with up to 150 log
    ratios. A stochastic game in which states times value functions exceed about 4,000 has no determinant computed, and
    lists none.

    >>> from mathrl.games import load
    >>> found = qre_branch(load("stag-hunt"), temperature=[2.0, 0.2])
    >>> [len(solution.path.folds) for solution in found]
    [0, 0]
    """
    game = as_played(game)
    choice("entropy", entropy, ENTROPIES)
    temperature = one_temperature(temperature, rationality)
    temperatures = _several(game, temperature)
    step_length = positive("step_length", step_length)
    tol, max_steps = positive("tol", tol), count("max_steps", max_steps)
    trace = _Trace(game, 1 / max(temperatures), entropy, step_length, tol, max_steps)
    found = {value: trace.solve(value, temperature) for value in sorted(set(temperatures), reverse=True)}
    return tuple(found[value] for value in temperatures) if _is_several(temperature) else found[temperatures[0]]


def _is_several(temperature: object) -> bool:
    if isinstance(temperature, np.ndarray):
        return temperature.ndim > 0
    return isinstance(temperature, Sequence) and not isinstance(temperature, (str, bytes))


def _several(game: Game, temperature: float | Sequence[float]) -> list[float]:
    if not _is_several(temperature):
        named: dict[str, Any] = {"temperature": temperature}
    else:
        named = {f"temperature[{k}]": value for k, value in enumerate(temperature)}  # type: ignore[arg-type]
    if not named:
        fail("temperature", "is empty", "one temperature or several")
    values = [positive(name, value) for name, value in named.items()]
    for name, value in zip(named, values, strict=True):
        in_range(game, value, argument=name)
    return values


class _Trace:
    """The branch of one game, followed to lower and lower temperatures, the first rationality being this."""

    def __init__(
        self, game: Game, rationality: float, entropy: str, step_length: float, tol: float, max_steps: int
    ) -> None:
        self._game, self._offsets = without_offsets(game)
        self._entropy, self._step_length = entropy, step_length
        self._tol, self._max_steps = tol, max_steps
        self._attempts, self._traced = attempts(step_length), self._game
        if _is_matrix(game) and enormous(compact(self._game).game.rewards_isa[:, 0], rationality):
            self._traced = _without_dominated(self._game, rationality) or self._game
        self._branch = branch(self._traced, entropy=entropy, step_length=next(self._attempts))
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
            added_ms=self._offsets,
            scale=temperature,
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
        """After some more points, or at the answer; None where no step succeeds, however short."""
        if last.point is not None:
            return None
        reached = self._branch.extend(1 / temperature, self._max_steps - len(self._history))
        while not reached:
            step_length = None if self._branch.hidden else next(self._attempts, None)
            if step_length is None:
                smaller = _without_dominated(self._traced, 1 / temperature)
                if smaller is None:
                    return None
                self._traced, self._attempts = smaller, attempts(self._step_length)
                step_length = next(self._attempts)
            self._branch = branch(self._traced, entropy=self._entropy, step_length=step_length)
            reached = self._branch.extend(1 / temperature, self._max_steps - len(self._history))
        self._history += reached
        if reached[-1] == 1 / temperature:
            return self._answer(temperature, reached)
        return Iterate(None, inf, 0.0, reached)

    def _answer(self, temperature: float, reached: list[float]) -> Iterate["_Answer | None"]:
        policy = self._branch.policy
        values = evaluate(self._game, policy, temperature=temperature, entropy=self._entropy)
        residual = float(quantal_response_residual(values.q, policy, temperature=temperature))
        return Iterate(_Answer(policy, values), residual, rounding_floor(values.q, temperature), reached)


def _is_matrix(game: Game) -> bool:
    return game.num_states == 1 and game.discount == 0


def _without_dominated(game: Game, rationality: float) -> Game | None:
    """The game without actions that count for nothing at this rationality; None where there are no such ones."""
    if not _is_matrix(game):
        return None
    small = compact(game)
    kept = without_dominated(small.game.rewards_isa[:, 0], small.game.num_actions, rationality)
    if kept is None:
        return None
    left = [own[0] > 0 for own in small.lift(tuple(own[None].astype(float) for own in kept))]
    payoffs = [r_a.reshape(game.num_actions) for r_a in game.rewards_isa[:, 0]]
    return Game.matrix(payoffs[0] if game.common_payoff else payoffs, common_payoff=game.common_payoff, available=left)


@dataclass(frozen=True)
class _Answer:
    policy: Policy
    values: Values
