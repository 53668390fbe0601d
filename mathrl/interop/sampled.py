"""A game that was estimated from samples of an environment that draws random numbers: estimates with intervals."""

import warnings
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.base.reproduction import Estimate
from mathrl.games.model import Game
from mathrl.interop.exploring import Explored

__all__ = ["SampledGame", "SampledNumbers", "sampled"]


@cache
def _share(hits: int, runs: int) -> Estimate:
    """Wilson's interval of a share."""
    from mathrl.base.intervals import share  # it brings scipy.stats

    return share(hits, runs)


class SampledNumbers(UserWarning):
    """Numbers of a game were estimated from samples: what is exact of this game is not exact of the environment."""


@dataclass(frozen=True, eq=False)
class SampledGame:
    """A game some of whose numbers are estimates. Solvers take its `game`, and solve that game exactly: no other.

    `game`              the game with the estimates as its rewards and transitions
    `samples`           from how many tries each estimate was made
    `estimated`         (S, A_1, …, A_n): true where the environment drew random numbers; elsewhere all is exact
    `rewards_low`, `rewards_high`
                        the ends of 95 % intervals (Student's) around `game.rewards`, of the same shape
    `transitions_low`, `transitions_high`
                        the ends of 95 % intervals (Wilson's) around the probabilities that `game.transitions` stores:
                        CSR arrays of the same shape (S·A, S)
    `unseen`            the upper end of that interval for a next state that no try of an estimated row led to, and
                        that `transitions` therefore leaves out
    `start_low`, `start_high`
                        (S,): the ends of 95 % intervals around `game.start`

    Each interval covers its own number 19 times in 20; all of them at once hold less often. A reward that was the same
    in all tries has an interval of width 0.
    """

    game: Game
    samples: int
    estimated: Any
    rewards_low: FloatArray
    rewards_high: FloatArray
    transitions_low: Any
    transitions_high: Any
    unseen: float
    start_low: FloatArray
    start_high: FloatArray

    def __repr__(self) -> str:
        return (
            f"<SampledGame: {int(self.estimated.sum())} rows estimated from {self.samples} samples each, {self.game!r}>"
        )


def sampled(explored: Explored, samples: int, starts: dict[Hashable, int] | None) -> SampledGame:
    """The intervals of what was sampled. Warns where anything was; `starts`: how often play started in which state."""
    game = explored.game
    number = {called: s for s, called in enumerate(game.state_names or ())}
    agents = 1 if game.common_payoff else game.num_agents
    whole = (agents, game.num_states, *game.num_actions)
    low, high = game.rewards.reshape(whole).copy(), game.rewards.reshape(whole).copy()
    estimated = np.zeros(whole[1:], dtype=bool)
    ends: dict[tuple[int, int], Estimate] = {}
    for (called, joint), result in explored.results.items():
        if not result.draws:
            continue
        at = (number[called], *joint)
        estimated[at] = True
        for i, paid in enumerate(result.rewards[:agents]):
            low[(i, *at)], high[(i, *at)] = paid.low, paid.high
        row = int(np.ravel_multi_index(at, whole[1:]))
        for following, hits in result.hits.items():
            ends[row, number[following]] = _share(hits, result.draws)
    below, above = _bounds(game, ends)
    first_low, first_high = game.start.copy(), game.start.copy()
    starts = starts or {}
    tries = sum(starts.values())
    first = {number[called]: _share(hits, tries) for called, hits in starts.items()}
    for s, interval in first.items():
        first_low[s], first_high[s] = interval.low, interval.high
    unseen = _share(0, samples).high if estimated.any() else 0.0
    found = SampledGame(
        game,
        samples,
        estimated,
        low.reshape(game.rewards.shape),
        high.reshape(game.rewards.shape),
        below,
        above,
        unseen,
        first_low,
        first_high,
    )
    if estimated.any() or first:
        _warn(found, [*ends.values(), *first.values()], bool(first))
    return found


def _bounds(game: Game, ends: dict[tuple[int, int], Estimate]) -> tuple[Any, Any]:
    """The ends of the intervals of stored probabilities, as CSR arrays like the transitions."""
    from scipy.sparse import coo_array, csr_array

    transitions = csr_array(game.csr_xt if game.sparse else game.dense_xt)
    stored = coo_array(transitions)
    low, high = stored.data.copy(), stored.data.copy()
    for k, pair in enumerate(zip(*(part.tolist() for part in stored.coords), strict=True)):
        if pair in ends:
            low[k], high[k] = ends[pair].low, ends[pair].high
    made = [csr_array((data, transitions.indices, transitions.indptr), shape=transitions.shape) for data in (low, high)]
    return made[0], made[1]


def _warn(found: SampledGame, shares: Sequence[Estimate], start: bool) -> None:
    with np.errstate(invalid="ignore"):  # −∞ where actions are not available
        paid = np.nan_to_num(found.rewards_high - found.rewards_low).max()
    widest = max(interval.high - interval.low for interval in shares)
    rows = f"{int(found.estimated.sum())} of {found.estimated.size} rows from {found.samples} samples each"
    said = (
        f"this game is estimated: {rows}{', and its start' * start}; 95 % intervals are up to {widest:.2g} wide for "
        f"probabilities and {paid:.2g} for rewards. Solvers are exact for this game, not for the environment"
    )
    warnings.warn(said, SampledNumbers, stacklevel=4)
