"""`mathrl check`: whether the papers' claims hold, and what shows it."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mathrl.cli import output
from mathrl.cli.arguments import Parser, add_jobs, add_output, jobs_of, whole_number

if TYPE_CHECKING:
    from mathrl.proofs_checks.evidence import Row

__all__ = ["run"]

DESCRIPTION = """\
Say of the papers' claims whether they hold as printed, hold with a correction, or are refuted, and gather the evidence
anew: searches for a violation among random small games, counterexamples decided in fractions or balls, identities on
symbols. One claim gives a page, with the counterexample as a small game; several give a table. A part or a kinder
reading of a claim is named behind an @, as the table shows it. Claims of your own are checked in the same way: name a
Python file that declares them with mathrl.proofs_checks.claim."""

PAGES = 5
"""Up to so many claims that were named, or that a file declares, have a page each; more of them have a line each."""

EXAMPLES = """\
examples:
  mathrl check                                      all claims, a line for each paper
  mathrl check hasac                                a line for each claim of one paper
  mathrl check hasac.proposition-1                  the page of one claim
  mathrl check dmac --examples 1000 --seed 7        a longer search, with other instances
  mathrl check --format json --out ledger.json
  mathrl check my_claims.py                         claims of your own
  mathrl check --campaign recorded                  at least 1,000 instances of each claim, written to a folder

All claims take some minutes, those of one paper about one; on a terminal a bar shows how far it is.

words in tables and pages:
  verdict        holds: as printed. corrected: after a small change. refuted: the idea fails. open: neither is shown
  severity       slip: a misprint. gap: a condition is missing. false: what is printed is not so
  printed proof  sound. gap: a step is missing. false step at ...: the first one that fails. none: none of it is printed
  decided by     fractions, or balls, which are numbers with proven error bounds: a counterexample is decided by them;
                 symbols: an identity is expanded; argument: a written proof; search: no violation among random
                 instances, which proves nothing; its parts: each part has a line of its own
  l. 626         a line of the plain text in which the paper was read; the paper itself prints no such numbers
  mathrl         among the papers: the theorems that corrections and proofs rest on, which are ours

