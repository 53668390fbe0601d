"""Instances of claims in several arithmetics: doubles for searches, fractions in files, balls for what must be certain.

An instance is a dictionary of a check's arguments. In a file its numbers are strings such as "1/3": a game is an object
with "rewards", "transitions", "discount" and "start", an array is a nested list, a product policy a list of arrays, and
agents, orders and numbers of steps are JSON integers. A key that ends in "policy" or "policies" is a product policy,
unless it begins with "joint".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from mathrl.balls import balls
from mathrl.games import Game
from mathrl.games.transform import to_dense

__all__ = ["Instance", "Tables", "in_balls", "in_doubles", "rational", "read", "written"]

Instance = Mapping[str, Any]

_DENOMINATOR = 100
"""The largest denominator of what a violation is rounded to."""


@dataclass(frozen=True)
class Tables:
    """A game as arrays of any arithmetic, with the attributes of `mathrl.Game` that checks use.

    `rewards`        (S, A_1, …, A_n), or (n, S, A_1, …, A_n) unless `common_payoff`
    `transitions`    (S, A_1, …, A_n, S)
    `discount`       γ
    `start`          (S,)
    `common_payoff`  whether all agents have the same rewards
    """

    rewards: Any
    transitions: Any
    discount: Any
    start: Any
    common_payoff: bool

    @property
    def num_actions(self) -> tuple[int, ...]:
        """A_i of each agent."""
        return tuple(self.transitions.shape[1:-1])

    @property
    def num_agents(self) -> int:
        """How many agents there are."""
        return len(self.num_actions)

    @property
    def num_states(self) -> int:
        """How many states there are."""
        return int(self.transitions.shape[0])


def rational(instance: Instance, denominator: int | None = _DENOMINATOR) -> dict[str, Any]:
    """An instance in doubles as fractions near it, whose rows of probabilities sum to 1.

    Transitions, starts, policies, priors and models are rows of probabilities; of them the largest entry makes the sum.

    `instance`     the instance
    `denominator`  the largest denominator; None: of each number the binary value
    """
    return {name: _rational(name, value, denominator) for name, value in instance.items()}


def written(instance: Instance) -> dict[str, Any]:
    """The instance in fractions as it stands in a file, of strings, integers and lists."""
    return {name: _written(value) for name, value in instance.items()}


def read(data: Mapping[str, Any]) -> dict[str, Any]:
    """The instance in fractions from what stands in a file."""
    return {name: _read(name, value) for name, value in data.items()}


def in_doubles(instance: Instance) -> dict[str, Any]:
    """The instance in fractions as a `Game`, arrays of doubles, and floats: each number rounded to the nearest."""
    return _mapped(instance, lambda x: np.asarray(x.astype(np.float64)), float, _game)


def in_balls(instance: Instance) -> dict[str, Any]:
    """An instance in fractions or doubles as `Tables`, arrays of balls, and balls: each number enclosed."""
    return _mapped(instance, balls, balls, lambda tables: tables)


def _mapped(
    instance: Instance, array: Callable[[Any], Any], number: Callable[[Any], Any], game: Callable[[Tables], Any]
) -> dict[str, Any]:
    def one(value: Any) -> Any:
        if isinstance(value, Game):
            value = tables(value)
        if isinstance(value, Tables):
            return game(
                Tables(
                    one(value.rewards),
                    one(value.transitions),
                    one(value.discount),
                    one(value.start),
                    value.common_payoff,
                )
            )
        if isinstance(value, np.ndarray):
            return array(value) if value.dtype.kind in "fO" else value
        if isinstance(value, tuple | list):
            return tuple(map(one, value))
        return number(value) if isinstance(value, float | Fraction) else value

    return {name: one(value) for name, value in instance.items()}


def tables(game: Game) -> Tables:
    """The same game as plain dense arrays of doubles."""
    dense = to_dense(game)
    return Tables(dense.rewards, np.asarray(dense.transitions), dense.discount, dense.start, dense.common_payoff)


def _game(found: Tables) -> Game:
    rewards = found.rewards if found.common_payoff else list(found.rewards)
    return Game.stochastic(rewards, found.transitions, found.discount, found.start)


def _rational(name: str, value: Any, most: int | None) -> Any:
    if isinstance(value, Game):
        plain = tables(value)
        return Tables(
            _fractions(plain.rewards, most),
            _rows(plain.transitions, most),
            _fraction(plain.discount, most),
            _rows(plain.start, most),
            plain.common_payoff,
        )
    if isinstance(value, tuple | list):
        return tuple(_rational(name, each, most) for each in value)
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return _rows(value, most) if name.endswith(_PROBABILITIES) else _fractions(value, most)
    return _fraction(value, most) if isinstance(value, float) else value


_PROBABILITIES = ("policy", "policies", "prior", "model", "models", "start", "distribution", "transitions")
"""How names of rows of probabilities end."""


def _fraction(x: Any, most: int | None) -> Fraction:
    exact = Fraction(float(x))
    return exact if most is None else exact.limit_denominator(most)


def _fractions(x: Any, most: int | None) -> Any:
    return np.frompyfunc(lambda each: _fraction(each, most), 1, 1)(x)


def _rows(x: Any, most: int | None) -> Any:
    """Rows in fractions that sum to 1; what rounding leaves goes to the largest entry."""
    rows = _fractions(x, most).reshape(-1, x.shape[-1])
    for row in rows:
        row[max(range(len(row)), key=row.__getitem__)] += 1 - sum(row)
    return rows.reshape(x.shape)


def _written(value: Any) -> Any:
    if isinstance(value, Tables):
        return {
            "rewards": _written(value.rewards),
            "transitions": _written(value.transitions),
            "discount": _written(value.discount),
            "start": _written(value.start),
            "common_payoff": value.common_payoff,
        }
    if isinstance(value, np.ndarray):
        return _written(value.tolist())
    if isinstance(value, tuple | list):
        return [_written(each) for each in value]
    return str(value) if isinstance(value, Fraction) else value


def _read(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        return Tables(
            _array(value["rewards"]),
            _array(value["transitions"]),
            Fraction(value["discount"]),
            _array(value["start"]),
            bool(value["common_payoff"]),
        )
    if isinstance(value, str):
        return Fraction(value)
    if isinstance(value, list) and value and isinstance(value[0], int):
        return tuple(value)
    if isinstance(value, list) and name.endswith(("policy", "policies")) and not name.startswith("joint"):
        return tuple(map(_array, value))
    return _array(value) if isinstance(value, list) else value


def _array(nested: Any) -> Any:
    return np.frompyfunc(Fraction, 1, 1)(np.asarray(nested, dtype=object))
