"""What `mathrl bound` says above and below its tables, and how it names several claims."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from math import inf
from typing import Any

from mathrl.bounds import READINGS, SCHEMES, Comparison, Errors, Setup
from mathrl.bounds.best_lengths import best_lengths
from mathrl.figures.curve_minimum import ROUNDED, minimum_index

__all__ = ["facts", "findings", "in_order", "joined", "least_bounds", "least_rollouts", "merged", "unseen", "verdict"]

Row = Mapping[str, Any]


def facts(setup: Setup, found: Errors, dynamics_error: str, *, normalised: bool) -> str:
    """Three lines: whose bounds these are, and what enters them."""
    rewards = setup.paid
    reading = dynamics_error if dynamics_error in READINGS else "real"
    data, current = found.data_dynamics[reading], found.current_dynamics[reading]
    scaled = "and bounds are times 1 − discount" if normalised else "and bounds are not normalised"
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
    return "holds" if each.printed < (1 - ROUNDED) * each.trivial else "says nothing"


def findings(compared: Sequence[Comparison]) -> Iterator[str]:
    """Which bounds fail, or say nothing."""
    failing = [each for each in compared if not each.holds]
    empty = [each for each in compared if verdict(each) == "says nothing"]
    unfit = [each for each in compared if each.holds and not each.holds_as_defined]
    unproved = [each for each in compared if not each.proved]
    kinds = {
        "printed bounds that FAIL, as the discrepancy is larger": failing,
        "printed bounds that say nothing, as they are not below the range of the rewards": empty,
        "printed bounds that fail for returns as §3.1 defines them (not normalised, from t = 1)": unfit,
        "corrected and coupling are not proved here, as the model may never go where it is wrong": unproved,
    }
    yield from (f"{kind}: {_named(those)}" for kind, those in kinds.items() if those)


def least_bounds(setup: Setup, found: Errors, compared: Sequence[Comparison], dynamics_error: str) -> Iterator[str]:
    """The branch length at which each bound is least: of all, where that is known, else of those shown."""
    known = best_lengths(setup, found, dynamics_error)
    bounds = ("printed", "coupling") if setup.paid.max() > 0 else ("coupling",)
    of_all, of_shown = {}, {}
    for claim in dict.fromkeys(each.claim for each in compared if each.branch_length is not None):
        rows = [vars(each) for each in compared if each.claim == claim]
        of_all[claim] = ", ".join(_at(bound, k) for (name, bound), k in known.items() if name == claim)
        of_shown[claim] = _least_shown(rows, [bound for bound in bounds if (claim, bound) not in known])
    yield from (f"smallest over all k ≥ 1 for {joined(claims)}: {where}" for where, claims in _alike(of_all) if where)
    yield from (f"smallest of the k shown for {joined(claims)}: {where}" for where, claims in _alike(of_shown) if where)


def least_rollouts(rows: Sequence[Row], noise: float) -> Iterator[str]:
    """The branch length, of those shown, at which each scheme is closest and its bounds are least."""
    numbers = ("discrepancy", "coupling", "bound")
    found = {
        scheme: _least_shown([row for row in rows if row["scheme"] == scheme], numbers, noise) for scheme in SCHEMES
    }
    yield from (f"smallest of the k shown for {', '.join(those)}: {where}" for where, those in _alike(found) if where)


def unseen(found: Errors) -> Iterator[str]:
    """What the maxima over time may have missed."""
    if not found.settled:
        yield "the distribution of the state did not settle: the worst step was searched while steps have weight"


def in_order(claim: str) -> tuple[bool, str]:
    """A key that sorts claims: theorems, then lemmas, by their numbers."""
    return "lemma" in claim, claim.rpartition("-")[2]


def joined(claims: Iterable[str]) -> str:
    """Several claims, of a kind by their numbers.

    >>> joined(["theorem-1", "extended-theorem-b.1", "lemma-c.3", "extended-lemma-c.3"])
    'theorem-1, b.1, lemma-c.3, extended c.3'
    """
    names, kind = [], ""
    for claim in claims:
        title, _, number = claim.removeprefix("extended-").partition("-")
        extended = claim.startswith("extended-lemma")
        names.append(claim if title != kind else f"extended {number}" if extended else number)
        kind = title
    return ", ".join(names)


def merged(rows: Sequence[Row]) -> list[Row]:
    """The rows, but once for claims that have the same, to twelve digits."""
    of_claim: dict[str, str] = {}
    for row in rows:
        cells = [f"{x:.12g}" if isinstance(x, float) else str(x) for head, x in row.items() if head != "claim"]
        of_claim[row["claim"]] = of_claim.get(row["claim"], "") + f"{cells}"
    names = {claims[0]: joined(claims) for _, claims in _alike(of_claim)}
    return [{**row, "claim": names[row["claim"]]} for row in rows if row["claim"] in names]


def _at(number: str, k: float) -> str:
    return f"{number} at k = {k}" if k < inf else f"{number} as k → ∞"


def _least_shown(rows: Sequence[Row], numbers: Iterable[str], noise: float = 0.0) -> str:
    """Where each number is least, if that can be told."""
    found = {number: minimum_index([row[number] for row in rows], noise) for number in numbers if rows}
    return ", ".join(_at(number, rows[row]["branch_length"]) for number, row in found.items() if row is not None)


def _alike(texts: Mapping[str, str]) -> list[tuple[str, list[str]]]:
    """Each text, with the names that share it."""
    names: dict[str, list[str]] = {}
    for name, text in texts.items():
        names.setdefault(text, []).append(name)
    return list(names.items())


def _named(rows: Sequence[Comparison]) -> str:
    """The claims, with their branch lengths."""
    by_claim = groupby(rows, key=lambda each: each.claim)
    runs = {claim: _runs([each.branch_length for each in those]) for claim, those in by_claim}
    return "; ".join(joined(claims) + lengths for lengths, claims in _alike(runs))


def _runs(lengths: Sequence[int | None]) -> str:
    """Branch lengths in brackets, neighbours as a range; nothing for a claim without a branch."""
    whole = [k for k in lengths if k is not None]
    runs = [[k for _, k in run] for _, run in groupby(enumerate(whole), key=lambda pair: pair[1] - pair[0])]
    named = [f"{run[0]}" if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs]
    return f" (k = {', '.join(named)})" if named else ""


def _listed(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.4g}" for value in values) or "none"
