"""Seeded families of random games, for searches and benchmarks."""

from collections.abc import Sequence
from math import prod
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray, choice, count, fail, flag, positive, proportion, room
from mathrl.base.text import shown
from mathrl.games.given import Booleans
from mathrl.games.model import Game
from mathrl.games.registry import game

__all__ = ["STRUCTURES", "Structure", "ending_at", "generator", "random_matrix", "random_stochastic"]

Structure = Literal["common-payoff", "zero-sum", "general-sum"]
STRUCTURES = ("common-payoff", "zero-sum", "general-sum")
"""Whose rewards are drawn: one for all agents, one and its negative, one for each."""


@game("random-matrix", source="mathrl")
def random_matrix(
    num_actions: Sequence[int] = (2, 2),
    *,
    structure: Structure = "common-payoff",
    seed: int | np.random.Generator = 0,
    scale: float = 1.0,
    available: float = 1.0,
) -> Game:
    """Matrix game whose payoffs are independent, normal, of mean 0 and standard deviation `scale`.

        r(a) ~ N(0, scale²)   independently for all joint actions a

    `num_actions`  (A_1, …, A_n), one number per agent; default (2, 2)
    `structure`    "common-payoff" (the default: one payoff for all), "zero-sum" (two agents; the second is paid the
                   negative of what the first is paid) or "general-sum" (one payoff for each)
    `seed`         a whole number, by default 0, or a generator to draw from; the same number gives the same game
    `scale`        the standard deviation, > 0; default 1
    `available`    with which probability there is an action, in [0, 1], beside one that there is for each agent; by
                   default 1: all

    Returns a `Game`. Raises `ValueError` naming the argument that does not fit.

    >>> random_matrix((2, 3), structure="zero-sum").num_actions
    (2, 3)
    """
    actions, rng = _num_actions(num_actions), generator("seed", seed)
    payoffs = _rewards(rng, actions, len(actions), structure, scale)
    masks = _masks(rng, 1, actions, available)
    return Game.matrix(payoffs, common_payoff=structure == "common-payoff", available=masks)


@game("random-stochastic", source="mathrl")
def random_stochastic(
    num_states: int = 3,
    num_actions: Sequence[int] = (2, 2),
    *,
    discount: float = 0.95,
    structure: Structure = "common-payoff",
    successors: int | None = None,
    local: bool = False,
    seed: int | np.random.Generator = 0,
    scale: float = 1.0,
    sparse: bool | None = None,
    available: float = 1.0,
    ending: float = 0.0,
) -> Game:
    """Stochastic game with independent normal rewards, and rows of transitions that are uniform on the simplex.

        r(s, a) ~ N(0, scale²),   P(· | s, a) ~ Dirichlet(1, …, 1)   independently for all states s and joint actions a

    `num_states`   S; default 3
    `num_actions`  (A_1, …, A_n), one number per agent; default (2, 2)
    `discount`     γ, in [0, 1), also 1 where there is an `ending`; default 0.95
    `structure`    whose rewards are drawn: "common-payoff" (the default: one for all), "zero-sum" (two agents; the
                   second has the negative of the first) or "general-sum" (one for each)
    `successors`   how many next states each row has, drawn without replacement; None (the default): all states
    `local`        draw them from {s − successors … s + successors} on the ring of states, where s is the state; default
                   false
    `seed`         a whole number, by default 0, or a generator to draw from; the same number gives the same game
    `scale`        the standard deviation of the rewards, > 0; default 1
    `sparse`       store CSR transitions; by default only where `successors` is given
    `available`    with which probability there is an action in a state, in [0, 1], beside one that there is for each
                   agent; by default 1: all
    `ending`       with which probability a step ends the episode, in [0, 1]: it leads to one more state then, the last,
                   which is terminal, else as is said above. By default 0: there is no such state

    Returns a `Game`, whose start is uniform over the S states. The same seed gives the same rewards and transitions for
    any `available`, and with `ending` the same up to the factor 1 − `ending`. Raises `ValueError` naming the argument
    that does not fit.

    >>> random_stochastic(2, (2, 3), discount=1.0, ending=0.1, available=0.5)
    <Game: 3 states (1 terminal), 2 agents, 2×3 actions, common payoff, some unavailable, discount 1.0>
    """
    num_states, actions, rng = count("num_states", num_states, 1), _num_actions(num_actions), generator("seed", seed)
    rewards = _rewards(rng, (num_states, *actions), len(actions), structure, scale)
    room("num_states", num_states, num_states if successors is None else 1, *actions)
    if sparse is not None:
        flag("sparse", sparse)
    if successors is None:
        if flag("local", local):
            fail("local", f"is {shown(local)} without successors", "successors, the half width of the window")
        transitions: Any = _simplex_rows(rng, prod(actions) * num_states, num_states)
    else:
        transitions = _sparse_rows(rng, num_states, prod(actions), _successors(successors, num_states), local)
    masks, ending = _masks(rng, num_states, actions, available), proportion("ending", ending)
    dense_wanted = successors is None if sparse is None else not sparse
    if dense_wanted:
        dense = transitions if isinstance(transitions, np.ndarray) else transitions.toarray()
        transitions = dense.reshape(num_states, *actions, num_states)
    elif isinstance(transitions, np.ndarray):
        from scipy.sparse import csr_array

        transitions = csr_array(transitions)
    if ending == 0:
        return Game.stochastic(rewards, transitions, discount, available=masks)
    return ending_at(Game.stochastic(rewards, transitions, 0.0, available=masks), ending, discount)


