"""The exact numbers in a wrong place: agents exchanged, joint actions or states in another order.

    theirs(s, a) = exact(σ(s), τ(a))                                                                        (1)

Two agents that are exchanged, and joint actions that are numbered from the last agent to the first, have a name. Any
other order is found by sorting one number for each state, or for each joint action, which depends on all of its
entries that count. It was chosen to suit the numbers, and so has to explain them all. Those that are alike stay where
they are if they can, so that rounding does not decide which of them has moved.

Where (1) takes a number from a place that counts nowhere, such as an end or an unavailable action, it may be anything,
and explains nothing. An order of which some places are such has to explain all the others, and more than half of them.
"""

from collections.abc import Callable, Iterator
from itertools import combinations

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray
from mathrl.games.given import Booleans
from mathrl.games.model import Game
from mathrl.games.naming import agents_label, joint_action_label, state_label
from mathrl.oracle.counted import counts
from mathrl.oracle.diagnose import ENOUGH, Mistake
from mathrl.oracle.wrong_backups import exchanged_values

__all__ = ["rearranged"]

_GOLDEN = (5**0.5 - 1) / 2

_ALIKE = 1e-9
"""Times the largest of the numbers that are sorted: those that differ by less do so by rounding."""

_NEAR = 1e-3
"""Times the same: those of theirs that differ by more from all exact ones come from a place that counts nowhere."""

_SHOWN = 4
"""How many states or joint actions that have moved are shown."""


def rearranged(game: Game, theirs: FloatArray, exact: FloatArray, *, array: str, agent_axis: bool) -> Iterator[Mistake]:
    """Yield (1) for the orders that may explain `theirs`; `array` is "q" or "v", a target counts as a q."""
    if agent_axis:
        for (i, j), places in exchanged_values(game):
            phrase = f"with the values of {agents_label(game.agent_names, i, j)} exchanged"
            yield Mistake.instead(exact[places], phrase)
    if array == "q":
        yield from _of_joint_actions(game, theirs, exact)
    yield from _of_states(game, theirs, exact, array)


def _of_states(game: Game, theirs: FloatArray, exact: FloatArray, array: str) -> Iterator[Mistake]:
    """Yield another order of the states, the same for all joint actions."""
    cells = exact.reshape(*exact.shape[: exact.ndim - (game.num_agents if array == "q" else 0)], -1)
    given, kept_sa = theirs.reshape(cells.shape), counts(game, False, array).reshape(game.num_states, -1)
    everywhere_a = kept_sa[~game.terminal].all(axis=0)  # states are told apart by what counts in all of them
    if not everywhere_a.any():
        return
    given_s, right_s = (np.moveaxis(x[..., everywhere_a], -2, 0) for x in (given, cells))
    orders = [_order(given_s, right_s)]
    if game.terminal.any():
        orders += _order_with_ends(given_s, right_s, game.terminal)
    for order in orders:
        moved = _taken(given, cells, cells[..., order, :], kept_sa, kept_sa[order])
        if moved is not None:
            said = _moved(order, lambda s: state_label(game.state_names, s), ~game.terminal)
            phrase = f"with the states in another order{said}"
            yield Mistake.instead(moved.reshape(exact.shape), phrase, fitted=True)


def _of_joint_actions(game: Game, theirs: FloatArray, exact: FloatArray) -> Iterator[Mistake]:
    """Yield other orders of the joint actions, the same in all states."""
    agents, before = game.num_agents, exact.ndim - game.num_agents
    kept = counts(game, False, "q")

    def instead(move: Callable[[FloatArray], FloatArray], phrase: str) -> Iterator[Mistake]:
        there = np.asarray(move(np.broadcast_to(kept, exact.shape).astype(np.float64))) > 0
        moved = _taken(theirs, exact, move(exact), kept, there)
        if moved is not None and not any(np.array_equal(moved, other) for other in found):
            found.append(moved)
            yield Mistake.instead(moved, phrase, fitted=not there[np.broadcast_to(kept, exact.shape)].all())

    found: list[FloatArray] = []
    for i, j in combinations(range(agents), 2):
        if game.num_actions[i] == game.num_actions[j]:

            def exchanged(x: FloatArray, i: int = i, j: int = j) -> FloatArray:
                return np.swapaxes(x, before + i, before + j)

            yield from instead(exchanged, f"with the actions of {agents_label(game.agent_names, i, j)} exchanged")
    backwards = (*range(before), *range(exact.ndim - 1, before - 1, -1))
    numbered = "with joint actions that are numbered from the"
    if agents > 1:
        last = f"{numbered} last agent to the first, but read from the first"
        yield from instead(lambda x: x.transpose(backwards).reshape(x.shape), last)
        first = f"{numbered} first agent to the last, but read from the last"
        yield from instead(lambda x: x.reshape([x.shape[k] for k in backwards]).transpose(backwards), first)
    kept_sa = kept.reshape(game.num_states, -1)[~game.terminal]
    if not (kept_sa == kept_sa[:1]).all():
        return
    flat, given = (x.reshape(*x.shape[:before], -1) for x in (exact, theirs))
    order = _order(np.moveaxis(given, -1, 0), np.moveaxis(flat, -1, 0))

    def called(place: int) -> str:
        actions = [int(action) for action in np.unravel_index(place, game.num_actions)]
        return f"({joint_action_label(game.action_names, actions)})"

    phrase = "with the joint actions in another order" + _moved(order, called)
    yield Mistake.instead(flat[..., order].reshape(exact.shape), phrase, fitted=True)


