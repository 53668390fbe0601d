"""Which actions there are in which state, and in which states an episode has ended: masks, as a caller gives them."""

from collections.abc import Iterator, Sequence
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import fail, instance, shape
from mathrl.base.text import shown
from mathrl.games.given import Booleans

__all__ = ["as_available", "as_terminal", "booleans", "equal_rows", "first_available", "joint", "joint_of_others"]


def as_available(
    argument: str, given: Any, num_states: int, num_actions: Sequence[int], terminal: Booleans | None, mend: str = ""
) -> tuple[Booleans, ...] | None:
    """Check per agent a mask (S, A_i) of the actions that there are; None where all of them are available everywhere.

    In one state (A_i,) is enough. Rows of terminal states are ignored. Raises `ValueError` naming the state in which an
    agent has no action, with the `mend` for it.
    """
    if given is None:
        return None
    several = "s" * (len(num_actions) > 1)
    expected = f"{len(num_actions)} array{several} of true and false, (S, A_i), one per agent"
    in_a_list = "" if several else "put it in a list: [mask]"
    if isinstance(given, np.ndarray) and given.ndim == 0:
        given = given.item()
    instance(argument, given, (Sequence, np.ndarray), expected)
    if len(given) != len(num_actions):
        fail(argument, f"has {len(given)} array{'s' * (len(given) != 1)}", expected, in_a_list)
    masks = []
    for i, (mask, actions) in enumerate(zip(given, num_actions, strict=True)):
        name = f"{argument}[{i}]"
        own = booleans(name, mask)
        if num_states == 1 and own.ndim == 1:
            own = own[None]
        shape(name, own, (num_states, actions))
        if terminal is not None:
            own[terminal] = True
        if not own.any(axis=1).all():
            state = int(np.argmin(own.any(axis=1)))
            fail(f"{name}[{state}]", "has no available action", "at least one", mend)
        own.flags.writeable = False
        masks.append(own)
    return None if all(own.all() for own in masks) else tuple(masks)


def as_terminal(argument: str, given: Any, num_states: int) -> Booleans | None:
    """Check a mask (S,) of the states in which an episode has ended; None where there are none."""
    if given is None:
        return None
    mask = booleans(argument, given)
    shape(argument, mask, (num_states,))
    mask.flags.writeable = False
    return mask if mask.any() else None


def joint(available: Sequence[Booleans]) -> Booleans:
    """Which joint actions are available, (S, A_1, …, A_n): those of which every agent's action is."""
    masks: Booleans = reduce(
        lambda all_, own: all_[..., None] & own.reshape(len(own), *[1] * (all_.ndim - 1), -1), available
    )
    return masks


def joint_of_others(available: Sequence[Booleans], agent: int) -> Booleans:
    """Which joint actions of all agents but one are available, (S, B)."""
    num_states = len(available[0])
    everybody = np.ones((num_states, 1), dtype=bool)
    return joint((everybody, *available[:agent], *available[agent + 1 :])).reshape(num_states, -1)


def first_available(own: Booleans) -> Booleans:
    """The mask of the first action alone that is available, in each row of (S, A_i)."""
    return np.asarray(np.arange(own.shape[1]) == own.argmax(axis=1)[:, None])


def equal_rows(mask: Booleans) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    """Give the rows of a mask (S, A) in groups that are equal: the numbers of the rows, and where they are true."""
    kinds, kind_of = np.unique(mask, axis=0, return_inverse=True)
    for number, kind in enumerate(kinds):
        yield np.flatnonzero(kind_of.ravel() == number), np.flatnonzero(kind)


def booleans(argument: str, given: Any) -> Booleans:
    """A copy as true and false; numbers 0 and 1 are taken too."""
    try:
        array = np.array(given)
    except ValueError:
        array = np.empty(0, dtype=object)
    if array.dtype.kind not in "biuf" or not np.isin(array, (0, 1)).all():
        fail(argument, f"is {shown(given)}", "an array of true and false")
    return np.ascontiguousarray(array, dtype=np.bool_)
