"""A game from an environment that can be copied: explored from a copy of each state, then played as a check.

A state of the game is what `name` says of a snapshot of the environment. Whether that is all that matters, nobody can
see from outside. So a few random episodes are played with the environment itself afterwards, in which each step must
do what the game says of this state and joint action.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import count, fail, proportion
from mathrl.base.reproduction import Estimate
from mathrl.base.text import shown
from mathrl.games.exploration import END
from mathrl.games.given import Booleans
from mathrl.games.model import Game
from mathrl.games.naming import agent_label

__all__ = ["Environment", "Explored", "Outcome", "Step", "counted", "explore", "frozen"]

_LONGEST = 2_000
"""How many steps are played in all as a check."""

_SAME = 1e-9
"""Numbers of two tries are the same up to this, relative to the larger one or to 1."""

REHEARSALS = 20
"""How many episodes are played as a check by default."""


class Outcome(NamedTuple):
    """One thing that a step may do."""

    probability: float
    snapshot: Any
    rewards: tuple[float, ...]
    ended: bool


class Step(NamedTuple):
    """All that a step may do; with `draws` > 0 what it did in that many tries."""

    outcomes: list[Outcome]
    draws: int = 0


@dataclass(frozen=True)
class Environment:
    """What exploring needs of an environment. A snapshot is what play can go on from, as often as is wanted.

    `start`      the snapshots in which play starts, with their probabilities
    `num_actions`, `name`, `available`, `step`
                 the number of each agent's actions; of a snapshot what the state is called, which actions there are,
                 and what a joint action does, of which one try is enough where the third argument is true
    `advice`     how to tell states apart, for messages
    `cut`        whether a time limit has cut play, so that a snapshot cannot go on, though no episode has ended
    `views`      of a snapshot what each agent sees, or None where all see all
    """

    start: Sequence[tuple[float, Any]]
    num_actions: tuple[int, ...]
    name: Callable[[Any], Hashable]
    available: Callable[[Any], Sequence[Booleans]]
    step: Callable[[Any, tuple[int, ...], bool], Step]
    advice: str
    cut: Callable[[Any], bool] = lambda _: False
    views: Callable[[Any], Sequence[Hashable]] | None = None


class Result(NamedTuple):
    """What a step did, without snapshots: by the name of the next state its probability and rewards on the way."""

    following: dict[Hashable, tuple[float, tuple[float, ...]]]
    draws: int
    hits: dict[Hashable, int]
    rewards: tuple[Estimate, ...]


class Explored(NamedTuple):
    """The game, and what each joint action did in the state of this name."""

    game: Game
    results: dict[tuple[Hashable, tuple[int, ...]], Result]


def counted(
    snapshots: Iterable[Any], name: Callable[[Any], Hashable]
) -> tuple[list[tuple[float, Any]], dict[Hashable, int]]:
    """Return the start of an `Environment` of which these are samples, and how often each state was among them."""
    hits: dict[Hashable, int] = {}
    found: dict[Hashable, Any] = {}
    for snapshot in snapshots:
        called = name(snapshot)
        hits[called] = hits.get(called, 0) + 1
        found[called] = snapshot
    total = sum(hits.values())
    return [(hits[called] / total, snapshot) for called, snapshot in found.items()], hits


def explore(
    environment: Environment, *, discount: float, max_states: int, rehearsals: int, names: Callable[[], dict[str, Any]]
) -> Explored:
    """Explore an environment, and check it by playing; `names` gives names of agents and actions once all is explored.

    Raises `ValueError` where an agent's view does not tell the states apart, where play only goes on beyond a time
    limit, and where a step of a played episode differs from the game's.
    """
    rehearsals, discount = count("rehearsals", rehearsals), proportion("discount", discount)
    snapshots: dict[Hashable, Any] = {}
    results: dict[tuple[Hashable, tuple[int, ...]], Result] = {}
    seen: list[dict[Hashable, Hashable]] = [{} for _ in environment.num_actions]

    def noted(snapshot: Any) -> Hashable:
        called = environment.name(snapshot)
        if called in snapshots:
            return called
        if environment.cut(snapshot):
            mend = f"make the environment with a longer one, or {environment.advice} and does not count the time"
            fail(
                "the time limit", f"ends play in {shown(called)}, which nothing reached earlier", "a longer limit", mend
            )
        if environment.views is not None:
            for i, view in enumerate(environment.views(snapshot)):
                other = seen[i].setdefault(view, called)
                if other != called:
                    found = f"sees the same in {shown(other)} and in {shown(called)}"
                    mend = "full_view=True makes the game in which all agents see the whole state"
                    who = agent_label(names().get("agent_names"), i)
                    fail(who, found, "a view that tells states apart, as in a game all see its state", mend)
        snapshots[called] = snapshot
        return called

    def step(called: Hashable, joint: tuple[int, ...]) -> list[tuple[float, Hashable, tuple[float, ...], bool]]:
        tried = environment.step(snapshots[called], joint, False)
        outcomes = [(p, END if ended else noted(s), rewards, ended) for p, s, rewards, ended in tried.outcomes]
        results[called, joint] = _result(outcomes, tried.draws)
        return outcomes

    start: dict[Hashable, float] = {}
    for probability, snapshot in environment.start:
        called = noted(snapshot)
        start[called] = start.get(called, 0.0) + probability
    game = Game.from_function(
        start,
        environment.num_actions,
        step,
        discount=discount,
        max_states=max_states,
        available=lambda called: environment.available(snapshots[called]),
    )
    _rehearse(environment, snapshots, results, rehearsals)
    return Explored(replace(game, **names()), results)


def _result(outcomes: list[tuple[float, Hashable, tuple[float, ...], bool]], draws: int) -> Result:
    """What a step did, by the name of the next state."""
    parts: dict[Hashable, list[tuple[float, tuple[float, ...]]]] = {}
    for probability, called, rewards, _ in outcomes:
        if probability > 0:
            parts.setdefault(called, []).append((probability, rewards))
    following = {}
    for called, own in parts.items():
        weights, paid = np.array([p for p, _ in own]), np.array([rewards for _, rewards in own])
        following[called] = float(weights.sum()), tuple((weights @ paid / weights.sum()).tolist())
    if not draws:
        return Result(following, 0, {}, ())
    from mathrl.base.intervals import mean  # it brings scipy.stats

    means = tuple(mean(own) for own in zip(*[rewards for _, _, rewards, _ in outcomes], strict=True))
    return Result(following, draws, {called: len(own) for called, own in parts.items()}, means)


def _rehearse(
    environment: Environment,
    snapshots: dict[Hashable, Any],
    results: dict[tuple[Hashable, tuple[int, ...]], Result],
    rehearsals: int,
) -> None:
    """Play random episodes on, each step from the very snapshot that the last one left."""
    generator = np.random.default_rng(0)
    left = _LONGEST
    first = _normal([probability for probability, _ in environment.start])
    for _ in range(rehearsals):
        k = generator.choice(len(first), p=first)
        snapshot, ended = environment.start[k][1], False
        while left > 0 and not ended and not environment.cut(snapshot):
            left -= 1
            called = environment.name(snapshot)
            masks = environment.available(snapshot)
            known = environment.available(snapshots[called])
            if not all(np.array_equal(own, other) for own, other in zip(masks, known, strict=True)):
                _differs(environment, called, "other actions are available than when it was first reached")
            joint = tuple(int(generator.choice(np.flatnonzero(own))) for own in masks)
            expected = results[called, joint]
            tried = environment.step(snapshot, joint, True)
            if bool(tried.draws) != bool(expected.draws):
                _differs(environment, called, f"joint action {joint} does not always draw random numbers")
            if not tried.draws:
                found = [(p, END if over else environment.name(s), paid, over) for p, s, paid, over in tried.outcomes]
                _compare(environment, called, joint, expected.following, _result(found, 0).following)
            weights = _normal([outcome.probability for outcome in tried.outcomes])
            outcome = tried.outcomes[generator.choice(len(weights), p=weights)]
            snapshot, ended = outcome.snapshot, outcome.ended
            if not ended and environment.name(snapshot) not in snapshots:
                break  # a rare outcome that no sample has shown: of it nothing is known to compare with


def _compare(
    environment: Environment,
    called: Hashable,
    joint: tuple[int, ...],
    expected: dict[Hashable, tuple[float, tuple[float, ...]]],
    found: dict[Hashable, tuple[float, tuple[float, ...]]],
) -> None:
    for other in (*found, *expected):
        if other not in found or other not in expected:
            _differs(environment, called, f"joint action {joint} leads to {shown(other)} only sometimes")
    for following, (probability, rewards) in expected.items():
        again, paid = found[following]
        if not np.allclose(paid, rewards, rtol=_SAME, atol=_SAME):
            _differs(environment, called, f"joint action {joint} pays {shown(paid)} now, and paid {shown(rewards)}")
        if abs(again - probability) > _SAME:
            said = f"leads to {shown(following)} with probability {again:.9g} now, and did with {probability:.9g}"
            _differs(environment, called, f"joint action {joint} {said}")


def _differs(environment: Environment, called: Hashable, found: str) -> None:
    fail(
        f"the environment in {shown(called)}",
        f"is not always the same: {found}",
        "that the state tells all",
        environment.advice,
    )


def _normal(probabilities: Sequence[float]) -> npt.NDArray[np.float64]:
    array = np.array(probabilities, dtype=np.float64)
    return np.asarray(array / array.sum())


def frozen(value: Any) -> Hashable:
    """Return a value as something that can be hashed: arrays, lists and dicts become tuples; equal where these are.

    Raises `ValueError` for a value that holds itself, or anything else that cannot be hashed.

    >>> frozen({"b": np.eye(2), "a": [1, {2}]})
    (('a', (1, (2,))), ('b', ((1.0, 0.0), (0.0, 1.0))))
    """
    expected = "numbers, texts, arrays, or tuples, lists and dicts of these"
    try:
        found = _frozen(value)
        hash(found)
    except RecursionError:
        fail("what tells states apart", "holds itself, or is nested too deep", expected)
    except TypeError:
        fail("what tells states apart", f"is {shown(value)}", expected)
    return found


def _frozen(value: Any) -> Hashable:
    if isinstance(value, np.ndarray) and value.ndim and not value.dtype.hasobject:  # no call for each of its numbers
        return tuple(value.tolist()) if value.ndim == 1 else tuple(map(_frozen, value))
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, dict):
        return tuple((key, _frozen(value[key])) for key in sorted(value, key=str))
    if isinstance(value, (list, tuple)):
        return tuple(_frozen(item) for item in value)
    if isinstance(value, (set, frozenset)):
        return tuple(sorted((_frozen(item) for item in value), key=repr))
    return value  # type: ignore[no-any-return]
