"""What a caller gives for rewards and transitions, checked, in the forms that a `Game` keeps."""

from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from mathrl.base.array_types import BoolArray
from mathrl.base.checks import (
    FloatArray,
    as_floats,
    as_numbers,
    discount_factor,
    entry,
    fail,
    finite,
    iterated,
    probabilities,
    real,
    row_sums,
    shape,
)
from mathrl.games.mask_hint import hint_at_masks

__all__ = [
    "Booleans",
    "checked_discount",
    "checked_names",
    "checked_rewards",
    "checked_start",
    "dense_transitions",
    "finite_rewards",
    "parsed_rewards",
    "refuse_stacked",
    "sparse_transitions",
    "stacked",
]

Booleans = BoolArray


def finite_rewards(argument: str, rewards: FloatArray) -> FloatArray:
    """Require rewards that are finite: unavailable actions are marked by `available`, not by −∞."""
    mend = "mark an unavailable action by the argument available, not by a reward"
    return finite(argument, rewards, if_negative=mend)


def refuse_stacked(payoffs: FloatArray) -> None:
    """Refuse an array of n arrays with n axes each, which may be n payoffs or one common payoff of n + 1 agents."""
    n = payoffs.ndim - 1
    if n > 0 and len(payoffs) == n:
        per_agent = f"{n} payoff{'s' * (n > 1)} of {n} agent{'s' * (n > 1)}, or the common payoff of {n + 1}"
        mend = "give list(payoffs) for one payoff per agent, common_payoff=True for a common one"
        fail("payoffs", f"has shape {payoffs.shape}, {per_agent}", "to be told which", mend)


def stacked(rewards: tuple[int, ...], transitions: Any) -> bool:
    """Whether rewards of this shape are one array per agent: with that the transitions fit, and with nothing else."""
    if len(rewards) < 3 or rewards[0] != len(rewards) - 2:
        return False
    found = transitions.shape if hasattr(transitions, "tocoo") else as_numbers("transitions", transitions).shape

    def fits(cells: tuple[int, ...]) -> bool:
        return found in ((*cells, cells[0]), (prod(cells), cells[0]))

    return fits(rewards[1:]) and not fits(rewards)


def parsed_rewards(
    argument: str, given: Any, state_axes: int, common_payoff: bool | None = None
) -> tuple[list[FloatArray], list[str]]:
    """The rewards as one array, a common payoff, or one per agent, and what a message calls each; checks shapes."""
    if common_payoff is None:
        common_payoff = not isinstance(given, (list, tuple))
    if common_payoff:
        array = as_numbers(argument, given)
        if array.ndim <= state_axes or array.size == 0:
            fail(argument, f"has shape {array.shape}", "at least one agent, one state and one action")
        return [array], [argument]
    if not isinstance(given, (list, tuple)):
        given = list(np.atleast_1d(as_numbers(argument, given)))
    names = [f"{argument}[{i}]" for i in range(len(given))]
    arrays = [as_numbers(name, agent_rewards) for name, agent_rewards in zip(names, given, strict=True)]
    if not arrays:
        fail(argument, "is an empty list", "one array per agent")
    for name, array in zip(names, arrays, strict=True):
        if array.ndim != len(arrays) + state_axes or array.size == 0:
            axes = "(S, A_1, …, A_n)" if state_axes else "(A_1, …, A_n)"
            mend = f"a list holds one array {axes} per agent; give a common payoff as one numpy array"
            fail(name, f"has shape {array.shape}", f"{len(arrays) + state_axes} axes that are not empty", mend)
        shape(name, array, arrays[0].shape)
    return arrays, names


def checked_rewards(
    arrays: list[FloatArray],
    names: list[str],
    forbidden: Booleans | None,
    terminal: Booleans | None,
    state_names: tuple[Any, ...] | None = None,
) -> tuple[FloatArray, bool]:
    """The rewards as one array, −∞ where a joint action is forbidden, and whether they are a common payoff."""
    for name, array in zip(names, arrays, strict=True):
        if forbidden is not None:
            array[forbidden] = 0.0
        finite_rewards(name, array)
        hint_at_masks(name, array, state_names)
        if terminal is not None and array[terminal].any():
            index = np.argwhere((array != 0) & terminal.reshape(-1, *[1] * (array.ndim - 1)))[0]
            mend = "the episode has ended there: pay on the way to it"
            fail(entry(name, index), f"is {array[tuple(index)]:g}, and the state is terminal", "0", mend)
        if forbidden is not None:
            array[forbidden] = -np.inf
    common_payoff = all(np.array_equal(array, arrays[0]) for array in arrays[1:])
    return arrays[0] if common_payoff else np.stack(arrays), common_payoff


