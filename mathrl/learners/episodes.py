"""Episodes of a stochastic game with a common payoff, played in kernels.

The columns of agent i's actions in row s of an array `…_sa` are first_a[i] … first_a[i + 1] − 1. A joint action is one
number, in C order, and `stride_i[i]` is what agent i's action counts for in it. An episode holds the states
s_0 … s_L and the joint actions a_0 … a_L, the last of which is drawn and not played; L is less than its most where
s_L is terminal.
"""

from typing import Any, NamedTuple

import numpy as np

from mathrl.base.checks import FloatArray, fail
from mathrl.base.compile import part
from mathrl.games.given import Booleans
from mathrl.games.model import Game, check_game
from mathrl.games.simulation import transition_rows
from mathrl.learners.pieces import IntArray, draw

__all__ = ["Played", "draw_joint", "episode", "played"]


class Played(NamedTuple):
    """A game as the kernel takes it."""

    start: FloatArray
    terminal: Booleans
    data: FloatArray
    indices: IntArray
    indptr: IntArray
    rewards_sa: FloatArray
    first_a: IntArray
    stride_i: IntArray
    discount: float


def played(game: Game) -> Played:
    """A game with a common payoff in which all actions are available, as `Played`; `ValueError` for others."""
    check_game(game)
    if not game.common_payoff:
        fail("game", "is general-sum", "a common payoff", "one critic serves all agents")
    if game.masks is not None:
        fail("game", "has actions that are not available", "a game in which all are", "these learners know no masks")
    sizes = np.array(game.num_actions)
    rewards: Any = game.rewards
    return Played(
        np.ascontiguousarray(game.start),
        np.ascontiguousarray(game.terminal),
        *transition_rows(game),
        np.ascontiguousarray(rewards.reshape(game.num_states, -1)),
        np.concatenate([[0], np.cumsum(sizes)]),
        np.array([sizes[i + 1 :].prod() for i in range(len(sizes))], dtype=np.int64),
        game.discount,
    )


@part
def draw_joint(rng: np.random.Generator, pi_a: FloatArray, first_a: IntArray) -> int:
    """Draw a joint action, each agent's own from its policy."""
    joint = 0
    for i in range(len(first_a) - 1):
        size = first_a[i + 1] - first_a[i]
        joint = joint * size + draw(rng, pi_a[first_a[i] : first_a[i + 1]], size)
    return joint


@part
def episode(
    rng: np.random.Generator,
    game: Played,
    pi_sa: FloatArray,
    out_states: IntArray,
    out_actions: IntArray,
    seen_sa: Booleans,
) -> tuple[int, float]:
    """Play one episode; mark the pairs that it visits; return its length and its sum of rewards."""
    num_joint = game.rewards_sa.shape[1]
    s = draw(rng, game.start, len(game.start))
    total = 0.0
    length = len(out_actions) - 1
    for t in range(len(out_actions) - 1):
        out_states[t] = s
        if game.terminal[s]:
            length = t
            break
        a = draw_joint(rng, pi_sa[s], game.first_a)
        out_actions[t] = a
        total += game.rewards_sa[s, a]
        seen_sa[s, a] = True
        begin, end = game.indptr[s * num_joint + a], game.indptr[s * num_joint + a + 1]
        entry = draw(rng, game.data[begin:end], end - begin)
        s = game.indices[begin + entry] if len(game.indices) > 0 else entry
    out_states[length] = s
    if not game.terminal[s]:
        out_actions[length] = draw_joint(rng, pi_sa[s], game.first_a)
    return length, total
