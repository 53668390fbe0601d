"""Many claims decided, in several processes where these are asked for; the rows do not depend on how many."""

import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from mathrl.base.jobs import each, nothing
from mathrl.proofs_checks.claims import claims, claims_of_file
from mathrl.proofs_checks.evidence import Row, decide, gathered
from mathrl.proofs_checks.ledger import LEDGER, Claim, Compound, Restatement
from mathrl.proofs_checks.recorded import campaign, recorded, write

__all__ = ["check", "needed", "record"]

Timed = tuple[Row, float]
Result = TypeVar("Result")


def needed(entries: Mapping[str, Claim | Compound | Restatement]) -> list[str]:
    """The claims that must be decided for these entries: parts and what is restated come in."""
    found: dict[str, None] = {}

    def add(entry: Claim | Compound | Restatement) -> None:
        if isinstance(entry, Claim):
            found[entry.key] = None
            return
        for part in entry.parts if isinstance(entry, Compound) else (entry.of,):
            add(LEDGER[part])

    for entry in entries.values():
        add(entry)
    return list(found)


def check(
    entries: Mapping[str, Claim | Compound | Restatement],
    *,
    examples: int | None = None,
    seed: int = 0,
    jobs: int = 1,
    files: Sequence[str] = (),
    advance: Callable[[str, bool], None] = nothing,
) -> tuple[list[Row], dict[str, float]]:
    """Decide claims, in several processes where these are asked for.

    `entries`   what to decide, by key
    `examples`  how many instances a search takes; None: as many as each claim declares
    `seed`      of the searches, a whole number ≥ 0
    `jobs`      how many processes; results do not depend on it
    `files`     the users' files that entries come from, which each process runs
    `advance`   is told the key of a claim and whether it is done

    Returns the rows in the order of the entries, and how many seconds each claim took. After Ctrl-C these are the rows
    of which all is decided by then; it goes on as `KeyboardInterrupt` where there is none.
    """
    keys = needed(entries)
    rows: dict[str, Row] = {}
    seconds: dict[str, float] = {}
    one = partial(_row, examples=examples, seed=seed)
    try:
        for key, (row, took) in _each(one, keys, jobs, tuple(files), advance):
            rows[key], seconds[key] = row, took
    except KeyboardInterrupt:
        if not rows:
            raise
    for entry in entries.values():
        _gather(entry, rows)
    return [rows[key] for key in entries if key in rows], seconds


def _gather(entry: Claim | Compound | Restatement, rows: dict[str, Row]) -> None:
    """Add the row of a statement of parts, or of a restatement, where the rows that it speaks of are there."""
    if isinstance(entry, Claim) or entry.key in rows:
        return
    spoken_of = entry.parts if isinstance(entry, Compound) else (entry.of,)
    for part in spoken_of:
        _gather(LEDGER[part], rows)
    if rows.keys() >= set(spoken_of):
        rows[entry.key] = gathered(entry, rows)


def record(
    entries: Mapping[str, Claim | Compound | Restatement],
    folder: Path,
    *,
    examples: int,
    seed: int = 0,
    jobs: int = 1,
    files: Sequence[str] = (),
    commit: str = "",
    advance: Callable[[str, bool], None] = nothing,
) -> int:
    """Search claims on many instances, and write down what came of each as soon as it is done.

    What the folder has already, of the same checks, seed and number of instances, is not searched again: a campaign
    that was interrupted goes on. The arguments are those of `check`; `commit` is written down. Returns how many claims
    were searched.
    """
    left = [key for key in needed(entries) if not _has(key, folder, examples, seed)]
    one = partial(_campaign, examples=examples, seed=seed, commit=commit)
    for key, entry in _each(one, left, jobs, tuple(files), advance):
        write(_claim(key), entry, folder)
    return len(left)


def _has(key: str, folder: Path, examples: int, seed: int) -> bool:
    kept = recorded(_claim(key), folder)
    return kept is not None and kept.current and kept.seed == seed and kept.examples + kept.unmet >= examples


def _campaign(key: str, *, examples: int, seed: int, commit: str) -> dict[str, Any]:
    return campaign(_claim(key), examples=examples, seed=seed, commit=commit)


def _each(
    function: Callable[[str], Result],
    keys: Sequence[str],
    jobs: int,
    files: tuple[str, ...],
    advance: Callable[[str, bool], None],
) -> Iterator[tuple[str, Result]]:
    """A function of each key, in several processes or in this one, as they are done."""
    with closing(each(function, keys, keys, jobs=jobs, prepare=partial(_load, files), advance=advance)) as done:
        for k, result in done:
            yield keys[k], result


def _load(files: tuple[str, ...]) -> None:
    """Make a process ready."""
    claims()
    for path in files:
        claims_of_file(path)


def _claim(key: str) -> Claim:
    entry = LEDGER[key]
    assert isinstance(entry, Claim)
    return entry


def _row(key: str, *, examples: int | None, seed: int) -> Timed:
    """The row of a claim, and how many seconds it took. An error of a check is a reason, not the end of the run."""
    claim, began = _claim(key), time.perf_counter()
    try:
        row = decide(claim, examples=examples, seed=seed)
    except Exception as error:
        row = Row(key, claim.verdict, claim.severity, False, _ended_in(error), False, ())
    return row, time.perf_counter() - began


def _ended_in(error: Exception) -> str:
    """What an error of a check says, and the line at which it arose; errors of some libraries cannot be pickled."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"the check ended in {type(error).__name__}: {error} ({Path(last.filename).name}, line {last.lineno})"
