"""A solution as a table for readers: what `print(solution)` shows."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mathrl.base.array_types import BoolArray
from mathrl.base.table import Column, Table
from mathrl.games import naming

if TYPE_CHECKING:
    from mathrl.solution.solution import Solution

__all__ = ["action_label", "agent_label", "solution_text", "state_label"]

SHOWN_ROWS, SHOWN_ACTIONS = 20, 8
"""How many rows of the policy are shown, one for each state and agent, and how many actions in a row."""


def agent_label(solution: "Solution", agent: int) -> str:
    """What tables call an agent."""
    return naming.agent_label(solution.agent_names, agent)


def action_label(solution: "Solution", agent: int, action: int) -> str:
    """What tables call an action of an agent."""
    return naming.action_label(solution.action_names, agent, action)


def state_label(solution: "Solution", state: int) -> str:
    """What tables call a state."""
    return naming.state_label(solution.state_names, state)


def solution_text(solution: "Solution") -> str:
    """How a run ended, how exact its answer is, and the policy with its values, cut off after 20 rows.

    A dash stands where an action is not available, that is where q is −∞.
    """
    from mathrl.base.render import render  # which imports tabulate, and `import mathrl` does not

    at = "" if solution.temperature is None else f" at temperature {solution.temperature:g}"
    objective = ", ".join(f"{float(value):.10g}" for value in np.atleast_1d(solution.objective))
    lines = [
        f"{solution.solver}{at}",
        f"  status     {solution.status.name} after {solution.steps} step{'s' * (solution.steps != 1)} "
        f"({solution.message})",
        f"  residual   {solution.residual:.2g} (rounding alone leaves {solution.rounding_floor:.2g})",
        f"  objective  {objective}",
    ]
    if solution.joint_policy is not None:
        lines.append("  policy     shown are the marginals of joint_policy")
    agents, states = len(solution.policy), len(solution.policy[0])
    shown_agents = min(agents, SHOWN_ROWS)
    shown_states = min(states, max(1, SHOWN_ROWS // agents))
    rows = [_row(solution, state, agent) for state in range(shown_states) for agent in range(shown_agents)]
    table = Table(_columns(solution, rows), rows)
    return "\n".join([*lines, "", *render(table).splitlines(), *_more(solution, shown_states, shown_agents)])


class _Row(NamedTuple):
    """What an agent does in a state, and what that is worth."""

    state: int
    agent: int
    value: float
    probabilities: list[float | str]


def _row(solution: "Solution", state: int, agent: int) -> _Row:
    value = solution.v[state] if solution.v.ndim == 1 else solution.v[agent, state]
    there = _available(solution, state, agent).tolist()
    own = solution.policy[agent][state].tolist()
    return _Row(state, agent, float(value), [p if here else "-" for p, here in zip(own, there, strict=True)])


def _available(solution: "Solution", state: int, agent: int) -> BoolArray:
    """Which actions there are: those with a q that is not −∞."""
    n = len(solution.policy)
    q_a = solution.q[state] if solution.q.ndim == n + 1 else solution.q[agent, state]
    return np.asarray(np.moveaxis(~np.isneginf(q_a), agent, 0).reshape(q_a.shape[agent], -1).any(axis=1))


def _columns(solution: "Solution", rows: list[_Row]) -> list[Column]:
    """One for each action where all agents call it the same; else the label stands before each probability."""
    numbered = solution.agent_names is None
    states = [_labels("state", rows, lambda row: state_label(solution, row.state))]
    columns = [
        *(states if len(solution.policy[0]) > 1 else []),
        _labels("agent", rows, lambda row: str(row.agent) if numbered else agent_label(solution, row.agent)),
        Column("value", lambda row: row.value, spec=".6g", number=True),
    ]
    shown = min(max(len(row.probabilities) for row in rows), SHOWN_ACTIONS)
    heads = [_head(solution, rows, action) for action in range(shown)]
    return columns + [_action(solution, action, head) for action, head in enumerate(heads)]


def _labels(head: str, rows: list[_Row], label: Callable[[_Row], str]) -> Column:
    """A column of labels as they are, set flush right where all of them are numbers."""
    return Column(head, label, number=all(label(row).isdecimal() for row in rows))


def _head(solution: "Solution", rows: list[_Row], action: int) -> str:
    """What the agents that have this action call it, or its number where they differ."""
    labels = {action_label(solution, row.agent, action) for row in rows if action < len(row.probabilities)}
    return labels.pop() if len(labels) == 1 else f"action {action}"


def _action(solution: "Solution", action: int, head: str) -> Column:
    def cell(row: _Row) -> Any:
        if action >= len(row.probabilities):
            return None
        label, probability = action_label(solution, row.agent, action), row.probabilities[action]
        shown = probability if isinstance(probability, str) else f"{probability:.6f}"
        return shown if label == head else f"{label} {shown}"

    return Column(head, cell, number=True)


def _more(solution: "Solution", shown_states: int, shown_agents: int) -> list[str]:
    """How much more there is of the policy."""
    agents, states = len(solution.policy), len(solution.policy[0])
    actions = max(own.shape[1] for own in solution.policy)
    left = [
        (states - shown_states, "state"),
        (agents - shown_agents, "agent"),
        (max(0, actions - SHOWN_ACTIONS), "action"),
    ]
    said = [f"{count} more {name}{'s' * (count > 1)}" for count, name in left if count]
    return [f"… {', '.join(said)} in solution.policy and solution.v"] if said else []