def _taken(
    theirs: FloatArray, exact: FloatArray, moved: FloatArray, kept: Booleans, there: Booleans
) -> FloatArray | None:
    """What has moved, with theirs where that comes from a place that counts nowhere; 0 where nothing counts itself.

    None where it says too little: less than half of theirs are compared, or too few of them with another number.
    """
    compared = np.broadcast_to(kept & there, exact.shape)
    if not there[np.broadcast_to(kept, there.shape)].all():
        different = np.count_nonzero(compared & (moved != exact))
        if different < ENOUGH or 2 * np.count_nonzero(compared) < np.count_nonzero(np.broadcast_to(kept, exact.shape)):
            return None
    return np.where(compared, moved, np.where(np.broadcast_to(kept, exact.shape), theirs, 0.0))


def _numbers(theirs: FloatArray, exact: FloatArray) -> tuple[FloatArray, FloatArray]:
    """One number for each entry of the first axis of both, which depends on all that is in it."""
    size = len(exact)
    weights = 1 + (np.arange(1, exact[0].size + 1) * _GOLDEN) % 1
    return theirs.reshape(size, -1) @ weights, exact.reshape(size, -1) @ weights


def _order(theirs: FloatArray, exact: FloatArray) -> npt.NDArray[np.int64]:
    """The order of the exact numbers' first axis that sorts as theirs do; those that are alike stay if they can."""
    given, right = _numbers(theirs, exact)
    standing, ranked = (np.argsort(x, kind="stable") for x in (given, right))
    place = np.empty(len(exact), dtype=np.int64)
    place[standing] = ranked
    starts = 1 + np.flatnonzero(np.diff(right[ranked]) > _ALIKE * np.abs(right).max())
    for there, alike in zip(np.split(standing, starts), np.split(ranked, starts), strict=True):
        if len(alike) > 1:
            stay = np.intersect1d(there, alike)
            place[stay] = stay
            place[np.setdiff1d(there, stay)] = np.setdiff1d(alike, stay)
    return place


def _order_with_ends(theirs: FloatArray, exact: FloatArray, ended: Booleans) -> Iterator[npt.NDArray[np.int64]]:
    """Yield the order in which each of theirs has the nearest exact number, and the ends stand for those without one.

    An end that has changed places with another state leaves no number of its own: whatever theirs holds there.
    """
    given, right = _numbers(theirs, exact)
    going_on, ends = np.flatnonzero(~ended), np.flatnonzero(ended)
    if not going_on.size:
        return
    ranked = going_on[np.argsort(right[going_on], kind="stable")]
    above = np.searchsorted(right[ranked], given[going_on]).clip(1, max(len(ranked) - 1, 1))
    beside = ranked[np.stack([above - 1, np.minimum(above, len(ranked) - 1)])]  # the one below, and the one above
    distance = np.abs(right[beside] - given[going_on])
    nearest, far = np.where(distance[0] <= distance[1], *beside), distance.min(axis=0) > _NEAR * np.abs(right).max()
    place = np.arange(len(exact))
    place[going_on[~far]] = nearest[~far]
    if not far.any() or far.sum() > ends.size or len(np.unique(nearest[~far])) < np.count_nonzero(~far):
        return
    place[going_on[far]] = ends[: np.count_nonzero(far)]
    free = np.setdiff1d(going_on, nearest[~far])
    place[ends[: free.size]] = free
    yield place


def _moved(order: npt.NDArray[np.int64], called: Callable[[int], str], going_on: Booleans | None = None) -> str:
    """The first of those that have moved: which stands where which belongs, but not at ends."""
    moved = [k for k in range(len(order)) if order[k] != k and (going_on is None or going_on[k])]
    shown = [f"{called(int(order[k]))} where {called(k)} belongs" for k in moved[:_SHOWN]]
    return f": {', '.join(shown)}{', …' if len(moved) > _SHOWN else ''}"
