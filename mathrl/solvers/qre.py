"""A quantal response equilibrium (QRE) of a matrix or stochastic game, to rounding."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mathrl.base.array_types import ArrayLike
from mathrl.base.checks import FloatArray, choice, count, positive
from mathrl.base.rationality import one_temperature
from mathrl.equations import QUANTAL_RESPONSE
from mathrl.equilibria.newton import own_q_change, responses
from mathrl.equilibria.patience import LONGEST_PAUSE, PATIENCE, ROUNDING
from mathrl.equilibria.stochastic.equations import curve_from
from mathrl.equilibria.stochastic.trace import Follower
from mathrl.games.model import BARRED, Game, as_played, shown_q
from mathrl.games.policies import Policy, as_initial_policy
from mathrl.games.profile import Profile
from mathrl.iteration.iterate import LARGEST_RESIDUAL, MINIMUM_TOL, Iterate, Run, iterate
from mathrl.iteration.outcome import Status
from mathrl.operators import ENTROPIES, entropy_bonus
from mathrl.softmax import boltzmann
from mathrl.solution import Solution
from mathrl.solution.answer import solution
from mathrl.values.attained import judged_responses
from mathrl.values.doubt import Doubt, doubt_of_responses
from mathrl.values.joint_control import control, values_of_attained
from mathrl.values.overflow import in_range
from mathrl.values.policy_values import Values, evaluate, own_q, quantal_response_residual, sequential_improvement
from mathrl.values.potentials import Shaped, lost, refined
from mathrl.values.softness import SoftMax

__all__ = ["qre"]

_LONGEST = 1e3
"""How long Newton's step may be, in units of the values themselves, before the system counts as singular."""

_FRACTIONS = (1.0, 0.5, 0.25, 0.125)
"""The fractions of Newton's step that are tried in turn."""


@dataclass(frozen=True)
class _Point:
    policy: Profile
    values: Values
    own_sk: FloatArray


def qre(
    game: Game,
    *,
    temperature: float | None = None,
    rationality: float | None = None,
    entropy: str = "team",
    initial_policy: Sequence[ArrayLike] | None = None,
    tol: float = 100.0,
    max_steps: int = 10_000,
) -> Solution:
    """Find a quantal response equilibrium (QRE) of any game, starting from `initial_policy`.

        π^i(·|s) = softmax(u^i_π(s, ·)/α),   u^i_π(s, a_i) = E_{a_{-i}~π^{-i}}[Q^i_π(s, a_i, a_{-i})]  (hasac Eq. 3) (1)
        π ← the agents' quantal responses, one after the other, at Q_π                                (hasac Eq. 8) (2)
        π ← softmax((u + u'dπ)/α), Newton's step for (1)                               (`mathrl.equilibria.newton`) (3)

    (1) holds for all agents i and states s (also McKelvey and Palfrey 1995, 1998); in (3) u' is the derivative of u by
    π. (2) is the plain step; with a common payoff and team entropy it never lowers the objective. (3) is tried where
    (2) is slow. It is taken if it lowers the residual and, where (2) never lowers the objective, does not lower it
    either. If neither gets further, a path is followed that leads from `initial_policy` to an equilibrium
    (`mathrl.equilibria`). The QRE found need not be the nearest one; `qre_branch` finds the one on the principal
    branch.

    `game`            any game, with a common payoff or general-sum
    `temperature`     α > 0, the weight of the entropy, in units of the rewards
    `rationality`     λ = 1/α, in its place: exactly one of both is given, and the solution records α
    `entropy`         whose entropy enters an agent's value: `"team"` (default: all agents'), `"own"`, or `"none"`,
                      which makes (1) the agent QRE of the stochastic-game literature
    `initial_policy`  where π starts, per agent (S, A_i), states by actions, rows sum to 1; default: uniform
    `tol`             stop at a residual of this many rounding floors (see `mathrl.Solution`); below 8 counts as 8;
                      default 100
    `max_steps`       the most steps of all kinds together; default 10,000

    Returns the policy with its exact q and v. `residual` is max |π − softmax(u_π/α)| over agents, states and actions;
    above 0.01 the run never counts as converged. `history` holds it after each step. A run that gets no further returns
    the best policy it met, as `STALLED`. Large common offsets of rewards do no harm (see `mathrl.Solution`). Raises
    `ValueError` naming the argument.

    One agent with entropy in its value has one equilibrium, its soft-optimal policy. Newton's method on V finds it from
    any start (`mathrl.values.joint_control`) and stops at ‖T V − V‖∞ within `tol` floors of V; `history` then holds
    this.

    >>> from mathrl.games import load
    >>> qre(load("matching-pennies"), temperature=0.1).policy[0].tolist()
    [[0.5, 0.5]]
    """
    game = as_played(game)
    temperature = positive("temperature", one_temperature(temperature, rationality))
    in_range(game, temperature)
    choice("entropy", entropy, ENTROPIES)
    first = as_initial_policy(game, initial_policy)
    tol, max_steps = positive("tol", tol), count("max_steps", max_steps)

    def doubt(point: _Point) -> Doubt:
        return doubt_of_responses(point.values, point.policy, temperature, game.horizon)

    def solve(shaped: Shaped, last: _Point | None, left: int) -> Run[_Point]:
        if game.num_agents == 1 and entropy != "none":
            return _one_agent(shaped.game, temperature, entropy, tol, left)
        steps = _Steps(shaped.game, temperature, entropy, tol)
        return _many_agents(steps, first if last is None else last.policy, tol, left, doubt)

    run, added_ms = refined(game, solve, doubt, max_steps)
    return solution(
        run.last.point.policy,
        run.last.point.values,
        run,
        equation=QUANTAL_RESPONSE,
        added_ms=added_ms,
        scale=temperature,
        solver="qre",
        parameters={
            "temperature": temperature,
            "entropy": entropy,
            "initial_policy": first,
            "tol": tol,
            "max_steps": max_steps,
        },
    )


