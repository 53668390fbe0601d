"""docs/findings.md is what the ledger says, and its links lead somewhere."""

import re
from pathlib import Path

import mathrl
from mathrl.proofs_checks.claims import claims
from mathrl.proofs_checks.findings import FIRST, findings, verdict_of
from mathrl.proofs_checks.ledger import PAPERS, Claim, Compound

PAGE = Path(mathrl.__file__).parents[1] / "docs" / "findings.md"


def test_the_page_is_what_the_ledger_says():
    assert PAGE.read_text(encoding="utf-8") == findings(), "make findings"


def test_every_claim_of_a_paper_is_on_the_page():
    text = findings()
    for entry in claims().values():
        if isinstance(entry, Claim | Compound) and entry.variant is None and entry.paper in (*PAPERS, "mathrl"):
            assert entry.role == "defines" or entry.key in text


def test_its_links_lead_to_files():
    for link in re.findall(r"\]\(([^)]+)\)", findings()):
        assert (PAGE.parent / link).exists(), link


def test_the_most_consequential_are_no_slips():
    assert all(verdict_of(claims()[key])[0] in ("refuted", "corrected") for key in FIRST)
