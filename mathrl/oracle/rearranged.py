"""The exact numbers in a wrong place: agents exchanged, joint actions or states in another order.

    theirs(s, a) = exact(σ(s), τ(a))                                                                        (1)

Two agents that are exchanged, and joint actions that are numbered from the last agent to the first, have a name. Any
other order is found by sorting one number for each state, or for each joint action, which depends on all of its
entries. It was chosen to suit the numbers, and so has to explain them all. Those that are alike stay where they are if
they can, so that rounding does not decide which of them has moved.
"""

from collections.abc import Callable, Iterator
from itertools import combinations

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray
from mathrl.games.model import Game
from mathrl.oracle.diagnose import Mistake
from mathrl.oracle.wrong_backups import exchanged_values

__all__ = ["rearranged"]

_GOLDEN = (5**0.5 - 1) / 2

_ALIKE = 1e-9
"""Times the largest of the numbers that are sorted: those that differ by less do so by rounding."""

_SHOWN = 4
"""How many states or joint actions that have moved are shown."""


def rearranged(game: Game, theirs: FloatArray, exact: FloatArray, *, array: str, agent_axis: bool) -> Iterator[Mistake]:
    """Yield (1) for the orders that may explain `theirs`; `array` is "q" or "v", a target counts as a q."""
    if agent_axis:
        for (i, j), places in exchanged_values(game):
            yield Mistake.instead(exact[places], f"with the values of agents {i} and {j} exchanged")
    if array == "q" and game.masks is None:
        yield from _of_joint_actions(game, theirs, exact)
    cells = exact.reshape(*exact.shape[: exact.ndim - (game.num_agents if array == "q" else 0)], -1)
    given = theirs.reshape(cells.shape)
    order = _order(np.moveaxis(given, -2, 0), np.moveaxis(cells, -2, 0))
    phrase = "with the states in another order" + _moved(order, str)
    yield Mistake.instead(cells[..., order, :].reshape(exact.shape), phrase, fitted=True)


def _of_joint_actions(game: Game, theirs: FloatArray, exact: FloatArray) -> Iterator[Mistake]:
    """Yield other orders of the joint actions, the same in all states."""
    agents, before = game.num_agents, exact.ndim - game.num_agents
    found: list[FloatArray] = []
    for i, j in combinations(range(agents), 2):
        if game.num_actions[i] == game.num_actions[j]:
            phrase = f"with the actions of agents {i} and {j} exchanged"
            found.append(np.swapaxes(exact, before + i, before + j))
            yield Mistake.instead(found[-1], phrase)
    backwards = (*range(before), *range(exact.ndim - 1, before - 1, -1))
    for numbered, numbers in (
        ("last agent to the first, but read from the first", exact.transpose(backwards).reshape(exact.shape)),
        (
            "first agent to the last, but read from the last",
            exact.reshape([exact.shape[axis] for axis in backwards]).transpose(backwards),
        ),
    ):
        if agents > 1 and not any(np.array_equal(numbers, other) for other in found):
            found.append(numbers)
            yield Mistake.instead(numbers, f"with joint actions that are numbered from the {numbered}")
    flat, given = (x.reshape(*x.shape[:before], -1) for x in (exact, theirs))
    order = _order(np.moveaxis(given, -1, 0), np.moveaxis(flat, -1, 0))

    def called(place: int) -> str:
        return str(tuple(map(int, np.unravel_index(place, game.num_actions))))

    phrase = "with the joint actions in another order" + _moved(order, called)
    yield Mistake.instead(flat[..., order].reshape(exact.shape), phrase, fitted=True)


def _order(theirs: FloatArray, exact: FloatArray) -> npt.NDArray[np.int64]:
    """The order of the exact numbers' first axis that sorts as theirs do; those that are alike stay if they can."""
    size = len(exact)
    weights = 1 + (np.arange(1, exact[0].size + 1) * _GOLDEN) % 1
    given, right = (x.reshape(size, -1) @ weights for x in (theirs, exact))
    standing, ranked = (np.argsort(x, kind="stable") for x in (given, right))
    place = np.empty(size, dtype=np.int64)
    place[standing] = ranked
    starts = 1 + np.flatnonzero(np.diff(right[ranked]) > _ALIKE * np.abs(right).max())
    for there, alike in zip(np.split(standing, starts), np.split(ranked, starts), strict=True):
        if len(alike) > 1:
            stay = np.intersect1d(there, alike)
            place[stay] = stay
            place[np.setdiff1d(there, stay)] = np.setdiff1d(alike, stay)
    return place


def _moved(order: npt.NDArray[np.int64], called: Callable[[int], str]) -> str:
    """The first of those that have moved: which stands where which belongs."""
    moved = [place for place in range(len(order)) if order[place] != place]
    shown = [f"{called(int(order[place]))} where {called(place)} belongs" for place in moved[:_SHOWN]]
    return f": {', '.join(shown)}{', …' if len(moved) > _SHOWN else ''}"
