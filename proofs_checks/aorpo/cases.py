"""Instances that the paper's bounds are searched on: games, wrong models of them, and policies near one another."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from hypothesis import strategies as st

from mathrl.games import Game
from mathrl.games.policies import Policy
from mathrl.games.random import Structure
from mathrl.proofs_checks.families import generators, instances, policies, rows, stochastic_games

__all__ = [
    "branches",
    "conditionals",
    "distributions",
    "elsewhere",
    "endings",
    "games",
    "learned",
    "modelled",
    "processes",
]

LENGTHS = st.integers(0, 4)
"""Strategy for branch lengths."""


@st.composite
def games(draw: st.DrawFn, *, max_agents: int = 3, max_states: int = 3) -> Game:
    """Strategy for games of two or more agents that begin anywhere or in state 0."""
    structures: tuple[Structure, ...] = ("common-payoff", "general-sum")
    game = draw(
        stochastic_games(
            structure=draw(st.sampled_from(structures)),
            min_agents=2,
            max_agents=max_agents,
            max_actions=2,
            max_states=max_states,
        )
    )
    if draw(st.booleans()):
        return game
    rewards = game.rewards if game.common_payoff else list(game.rewards)
    return Game.stochastic(rewards, game.transitions, game.discount, np.eye(game.num_states)[0])


@st.composite
def near(draw: st.DrawFn, given: Any) -> Any:
    """Strategy for rows of probabilities near these: the same, a little moved, or others, also with zeros."""
    share = draw(SHARES)
    return _moved(np.asarray(given), share, draw(generators())) if share else np.array(given)


@st.composite
def near_policy(draw: st.DrawFn, policy: Policy) -> Policy:
    """Strategy for product policies near this one; each agent's is moved by a share of its own."""
    rng = draw(generators())
    return tuple(_moved(own, draw(SHARES), rng) for own in policy)


SHARES = st.sampled_from([0.1, 0.0, 1.0, 0.01])


def _moved(given: Any, share: float, rng: np.random.Generator) -> Any:
    """(1 − share) times the rows and share times others: of a random generator, or ones that are certain."""
    others = rng.dirichlet(np.ones(given.shape[-1]), given.shape[:-1])
    if rng.random() < 0.5:
        others = np.eye(given.shape[-1])[others.argmax(axis=-1)]
    return (1 - share) * given + share * others


@instances
def learned(draw: st.DrawFn) -> Mapping[str, Any]:
    """A game, learned dynamics, policies, and those that collected the data."""
    return draw(_learned(3))


@st.composite
def _learned(draw: st.DrawFn, max_agents: int) -> dict[str, Any]:
    game = draw(games(max_agents=max_agents))
    policy = draw(policies(game, zeros=True))
    return {
        "game": game,
        "learned_transitions": draw(near(game.transitions)),
        "policy": policy,
        "data_policy": draw(near_policy(policy)),
        "agent": draw(st.integers(0, game.num_agents - 1)),
    }


@st.composite
def _modelled(draw: st.DrawFn, max_agents: int) -> dict[str, Any]:
    found = draw(_learned(max_agents))
    agent, policy = found["agent"], found["policy"]
    return found | {"opponent_policies": draw(near_policy((*policy[:agent], *policy[agent + 1 :])))}


def modelled(*, branched: bool = False, max_agents: int = 3) -> st.SearchStrategy[Mapping[str, Any]]:
    """The same with a model of each opponent, in their order; where `branched`, and a length of rollouts."""
    drawn = _modelled(max_agents)
    if not branched:
        return drawn
    return st.builds(lambda found, k: {**found, "branch_length": k}, drawn, LENGTHS)


@instances
def processes(draw: st.DrawFn) -> Mapping[str, Any]:
    """A game with its policies, and other dynamics with other policies."""
    game = draw(games())
    policy = draw(policies(game, zeros=True))
    return {
        "game": game,
        "other_transitions": draw(near(game.transitions)),
        "policy": policy,
        "other_policy": draw(near_policy(policy)),
        "agent": draw(st.integers(0, game.num_agents - 1)),
    }


@instances
def elsewhere(draw: st.DrawFn) -> Mapping[str, Any]:
    """The same, where the other process begins where it likes."""
    found = draw(processes)
    return {**found, "other_start": draw(near(found["game"].start))}


@instances
def branches(draw: st.DrawFn) -> Mapping[str, Any]:
    """A game with its policies, and what rollouts have before and after their branch."""
    game = draw(games())
    policy = draw(policies(game, zeros=True))
    return {
        "game": game,
        "pre_transitions": draw(near(game.transitions)),
        "post_transitions": draw(near(game.transitions)),
        "policy": policy,
        "pre_policy": draw(near_policy(policy)),
        "post_policy": draw(near_policy(policy)),
        "agent": draw(st.integers(0, game.num_agents - 1)),
        "branch_length": draw(LENGTHS),
    }


@instances
def endings(draw: st.DrawFn) -> Mapping[str, Any]:
    """The same, and how many steps there are before the branch."""
    return {**draw(branches), "steps_before": draw(st.integers(0, 3))}


@instances
def distributions(draw: st.DrawFn) -> Mapping[str, Any]:
    """Two joint laws of x and of variables that are independent given x."""
    size, others = draw(st.integers(1, 3)), draw(st.integers(2, 3))
    law = draw(rows((size,), zeros=True))
    given = tuple(draw(rows((size, 2), zeros=True)) for _ in range(others))
    return {
        "distribution": law,
        "other_distribution": draw(near(law)),
        "policies": given,
        "other_policies": draw(near_policy(given)),
    }


@instances
def conditionals(draw: st.DrawFn) -> Mapping[str, Any]:
    """Agent 0 chooses given what the others chose: a game of two agents with such policies, models and a length."""
    game = draw(games(max_agents=2))
    own, other = game.num_actions
    conditional = draw(rows((game.num_states, other, own), zeros=True))
    opponent = draw(rows((game.num_states, other), zeros=True))
    return {
        "game": game,
        "learned_transitions": draw(near(game.transitions)),
        "conditional_distribution": conditional,
        "data_conditional_distribution": draw(near(conditional)),
        "opponent_policy": (opponent,),
        "data_opponent_policy": (draw(near(opponent)),),
        "modelled_opponent_policy": (draw(near(opponent)),),
        "branch_length": draw(LENGTHS),
    }
