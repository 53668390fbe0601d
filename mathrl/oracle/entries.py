"""The entries of an array that differ most from the exact ones, and a table of them."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from mathrl.base.array_types import ArrayLike
from mathrl.base.checks import FloatArray
from mathrl.base.render import render
from mathrl.base.table import Column, Table
from mathrl.base.text import printable
from mathrl.base.ties import largest_first
from mathrl.games.naming import ActionNames, joint_action_label, state_label

__all__ = ["Entry", "entry_table", "worst_entries", "worst_of_policy"]

SHOWN = 5
"""How many of the worst entries of an array are shown."""

_SAME = 1e-9
"""Two differences that differ by less than this, relatively, are the same: entries are shown to nine digits."""

_ROUNDING = 64 * float(np.finfo(np.float64).eps)
"""Times the size of the exact numbers: differences that differ by less than this may do so by rounding alone."""


class Entry(NamedTuple):
    """One entry of an array that was compared.

    `array`       "q", "v", "policy" or "target"
    `agent`       the number of the agent, None where the array has no agent axis
    `state`       the number of the state
    `action`      a joint action for q, the agent's own for a policy, empty for v
    `theirs`      the number that was given
    `exact`       the exact one
    `difference`  theirs − exact
    """

    array: str
    agent: int | None
    state: int
    action: tuple[int, ...]
    theirs: float
    exact: float
    difference: float


def worst_entries(array: str, theirs: FloatArray, exact: FloatArray, *, agent_axis: bool) -> list[Entry]:
    """The entries that differ most, the worst first. Differences that are equal up to rounding go by index."""
    difference = theirs - exact
    entries = []
    for place in _worst_first(difference, exact):
        index = tuple(map(int, np.unravel_index(place, difference.shape)))
        agent, (state, *action) = (index[0], index[1:]) if agent_axis else (None, index)
        numbers = (float(theirs[index]), float(exact[index]), float(difference[index]))
        entries.append(Entry(array, agent, state, tuple(action), *numbers))
    return [entry for entry in entries if entry.difference != 0]


def worst_of_policy(policy: Sequence[FloatArray], responses: Sequence[FloatArray]) -> list[Entry]:
    """The probabilities that differ most from those of the responses, over all agents; ties as in `worst_entries`."""
    entries = [
        entry._replace(agent=agent)
        for agent, (ours, theirs) in enumerate(zip(policy, responses, strict=True))
        for entry in worst_entries("policy", ours, theirs, agent_axis=False)
    ]
    entries.sort(key=lambda entry: (entry.agent, entry.state, entry.action))
    worst = _worst_first([entry.difference for entry in entries], [entry.exact for entry in entries])
    return [entries[place] for place in worst]


def _worst_first(difference: ArrayLike, exact: ArrayLike) -> list[int]:
    """The flat indices of the entries to show: the largest |difference| first, ties by index."""
    finite = np.abs(np.asarray(exact)[np.isfinite(exact)])
    slack = _ROUNDING * float(finite.max(initial=0.0))
    return list(map(int, largest_first(np.abs(difference), slack=slack, share=_SAME, count=SHOWN)))


def entry_table(
    entries: Iterable[Entry],
    *,
    exact: str = "exact",
    agent_names: Sequence[str] | None = None,
    action_names: ActionNames | None = None,
    state_names: Sequence[Any] | None = None,
) -> str:
    """Entries of one array as a table: agent, where there is one, state, action, theirs, exact, difference.

    `exact` is the head of the column of numbers that theirs are compared with. Agents, actions and states are called
    by the names that a game has for them, and by their numbers where it has none.
    """
    rows = list(entries)

    def agent(entry: Entry) -> str | None:
        if entry.agent is None:
            return None
        return str(entry.agent) if agent_names is None else printable(agent_names[entry.agent])

    def action(entry: Entry) -> str:
        whose = action_names
        if whose is not None and len(entry.action) < len(whose):  # an agent's own action, or none
            whose = whose[entry.agent or 0 :][: len(entry.action)]
        return joint_action_label(whose, entry.action)

    columns = (
        Column("agent", agent, number=agent_names is None),
        Column("state", lambda entry: state_label(state_names, entry.state), number=state_names is None),
        Column("action", action, number=action_names is None),
        Column("theirs", lambda entry: entry.theirs, spec=".9g", number=True),
        Column(exact, lambda entry: entry.exact, spec=".9g", number=True),
        Column("difference", lambda entry: entry.difference, spec=".3g", number=True),
    )
    shown = [column for column in columns if any(column.cell(row) not in (None, "") for row in rows)]
    return render(Table(shown, rows)).rstrip("\n")
