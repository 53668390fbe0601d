"""What a fit of the rationality returns: the estimate, its interval, how good the fit is, and the likelihood."""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from os import PathLike
from typing import Any, NamedTuple, Self

import numpy as np

from mathrl.base.checks import FloatArray, fail
from mathrl.base.document import plain
from mathrl.base.files import as_path, write_text
from mathrl.base.render import render
from mathrl.base.table import Column, Table
from mathrl.estimate.outcome import Outcome
from mathrl.games.naming import agent_label, joint_action_label, state_label
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
    `maxima`                    (λ, log-likelihood) of all local maxima along the branch, ends included
    `curve`                     (2, J), λ and the log-likelihood at points along the branch, in order
    `entropy`                   as it was given
    `games`                     each game in a few words
    `names`                     for each game what it calls its agents, actions and states, as a `Solution` has it
    """

    rationality: float
    interval: tuple[float, float]
    pieces: tuple[tuple[float, float], ...]
    level: float
    outcome: Outcome
    log_likelihood: float
    saturated_log_likelihood: float
    deviance: float
    degrees_of_freedom: int
    p_value: float | None
    policies: tuple[Policy, ...]
    counts: tuple[Policy, ...]
    maxima: tuple[tuple[float, float], ...]
    curve: FloatArray
    entropy: str
    games: tuple[str, ...]
    names: tuple[dict[str, Any], ...] = ()

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

    def agent(self, row: Row) -> str:
        """The name of the agent of a row, or its number."""
        names = self._names(row.game, "agent_names")
        return str(row.agent) if names is None else agent_label(names, row.agent)

    def state(self, row: Row) -> str:
        """The name of the state of a row, or its number."""
        return state_label(self._names(row.game, "state_names"), row.state)

    def action(self, row: Row) -> str:
        """The name of the action of a row, or its number."""
        names = self._names(row.game, "action_names")
        return joint_action_label(names and (names[row.agent],), [row.action])

    def _names(self, game: int, kind: str) -> Any:
        return self.names[game][kind] if self.names else None

    def table(self, spec: str = ".4f") -> Table:
        """What was observed beside what the fit says, a row for each action; numbers in format `spec`.

        Agents, states and actions are called by their names. In full digits (`spec` empty), for programs, by numbers.
        """
        rows = list(self.rows)
        each: tuple[tuple[str, Callable[[Row], int], Callable[[Row], str]], ...] = (
            ("agent", lambda row: row.agent, self.agent),
            ("state", lambda row: row.state, self.state),
            ("action", lambda row: row.action, self.action),
        )
        several = [Column("game", lambda row: row.game)] if len(self.games) > 1 else []
        columns = [
            *several,
            *(Column(head, _plain(number, label, rows, numbers=spec == "")) for head, number, label in each),
            Column("count", lambda row: row.observed, "" if spec == "" else "g"),
            Column("frequency", lambda row: row.frequency, spec),
            Column("probability", lambda row: row.probability, spec),
        ]
        return Table(columns, rows)

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
        others = [f"{at:.6g} ({value:.6g})" for at, value in self.maxima if value != self.log_likelihood]
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
        values = {item.name: plain(getattr(self, item.name)) for item in fields(self)}
        more = {"temperature": plain(self.temperature), "converged": self.converged, "message": str(self.outcome)}
        return values | {"outcome": self.outcome.name} | more

    def save(self, path: str | PathLike[str]) -> None:
        """Write this fit as JSON, the form that `mathrl fit --format json` prints, whole or not at all."""
        write_text(as_path("path", path), json.dumps(self.to_dict()) + "\n")


def _plain(
    number: Callable[[Row], int], label: Callable[[Row], str], rows: Sequence[Row], *, numbers: bool
) -> Callable[[Row], Any]:
    """The label of a row; its number where labels are numbers in all rows."""
    return number if numbers or all(label(row) == str(number(row)) for row in rows) else label
