"""Searches for instances that violate a form of a claim. They depend on the seed and the number of instances alone."""

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, Phase, Verbosity, given, settings, target
from hypothesis import seed as seeded
from hypothesis.errors import Unsatisfiable

from mathrl.balls import Undecided, precision
from mathrl.proofs_checks.instances import in_balls, rational
from mathrl.proofs_checks.ledger import Claim
from mathrl.proofs_checks.same_everywhere import same_everywhere
from mathrl.proofs_checks.slack import Slack, Unmet

__all__ = ["NOT_IN_BALLS", "Found", "search"]

NOT_IN_BALLS = (Undecided, TypeError, AttributeError, ValueError, NotImplementedError)
"""What a check raises on balls that leave a question open, or where it calls a solver, which takes doubles alone."""

_BITS = 256
"""Binary digits of balls, in which doubtful instances are decided."""

_HARDEST = 1e12
"""Slacks beyond so many roundings guide a search no further."""


@dataclass
class Found:
    """What a search found.

    `examples`    how many instances met the premises
    `unmet`       how many did not
    `nontrivial`  how many of the examples had an entry with two sides that both differ from 0
    `doubtful`    how many were negative by 1 to 100 roundings, and were not decided in balls either
    `tightest`    the least slack, in roundings
    `violating`   an instance that violates the form, None where none was found
    """

    examples: int = 0
    unmet: int = 0
    nontrivial: int = 0
    doubtful: int = 0
    tightest: float = math.inf
    violating: Mapping[str, Any] | None = None


class _Violated(Exception):
    """The search is over: an instance violates the form."""


def search(claim: Claim, form: Mapping[str, Any], *, examples: int, seed: int, shrink: bool = False) -> Found:
    """Look for an instance that violates a form of a claim, guided towards small slacks.

    `claim`     the claim
    `form`      keyword arguments of its check
    `examples`  how many instances are tried at most; a violation ends the search
    `seed`      a whole number ≥ 0
    `shrink`    whether a violation is made as small as can be, which takes more time
    """
    found = Found()
    phases = (Phase.generate, Phase.target, *((Phase.shrink,) if shrink else ()))

    @seeded(seed)
    @settings(
        max_examples=examples,
        phases=phases,
        database=None,
        deadline=None,
        derandomize=False,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
        report_multiple_bugs=False,
        print_blob=False,
    )
    @given(claim.on)
    def attempt(instance: Mapping[str, Any]) -> None:
        try:
            slack = claim.check(**instance, **form)
        except Unmet:
            found.unmet += 1
            return
        if not isinstance(slack, Slack):
            raise TypeError(f"it returned {type(slack).__name__}, expected what at_most, equal or all_of return")
        violated = slack.violated or (slack.doubtful and _decided(claim, instance, form, found))
        if found.violating is None:
            found.examples += 1
            found.nontrivial += not slack.trivial
            found.tightest = min(found.tightest, slack.worst)
        if violated:
            found.violating = instance
            raise _Violated
        target(_score(slack.worst))

    with same_everywhere(), suppress(_Violated, Unsatisfiable):
        attempt()
    return found


def _score(worst: float) -> float:
    """How hard an instance is, in steps of a thousandth of a power of ten of its slack: the smaller, the harder.

    Without steps hypothesis climbs for ever, by improvements that are as small as doubles allow.
    """
    size = math.log10(1 + min(_HARDEST, abs(worst)))
    return -round(math.copysign(size, worst), 3)


def _decided(claim: Claim, instance: Mapping[str, Any], form: Mapping[str, Any], found: Found) -> bool:
    """Whether an instance whose violation may be rounding violates the form in balls."""
    try:
        with precision(_BITS):
            slack: Slack = claim.check(**in_balls(rational(instance, None)), **form)
            return slack.violated
    except NOT_IN_BALLS:
        found.doubtful += 1
        return False
