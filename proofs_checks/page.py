"""What the ledger shows: a line for each claim, the page of one claim, and the same as data."""

import json
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import Any

from mathrl.base.table import Column, Table
from mathrl.proofs_checks.evidence import Row
from mathrl.proofs_checks.ledger import LEDGER, Claim, Compound, Restatement
from mathrl.proofs_checks.printed import listed
from mathrl.proofs_checks.printed.lists import PAPERS
from mathrl.proofs_checks.readable import readable

__all__ = ["data", "flat_data", "listing", "page", "summary"]

_WIDTH = 100

_TITLES = {"Practice": "In practice"}
"""What a paragraph of a docstring is called on the page, where it is another word."""


def data(rows: Sequence[Row]) -> Table:
    """All that is known of each row, for JSON; missing things are null."""
    return Table([Column(name, itemgetter(name)) for name in _FIELDS], list(map(_fields, rows)))


def flat_data(rows: Sequence[Row]) -> Table:
    """The same for CSV, where lists and objects stand as JSON."""
    return Table([Column(name, partial(_flat, name)) for name in _FIELDS], list(map(_fields, rows)))


def listing(rows: Sequence[Row], paper: str) -> Table:
    """One line for each claim of a paper."""
    own = [row for row in rows if row.entry.paper == paper]
    columns = (
        Column("claim", lambda row: row.key),
        Column("verdict", lambda row: row.verdict or "definition"),
        Column("severity", lambda row: row.severity),
        Column("printed proof", lambda row: getattr(row.entry, "proof", None)),
        Column("decided by", _decided_by),
        Column("evidence", _state),
    )
    return Table(columns, own, caption=paper)


def summary(rows: Sequence[Row]) -> Table:
    """One line for each paper: how many claims have which verdict. Parts and kinder readings are counted apart."""
    whole, parts = ([row for row in rows if (row.entry.variant is None) is alone] for alone in (True, False))
    papers = list(dict.fromkeys(row.entry.paper for row in rows))

    def count(verdict: str | None, paper: str) -> int:
        return sum(row.entry.paper == paper and row.verdict == verdict for row in whole)

    columns = (
        Column("paper", lambda paper: paper),
        *(Column(verdict, partial(count, verdict)) for verdict in ("holds", "corrected", "refuted", "open")),
        Column("definitions", partial(count, None)),
        Column("parts and readings", lambda paper: sum(row.entry.paper == paper for row in parts)),
        Column("not yet decided", partial(_without_row, rows)),
        Column("not supported", lambda paper: sum(row.entry.paper == paper and row.failed for row in rows)),
    )
    return Table(columns, papers)


def page(row: Row, rows: Mapping[str, Row]) -> str:
    """The page of one claim: statement, reading, verdict, evidence, counterexample, correction, practice.

    `rows`  the rows of this run by key, which may tell the verdicts of what the printed proof rests on
    """
    entry = row.entry
    severity = f" ({row.severity})" if row.severity else ""
    lacking = ", NOT SUPPORTED" if row.failed else ""
    head = f"{entry.key}   {(row.verdict or 'definition').upper()}{severity}{lacking}   {entry.location}"
    if isinstance(entry, Restatement):
        return f"{head}\n\n{_block('Statement', f'The same as {entry.of}')}"
    texts = entry.texts
    parts = [
        _block(_TITLES.get(name, name), texts[name]) for name in ("Statement", "Premises", "Reading") if name in texts
    ]
    if entry.proof != "none" or entry.rests_on:
        parts.append(_block("Printed proof", _proof(entry, rows)))
    if isinstance(entry, Compound):
        literal = [part for part in map(LEDGER.get, entry.parts) if isinstance(part, Claim)]
        parts.append(_block("Parts", "\n".join(_verdict_of(part, rows) for part in literal)))
        worst = entry.worst.texts
        texts = {name: worst[name] for name in ("Correction", "Practice") if name in worst} | dict(texts)
    if "Finding" in texts:
        parts.append(_block("Finding", texts["Finding"]))
    others = _other_readings(entry, rows)
    if others:
        parts.append(_block("Other readings", "\n".join(others)))
    if row.counterexample is not None:
        parts.append(_block("Counterexample", readable(row.counterexample)))
    parts += [
        _block(_TITLES.get(name, name), texts[name]) for name in ("Correction", "Proof", "Practice") if name in texts
    ]
    if row.evidence:
        parts.append(_block("Evidence", "\n".join(map(_said, row.evidence))))
    parts.append(_block("Does the evidence support the verdict?", _support(row)))
    return "\n\n".join([head, *parts]) + "\n"


