"""Seeded families of random games, for searches and benchmarks."""

from collections.abc import Sequence
from math import prod
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray, choice, count, fail, flag, positive, room
from mathrl.base.text import shown
from mathrl.games.model import Game
from mathrl.games.registry import game

__all__ = ["STRUCTURES", "Structure", "generator", "random_matrix", "random_stochastic"]

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
) -> Game:
    """Matrix game whose payoffs are independent, normal, of mean 0 and standard deviation `scale`.

        r(a) ~ N(0, scale²)   independently for all joint actions a

    `num_actions`  (A_1, …, A_n), one number per agent; default (2, 2)
    `structure`    "common-payoff" (the default: one payoff for all), "zero-sum" (two agents; the second is paid the
                   negative of what the first is paid) or "general-sum" (one payoff for each)
    `seed`         a whole number, by default 0, or a generator to draw from; the same number gives the same game
    `scale`        the standard deviation, > 0; default 1

    Returns a `Game`. Raises `ValueError` naming the argument that does not fit.

    >>> random_matrix((2, 3), structure="zero-sum").num_actions
    (2, 3)
    """
    actions, rng = _num_actions(num_actions), generator("seed", seed)
    return Game.matrix(
        _rewards(rng, actions, len(actions), structure, scale), common_payoff=structure == "common-payoff"
    )


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
) -> Game:
    """Stochastic game with independent normal rewards, and rows of transitions that are uniform on the simplex.

        r(s, a) ~ N(0, scale²),   P(· | s, a) ~ Dirichlet(1, …, 1)   independently for all states s and joint actions a

    `num_states`   S; default 3
    `num_actions`  (A_1, …, A_n), one number per agent; default (2, 2)
    `discount`     γ, in [0, 1); default 0.95
    `structure`    whose rewards are drawn: "common-payoff" (the default: one for all), "zero-sum" (two agents; the
                   second has the negative of the first) or "general-sum" (one for each)
    `successors`   how many next states each row has, drawn without replacement; None (the default): all states
    `local`        draw them from {s − successors … s + successors} on the ring of states, where s is the state; default
                   false
    `seed`         a whole number, by default 0, or a generator to draw from; the same number gives the same game
    `scale`        the standard deviation of the rewards, > 0; default 1
    `sparse`       store CSR transitions; by default only where `successors` is given

    Returns a `Game`, whose start is uniform. Raises `ValueError` naming the argument that does not fit.
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
    dense_wanted = successors is None if sparse is None else not sparse
    if dense_wanted:
        dense = transitions if isinstance(transitions, np.ndarray) else transitions.toarray()
        transitions = dense.reshape(num_states, *actions, num_states)
    elif isinstance(transitions, np.ndarray):
        from scipy.sparse import csr_array

        transitions = csr_array(transitions)
    return Game.stochastic(rewards, transitions, discount)


def generator(argument: str, seed: Any) -> np.random.Generator:
    """Return the generator that is given, or a new one with the given whole number as its seed."""
    if isinstance(seed, np.random.Generator):
        return seed
    return np.random.default_rng(count(argument, seed, maximum=None))


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