def _one_agent(game: Game, temperature: float, entropy: str, tol: float, max_steps: int) -> Run[_Point]:
    """The soft-optimal policy with its own values, which are those of the optimum up to the residual of V."""
    run, solve = control(game, SoftMax(temperature), tol=tol, max_steps=max_steps)
    here = run.last.point
    policy = Profile.of((boltzmann(shown_q(game, here.q_sa), temperature),))
    bonus = entropy_bonus(policy, temperature=temperature)
    found = values_of_attained(game, here, policy[0], bonus, solve) if run.status is Status.CONVERGED else None
    if found is None:
        values = evaluate(game, policy, temperature=temperature, entropy=entropy, guess=here.reached_s[None])
    else:
        values = Values(game, found[0][None], found[1][None], entropy == "own", None)
    residual = quantal_response_residual(values, policy, temperature)
    too_large = run.status is Status.CONVERGED and residual > LARGEST_RESIDUAL
    residual, floor = judged_responses(values, policy, temperature, residual, max(tol, MINIMUM_TOL))
    point = Iterate(_Point(policy, values, values.q_msa[0]), residual, floor, residual)
    return Run(point, Status.STALLED if too_large else run.status, run.history)


def _many_agents(
    steps: "_Steps", first: Policy, tol: float, max_steps: int, doubt: Callable[[_Point], Doubt]
) -> Run[_Point]:
    """Responses with Newton's steps. If these get no further: the path, then Newton's method from its end."""
    search = _Search(steps, steps.at(first), tol)
    run = iterate(search.best, search.step, tol=tol, max_steps=max_steps, ceiling=LARGEST_RESIDUAL, lost=lost(doubt))
    if run.status is not Status.STALLED:
        return run if run.status is Status.CONVERGED else Run(search.best, run.status, run.history)
    path = _Path(steps, first)
    left = max_steps - len(run.history)
    second = iterate(path.first, path.step, tol=tol, max_steps=left, ceiling=LARGEST_RESIDUAL)
    last = min(second.last, search.best, key=lambda iterate: iterate.residual)
    return Run(last, second.status, np.concatenate([run.history, second.history]))


