"""What `mathrl bound` shows of a setup: one table per view."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from operator import itemgetter
from typing import Any, NamedTuple

from mathrl.bounds import (
    SCHEMES,
    Comparison,
    SchemeComparison,
    Setup,
    branched_returns,
    compare_distances,
    compare_returns,
    compare_schemes_by_row,
    error_budget,
    exact_opponent_errors,
    measure,
    returns,
)
from mathrl.cli import output
from mathrl.cli.bound_notes import best_lengths, facts, findings, unseen, verdict
from mathrl.figures.table import Column, Table

__all__ = ["RETURNS", "VIEWS", "Asked", "Interrupted", "View"]

RETURNS = ("normalised", "unnormalised")

ROLLOUT = (
    "scheme",
    "branch_length",
    "model_steps",
    "communications",
    "total_variation",
    "compounding_error",
    "compounding_floor",
    "discrepancy",
    "coupling",
    "bound",
)
MORE_OF_ROLLOUT = (
    "mean_total_variation",
    "printed_distance",
    "coupling_distance",
    "compounding_bias",
)
"""Columns of a rollout for readers, and the rest."""

Row = dict[str, Any]
"""The cells of a row by the heads of their columns."""


@dataclass(frozen=True)
class Asked:
    """What the options say; `readable` is a table for eyes, in few digits and with notes."""

    branch_lengths: tuple[int, ...]
    dynamics_error: str
    normalised: bool
    readable: bool

    def scale(self, setup: Setup) -> float:
        """What unnormalised returns are multiplied by."""
        return 1 - setup.game.discount if self.normalised else 1.0


class Interrupted(Exception):
    """The user stopped when some of the `planned` rows of `table` were there."""

    def __init__(self, table: Table, planned: int) -> None:
        super().__init__(f"interrupted: {len(table.rows)} of {planned} rows were computed")
        self.table = table


class View(NamedTuple):
    """How a table is made, and which options it heeds."""

    table: Callable[[Setup, Asked], Table]
    heeds: tuple[str, ...]


def _bounds(setup: Setup, asked: Asked) -> Table:
    compared = compare_returns(setup, branch_lengths=asked.branch_lengths, dynamics_error=asked.dynamics_error)
    shown = compared if asked.normalised else [each.unnormalised() for each in compared]
    rows = [_comparison(each, asked.readable) for each in shown]
    if not asked.readable:
        return _table(rows, asked)
    found = measure(setup)
    notes = [*findings(compared), *best_lengths(setup, found, asked.dynamics_error), *unseen(found)]
    return _table(rows, asked, facts(setup, found, asked.dynamics_error, normalised=asked.normalised), notes)


def _comparison(each: Comparison, readable: bool) -> Row:
    names = ("claim", "branch_length", "discrepancy", "printed", "corrected", "coupling", "value", "trivial")
    row = {name: getattr(each, name) for name in names} | {"printed_bound": verdict(each)}
    if readable:
        return row
    return row | {name: getattr(each, name) for name in ("holds_as_defined", "dynamics_error", "reading", "proved")}


def _errors(setup: Setup, asked: Asked) -> Table:
    found = measure(setup, asked.branch_lengths)
    rows = [
        *_expectations("dynamics, data policies", found.data_dynamics, "theorems 1, 3, 4, A.1, B.1"),
        *_expectations("dynamics, policies", found.current_dynamics, "theorems 2, 5, B.2"),
        _error("dynamics, opponent models", "model", found.modelled_dynamics, "lemma C.3"),
        *(
            _error("dynamics, branched rollouts", f"k = {k}", value, "lemma C.4")
            for k, value in found.branched_dynamics.items()
        ),
        _error("policy shift", f"agent {setup.agent}", found.policy_shift, "all theorems"),
        *_of_opponents(setup, "policy shift", found.opponent_shifts, "theorems 1, 2, A.1, B.1, B.2"),
        _error("policy shift", "all opponents", found.opponents_shift, "theorems 3, 4, 5"),
        *_of_opponents(setup, "opponent model", found.opponent_errors, "theorems 1, 2, B.1, B.2"),
        _error("opponent model", "all opponents", found.opponents_error, "theorems 4, 5"),
    ]
    return _table(rows, asked, notes=list(unseen(found)))


def _expectations(error: str, by_reading: Mapping[str, float], used_in: str) -> list[Row]:
    return [_error(error, reading, value, used_in) for reading, value in by_reading.items()]


def _of_opponents(setup: Setup, error: str, values: Sequence[float], used_in: str) -> list[Row]:
    return [_error(error, f"agent {j}", value, used_in) for j, value in zip(setup.opponents, values, strict=True)]


def _error(error: str, of: str, value: float, used_in: str) -> Row:
    return {"error": error, "of": of, "value": value, "used_in": used_in}


def _returns(setup: Setup, asked: Asked) -> Table:
    found, scale = returns(setup), asked.scale(setup)
    branched = branched_returns(setup.data, setup.modelled, asked.branch_lengths, setup.agent)
    named = [
        ("real", None, found.real, "real", "the policies"),
        ("data", None, found.data, "real", "the data policies"),
        ("learned", None, found.learned, "learned", "the policies"),
        ("modelled", None, found.modelled, "learned", "the agent's policy, the opponent models"),
        *(
            ("branched", k, value, "real, then learned", "the data policies, then as modelled for k steps")
            for k, value in zip(asked.branch_lengths, branched.tolist(), strict=True)
        ),
    ]
    rows = [
        {
            "return": name,
            "branch_length": k,
            "value": scale * value,
            "minus_real": scale * (value - found.real),
            "dynamics": dynamics,
            "played": played,
        }
        for name, k, value, dynamics, played in named
    ]
    return _table(rows, asked)


def _distances(setup: Setup, asked: Asked) -> Table:
    names = ("claim", "step", "distance", "printed", "coupling")
    compared = compare_distances(setup, max(asked.branch_lengths))
    shown = [each for each in compared if each.step in asked.branch_lengths]
    return _table([{name: getattr(each, name) for name in names} for each in shown], asked)


def _schedule(setup: Setup, asked: Asked) -> Table:
    exact = exact_opponent_errors(setup)
    rows: list[Row] = []
    for k in asked.branch_lengths:
        budget = error_budget(k, exact)
        smallest = min(exact, default=0)
        rows += [
            _use(k, f"agent {j}", error, steps, added, k * smallest, (k + 1) * error)
            for j, error, steps, added in zip(setup.opponents, exact, budget.lengths, budget.contributions, strict=True)
        ]
        rows.append(_use(k, "all", sum(exact), sum(budget.lengths), budget.total, budget.printed, budget.all_model))
    return _table(rows, asked)


def _use(k: int, opponent: str, error: Any, steps: int, added: Any, printed: Any, all_model: Any) -> Row:
    return {
        "branch_length": k,
        "opponent": opponent,
        "error": float(error),
        "model_steps": steps,
        "budget": float(added),
        "printed_budget": float(printed),
        "all_model_budget": float(all_model),
    }


def _rollouts(setup: Setup, asked: Asked) -> Table:
    rows: list[Row] = []
    planned = len(SCHEMES) * len(asked.branch_lengths)
    with output.progress(planned, "rollout") as advance:
        try:
            for each in compare_schemes_by_row(setup, asked.branch_lengths):
                rows.append(_rollout(setup, asked, each))
                advance(f"{each.scheme}, k = {each.branch_length}", True)
        except KeyboardInterrupt:
            if not rows:
                raise
            raise Interrupted(_table(rows, asked), planned) from None
    return _table(rows, asked)


def _rollout(setup: Setup, asked: Asked, each: SchemeComparison) -> Row:
    row = asdict(each) | {"model_steps": " ".join(map(str, each.lengths))}
    for name in ("discrepancy", "bound", "coupling"):
        row[name] *= asked.scale(setup) / (1 - setup.game.discount)
    return {name: row[name] for name in (ROLLOUT if asked.readable else (*ROLLOUT, *MORE_OF_ROLLOUT))}


def _table(rows: Sequence[Row], asked: Asked, caption: str = "", notes: Sequence[str] = ()) -> Table:
    """A table of rows with equal heads; numbers in few digits where somebody reads them."""
    digits = ".4g" if asked.readable else ""
    columns = [
        Column(head, itemgetter(head), digits if any(isinstance(row[head], float) for row in rows) else "")
        for head in rows[0]
    ]
    return Table(columns, rows, caption, notes)


VIEWS: Mapping[str, View] = {
    "bounds": View(_bounds, ("branch_lengths", "dynamics_error", "returns")),
    "errors": View(_errors, ("branch_lengths",)),
    "returns": View(_returns, ("branch_lengths", "returns")),
    "distances": View(_distances, ("branch_lengths",)),
    "schedule": View(_schedule, ("branch_lengths",)),
    "rollouts": View(_rollouts, ("branch_lengths", "returns")),
}
