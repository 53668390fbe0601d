"""A hint where a reward looks like a mask, as codes have it that forbid an action by a large negative reward."""

import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray, entry
from mathrl.base.text import shown

__all__ = ["MaskLikeReward", "hint_at_masks"]

_LARGE, _TIMES = 1e5, 1e4
"""A reward looks like a mask where it is at most −1e5, and 1e4 times as large as all rewards above −1e5."""

_MATHRL = str(Path(__file__).parents[1]) + os.sep
"""The folder of this package: the warning is about the line outside it."""

_said: list[str] = []


class MaskLikeReward(UserWarning):
    """A reward looks like the mark of an action that is not available: there is `available` to say so.

    It is at most −1e5, and 1e4 times as large as all rewards above −1e5. This is said once in a process.
    """


def hint_at_masks(name: str, rewards: FloatArray, state_names: Sequence[Any] | None) -> None:
    """Warn, once in a process, where a reward looks like a mask; `name` is what the message calls the array."""
    least = rewards.min()
    if least > -_LARGE or _said:
        return
    others = np.abs(rewards[rewards > -_LARGE]).max(initial=0.0)
    if others == 0 or least / _TIMES > -others:
        return
    index = np.unravel_index(rewards.argmin(), rewards.shape)
    where = entry(name, index) + ("" if state_names is None else f", in state {shown(state_names[int(index[0])])},")
    mend = "if it forbids an action, give the actions that there are as available instead, which loses no digits"
    _said.append(f"{where} is {least:g} and looks like a mask, as others are at most {others:g} in size: {mend}")
    warnings.warn(_said[0], MaskLikeReward, stacklevel=_levels_up())


def _levels_up() -> int:
    """How many frames up, for `warn` in the function that calls this one, the first is that is not of this package."""
    level, frame = 1, sys._getframe(1)
    while frame.f_code.co_filename.startswith(_MATHRL) and frame.f_back is not None:
        level, frame = level + 1, frame.f_back
    return level
