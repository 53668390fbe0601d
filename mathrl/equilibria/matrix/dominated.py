"""Actions of a matrix game that are dominated by so much that the principal branch is that of the game without them.

A trace measures its way in log ratios. Where one action loses 1e4 to another whatever the others play, its log ratio
moves by 1e4 per unit of rationality, and steps that are right for it are too long for all others.

Let each action that is left out lose at least m to one that is kept, whatever the others play of what is kept. With

    λ_1 = E/m,   E = 50 + log(1 + ‖r‖∞/m)                                                        (1)

each of them has a probability of at most exp(−E) at λ ≥ λ_1, in every equilibrium: what it adds to payoffs is below
their rounding. If the game without them has one equilibrium at λ_1, since λ_1 times its Lipschitz constant is below 1
(`mathrl.equilibria.matrix.uniqueness`), then so has the whole game. So both branches pass through it, and neither comes
back to λ_1 afterwards, as there is nowhere else to pass. From there on they are the same curve, up to rounding.
"""

from collections.abc import Sequence
from math import log1p

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.equilibria.matrix.uniqueness import constant_of
from mathrl.games.given import Booleans

__all__ = ["enormous", "without_dominated"]

_RARE = 50.0
"""exp(−50) is 2e-22, a millionth of the rounding of a probability."""

_SAFELY = 0.95
"""The share of the range in which the equilibrium is proved unique that is relied on: the constant is rounded."""

_ENORMOUS = 1e6
"""The spread of payoffs, times the rationality, from which on dominated actions are left out before a trace."""


def enormous(r_bma: FloatArray, rationality: float) -> Booleans:
    """Whether payoffs (…, m, A) differ by so much that a trace may take all its steps in log ratios of rare actions."""
    spread_bm = r_bma.max(axis=-1) - r_bma.min(axis=-1)
    return np.asarray(rationality * spread_bm.max(axis=-1) > _ENORMOUS)


def without_dominated(r_ma: FloatArray, num_actions: Sequence[int], rationality: float) -> tuple[Booleans, ...] | None:
    """Say which actions are left, per agent (A_i,), in a game whose branch is the same at a rationality; None: all.

    `r_ma` are the payoffs (m, A), joint actions in C order, m = 1 for a common payoff, else n. The actions that lose
    most are left out first, and after them those that only then are dominated.
    """
    payoffs = [r_a.reshape(num_actions) for r_a in r_ma]
    kept = [np.ones(actions, dtype=bool) for actions in num_actions]
    found, least, size = None, np.inf, float(np.abs(r_ma).max())
    while (worst := _worst(payoffs, kept)) is not None:
        margin, agent, action = worst
        least = min(least, margin)
        kept[agent][action] = False
        small = np.stack([own[np.ix_(*kept)].ravel() for own in payoffs])
        constant = constant_of(small, np.array([own.sum() for own in kept]))
        first = (_RARE + log1p(size / least)) / least  # (1)
        if first <= rationality and first * constant <= _SAFELY:
            found = tuple(own.copy() for own in kept)
    return found


def _worst(payoffs: list[FloatArray], kept: list[Booleans]) -> tuple[float, int, int] | None:
    """The action that loses most to another whatever is played, the first of equals: how much, whose, and which."""
    best: tuple[float, int, int] | None = None
    for agent, mask in enumerate(kept):
        own = payoffs[0 if len(payoffs) == 1 else agent][np.ix_(*kept)]
        own_ab = np.moveaxis(own, agent, 0).reshape(mask.sum(), -1)
        for action, row in zip(np.flatnonzero(mask).tolist(), own_ab, strict=True):
            margin = float((own_ab - row).min(axis=1).max())
            if margin > (0.0 if best is None else best[0]):
                best = margin, agent, action
    return best
