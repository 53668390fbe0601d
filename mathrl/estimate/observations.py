"""What was observed: how often each agent took each of its actions in each state; from counts, or from trajectories.

Files in JSON are described by observations.schema.json beside this file; files in CSV have a line for each count.
"""

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from io import StringIO
from os import PathLike
from pathlib import Path
from typing import Any, Self

import numpy as np

from mathrl.base import document
from mathrl.base.checks import FloatArray, as_floats, choice, fail, instance, shape
from mathrl.base.files import as_path, decode, read
from mathrl.base.text import shown
from mathrl.games.model import Game, as_played
from mathrl.games.naming import quoted_action
from mathrl.games.policies import Policy
from mathrl.games.simulation import Episodes
from mathrl.solution.answer import names as names_for_readers

__all__ = ["EXAMPLE", "Observations", "load_observations", "schema"]

EXAMPLE = """{"format": "mathrl-observations", "version": 1, "title": "made up, for prisoners-dilemma",
 "counts": [[38, 62], [35, 65]]}
"""
"""A small file to start from."""

_COLUMNS = ("agent", "action", "count")
_STATE = "state"


@dataclass(frozen=True, eq=False, repr=False)
class Observations:
    """How often each agent took each of its actions in each state.

    `counts`  per agent (S, A_i), read-only. They need not be whole numbers: frequencies times the number of plays, say

    `Observations.of(game, data)` makes them of what `fit` takes.
    """

    counts: Policy

    @classmethod
    def of(cls, game: Game, data: Any, argument: str = "data") -> Self:
        """Check data, and return them as counts.

        `game`      the game that was played
        `data`      per agent (S, A_i) counts, or (A_i,) in a game of one state; or what `simulate` returns; or a list
                    of episodes, each a pair of the states (T,) or (T + 1,) and the joint actions (T, n) taken in them;
                    or `Observations`
        `argument`  what messages call them

        In episodes −1 stands for the actions after the end, and the names that the game has for its states and actions
        will do in place of numbers. Raises `ValueError` naming the argument.
        """
        game = as_played(game)
        if isinstance(data, Episodes):
            counts = _counted(game, argument, data.states, data.actions)
        elif isinstance(data, Observations):
            counts = [np.array(own) for own in data.counts]
        elif _is_trajectories(data):
            counts = [np.zeros((game.num_states, actions)) for actions in game.num_actions]
            for k, (states, actions) in enumerate(data):
                for total, own in zip(counts, _trajectory(game, f"{argument}[{k}]", states, actions), strict=True):
                    total += own
        else:
            expected = f"{game.num_agents} arrays of counts, one per agent"
            given: Any = instance(argument, data, (Sequence, np.ndarray), expected)
            if isinstance(given, (str, bytes)) or len(given) != game.num_agents:
                fail(argument, f"is {shown(data)}", expected)
            counts = [as_floats(f"{argument}[{i}]", own) for i, own in enumerate(given)]
        return cls(_checked(game, argument, counts))

    @property
    def total(self) -> float:
        """How many actions were observed, of all agents together."""
        return float(sum(own.sum() for own in self.counts))

    def __repr__(self) -> str:
        actions = "×".join(str(own.shape[1]) for own in self.counts)
        return f"<Observations: {self.total:g} actions, {len(self.counts[0])} states, {actions} actions>"

    def saturated(self) -> float:
        """The log-likelihood at the observed frequencies themselves, Σ n log(n/N): no policy has a higher one."""
        rows = [(own, own.sum(axis=1, keepdims=True)) for own in self.counts]
        return float(sum((n[n > 0] * np.log((n / np.maximum(total, 1e-300))[n > 0])).sum() for n, total in rows))


def load_observations(path: str | PathLike[str], game: Game) -> Observations:
    """Read what was observed from a .json or .csv file.

    `path`  the file. JSON holds an object with "format": "mathrl-observations", "version": 1, and either "counts", per
            agent (S, A_i), or (A_i,) in a game of one state; or "trajectories", a list of objects with "states" (T,) or
            (T + 1,) and "actions" (T, n). CSV has a line "agent,action,count" or "agent,state,action,count", and then
            a line for each count; lines of the same action add up
    `game`  the game that was played; agents, states and actions are numbered from 0. In CSV and in trajectories the
            names that the game has for them will do as well, unless one of these is a number itself

    Returns `Observations`. Raises `ValueError` naming the file and the line, key or array that is broken.
    """
    path = as_path("path", path)
    suffix = path.suffix.lower()
    if suffix not in (".json", ".csv"):
        fail(str(path), f"ends in {suffix!r}", ".json or .csv")
    parse = _of_csv if suffix == ".csv" else _of_json
    return read(Path(path), lambda data: parse(decode(data), game), "observations")


