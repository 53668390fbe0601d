"""What other codes hold, made into arrays: policies and values of any framework, or functions of the state.

An array may be anything that `numpy.asarray` takes, in any precision. A function is called once for every state, or for
every state and joint action, which is a tuple of whole numbers. What counts nowhere, as an action is unavailable or an
episode has ended, may be anything, and no function is called for it.
"""

import inspect
from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from mathrl.base.checks import SINGLE_PRECISION, FloatArray, as_numbers, fail, finite, normalised, shape
from mathrl.base.tensors import first_entry, on_the_host
from mathrl.games.given import Booleans
from mathrl.games.model import Game
from mathrl.games.policies import Policy, as_policy
from mathrl.oracle.counted import counts

__all__ = [
    "action_values",
    "distributions",
    "floats",
    "numbers",
    "policy_rows",
    "scalar",
    "several_critics",
    "state_values",
]

__tracebackhide__ = True  # pytest shows the caller's line, not these frames

_HALF_PRECISION = {"bfloat16": 2.0**-5, "float16": 2.0**-8}
"""What `SINGLE_PRECISION` is for types of half the size: four units of their last place, which a soft-max leaves."""


def policy_rows(game: Game, policy: Any, argument: str = "policy") -> tuple[Policy, float]:
    """A product policy as (S, A_i) per agent, and how far from 1 the sum of a row was at most.

    `policy` is one array per agent, or all as one array (n, S, A), (n, A) for one state; or a function `policy(state)`
    that returns one row per agent (for one agent also the row alone), or one such function per agent, that returns its
    row. Rows that are off by more than 1e-9, but by no more than 1e-5 (1/256 in float16, 1/32 in bfloat16), are
    normalised, and rows of terminal states ignored. `argument` is what messages call it. Raises `ValueError` as
    `as_policy` does.
    """
    given, slack = _called_policy(game, policy, argument) if callable(policy) else (policy, _slack(policy))
    if not isinstance(given, Sequence):
        stacked = _array(argument, given)
        given = list(stacked) if isinstance(stacked, np.ndarray) and stacked.ndim else given
    if not isinstance(given, Sequence):
        return as_policy(game, given, argument), 0.0
    read = []
    for i, rows in enumerate(given):
        own, own_slack = (
            _called_rows(game, i, rows, f"{argument}[{i}]")
            if callable(rows)
            else (_given_rows(game, i, rows, f"{argument}[{i}]"), _slack(rows))
        )
        read.append(normalised(own, slack=max(slack, own_slack)))
    return as_policy(game, [rows for rows, _ in read], argument), max((off for _, off in read), default=0.0)


def action_values(game: Game, q: Any, *, agent_axis: bool, argument: str = "q") -> FloatArray:
    """Q as (S, A_1, …, A_n), or (n, S, A_1, …, A_n) with an agent axis, from such an array or `q(state, joint_action)`.

    The function returns a number, or (n,) with an agent axis. What counts nowhere is 0 in the array that is returned.
    Raises `ValueError` naming the entry.
    """
    kept = counts(game, agent_axis, "q")
    return _values(game, argument, q, kept, agent_axis, lambda cell: {"state": cell[0], "joint_action": cell[1:]})


def several_critics(game: Game, q: Any, *, agent_axis: bool) -> list[FloatArray]:
    """One critic or a sequence of several, arrays or functions, each as `action_values` returns it."""

    def read(critic: Any, argument: str = "q") -> FloatArray:
        return action_values(game, critic, agent_axis=agent_axis, argument=argument)

    if callable(q):
        return [read(q)]
    given = q if isinstance(q, Sequence) else numbers("q", q)
    if isinstance(given, Sequence) and not given:
        fail("q", "is an empty sequence", "a critic, or several")
    if not isinstance(given, Sequence) and given.ndim == 0:
        return [read(q)]
    agents, cells = (game.num_agents,) * agent_axis, game.num_actions
    one = {(*agents, game.num_states, *cells), *[(*agents, *cells)] * (game.num_states == 1)}
    several = callable(given[0]) or numbers("q[0]", given[0]).shape in one
    return [read(critic, f"q[{c}]") for c, critic in enumerate(given)] if several else [read(q)]


def state_values(game: Game, v: Any, *, agent_axis: bool) -> FloatArray:
    """V as (S,), or (n, S) with an agent axis, from such an array or a function `v(state)`; else as `action_values`."""
    return _values(game, "v", v, counts(game, agent_axis, "v"), agent_axis, lambda cell: {"state": cell[0]})


def distributions(argument: str, given: Any, axes: int | tuple[int, ...] = -1) -> FloatArray:
    """Return an array whose distributions over `axes` are normalised as rows of a policy are. Other faults stay."""
    values = floats(argument, given)
    return values if values.ndim <= np.max(axes, initial=0) else normalised(values, axes)[0]


def scalar(argument: str, value: Any) -> Any:
    """The number in an array without axes, of any framework. Anything else is returned as it is, and not checked."""
    if not hasattr(value, "__array__") or isinstance(value, (np.number, type)):
        return value
    number = floats(argument, value)
    shape(argument, number, ())
    return number.item()


def floats(argument: str, values: Any) -> FloatArray:
    """As `as_floats`, but also for the arrays of other frameworks."""
    return finite(argument, numbers(argument, values))


def numbers(argument: str, values: Any) -> FloatArray:
    """As `as_numbers`, but also for the arrays of other frameworks."""
    return as_numbers(argument, _array(argument, values))


