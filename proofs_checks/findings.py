"""The page docs/findings.md, written from the ledger: python -m mathrl.proofs_checks.findings docs/findings.md.

What changes most for who uses a method stands first: the ids of `FIRST`, then what is refuted, what holds with another
condition or constant, slips, and what holds though its printed proof does not.
"""

import json
import sys
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

from mathrl.base.papers import TITLES
from mathrl.proofs_checks.claims import claims
from mathrl.proofs_checks.counterexamples.decide import FOLDER
from mathrl.proofs_checks.ledger import LEDGER, PAPERS, Claim, Compound, Restatement
from mathrl.proofs_checks.printed import listed

__all__ = ["findings", "verdict_of"]

FIRST: tuple[str, ...] = (
    "dmac.proposition-2",
    "aorpo.theorem-7",
    "aorpo.theorem-6",
    "hasac.proposition-1",
    "hasac.theorem-2",
    "soft-qmix.theorem-4.2",
)
"""The most consequential ones, in this order."""

_THEOREM_LIKE = ("theorem", "lemma", "proposition", "corollary", "extended-theorem", "extended-lemma")

_INTRODUCTION = """\
# What the papers claim, and what is so

This page is written by the ledger (`make findings`); a test holds it to the data. It says of the theorems, lemmas,
propositions and corollaries of the five papers whether they hold as printed, in our words, and what that means for who
uses the methods. `mathrl check CLAIM` shows the whole page of a claim and gathers its evidence anew. Counterexamples
are decided again by `python proofs_checks/counterexamples`, without mathrl.

*Refuted*: the idea fails. *Corrected*: it holds after a small change. We read as printed: symbols mean what the paper
last defined, what is unbound holds for all, what is called a policy sums to 1, sets are finite. Kinder readings have
verdicts of their own (`mathrl check CLAIM` names them). "l. 626" is a line of the plain text in which we read the
paper; the paper itself prints no such numbers, so look for the section or equation beside it. Equations and sentences
beside the theorems are on [a page of their own](findings-by-hand.md) until the ledger has them. `mathrl check` has
those that the ledger has already, and so counts more than the table here.
"""


def findings() -> str:
    """The page as Markdown."""
    known = claims().values()
    entries = [entry for entry in known if isinstance(entry, Claim | Compound) and entry.paper in PAPERS]
    whole = [entry for entry in entries if entry.variant is None]
    order = {key: place for place, key in enumerate(FIRST)}
    whole.sort(key=lambda entry: order.get(entry.key, len(order)))
    parts = [_INTRODUCTION, _counts()]
    for title, verdict, severities in (
        ("Refuted", "refuted", ("false",)),
        ("Refuted, but for a missing condition", "refuted", ("gap",)),
        ("Refuted by what is printed alone", "refuted", ("slip",)),
        ("Holds with another condition or constant", "corrected", ("false", "gap")),
        ("Slips", "corrected", ("slip",)),
        ("Open", "open", (None,)),
    ):
        chosen = [entry for entry in whole if verdict_of(entry) in [(verdict, severity) for severity in severities]]
        if chosen:
            parts += [f"## {title}\n", *(_paragraph(entry, entries) for entry in chosen)]
    holds = [entry for entry in whole if verdict_of(entry)[0] == "holds"]
    parts += ["## Holds as printed\n", _table(holds)]
    again = [entry for entry in known if isinstance(entry, Restatement)]
    parts += ["## Stated again\n", *(f"- **{entry.key}** states {entry.of} again." for entry in again), ""]
    own = [entry for entry in known if isinstance(entry, Claim) and entry.paper == "mathrl"]
    parts += ["## Theorems of our own\n", *(_theorem(entry) for entry in own)]
    return "\n".join(parts)


def verdict_of(entry: Claim | Compound | Restatement) -> tuple[str | None, str | None]:
    """The verdict and severity that are declared; of several parts the worst, of a restatement those of its claim."""
    if isinstance(entry, Restatement):
        return verdict_of(LEDGER[entry.of])
    claim = entry.worst if isinstance(entry, Compound) else entry
    return claim.verdict, claim.severity


def _counts() -> str:
    """How many of the theorem-like statements of each paper have which verdict."""
    lines = ["| paper | holds | corrected | refuted | open |", "|---|---|---|---|---|"]
    for paper in PAPERS:
        verdicts = [verdict_of(LEDGER[entry.id])[0] for entry in listed(paper) if entry.kind in _THEOREM_LIKE]
        numbers = [str(verdicts.count(verdict)) for verdict in ("holds", "corrected", "refuted", "open")]
        lines.append(f"| {TITLES[paper]} | {' | '.join(numbers)} |")
    return "\n".join(lines) + "\n"


def _paragraph(entry: Claim | Compound, entries: Sequence[Claim | Compound]) -> str:
    texts = entry.texts
    said = [f"**{entry.key}** ({TITLES[entry.paper]}, {entry.location.split(', l.')[0]}). {texts['Statement']}"]
    said += [
        f"*{title}*: {texts[name]}" for name, title in (("Finding", "So"), ("Correction", "Instead")) if name in texts
    ]
    if isinstance(entry, Compound):
        said += [f"*{part.variant}*: {part.verdict}. {part.texts.get('Finding', '')}" for part in _parts(entry)]
    stored = list(_stored(entry, entries))
    said += [f"*Example*: {reads}" for _, reads in stored[:1]]
    worst = entry.worst if isinstance(entry, Compound) else entry
    practice = texts.get("Practice", worst.texts.get("Practice"))
    said += [f"*In practice*: {practice}"] if practice else []
    links = ", ".join(f"[{key}](../proofs_checks/counterexamples/{key}.json)" for key, _ in stored)
    said += [f"Counterexamples: {links}."] if links else []
    return _filled(" ".join(said)) + "\n"


def _parts(entry: Compound) -> Iterator[Claim]:
    for key in entry.parts:
        part = LEDGER[key]
        if isinstance(part, Claim):
            yield part


def _stored(entry: Claim | Compound, entries: Sequence[Claim | Compound]) -> Iterator[tuple[str, str]]:
    """The stored counterexamples of a claim, its parts and readings, each with its sentence; literal ones first."""
    literal = entry.parts if isinstance(entry, Compound) else (entry.key,)
    for each in sorted(entries, key=lambda other: other.key not in literal):
        path = FOLDER / f"{each.key}.json"
        if each.id == entry.id and path.exists():
            yield each.key, json.loads(path.read_text(encoding="utf-8"))["reads"]


def _table(holds: Sequence[Claim | Compound]) -> str:
    lines = ["| id | statement | printed proof |", "|---|---|---|"]
    for entry in holds:
        statement = entry.texts["Statement"].replace("|", "\\|")
        lines.append(f"| {entry.key} | {statement} | {entry.proof} |")
    return "\n".join(lines) + "\n"


def _theorem(entry: Claim) -> str:
    return _filled(f"**{entry.key}**. {entry.texts['Statement']} {entry.texts.get('Finding', '')}") + "\n"


def _filled(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), 120, break_long_words=False, break_on_hyphens=False)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    Path(sys.argv[1]).write_text(findings(), encoding="utf-8")