def schema() -> dict[str, Any]:
    """The JSON schema of observations."""
    text = files("mathrl.estimate").joinpath("observations.schema.json").read_text(encoding="utf-8")
    described: dict[str, Any] = json.loads(text)
    return described


def _of_json(text: str, game: Game) -> Observations:
    values = document.parse(text, "observations")
    document.check(values, schema())
    held = [key for key in ("counts", "trajectories") if key in values]
    if len(held) != 1:
        found = "holds both counts and trajectories" if held else "holds neither counts nor trajectories"
        fail("the JSON", found, "one of the two")
    data: Any = values[held[0]]
    if held == ["trajectories"]:
        data = [(each["states"], each["actions"]) for each in data]
        if not data:
            fail("key 'trajectories'", "is empty", "at least one trajectory")
    return Observations.of(game, data, held[0])


def _of_csv(text: str, game: Game) -> Observations:
    lines = csv.DictReader(StringIO(text), skipinitialspace=True)
    names = [name.strip() for name in lines.fieldnames or ()]
    lines.fieldnames = names
    if len(names) == 1 and any(mark in names[0] for mark in ";\t"):
        fail("line 1", f"is one cell, {shown(names[0])}", "cells with commas between them", "save it with commas")
    for name in names:
        choice("column", name, (*_COLUMNS, _STATE))
    for name in _COLUMNS:
        if name not in names:
            fail(f"column {name!r}", "is missing", "a first line agent,action,count or agent,state,action,count")
    counts = [np.zeros((game.num_states, actions)) for actions in game.num_actions]
    called = names_for_readers(game)
    for values in lines:
        where = f"line {lines.line_num}"
        if None in values or None in values.values():
            fail(where, "has another number of columns", f"{len(names)}, as the first line has")
        agent = _index(where, "agent", values["agent"], game.num_agents, called["agent_names"])
        state = _index(where, _STATE, values.get(_STATE, "0"), game.num_states, called["state_names"])
        if _STATE not in names and game.num_states > 1:
            fail("column 'state'", "is missing", f"the state of each count, as the game has {game.num_states} states")
        actions = None if called["action_names"] is None else called["action_names"][agent]
        action = _index(where, "action", values["action"], game.num_actions[agent], actions)
        try:
            count = float(values["count"])
        except ValueError:
            fail(where, f"has the count {shown(values['count'])}", "a number")
        if not 0 <= count < np.inf:
            fail(where, f"has the count {count:g}", "a number >= 0")
        counts[agent][state, action] += count
    return Observations.of(game, counts, "counts")


def _index(where: str, name: str, text: str, size: int, names: Sequence[str] | None) -> int:
    """The number that a text is, or that it is the name of; names that could be taken for numbers do not count."""
    text, named = text.strip(), () if names is None or any(each.strip().isdecimal() for each in names) else names
    if text in named:
        return named.index(text)
    if not text.isdecimal() or not int(text) < size:
        otherwise = f", or a name such as {shown(named[0])}" if named else ""
        fail(where, f"has the {name} {shown(text)}", f"a whole number from 0 to {size - 1}{otherwise}")
    return int(text)


def _is_trajectories(data: Any) -> bool:
    """Whether data are pairs of states and joint actions. Per-agent counts of pairs are (S, A_i) or (A_i,) instead."""
    if not isinstance(data, Sequence) or isinstance(data, (str, bytes)) or not data:
        return False
    pairs = all(isinstance(each, tuple) and len(each) == 2 for each in data)
    return pairs and all(
        _length(states) >= 0 and _length(actions) > 0 and _length(actions[0]) > 0 for states, actions in data
    )


def _length(value: Any) -> int:
    """The length of what has one, -1 for a number."""
    return len(value) if hasattr(value, "__len__") and getattr(value, "ndim", 1) > 0 else -1


