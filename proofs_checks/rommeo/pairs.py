"""One agent's conditional policy and opponent model in any arithmetic: what a pair is worth, and the best pair.

a is the agent's own action, b the joint action of all others in C order. An instance holds the conditional policy as
rows over a, (S, B, A); operators take it as (S, A, B).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

from mathrl.arithmetic import namespace
from mathrl.games.random import Structure
from mathrl.operators import (
    backup,
    conditional_policy,
    opponent_model,
    opponent_policy_value,
    opponent_value,
    own_and_others,
)
from mathrl.operators.axes import flat
from mathrl.proofs_checks.families import instances, numbers, rows, stochastic_games
from mathrl.proofs_checks.instances import Tables
from mathrl.proofs_checks.policy_value import rewards_of, soft_v
from mathrl.proofs_checks.strategies import temperatures

__all__ = ["TEMPERATURES", "Seen", "backed_up", "best_pair", "own_last", "pair_q", "pairs", "seen_by", "tables"]

TEMPERATURES = temperatures(0.1, 10.0)

_STEPS = 12
"""How many improvements lead to the best pair in exact arithmetic; each squares the error once it is small."""

_MOST = 60
"""How many of them floats are given."""

_CLOSE = 1e-13
"""Relative to the values: where floats stop."""


class Seen(NamedTuple):
    """A game as one agent sees it.

    `rewards`      r(s, a, b), (S, A, B)
    `transitions`  P(t|s, a, b), (S, A, B, S)
    `discount`     γ
    `start`        (S,)
    """

    rewards: Any
    transitions: Any
    discount: Any
    start: Any


def seen_by(game: Any, agent: int) -> Seen:
    """The game as the agent sees it: its own rewards, its own action, then the others' joint action."""
    rewards = own_and_others(rewards_of(game, agent), agent)
    agent_first = np.moveaxis(game.transitions, agent + 1, 1)
    return Seen(rewards, agent_first.reshape(*rewards.shape, -1), game.discount, game.start)


def backed_up(seen: Seen, v: Any) -> Any:
    """r + γ P V, (S, A, B)."""
    return backup(v, seen.rewards, seen.transitions, discount=seen.discount)


def pair_q(seen: Seen, conditional: Any, model: Any, prior: Any, *, temperature: Any) -> tuple[Any, Any]:
    """Q^{π,ρ} (S, A, B) and V^{π,ρ} (S,), by one linear system   (rommeo Eq. 33-36).

    `seen`         the game as the agent sees it
    `conditional`  π(a|s, b), (S, A, B)
    `model`        ρ(b|s), (S, B)
    `prior`        P(b|s), (S, B)
    `temperature`  α > 0
    """
    paid = opponent_policy_value(seen.rewards, conditional, model, prior, temperature=temperature)
    joint = flat(model[:, None, :] * conditional)
    alone = Tables(
        rewards=namespace(joint).zeros_like(joint) + paid[:, None],
        transitions=seen.transitions.reshape(*joint.shape, -1),
        discount=seen.discount,
        start=seen.start,
        common_payoff=True,
    )
    v = soft_v(alone, (joint,), temperature=0)
    return backed_up(seen, v), v


def best_pair(seen: Seen, prior: Any, *, temperature: Any) -> tuple[Any, Any, Any, Any]:
    """π*, ρ*, Q* and V*: the pair of Eq. 10 and 11 that is given by its own Q, by policy iteration.

    Values rise at each step, and at last with the square of the error; floats stop where Eq. 9 gives V.
    """
    conditional = conditional_policy(seen.rewards * 0, temperature=temperature)
    q, v = pair_q(seen, conditional, prior, prior, temperature=temperature)
    exact = q.dtype.hasobject
    for _ in range(_STEPS if exact else _MOST):
        conditional = conditional_policy(q, temperature=temperature)
        model = opponent_model(q, prior, temperature=temperature)
        q, v = pair_q(seen, conditional, model, prior, temperature=temperature)
        if not exact:
            missing = np.abs(opponent_value(q, prior, temperature=temperature) - v).max()
            if missing <= _CLOSE * max(1.0, np.abs(v).max()):
                break
    return conditional, model, q, v


def own_last(x: Any) -> Any:
    """(S, A, B) as (S, B, A), and back."""
    return namespace(x).permute_dims(x, (0, 2, 1))


@instances
def pairs(draw: st.DrawFn) -> Mapping[str, Any]:
    """A game, an agent of it, a prior, a conditional policy and an opponent model."""
    structure: Structure = draw(st.sampled_from(("common-payoff", "general-sum")))
    game = draw(stochastic_games(structure=structure, min_agents=2, max_actions=2, max_states=2))
    agent = draw(st.integers(0, game.num_agents - 1))
    own = game.num_actions[agent]
    others = int(np.prod(game.num_actions)) // own
    return {
        "game": game,
        "agent": agent,
        "prior": draw(rows((game.num_states, others))),
        "conditional_distribution": draw(rows((game.num_states, others, own), zeros=True)),
        "model": draw(rows((game.num_states, others))),
        "temperature": draw(TEMPERATURES),
    }


@instances
def tables(draw: st.DrawFn) -> Mapping[str, Any]:
    """A game, an agent of it, a prior, and two tables q."""
    instance = dict(draw(pairs))
    shape = (instance["game"].num_states, *instance["game"].num_actions)
    return {name: instance[name] for name in ("game", "agent", "prior", "temperature")} | {
        "q": draw(numbers(shape)),
        "other_q": draw(numbers(shape)),
    }
