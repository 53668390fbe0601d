"""A game from a function that takes one step, explored breadth first from the states in which it starts."""

import math
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np

from mathrl.base.checks import (
    NUMBERS,
    SIMPLEX_TOLERANCE,
    InvalidInput,
    count,
    fail,
    flag,
    iterated,
    mend_of_sum,
    positive,
    proportion,
    real,
    unwrapped,
)
from mathrl.base.text import shown
from mathrl.games.availability import as_available
from mathrl.games.given import Booleans
from mathrl.games.naming import listed_names

__all__ = ["END", "explored"]

END = "the end"
"""The name of the state that an outcome leads to where it has ended the episode."""

_OUTCOME = "(probability, next state, rewards, ended)"


def explored(
    start: Any,
    actions: Any,
    step: Callable[[Any, tuple[Any, ...]], Any],
    max_states: int,
    available: Callable[[Any], Any] | None,
) -> dict[str, Any]:
    """What `Game.stochastic` takes, but for the discount: all that can be reached; arguments as in `from_function`."""
    for name, function in (("step", step), ("available", available)):
        if not callable(function) and (name == "step" or function is not None):
            fail(name, f"is {shown(function)}", "a function")
    labels = _labels(actions)
    found = _Found(count("max_states", max_states, 1))
    first = _start(start, found)
    num_actions = [len(own) for own in labels]
    masks: list[tuple[Booleans, ...]] = []
    rows, paid = [], []
    moves: list[tuple[int, int, float]] = []
    for s, state in enumerate(found.states):  # it grows on the way
        masks.append(_available(available, state, num_actions))
        for joint in product(*(np.flatnonzero(own).tolist() for own in masks[-1])):
            played = tuple(own[a] for own, a in zip(labels, joint, strict=True))
            call = f"step({shown(state)}, {shown(played)})"
            try:
                with _noting(call):
                    rewards, following = _outcomes(step(state, played), len(labels), found)
            except InvalidInput as error:
                raise InvalidInput(f"{call}: {error}") from error
            row = s
            for a, size in zip(joint, num_actions, strict=True):
                row = row * size + a
            rows.append(row)
            paid.append(rewards)
            moves += [(row, t, probability) for t, probability in following.items()]
    names = {"action_names": [listed_names(own) for own in labels]}
    return _arrays(found, first, num_actions, masks, rows, paid, moves) | names


@dataclass
class _Found:
    """The states found so far, by number and by name."""

    most: int
    states: list[Hashable] = field(default_factory=list)
    numbers: dict[Hashable, int] = field(default_factory=dict)

    def number(self, argument: str, state: Any) -> int:
        """The number of a state, a new one where it is new."""
        try:
            known = self.numbers.get(state)
        except TypeError:
            fail(argument, f"is {shown(state)}", "something that can be hashed", "make a tuple of a list or an array")
        if known is None:
            if len(self.states) == self.most:
                mend = "raise max_states, or leave out of the states what grows without end, such as the time"
                found = f"is {shown(state)}, and {self.most} were found before it"
                fail(argument, found, f"at most {self.most} states (max_states)", mend)
            known = self.numbers[state] = len(self.states)
            self.states.append(state)
        return known


def _labels(actions: Any) -> list[Sequence[Any]]:
    """Per agent its actions as `step` gets them: those that are given, or numbers where their number is given."""
    expected = "for each agent the number of its actions, or a list of them"
    given = list(iterated("actions", actions, expected, "[4] for one agent with four actions"))
    if not given:
        fail("actions", "is empty", expected)
    return [_own_labels(f"actions[{i}]", own, f"{shown([given])} for one agent") for i, own in enumerate(given)]


def _own_labels(name: str, own: Any, for_one_agent: str) -> Sequence[Any]:
    """The actions of one agent. The mend `for_one_agent` is for texts that stand where agents should."""
    if isinstance(own, (int, np.integer)):
        return range(count(name, own, 1))
    expected = "the number of the agent's actions, or a list of them"
    labels = list(iterated(name, own, expected, for_one_agent if isinstance(own, str) else ""))
    if not labels:
        fail(name, "is empty", "at least one action")
    with suppress(TypeError):  # what cannot be hashed is not compared
        seen = set[Hashable]()
        for label in labels:
            if label in seen:
                fail(name, f"has {shown(label)} twice", "each action once")
            seen.add(label)
    return labels


def _start(start: Any, found: _Found) -> list[float]:
    """The probabilities of the states in which play starts, which become the first states."""
    if not isinstance(start, Mapping):
        found.number("start", start)
        return [1.0]
    mend = "leave out a state that is never the first"
    first = {state: positive(f"start[{shown(state)}]", probability, mend) for state, probability in start.items()}
    for state in first:
        found.number("start", state)
    _sum_to_1("start", list(first.values()))
    return list(first.values())