class _Steps:
    """The two steps (2) and (3), and what they start from."""

    def __init__(self, game: Game, temperature: float, entropy: str, tol: float) -> None:
        self.game, self.temperature, self.entropy, self._goal = game, temperature, entropy, max(tol, MINIMUM_TOL)
        self.monotone = game.common_payoff and entropy == "team"
        self._order = np.arange(game.num_agents)

    def at(self, policy: Policy, guess: FloatArray | None = None) -> Iterate[_Point]:
        """A policy with its values and residual; `guess` may speed its evaluation up."""
        policy = Profile.of(policy)
        values = evaluate(self.game, policy, temperature=self.temperature, entropy=self.entropy, guess=guess)
        own_sk = own_q(values, policy)
        residual = quantal_response_residual(values, policy, self.temperature)
        residual, floor = judged_responses(values, policy, self.temperature, residual, self._goal)
        return Iterate(_Point(policy, values, own_sk), residual, floor, residual)

    def respond(self, last: Iterate[_Point]) -> Iterate[_Point]:
        """After the agents' responses."""
        here = last.point
        updated = sequential_improvement(here.values, here.policy, self._order, self.temperature)  # (2)
        return self.at(updated, here.values.v_ms)

    def newton(self, last: Iterate[_Point]) -> Iterate[_Point] | None:
        """The point after the largest of some fractions of Newton's step that helps; None where none does."""
        here = last.point
        try:
            du = own_q_change(here.values, here.policy, here.own_sk, temperature=self.temperature, entropy=self.entropy)
        except np.linalg.LinAlgError:
            return None
        there = here.own_sk > BARRED / 2  # the others are not available, and what du says of them is nothing
        longest = _LONGEST * max(self.temperature, np.abs(here.own_sk).max(where=there, initial=0.0))
        if not np.abs(du).max(where=there, initial=0.0) < longest:
            return None
        total = here.values.v_ms.sum()
        slack = ROUNDING * last.rounding_floor * self.temperature * here.values.v_ms.size
        for fraction in _FRACTIONS:
            moved = responses(self.game, here.own_sk + fraction * du, self.temperature)  # (3)
            candidate = self.at(Profile.split(moved, self.game.num_actions), here.values.v_ms)
            falls = self.monotone and candidate.point.values.v_ms.sum() < total - slack
            if candidate.residual < (1 - 0.1 * fraction) * last.residual and not falls:
                return candidate
        return None


class _Search:
    """Responses, and Newton's steps where these are slow, with longer and longer pauses after steps that fail."""

    def __init__(self, steps: _Steps, first: Iterate[_Point], tol: float) -> None:
        self.best = first
        self._steps, self._tol = steps, tol
        # A step of Newton's method on N unknowns costs about as much as N / 8 steps (2).
        self._patience = max(2.0, first.point.own_sk.size / 8)
        self._waiting, self._pause, self._resting = 0, 1, 0

    def step(self, last: Iterate[_Point]) -> Iterate[_Point] | None:
        """The next point; None where nothing has been better than `best` for long."""
        following = self._steps.respond(last)
        slow = _steps_ahead(last, following, self._tol) > self._patience
        if slow and self._resting > 0:
            self._resting -= 1
        elif slow:
            better = self._steps.newton(last)
            self._pause = 1 if better else min(2 * self._pause, LONGEST_PAUSE)
            self._resting = 0 if better else self._pause
            following = better or following
        self._waiting = 0 if following.residual < self.best.residual else self._waiting + 1
        self.best = min(self.best, following, key=lambda iterate: iterate.residual)
        return following if self._waiting < PATIENCE or self._steps.monotone else None


class _Path:
    """The path from a policy to an equilibrium (`curve_from`), and Newton's method after its end."""

    def __init__(self, steps: _Steps, initial_policy: Policy) -> None:
        self._steps = steps
        system = curve_from(steps.game, initial_policy, temperature=steps.temperature, entropy=steps.entropy)
        self._curve = Follower(system)
        self._point = self._curve.start()
        self.first = steps.at(self._point.policy)

    def step(self, last: Iterate[_Point]) -> Iterate[_Point] | None:
        """The next point of the path or, after its end, of Newton's method; None where there is none."""
        if self._point.t == 1:
            return self._steps.newton(last)
        following = self._curve.advance(self._point, 1.0)
        if following is None:
            return None
        self._point = following
        return self._steps.at(following.policy, last.point.values.v_ms)


def _steps_ahead(last: Iterate[_Point], following: Iterate[_Point], tol: float) -> float:
    """How many more steps (2) are needed if the residual goes on falling at the rate of this one."""
    if following.residual == 0:
        return 0.0
    rate, left = following.residual / last.residual, tol * following.rounding_floor / following.residual
    if rate >= 1:
        return np.inf
    return float(np.log(left) / np.log(rate)) if left < 1 else 0.0
