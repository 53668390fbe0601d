"""Ids and lines of what a paper numbers, from its text by pattern, and from the list that is kept."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PAPERS", "Entry", "extract", "kept_hash", "listed", "text_hash", "write"]

FOLDER = Path(__file__).parent

PAPERS: Mapping[str, str] = {
    "rommeo": "rommeo.txt",
    "aorpo": "aorpo.txt",
    "hasac": "hasac.txt",
    "dmac": "dmac.txt",
    "soft-qmix": "soft_qmix.txt",
}
"""The papers, and the names of their texts."""

_KINDS = (
    "extended theorem|extended lemma|theorem|lemma|proposition|corollary|definition|assumption|algorithm|table|figure"
)

_HEADING = re.compile(
    rf"^[\s#*]*((?i:{_KINDS})) ((?:[A-Z]\.)?\d+(?:\.\d+)?)"
    r"(?=\**(?:[.:](?!\d)| \(| DMAC$| Multi-agent [A-Z]| Soft-QMIX))"
)
"""A heading: a kind and a number at the beginning of a line, and then a point, a colon, a bracket, or a title."""

_TAG = re.compile(r"(?:\\tag\{|\(|\{\()(\d{1,2})[)}]+[.,]?\s*(?:\\end\{aligned\})?\s*(?:\$\$|</sup>)?\s*$")
"""The number of an equation, at the end of a line."""

_DISPLAY = re.compile(r"\$\$|\\tag|\\quad|\\end|</sup>|^\s*\(\d+\)\s*$")
"""What tells a displayed equation from a sentence that ends with a number in brackets, where the text has LaTeX."""

_PLAIN = ("rommeo", "aorpo")
"""Papers whose text has no LaTeX: there every line that ends so is an equation."""

_NOT_HEADINGS: Mapping[str, tuple[int, ...]] = {"aorpo": (2702, 3316)}
"""Lines that look like a heading and continue a sentence."""

_NOT_TAGS: Mapping[str, tuple[int, ...]] = {"aorpo": (620,), "dmac": (208, 385, 484, 660)}
"""Lines that end in the number of an equation and refer to it."""

_MORE: Mapping[str, Mapping[str, tuple[int, ...]]] = {
    # The PDF's text has no caption of Figure 3; these lines speak of it.
    "aorpo": {"aorpo.figure-3": ()},
    # A heading at the end of a line.
    "dmac": {"dmac.lemma-4": (335,)},
}


@dataclass(frozen=True)
class Entry:
    """One numbered thing in a paper.

    `id`     as in "hasac.theorem-1"
    `lines`  of the paper's text, at which it stands; empty where the text lacks it
    `role`   "asserts", "defines", "restates ID", "step of ID"; "" where it has not been read yet
    `line`   what it is, in a line of our own; "" where it has not been read yet
    """

    id: str
    lines: tuple[int, ...]
    role: str = ""
    line: str = ""

    @property
    def kind(self) -> str:
        """The kind, such as "theorem" or "equation"."""
        return re.sub(r"-[^-]*$", "", self.id.split(".", 1)[1])


def listed(paper: str) -> tuple[Entry, ...]:
    """What a paper numbers, as the list beside this file has it."""
    rows = [line.split("\t") for line in _path(paper).read_text(encoding="utf-8").splitlines() if line[0] != "#"]
    return tuple(
        Entry(id, tuple(map(int, lines.split(","))) if lines else (), role, line) for id, lines, role, line in rows
    )


def extract(paper: str, text: str) -> dict[str, tuple[int, ...]]:
    """The ids that a paper's text numbers, each with its lines, in the order of the text."""
    found: dict[str, list[int]] = {id: list(lines) for id, lines in _MORE.get(paper, {}).items()}
    for number, line in enumerate(text.splitlines(), 1):
        for id in _named(paper, number, line):
            if number not in found.setdefault(id, []):
                found[id].append(number)
    return {id: tuple(lines) for id, lines in sorted(found.items(), key=lambda item: (item[1] or [10**9], item[0]))}


def text_hash(text: str) -> str:
    """SHA-256 of a paper's text, with which its lines are counted."""
    return hashlib.sha256(text.encode()).hexdigest()


def kept_hash(paper: str) -> str:
    """The hash that the list of a paper was made with."""
    return _path(paper).read_text(encoding="utf-8").split("\n", 1)[0].split()[-1]


def write(paper: str, text: str) -> None:
    """Write the list of a paper anew; roles and lines of our own stay."""
    known = {entry.id: entry for entry in listed(paper)} if _path(paper).exists() else {}
    rows = [f"# id, lines, role, a line of our own; SHA-256 of the text: {text_hash(text)}"]
    for id, lines in extract(paper, text).items():
        old = known.get(id, Entry(id, ()))
        rows.append("\t".join([id, ",".join(map(str, lines)), old.role, old.line]))
    _path(paper).write_text("\n".join(rows) + "\n", encoding="utf-8")


def _named(paper: str, number: int, line: str) -> Iterator[str]:
    heading = _HEADING.match(line)
    if heading and number not in _NOT_HEADINGS.get(paper, ()):
        yield f"{paper}.{heading[1].lower().replace(' ', '-')}-{heading[2].lower()}"
    tag = _TAG.search(line)
    if tag and number not in _NOT_TAGS.get(paper, ()) and (paper in _PLAIN or _DISPLAY.search(line)):
        yield f"{paper}.equation-{tag[1]}"


def _path(paper: str) -> Path:
    return FOLDER / f"{paper}.tsv"