A run with fewer than 100 instances may be too short to say; then the claim is "not decided by this run".
Exit status 1: the evidence does not support the verdict of some claim."""


def run(argv: Sequence[str]) -> int:
    """Run the command with these arguments and return its exit status."""
    parser = Parser("check", DESCRIPTION, EXAMPLES)
    parser.add_argument("names", nargs="*", metavar="CLAIM, PAPER or FILE.py", help="what to check (default: all)")
    parser.add_argument(
        "--examples",
        metavar="N",
        help="how many random instances a search takes (default: 120, or what a claim declares)",
    )
    parser.add_argument("--seed", default="0", metavar="K", help="the seed of the searches (default: 0)")
    add_jobs(parser)
    parser.add_argument("--campaign", metavar="DIR", help="search at least 1,000 instances, and keep the counts in DIR")
    parser.add_argument(
        "--counterexamples",
        metavar="DIR",
        help="write the counterexample of each claim that is shown to a file CLAIM.json in DIR",
    )
    add_output(parser)
    arguments = parser.parse(argv)
    from mathrl.base.checks import fail

    arguments.format = output.format_of(arguments.format, arguments.out)
    output.check_out({"--out": arguments.out})
    seed = whole_number("--seed", arguments.seed)
    jobs = jobs_of(arguments.jobs)
    examples = None if arguments.examples is None else whole_number("--examples", arguments.examples, 1)
    files = [name for name in arguments.names if name.endswith(".py")]
    entries = _chosen(arguments.names, files)
    if arguments.campaign is not None:
        if arguments.out is not None or arguments.counterexamples is not None:
            fail("--campaign", "shows no claims", "no --out and no --counterexamples beside it")
        return _campaign(entries, arguments.campaign, examples, seed, jobs, files)
    counterexamples = arguments.counterexamples
    folder = None if counterexamples is None else output.make_folder("--counterexamples", counterexamples)
    rows, seconds = _checked(entries, examples, seed, jobs, files)
    output.deliver(_rendered(rows, arguments.names, arguments.format), arguments.out)
    if folder is not None:
        _save(rows, folder)
    if not arguments.names:
        _say_slowest(seconds)
    failed = [row for row in rows if row.failed]
    for row in failed:
        output.say(f"{row.key}: {row.reason}")
    interrupted = len(rows) < len(entries)
    if interrupted:
        output.say(f"interrupted: {len(rows)} of {len(entries)} claims were decided")
    return 1 if failed or interrupted else 0


def _chosen(names: Sequence[str], files: Sequence[str]) -> Mapping[str, Any]:
    from mathrl.base.checks import choice, fail
    from mathrl.base.reproduction import paper_of
    from mathrl.base.text import shown
    from mathrl.proofs_checks.claims import claims, claims_of_file, forget_files

    forget_files()
    known = dict(claims())
    if not names:
        return known
    chosen = {key: entry for path in files for key, entry in claims_of_file(path).items()}
    papers = dict.fromkeys(entry.paper for entry in known.values())
    for name in names:
        if name not in files:
            if paper_of(name) != name and paper_of(name) in papers:
                mend = f"tables and figures are recomputed by mathrl reproduce: mathrl reproduce {name}"
                fail("CLAIM", f"{shown(name)} is unknown", "a claim", mend)
            choice(
                "CLAIM",
                name,
                [*known, *papers],
                see="mathrl check hasac, which lists the claims of that paper",
            )
            chosen |= {key: entry for key, entry in known.items() if name in (key, entry.paper, entry.id)}
    return chosen


def _checked(
    entries: Mapping[str, Any], examples: int | None, seed: int, jobs: int, files: Sequence[str]
) -> "tuple[list[Row], dict[str, float]]":
    from mathrl.proofs_checks.run import check, needed

    with output.progress(len(needed(entries)), "claim") as advance:
        return check(entries, examples=examples, seed=seed, jobs=jobs, files=files, advance=advance)


def _rendered(rows: "Sequence[Row]", names: Sequence[str], format: str) -> str:
    from mathrl.proofs_checks.ledger import PAPERS
    from mathrl.proofs_checks.page import data, flat_data, listing, page, summary

    if format in ("json", "csv"):
        return output.render([data(rows) if format == "json" else flat_data(rows)], format)
    by_key = {row.key: row for row in rows}
    papers = list(dict.fromkeys(row.entry.paper for row in rows))
    alone = all(name in by_key or name.endswith(".py") for name in names)
    shown = [row for row in rows if row.key in names or row.entry.paper not in PAPERS]
    if format == "table" and names and alone and len(shown) <= PAGES:
        return "\n".join(page(row, by_key) for row in shown)
    tables = [listing(rows, paper) for paper in papers] if names else [summary(rows)]
    return output.render(tables, format)


def _campaign(
    entries: Mapping[str, Any], name: str, examples: int | None, seed: int, jobs: int, files: Sequence[str]
) -> int:
    from mathrl.proofs_checks.recorded import LEAST
    from mathrl.proofs_checks.run import needed, record

    folder = output.make_folder("--campaign", name)
    most = max(LEAST, examples or 0)
    with output.progress(len(needed(entries)), "claim") as advance:
        done = record(
            entries, folder, examples=most, seed=seed, jobs=jobs, files=files, commit=_commit(), advance=advance
        )
    output.say(f"{done} claims were searched, {len(needed(entries)) - done} were recorded in {folder} before")
    return 0


def _commit() -> str:
    """The commit of the checkout that this program runs from; empty where it is installed otherwise."""
    checkout = Path(__file__).parents[2]
    if not (checkout / ".git").exists():
        return ""
    command = ["git", "-C", str(checkout), "rev-parse", "--short", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""


def _save(rows: "Sequence[Row]", folder: Path) -> None:
    import json

    from mathrl.base.files import write_text

    found = [row for row in rows if row.counterexample is not None]
    for row in found:
        write_text(folder / f"{row.key}.json", json.dumps(row.counterexample, ensure_ascii=False, indent=1) + "\n")
    output.say(f"counterexamples in {folder}: {len(found)}")


def _say_slowest(seconds: Mapping[str, float]) -> None:
    slowest = sorted(seconds, key=lambda key: -seconds[key])[:10]
    said = ", ".join(f"{key} {seconds[key]:.1f} s" for key in slowest)
    output.say(f"the slowest of {len(seconds)} claims: {said}")