def _trajectory(game: Game, argument: str, states: Any, actions: Any) -> list[FloatArray]:
    played = as_floats(f"{argument}: actions", _actions_numbered(game, argument, actions))
    visited = as_floats(f"{argument}: states", _states_numbered(game, argument, states))
    if played.ndim != 2 or played.shape[1] != game.num_agents:
        fail(f"{argument}: actions", f"has shape {played.shape}", f"(T, {game.num_agents}), one column per agent")
    if visited.shape not in ((len(played),), (len(played) + 1,)):
        expected = f"({len(played)},) or ({len(played) + 1},): a state for each joint action, and the last one"
        fail(f"{argument}: states", f"has shape {visited.shape}", expected)
    return _counted(game, argument, visited[None], played[None])


def _states_numbered(game: Game, argument: str, states: Any) -> Any:
    """The states of a trajectory, with numbers in place of names; as they are where they hold no text."""
    if not _holds_text(states):
        return states
    names = names_for_readers(game)["state_names"]
    return [_numbered(argument, _STATE, state, game.num_states, names) for state in states]


def _actions_numbered(game: Game, argument: str, actions: Any) -> Any:
    """The joint actions of a trajectory, with numbers in place of names; as they are where they hold no text."""
    if not _holds_text(actions):
        return actions
    for t, joint in enumerate(actions):
        if _length(joint) != game.num_agents:
            fail(f"{argument}: actions[{t}]", f"is {shown(joint)}", f"{game.num_agents} actions, one for each agent")
    described = list(zip(game.num_actions, game.action_names or (None,) * game.num_agents, strict=True))
    return [
        [_numbered(argument, "action", own, *of) for own, of in zip(joint, described, strict=True)] for joint in actions
    ]


def _holds_text(values: Any) -> bool:
    if isinstance(values, np.ndarray):
        return values.dtype.kind in "UO"
    return isinstance(values, str) or (isinstance(values, (list, tuple)) and any(map(_holds_text, values)))


def _numbered(argument: str, name: str, value: Any, size: int, names: Sequence[str] | None) -> Any:
    return _index(argument, name, value, size, names) if isinstance(value, str) else value


def _counted(game: Game, argument: str, states: Any, actions: Any) -> list[FloatArray]:
    """The counts of episodes: states (B, T) or (B, T + 1), actions (B, T, n), −1 where nothing was played."""
    actions = np.asarray(actions)
    visited = np.asarray(states)[:, : actions.shape[1]]
    after_end = (actions == -1).all(axis=2)
    visited, actions = visited[~after_end], actions[~after_end]
    _whole(f"{argument}: states", visited, game.num_states)
    counts = []
    for i, size in enumerate(game.num_actions):
        own = actions[:, i]
        _whole(f"{argument}: actions of agent {i}", own, size)
        places = visited.astype(np.int64) * size + own.astype(np.int64)
        counts.append(np.bincount(places, minlength=game.num_states * size).reshape(-1, size).astype(np.float64))
    return counts


def _whole(argument: str, values: Any, size: int) -> None:
    wrong = values[(values < 0) | (values >= size) | (values != np.floor(values))]
    if wrong.size:
        fail(argument, f"holds {wrong[0]:g}", f"whole numbers from 0 to {size - 1}")


def _checked(game: Game, argument: str, counts: Sequence[FloatArray]) -> Policy:
    """Counts of the right shapes: not negative, none where nothing can be played, and not all of them 0."""
    checked = []
    for i, (own, actions) in enumerate(zip(counts, game.num_actions, strict=True)):
        name = f"{argument}[{i}]"
        array = own[None] if game.num_states == 1 and own.ndim == 1 else own
        shape(name, array, (game.num_states, actions))
        if (array < 0).any():
            fail(name, f"holds {array.min():g}", "counts >= 0")
        nowhere = ~game.available[i] | game.terminal[:, None]
        if (array[nowhere] > 0).any():
            state, action = np.argwhere(nowhere & (array > 0))[0]
            why = "the episode has ended there" if game.terminal[state] else "the action is not available there"
            counted = f"counts {quoted_action(game.action_names, i, int(action))} in {game.called(int(state))}"
            fail(name, counted, "counts of what can be played", why)
        array.flags.writeable = False
        checked.append(array)
    if not any(own.any() for own in checked):
        fail(argument, "holds no observation", "at least one count > 0")
    return tuple(checked)
