"""Whether the evidence supports a verdict: searches, stored counterexamples, symbols, recorded runs.

A claim has a form that no instance may violate, and one that some instance must violate (`Claim.survives`, `breaks`).
A check that always passes fails at the second, one that always fails at the first.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mathrl.proofs_checks.certificates import Certificate, certificate
from mathrl.proofs_checks.ledger import LEDGER, Claim, Compound, Restatement
from mathrl.proofs_checks.recorded import Record, recorded
from mathrl.proofs_checks.search import Found, search
from mathrl.proofs_checks.smallest import Smallest, smallest

__all__ = ["Evidence", "Row", "decide", "gathered"]

ENOUGH = 100
"""How many instances a search must have met, unless something else than a search decides."""

NONTRIVIAL = 25
"""How many of them must not be trivial."""


@dataclass(frozen=True)
class Evidence:
    """One piece of evidence.

    `kind`       "search", "symbolic", "exact", "ball", "argument" or "cited"
    `summary`    a sentence
    `examples`   how many instances, None where that has no meaning
    `seed`       of a search, else None
    `source`     a file, a path of names, or a citation; None
    `certified`  whether a machine decided without rounding
    """

    kind: str
    summary: str
    examples: int | None = None
    seed: int | None = None
    source: str | None = None
    certified: bool = False


@dataclass(frozen=True)
class Row:
    """A claim with its evidence.

    `key`             the id, or `id@variant`
    `verdict`         as declared, or that of the parts or of the claim that is restated
    `supported`       whether the evidence supports it
    `reason`          why not; "" where it does
    `undecided`       whether this run had too few instances to say, which is no failure
    `counterexample`  the stored one, else one that the search found, as it stands in a file; None
    """

    key: str
    verdict: str | None
    severity: str | None
    supported: bool
    reason: str
    undecided: bool
    evidence: tuple[Evidence, ...]
    counterexample: Mapping[str, Any] | None = None

    @property
    def entry(self) -> Claim | Compound | Restatement:
        """What the ledger declares; it holds functions, which processes do not send one another."""
        return LEDGER[self.key]

    @property
    def failed(self) -> bool:
        """Whether the evidence contradicts the verdict, or is missing although there were enough instances."""
        return not self.supported and not self.undecided


def decide(claim: Claim, *, examples: int | None = None, seed: int = 0) -> Row:
    """Gather the evidence of one claim.

    `claim`     the claim
    `examples`  how many instances searches take; None: as many as the claim declares
    `seed`      of the searches
    """
    wanted = claim.examples if examples is None else examples
    survived = None if claim.survives is None else search(claim, claim.survives, examples=wanted, seed=seed)
    stored, record = certificate(claim), recorded(claim)
    broken = None
    if claim.breaks is not None and stored is None:
        broken = search(claim, claim.breaks, examples=wanted, seed=seed)
    found = None
    if survived is not None and survived.violating is not None:
        found = smallest(claim, claim.survives or {}, examples=wanted, seed=seed)
    evidence = (
        *_searched(claim, survived, broken, seed),
        *([] if found is None else [_made_small(found)]),
        *([] if record is None else [_recorded(claim, record)]),
        *([] if claim.symbolic is None else [Evidence("symbolic", claim.symbolic(), certified=True)]),
        *([] if stored is None else [_stored(stored)]),
        *([Evidence("argument", "a written proof", source=claim.argument)] if claim.argument else []),
        *([Evidence("cited", "proved in the source named", source=claim.cited)] if claim.cited else []),
    )
    reason, undecided = _verdict(claim, survived, broken, stored, record, wanted)
    shown = stored.data if stored is not None and stored.decided else None if found is None else found.data
    return Row(claim.key, claim.verdict, claim.severity, not reason, reason, undecided, evidence, shown)


def gathered(entry: Compound | Restatement, rows: Mapping[str, Row]) -> Row:
    """The row of a statement of several parts, or of a restatement, from the rows of what it speaks of, by key."""
    if isinstance(entry, Restatement):
        of = rows[entry.of]
        return Row(entry.key, of.verdict, of.severity, of.supported, of.reason, of.undecided, ())
    parts = [rows[part] for part in entry.parts]
    worst = rows[entry.worst.key]
    lacking = [part for part in parts if not part.supported]
    reason = "; ".join(f"{part.key}: {part.reason}" for part in lacking)
    undecided = bool(lacking) and all(part.undecided for part in lacking)
    return Row(entry.key, worst.verdict, worst.severity, not lacking, reason, undecided, (), worst.counterexample)


def _searched(claim: Claim, survived: Found | None, broken: Found | None, seed: int) -> Iterator[Evidence]:
    if survived is not None:
        form = "as printed" if not claim.survives else f"with {_form(claim.survives)}"
        said = "violated" if survived.violating is not None else "none violated"
        doubtful = f", {survived.doubtful} within rounding" if survived.doubtful else ""
        summary = f"{form}: {said}, {survived.nontrivial} not trivial{doubtful}"
        yield Evidence("search", summary, survived.examples, seed, claim.check.__module__)
    if broken is not None:
        form = "as printed" if not claim.breaks else f"with {_form(claim.breaks or {})}"
        said = "violated, as it must be" if broken.violating is not None else "no violation was found"
        yield Evidence("search", f"{form}: {said}", broken.examples, seed, claim.check.__module__)


def _made_small(found: Smallest) -> Evidence:
    if not found.decided:
        summary = f"the violation, made small, in doubles, as the check does not run on balls: {found.slack:.6g}"
        return Evidence("search", summary)
    summary = f"the violation, made small and written in fractions; the check decides it in balls: {found.slack:.6g}"
    return Evidence("ball", summary)


def _form(form: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in form.items())


def _recorded(claim: Claim, record: Record) -> Evidence:
    stale = "" if record.current else "; the check has changed since"
    form = "as printed" if not claim.survives else f"with {_form(claim.survives)}"
    summary = f"recorded, {form}: {record.violated} violated, {record.nontrivial} not trivial{stale}"
    return Evidence("search", summary, record.examples, record.seed, record.source)


def _stored(stored: Certificate) -> Evidence:
    return Evidence(stored.kind, stored.summary, source=stored.source, certified=stored.certified)


def _verdict(
    claim: Claim,
    survived: Found | None,
    broken: Found | None,
    stored: Certificate | None,
    record: Record | None,
    wanted: int,
) -> tuple[str, bool]:
    """Why the evidence does not support the verdict, "" where it does; and whether only because it is too little."""
    if claim.verdict == "open":
        return "", False
    small = wanted < ENOUGH
    lasting = record is not None and record.current and record.violated == 0
    if survived is None:
        return "its argument survives names no form that must hold", False
    if survived.violating is not None:
        return "an instance violates the form that must hold", False
    if stored is not None and not stored.decided:
        return stored.reason, False
    if claim.verdict in ("corrected", "refuted") and stored is None:
        return "no counterexample is stored", False
    if claim.breaks is None and claim.verdict is not None:
        return "its argument breaks names no form that must be violated, so that the check may be unable to fail", False
    if broken is not None and broken.violating is None and not (lasting and record is not None and record.broken):
        return "no instance violates the form that must fail, so that the check may be unable to fail", small
    enough = survived.examples >= ENOUGH and survived.nontrivial >= NONTRIVIAL
    lasting_enough = lasting and record is not None and record.nontrivial >= NONTRIVIAL
    if not enough and not lasting_enough and claim.symbolic is None:
        met = f"{survived.examples} instances met the premises, {survived.nontrivial} of them not trivial"
        return f"{met}; at least {ENOUGH} and {NONTRIVIAL} are needed", small
    return "", False
