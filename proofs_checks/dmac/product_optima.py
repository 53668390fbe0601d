"""Product policies: games whose regularised optimum over them is known, improvement in turn, and a search on a grid.

Over joint policies the optimum has a closed form; over product policies it has none. But let
Q = V + ω Σ_i log(π^i/ρ^i) + I with a rest I that has mean 0 over either agent's action under π, and |I| ≤ ω. Then π is
an optimum over product policies, in each state at once. For of any other product policy μ
E_μ[Q] − ω KL(μ‖ρ) = V + E_μ[I] − ω KL(μ‖π), where E_μ[I] = Σ (μ^1 − π^1)(μ^2 − π^2) I is at most
|I| ‖μ^1 − π^1‖ ‖μ^2 − π^2‖ ≤ |I| (‖μ^1 − π^1‖² + ‖μ^2 − π^2‖²)/2 ≤ |I| KL(μ‖π), by Pinsker's inequality.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

from mathrl.arithmetic import namespace
from mathrl.games import Game
from mathrl.operators import (
    backup,
    divergence_response,
    divergence_value,
    expectation,
    sequential_divergence_improvement,
)
from mathrl.operators.axes import along, flat
from mathrl.proofs_checks.families import instances, numbers, policies, stochastic_games
from mathrl.proofs_checks.joint_control import outer
from mathrl.proofs_checks.policy_value import divergence_q, divergence_v
from mathrl.proofs_checks.slack import premise
from mathrl.proofs_checks.strategies import temperatures
from mathrl.softmax import kl_divergence

__all__ = [
    "ROUNDING",
    "ascent",
    "best_on_a_grid",
    "hidden",
    "is_product_optimum",
    "log_ratios",
    "others_pay",
    "product_optima",
    "stationary_targets",
    "values_at_optimum",
]

ROUNDING = 1e-8
"""What doubles hide of games that were made to have a known optimum: its own equations hold to less than this."""

_CLOSE = 1e-9
"""What doubles may hide of a rest whose means are 0, in units of the largest value."""


@instances
def product_optima(draw: st.DrawFn) -> Mapping[str, Any]:
    """A game of one or two agents, a target policy, and the only optimum over product policies."""
    return _with_optimum(draw, same=False)


@instances
def stationary_targets(draw: st.DrawFn) -> Mapping[str, Any]:
    """The same, where the target policy is that optimum itself, so that DMAC's iteration stays there."""
    return _with_optimum(draw, same=True)


def _with_optimum(draw: st.DrawFn, *, same: bool) -> Mapping[str, Any]:
    game = draw(stochastic_games(max_agents=2, max_states=2))
    policy, temperature = draw(policies(game)), draw(temperatures(0.1, 10.0))
    target = policy if same else draw(policies(game))
    v, rest = draw(numbers((game.num_states,))), _rest(draw(numbers((game.num_states, *game.num_actions))), policy)
    rest = rest * (draw(st.sampled_from([0.9, 0.5, 0.0])) * temperature / max(np.abs(rest).max(), 1e-3))
    q = v.reshape(-1, *[1] * game.num_agents) + temperature * log_ratios(policy, target) + rest
    rewards = q - game.discount * (np.asarray(game.transitions) @ v)
    return {
        "game": Game.stochastic(rewards, game.transitions, game.discount),
        "policy": policy,
        "target_policy": target,
        "temperature": temperature,
    }


def _rest(x: Any, policy: Sequence[Any]) -> Any:
    """x without its means over each agent's action; 0 for one agent."""
    if len(policy) == 1:
        return 0 * x
    for agent in range(2):
        mean = expectation(x, policy, keep=(1 - agent,))
        x = x - along(mean, 1 - agent, 2)
    return x


def log_ratios(policy: Sequence[Any], target_policy: Sequence[Any]) -> Any:
    """Σ_i log(π^i(a_i|s)/ρ^i(a_i|s)), (S, A_1, …, A_n), of policies without zeros."""
    log, count = namespace(policy[0]).log, len(policy)
    pairs = zip(policy, target_policy, strict=True)
    return sum(along(log(own) - log(target), agent, count) for agent, (own, target) in enumerate(pairs))


def is_product_optimum(game: Any, policy: Sequence[Any], target_policy: Sequence[Any], *, temperature: Any) -> bool:
    """Whether the policy is known to be the optimum over product policies, by the criterion of this module."""
    return _is_optimal(*_values(game, policy, target_policy, temperature), policy, target_policy, temperature)


