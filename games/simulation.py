"""Batched simulation of a product policy, compiled.

    s_0 ~ start,   a_i ~ π^i(· | s_t),   s_{t+1} ~ P(· | s_t, a)

Each draw takes one uniform variate u and the first outcome of positive probability at which the running sum exceeds
u; where rounding leaves the sum at or below u, the last such outcome. So nothing of probability 0 is ever drawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray, count, instance, proportion, room
from mathrl.base.compile import kernel
from mathrl.games.given import Booleans
from mathrl.games.model import Game
from mathrl.games.policies import as_policy
from mathrl.games.random import generator

__all__ = ["Episodes", "discounted_returns", "simulate"]

IntArray = npt.NDArray[np.int64]

CHUNK = 2**22
"""How many uniform variates are held at a time (32 MiB)."""


@dataclass(frozen=True, eq=False, repr=False)
class Episodes:
    """The states, actions and rewards of B simulated episodes of T steps each. The arrays are read-only.

    `states`   (B, T + 1), numbers of states; the last one is the state after the last step
    `actions`  (B, T, n), the number of each agent's action; −1 where the episode has ended, as nothing is played then
    `rewards`  (B, T) for a common payoff, else (B, T, n); 0 where the episode has ended
    `lengths`  (B,), how many steps were played

    An episode that reaches a terminal state stays there. `game.terminal[episodes.states[:, -1]]` says which episodes
    have ended; the others were cut off after T steps.
    """

    states: IntArray
    actions: IntArray
    rewards: FloatArray

    def __repr__(self) -> str:
        num_episodes, num_steps, num_agents = self.actions.shape
        length = f"played for {self.lengths.mean():.6g} on average"
        return f"<Episodes: {num_episodes} of {num_steps} steps, {length}, {num_agents} agent{'s' * (num_agents > 1)}>"

    @cached_property
    def lengths(self) -> IntArray:
        """(B,), the numbers of steps that were played before the episodes ended, or were cut off."""
        lengths: IntArray = (self.actions[..., 0] >= 0).sum(axis=1)
        lengths.flags.writeable = False
        return lengths


def simulate(
    game: Game,
    policy: Sequence[Any],
    *,
    num_episodes: int,
    num_steps: int,
    seed: int | np.random.Generator = 0,
) -> Episodes:
    """Simulate episodes of a product policy.

        s_0 ~ start,   a_i ~ π^i(· | s_t),   s_{t+1} ~ P(· | s_t, a)

    `game`          the game that is played
    `policy`        π, one array (S, A_i) per agent, as `as_policy` takes it
    `num_episodes`  how many episodes, ≥ 1
    `num_steps`     how many steps each of them has, ≥ 1
    `seed`          a whole number, by default 0, or a generator to draw from

    In a terminal state the episode has ended: it stays there, nothing is played or paid, and actions are −1.

    Returns `Episodes`: states, actions, rewards and lengths. The same seed gives the same episodes. With more episodes
    or fewer, those that both runs have are the same. Raises `ValueError` naming the argument that does not fit.
    """
    checked = as_policy(game, policy)
    num_episodes, num_steps = count("num_episodes", num_episodes, 1), count("num_steps", num_steps, 1)
    room("num_episodes", num_episodes, num_steps + 1, game.num_agents)
    rng = generator("seed", seed)
    pi_sa = np.concatenate(checked, axis=1)
    first_a = np.concatenate([[0], np.cumsum(game.num_actions)])
    data, indices, indptr = transition_rows(game)
    states = np.empty((num_episodes, num_steps + 1), dtype=np.int64)
    actions = np.empty((num_episodes, num_steps, game.num_agents), dtype=np.int64)
    rewards = np.empty((num_episodes, num_steps, len(game.rewards_isa)))
    variates = 1 + num_steps * (game.num_agents + 1)
    chunk = max(1, CHUNK // variates)
    for begin in range(0, num_episodes, chunk):
        part = slice(begin, min(begin + chunk, num_episodes))
        uniform = rng.random((part.stop - part.start, variates))
        _episodes(
            uniform, game.start, game.terminal, pi_sa, first_a, game.rewards_isa, data, indices, indptr,
            states[part], actions[part], rewards[part],
        )  # fmt: skip
    if game.common_payoff:
        rewards = rewards[..., 0]
    for array in (states, actions, rewards):
        array.flags.writeable = False
    return Episodes(states, actions, rewards)


def discounted_returns(episodes: Episodes, discount: float) -> FloatArray:
    """Sum the discounted rewards of each episode.

        Σ_t γ^t r_t   over the steps t = 0 … T − 1

    `episodes`  what `simulate` returns
    `discount`  γ, in [0, 1]

    Returns (B,) for a common payoff, else (B, n). Raises `ValueError` where the discount is outside [0, 1].
    """
    instance("episodes", episodes, Episodes, "mathrl.games.Episodes", "simulate makes them")
    weights = proportion("discount", discount) ** np.arange(episodes.rewards.shape[1])
    returns: FloatArray = np.einsum("bt...,t->b...", episodes.rewards, weights)
    return returns


def transition_rows(game: Game) -> tuple[FloatArray, IntArray, IntArray]:
    """The transitions as CSR arrays. Dense rows have all states as columns: no indices are stored for them."""
    transitions: Any = game.transitions
    if game.sparse:
        return transitions.data, transitions.indices.astype(np.int64), transitions.indptr.astype(np.int64)
    return transitions.ravel(), np.empty(0, dtype=np.int64), np.arange(0, transitions.size + 1, game.num_states)


@kernel
def _draw(weights: FloatArray, begin: int, end: int, u: float) -> int:
    """The position in `weights[begin:end]`, whose sum is 1, that the variate u in [0, 1) falls on."""
    total, last = 0.0, begin
    for k in range(begin, end):
        if weights[k] > 0.0:
            total += weights[k]
            last = k
            if u < total:
                break
    return last


@kernel
def _episodes(
    uniform: FloatArray,
    start: FloatArray,
    terminal: Booleans,
    pi_sa: FloatArray,
    first_a: IntArray,
    rewards_isa: FloatArray,
    data: FloatArray,
    indices: IntArray,
    indptr: IntArray,
    out_states: IntArray,
    out_actions: IntArray,
    out_rewards: FloatArray,
) -> None:
    """Write one episode for each row of `uniform`. Agent i's actions are columns first_a[i] … of `pi_sa`."""
    num_actions = rewards_isa.shape[2]
    num_agents = len(first_a) - 1
    for b in range(out_actions.shape[0]):
        s = _draw(start, 0, len(start), uniform[b, 0])
        out_states[b, 0] = s
        used = 1
        for t in range(out_actions.shape[1]):
            if terminal[s]:
                out_actions[b, t:] = -1
                out_rewards[b, t:] = 0.0
                out_states[b, t + 1 :] = s
                break
            a = 0
            for i in range(num_agents):
                own = _draw(pi_sa[s], first_a[i], first_a[i + 1], uniform[b, used]) - first_a[i]
                a = a * (first_a[i + 1] - first_a[i]) + own
                out_actions[b, t, i] = own
                used += 1
            for i in range(out_rewards.shape[2]):
                out_rewards[b, t, i] = rewards_isa[i, s, a]
            row = s * num_actions + a
            entry = _draw(data, indptr[row], indptr[row + 1], uniform[b, used])
            s = indices[entry] if len(indices) > 0 else entry - indptr[row]
            used += 1
            out_states[b, t + 1] = s