def checked_start(start: Any, num_states: int) -> FloatArray:
    """The distribution of the initial state (S,); uniform where none is given."""
    if start is None:
        return np.full(num_states, 1 / num_states)
    distribution = as_floats("start", start)
    shape("start", distribution, (num_states,))
    probabilities("start", distribution)
    return distribution


def checked_discount(discount: Any, transitions: Any, *, may_be_1: bool) -> float:
    """A discount in [0, 1), also beside rows of transitions that sum to a little more than 1; or 1 where it may be."""
    if may_be_1 and real("discount", discount) == 1:
        return 1.0
    factor = discount_factor("discount", discount, "1 is allowed where terminal states end every episode")
    largest = float(transitions.sum(axis=-1 if isinstance(transitions, np.ndarray) else 1).max())
    if factor * largest >= 1:
        fail("discount", f"is {factor!r} and a row of transitions sums to {largest!r}", "a product below 1")
    return factor


def checked_names(names: Any, num_states: int) -> tuple[Any, ...] | None:
    """What messages call the states, one object each, or None."""
    if names is None:
        return None
    called = tuple(iterated("state_names", names, f"{num_states} names, in a list for example"))
    if len(called) != num_states:
        fail("state_names", f"has {len(called)} names", f"{num_states}, one for each state")
    return called


def dense_transitions(given: Any, dense_shape: tuple[int, ...], ignored: Booleans | None) -> FloatArray:
    """A copy of dense transitions (S, A_1, …, A_n, S), checked; rows that are ignored lead to the state itself."""
    checked = as_numbers("transitions", given)
    shape("transitions", checked, dense_shape)
    if ignored is not None:
        index = np.nonzero(ignored)
        checked[index] = 0.0
        checked[(*index, index[0])] = 1.0
    finite("transitions", checked)
    probabilities("transitions", checked)
    return checked


def sparse_transitions(given: Any, dense_shape: tuple[int, ...], ignored: Booleans | None) -> Any:
    """A CSR copy of sparse transitions with sorted indices, checked; rows that are ignored lead to the state itself."""
    from scipy.sparse import csr_array

    *row_shape, num_states = dense_shape
    shape("transitions", given, (prod(row_shape), num_states))
    coordinates = given.tocoo()
    rows, columns = coordinates.coords if hasattr(coordinates, "coords") else (coordinates.row, coordinates.col)
    data = as_numbers("transitions.data", coordinates.data)
    if ignored is not None:
        flat = ignored.ravel()
        kept, alone = ~flat[rows], np.flatnonzero(flat)
        rows, data = np.concatenate([rows[kept], alone]), np.concatenate([data[kept], np.ones(len(alone))])
        columns = np.concatenate([columns[kept], alone // prod(row_shape[1:])])
    finite("transitions.data", data)
    if not _ordered(rows, columns):
        order = np.lexsort((columns, rows))
        rows, columns, data = rows[order], columns[order], data[order]
    repeated = (rows[1:] == rows[:-1]) & (columns[1:] == columns[:-1])
    if repeated.any():
        k = int(np.argmax(repeated))
        name = entry("transitions", np.unravel_index(rows[k], row_shape))
        fail(name, f"names next state {int(columns[k])} twice", "each next state once", "add the probabilities up")
    if (data < 0).any():
        k = int(np.argmax(data < 0))
        name = entry("transitions", (*np.unravel_index(rows[k], row_shape), columns[k]))
        fail(name, f"is {data[k]:g}", "a probability", "probabilities are not negative")
    sums = np.bincount(rows, weights=data, minlength=prod(row_shape)).astype(np.float64)
    row_sums("transitions", sums.reshape(row_shape))
    indptr = np.searchsorted(rows, np.arange(prod(row_shape) + 1))
    index_type = np.int32 if len(data) < np.iinfo(np.int32).max else np.int64
    # Built from its three arrays: from coordinates, scipy would add duplicates up before anyone could see them.
    return csr_array((data, columns.astype(index_type), indptr.astype(index_type)), shape=given.shape)


def _ordered(rows: npt.NDArray[Any], columns: npt.NDArray[Any]) -> bool:
    """Whether the entries of a sparse array are sorted by row, and within a row by column."""
    return bool(((rows[1:] > rows[:-1]) | ((rows[1:] == rows[:-1]) & (columns[1:] >= columns[:-1]))).all())
