"""ROMMEO in self-play, by exact dynamics: each agent's prior is what the others are seen to play."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mathrl.base.array_types import ArrayLike
from mathrl.base.checks import FloatArray, count, fail, positive
from mathrl.equations import SELF_PLAY
from mathrl.games.model import Game, as_played
from mathrl.games.policies import as_initial_policy, marginals, opponents_policy
from mathrl.games.profile import Profile
from mathrl.iteration.iterate import LARGEST_RESIDUAL, MINIMUM_TOL, Iterate, Run, iterate, unwatched
from mathrl.iteration.outcome import Status, rounding_floor
from mathrl.solution import Solution
from mathrl.solution.answer import solution
from mathrl.values.attained import floors, judged, roundings
from mathrl.values.doubt import Doubt, doubt_of_joint
from mathrl.values.modelled_opponents import Controls, Rommeo, check_weights
from mathrl.values.policy_values import Values
from mathrl.values.potentials import Shaped, lost, refined

__all__ = ["rommeo_self_play"]

_INNER_STEPS = 1_000
"""The most Newton steps for (2), which takes a few."""


@dataclass(frozen=True)
class _Point:
    problem: Rommeo
    observed_sk: FloatArray
    played_sk: FloatArray
    controls: Controls

    @property
    def values(self) -> Values:
        """Of the agents that plan with what they observe."""
        return self.controls.values


def rommeo_self_play(
    game: Game,
    *,
    temperature: float,
    divergence_weight: float = 1.0,
    averaging: float = 1.0,
    initial_policy: Sequence[ArrayLike] | None = None,
    tol: float = 100.0,
    max_steps: int = 10_000,
) -> Solution:
    """Iterate ROMMEO in self-play, where each agent's prior is what the others are seen to play.

        P^i_k(b|s)   = Π_{j≠i} π^j_k(a_j|s)                                            (rommeo §2.2)        (1)
        Q^i_k        = the fixed point of `rommeo_q` under P^i_k, with its π and ρ     (rommeo Eq. 9-13)    (2)
        F^i(π_k)     = Σ_b ρ^i_k(b|s) π^i_k(a|s, b)                                    (rommeo Algorithm 1) (3)
        π_{k+1}      = (1 − τ) π_k + τ F(π_k)                                                               (4)

    All agents update at once. No theorem says that this converges, and the run may end in a cycle. In the paper the
    prior is the empirical frequency of the others' actions; (4) gives this if τ falls as 1/k.

    `game`               any game, with a common payoff or general-sum
    `temperature`        α > 0, the weight of the entropy of π alone, in units of the rewards
    `divergence_weight`  κ > 0, the weight of ρ's divergence from the prior, in units of the rewards; default 1
    `averaging`          τ in (0, 1], how far a step goes towards F, default 1
    `initial_policy`     π_0, per agent (S, A_i), states by actions, rows sum to 1; default: uniform
    `tol`                stop at a residual of this many rounding floors eps · max(1, ‖Q‖∞/min(α, κ)) (see
                         `mathrl.Solution`); below 8 counts as 8; default 100
    `max_steps`          the most steps (4); default 10,000

    Returns `policy` = F(π_k), with `conditional_policy`, `opponent_model`, q, v and objective of (2), the last three
    with a leading agent axis. `residual` is max |F(π) − π| over agents, states and actions; above 0.01 the run never
    counts as converged. `history` holds it after each step. A policy that is met again ends the run as `CYCLED`, with
    the number of steps as `period`. A run in which (2) is not found ends as `STALLED`, with residual 1. Raises
    `ValueError` naming the argument.

    >>> from mathrl.games import load
    >>> solution = rommeo_self_play(load("climbing-rommeo"), temperature=1.0)
    >>> solution.converged, solution.policy[0].argmax()     # both agents end at (A, A), the optimum
    (True, np.int64(0))
    """
    game = as_played(game)
    alpha, kappa = positive("temperature", temperature), positive("divergence_weight", divergence_weight)
    rate = positive("averaging", averaging)
    if rate > 1:
        fail("averaging", f"is {rate:g}", "a number in (0, 1]")
    first = as_initial_policy(game, initial_policy)
    tol, max_steps = positive("tol", tol), count("max_steps", max_steps)
    check_weights(game, alpha, kappa)

    def at(problem: Rommeo, observed_sk: FloatArray, guess: FloatArray | None) -> Iterate[_Point]:
        priors = opponents_policy(Profile.split(observed_sk, game.num_actions))  # (1)
        controls = problem.solve(priors, tol=MINIMUM_TOL, max_steps=_INNER_STEPS, guess=guess)  # (2)
        joint = controls.w_msa.reshape(-1, game.num_states, *game.num_actions)
        played_sk = Profile.of(marginals(own)[i] for i, own in enumerate(joint)).pi_sk  # (3)
        if controls.run.status is not Status.CONVERGED:
            residual, floor = 1.0, rounding_floor(controls.values.q_msa, min(alpha, kappa))
        else:
            residual, floor = judged(
                float(np.abs(played_sk - observed_sk).max()),
                rounding_floor(controls.values.q_msa, min(alpha, kappa)),
                max(tol, MINIMUM_TOL),
                lambda: _floors_of_states(controls, min(alpha, kappa)),
                lambda: np.abs(played_sk - observed_sk).max(axis=1),
            )
        return Iterate(_Point(problem, observed_sk, played_sk, controls), residual, floor, residual)

    def step(last: Iterate[_Point]) -> Iterate[_Point] | None:
        here = last.point
        if here.controls.run.status is not Status.CONVERGED:
            return None
        return at(here.problem, (1 - rate) * here.observed_sk + rate * here.played_sk, here.controls.values.v_ms)  # (4)

    def apart(point: _Point, earlier: _Point) -> float:
        # A step goes the share τ of the way to F, so successive points differ by τ times the residual.
        return float(np.abs(point.observed_sk - earlier.observed_sk).max()) / rate

    def doubt(point: _Point) -> Doubt:
        return doubt_of_joint(point.controls.games, point.values, min(alpha, kappa), game.horizon)

    def solve(shaped: Shaped, last: _Point | None, left: int) -> Run[_Point]:
        begin = Profile.of(first).pi_sk if last is None else last.observed_sk
        start = unwatched(lambda: at(Rommeo(shaped.game, alpha, kappa), begin, None))
        return iterate(start, step, tol=tol, max_steps=left, ceiling=LARGEST_RESIDUAL, apart=apart, lost=lost(doubt))

    run, added_ms = refined(game, solve, doubt, max_steps)
    here = run.last.point
    observed = Profile.split(here.observed_sk, game.num_actions)
    conditionals, models = here.problem.strategies(here.controls, opponents_policy(observed))
    return solution(
        Profile.split(here.played_sk, game.num_actions),
        here.values,
        run,
        equation=SELF_PLAY,
        added_ms=added_ms,
        scale=min(alpha, kappa),
        solver="rommeo_self_play",
        parameters={
            "temperature": temperature,
            "divergence_weight": divergence_weight,
            "averaging": averaging,
            "initial_policy": first,
            "tol": tol,
            "max_steps": max_steps,
        },
        conditional_policy=conditionals,
        opponent_model=models,
    )


def _floors_of_states(controls: Controls, weight: float) -> FloatArray:
    """eps max(1, f(s)/min(α, κ)), with f what rounding leaves of the agents' values (`mathrl.values.attained`)."""
    values = controls.values
    delta_msa = roundings(values.game, values.q_msa, values.v_ms)
    each = [floors(*own) for own in zip(delta_msa, controls.w_msa, values.v_ms, strict=True)]
    return np.asarray(np.maximum(np.finfo(np.float64).eps, np.max(each, axis=0) / weight))
