"""What `mathrl bound` says above and below its table of bounds."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from math import inf

from mathrl.bounds import READINGS, Comparison, Errors, Setup, best_branch_length

__all__ = ["best_lengths", "facts", "findings", "unseen", "verdict"]


def facts(setup: Setup, found: Errors, dynamics_error: str, *, normalised: bool) -> str:
    """Three lines: whose bounds these are, and what enters them."""
    rewards = setup.rewards
    reading = dynamics_error if dynamics_error in READINGS else "real"
    data, current = found.data_dynamics[reading], found.current_dynamics[reading]
    scaled = "times 1 − discount" if normalised else "not normalised, nor are the bounds"
    lines = (
        f"agent {setup.agent} of {setup.game!r}; rewards from {rewards.min():g} to {rewards.max():g}; returns {scaled}",
        f"dynamics error ({reading}) {data:.4g} with the data policies, {current:.4g} with the policies",
        f"policy shift {found.policy_shift:.4g}, of the opponents {_listed(found.opponent_shifts)}; "
        f"errors of the opponent models {_listed(found.opponent_errors)}",
    )
    return "\n".join(lines)


def verdict(each: Comparison) -> str:
    """What the printed bound is worth."""
    if not each.holds:
        return "FAILS"
    return "holds" if each.printed < each.trivial else "says nothing"


def findings(compared: Sequence[Comparison]) -> Iterator[str]:
    """Which bounds fail, or say nothing."""
    failing = [each for each in compared if not each.holds]
    empty = [each for each in compared if verdict(each) == "says nothing"]
    unfit = [each for each in compared if each.holds and not each.holds_as_defined]
    unproved = [each for each in compared if not each.proved]
    kinds = {
        "printed bounds that FAIL, the discrepancy being larger": failing,
        "printed bounds that say nothing, not being below the range of the rewards": empty,
        "printed bounds that fail for returns as §3.1 defines them, not normalised and from t = 1": unfit,
        "no theorems under this reading, as the model may never go where it is wrong": unproved,
    }
    yield from (f"{kind}: {_named(those)}" for kind, those in kinds.items() if those)


def best_lengths(setup: Setup, found: Errors, dynamics_error: str) -> Iterator[str]:
    """The branch length at which each bound is least, where the dynamics error does not depend on it."""
    if dynamics_error not in READINGS:
        return
    opponents = {
        "theorem-2": (found.opponent_shifts, found.opponent_errors),
        "theorem-5": ((found.opponents_shift,), (found.opponents_error,)),
    }
    for claim, (shifts, errors) in opponents.items():
        best = {
            bound: best_branch_length(
                bound,
                discount=setup.game.discount,
                dynamics_error=found.current_dynamics[dynamics_error],
                policy_shift=found.policy_shift,
                opponent_shifts=shifts,
                opponent_errors=errors,
            )
            for bound in (["printed"] if setup.rewards.max() > 0 else []) + ["coupling"]
        }
        lengths = ", ".join(f"{bound} at k = {k}" if k < inf else f"{bound} as k → ∞" for bound, k in best.items())
        yield f"{claim} is least: {lengths}"


def unseen(found: Errors) -> Iterator[str]:
    """What the maxima over time may have missed."""
    if not found.settled:
        yield "the worst time step was sought for as long as steps have weight: the laws of the state did not settle"


def _named(rows: Sequence[Comparison]) -> str:
    """The claims, each with its branch lengths."""
    by_claim = groupby(rows, key=lambda each: each.claim)
    return "; ".join(claim + _runs([each.branch_length for each in those]) for claim, those in by_claim)


def _runs(lengths: Sequence[int | None]) -> str:
    """Branch lengths in brackets, neighbours as a range; nothing for a claim without a branch."""
    whole = [k for k in lengths if k is not None]
    runs = [[k for _, k in run] for _, run in groupby(enumerate(whole), key=lambda pair: pair[1] - pair[0])]
    named = [f"{run[0]}" if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs]
    return f" (k = {', '.join(named)})" if named else ""


def _listed(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.4g}" for value in values) or "none"
