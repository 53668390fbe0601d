"""A violation that a search found, made small, written in fractions, and decided in balls."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mathrl.balls import midpoints, precision
from mathrl.proofs_checks.instances import Instance, in_balls, in_doubles, rational, written
from mathrl.proofs_checks.ledger import Claim
from mathrl.proofs_checks.search import NOT_IN_BALLS, search
from mathrl.proofs_checks.slack import Unmet

__all__ = ["Smallest", "in_exact_arithmetic", "smallest"]

BITS = 256
"""Binary digits of the balls that decide."""

_DENOMINATORS = (10, 100, 10_000, 1_000_000, None)
"""The largest denominators that are tried; None keeps the doubles."""


@dataclass(frozen=True)
class Smallest:
    """A small violation.

    `data`   as it stands in a file: "claim", "reads", "instance"
    `slack`  the worst entry, rounded, from balls where these decide
    `decided`  whether balls decide it, else it was found in doubles
    """

    data: Mapping[str, Any]
    slack: float
    decided: bool


def smallest(claim: Claim, form: Mapping[str, Any], *, examples: int, seed: int) -> Smallest | None:
    """Search for a violation of a form, shrink it, and write it in fractions as short as still violate the form.

    The arguments are those of `search`. Returns None where no violation is found. Where balls cannot decide it, as a
    check that calls a solver takes doubles alone, doubles decide instead.
    """
    found = search(claim, form, examples=examples, seed=seed, shrink=True)
    if found.violating is None:
        return None
    for denominator in _DENOMINATORS:
        instance = rational(found.violating, denominator)
        slack = in_exact_arithmetic(claim, form, instance)
        if slack is not None and slack < 0:
            return Smallest({"claim": claim.key, "reads": "", "instance": written(instance)}, slack, True)
    for denominator in _DENOMINATORS[:-1]:
        instance = rational(found.violating, denominator)
        slack = _in_doubles(claim, form, instance)
        if slack is not None:
            return Smallest({"claim": claim.key, "reads": "", "instance": written(instance)}, slack, False)
    slack_found = float(np.min(claim.check(**found.violating, **form).entries))
    instance = rational(found.violating, None)
    return Smallest({"claim": claim.key, "reads": "", "instance": written(instance)}, slack_found, False)


def _in_doubles(claim: Claim, form: Mapping[str, Any], instance: Instance) -> float | None:
    """The worst slack of an instance in fractions, if it violates the form in doubles beyond doubt; else None."""
    try:
        slack = claim.check(**in_doubles(instance), **form)
    except (Unmet, ArithmeticError, ValueError):  # what was rounded may be no instance any more
        return None
    return float(np.min(slack.entries)) if slack.violated else None


def in_exact_arithmetic(claim: Claim, form: Mapping[str, Any], instance: Instance) -> float | None:
    """The worst slack of an instance in fractions, if balls decide that it violates the form, or that it does not.

    None where they do not, where the premises are not met, or where the check does not run on balls.
    """
    try:
        with precision(BITS):
            slack = claim.check(**in_balls(instance), **form)
            violated = slack.violated
            worst = float(midpoints(slack.entries).min())
    except (Unmet, *NOT_IN_BALLS):
        return None
    return worst if violated else max(worst, 0.0)
