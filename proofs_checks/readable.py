"""A counterexample in words: which joint action pays what and leads where, and who plays what."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

__all__ = ["readable"]


def readable(counterexample: Mapping[str, Any]) -> str:
    """The stored sentence, then each part of the instance, a line or a few each.

    `counterexample`  what stands in its file: "reads", and "instance" with numbers as strings
    """
    lines = [counterexample["reads"], ""] if counterexample.get("reads") else []
    for name, value in counterexample["instance"].items():
        if isinstance(value, dict) and "transitions" in value:
            lines += _game(name, value)
        elif isinstance(value, dict):
            lines += [f"{name}.{part} = {_nested(each)}" for part, each in value.items()]
        else:
            lines += _part(name, value)
    return "\n".join(lines)


def _game(name: str, game: Mapping[str, Any]) -> Iterator[str]:
    transitions, rewards = game["transitions"], game["rewards"]
    num_states, *num_actions = _shape(transitions)[:-1]
    starts = _where(game["start"])
    yield (
        f"{name}: {_count(num_states, 'state')}, {_count(len(num_actions), 'agent')} with "
        f"{' and '.join(map(str, num_actions))} actions, discount {game['discount']}, begins in {starts}"
    )
    for state in range(num_states):
        for joint in product(*map(range, num_actions)):
            place = (state, *joint)
            paid = [_at(rewards, place)] if game["common_payoff"] else [_at(each, place) for each in rewards]
            pays = "pays" if len(joint) == 1 else "pay"
            leads = "leads" if len(joint) == 1 else "lead"
            action = f"action {joint[0]}" if len(joint) == 1 else f"actions {joint}"
            onwards = "" if num_states == 1 else f" and {leads} to {_where(_at(transitions, place))}"
            yield f"    in state {state}, {action} {pays} {' and '.join(paid)}{onwards}"


def _part(name: str, value: Any) -> Iterator[str]:
    if name.endswith("policy") and not name.startswith("joint") and isinstance(value, list):
        for agent, rows in enumerate(value):
            for state, row in enumerate(rows):
                where = f" in state {state}" if len(rows) > 1 else ""
                yield f"{name}: agent {agent} plays {', '.join(row)}{where}"
    else:
        yield f"{name} = {_nested(value)}"


def _where(row: Sequence[str]) -> str:
    """To which states a row of probabilities leads."""
    reached = [(state, p) for state, p in enumerate(row) if p != "0"]
    if len(reached) == 1:
        return f"state {reached[0][0]}"
    return "states " + ", ".join(f"{state} ({p})" for state, p in reached)


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _shape(nested: Any) -> tuple[int, ...]:
    return (len(nested), *_shape(nested[0])) if isinstance(nested, list) else ()


def _at(nested: Any, place: Sequence[int]) -> Any:
    for index in place:
        nested = nested[index]
    return nested


def _nested(value: Any) -> str:
    return f"[{', '.join(map(_nested, value))}]" if isinstance(value, list) else str(value)