def _available(function: Callable[[Any], Any] | None, state: Any, num_actions: Sequence[int]) -> tuple[Booleans, ...]:
    """Per agent (A_i,): which actions there are in a state."""
    masks = None
    if function is not None:
        call = f"available({shown(state)})"
        with _noting(call):
            given = function(state)
        if given is None:
            fail(call, "is None", "for each agent which of its actions there are")
        masks = as_available(call, given, 1, num_actions, None)
    return tuple(np.ones(size, dtype=bool) for size in num_actions) if masks is None else tuple(own[0] for own in masks)


@contextmanager
def _noting(call: str) -> Iterator[None]:
    """Note on an error of the caller's own function which call of it raised it."""
    try:
        yield
    except InvalidInput:
        raise
    except Exception as error:
        error.add_note(f"mathrl called {call}")
        raise


def _outcomes(given: Any, num_agents: int, found: _Found) -> tuple[list[float], dict[int, float]]:
    """Each agent's expected reward, and the probability of each next state, −1 where the episode has ended."""
    several = "a list of outcomes, or one as a tuple"
    outcomes = [given] if isinstance(given, tuple) else list(iterated("the result", given, several))
    if not outcomes:
        fail("the result", "holds no outcome", several, "what ends the episode is an outcome with ended=True")
    probabilities, rewards, moves = [], [], list[tuple[int, float]]()
    for outcome in outcomes:
        if not isinstance(outcome, (tuple, list)) or len(outcome) != 4:
            fail("an outcome", f"is {shown(outcome)}", _OUTCOME, "several outcomes stand in a list")
        probability = proportion("the probability", outcome[0])
        ended = unwrapped(outcome[3])
        if isinstance(ended, (Sequence, Mapping, np.ndarray)):
            fail("ended", f"is {shown(ended)}", "true or false", "an episode ends for all agents: all(…)")
        ended = flag("ended", ended)
        probabilities.append(probability)
        rewards.append(_paid(outcome[2], num_agents))
        if probability > 0:
            moves.append((-1 if ended else found.number("the next state", outcome[1]), probability))
    _sum_to_1("the result", probabilities)
    expected = [math.fsum(map(math.prod, zip(probabilities, own, strict=True))) for own in zip(*rewards, strict=True)]
    following: dict[int, list[float]] = {}
    for t, probability in moves:
        following.setdefault(t, []).append(probability)
    return expected, {t: math.fsum(shares) for t, shares in following.items()}


def _paid(rewards: Any, num_agents: int) -> list[float]:
    """The rewards of all agents; one number is a common payoff."""
    if isinstance(unwrapped(rewards), NUMBERS):
        return [real("the reward", rewards)] * num_agents
    paid = list(iterated("rewards", rewards, f"one number, or a list of {num_agents}, one per agent"))
    if len(paid) != num_agents:
        fail("rewards", f"is {shown(rewards)}", f"one number, or a list of {num_agents}, one per agent")
    return [real(f"rewards[{i}]", own) for i, own in enumerate(paid)]


def _sum_to_1(argument: str, probabilities: Sequence[float]) -> None:
    total = math.fsum(probabilities)
    if abs(total - 1) > SIMPLEX_TOLERANCE:
        fail(argument, f"has probabilities that sum to {total!r}", "1", mend_of_sum(total, ""))


def _arrays(
    found: _Found,
    first: Sequence[float],
    num_actions: Sequence[int],
    masks: Sequence[tuple[Booleans, ...]],
    rows: Sequence[int],
    paid: Sequence[Sequence[float]],
    moves: Sequence[tuple[int, int, float]],
) -> dict[str, Any]:
    """All that was found, as arrays; where play ends anywhere, with one more state, the last, which is terminal."""
    from scipy.sparse import coo_array

    ends = any(t < 0 for _, t, _ in moves)
    num_states, num_joint_actions = len(found.states) + ends, math.prod(num_actions)
    rewards = np.zeros((len(num_actions), num_states * num_joint_actions))
    rewards[:, rows] = np.transpose(paid)
    x, t, data = (np.array(part) for part in zip(*moves, strict=True))
    terminal = np.arange(num_states) == num_states - 1 if ends else None
    everything = tuple(np.ones(size, dtype=bool) for size in num_actions)
    available = [np.stack(own) for own in zip(*masks, *[everything] * ends, strict=True)]
    per_agent = list(rewards.reshape(-1, num_states, *num_actions))
    return {
        "rewards": per_agent[0] if (rewards == rewards[0]).all() else per_agent,
        "transitions": coo_array((data, (x, t % num_states)), shape=(num_states * num_joint_actions, num_states)),
        "start": np.pad(np.array(first, dtype=np.float64), (0, num_states - len(first))),
        "available": available,
        "terminal": terminal,
        "state_names": (*found.states, *[END] * ends),
    }
