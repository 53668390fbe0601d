"""Heterogeneous-agent soft policy iteration: exact evaluation and sequential quantal responses, in turn.

    Q_k = Q_{π_k}, exactly                                       (hasac Eq. 5-6, Lemma 4.1)   (1)
    π_{k+1}^{i_m} = softmax(E_{π_{k+1}^{i_1:m-1}, π_k^{i_m+1:n}}[Q_k] / α),  m = 1 … n   (hasac Eq. 8)   (2)

Each response maximises E[Q_k] + α Σ_i H(π^i) over one agent's policy in every state, so J(π_{k+1}) ≥ J(π_k) in any
order of the agents (hasac Lemma 4.2), and where π stops it is a quantal response equilibrium (QRE) (hasac Theorem 2).
Both rest on all agents sharing Q and on all their entropies entering it.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import count, positive
from mathrl.equations import QUANTAL_RESPONSE
from mathrl.games.model import Game
from mathrl.games.policies import as_policy, uniform_policy
from mathrl.games.profile import Profile
from mathrl.iteration.iterate import LARGEST_RESIDUAL, Iterate, iterate
from mathrl.iteration.order import check_monotone, sequences
from mathrl.iteration.outcome import rounding_floor
from mathrl.solution import Solution
from mathrl.solution.answer import solution
from mathrl.values.policy_values import Values, evaluate, quantal_response_residual, sequential_improvement

__all__ = ["haspi"]


def haspi(
    game: Game,
    *,
    temperature: float,
    initial_policy: Sequence[npt.ArrayLike] | None = None,
    order: Sequence[int] | str | None = None,
    seed: int = 0,
    entropy: str = "team",
    tol: float = 100.0,
    max_steps: int = 100_000,
) -> Solution:
    """HASPI: alternate (1) and (2) from `initial_policy` (default: uniform) until the policy is a QRE, to rounding.

    `order` is the sequence in which agents update, from 0: a permutation, or `"random"` for a new one at every step,
    drawn from `numpy.random.default_rng(seed)`; default 0, 1, …, n−1. `tol` counts rounding floors (see `Solution`),
    at least 8 of them; a residual above 0.01 never passes.

    The residual is max |π − softmax(Q^π/α)| over agents, states and actions, with Q^π evaluated exactly. `history`
    holds the objective after each step; it never falls, but by rounding. The equilibrium reached depends on
    `initial_policy` and `order`; no claim is made that it is the best one.

    Raises `ValueError` for a general-sum game or an `entropy` other than `"team"`: the objective need not rise there.

    >>> from mathrl.games import load
    >>> solution = haspi(load("hasac"), temperature=10.0, initial_policy=[[0.6, 0.2, 0.2]] * 2)
    >>> solution.converged, solution.policy[0].round(2).tolist()
    (True, [[0.02, 0.02, 0.96]])
    """
    check_monotone(game, entropy, "HASPI")
    temperature = positive("temperature", temperature)
    first = uniform_policy(game) if initial_policy is None else as_policy(game, initial_policy, "initial_policy")
    following, recorded_order = sequences(order, seed, game.num_agents)

    def at(policy: Profile, guess: np.ndarray | None) -> Iterate[tuple[Profile, Values]]:
        values = evaluate(game, policy, temperature=temperature, guess=guess)  # (1)
        residual = quantal_response_residual(values, policy, temperature)
        objective = float(values.objective)
        return Iterate((policy, values), residual, rounding_floor(values.q, temperature), objective)

    def step(last: Iterate[tuple[Profile, Values]]) -> Iterate[tuple[Profile, Values]]:
        policy, values = last.point
        return at(sequential_improvement(values, policy, following(), temperature), values.v_ms)  # (2)

    tol, max_steps = positive("tol", tol), count("max_steps", max_steps)
    run = iterate(at(Profile.of(first), None), step, tol=tol, max_steps=max_steps, ceiling=LARGEST_RESIDUAL)
    policy, values = run.last.point
    return solution(
        policy,
        values,
        run,
        equation=QUANTAL_RESPONSE,
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
