"""The ledger: what is declared of each claim, beside the function that checks it.

A claim is a function `check(instance…, **form) -> Slack`. Its keyword-only arguments are its forms; without any it is
the statement as printed. What is declared beside it is a verdict and what shows it; `mathrl.proofs_checks.evidence`
asks whether it does.
"""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import strategies as st

from mathrl.base.checks import choice, fail
from mathrl.base.registry import Registry
from mathrl.proofs_checks.slack import Slack

__all__ = ["LEDGER", "PAPERS", "Claim", "Compound", "Restatement", "claim", "compound", "restates"]

PAPERS = ("rommeo", "aorpo", "hasac", "dmac", "soft-qmix")

VERDICTS = ("holds", "corrected", "refuted", "open")

SEVERITIES = ("slip", "gap", "false")
_BADNESS = (None, "holds", "corrected", "open", "refuted")
_GRAVITY = (None, *SEVERITIES)

PROOFS = ("sound", "gap", "false step", "none", "cited")

EXAMPLES = 120
"""How many instances a claim is searched on by default."""

Check = TypeVar("Check", bound=Callable[..., Slack])

_ID = re.compile(r"[a-z][a-z0-9-]*\.[a-z][a-z0-9.()-]*")


@dataclass(frozen=True)
class Claim:
    """A statement that somebody makes, and what the ledger says of it.

    `id`           as in "hasac.proposition-1": the paper, the kind of statement, its number
    `variant`      None for the literal reading of the whole; else which part or kinder reading this is
    `location`     where it is printed: the section, and the lines of the paper's text
    `role`         "asserts", "defines", "restates ID" or "step of ID"
    `verdict`      "holds", "corrected", "refuted" or "open"; None for a definition
    `severity`     of what is not as printed: "slip", "gap" or "false"; None where it holds
    `proof`        the state of the printed proof: "sound", "gap", "false step WHERE", "none", "cited"
    `check`        the function that says by how much the statement holds on an instance
    `on`           the strategy that its instances are drawn from: dictionaries of its arguments
    `survives`     the form that no instance may violate; None where there is none
    `breaks`       the form that some instance must violate; None where there is none
    `rests_on`     ids that the printed proof uses
    `degenerate`   whether only instances with probabilities of 0 violate it
    `examples`     how many instances a search takes
    `cited`        where the statement is proved, for evidence by citation; None
    `argument`     where a written proof stands, as a path of Python names; None
    `symbolic`     a function that proves an identity on symbols and says for which sizes; None
    `stored`       the file of the counterexample; None: that of the ledger's own folder that has the claim's key
    `decides`      a function of the numbers in this file that decides it without mathrl; None: that of the ledger
    """

    id: str
    variant: str | None
    location: str
    role: str
    verdict: str | None
    severity: str | None
    proof: str
    check: Callable[..., Slack]
    on: st.SearchStrategy[Mapping[str, Any]]
    survives: Mapping[str, Any] | None
    breaks: Mapping[str, Any] | None
    rests_on: tuple[str, ...]
    degenerate: bool
    examples: int
    cited: str | None
    argument: str | None
    symbolic: Callable[[], str] | None
    stored: Path | None
    decides: Callable[[dict[str, Any]], tuple[bool, Any]] | None
    texts: Mapping[str, str] = field(repr=False)

    @property
    def key(self) -> str:
        """The id, with `@variant` where it is one."""
        return key(self.id, self.variant)

    @property
    def paper(self) -> str:
        """The paper, "mathrl" for theorems of our own, or what stands before the point of a user's id."""
        return self.id.split(".")[0]


@dataclass(frozen=True)
class Compound:
    """A statement of several parts, each of them a claim with a `variant`; its verdict is the worst of its parts'."""

    id: str
    location: str
    role: str
    parts: tuple[str, ...]
    proof: str
    rests_on: tuple[str, ...]
    texts: Mapping[str, str] = field(repr=False)
    variant: None = None

    @property
    def key(self) -> str:
        """The id."""
        return self.id

    @property
    def paper(self) -> str:
        """The paper."""
        return self.id.split(".")[0]

    @property
    def worst(self) -> "Claim":
        """The part whose verdict is that of the whole: the worst one, and of equal verdicts the gravest severity.

        A part that is open counts as worse than a corrected one: the whole is open then, unless a part is refuted.
        """
        parts = [part for part in map(LEDGER.__getitem__, self.parts) if isinstance(part, Claim)]
        return max(parts, key=lambda part: (_BADNESS.index(part.verdict), _GRAVITY.index(part.severity)))


@dataclass(frozen=True)
class Restatement:
    """A line that states another claim again, and has its verdict."""

    id: str
    of: str
    location: str
    variant: None = None

    @property
    def key(self) -> str:
        """The id."""
        return self.id

    @property
    def paper(self) -> str:
        """The paper."""
        return self.id.split(".")[0]


LEDGER: Registry[Claim | Compound | Restatement] = Registry("id", "claim")
"""All claims that were declared, by id, or `id@variant`."""


def key(id: str, variant: str | None) -> str:
    """The name of a row: the id, or `id@variant` with hyphens for what is no letter or digit."""
    return id if variant is None else f"{id}@{re.sub(r'[^a-z0-9.]+', '-', variant.lower()).strip('-')}"


