"""Pieces of the learners' kernels: drawing an action, the Boltzmann distribution, and joint actions as one number."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray, fail, instance
from mathrl.base.compile import inner
from mathrl.games import Game

__all__ = [
    "IntArray",
    "Payoffs",
    "boltzmann",
    "draw",
    "explored",
    "frequencies",
    "joint_action",
    "largest",
    "payoffs",
    "product_of_others",
]

IntArray = npt.NDArray[np.int64]


class Payoffs(NamedTuple):
    """A matrix game as kernels take it.

    `r_ia`    (n, A), what a joint action pays each agent; joint actions are numbered in C order
    `sizes`   (n,), the numbers of the agents' actions
    `a_ia`    (n, A), the agent's own action in each joint action
    `b_ia`    (n, A), the number of the others' joint action, in C order, in each joint action
    `others`  (n,), how many joint actions the others have
    """

    r_ia: FloatArray
    sizes: IntArray
    a_ia: IntArray
    b_ia: IntArray
    others: IntArray

    @property
    def most(self) -> tuple[int, int, int]:
        """The numbers of agents, of actions and of the others' joint actions, the largest."""
        return len(self.sizes), int(self.sizes.max()), int(self.others.max())


def payoffs(game: Game) -> Payoffs:
    """A matrix game as `Payoffs`. Raises `ValueError` for several states, and where an action is not available."""
    instance("game", game, Game, "a mathrl.Game")
    if game.num_states != 1 or game.discount != 0:
        fail("game", f"has {game.num_states} states and discount {game.discount:g}", "a matrix game",
             "this learner is of one state, in which an episode is one joint action")  # fmt: skip
    if not all(mask.all() for mask in game.available):
        fail("game", "has actions that are not available", "a matrix game in which all are", "leave them out")
    n, shape = game.num_agents, game.num_actions
    numbers = np.arange(math.prod(shape)).reshape(shape)
    a_ia = np.indices(shape).reshape(n, -1)
    b_ia = np.empty((n, numbers.size), dtype=np.int64)
    for i in range(n):
        rest = shape[:i] + shape[i + 1 :]
        b_a = np.broadcast_to(np.expand_dims(np.arange(math.prod(rest)).reshape(rest), i), shape)
        b_ia[i] = b_a.ravel()
    r_ia = np.broadcast_to(game.rewards_isa[:, 0, :], (n, numbers.size))
    sizes = np.array(shape, dtype=np.int64)
    return Payoffs(np.array(r_ia, order="C"), sizes, a_ia, b_ia, np.array([numbers.size // k for k in shape]))


@inner
def draw(rng: np.random.Generator, p_a: FloatArray, size: int) -> int:
    """An action from the first `size` probabilities: one variate u, and the first at which the running sum is above."""
    u = rng.random()
    total, last = 0.0, 0
    for a in range(size):
        if p_a[a] > 0.0:
            total += p_a[a]
            last = a
            if u < total:
                break
    return last


@inner
def explored(rng: np.random.Generator, p_a: FloatArray, size: int, exploration: float) -> int:
    """An action drawn uniformly with probability `exploration`, else from `p_a`; one variate more where it is > 0."""
    if exploration > 0.0 and rng.random() < exploration:
        return min(int(rng.random() * size), size - 1)
    return draw(rng, p_a, size)


@inner
def largest(x_a: FloatArray, size: int) -> float:
    """The largest of the first `size` numbers."""
    most: float = x_a[0]
    for a in range(1, size):
        most = max(most, x_a[a])
    return most


@inner
def boltzmann(x_a: FloatArray, size: int, temperature: float, out_a: FloatArray) -> None:
    """Write exp(x_a/temperature) / Σ exp of the first `size` numbers."""
    most = largest(x_a, size)
    total = 0.0
    for a in range(size):
        out_a[a] = math.exp((x_a[a] - most) / temperature)
        total += out_a[a]
    for a in range(size):
        out_a[a] /= total


@inner
def frequencies(counts_a: FloatArray, size: int, prior_count: float, out_a: FloatArray) -> None:
    """Write (c(a) + prior_count) / Σ of the first `size` counts; 1/size where that sum is 0."""
    total = 0.0
    for a in range(size):
        total += counts_a[a] + prior_count
    for a in range(size):
        out_a[a] = (counts_a[a] + prior_count) / total if total > 0.0 else 1.0 / size


@inner
def joint_action(actions_i: IntArray, sizes: IntArray) -> int:
    """The number of a joint action, in C order."""
    number = 0
    for i in range(len(sizes)):
        number = number * sizes[i] + actions_i[i]
    return number


@inner
def product_of_others(p_ja: FloatArray, sizes: IntArray, i: int, out_b: FloatArray) -> None:
    """Write Π_{j≠i} p_j(a_j) for the joint actions of all but agent i, in C order."""
    size = 1
    out_b[0] = 1.0
    for j in range(len(sizes)):
        if j != i:
            for b in range(size - 1, -1, -1):  # from behind: nothing is overwritten that is still needed
                p = out_b[b]
                for a in range(sizes[j] - 1, -1, -1):
                    out_b[b * sizes[j] + a] = p * p_ja[j, a]
            size *= sizes[j]
