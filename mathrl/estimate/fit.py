"""What a fit of the rationality returns: the estimate, its interval, how good the fit is, and the likelihood."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from os import PathLike
from typing import Any, NamedTuple, Self

import numpy as np

from mathrl.base.archived import arrays_in, from_arrays, save
from mathrl.base.checks import FloatArray, fail
from mathrl.base.document import parse, plain
from mathrl.base.files import as_path, decode, read
from mathrl.base.render import render
from mathrl.base.stored import INTEGER, NUMBER, TEXT, optional, read_fields, stored, written_fields
from mathrl.base.table import Column, Table
from mathrl.estimate import fit_file as file
from mathrl.estimate.outcome import Outcome
from mathrl.games.naming import ActionNames, action_label, agent_label, state_label
from mathrl.games.policies import Policy

__all__ = ["Fit", "Row"]

_SHOWN_ROWS, _SHOWN_MAXIMA = 40, 8


class Row(NamedTuple):
    """An action that could be observed: how often it was, and what the fit says of it."""

    game: int
    agent: int
    state: int
    action: int
    observed: float
    frequency: float | None
    probability: float


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Fit:
    """The rationality that makes observed play most likely, and how sure that is. `print` shows it in words.

    `rationality`               λ; 0 or inf at an end of the branch, nan where all λ fit alike
    `interval`                  (low, high), the profile interval of `level`; high is inf where it has no end
    `pieces`                    the ranges of λ that it is the hull of, in order; more than one where the branch folds
                                or the likelihood has several maxima
    `level`                     of the interval
    `outcome`                   a sentence; `converged` follows from it
    `log_likelihood`            Σ n log π at the estimate
    `saturated_log_likelihood`  the same at the observed frequencies: no policy has more
    `deviance`                  twice the difference of the two, ≥ 0
    `degrees_of_freedom`        of the deviance: those of the frequencies, less one for λ
    `p_value`                   how likely a deviance at least as large is if the model is true; None where counts are
                                too few to say, or there is no degree of freedom
    `policies`                  for each game π at the estimate, per agent (S, A_i); at the end of the trace where the
                                estimate is inf
    `counts`                    for each game what was observed, per agent (S, A_i)
    `maxima`                    (λ, log-likelihood) of all local maxima along the branch, ends included, that are less
                                than 100 below the highest one
    `curve`                     (2, J), λ and the log-likelihood at points along the branch, in order, its
                                maxima among them; to some six digits where that is 100 or more below the highest one
    `entropy`                   as it was given
    `games`                     each game in a few words

    What each game calls its agents, actions and states is in `agent_names`, `action_names` and `state_names` (texts),
    with one entry for each game, None where it has no such names.
    """

    rationality: float = field(metadata=stored(NUMBER))
    interval: tuple[float, float] = field(metadata=stored(file.RANGE))
    pieces: tuple[tuple[float, float], ...] = field(metadata=stored(file.RANGES))
    level: float = field(metadata=stored(NUMBER))
    outcome: Outcome = field(metadata=stored(file.OUTCOME))
    log_likelihood: float = field(metadata=stored(NUMBER))
    saturated_log_likelihood: float = field(metadata=stored(NUMBER))
    deviance: float = field(metadata=stored(NUMBER))
    degrees_of_freedom: int = field(metadata=stored(INTEGER))
    p_value: float | None = field(metadata=stored(optional(NUMBER)))
    policies: tuple[Policy, ...] = field(metadata=stored(file.ARRAYS))
    counts: tuple[Policy, ...] = field(metadata=stored(file.ARRAYS))
    maxima: tuple[tuple[float, float], ...] = field(metadata=stored(file.RANGES))
    curve: FloatArray = field(metadata=stored(file.CURVE))
    entropy: str = field(metadata=stored(TEXT))
    games: tuple[str, ...] = field(metadata=stored(file.TEXTS))
    agent_names: tuple[tuple[str, ...] | None, ...] = field(metadata=stored(file.NAMES))
    action_names: tuple[ActionNames | None, ...] = field(metadata=stored(file.NAMES))
    state_names: tuple[tuple[str, ...] | None, ...] = field(metadata=stored(file.NAMES))

    def __post_init__(self) -> None:
        for array in (self.curve, *(own for policy in (*self.policies, *self.counts) for own in policy)):
            array.flags.writeable = False

    @property
    def temperature(self) -> float:
        """1/λ: inf at rationality 0, and 0 where the rationality is infinite."""
        return math.inf if self.rationality == 0 else 1 / self.rationality

    @property
    def policy(self) -> Policy:
        """The policy of the only game. Raises `ValueError` where there are several."""
        if len(self.policies) > 1:
            fail("policy", f"is that of one game, and here are {len(self.policies)}", "policies[k]")
        return self.policies[0]

    @property
    def converged(self) -> bool:
        """Whether there is an estimate: not where all λ fit alike, nor where the branch could not be followed."""
        return self.outcome in (Outcome.INSIDE, Outcome.AT_ZERO, Outcome.AT_INFINITY)

    def require(self) -> Self:
        """Return this fit if it converged, else raise `ValueError` with the sentence that says why not."""
        if not self.converged:
            fail("fit", f"has no estimate ({self.outcome})", "a rationality")
        return self

    @property
    def rows(self) -> Iterator[Row]:
        """One row for each game, agent, state in which that agent was observed, and action."""
        for game, (policy, counts) in enumerate(zip(self.policies, self.counts, strict=True)):
            for agent, (pi_sa, n_sa) in enumerate(zip(policy, counts, strict=True)):
                for state in np.flatnonzero(n_sa.any(axis=1)).tolist():
                    total = float(n_sa[state].sum())
                    for action, n in enumerate(n_sa[state].tolist()):
                        yield Row(game, agent, state, action, n, n / total, float(pi_sa[state, action]))

    def table(self, spec: str = ".4f", *, named: bool = True) -> Table:
        """What was observed beside what the fit says, a row for each action; numbers in format `spec`.

        Agents, states and actions have their names where there are some; if `named` is false, all have their numbers.
        """
        several = [Column("game", lambda row: row.game)] if len(self.games) > 1 else []
        called = self.labels if named else _numbers
        columns = [
            *several,
            Column("agent", lambda row: called(row)[0]),
            Column("state", lambda row: called(row)[1]),
            Column("action", lambda row: called(row)[2]),
            Column("count", lambda row: row.observed, "" if spec == "" else "g"),
            Column("frequency", lambda row: row.frequency, spec),
            Column("probability", lambda row: row.probability, spec),
        ]
        return Table(columns, list(self.rows))

    def labels(self, row: Row) -> tuple[int | str, int | str, int | str]:
        """What the game of a row calls its agent, state and action; a number where there is no name."""
        game = row.game
        agents, actions, states = self.agent_names[game], self.action_names[game], self.state_names[game]
        named = actions is not None and actions[row.agent] is not None
        return (
            row.agent if agents is None else agent_label(agents, row.agent),
            row.state if states is None else state_label(states, row.state),
            action_label(actions, row.agent, row.action) if named else row.action,
        )

    def __repr__(self) -> str:
        low, high = self.interval
        return (
            f"<Fit: rationality {self.rationality:.6g}, {100 * self.level:g} % interval [{low:.6g}, {high:.6g}], "
            f"log-likelihood {self.log_likelihood:.6g}, {self.outcome.name}>"
        )

    def __str__(self) -> str:
        table = render(self.table()).splitlines()
        rows = len(table) - 2
        cut = [*table[: 2 + _SHOWN_ROWS], f"… {rows} rows in all"] if rows > _SHOWN_ROWS else table
        return "\n".join([*self.lines(), "", *cut])

    def lines(self) -> list[str]:
        """The numbers, each in a line with what it says."""
        low, high = self.interval
        ends = "no upper end" if high == math.inf else f"{high:.6g}"
        games = self.games[0] if len(self.games) == 1 else f"{len(self.games)} games with one rationality"
        said = [
            f"{games}, {sum(float(own.sum()) for counts in self.counts for own in counts):g} observed actions",
            f"  outcome         {self.outcome.name} ({self.outcome})",
            f"  rationality     {self.rationality:.6g} (temperature {self.temperature:.6g})",
            f"  interval        from {low:.6g} to {ends} ({100 * self.level:g} %, profile likelihood)",
        ]
        if len(self.pieces) > 1:
            pieces = ", ".join(f"[{first:.6g}, {last:.6g}]" for first, last in self.pieces)
            said.append(f"  pieces          {pieces}: what lies between them does not fit")
        said += [
            f"  log-likelihood  {self.log_likelihood:.8g}; of the observed frequencies "
            f"{self.saturated_log_likelihood:.8g}",
            f"  deviance        {self.deviance:.5g}, degrees of freedom {self.degrees_of_freedom}, {self._p_value()}",
        ]
        lower = sorted((point for point in self.maxima if point[1] != self.log_likelihood), key=lambda point: -point[1])
        others = [f"{at:.6g} ({value:.6g})" for at, value in lower]
        if others:
            cut = f", … ({len(others)} in all)" if len(others) > _SHOWN_MAXIMA else ""
            said.append(f"  other maxima    of the likelihood, lower: at {', '.join(others[:_SHOWN_MAXIMA])}{cut}")
        return said

    def _p_value(self) -> str:
        if self.p_value is not None:
            return f"p-value {self.p_value:.3g}"
        few = "expected counts are too small for a p-value"
        return few if self.degrees_of_freedom > 0 else "none to judge the fit by"

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON values, with `temperature`, `converged` and `message`; inf and nan are null."""
        more = {"temperature": plain(self.temperature), "converged": self.converged, "message": str(self.outcome)}
        return written_fields(self) | more

    def save(self, path: str | PathLike[str]) -> None:
        """Write this fit, whole or not at all: as a NumPy archive where `path` ends in .npz, else as JSON.

        JSON is the form that `mathrl fit --format json` prints; it has null for numbers that are not finite.
        """
        save(path, self, self.to_dict())

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """Read a fit that `save` or `mathrl fit --format json` wrote, by the ending of the file's name.

        All fields are what they were. Raises `ValueError` naming the file and the key that is broken in it.
        """
        path = as_path("path", path)
        return read(path, cls._of_archive if path.suffix.lower() == ".npz" else cls._of_json, file.EXPECTED)

    @classmethod
    def _of_json(cls, data: bytes) -> Self:
        values = parse(decode(data), file.EXPECTED)
        if not isinstance(values, dict):
            fail("the JSON", f"holds a {type(values).__name__}", file.EXPECTED)
        return cls._checked(read_fields(cls, values, "the JSON", file.EXPECTED), values, "the JSON")

    @classmethod
    def _of_archive(cls, data: bytes) -> Self:
        values = from_arrays(cls, arrays_in(data, file.EXPECTED), "the archive", file.EXPECTED)
        return cls._checked(values, {}, "the archive")

    @classmethod
    def _checked(cls, values: dict[str, Any], said: Mapping[str, Any], source: str) -> Self:
        """The fit of these fields, if they fit each other and what a file says beside them."""
        if values["outcome"] is Outcome.AT_INFINITY:
            values["rationality"] = math.inf  # which JSON does not know
        found = cls(**values)
        file.check(found, said, source)
        return found


def _numbers(row: Row) -> tuple[int, int, int]:
    return row.agent, row.state, row.action