def claim(
    id: str,
    *,
    at: str,
    verdict: str | None,
    on: st.SearchStrategy[Any],
    variant: str | None = None,
    role: str = "asserts",
    severity: str | None = None,
    proof: str = "none",
    survives: Mapping[str, Any] | None = None,
    breaks: Mapping[str, Any] | None = None,
    rests_on: Sequence[str] = (),
    degenerate: bool = False,
    examples: int = EXAMPLES,
    cited: str | None = None,
    argument: str | None = None,
    symbolic: Callable[[], str] | None = None,
    counterexample: str | None = None,
    decides: Callable[[dict[str, Any]], tuple[bool, Any]] | None = None,
) -> Callable[[Check], Check]:
    """Enter a claim into the ledger: a decorator of its check, which it returns unchanged.

    The check takes an instance as arguments by name, and forms as keyword-only arguments with defaults; without forms
    it is the statement as printed. It returns `Slack`, and leaves by `premise` what does not meet the premises. Its
    docstring is the statement in our words, then paragraphs that begin with `Reading:`, `Finding:`, `Correction:`,
    `Practice:` or `Proof:`.

    `id`          as in "hasac.proposition-1"; a theorem of our own is "mathrl.theorem-…", an unproved one
                  "mathrl.conjecture-…"
    `at`          where it is printed, as in "Section 4.2, l. 127-135"
    `verdict`     "holds": as printed. "corrected": it holds after a small change, which the form `survives` makes.
                  "refuted": the idea fails; `survives` is the strongest neighbour that holds. "open": neither was
                  shown. None for a role of "defines"
    `on`          a hypothesis strategy for dictionaries of the check's arguments
    `variant`     which part or kinder reading of the id this is; None (default) for the literal whole
    `role`        "asserts" (default), "defines", or "step of ID"
    `severity`    "slip", "gap" or "false", for what is corrected or refuted
    `proof`       "sound", "gap", "false step WHERE", "none" (default) or "cited"
    `survives`    the form, as keyword arguments, that no instance may violate; default: the printed one for "holds" and
                  for definitions, none else
    `breaks`      the form that some instance must violate, so that the check can fail; default: the printed one for
                  "corrected" and "refuted", none else
    `rests_on`    the ids that the printed proof uses
    `degenerate`  whether only instances with probabilities of 0 violate the printed form
    `examples`    how many instances a search takes; default 120
    `cited`       a source that proves it, for a verdict that rests on it
    `argument`    a path of Python names at which a written proof stands
    `symbolic`    a function that proves it on symbols and returns for which sizes
    `counterexample`  a file, as `mathrl check --counterexamples` writes it, beside the file that declares the claim;
                  default: that of the ledger's own folder that is named by the claim
    `decides`     a function that decides this file again without mathrl: of a dictionary whose numbers are fractions of
                  python-flint, it returns whether the premises are met, and the slack as a fraction or a ball. Default:
                  the function of the ledger's own scripts that is named by the claim; without one the check decides, in
                  balls

    Raises `ValueError` naming the argument.
    """
    if not _ID.fullmatch(id):
        fail("id", f"is {id!r}", "an id such as 'hasac.proposition-1'")
    if verdict is not None:
        choice("verdict", verdict, VERDICTS)
    if severity is not None:
        choice("severity", severity, SEVERITIES)
    if (severity is None) == (verdict in ("corrected", "refuted")):
        fail("severity", f"is {severity!r}", "'slip', 'gap' or 'false' for what is corrected or refuted, else None")
    choice("proof", proof.split(" at ")[0] if proof.startswith("false step") else proof, PROOFS)
    printed: dict[str, Any] = {}
    if verdict in ("corrected", "refuted"):
        breaks = printed if breaks is None else breaks
    elif verdict == "holds" or verdict is None:
        survives = printed if survives is None else survives

    def describe(check: Check) -> Claim:
        return Claim(
            id, variant, at, role, verdict, severity, proof, check, on, survives, breaks, tuple(rests_on), degenerate,
            examples, cited, argument, symbolic, _beside(check, counterexample), decides, texts(check.__doc__ or ""),
        )  # fmt: skip

    return LEDGER.declare(key(id, variant), describe)


def _beside(check: Callable[..., Slack], name: str | None) -> Path | None:
    """A file of this name in the folder of the file that declares the check."""
    return None if name is None else Path(inspect.getfile(check)).parent / name


def compound(
    id: str, *, at: str, parts: Sequence[str], proof: str = "none", rests_on: Sequence[str] = (), text: str
) -> None:
    """Enter a statement of several parts; each is a claim of its own, with a `variant` that is named here.

    `id`        the id that the parts have
    `at`        where it is printed
    `parts`     the variants that are its literal parts; kinder readings are not among them
    `proof`     the state of the printed proof, as in `claim`
    `rests_on`  the ids that the printed proof uses
    `text`      the statement, and paragraphs as in the docstring of a claim
    """
    described = Compound(id, at, "asserts", tuple(key(id, part) for part in parts), proof, tuple(rests_on), texts(text))
    LEDGER.declare(id, lambda _: described)(compound)


def restates(id: str, *, of: str, at: str) -> None:
    """Enter a line that states the claim `of` again."""
    LEDGER.declare(id, lambda _: Restatement(id, of, at))(restates)


def texts(docstring: str) -> Mapping[str, str]:
    """The paragraphs of a claim's docstring, a line each: "Statement", and what is marked by a word and a colon."""
    found: dict[str, str] = {}
    for paragraph in re.split(r"\n\s*\n", docstring.strip()):
        lines = " ".join(line.strip() for line in paragraph.splitlines())
        marked = re.match(r"(Reading|Finding|Correction|Practice|Proof|Premises): *", lines)
        name, said = (marked[1], lines[marked.end() :]) if marked else ("Statement", lines)
        said = re.sub(r"^[a-z]{2,}\b", lambda word: word[0].capitalize(), said)
        found[name] = f"{found[name]}\n\n{said}" if name in found else said
    return found
