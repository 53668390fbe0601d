"""What all learners have in common: how they are called, and which runs they make.

`@learner(Settings)` makes a learner of a function of a game, settings and runs. Whoever calls it gives settings by
keyword, or as one object, or both:

>>> from mathrl.games import load
>>> from mathrl.learners import Jal, jal
>>> one = jal(load("climbing"), step=0.2, episodes=10)
>>> other = jal(load("climbing"), settings=Jal(step=0.2), episodes=10)
>>> bool((one.policy[0] == other.policy[0]).all())
True
"""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import wraps
from typing import Any, NamedTuple, Protocol, TypeVar, cast

import numpy as np

from mathrl.base.checks import count, fail, instance, iterated, room
from mathrl.games import Game
from mathrl.learners.learning import Learning
from mathrl.learners.pieces import IntArray

__all__ = ["Learner", "Runs", "learner"]

S = TypeVar("S")
Taken = TypeVar("Taken", contravariant=True)


class Runs(NamedTuple):
    """The runs that a learner makes.

    `numbers`  the numbers of the runs: run k draws from `numpy.random.default_rng([seed, k])`
    `times`    (T,), after how many episodes policies are recorded, from 0 to the last
    `seed`     a whole number
    """

    numbers: tuple[int, ...]
    times: IntArray
    seed: int

    def generator(self, number: int) -> np.random.Generator:
        """What one run draws from."""
        return np.random.default_rng([self.seed, number])


class Learner(Protocol[Taken]):
    """A function that lets all agents of a game learn, in several runs.

    `game`      the game that they play
    `settings`  how they learn, as one object; by default all settings have their defaults
    `episodes`  how many episodes are played, ≥ 1
    `seeds`     how many runs, or their numbers
    `seed`      run k draws from `numpy.random.default_rng([seed, k])`
    `record`    policies are recorded every so many episodes, or after these
    `changed`   single settings by name, in place of those of `settings`; and what a learner takes besides

    Returns `Learning`. Raises `ValueError` naming the argument, and `TypeError` for a name that the learner lacks.
    """

    def __call__(
        self,
        game: Game,
        *,
        settings: Taken | None = None,
        episodes: int = 1_000,
        seeds: int | Iterable[int] = 1,
        seed: int = 0,
        record: int | Iterable[int] = 1,
        **changed: Any,
    ) -> Learning:
        """Let them learn."""


def learner(kind: type[S]) -> Callable[[Callable[..., Learning]], Learner[S]]:
    """Make a `Learner` of `learn(game, settings, runs)`; what that takes by keyword the learner takes too."""

    def decorated(learn: Callable[..., Learning]) -> Learner[S]:
        of_learn, of_kind = inspect.signature(learn).parameters, inspect.signature(kind).parameters
        besides = {name: item for name, item in of_learn.items() if item.kind is item.KEYWORD_ONLY}

        @wraps(learn)
        def called(
            game: Game,
            *,
            settings: S | None = None,
            episodes: int = 1_000,
            seeds: int | Iterable[int] = 1,
            seed: int = 0,
            record: int | Iterable[int] = 1,
            **changed: Any,
        ) -> Learning:
            for name in changed:
                if name not in of_kind and name not in besides:
                    said = f"its settings are {', '.join(of_kind)}"
                    raise TypeError(f"{learn.__name__}() has no argument {name!r}; {said}")
            given = kind() if settings is None else instance("settings", settings, kind, f"a {kind.__name__}")
            own = {name: changed.pop(name) for name in besides if name in changed}
            runs = Runs(_numbers(seeds), _times(episodes, record), count("seed", seed, maximum=None))
            return learn(game, replace(cast(Any, given), **changed), runs, **own)

        _, game, *shared, _ = inspect.signature(Learner.__call__).parameters.values()
        shared[0] = shared[0].replace(annotation=kind | None)
        by_name = [item.replace(kind=item.KEYWORD_ONLY) for item in of_kind.values()]
        shown: Any = called
        shown.__signature__ = inspect.Signature(
            [game, *shared, *by_name, *besides.values()], return_annotation=Learning
        )
        return cast("Learner[S]", called)

    return decorated


def _numbers(seeds: int | Iterable[int]) -> tuple[int, ...]:
    """The numbers of the runs: 0 … seeds − 1 of a number, else the numbers themselves."""
    if isinstance(seeds, (int, np.integer)):
        runs = count("seeds", seeds, 1)
        room("seeds", runs)
        return tuple(range(runs))
    found = tuple(count("seeds", k) for k in iterated("seeds", seeds, "a whole number, or several"))
    if not found:
        fail("seeds", "is empty", "at least one")
    return found


def _times(episodes: int, record: int | Iterable[int]) -> IntArray:
    """When policies are recorded: at 0 and at the end, and every `record` episodes, or after those that it lists."""
    last = count("episodes", episodes, 1)
    if isinstance(record, (int, np.integer)):
        between = range(0, last, count("record", record, 1))
        room("episodes", len(between))
        return np.append(np.arange(between.start, between.stop, between.step, dtype=np.int64), last)
    listed = {count("record", t, 0, last) for t in iterated("record", record, "a whole number, or several")}
    return np.array(sorted(listed | {0, last}), dtype=np.int64)
