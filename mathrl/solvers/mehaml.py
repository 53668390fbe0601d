"""Maximum-entropy heterogeneous-agent mirror learning: HASPI with a drift and a neighbourhood, each step exact."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from mathrl.arithmetic import or_zero
from mathrl.base.array_types import ArrayLike
from mathrl.base.checks import FloatArray, count, not_negative, positive
from mathrl.equations import BEST_RESPONSE, QUANTAL_RESPONSE
from mathrl.games.model import Game, as_played
from mathrl.games.policies import Policy, as_initial_policy
from mathrl.games.profile import Profile
from mathrl.iteration.iterate import LARGEST_RESIDUAL, MINIMUM_TOL, Iterate, Run, iterate
from mathrl.iteration.order import check_monotone, sequences
from mathrl.mirror import (
    ClippedRatioDrift,
    Drift,
    Neighbourhood,
    as_drift,
    as_neighbourhood,
    check_support,
    responses,
)
from mathrl.operators import expected_parts, marginal_q, soft_advantage
from mathrl.softmax import log_probabilities
from mathrl.solution import Solution
from mathrl.solution.answer import solution
from mathrl.values.attained import judged_responses
from mathrl.values.doubt import NO_DOUBT, Doubt, doubt_of_responses
from mathrl.values.offsets import objectives
from mathrl.values.overflow import check_range, in_range, largest_value
from mathrl.values.policy_values import Values, evaluate, own_q, quantal_response_residual
from mathrl.values.potentials import Shaped, lost, refined

__all__ = ["mehaml"]


class _Point(NamedTuple):
    """A policy, its logarithms (also where the probabilities underflow), its exact values."""

    policy: Profile
    logs: Policy
    values: Values


def mehaml(
    game: Game,
    *,
    temperature: float,
    drift: Drift | str = "none",
    neighbourhood: Neighbourhood | str = "everywhere",
    initial_policy: Sequence[ArrayLike] | None = None,
    order: Sequence[int] | str | None = None,
    seed: int = 0,
    entropy: str = "team",
    tol: float = 100.0,
    max_steps: int = 100_000,
) -> Solution:
    """Iterate maximum-entropy heterogeneous-agent mirror learning (MEHAML) until no agent changes its policy.

        Q_k = Q_{π_k}, evaluated exactly                                         (hasac Eq. 5-6, Lemma 4.1)     (1)
        in turn for m = 1 … n:
        π_{k+1}^{i_m} = argmax over p ∈ U(π_k^{i_m}), in every state, of
            E_{π_{k+1}^{i_1:m-1}, p, π_k^{i_m+1:n}}[Q_k] + α H(p) − D(p)         (hasac Algorithm 1, Definition 2)   (2)

    Without drift D and neighbourhood U this is HASPI; at temperature 0 it is HAML. Each step raises every V(s) by at
    least the drift, so the objective never falls (hasac Theorem 3, 1). U bounds each state separately: with a policy
    it also holds every policy that agrees with the old one in some states and with that policy in the others. The
    paper's Lemma G.2 needs this. At a temperature above 0, a policy that (2) does not change is a QRE.

    `game`            a game with a common payoff
    `temperature`     α ≥ 0, the weight of the entropy, in units of the rewards; at 0, (2) takes the maximiser of
                      largest entropy (see `mathrl.mirror.respond`)
    `drift`           D, an object of `mathrl.mirror` or its text: none (default), kl:W, squared:W or clipped:EPS[:W]
    `neighbourhood`   U, likewise: everywhere (default), kl:R, total-variation:R or ratio:R
    `initial_policy`  π_0, per agent (S, A_i), states by actions, rows sum to 1; default: uniform
    `order`           the agents in the order in which they respond, a permutation of 0 … n−1, by default 0, 1, …, n−1;
                      or `"random"`, a new one for each step
    `seed`            for `numpy.random.default_rng`, which draws random orders; default 0
    `entropy`         only `"team"`, the entropy of all agents
    `tol`             stop at a residual of this many rounding floors (see `mathrl.Solution`); below 8 counts as 8;
                      default 100
    `max_steps`       the most steps, each one (1) and one (2); default 100,000

    Returns the last policy with its exact q and v. `residual` is max |π − softmax(E_{π^{-i}}[Q_π]/α)| over agents,
    states and actions, for every D and U; above 0.01 the run never counts as converged. At temperature 0 it is the
    largest gain of one agent, max_a Q^i(s, a) − E_π[Q^i(s, ·)], and a rounding floor is eps·‖Q‖∞. `history` holds the
    objective after each step; it never falls, except by rounding. A step that changes nothing while the residual is
    larger ends the run as `STALLED`. Drift and neighbourhood are recorded as text.

    A large common offset of the rewards does no harm (see `mathrl.Solution`).

    Raises `ValueError` naming the argument, also for a general-sum game, another `entropy`, or an `initial_policy` with
    zeros that a KL divergence or a ratio would keep.

    >>> from mathrl.games import load
    >>> start = [[0.6, 0.2, 0.2]] * 2
    >>> solution = mehaml(load("hasac"), temperature=10.0, drift="kl:5", initial_policy=start)
    >>> solution.converged, solution.policy[0].round(2).tolist()
    (True, [[0.02, 0.02, 0.96]])
    """
    check_monotone(game, entropy, "MEHAML")
    game = as_played(game)
    temperature = not_negative("temperature", temperature)
    in_range(game, temperature)
    drift, neighbourhood = as_drift(drift), as_neighbourhood(neighbourhood)
    _check_weight(drift, largest_value(game, temperature), temperature)
    first = as_initial_policy(game, initial_policy)
    for agent, own in enumerate(first):
        available = None if game.masks is None else game.masks[agent]
        check_support(own, drift, neighbourhood, f"initial_policy[{agent}]", available)
    following, recorded_order = sequences(order, seed, game.num_agents)

    def residual(values: Values, policy: Profile) -> float:
        if temperature > 0:
            return quantal_response_residual(values, policy, temperature)
        starts = np.cumsum([0, *game.num_actions[:-1]])
        own_sk = own_q(values, policy)
        gains = np.maximum.reduceat(own_sk, starts, axis=1) - np.add.reduceat(own_sk * policy.pi_sk, starts, axis=1)
        return float(gains.max())

    def at(game: Game, policy: Profile, logs: Policy, guess: FloatArray | None) -> Iterate[_Point]:
        values = evaluate(game, policy, temperature=temperature, guess=guess)  # (1)
        found, goal = residual(values, policy), max(tol, MINIMUM_TOL)
        found, floor = judged_responses(values, policy, temperature or None, found, goal)
        return Iterate(_Point(policy, logs, values), found, floor, float(values.objective))

    def best_size(q: FloatArray, own_sa: FloatArray, policy: list[FloatArray], agent: int) -> FloatArray:
        """E_{π^{-i}}[|Q|] of the action of largest Q^i, (S,)."""
        sizes_sa = marginal_q(np.abs(q), policy, agent)
        return np.take_along_axis(sizes_sa, own_sa.argmax(axis=1)[:, None], axis=1)[:, 0]

    def step(last: Iterate[_Point]) -> Iterate[_Point] | None:
        old, q = last.point, last.point.values.q
        agents = following().tolist()
        updated, logs = list(old.policy), list(old.logs)
        for m, agent in enumerate(agents):
            gains = None
            if isinstance(drift, ClippedRatioDrift):
                advantage = soft_advantage(q, old.policy, agent, agents[:m], temperature=temperature)
                gains = expected_parts(advantage, [updated[j] for j in agents[:m]])
            own = marginal_q(q, updated, agent)
            # Without a temperature there may be ties, up to the rounding of the largest Q^i.
            size = best_size(or_zero(q), own, updated, agent) if temperature == 0 else 0.0
            updated[agent], logs[agent] = responses(
                own, old.logs[agent], temperature, drift, neighbourhood, gains, size
            )  # (2)
        if all(map(np.array_equal, updated, old.policy)) and all(map(np.array_equal, logs, old.logs)):
            return None
        return at(old.values.game, Profile.of(updated), tuple(logs), old.values.v_ms)

    def doubt(point: _Point) -> Doubt:
        if temperature == 0:
            return NO_DOUBT
        return doubt_of_responses(point.values, point.policy, temperature, game.horizon)

    def solve(shaped: Shaped, last: _Point | None, left: int) -> Run[_Point]:
        policy, logs = (Profile.of(first), log_first) if last is None else last[:2]
        start = at(shaped.game, policy, logs, None)
        run = iterate(start, step, tol=tol, max_steps=left, ceiling=ceiling, lost=lost(doubt))
        return replace(run, history=objectives(game, run.history, shaped.added_ms))

    tol, max_steps = positive("tol", tol), count("max_steps", max_steps)
    ceiling = LARGEST_RESIDUAL if temperature > 0 else np.inf
    log_first = tuple(map(log_probabilities, first))
    run, added_ms = refined(game, solve, doubt, max_steps)
    return solution(
        run.last.point.policy,
        run.last.point.values,
        run,
        equation=QUANTAL_RESPONSE if temperature > 0 else BEST_RESPONSE,
        added_ms=added_ms,
        scale=temperature or None,
        solver="mehaml",
        parameters={
            "temperature": temperature,
            "drift": repr(drift),
            "neighbourhood": repr(neighbourhood),
            "initial_policy": first,
            "order": recorded_order,
            "seed": seed,
            "entropy": entropy,
            "tol": tol,
            "max_steps": max_steps,
        },
    )


def _check_weight(drift: Drift, size: float, temperature: float) -> None:
    """Require that double precision can compute with a drift beside values of up to `size`."""
    weight = getattr(drift, "weight", 0.0)
    if isinstance(drift, ClippedRatioDrift):  # it weighs advantages, the differences of two values
        check_range("drift", 2 * weight * size, temperature)
    elif temperature > 0 or weight > 0:
        check_range("drift", weight, temperature)
        check_range("game", size, temperature or weight, "temperature" if temperature > 0 else "drift")
