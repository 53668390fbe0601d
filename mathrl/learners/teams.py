"""Pieces for learners of a team in a matrix game: its payoffs, starts, orders, and marginals of a joint table."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray, fail
from mathrl.base.compile import inner
from mathrl.games import Game
from mathrl.games.policies import as_initial_policy
from mathrl.learners.pieces import IntArray, Payoffs, draw, joint_action, payoffs

__all__ = ["copied", "marginal", "ordered", "play", "soft_step", "start", "team"]


def team(game: Game, learner: str) -> Payoffs:
    """The payoffs of a team, in which each agent is paid the same.

    Raises `ValueError` where the agents are paid differently, and as `payoffs` does.
    """
    found = payoffs(game)
    if not game.common_payoff:
        fail("game", "pays its agents differently", "a game with a common payoff", f"{learner} maximises one return")
    return found


def start(game: Game, initial_policy: Sequence[Any] | None, *, positive: bool) -> FloatArray:
    """The first policies, padded to (n, largest A_i); uniform by default.

    With `positive` all probabilities must be above 0, as those of softmax policies are.
    """
    given = as_initial_policy(game, initial_policy)
    padded = np.zeros((game.num_agents, max(game.num_actions)))
    for i, pi in enumerate(given):
        if positive and not (pi > 0).all():
            fail(f"initial_policy[{i}]", "has probabilities of 0", "positive ones", "a softmax has no others")
        padded[i, : pi.shape[-1]] = pi[0]
    return padded


@inner
def copied(pi_ia: FloatArray, out_ia: FloatArray) -> None:
    """Write one table into another. (An assignment of slices takes seconds to compile.)"""
    for i in range(pi_ia.shape[0]):
        for a in range(pi_ia.shape[1]):
            out_ia[i, a] = pi_ia[i, a]


@inner
def ordered(rng: np.random.Generator, shuffle: bool, order_i: IntArray) -> None:
    """Write 0, 1, … to `order_i`, and shuffle it (Fisher and Yates) with one variate an agent but the first."""
    for i in range(len(order_i)):
        order_i[i] = i
    if shuffle:
        for i in range(len(order_i) - 1, 0, -1):
            j = min(int(rng.random() * (i + 1)), i)
            order_i[i], order_i[j] = order_i[j], order_i[i]


@inner
def play(rng: np.random.Generator, pi_ia: FloatArray, sizes: IntArray, actions_i: IntArray) -> int:
    """Draw each agent's action, agent 0 first, and return the number of the joint action."""
    for i in range(len(sizes)):
        actions_i[i] = draw(rng, pi_ia[i], sizes[i])
    return joint_action(actions_i, sizes)


@inner
def marginal(q_a: FloatArray, pi_ia: FloatArray, own_ia: IntArray, agent: int, out_a: FloatArray) -> None:
    """Write E_{a^{-i} ~ π^{-i}}[q(a)] of each of the agent's actions."""
    for a in range(len(out_a)):
        out_a[a] = 0.0
    for a in range(len(q_a)):
        weight = 1.0
        for j in range(len(own_ia)):
            if j != agent:
                weight *= pi_ia[j, own_ia[j, a]]
        out_a[own_ia[agent, a]] += weight * q_a[a]


@inner
def soft_step(x_a: FloatArray, size: int, temperature: float, part: float, pi_a: FloatArray) -> None:
    """Replace π by π^{1 − part} exp(part · x/temperature) / Σ, computed in logarithms; `part` in (0, 1]."""
    largest = -math.inf
    for a in range(size):
        x_a[a] = part * x_a[a] / temperature
        if part < 1.0:
            x_a[a] += (1.0 - part) * (math.log(pi_a[a]) if pi_a[a] > 0.0 else -math.inf)
        largest = max(largest, x_a[a])
    total = 0.0
    for a in range(size):
        pi_a[a] = math.exp(x_a[a] - largest)
        total += pi_a[a]
    for a in range(size):
        pi_a[a] /= total
