"""A hint where a reward looks like a mask, as codes have it that forbid an action by a large negative reward."""

import warnings

import numpy as np

from mathrl.base.checks import FloatArray, entry

__all__ = ["MaskLikeReward", "hint_at_masks"]

_LARGE, _TIMES = 1e5, 1e4
"""A reward looks like a mask where it is at most −1e5, and 1e4 times as large as all rewards above −1e5."""

_said: list[str] = []


class MaskLikeReward(UserWarning):
    """A reward looks like the mark of an action that is not available: there is `available` to say so."""


def hint_at_masks(name: str, rewards: FloatArray) -> None:
    """Warn, once in a process, where a reward looks like a mask; `name` is what the message calls the array."""
    least = rewards.min()
    if least > -_LARGE or _said:
        return
    others = np.abs(rewards[rewards > -_LARGE]).max(initial=0.0)
    if others == 0 or least / _TIMES > -others:
        return
    where = entry(name, np.unravel_index(rewards.argmin(), rewards.shape))
    mend = "if it forbids an action, give the actions that there are as available instead, which loses no digits"
    _said.append(f"{where} is {least:g} and looks like a mask, as others are at most {others:g} in size: {mend}")
    warnings.warn(_said[0], MaskLikeReward, stacklevel=4)
