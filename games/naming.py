"""What a game and its agents and actions are called: names as a caller gives them, and as they go on to other games.

Agents and actions are numbers; names are texts beside them, for people. An agent's actions have names all or none.
"""

from collections.abc import Sequence
from typing import Any

from mathrl.base.checks import fail, iterated
from mathrl.base.text import printable, shown

__all__ = [
    "ActionNames",
    "action_label",
    "agent_label",
    "agents_label",
    "checked_action_names",
    "checked_agent_names",
    "checked_state_texts",
    "checked_title",
    "joint_action_label",
    "listed_names",
    "quoted_action",
    "rearranged",
    "shared",
    "state_label",
]

ActionNames = tuple[tuple[str, ...] | None, ...]
"""Per agent the names of its actions, or None where they have none."""


def checked_title(title: Any) -> str | None:
    """What a game is called, a text, or None."""
    if title is None:
        return None
    if not isinstance(title, str) or not title:
        fail("title", f"is {shown(title)}", "a text that is not empty", "leave it out, or give None, for none")
    return str(title)


def checked_agent_names(names: Any, num_agents: int) -> tuple[str, ...] | None:
    """What the agents are called, n texts, or None."""
    return None if names is None else _texts("agent_names", names, num_agents, "agent")


def checked_action_names(names: Any, num_actions: Sequence[int]) -> ActionNames | None:
    """What the actions are called, per agent A_i texts or None; None where no agent's have names."""
    if names is None:
        return None
    several = f"{len(num_actions)} list{'s' * (len(num_actions) > 1)} of names, one for each agent"
    mend = "an agent whose actions have no names has None in place of a list"
    given = list(iterated("action_names", names, several, mend))
    if len(given) != len(num_actions):
        fail("action_names", f"has {len(given)} list{'s' * (len(given) != 1)} of names", several, mend)
    called = tuple(
        None if own is None else _texts(f"action_names[{i}]", own, actions, "action")
        for i, (own, actions) in enumerate(zip(given, num_actions, strict=True))
    )
    return None if all(own is None for own in called) else called


def checked_state_texts(names: Any, num_states: int) -> tuple[str, ...] | None:
    """What a solution calls the states, S texts, or None: those of a game may be any objects."""
    return None if names is None else _texts("state_names", names, num_states, "state")


def listed_names(actions: Sequence[Any]) -> tuple[str, ...] | None:
    """The names of one agent's actions where they are different texts; None where they are not."""
    texts = [action for action in actions if isinstance(action, str) and action]
    return tuple(texts) if len(texts) == len(actions) == len(set(texts)) else None


def agent_label(names: Sequence[str] | None, agent: int) -> str:
    """What a table or a picture calls an agent: its name in one line, else `agent 0`; `names` are those of a game."""
    return f"agent {agent}" if names is None else printable(names[agent])


def agents_label(names: Sequence[str] | None, first: int, second: int) -> str:
    """What a sentence calls two agents: `agents 0 and 1`, or their names."""
    return (
        f"agents {first} and {second}" if names is None else f"{printable(names[first])} and {printable(names[second])}"
    )


def state_label(names: Sequence[Any] | None, state: int) -> str:
    """What a table calls a state: its name in one line, else its number."""
    return str(state) if names is None else printable(str(names[state]))


def joint_action_label(names: ActionNames | None, actions: Sequence[int]) -> str:
    """What a table calls a joint action: a name for each agent whose actions have names, else a number."""
    own_names = [None] * len(actions) if names is None else names
    called = zip(own_names, actions, strict=True)
    return ", ".join(str(action) if own is None else printable(own[action]) for own, action in called)


def action_label(names: ActionNames | None, agent: int, action: int) -> str:
    """What a table or a picture calls an action of an agent: its name in one line, else `action 0`."""
    own = None if names is None else names[agent]
    return f"action {action}" if own is None else printable(own[action])


def quoted_action(names: ActionNames | None, agent: int, action: int) -> str:
    """What a sentence calls an action of an agent: `action 'yield'`, or `action 0`."""
    own = None if names is None else names[agent]
    return f"action {action}" if own is None else f"action {shown(own[action])}"


def rearranged(names: ActionNames | None, agent: int, order: Sequence[int]) -> ActionNames | None:
    """The names of the actions where action k of one agent is the one that was `order[k]`."""
    own = None if names is None else names[agent]
    if names is None or own is None:
        return names
    return (*names[:agent], tuple(own[action] for action in order), *names[agent + 1 :])


def shared(names: Sequence[Any]) -> Any:
    """The names that several games have in common; None where they differ."""
    return names[0] if all(own == names[0] for own in names) else None


def _texts(argument: str, names: Any, size: int, kind: str) -> tuple[str, ...]:
    """As many different texts as there are agents, or actions of one agent."""
    expected = f"{size}, one for each {kind}"
    called = list(iterated(argument, names, f"a list of names: {expected}"))
    if len(called) != size:
        fail(argument, f"has {len(called)} name{'s' * (len(called) != 1)}", expected)
    first: dict[str, int] = {}
    for k, name in enumerate(called):
        if not isinstance(name, str) or not name:
            mend = "str(name) makes a text of anything else" if not isinstance(name, str) else "give it a name"
            fail(f"{argument}[{k}]", f"is {shown(name)}", "a text that is not empty", mend)
        if name in first:
            mend = f"{kind}s are told apart by their names, give each its own"
            fail(f"{argument}[{k}]", f"is {shown(name)}, as is {argument}[{first[name]}]", "another name", mend)
        first[name] = k
    return tuple(str(name) for name in called)
