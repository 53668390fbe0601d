"""Hypothesis strategies for games, policies and parameters: all searches and property tests draw from these.

Rewards shrink to small integers, then to 0; probabilities to the first outcome; sizes to one agent, state and action.
"""

from math import log, prod
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mathrl.base.checks import FloatArray
from mathrl.bounds.setup import Setup
from mathrl.games.given import Booleans
from mathrl.games.model import Game
from mathrl.games.policies import Policy
from mathrl.games.random import STRUCTURES, ending_at
from mathrl.games.transform import to_dense, to_sparse

__all__ = [
    "DISCOUNTS",
    "PAYOFFS",
    "TEMPERATURES",
    "episodic",
    "games",
    "masked",
    "matrix_games",
    "policies",
    "setups",
    "simplex_rows",
    "temperatures",
]


def _payoff(k: int) -> float:
    """The integers from −8 to 8 for the k among them, then quarters: one domain, so that shrinking ends at integers."""
    return float(k) if abs(k) <= 8 else (abs(k) - 8) / 4 * (1 if k > 0 else -1)


PAYOFFS = st.integers(-48, 48).map(_payoff) | st.floats(-20, 20, allow_subnormal=False)
"""Strategy for rewards: small integers, quarters, and any double up to 20 in size."""

DISCOUNTS = st.sampled_from([0.0, 0.5, 0.9, 0.99]) | st.floats(0, 0.99, allow_subnormal=False)
"""Strategy for discounts from 0 to 0.99."""

LARGEST_GAME = 24
"""How many joint actions a drawn game has at most."""


def temperatures(smallest: float = 1e-2, largest: float = 1e2) -> st.SearchStrategy[float]:
    """Strategy for temperatures that are uniform in their logarithm; they shrink towards 1.

    `smallest`  the lower end, > 0
    `largest`   the upper end
    """
    exponents = st.floats(log(smallest), log(largest), allow_subnormal=False)
    return exponents.map(lambda exponent: float(np.clip(np.exp(exponent), smallest, largest)))


TEMPERATURES = temperatures()
"""Strategy for log-uniform temperatures in [0.01, 100]."""


@st.composite
def matrix_games(
    draw: st.DrawFn, *, min_agents: int = 1, max_agents: int = 3, max_actions: int = 4, structure: str | None = None
) -> Game:
    """Strategy for matrix games.

    `min_agents`   the least number of agents
    `max_agents`   the largest number of agents
    `max_actions`  how many actions an agent has at most
    `structure`    one of `mathrl.games.random.STRUCTURES`; None: any that fits

    Rewards that were drawn equal for all agents are a common payoff, whatever the structure.
    """
    structure, num_actions = draw(_sizes(min_agents, max_agents, max_actions, structure))
    payoffs = draw(_rewards(structure, num_actions, len(num_actions)))
    return Game.matrix(payoffs, common_payoff=structure == "common-payoff")


@st.composite
def games(
    draw: st.DrawFn,
    *,
    min_agents: int = 1,
    max_agents: int = 3,
    max_actions: int = 4,
    max_states: int = 4,
    structure: str | None = None,
    sparse: bool | None = None,
    discounts: st.SearchStrategy[float] = DISCOUNTS,
) -> Game:
    """Strategy for stochastic games; some states absorb, and transitions are random, deterministic or nearly so.

    `min_agents`   the least number of agents
    `max_agents`   the largest number of agents
    `max_actions`  how many actions an agent has at most
    `max_states`   how many states the game has at most
    `structure`    one of `mathrl.games.random.STRUCTURES`; None: any that fits
    `sparse`       whether transitions are stored sparse; None: either
    `discounts`    the strategy that the discount is drawn from
    """
    # Arrays are drawn last: then a smaller size, tried while shrinking, leaves what is drawn before them as it was.
    stored_sparse, discount = draw(st.booleans()) if sparse is None else sparse, draw(discounts)
    structure, num_actions = draw(_sizes(min_agents, max_agents, max_actions, structure))
    num_states = draw(st.integers(1, max_states))
    start = draw(st.none() | simplex_rows((num_states,)))
    absorbing = [state for state in range(num_states) if draw(st.booleans())]
    rewards = draw(_rewards(structure, (num_states, *num_actions), len(num_actions)))
    transitions = draw(simplex_rows((num_states, *num_actions, num_states)))
    for state in absorbing:
        transitions[state] = np.eye(num_states)[state]
    game = Game.stochastic(rewards, transitions, discount, start)
    return to_sparse(game) if stored_sparse else game


@st.composite
def masked(draw: st.DrawFn, drawn: st.SearchStrategy[Game]) -> Game:
    """Strategy for games in which some actions are not available; they shrink to those in which all are.

    `drawn`  the strategy for the games that the actions are taken from, such as `games()` or `matrix_games()`
    """
    game = draw(drawn)
    masks = []
    for actions in game.num_actions:
        own = ~draw(arrays(np.bool_, (game.num_states, actions)))
        own[:, 0] |= ~own.any(axis=1)
        masks.append(own)
    rewards = game.rewards if game.common_payoff else list(game.rewards)
    return Game.stochastic(rewards, game.transitions, game.discount, game.start, available=masks, terminal=game.ended)