def ending_at(game: Game, ending: float, discount: float) -> Game:
    """The game in which each step ends the episode with probability `ending`: one more state, the last, is terminal.

    All else is as in `game`, but for the discount.
    """
    num_states, states_axis = game.num_states, -game.num_agents - 1
    nothing = np.zeros_like(game.rewards.take([0], axis=states_axis))
    transitions: Any
    if game.sparse:
        from scipy.sparse import csr_array, hstack, vstack

        going = hstack([(1 - ending) * game.csr_xt, csr_array(np.full((game.csr_xt.shape[0], 1), ending))])
        transitions = vstack([going, csr_array((game.num_joint_actions, num_states + 1))])
    else:
        transitions = np.zeros((num_states + 1, *game.num_actions, num_states + 1))
        transitions[:-1, ..., :-1], transitions[:-1, ..., -1] = (1 - ending) * np.asarray(game.transitions), ending
    return Game.stochastic(
        np.concatenate([game.rewards, nothing], axis=states_axis),
        transitions,
        discount,
        start=[*game.start, 0.0],
        available=game.masks and [np.vstack([own, np.ones_like(own[:1])]) for own in game.masks],
        terminal=[*[False] * num_states, True],
    )


def generator(argument: str, seed: Any) -> np.random.Generator:
    """Return the generator that is given, or a new one with the given whole number as its seed."""
    if isinstance(seed, np.random.Generator):
        return seed
    return np.random.default_rng(count(argument, seed, maximum=None))


def _masks(
    rng: np.random.Generator, num_states: int, num_actions: Sequence[int], available: float
) -> list[Booleans] | None:
    """Draw per agent which actions there are, (S, A_i): one, and each other with probability `available`."""
    if proportion("available", available) == 1:
        return None
    masks = []
    for actions in num_actions:
        own = rng.random((num_states, actions)) < available
        own[np.arange(num_states), rng.integers(actions, size=num_states)] = True
        masks.append(own)
    return masks


def _num_actions(num_actions: Any) -> tuple[int, ...]:
    """Check the numbers of actions, one per agent."""
    if isinstance(num_actions, str) or not isinstance(num_actions, Sequence) or len(num_actions) == 0:
        fail("num_actions", f"is {shown(num_actions)}", "one whole number per agent, as in (2, 3)")
    return tuple(count(f"num_actions[{i}]", actions, 1) for i, actions in enumerate(num_actions))


def _successors(successors: Any, num_states: int) -> int:
    """Check the number of next states of a row."""
    if count("successors", successors, 1) > num_states:
        fail("successors", f"is {successors}", f"at most the number of states, {num_states}")
    return int(successors)


def _rewards(
    rng: np.random.Generator, shape: tuple[int, ...], num_agents: int, structure: str, scale: float
) -> FloatArray | list[FloatArray]:
    """Draw rewards of this shape: one array for a common payoff, else one per agent."""
    choice("structure", structure, STRUCTURES)
    room("num_actions", *shape)
    scale = positive("scale", scale)
    if structure == "zero-sum" and num_agents != 2:
        fail(
            "structure",
            f"is 'zero-sum' for {num_agents} agents",
            "two agents",
            "the second one's loss is the first's gain",
        )
    if structure == "general-sum":
        return [scale * rng.standard_normal(shape) for _ in range(num_agents)]
    rewards = scale * rng.standard_normal(shape)
    return [rewards, -rewards] if structure == "zero-sum" else rewards


def _sparse_rows(
    rng: np.random.Generator, num_states: int, num_joint_actions: int, successors: int, local: bool
) -> Any:
    """CSR rows, joint actions fastest, of `successors` distinct next states each."""
    from scipy.sparse import csr_array

    num_rows = num_states * num_joint_actions
    window = min(2 * successors + 1, num_states) if local else num_states
    next_rk = _distinct(rng, num_rows, successors, window)
    if local:
        state_r = np.arange(num_rows) // num_joint_actions
        next_rk = (state_r[:, None] + next_rk - successors) % num_states
    next_rk.sort(axis=1)
    indptr = np.arange(num_rows + 1) * successors
    data = _simplex_rows(rng, num_rows, successors).ravel()
    return csr_array((data, next_rk.ravel(), indptr), shape=(num_rows, num_states))


def _distinct(rng: np.random.Generator, num_rows: int, size: int, population: int) -> npt.NDArray[np.int64]:
    """In each row a uniformly drawn subset of {0 … population − 1}, by Floyd's algorithm on all rows at once.

    Bentley and Floyd, A sample of brilliance, CACM 30 (1987): draw t from {0 … j}; take j where t is taken already.
    """
    chosen = np.empty((num_rows, size), dtype=np.int64)
    for k, j in enumerate(range(population - size, population)):
        drawn = rng.integers(j + 1, size=num_rows)
        taken = (chosen[:, :k] == drawn[:, None]).any(axis=1)
        chosen[:, k] = np.where(taken, j, drawn)
    return chosen


def _simplex_rows(rng: np.random.Generator, num_rows: int, size: int) -> FloatArray:
    """Rows uniform on the simplex: exponential variates divided by their sum."""
    rows = rng.standard_exponential((num_rows, size))
    rows /= rows.sum(axis=1, keepdims=True)
    return rows