def _given_rows(game: Game, agent: int, given: Any, argument: str) -> FloatArray:
    """The array (S, A_i) of one agent as it is given, except where an episode has ended."""
    rows = numbers(argument, given)
    if game.ended is not None and rows.shape == (game.num_states, game.num_actions[agent]):
        rows[game.ended] = _nothing_played(game.num_actions[agent])
    return finite(argument, rows)


def _nothing_played(actions: int) -> FloatArray:
    """A row for a state in which an episode has ended; `as_policy` replaces it."""
    return np.full(actions, 1 / actions)


def _slack(given: Any) -> float:
    """How far from 1 the rows of an array, or the first in a list, may sum: what rounding in its type leaves."""
    name = str(getattr(first_entry(given)[0], "dtype", ""))
    return _HALF_PRECISION.get(name.rpartition(".")[2], SINGLE_PRECISION)  # PyTorch says torch.float16


def _called_policy(game: Game, policy: Callable[[int], Any], argument: str) -> tuple[list[FloatArray], float]:
    """The arrays (S, A_i) of a function of the state, and their `_slack`."""
    _callable_with(argument, policy, "state")
    slack = 0.0
    states: list[list[FloatArray]] = []
    for s in range(game.num_states):
        if game.terminal[s]:
            states.append([_nothing_played(actions) for actions in game.num_actions])
            continue
        rows = policy(s)
        if game.num_agents == 1 and getattr(_array(f"{argument}({s})", rows), "ndim", None) == 1:
            rows = [rows]
        try:
            given = list(rows)
        except TypeError:
            given = None
        if given is None:
            fail(f"{argument}({s})", f"is of type {type(rows).__name__}", f"{game.num_agents} rows, one per agent")
        if len(given) != game.num_agents:
            fail(f"{argument}({s})", f"has {len(given)} rows", f"{game.num_agents}, one per agent")
        slack = max(slack, *map(_slack, (rows, *given)))
        states.append([floats(f"{argument}({s})[{i}]", row) for i, row in enumerate(given)])
        for i, (row, actions) in enumerate(zip(states[-1], game.num_actions, strict=True)):
            shape(f"{argument}({s})[{i}]", row, (actions,))
    return [np.stack(agent_rows) for agent_rows in zip(*states, strict=True)], slack


def _called_rows(game: Game, agent: int, policy: Callable[[int], Any], argument: str) -> tuple[FloatArray, float]:
    """The array (S, A_i) of one agent's function of the state, and its `_slack`."""
    _callable_with(argument, policy, "state")
    raw = [_nothing_played(game.num_actions[agent]) if ended else policy(s) for s, ended in enumerate(game.terminal)]
    rows = [floats(f"{argument}({s})", row) for s, row in enumerate(raw)]
    for s, row in enumerate(rows):
        if row.size != game.num_actions[agent]:
            shape(f"{argument}({s})", row, (game.num_actions[agent],))
    return np.stack([row.ravel() for row in rows]), max(map(_slack, raw))  # networks return (1, A_i) for a row


def _callable_with(argument: str, function: Callable[..., Any], *names: str) -> None:
    """Require that `function` is no class, and takes that many arguments, where its signature is known."""
    if isinstance(function, type):
        fail(argument, f"is the class {function.__name__}", "an array or a function")
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return
    try:
        signature.bind(*names)
        fits = True
    except TypeError:
        fits = False
    if not fits:
        fail(argument, f"takes {signature}", f"a function that is called {argument}({', '.join(names)})")


def _values(
    game: Game,
    argument: str,
    given: Any,
    kept: Booleans,
    agent_axis: bool,
    call: Callable[[tuple[int, ...]], dict[str, Any]],
) -> FloatArray:
    """Q or V as an array, from an array or a function; 0 where `kept`, which has its shape, is false."""
    agents, cells = kept.shape[:agent_axis], kept.shape[agent_axis:]
    if callable(given):
        _callable_with(argument, given, *call(cells))
        kept_cells = kept[0] if agent_axis else kept
        entries = []
        for cell in np.ndindex(cells):
            if not kept_cells[cell]:
                entries.append(np.zeros(agents))
                continue
            arguments = call(cell).values()
            name = f"{argument}({', '.join(map(str, arguments))})"
            entry = floats(name, given(*arguments))
            if entry.size != prod(agents):
                shape(name, entry, agents)
            entries.append(entry.reshape(agents))  # networks return (1,) for a number
        return np.stack(entries, axis=-1).reshape(kept.shape)
    everything = game.masks is None and game.ended is None
    array = (floats if everything else numbers)(argument, given)
    if game.num_states == 1 and array.shape == (*agents, *cells[1:]):
        array = array.reshape(kept.shape)
    if array.shape != kept.shape:
        mend = "the agents' values differ here: one array per agent" if agent_axis else ""
        fail(argument, f"has shape {array.shape}", f"{kept.shape}", mend)
    return array if everything else finite(argument, np.where(kept, array, 0.0))


def _array(argument: str, values: Any) -> Any:
    """What numpy makes of `values`; ragged ones are returned as they are, for `as_floats` to refuse."""
    unmasked = isinstance(values, np.ma.MaskedArray) and not np.ma.is_masked(values)
    try:
        array = np.asanyarray(values.data if unmasked else on_the_host(values))
        # bfloat16 and its like are no number types of numpy, but are read as such
        return array.astype(np.float64) if array.dtype.kind == "V" and array.dtype.names is None else array
    except ValueError:
        return values
    except (RuntimeError, TypeError) as error:
        found = f"cannot be made an array ({str(error).splitlines()[0]})"
        fail(argument, found, "what numpy.asarray takes", "copy it to the CPU, without its gradient, as float32")