@st.composite
def episodic(draw: st.DrawFn, drawn: st.SearchStrategy[Game]) -> Game:
    """Strategy for games with terminal states, one more than before, the last, and any others; also of discount 1.

    Each step leads to the last state with a probability that is 0, small, or 1; discount 1 occurs where it is not 0.

    `drawn`  the strategy for the games that are given an end, such as `games()` or `masked(games())`
    """
    game = draw(drawn)
    ending = draw(st.sampled_from([0.1, 0.5, 1.0, 0.01, 0.0]))
    discount = draw(st.sampled_from([game.discount, 1.0])) if ending > 0 else game.discount
    ended = np.append(draw(arrays(np.bool_, game.num_states)), True)
    with_end = ending_at(game, ending, discount)
    paid = np.where(ended.reshape(-1, *[1] * game.num_agents), 0.0, with_end.rewards)
    rewards = paid if game.common_payoff else list(paid)
    return Game.stochastic(
        rewards, with_end.transitions, discount, with_end.start, available=with_end.masks, terminal=ended
    )


@st.composite
def policies(draw: st.DrawFn, game: Game, *, zeros: bool = True) -> Policy:
    """Strategy for product policies of a game, one array (S, A_i) per agent, 0 at actions that are not available.

    `game`   the game
    `zeros`  with False every available action has positive probability
    """
    return tuple(draw(_available_rows(own, zeros)) for own in game.available)


@st.composite
def _available_rows(draw: st.DrawFn, available: Booleans, zeros: bool) -> FloatArray:
    """Rows over the available actions: what was drawn for the others goes to the first that there is."""
    rows = draw(simplex_rows(available.shape, zeros=zeros))
    if available.all():
        return rows
    lost = np.where(available, 0.0, rows).sum(axis=1)
    rows = np.where(available, rows, 0.0)
    rows[np.arange(len(rows)), available.argmax(axis=1)] += lost
    return rows


@st.composite
def setups(
    draw: st.DrawFn,
    *,
    min_agents: int = 1,
    max_agents: int = 4,
    max_actions: int = 3,
    max_states: int = 3,
    structure: str | None = None,
    sparse: bool | None = None,
    discounts: st.SearchStrategy[float] = DISCOUNTS,
) -> Setup:
    """Strategy for setups of AORPO's bounds; models and policies are perfect, nearly perfect, or unrelated.

    The arguments are those of `games`. Each of the model, the data-collecting policies and the opponent models is drawn
    on its own.
    """
    game = draw(
        games(
            min_agents=min_agents,
            max_agents=max_agents,
            max_actions=max_actions,
            max_states=max_states,
            structure=structure,
            sparse=sparse,
            discounts=discounts,
        )
    )
    agent, policy = draw(st.integers(0, game.num_agents - 1)), draw(policies(game))
    models = tuple(draw(_near(own)) for own in policy)
    return Setup.of(
        game,
        policy=policy,
        model=draw(_near(np.asarray(to_dense(game).transitions))),
        data_policy=tuple(draw(_near(own)) for own in policy),
        opponent_models=(*models[:agent], *models[agent + 1 :]),
        agent=agent,
    )


@st.composite
def _near(draw: st.DrawFn, rows: FloatArray) -> FloatArray:
    """Rows of probabilities moved towards other ones: not at all, a little, or all the way."""
    share = draw(st.sampled_from([0.0, 1e-3, 0.1, 1.0]))
    return (1 - share) * rows + share * draw(simplex_rows(rows.shape) | _generic_rows(rows.shape))


def _generic_rows(shape: tuple[int, ...]) -> st.SearchStrategy[FloatArray]:
    """Rows of a random generator. `simplex_rows` often draws equal entries; these differ."""
    weights = np.ones(shape[-1])
    return st.integers(0, 2**32 - 1).map(lambda seed: np.random.default_rng(seed).dirichlet(weights, shape[:-1]))


@st.composite
def simplex_rows(draw: st.DrawFn, shape: tuple[int, ...], *, zeros: bool = True) -> FloatArray:
    """Strategy for arrays whose last axis sums to 1: small integers over their sum, or nearly all on one outcome.

    `shape`  the shape of the array
    `zeros`  with False every entry is positive
    """
    weights = draw(arrays(np.int64, shape, elements=st.integers(0 if zeros else 1, 8)))
    weights[..., 0] += weights.sum(axis=-1) == 0
    rows: FloatArray = weights / weights.sum(axis=-1, keepdims=True)
    rest = draw(st.sampled_from([1.0, 0.0, 1e-3, 1e-6, 1e-12] if zeros else [1.0, 1e-3, 1e-6, 1e-12]))
    likeliest: FloatArray = np.eye(shape[-1])[weights.argmax(axis=-1)]
    return rest * rows + (1 - rest) * likeliest


@st.composite
def _sizes(
    draw: st.DrawFn, min_agents: int, max_agents: int, max_actions: int, structure: str | None
) -> tuple[str, tuple[int, ...]]:
    """A structure, which shrinks to a common payoff, and the numbers of actions."""
    num_agents = 2 if structure == "zero-sum" else draw(st.integers(min_agents, max_agents))
    fitting = STRUCTURES if num_agents == 2 else ("common-payoff", "general-sum")
    chosen = draw(st.sampled_from(fitting)) if structure is None else structure
    counts: list[int] = []
    for _ in range(num_agents):
        counts.append(draw(st.integers(1, min(max_actions, LARGEST_GAME // prod(counts)))))
    return chosen, tuple(counts)


def _rewards(structure: str, shape: tuple[int, ...], num_agents: int) -> st.SearchStrategy[Any]:
    """One array, or a list with one per agent."""
    if structure == "general-sum":
        return arrays(np.float64, (num_agents, *shape), elements=PAYOFFS).map(list)
    rewards = arrays(np.float64, shape, elements=PAYOFFS)
    return rewards.map(lambda first: [first, -first]) if structure == "zero-sum" else rewards
