"""HASPI with a critic whose n-step targets may leave out the entropies inside the n steps (`mathrl.neural.n_step`)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mathrl.base.array_types import ArrayLike
from mathrl.base.checks import FloatArray, count, flag, not_negative, positive
from mathrl.games.model import Game, as_played
from mathrl.games.policies import Policy, as_policy, uniform_policy
from mathrl.games.profile import Profile
from mathrl.iteration.iterate import LARGEST_RESIDUAL, Iterate, iterate
from mathrl.iteration.order import check_monotone, sequences
from mathrl.iteration.outcome import Status, rounding_floor
from mathrl.neural.n_step import n_step_values
from mathrl.solution.answer import ended_q, shown_policy
from mathrl.values.overflow import in_range
from mathrl.values.policy_values import Values, evaluate, quantal_response_residual, sequential_improvement

__all__ = ["NStepEnd", "n_step_haspi"]


@dataclass(frozen=True)
class NStepEnd:
    """Where policy iteration with an n-step critic ended.

    `policy`     the last policy, per agent (S, A_i)
    `q`          what the critic holds of it, (S, A_1, …, A_n)
    `objective`  its true soft objective, with all entropies at the temperature of the improvement
    `residual`   max |π − softmax(E_{π^{-i}}[q]/α)|: how far it is from a fixed point of the iteration
    `status`     how the iteration ended
    `steps`      how many steps it took
    """

    policy: Policy
    q: FloatArray
    objective: float
    residual: float
    status: Status
    steps: int


def n_step_haspi(
    game: Game,
    *,
    temperature: float,
    steps: int,
    entropies: bool = False,
    critic_temperature: float | None = None,
    initial_policy: Sequence[ArrayLike] | None = None,
    tol: float = 100.0,
    max_steps: int = 10_000,
) -> NStepEnd:
    """Iterate HASPI's policy improvement (hasac Eq. 8), agents 0 … n−1 in turn, on the critic `n_step_soft_q`.

    `game`                a game with a common payoff
    `temperature`         α > 0 of the improvement
    `steps`               n ≥ 1 of the critic's target
    `entropies`           whether the critic's target has the entropies inside the n steps; default false
    `critic_temperature`  the critic's weight of the entropy, ≥ 0; default: α
    `initial_policy`      per agent (S, A_i); default: uniform
    `tol`                 stop at a residual of this many rounding floors, as `mathrl.solvers.haspi`; default 100
    `max_steps`           the most steps; default 10,000

    With n = 1, or `entropies`, it is HASPI. Else no theorem says that the true objective rises, or that the iteration
    ends; the status tells. Raises `ValueError` naming the argument.
    """
    check_monotone(game, "team", "n_step_haspi")
    game, alpha = as_played(game), positive("temperature", temperature)
    weight = alpha if critic_temperature is None else not_negative("critic_temperature", critic_temperature)
    in_range(game, max(alpha, weight))
    n, entropies = count("steps", steps, 1), flag("entropies", entropies)
    first = uniform_policy(game) if initial_policy is None else as_policy(game, initial_policy, "initial_policy")
    following, _ = sequences(None, 0, game.num_agents)

    def at(policy: Profile) -> Iterate[tuple[Profile, Values]]:
        values = n_step_values(game, policy, weight, n, entropies, "team")
        residual = quantal_response_residual(values, policy, alpha)
        return Iterate((policy, values), residual, rounding_floor(values.q, alpha), float(values.objective))

    def step(last: Iterate[tuple[Profile, Values]]) -> Iterate[tuple[Profile, Values]]:
        policy, values = last.point
        return at(sequential_improvement(values, policy, following(), alpha))

    def apart(one: tuple[Profile, Values], other: tuple[Profile, Values]) -> float:
        return max(float(np.abs(a - b).max()) for a, b in zip(one[0], other[0], strict=True))

    run = iterate(
        at(Profile.of(first)),
        step,
        tol=positive("tol", tol),
        max_steps=count("max_steps", max_steps),
        ceiling=LARGEST_RESIDUAL,
        apart=apart,
    )
    policy, values = run.last.point
    objective = float(evaluate(game, policy, temperature=alpha).objective)
    shown = shown_policy(game, policy)
    return NStepEnd(shown, ended_q(game, values.q), objective, run.last.residual, run.status, len(run.history))
