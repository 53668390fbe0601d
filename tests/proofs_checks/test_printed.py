"""The lists of what the papers number are whole, and every theorem-like statement has its row in the ledger."""

import os
from collections import Counter
from pathlib import Path

import pytest

from mathrl.proofs_checks.claims import claims
from mathrl.proofs_checks.printed.lists import PAPERS, extract, kept_hash, listed, text_hash

NUMBERED = {"rommeo": 61, "aorpo": 7, "hasac": 31, "dmac": 29, "soft-qmix": 40}
STATED = {"rommeo": 5, "aorpo": 24, "hasac": 12, "dmac": 13, "soft-qmix": 8}
THEOREM_LIKE = ("theorem", "lemma", "proposition", "corollary", "extended-theorem", "extended-lemma")

every_paper = pytest.mark.parametrize("paper", PAPERS)


@every_paper
def test_nothing_was_lost(paper):
    entries = listed(paper)
    equations = sorted(int(entry.id.rsplit("-", 1)[1]) for entry in entries if entry.kind == "equation")
    assert equations == list(range(1, NUMBERED[paper] + 1))
    assert sum(entry.kind in THEOREM_LIKE for entry in entries) == STATED[paper]
    assert max(Counter(entry.id for entry in entries).values()) == 1


def test_other_kinds_are_whole():
    kinds = Counter(entry.kind for paper in PAPERS for entry in listed(paper))
    assert kinds["table"] == 35
    assert kinds["figure"] == 40
    assert kinds["algorithm"] == 7
    assert kinds["definition"] + kinds["assumption"] == 13


@every_paper
def test_every_theorem_like_statement_has_a_row(paper):
    missing = [entry.id for entry in listed(paper) if entry.kind in THEOREM_LIKE and entry.id not in claims()]
    assert missing == []


@every_paper
def test_every_numbered_row_is_in_the_list(paper):
    """Rows without a number, `text-…` and `appendix-…`, are not in the list, as the text does not number them."""
    known = {entry.id for entry in listed(paper)}
    rows = [entry.id for entry in claims().values() if entry.paper == paper]
    assert [id for id in rows if id not in known and not id.split(".", 1)[1].startswith(("text-", "appendix-"))] == []


@every_paper
@pytest.mark.skipif("MATHRL_PAPERS" not in os.environ, reason="MATHRL_PAPERS names no folder with the papers' texts")
def test_the_text_gives_the_same_list(paper):
    text = (Path(os.environ["MATHRL_PAPERS"]) / PAPERS[paper]).read_text(encoding="utf-8")
    assert text_hash(text) == kept_hash(paper)
    assert extract(paper, text) == {entry.id: entry.lines for entry in listed(paper)}


def test_the_patterns_see_headings_and_numbers_of_equations():
    text = "**Theorem 3** (A name)\nx = 1 \\quad (7)\nas Theorem 2 shows, and Eq. (5)\n## Lemma A.2. Let\n"
    assert extract("hasac", text) == {"hasac.theorem-3": (1,), "hasac.equation-7": (2,), "hasac.lemma-a.2": (4,)}
