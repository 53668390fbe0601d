"""Heterogeneous-agent soft policy iteration (HASPI): exact evaluation, then each agent's quantal response in turn."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from mathrl.base.array_types import ArrayLike
from mathrl.base.checks import count, positive
from mathrl.equations import QUANTAL_RESPONSE
from mathrl.games.model import Game, as_played
from mathrl.games.policies import as_initial_policy
from mathrl.games.profile import Profile
from mathrl.iteration.iterate import LARGEST_RESIDUAL, MINIMUM_TOL, Iterate, Run, iterate
from mathrl.iteration.order import check_monotone, sequences
from mathrl.solution import Solution
from mathrl.solution.answer import solution
from mathrl.values.attained import judged_responses
from mathrl.values.doubt import Doubt, doubt_of_responses
from mathrl.values.offsets import objectives
from mathrl.values.overflow import in_range
from mathrl.values.policy_values import Values, evaluate, quantal_response_residual, sequential_improvement
from mathrl.values.potentials import Shaped, lost, refined

__all__ = ["haspi"]


class _Point(NamedTuple):
    """A policy with its exact values."""

    policy: Profile
    values: Values


def haspi(
    game: Game,
    *,
    temperature: float,
    initial_policy: Sequence[ArrayLike] | None = None,
    order: Sequence[int] | str | None = None,
    seed: int = 0,
    entropy: str = "team",
    tol: float = 100.0,
    max_steps: int = 100_000,
) -> Solution:
    """Find a quantal response equilibrium (QRE) by heterogeneous-agent soft policy iteration (HASPI).

        Q_k = Q_{π_k}, evaluated exactly                                           (hasac Eq. 5-6, Lemma 4.1)   (1)
        π_{k+1}^{i_m} = softmax(E_{π_{k+1}^{i_1:m-1}, π_k^{i_m+1:n}}[Q_k]/α),  m = 1 … n       (hasac Eq. 8)    (2)

    Each response (2) maximises E[Q_k] + α Σ_i H(π^i) over the policy of one agent, in every state. The objective
    therefore never falls, in whatever order the agents respond (hasac Lemma 4.2), and a policy that (2) does not change
    is a QRE (hasac Theorem 2). Both need that all agents share Q and that all their entropies enter it. Which QRE is
    reached depends on `initial_policy` and `order`; it need not be the best one.

    `game`            a game with a common payoff
    `temperature`     α > 0, the weight of the entropy, in units of the rewards
    `initial_policy`  π_0, per agent (S, A_i), states by actions, rows sum to 1; default: uniform
    `order`           the agents in the order in which they respond, a permutation of 0 … n−1, by default 0, 1, …, n−1;
                      or `"random"`, a new one for each step
    `seed`            for `numpy.random.default_rng`, which draws random orders; default 0
    `entropy`         only `"team"`, the entropy of all agents
    `tol`             stop at a residual of this many rounding floors (see `mathrl.Solution`); below 8 counts as 8;
                      default 100
    `max_steps`       the most steps, each one (1) and one (2); default 100,000

    Returns the last policy with its exact q and v. `residual` is max |π − softmax(E_{π^{-i}}[Q_π]/α)| over agents,
    states and actions; above 0.01 the run never counts as converged. `history` holds the objective after each step; it
    never falls, except by rounding. A large common offset of the rewards does no harm (see `mathrl.Solution`). Raises
    `ValueError` naming the argument, also for a general-sum game or another `entropy`.

    >>> from mathrl.games import load
    >>> solution = haspi(load("hasac"), temperature=10.0, initial_policy=[[0.6, 0.2, 0.2]] * 2)
    >>> solution.converged, solution.policy[0].round(2).tolist()
    (True, [[0.02, 0.02, 0.96]])
    """
    check_monotone(game, entropy, "HASPI")
    game = as_played(game)
    temperature = positive("temperature", temperature)
    in_range(game, temperature)
    first = as_initial_policy(game, initial_policy)
    following, recorded_order = sequences(order, seed, game.num_agents)

    def at(game: Game, policy: Profile, guess: np.ndarray | None) -> Iterate[_Point]:
        values = evaluate(game, policy, temperature=temperature, guess=guess)  # (1)
        residual = quantal_response_residual(values, policy, temperature)
        residual, floor = judged_responses(values, policy, temperature, residual, max(tol, MINIMUM_TOL))
        return Iterate(_Point(policy, values), residual, floor, float(values.objective))

    def step(last: Iterate[_Point]) -> Iterate[_Point]:
        policy, values = last.point
        updated = sequential_improvement(values, policy, following(), temperature)  # (2)
        return at(values.game, updated, values.v_ms)

    def doubt(point: _Point) -> Doubt:
        return doubt_of_responses(point.values, point.policy, temperature, game.horizon)

    def solve(shaped: Shaped, last: _Point | None, left: int) -> Run[_Point]:
        begin = Profile.of(first) if last is None else last.policy
        run = iterate(
            at(shaped.game, begin, None), step, tol=tol, max_steps=left, ceiling=LARGEST_RESIDUAL, lost=lost(doubt)
        )
        return replace(run, history=objectives(game, run.history, shaped.added_ms))

    tol, max_steps = positive("tol", tol), count("max_steps", max_steps)
    run, added_ms = refined(game, solve, doubt, max_steps)
    return solution(
        run.last.point.policy,
        run.last.point.values,
        run,
        equation=QUANTAL_RESPONSE,
        added_ms=added_ms,
        scale=temperature,
        solver="haspi",
        parameters={
            "temperature": temperature,
            "initial_policy": first,
            "order": recorded_order,
            "seed": seed,
            "entropy": entropy,
            "tol": tol,
            "max_steps": max_steps,
        },
    )