def values_at_optimum(
    game: Any, policy: Sequence[Any], target_policy: Sequence[Any], temperature: Any
) -> tuple[Any, Any]:
    """Q_ρ* and V_ρ* of the policy, which must be known to be the optimum over product policies."""
    q, v = _values(game, policy, target_policy, temperature)
    premise(_is_optimal(q, v, policy, target_policy, temperature))
    return q, v


def _values(game: Any, policy: Sequence[Any], target_policy: Sequence[Any], temperature: Any) -> tuple[Any, Any]:
    """Q_ρ and V_ρ of a product policy, (S, A_1, …, A_n) and (S,)."""
    v = divergence_v(game, outer(policy), outer(target_policy), temperature=temperature)
    return backup(v, game.rewards, game.transitions, discount=game.discount), v


def _is_optimal(q: Any, v: Any, policy: Sequence[Any], target_policy: Sequence[Any], temperature: Any) -> bool:
    """The criterion at the head of this module, of Q_ρ and V_ρ of the policy."""
    xp, agents = namespace(v), range(len(policy))
    rest = q - v.reshape(-1, *[1] * len(policy)) - temperature * log_ratios(policy, target_policy)
    means = [flat(expectation(rest, policy, keep=(agent,))) for agent in agents]
    size = 1 + xp.max(xp.abs(q))
    small = all(bool(xp.max(xp.abs(mean)) <= _CLOSE * size) for mean in means)
    return small and bool(xp.max(xp.abs(rest)) < temperature * (1 + _CLOSE))


def others_pay(policy: Sequence[Any], target_policy: Sequence[Any], temperature: Any) -> list[Any]:
    """Of each agent ω Σ_{j≠i} KL(π^j‖ρ^j), (S,): what the divergences of the others cost."""
    costs = [temperature * kl_divergence(own, target) for own, target in zip(policy, target_policy, strict=True)]
    return [sum((cost for j, cost in enumerate(costs) if j != i), 0 * own) for i, own in enumerate(costs)]


def hidden(x: Any) -> Any:
    """What doubles hide of such values, by the largest entry; other arithmetics know their own rounding."""
    return 0.0 if x.dtype.hasobject else ROUNDING * (1 + abs(x).max())


def ascent(
    game: Any, policy: Sequence[Any], target_policy: Sequence[Any], *, temperature: Any, rounds: int = 1
) -> tuple[Any, ...]:
    """A product policy whose V_ρ is in no state lower: rounds in which the agents improve in turn at exact values."""
    found, target, order = tuple(policy), outer(target_policy), tuple(range(len(policy)))
    for _ in range(rounds):
        q = divergence_q(game, outer(found), target, temperature=temperature)
        found = sequential_divergence_improvement(q, found, target_policy, order, temperature=temperature)
    return found


def best_on_a_grid(game: Any, target_policy: Sequence[Any], *, temperature: float, points: int = 11) -> tuple[Any, ...]:
    """The product policy of highest V_ρ in every state, the first of two agents on a grid of its two probabilities.

    All deterministic policies are compared too, as the grid has both ends and the second agent responds freely. Found
    by policy iteration in doubles: V_ρ of each policy by a linear system, and in each state the best pair.
    """
    states = range(game.num_states)
    grid = np.stack([np.linspace(0, 1, points), np.linspace(1, 0, points)], axis=1)
    policy = tuple(target_policy)
    before = np.full(game.num_states, -np.inf)
    while True:
        q, v = _values(game, policy, target_policy, temperature)
        if not (v > before + 1e-12 * (1 + np.abs(v).max())).any():
            return policy
        before = v
        pairs = [_pairs(q, target_policy, np.tile(row, (game.num_states, 1)), temperature) for row in grid]
        best = np.argmax([value for _, value in pairs], axis=0)
        first = np.stack([grid[best[s]] for s in states])
        second = np.stack([pairs[best[s]][0][s] for s in states])
        rival, value = _pairs(q, target_policy, policy[0], temperature)
        keep = (value >= np.max([value for _, value in pairs], axis=0))[:, None]
        policy = (np.where(keep, policy[0], first), np.where(keep, rival, second))


def _pairs(q: Any, target: Sequence[Any], first: Any, temperature: float) -> tuple[Any, Any]:
    """The second agent's best answer to the first, and what the pair attains at these values."""
    answer = divergence_response(q, (first, target[1]), target, 1, temperature=temperature)
    value = divergence_value(flat(q), outer((first, answer)), outer(target), temperature=temperature)
    return answer, value
