"""Optimal, soft-optimal and a policy's own values with 200 digits, and what a double leaves of them.

The numbers of a game are doubles, and so exact here. Policy iteration ends when no action is better; Newton's method
for the soft maximum begins there, and ends when no value moves.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

import mpmath
import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.games import Game

__all__ = ["Exact", "Soft", "optimum", "own_values", "plain_soft", "responses", "rommeo_soft", "soft_optimum"]

Soft = Callable[[list[Any], int], tuple[Any, list[Any]]]
"""A soft maximum of one state: (Q (A,), the state) to its value and the weights w (A,) that attain it."""

mpmath.mp.dps = 200
_EPS = mpmath.mpf(2) ** -52
_STEPS = 300


@dataclass(frozen=True)
class Exact:
    """V (S,), Q (S, A), the weights w (S, A) that attain V, and the largest floor of the states that w reaches."""

    v: list[Any]
    q: list[list[Any]]
    w: list[list[Any]]
    floor: Any
    objective: Any


class _Parts:
    """The numbers of a game in play, without change."""

    def __init__(self, game: Game) -> None:
        game = game.in_play
        self.r = [[mpmath.mpf(float(x)) for x in row] for row in game.rewards_isa[0]]
        dense = np.asarray(game.transitions).reshape(game.num_states, -1, game.num_states)
        self.P = [[[mpmath.mpf(float(x)) for x in row] for row in rows] for rows in dense]
        self.discount, self.start = mpmath.mpf(game.discount), [mpmath.mpf(float(x)) for x in game.start]
        self.states, self.actions = range(game.num_states), range(game.num_joint_actions)

    def q(self, v: list[Any]) -> list[list[Any]]:
        g = self.discount
        return [[self.r[s][a] + g * mpmath.fdot(self.P[s][a], v) for a in self.actions] for s in self.states]

    def values(self, w: list[list[Any]], bonus: list[Any]) -> list[Any]:
        """V of the policy w, which also gets `bonus` in each state."""
        size = len(self.r)
        system, right = mpmath.eye(size), mpmath.matrix(size, 1)
        for s in self.states:
            right[s] = mpmath.fdot(w[s], self.r[s]) + bonus[s]
            for a, t in product(self.actions, self.states):
                system[s, t] -= self.discount * w[s][a] * self.P[s][a][t]
        return list(mpmath.lu_solve(system, right))

    def exact(self, v: list[Any], w: list[list[Any]]) -> Exact:
        reached = {s for s in self.states if self.start[s] > 0}
        for _ in self.states:
            reached |= {t for s in reached for a in self.actions for t in self.states if w[s][a] * self.P[s][a][t] > 0}
        sizes = [abs(x) for x in v]
        floor = max(
            max(sizes[s], sum(w[s][a] * (abs(self.r[s][a]) + self.discount * mpmath.fdot(self.P[s][a], sizes))
                              for a in self.actions))
            for s in reached
        )  # fmt: skip
        return Exact(v, self.q(v), w, _EPS * floor, mpmath.fdot(self.start, v))


def optimum(game: Game) -> Exact:
    """The optimal values, by policy iteration."""
    parts = _Parts(game)
    chosen = [0 for _ in parts.states]
    while True:
        w = [[mpmath.mpf(a == chosen[s]) for a in parts.actions] for s in parts.states]
        v = parts.values(w, [0] * len(w))
        q = parts.q(v)
        better = [max(parts.actions, key=lambda a, s=s: q[s][a]) for s in parts.states]
        # What 200 digits leave of equal values is no improvement.
        moved = [b if q[s][b] - q[s][c] > abs(q[s][b]) * mpmath.mpf(10) ** -120 else c
                 for s, (b, c) in enumerate(zip(better, chosen, strict=True))]  # fmt: skip
        if moved == chosen:
            return parts.exact(v, w)
        chosen = moved


def plain_soft(temperature: float, prior_sa: FloatArray | None = None) -> Soft:
    """α log Σ P(a) exp(Q(a)/α), with P = 1 unless it is given."""
    alpha = mpmath.mpf(temperature)

    def soft(q: list[Any], s: int) -> tuple[Any, list[Any]]:
        p = [mpmath.mpf(1)] * len(q) if prior_sa is None else list(map(mpmath.mpf, map(float, prior_sa[s])))
        largest = max(x for x, share in zip(q, p, strict=True) if share > 0)
        weights = [share * mpmath.exp((x - largest) / alpha) for x, share in zip(q, p, strict=True)]
        total = mpmath.fsum(weights)
        return largest + alpha * mpmath.log(total), [x / total for x in weights]

    return soft


def rommeo_soft(game: Game, agent: int, temperature: float, weight: float, prior_sb: FloatArray) -> Soft:
    """κ log Σ_b P(b) (Σ_a exp(Q(a, b)/α))^{α/κ}, with a the action of one agent and b that of the others."""
    numbers = np.moveaxis(np.arange(game.num_joint_actions).reshape(game.num_actions), agent, -1)
    numbers_ba = numbers.reshape(-1, game.num_actions[agent])
    within = plain_soft(temperature)

    def soft(q: list[Any], s: int) -> tuple[Any, list[Any]]:
        inner = [within([q[x] for x in row], s) for row in numbers_ba]
        value, rho = plain_soft(weight, prior_sb)([own for own, _ in inner], s)
        w = [mpmath.mpf(0)] * len(q)
        for share, row, (_, pi) in zip(rho, numbers_ba, inner, strict=True):
            for x, p in zip(row, pi, strict=True):
                w[x] = share * p
        return value, w

    return soft


def soft_optimum(game: Game, soft: Soft) -> Exact:
    """The values of V = soft(r + γ P V), by Newton's method."""
    parts, v = _Parts(game), optimum(game).v
    for _ in range(_STEPS):
        q = parts.q(v)
        reached = [soft(row, s) for s, row in enumerate(q)]
        w = [weights for _, weights in reached]
        bonus = [value - mpmath.fdot(own, row) for (value, own), row in zip(reached, q, strict=True)]
        before, v = v, parts.values(w, bonus)
        if all(abs(x - y) <= abs(x) * mpmath.mpf(10) ** -100 for x, y in zip(v, before, strict=True)):
            return parts.exact(v, w)
    raise ArithmeticError("Newton's method did not end")


