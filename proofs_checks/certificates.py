"""Stored counterexamples: decided again without mathrl, and checked in doubles by the claim's own check."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import fmpq

from mathrl.proofs_checks.counterexamples.decide import FOLDER, Decided, decide, decide_by
from mathrl.proofs_checks.instances import in_doubles, read
from mathrl.proofs_checks.ledger import Claim
from mathrl.proofs_checks.slack import Unmet
from mathrl.proofs_checks.smallest import in_exact_arithmetic

__all__ = ["Certificate", "certificate"]

_ROUNDING = 1e-9
"""By what part the slack in doubles may fall behind the exact one: rounding, and what iterations leave."""


@dataclass(frozen=True)
class Certificate:
    """A counterexample, and what came of deciding it.

    `data`      what stands in the file: "claim", "reads", "instance"
    `kind`      "exact" where fractions decide, "ball" where logarithms or exponentials enter
    `summary`   a sentence
    `source`    the name of the file
    `decided`   whether it violates the statement, in both implementations where there are two
    `certified` whether a function without mathrl decided it
    `reason`    why not; "" where it does
    """

    data: Mapping[str, Any]
    kind: str
    summary: str
    source: str
    decided: bool
    certified: bool
    reason: str


def certificate(claim: Claim) -> Certificate | None:
    """The stored counterexample of a claim, decided again and checked in doubles; None where there is none."""
    path = claim.stored or FOLDER / f"{claim.key}.json"
    if claim.stored is not None and not path.exists():
        reason = f"there is no file {path}, which its argument counterexample names"
        return Certificate({}, "exact", reason, path.name, False, False, reason)
    if not path.exists():
        return None
    data = json.loads(path.read_text(encoding="utf-8"))
    if claim.decides is None and claim.stored is not None:
        return _by_the_check(claim, data, path.name)
    found = decide(claim.key) if claim.decides is None else decide_by(claim.decides, data["instance"])
    reason = _why_not(claim, data, found)
    exact = isinstance(found.slack, fmpq)
    slack = str(found.slack) if exact and len(str(found.slack)) <= 24 else f"{_upper(found.slack):.6g}"
    return Certificate(
        data=data,
        kind="exact" if exact else "ball",
        summary=f"the slack of the stored counterexample is {slack}",
        source=path.name,
        decided=not reason,
        certified=not reason,
        reason=reason,
    )


def _by_the_check(claim: Claim, data: Mapping[str, Any], name: str) -> Certificate:
    """A user's counterexample for which there is no function: the check decides it, in balls."""
    slack = in_exact_arithmetic(claim, claim.breaks or {}, read(data["instance"]))
    decided = slack is not None and slack < 0
    reason = "" if decided else "balls do not decide that the stored counterexample violates the statement"
    summary = f"the check decides the stored counterexample in balls: {slack:.6g}" if decided else reason
    return Certificate(data, "ball", summary, name, decided, False, reason)


def _why_not(claim: Claim, data: Mapping[str, Any], found: Decided) -> str:
    """Why the stored instance is no counterexample, "" where it is one."""
    if not found.premises:
        return "the stored counterexample does not meet the premises"
    if not found.violated:
        return "the stored counterexample does not violate the statement"
    try:
        slack = claim.check(**in_doubles(read(data["instance"])), **(claim.breaks or {}))
    except Unmet:
        return "the check finds that the stored counterexample does not meet the premises"
    if not slack.violated:
        return "the check does not find the stored counterexample violated"
    exact = _upper(found.slack)
    if float(np.min(slack.entries)) > exact + _ROUNDING * max(1.0, abs(exact)):
        return "the check finds the stored counterexample violated less than it is"
    return ""


def _upper(slack: Any) -> float:
    """An upper bound of the slack, but for the rounding to a double."""
    return int(slack.p) / int(slack.q) if isinstance(slack, fmpq) else float(slack.upper())
