"""Many claims decided, in several processes where these are asked for; the rows do not depend on how many."""

import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from mathrl.proofs_checks.claims import claims, claims_of_file
from mathrl.proofs_checks.evidence import Row, decide, gathered
from mathrl.proofs_checks.ledger import LEDGER, Claim, Compound, Restatement

__all__ = ["Timed", "check", "needed"]

Timed = tuple[Row, float]


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
    advance: Callable[[str, bool], None] = lambda what, done: None,
) -> tuple[list[Row], dict[str, float]]:
    """Decide claims.

    `entries`   what to decide, by key
    `examples`  how many instances a search takes; None: as many as each claim declares
    `seed`      of the searches, a whole number ≥ 0
    `jobs`      how many processes; results do not depend on it
    `files`     the users' files that entries come from, which each process runs
    `advance`   is told the key of a claim and whether it is done

    Returns the rows in the order of the entries, and how many seconds each claim took. After Ctrl-C the rows that are
    done are those of the entries whose claims are all decided.
    """
    keys = needed(entries)
    rows: dict[str, Row] = {}
    seconds: dict[str, float] = {}
    for key, (row, took) in _decided(keys, examples, seed, jobs, tuple(files), advance):
        rows[key], seconds[key] = row, took
    for entry in (each for each in entries.values() if not isinstance(each, Claim)):
        _gather(entry, rows)
    return [rows[key] for key in entries], seconds


def _gather(entry: Claim | Compound | Restatement, rows: dict[str, Row]) -> None:
    if isinstance(entry, Claim) or entry.key in rows:
        return
    for part in entry.parts if isinstance(entry, Compound) else (entry.of,):
        _gather(LEDGER[part], rows)
    rows[entry.key] = gathered(entry, rows)


def _decided(
    keys: Sequence[str],
    examples: int | None,
    seed: int,
    jobs: int,
    files: tuple[str, ...],
    advance: Callable[[str, bool], None],
) -> Iterator[tuple[str, Timed]]:
    if jobs == 1 or len(keys) == 1:
        for key in keys:
            advance(key, False)
            yield key, _one(key, examples, seed)
            advance(key, True)
        return
    with ProcessPoolExecutor(jobs, get_context("spawn"), _load, (files,)) as pool:
        futures: dict[Future[Timed], str] = {pool.submit(_one, key, examples, seed): key for key in keys}
        for future in as_completed(futures):
            yield futures[future], future.result()
            advance(futures[future], True)


def _load(files: tuple[str, ...]) -> None:
    claims()
    for path in files:
        claims_of_file(path)


def _one(key: str, examples: int | None, seed: int) -> Timed:
    entry = LEDGER[key]
    assert isinstance(entry, Claim)
    began = time.perf_counter()
    try:
        row = decide(entry, examples=examples, seed=seed)
    except Exception as error:
        row = Row(key, entry.verdict, entry.severity, False, _ended_in(error), False, ())
    return row, time.perf_counter() - began


def _ended_in(error: Exception) -> str:
    """What an error of a check says, and the line at which it arose; errors of some libraries cannot be pickled."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"the check ended in {type(error).__name__}: {error} ({Path(last.filename).name}, line {last.lineno})"
