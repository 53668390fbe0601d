"""Each row of docs/findings-by-hand.md has a test that is named after it; each test has its row, or a claim."""

import re
from collections import Counter
from pathlib import Path

from mathrl.proofs_checks.claims import claims

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "findings-by-hand.md"
PAPERS = ("dmac", "aorpo", "rommeo", "hasac", "soft-qmix")
VERDICTS = {"false", "gap", "unclear", "loose", "slip", "holds"}


def rows():
    """The cells of each row of the page that begins with a paper's name."""
    lines = [re.split(r"(?<!\\)\|", line.strip())[1:-1] for line in PAGE.read_text(encoding="utf-8").splitlines()]
    cells = [[cell.strip() for cell in line] for line in lines if line]
    return [line for line in cells if line[0].startswith(tuple(f"{paper}-" for paper in PAPERS))]


def named():
    """The names of the tests of the papers' files."""
    files = [HERE / f"test_{paper.replace('-', '_')}.py" for paper in PAPERS]
    return [name for file in files for name in re.findall(r"^def test_(\w+)\(", file.read_text(encoding="utf-8"), re.M)]


def test_each_row_has_its_test():
    wanted = Counter(re.sub(r"[-.]", "_", row[0]) for row in rows())
    assert max(wanted.values()) == 1
    found = Counter(named())
    assert max(found.values()) == 1
    assert set(wanted) <= set(found)
    decided = {re.sub(r"[-.]", "_", key) for key in claims()}
    assert set(found) - set(wanted) <= decided
    assert not set(wanted) & decided, "what the ledger decides leaves this page"


def test_each_row_has_all_its_cells():
    for row in rows():
        name, printed, verdict, true, _ = row
        assert re.fullmatch(r"[a-z]+(-[a-z0-9.]+)+", name)
        assert verdict in VERDICTS, name
        assert printed, name
        assert true, name


def test_rows_are_not_lost():
    """A row that the patterns above do not see would need no test: count the rows by another mark, their verdicts."""
    text = PAGE.read_text(encoding="utf-8")
    marks = sum(text.count(f" | {verdict} | ") for verdict in VERDICTS)
    assert marks == len(rows()) > 40