def _other_readings(entry: Claim | Compound, rows: Mapping[str, Row]) -> list[str]:
    """The variants of an id that are not its literal parts, each with its verdict and what was found."""
    literal = entry.parts if isinstance(entry, Compound) else (entry.key,)
    return [
        _verdict_of(other, rows)
        for other in LEDGER.values()
        if isinstance(other, Claim) and other.id == entry.id and other.key not in literal and entry.variant is None
    ]


def _verdict_of(part: Claim, rows: Mapping[str, Row]) -> str:
    """A part or reading in a few lines: its verdict, whether that is supported, and what was found."""
    severity = f" ({part.severity})" if part.severity else ""
    lacking = "" if part.key not in rows or rows[part.key].supported else ", not supported by this run"
    said = part.texts.get("Finding", part.texts["Statement"])
    return f"{part.variant} ({part.key}): {part.verdict}{severity}{lacking}. {said}"


def _support(row: Row) -> str:
    if row.verdict == "open":
        return "The claim is open: what is here neither shows nor refutes it."
    if row.supported:
        return "Yes."
    return f"Not decided by this run: {row.reason}." if row.undecided else f"No: {row.reason}."


def _without_row(rows: Sequence[Row], paper: str) -> int | None:
    """How many numbered statements, equations and algorithms of a paper have no row yet; None for what is no paper."""
    if paper not in PAPERS:
        return None
    known = {row.entry.id for row in rows}
    return sum(entry.id not in known and entry.kind not in ("table", "figure") for entry in listed(paper))


def _state(row: Row) -> str:
    if row.supported:
        return "supported"
    return "not decided by this run" if row.undecided else "NOT SUPPORTED"


def _decided_by(row: Row) -> str:
    """The strongest kind of evidence."""
    if not isinstance(row.entry, Claim):
        return "its parts" if isinstance(row.entry, Compound) else row.entry.of
    certified = [each.kind for each in row.evidence if each.certified]
    kinds = Counter(each.kind for each in row.evidence)
    for kind in ("symbolic", "exact", "ball"):
        if kind in certified:
            return {"symbolic": "symbols", "exact": "fractions", "ball": "balls"}[kind]
    return next((word for word in ("argument", "cited", "search") if kinds[word]), "")


def _proof(entry: Claim | Compound, rows: Mapping[str, Row]) -> str:
    if not entry.rests_on:
        return entry.proof
    known = [f"{id} ({rows[id].verdict})" if id in rows else _declared(id) for id in entry.rests_on]
    return f"{entry.proof}; it rests on {', '.join(known)}"


def _declared(id: str) -> str:
    entry = LEDGER.get(id)
    return f"{id} ({entry.verdict})" if isinstance(entry, Claim) and entry.verdict else id


def _said(evidence: Any) -> str:
    count = "" if evidence.examples is None else f"{evidence.examples} instances"
    seed = "" if evidence.seed is None else f", seed {evidence.seed}"
    certified = ", certified" if evidence.certified else ""
    source = f" [{evidence.source}]" if evidence.source else ""
    numbers = f" ({count}{seed})" if count else ""
    return f"{evidence.kind}{certified}: {evidence.summary}{numbers}{source}"


def _indent(line: str) -> str:
    return " " * (len(line) - len(line.lstrip()))


def _block(title: str, text: str) -> str:
    wrapped = [
        line
        for each in text.splitlines() or [""]
        for line in (textwrap.wrap(each, _WIDTH - 4, break_long_words=False, subsequent_indent=_indent(each)) or [""])
    ]
    return "\n".join([title, *(f"    {line}".rstrip() for line in wrapped)])


_FIELDS = (
    "id", "variant", "paper", "location", "role", "statement", "reading", "verdict", "severity", "degenerate", "proof",
    "supported", "evidence", "correction", "counterexample", "rests_on", "practice",
)  # fmt: skip


def _flat(name: str, fields: Mapping[str, Any]) -> Any:
    value = fields[name]
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value


def _fields(row: Row) -> Mapping[str, Any]:
    entry = row.entry
    texts: Mapping[str, str] = {} if isinstance(entry, Restatement) else entry.texts
    return {
        "id": entry.id,
        "variant": entry.variant,
        "paper": entry.paper,
        "location": entry.location,
        "role": f"restates {entry.of}" if isinstance(entry, Restatement) else entry.role,
        "statement": texts.get("Statement"),
        "reading": texts.get("Reading"),
        "verdict": row.verdict,
        "severity": row.severity,
        "degenerate": entry.degenerate if isinstance(entry, Claim) else None,
        "proof": None if isinstance(entry, Restatement) else entry.proof,
        "supported": row.supported,
        "evidence": [vars(each) for each in row.evidence],
        "correction": texts.get("Correction"),
        "counterexample": row.counterexample,
        "rests_on": [] if isinstance(entry, Restatement) else list(entry.rests_on),
        "practice": texts.get("Practice"),
    }