def own_values(game: Game, joint_sa: FloatArray, bonus: list[Any] | None = None) -> Exact:
    """The values of a joint policy, each row of which is taken as it is but for its sum."""
    parts = _Parts(game)
    w = _rows(game, joint_sa)
    return parts.exact(parts.values(w, bonus or [0] * len(w)), w)


def responses(game: Game, policy: tuple[FloatArray, ...], temperature: float) -> tuple[Any, Any, Any]:
    """The largest |π − softmax(Q^i/α)| at the exact team-entropy values of π, in floors of its state and as it is.

    A floor is eps, or by how much roundings of Q^i over α move the response. The values are returned, too.
    """
    parts, alpha = _Parts(game), mpmath.mpf(temperature)
    pi = [_rows(game, own) for own in policy]
    actions = list(np.ndindex(game.num_actions))
    w = [[mpmath.fprod(pi[i][s][a[i]] for i in range(len(pi))) for a in actions] for s in parts.states]
    bonus = [alpha * sum(_entropy(own[s]) for own in pi) for s in parts.states]
    exact = parts.exact(parts.values(w, bonus), w)
    sizes, worst, widest = [abs(x) for x in exact.v], mpmath.mpf(0), mpmath.mpf(0)
    for i, s in product(range(len(pi)), parts.states):
        own, rounded = [mpmath.mpf(0)] * game.num_actions[i], [mpmath.mpf(0)] * game.num_actions[i]
        for x, a in enumerate(actions):
            others = mpmath.fprod(pi[j][s][a[j]] for j in range(len(pi)) if j != i)
            own[a[i]] += others * exact.q[s][x]
            rounded[a[i]] += others * (abs(parts.r[s][x]) + parts.discount * mpmath.fdot(parts.P[s][x], sizes))
        rho = _softmax(own, alpha)
        moves = sum(p * (1 - p) * size / alpha for p, size in zip(rho, rounded, strict=True))
        gap = max(abs(p - x) for p, x in zip(rho, pi[i][s], strict=True))
        worst, widest = max(worst, gap / (_EPS * max(mpmath.mpf(1), moves))), max(widest, gap)
    return worst, widest, exact


def _rows(game: Game, policy_sa: FloatArray) -> list[list[Any]]:
    """A policy that sums to 1 in every state; at an end it plays the first action."""
    ended = np.zeros(game.num_states, bool) if game.ended is None else game.ended
    rows = np.where(ended[:, None], np.eye(policy_sa.shape[1])[0], policy_sa)
    return [[mpmath.mpf(float(x)) / mpmath.fsum(map(float, row)) for x in row] for row in rows]


def _softmax(q: list[Any], alpha: Any) -> list[Any]:
    largest = max(q)
    weights = [mpmath.exp((x - largest) / alpha) for x in q]
    return [x / mpmath.fsum(weights) for x in weights]


def _entropy(w: list[Any]) -> Any:
    return -mpmath.fsum(x * mpmath.log(x) for x in w if x > 0)
