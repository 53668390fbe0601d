"""What `mathrl bound` shows of a setup: one table per view."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from operator import itemgetter
from typing import Any, NamedTuple

from mathrl.base.table import Column, Table
from mathrl.bounds import (
    CLAIMS,
    DISTANCE_CLAIMS,
    SCHEMES,
    Claim,
    Comparison,
    DistanceClaim,
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
from mathrl.cli.bound_notes import (
    facts,
    findings,
    in_order,
    joined,
    least_bounds,
    least_rollouts,
    merged,
    unseen,
    verdict,
)
from mathrl.figures.bounds import STARTS
from mathrl.figures.curve_minimum import rounding

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
    """What the options say."""

    branch_lengths: tuple[int, ...]
    dynamics_error: str
    normalised: bool
    start: str
    format: str

    @property
    def readable(self) -> bool:
        """Whether it is a table for eyes, in few digits and with notes."""
        return self.format not in ("json", "csv")

    def listed(self, items: Iterable[Any]) -> Any:
        """Several items in one cell."""
        return list(items) if self.format == "json" else " ".join(map(str, items))

    def scale(self, setup: Setup) -> float:
        """What unnormalised returns are multiplied by."""
        return 1 - setup.game.discount if self.normalised else 1.0


class Interrupted(Exception):
    """The user stopped when some of the `planned` rows were there, which are in `table`."""

    def __init__(self, table: Table, computed: int, planned: int) -> None:
        super().__init__(f"interrupted: {computed} of {planned} rows were computed")
        self.table = table


class View(NamedTuple):
    """How a table is made, and which options it heeds."""

    table: Callable[[Setup, Asked], Table]
    heeds: tuple[str, ...]


def _bounds(setup: Setup, asked: Asked) -> Table:
    found = measure(setup, asked.branch_lengths)
    compared = compare_returns(
        setup, branch_lengths=asked.branch_lengths, dynamics_error=asked.dynamics_error, errors=found
    )
    shown = compared if asked.normalised else [each.unnormalised() for each in compared]
    rows = [_comparison(each, asked.readable) for each in shown]
    if not asked.readable:
        return _table(rows, asked)
    best = least_bounds(setup, found, compared, asked.dynamics_error)
    notes = [*findings(compared), *best, *unseen(found)]
    return _table(rows, asked, facts(setup, found, asked.dynamics_error, normalised=asked.normalised), notes)


def _comparison(each: Comparison, readable: bool) -> Row:
    names = ("claim", "branch_length", "discrepancy", "printed", "corrected", "coupling", "value", "trivial")
    row = {name: getattr(each, name) for name in names} | {"printed_bound": verdict(each)}
    if readable:
        return row
    return row | {name: getattr(each, name) for name in ("holds_as_defined", "dynamics_error", "reading", "proved")}


def _errors(setup: Setup, asked: Asked) -> Table:
    found, used = measure(setup, asked.branch_lengths), _uses()

    def row(error: str, of: str, value: float, field: str) -> Row:
        used_in = joined(used[field]) if asked.readable else asked.listed(used[field])
        return {"error": error, "of": of, "value": value, "used_in": used_in}

    def of_opponents(error: str, field: str) -> list[Row]:
        values = zip(setup.opponents, getattr(found, field), strict=True)
        return [row(error, f"agent {j}", value, field) for j, value in values]

    def by(error: str, of: str, field: str) -> list[Row]:
        return [row(error, f"{of}{key}", value, field) for key, value in getattr(found, field).items()]

    rows = [
        *by("dynamics, data policies", "", "data_dynamics"),
        *by("dynamics, policies", "", "current_dynamics"),
        row("dynamics, opponent models", "model", found.modelled_dynamics, "modelled_dynamics"),
        *by("dynamics, branched rollouts", "k = ", "branched_dynamics"),
        row("policy shift", f"agent {setup.agent}", found.policy_shift, "policy_shift"),
        *of_opponents("policy shift", "opponent_shifts"),
        row("policy shift", "all opponents", found.opponents_shift, "opponents_shift"),
        *of_opponents("opponent model", "opponent_errors"),
        row("opponent model", "all opponents", found.opponents_error, "opponents_error"),
    ]
    return _table(rows, asked, notes=list(unseen(found)))


def _uses() -> dict[str, list[str]]:
    """The claims that each field of `Errors` enters, the dynamics' errors under one of their readings at least."""
    uses: dict[str, list[str]] = {}
    claims: list[Claim | DistanceClaim] = [*CLAIMS, *DISTANCE_CLAIMS]
    for claim in sorted(claims, key=lambda claim: in_order(claim.name)):
        fields = {*claim.arguments.values()}
        if "dynamics_error" in fields:
            fields.add(f"{claim.expected}_dynamics" if isinstance(claim, Claim) else "modelled_dynamics")
        if isinstance(claim, Claim) and claim.branched:
            fields.add("branched_dynamics")
        for field in fields:
            uses.setdefault(field, []).append(claim.name)
    return uses


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
            for each in compare_schemes_by_row(setup, asked.branch_lengths, start=STARTS[asked.start](setup)):
                rows.append(_rollout(setup, asked, each))
                advance(f"{each.scheme}, k = {each.branch_length}", True)
        except KeyboardInterrupt:
            if not rows:
                raise
            raise Interrupted(_table(rows, asked), len(rows), planned) from None
    return _table(rows, asked, notes=list(least_rollouts(rows, rounding(setup, normalised=asked.normalised))))


def _rollout(setup: Setup, asked: Asked, each: SchemeComparison) -> Row:
    row = asdict(each) | {"model_steps": asked.listed(each.lengths)}
    for name in ("discrepancy", "bound", "coupling"):
        row[name] *= asked.scale(setup) / (1 - setup.game.discount)
    return {name: row[name] for name in (ROLLOUT if asked.readable else (*ROLLOUT, *MORE_OF_ROLLOUT))}


def _table(rows: Sequence[Row], asked: Asked, caption: str = "", notes: Sequence[str] = ()) -> Table:
    """A table of rows with equal heads; where somebody reads it in few digits, and claims that agree in one."""
    digits = ".4g" if asked.readable else ""
    shown: Sequence[Mapping[str, Any]] = merged(rows) if asked.readable and "claim" in rows[0] else rows
    columns = [
        Column(head, itemgetter(head), digits if any(isinstance(row[head], float) for row in rows) else "")
        for head in rows[0]
    ]
    return Table(columns, shown, caption, notes)


VIEWS: Mapping[str, View] = {
    "bounds": View(_bounds, ("branch_lengths", "dynamics_error", "returns")),
    "errors": View(_errors, ("branch_lengths",)),
    "returns": View(_returns, ("branch_lengths", "returns")),
    "distances": View(_distances, ("branch_lengths",)),
    "schedule": View(_schedule, ("branch_lengths",)),
    "rollouts": View(_rollouts, ("branch_lengths", "returns", "start")),
}
