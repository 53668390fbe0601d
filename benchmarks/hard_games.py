"""Small games that are hard for doubles, by seed: numbers of mixed scale in reached, unreached and unplayed places."""

from dataclasses import dataclass

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.games import Game

__all__ = ["Hard", "hard"]

_DISCOUNTS = (0.0, 0.5, 0.9, 0.99, 1 - 1e-4, 1 - 1e-8, 1 - 1e-12, 1 - 1e-14)


@dataclass(frozen=True)
class Hard:
    """A game, a temperature, and what was done to make it hard."""

    game: Game
    temperature: float
    kinds: tuple[str, ...]


def hard(seed: int) -> Hard:
    """Make a common-payoff game of up to 2 agents, 4 states and 3 actions each, with up to three difficulties.

    In some games actions are not available, and in some each step may end the episode: the discount may be 1 there.
    """
    rng = np.random.default_rng((12, seed))
    num_states, num_actions = int(rng.integers(1, 5)), tuple(map(int, rng.integers(1, 4, rng.integers(1, 3))))
    shape = (num_states, *num_actions)
    rewards, transitions = rng.normal(size=shape), rng.dirichlet(np.ones(num_states), size=shape)
    if rng.random() < 0.3:  # zero probabilities
        transitions = np.eye(num_states)[transitions.argmax(axis=-1)]
    start = np.full(num_states, 1 / num_states)
    kinds = tuple(sorted(rng.choice(list(_KINDS), size=rng.integers(0, 4), replace=False)))
    for kind in kinds:
        rewards, transitions, start = _KINDS[kind](rng, rewards, transitions, start)
    exponent = rng.uniform(-14, 2) if rng.random() < 0.9 else rng.uniform(-200, -14)
    discount, masks, terminal = float(rng.choice(_DISCOUNTS)), None, None
    if rng.random() < 0.2:
        kinds += ("masked",)
        masks = [rng.random((len(rewards), actions)) < 0.6 for actions in num_actions]
        for own in masks:
            own[:, 0] = True
    if rng.random() < 0.2:
        kinds += ("ended",)
        rewards, transitions, start, terminal = _with_end(rng, rewards, transitions, start)
        discount = float(rng.choice([discount, 1.0]))
        masks = masks and [np.vstack([own, np.ones_like(own[:1])]) for own in masks]
    game = Game.stochastic(rewards, transitions, discount, start, available=masks, terminal=terminal)
    return Hard(game, float(10.0**exponent), kinds)


def _with_end(
    rng: np.random.Generator, r: FloatArray, P: FloatArray, start: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """One more state, in which the episode has ended; each step leads there with some probability."""
    ending = 10.0 ** rng.uniform(-3, 0, size=(*r.shape, 1))
    wider = np.zeros((len(r) + 1, *P.shape[1:-1], len(r) + 1))
    wider[:-1] = np.concatenate([P * (1 - ending), ending], axis=-1)
    wider[-1, ..., -1] = 1.0
    return np.concatenate([r, 0 * r[:1]]), wider, np.append(start, 0.0), np.arange(len(r) + 1) == len(r)


Parts = tuple[FloatArray, FloatArray, FloatArray]


def _forbidden(rng: np.random.Generator, r: FloatArray, P: FloatArray, start: FloatArray) -> Parts:
    """Some joint actions cost very much; the first one does not."""
    where = rng.random(r.shape) < 0.4
    where.reshape(len(r), -1)[:, 0] = False
    return np.where(where, -(10.0 ** rng.uniform(3, 60)), r), P, start


def _unreached(rng: np.random.Generator, r: FloatArray, P: FloatArray, start: FloatArray) -> Parts:
    """One more state, which nothing leads to, with large rewards."""
    large = rng.choice([-1, 1]) * 10.0 ** rng.uniform(3, 60) * rng.random((1, *r.shape[1:]))
    wider = np.zeros((len(r) + 1, *P.shape[1:-1], len(r) + 1))
    wider[:-1, ..., :-1] = P
    wider[-1] = rng.dirichlet(np.ones(len(r) + 1), size=P.shape[1:-1])
    return np.concatenate([r, large]), wider, np.append(start, 0.0)


def _reached(rng: np.random.Generator, r: FloatArray, P: FloatArray, start: FloatArray) -> Parts:
    """One state has large rewards."""
    scale_s = np.ones(len(r))
    scale_s[rng.integers(len(r))] = 10.0 ** rng.uniform(0, 12)
    return r * scale_s.reshape(-1, *[1] * (r.ndim - 1)), P, start


def _mixed(rng: np.random.Generator, r: FloatArray, P: FloatArray, start: FloatArray) -> Parts:
    """Every reward has a scale of its own."""
    return r * 10.0 ** rng.uniform(-9, 3, size=r.shape), P, start


def _rare(rng: np.random.Generator, r: FloatArray, P: FloatArray, start: FloatArray) -> Parts:
    """Every probability has a scale of its own."""
    weights = P * 10.0 ** rng.uniform(-12, 0, size=P.shape)
    return r, weights / weights.sum(axis=-1, keepdims=True), start


def _offset(rng: np.random.Generator, r: FloatArray, P: FloatArray, start: FloatArray) -> Parts:
    """A constant in all rewards."""
    return r + 10.0 ** rng.uniform(0, 8), P, start


def _tie(rng: np.random.Generator, r: FloatArray, P: FloatArray, start: FloatArray) -> Parts:
    """The last action of the first agent is its first one again."""
    r, P = r.copy(), P.copy()
    r[:, -1], P[:, -1] = r[:, 0], P[:, 0]
    return r, P, start


def _near_tie(rng: np.random.Generator, r: FloatArray, P: FloatArray, start: FloatArray) -> Parts:
    """The same, but for a little more reward."""
    r, P, start = _tie(rng, r, P, start)
    r[:, -1] += np.abs(r[:, -1]) * 10.0 ** rng.uniform(-15, -6)
    return r, P, start


_KINDS = {
    "forbidden": _forbidden,
    "unreached": _unreached,
    "reached": _reached,
    "mixed": _mixed,
    "rare": _rare,
    "offset": _offset,
    "tie": _tie,
    "near-tie": _near_tie,
}
