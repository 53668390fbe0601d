"""Several critics of one policy, and what may go wrong where they are made one.

    y = r + γ P V,   V = E_π[min_c Q_c] + bonus,   or a mean or maximum over c in place of the minimum       (1)

They are joined for each joint action, before the expectation.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray, choice
from mathrl.games.model import Game
from mathrl.games.policies import Policy
from mathrl.operators import soft_value
from mathrl.oracle.diagnose import Mistake

__all__ = ["joined", "twin_mistakes"]

_JOINS: dict[str, Callable[..., Any]] = {"minimum": np.min, "mean": np.mean, "maximum": np.max}


def joined(critics: Sequence[FloatArray], how: str) -> FloatArray:
    """One Q of several in the way of (1); `how` is "minimum", "mean" or "maximum"."""
    return np.asarray(_JOINS[choice("critics", how, _JOINS)](critics, axis=0))


def twin_mistakes(
    game: Game,
    policy: Policy,
    critics: Sequence[FloatArray],
    how: str,
    target: Callable[..., FloatArray],
    **kind: Any,
) -> Iterator[Mistake]:
    """Yield targets from several critics that are joined in another way; none where there is one critic."""
    if len(critics) < 2:
        return
    values = [np.asarray(soft_value(critic, policy, **kind)) for critic in critics]
    for other in _JOINS:
        if other != how:
            v = np.asarray(soft_value(joined(critics, other), policy, **kind))
            yield Mistake.instead(target(game, v=v, **kind), f"with the {other} of the critics, not their {how}")
    if how != "mean":
        phrase = f"with the {how} over critics of their mean values, not the mean of their {how}"
        yield Mistake.instead(target(game, v=_JOINS[how](values, axis=0), **kind), phrase)
    for c, v in enumerate(values):
        yield Mistake.instead(target(game, v=v, **kind), f"with critic {c} alone, not the {how} of the critics")
