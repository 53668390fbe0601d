"""Instances that claims are searched on: games and policies of small whole numbers, and ones with generic numbers.

Half of what is drawn is small and shrinks (`mathrl.proofs_checks.strategies`), and often lies at an edge, with zeros
and ties. The other half has normal rewards and Dirichlet probabilities from a random generator, and lies inside.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mathrl.base.checks import FloatArray
from mathrl.games import Game, random_stochastic
from mathrl.games.policies import Policy
from mathrl.games.random import Structure
from mathrl.proofs_checks import strategies

__all__ = ["DISCOUNTS", "generators", "instances", "numbers", "policies", "rows", "stochastic_games"]

DISCOUNTS = st.sampled_from([0.5, 0.9, 0.25, 0.75])
"""Strategy for discounts above 0 that are short fractions."""


def generators() -> st.SearchStrategy[np.random.Generator]:
    """Strategy for NumPy's random generators."""
    return st.integers(0, 2**32 - 1).map(np.random.default_rng)


@st.composite
def stochastic_games(
    draw: st.DrawFn,
    *,
    structure: Structure = "common-payoff",
    min_agents: int = 1,
    max_agents: int = 3,
    min_actions: int = 2,
    max_actions: int = 3,
    max_states: int = 3,
    discounts: st.SearchStrategy[float] = DISCOUNTS,
) -> Game:
    """Strategy for small games with dense transitions, each agent with at least `min_actions` actions.

    `structure`   "common-payoff", "zero-sum" (two agents) or "general-sum"
    `min_agents`, `max_agents`    how many agents
    `min_actions`, `max_actions`  how many actions each of them
    `max_states`  how many states at most
    `discounts`   the strategy for the discount
    """
    agents = 2 if structure == "zero-sum" else draw(st.integers(min_agents, max_agents))
    num_actions = tuple(draw(st.integers(min_actions, max_actions)) for _ in range(agents))
    num_states, discount = draw(st.integers(1, max_states)), draw(discounts)
    if draw(st.booleans()):
        rng = draw(generators())
        game = random_stochastic(
            num_states, num_actions, discount=discount, structure=structure, seed=rng, sparse=False
        )
        return _some_deterministic(game, rng)
    shape = (num_states, *num_actions)
    transitions = draw(strategies.simplex_rows((*shape, num_states)))
    if structure == "general-sum":
        return Game.stochastic(list(draw(_small((agents, *shape)))), transitions, discount)
    rewards = draw(_small(shape))
    return Game.stochastic([rewards, -rewards] if structure == "zero-sum" else rewards, transitions, discount)


@st.composite
def rows(draw: st.DrawFn, shape: tuple[int, ...], *, zeros: bool = False) -> FloatArray:
    """Strategy for arrays whose last axis sums to 1, with `zeros` also some that have zeros."""
    if draw(st.booleans()):
        concentration = np.full(shape[-1], draw(st.sampled_from([1.0, 0.3])))
        drawn = draw(generators()).dirichlet(concentration, shape[:-1]) + 1e-6
        return np.asarray(drawn / drawn.sum(axis=-1, keepdims=True))
    return draw(strategies.simplex_rows(shape, zeros=zeros))


@st.composite
def policies(draw: st.DrawFn, game: Game, *, zeros: bool = False) -> Policy:
    """Strategy for product policies of a game; with `zeros` some actions may have probability 0."""
    return tuple(draw(rows((game.num_states, actions), zeros=zeros)) for actions in game.num_actions)


@st.composite
def numbers(draw: st.DrawFn, shape: tuple[int, ...]) -> FloatArray:
    """Strategy for arrays of small whole numbers, or of normal ones."""
    return draw(generators()).normal(size=shape) if draw(st.booleans()) else draw(_small(shape))


def instances(function: Callable[[st.DrawFn], Mapping[str, Any]]) -> st.SearchStrategy[Mapping[str, Any]]:
    """The strategy of what a function draws, as a decorator: its name then is a strategy and not a function."""
    return st.composite(function)()


def _small(shape: tuple[int, ...]) -> st.SearchStrategy[FloatArray]:
    return arrays(np.float64, shape, elements=st.integers(-3, 3).map(float))


def _some_deterministic(game: Game, rng: np.random.Generator) -> Game:
    """The same game, every other time with transitions that lead to one state for sure."""
    if rng.random() < 0.5:
        return game
    likeliest = np.eye(game.num_states)[np.asarray(game.transitions).argmax(axis=-1)]
    rewards = game.rewards if game.common_payoff else list(game.rewards)
    return Game.stochastic(rewards, likeliest, game.discount)
