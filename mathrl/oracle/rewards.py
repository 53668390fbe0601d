"""Mistakes in the rewards: how often they count, and rewards that a code has standardised.

    (r − m)/σ in place of r adds  (rewarded − m · ones)/σ  in place of `rewarded`,                           (1)

where `ones` is what a reward of 1 in every step adds.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.games.model import Game
from mathrl.oracle.counted import zeroed
from mathrl.oracle.diagnose import Mistake

__all__ = ["of_rewards", "paid_ones", "without_rewards"]

STANDARDISED = "with standardised rewards, (r {sign} {mean:.6g})/{deviation:.6g}"

_ENOUGH = 4
"""How many different numbers the rewards must add for two weights that suit them not to be a coincidence."""

_VISIBLE = 1e-4
"""The share of what the rewards add that a shift of them must change somewhere for it to be told from rounding."""


def of_rewards(
    game: Game, theirs: FloatArray, exact: FloatArray, rewarded: FloatArray, ones: FloatArray
) -> Iterator[Mistake]:
    """Yield mistakes in the rewards; `rewarded` is what they add to the exact numbers, and `ones` that of (1)."""
    rest, rewarded = exact - rewarded, np.broadcast_to(rewarded, exact.shape)
    known = [(0.0, "without the rewards")]
    yield Mistake(rest, rewarded, known, "with rewards {weight:.6g} times the game's")
    for mean, deviation in _of_the_table(game):
        if deviation > 0:
            phrase = _standardised(mean, deviation)
            yield Mistake.instead(rest + (rewarded - mean * ones) / deviation, phrase)  # (1)
    if np.unique(rewarded).size < _ENOUGH:
        return
    scale, shift = _fitted(theirs - rest, rewarded, np.broadcast_to(ones, exact.shape))
    moved = np.abs(rewarded - ones * (rewarded * ones).sum() / max(float((ones**2).sum()), 1e-300)).max()
    size = np.abs(rewarded).max()
    if scale > 0 and abs(shift) * np.abs(ones).max() > _VISIBLE * scale * size and moved > _VISIBLE * size:
        phrase = _standardised(-shift / scale, 1 / scale)
        if abs(scale - 1) <= _VISIBLE:
            if np.ptp(ones[ones != 0]) <= _VISIBLE * np.abs(ones).max():
                return  # the same constant everywhere, which is said as such
            phrase = f"with {shift:.6g} added to every reward"
        yield Mistake.instead(rest + scale * rewarded + shift * ones, phrase, fitted=True)


def paid_ones(game: Game) -> Game:
    """The game in which every step pays 1, and what counts nowhere nothing."""
    cells = np.ones((game.num_states, *game.num_actions))
    return replace(game, rewards=zeroed(game, cells), common_payoff=True)


def without_rewards(game: Game) -> Game:
    """The game with all rewards 0."""
    return replace(game, rewards=np.zeros_like(game.rewards))


def _standardised(mean: float, deviation: float) -> str:
    return STANDARDISED.format(sign="+" if mean < 0 else "−", mean=abs(mean), deviation=deviation)


def _of_the_table(game: Game) -> Iterator[tuple[float, float]]:
    """Mean and deviation of all rewards that there are, as NumPy and as PyTorch compute it."""
    counted = zeroed(game, np.ones((game.num_states, *game.num_actions))).astype(bool)
    rewards = game.rewards[..., counted]
    yield float(rewards.mean()), float(rewards.std())
    if rewards.size > 1:
        yield float(rewards.mean()), float(rewards.std(ddof=1))


def _fitted(difference: FloatArray, rewarded: FloatArray, ones: FloatArray) -> tuple[float, float]:
    """The weights of `rewarded` and `ones` whose sum is nearest to the difference, by least squares."""
    largest = float(np.abs(rewarded).max()) or 1.0
    if not (np.isfinite(difference).all() and np.isfinite(rewarded).all()):
        return 0.0, 0.0
    columns = np.stack([rewarded.ravel() / largest, ones.ravel()], axis=1)
    weights, *_ = np.linalg.lstsq(columns, difference.ravel(), rcond=None)
    return float(weights[0]) / largest, float(weights[1])
