"""The input of the compiled batch solvers: payoffs of B matrix games, temperatures, policies to start from."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np
import numpy.typing as npt

from mathrl.base.array_types import ArrayLike
from mathrl.base.checks import (
    FloatArray,
    as_floats,
    as_numbers,
    entry,
    fail,
    normalised,
    positive,
    probabilities,
    shape,
)
from mathrl.base.rationality import one_temperature
from mathrl.games.availability import as_available, booleans, joint
from mathrl.games.given import Booleans, finite_rewards
from mathrl.values.overflow import check_range, within_range

__all__ = ["MatrixGames", "as_matrix_games", "first_policies"]


@dataclass(frozen=True, eq=False)
class MatrixGames:
    """Payoffs r_bma (B, m, A), joint actions in C order, m = 1 for a common payoff, else m = n; temperatures (B,).

    `available` holds per agent (B, A_i) which actions there are, None where all are. Payoffs of others are 0.
    """

    r_bma: FloatArray
    num_actions: npt.NDArray[np.int64]
    temperature_b: FloatArray
    available: tuple[Booleans, ...] | None = None

    @property
    def num_games(self) -> int:
        """B."""
        return len(self.r_bma)

    @property
    def num_agents(self) -> int:
        """n."""
        return len(self.num_actions)

    @property
    def common_payoff(self) -> bool:
        """Whether one payoff function is given for all agents."""
        return int(self.r_bma.shape[1]) == 1


def as_matrix_games(
    payoffs: ArrayLike,
    temperature: ArrayLike | None,
    available: Sequence[ArrayLike] | None = None,
    rationality: ArrayLike | None = None,
) -> MatrixGames:
    """Check payoffs (B, n, A_1, …, A_n), or (B, 1, A_1, …, A_n) where it is common, and a temperature for all or (B,).

    `rationality` is 1/temperature, in its place.
    `available` is per agent (A_i,) for all games, or (B, A_i). Raises `ValueError` naming the argument where a shape is
    off, a number that counts is not finite, a temperature is not positive, an agent has no action, or double precision
    cannot compute with them (`mathrl.values.overflow`).
    """
    r = _finite(payoffs) if available is None else as_numbers("payoffs", payoffs)
    num_actions = r.shape[2:]
    if r.ndim < 3 or r.shape[1] not in (1, len(num_actions)):
        expected = "(B, n, A_1, …, A_n), or (B, 1, A_1, …, A_n) for a common payoff"
        fail("payoffs", f"has shape {r.shape}", expected, _with_agents(r.shape))
    if 0 in num_actions:
        fail("payoffs", f"has shape {r.shape}", "at least one action for every agent")
    masks = None if available is None else _masks(available, len(r), num_actions)
    if masks is not None:
        r[np.broadcast_to(~joint(masks)[:, None], r.shape)] = 0.0
    if available is not None:
        finite_rewards("payoffs", r)
    given = one_temperature(temperature, rationality)
    temperature_b = _temperatures("temperature" if rationality is None else "rationality", given, len(r))
    r_bma = r.reshape(len(r), r.shape[1], int(np.prod(num_actions)))
    _check_sizes(r, temperature_b, num_actions, named=_is_array(given))
    return MatrixGames(r_bma, np.array(num_actions), temperature_b, masks)


def first_policies(games: MatrixGames, initial_policy: Sequence[ArrayLike] | None) -> FloatArray:
    """The policies from which iterations start, side by side (B, A_1 + … + A_n); by default uniform.

    They may be given per agent as (A_i,) for all games, as (B, A_i) or as (B, 1, A_i). Raises `ValueError` naming the
    agent's array where a shape is off, a row is no probability distribution, or an action is not available.
    """
    if initial_policy is None and games.available is None:
        rows = [np.full(actions, 1 / actions) for actions in games.num_actions]
    elif initial_policy is None:
        rows = [own / own.sum(axis=1, keepdims=True) for own in games.available or ()]
    else:
        if not isinstance(initial_policy, Sequence) or len(initial_policy) != games.num_agents:
            fail("initial_policy", _what(initial_policy), f"a tuple of {games.num_agents} arrays, one per agent")
        rows = [_rows(games, i, own) for i, own in enumerate(initial_policy)]
    ends = np.cumsum(games.num_actions)
    first_bk = np.empty((games.num_games, ends[-1]))
    for own, out in zip(rows, np.split(first_bk, ends[:-1], axis=1), strict=True):
        out[:] = own
    return first_bk


def _finite(payoffs: ArrayLike) -> FloatArray:
    """The payoffs as floats, copied only where kernels cannot read them as they are: there may be a million games."""
    if type(payoffs) is np.ndarray and payoffs.dtype == np.float64 and payoffs.flags.carray:
        with np.errstate(invalid="ignore"):
            if np.isfinite(payoffs.max(initial=0.0)) and np.isfinite(payoffs.min(initial=0.0)):
                return payoffs
    return finite_rewards("payoffs", as_numbers("payoffs", payoffs))


def _masks(available: Sequence[ArrayLike], num_games: int, num_actions: tuple[int, ...]) -> tuple[Booleans, ...] | None:
    """Which actions there are, per agent (B, A_i); None where all are."""
    given: Any = available
    if isinstance(given, Sequence) or (isinstance(given, np.ndarray) and given.ndim > 0):
        given = [booleans(f"available[{i}]", own) for i, own in enumerate(available)]
        given = [np.broadcast_to(own, (num_games, own.size)) if own.ndim == 1 else own for own in given]
    return as_available("available", given, num_games, num_actions, None)


def _with_agents(given: tuple[int, ...]) -> str:
    """The shapes that may be meant if the axis of the agents was forgotten."""
    if len(given) < 3:
        return ""
    count, *actions = given
    common, own = (count, 1, *actions), (count, len(actions), *actions)
    return f"of games with actions {tuple(actions)} a common payoff is {common}, one for each agent {own}"


def _is_array(temperature: ArrayLike) -> bool:
    return isinstance(temperature, Sequence | np.ndarray) and not isinstance(temperature, str)


def _temperatures(name: str, temperature: ArrayLike, num_games: int) -> FloatArray:
    """The temperature of each game; a message calls it `name`."""
    if not _is_array(temperature):
        return np.full(num_games, positive(name, temperature))
    temperature_b = as_floats(name, temperature)
    if temperature_b.shape != (num_games,):
        fail(name, f"has shape {temperature_b.shape}", f"a number, or {(num_games,)}: one for each game")
    for k in np.flatnonzero(temperature_b <= 0)[:1]:
        fail(entry(name, (k,)), f"is {temperature_b[k]:g}", "a number > 0")
    return temperature_b


def _check_sizes(r: FloatArray, temperature_b: FloatArray, num_actions: tuple[int, ...], named: bool) -> None:
    """Require that all games can be computed with, by the extremes first: there may be a million of them."""
    nats = sum(map(log, num_actions))
    with np.errstate(over="ignore"):
        largest = float(max(r.max(initial=0.0), -r.min(initial=0.0))) + nats * float(temperature_b.max(initial=0.0))
        if within_range(largest, float(temperature_b.min(initial=1.0))):
            return
        size_b = np.abs(r).reshape(len(r), -1).max(axis=1) + nats * temperature_b
        outside = np.flatnonzero(~within_range(size_b, temperature_b))
    for k in outside[:1]:
        name = entry("temperature", (k,)) if named else "temperature"
        check_range(entry("payoffs", (k,)), float(size_b[k]), float(temperature_b[k]), name)


def _rows(games: MatrixGames, agent: int, own: ArrayLike) -> FloatArray:
    argument, actions = f"initial_policy[{agent}]", int(games.num_actions[agent])
    rows = as_floats(argument, own)
    if rows.ndim == 3 and rows.shape[1] == 1:
        rows = rows[:, 0]
    if rows.shape not in ((actions,), (1, actions)):
        shape(argument, rows, (games.num_games, actions))
    rows, _ = normalised(rows)
    probabilities(argument, rows)
    if games.available is not None:
        rows = np.broadcast_to(rows, (games.num_games, actions))
        for k, a in np.argwhere((rows > 0) & ~games.available[agent])[:1]:
            found = f"is {rows[k, a]:g}, and action {a} is not available to agent {agent} in game {k}"
            fail(entry(argument, (k, a)), found, "0", "mask the policy")
    return rows


def _what(value: Any) -> str:
    return f"has {len(value)} arrays" if isinstance(value, Sequence) else f"is of type {type(value).__name__}"
