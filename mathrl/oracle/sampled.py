"""Targets of sampled steps, as a replay buffer keeps them: what of them is an end, and what a time limit cuts.

    y_t = r_t + γ (1 − d_t) [(1 − λ_t) v_{t+1} + λ_t (bonus_{t+1} + y_{t+1})]                                (1)

d_t says that step t ended the episode (`terminated`), and λ_t is 0 where a time limit cut it (`truncated`), after the
last step that was stored, and after n steps; else it is λ, or 1 for n steps. The means of (1) are what
`mathrl.oracle.targets` computes.
"""

from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray, count, fail, finite, proportion, shape
from mathrl.games.given import Booleans
from mathrl.oracle.arrays import floats, numbers

__all__ = ["sampled_target"]


def sampled_target(
    rewards: Any,
    *,
    following: Any,
    terminated: Any,
    truncated: Any,
    discount: float,
    bonus: Any = 0.0,
    steps: int = 1,
    trace_decay: float | None = None,
) -> FloatArray:
    """Compute the targets of stored steps that follow each other   (hasac Eq. 5, soft-qmix Eq. 7, sampled).

        y_t = r_t + γ (1 − d_t) [(1 − λ_t) v_{t+1} + λ_t (bonus_{t+1} + y_{t+1})]                            (1)

    `rewards`      r_t, (T,), or (T, …) of several rollouts side by side
    `following`    v_{t+1}, shaped as rewards: the soft value of the state that step t led to, with its own entropy;
                   after a cut of the state in which the episode was cut, not of the first one of the next episode
    `terminated`   d_t, shaped as rewards, of true and false: the episode ended with this step, and nothing is
                   bootstrapped
    `truncated`    of true and false in the same way: a time limit cut the episode here, and the target bootstraps
    `discount`     γ, in [0, 1]
    `bonus`        what entropy adds in the state that step t led to, such as −α Σ_j log π^j; a number or shaped as
                   rewards, default 0
    `steps`        n ≥ 1, default 1
    `trace_decay`  λ of TD(λ), in [0, 1]; None: n steps

    The last step bootstraps as if it was cut there.

    Returns y, shaped as rewards. Raises `ValueError` naming the argument.

    >>> stored = {"terminated": [False, False, True], "truncated": [False, True, False], "discount": 0.5}
    >>> sampled_target([1.0, 1.0, 1.0], following=[8.0, 8.0, 8.0], steps=3, **stored).tolist()   # 1 + ½ + 8/4, cut, end
    [3.5, 5.0, 1.0]
    """
    r = floats("rewards", rewards)
    if r.ndim == 0 or len(r) == 0:
        fail("rewards", f"has shape {r.shape}", "(T,), at least one step")
    d, cut = _flags("terminated", terminated, r), _flags("truncated", truncated, r)
    v, added = _where_on("following", following, d), _where_on("bonus", bonus, d)
    gamma = proportion("discount", discount)
    n = count("steps", steps, 1)
    decay = 1.0 if trace_decay is None else proportion("trace_decay", trace_decay)
    if trace_decay is not None and n != 1:
        fail("trace_decay", "is given together with steps", "one of the two")
    cut[-1] = True
    ahead = gamma * ~d
    bootstrapped = r + ahead * v
    if trace_decay is not None:
        y = bootstrapped.copy()
        for t in range(len(r) - 2, -1, -1):
            y[t] += ahead[t] * decay * ~cut[t] * (added[t] + y[t + 1] - v[t])  # (1)
        return y
    y = bootstrapped
    for _ in range(n - 1):
        later = np.concatenate([y[1:], y[-1:]])
        y = np.where(cut, bootstrapped, r + ahead * (added + later))  # (1)
    return y


def _flags(name: str, given: Any, rewards: FloatArray) -> Booleans:
    """True and false in the shape of the rewards."""
    array = floats(name, given)
    shape(name, array, rewards.shape)
    if not np.isin(array, (0, 1)).all():
        fail(name, "holds other numbers than 0 and 1", "true or false for each step")
    return array > 0


def _where_on(name: str, given: Any, ended: Booleans) -> FloatArray:
    """Numbers in the shape of the rewards, or one for all; 0 where an episode ended, whatever is given there."""
    array = numbers(name, given)
    if array.ndim:
        shape(name, array, ended.shape)
    return finite(name, np.where(ended, 0.0, array))
