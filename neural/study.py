"""A study: one algorithm on one environment with several seeds side by side, measured on the way, and kept on disk.

All seeds are one compiled function, mapped over runs. Seed k draws the same random numbers alone and beside others. A
study in a folder is stored after each measurement; one that was killed goes on from there, and ends in the same bytes.
"""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from mathrl.base.checks import count, fail, instance
from mathrl.base.document import parse
from mathrl.base.files import decode, read, write_text
from mathrl.neural.checkpoint import restore, save
from mathrl.neural.environments import Environment
from mathrl.neural.learner import Learner
from mathrl.neural.loops.off_policy import Run, advanced, begun
from mathrl.neural.measures import measures
from mathrl.neural.settings import MOST, Settings, checked
from mathrl.neural.update import Algorithm

__all__ = ["COMPILER", "FILES", "Row", "Study", "study"]

Row = Mapping[str, float]
"""What is known of one seed at one time: `step`, `seed`, and the numbers that were measured."""

FILES = ("study.json", "metrics.jsonl", "checkpoint.npz")
"""What a study keeps in its folder: what it is, a line for each measurement of a seed, and how to go on."""

COMPILER = {"xla_cpu_parallel_codegen_split_count": 1, "xla_backend_optimization_level": 1}
"""Options of XLA: the usual optimisation of so many small functions takes longer than it saves."""


@dataclass(frozen=True)
class Study:
    """What a study ends with.

    `rows`      all measurements, in the order of steps, then seeds
    `learners`  the networks of each seed
    """

    rows: tuple[Row, ...]
    learners: tuple[Learner, ...]


def study(
    algorithm: Algorithm,
    environment: Environment,
    settings: Settings,
    *,
    steps: int,
    seeds: Sequence[int] = (0,),
    each: Mapping[str, Sequence[float]] | None = None,
    initial_policy: Any = None,
    measurements: int = 20,
    folder: Path | None = None,
    description: Mapping[str, Any] | None = None,
    progress: Callable[[str, bool], None] | None = None,
    measured: Callable[[Sequence[Row]], None] | None = None,
) -> Study:
    """Train one run for each seed, and measure them on the way.

    `algorithm`       what learns, of `mathrl.neural.algorithms`
    `environment`     what it learns in
    `settings`        its settings, of the class `algorithm.settings`
    `steps`           how many steps of the environment each run takes, over all its copies; rounded up so that all
                      stretches between measurements are equally long
    `seeds`           a whole number for each run
    `each`            settings in which the runs differ: by name, a number for each run
    `initial_policy`  (n, A), where policies start in every state; None: near uniform
    `measurements`    how often the runs are measured, and stored; at most after each step of all copies
    `folder`          where the study is kept, in `study.json`, `metrics.jsonl` and `checkpoint.npz`; None: nowhere. If
                      it holds a study of the same description, that goes on
    `description`     what `study.json` says beside settings, seeds and steps
    `progress`        is called with a text before each stretch, and again with true after it
    `measured`        is called with all rows that are stored, at first with those of a study that goes on

    Returns a `Study`. Raises `ValueError` where an argument does not fit, or the folder holds another study; then
    nothing is written.
    """
    steps, measurements = count("steps", steps, 1, MOST), count("measurements", measurements, 1)
    _check(algorithm, settings, seeds, each or {})
    measurements = min(measurements, -(-steps // settings.copies))
    stretch = -(-steps // (settings.copies * measurements))
    total = stretch * measurements
    told = {**(description or {}), "settings": _plain(settings), "seeds": list(seeds), "steps": total * settings.copies}
    told |= {"each": {name: list(numbers) for name, numbers in (each or {}).items()}, "measurements": measurements}
    of_runs = _of_runs(settings, len(seeds), each or {})
    keys = jax.vmap(jax.random.key)(jnp.asarray(seeds, dtype=jnp.uint32))
    begin = jax.vmap(lambda own, key: begun(environment, own, key, initial_policy))
    begin = jax.jit(begin, compiler_options=COMPILER)

    def advance(runs: Run, own: Settings, first: Array) -> tuple[Run, dict[str, Array]]:
        return advanced(algorithm, environment, runs, stretch, own, first, jnp.asarray(total))

    further = jax.jit(jax.vmap(advance, in_axes=(0, 0, None)), donate_argnums=0, compiler_options=COMPILER)
    kept = _Folder(folder, told) if folder is not None else None
    done, rows = 0, list[Row]()
    like = jax.eval_shape(begin, of_runs, keys)
    if kept is not None and kept.stored:
        runs, done, rows = kept.load(like)
        if measured is not None:
            measured(tuple(rows))
    else:
        jax.eval_shape(further, like, of_runs, jnp.asarray(0))  # refuses what does not fit before anything is written
        if kept is not None:
            kept.begin()
        runs = begin(of_runs, keys)
    while done < total:
        step = (done + stretch) * settings.copies
        if progress is not None:
            progress(f"step {step}", False)
        runs, means = further(runs, of_runs, jnp.asarray(done))
        done += stretch
        new = [_row(environment, k, seed, step, runs, means) for k, seed in enumerate(seeds)]
        rows += new
        if kept is not None:
            kept.store(new, runs, done)
        if measured is not None:
            measured(tuple(rows))
        if progress is not None:
            progress(f"step {step}", True)
    return Study(tuple(rows), tuple(_learner(runs, k) for k in range(len(seeds))))


def _check(algorithm: Algorithm, settings: Settings, seeds: Sequence[int], each: Mapping[str, Sequence[float]]) -> None:
    """Refuse settings out of range, those in which runs differ too, and seeds that are none or two alike."""
    checked(instance("settings", settings, algorithm.settings, f"the settings of {algorithm.name}"))
    if len(seeds) == 0:
        fail("seeds", "is empty", "a whole number for each run")
    for k, seed in enumerate(seeds):
        count(f"seeds[{k}]", seed, 0, 2**32 - 1)
    if not each and len(set(seeds)) < len(seeds):
        fail("seeds", f"has {max(seeds, key=list(seeds).count)} twice", "each seed once", "runs would be the same")
    for name, numbers in each.items():
        if not isinstance(getattr(settings, name, None), float):
            fail(f"each[{name!r}]", "is no setting in which runs may differ", "the name of a number among the settings")
        if len(numbers) != len(seeds):
            fail(f"each[{name!r}]", f"has {len(numbers)} numbers", f"{len(seeds)}, one for each seed")
        for number in numbers:
            changed: Any = {name: float(number)}
            checked(replace(settings, **changed))


def _plain(settings: Settings) -> dict[str, Any]:
    """Settings as JSON has them."""
    plain: dict[str, Any] = json.loads(
        json.dumps({item.name: getattr(settings, item.name) for item in fields(settings)})
    )
    return plain


def _of_runs(settings: Settings, runs: int, each: Mapping[str, Sequence[float]]) -> Settings:
    """Settings whose numbers have one entry for each run."""
    whole: Settings = jax.tree.map(lambda x: jnp.full(runs, x, dtype=jnp.result_type(float)), settings)
    differing: dict[str, Any] = {
        name: jnp.asarray(numbers, dtype=jnp.result_type(float)) for name, numbers in each.items()
    }
    changed: Settings = replace(whole, **differing)
    return changed


def _learner(runs: Run, k: int) -> Learner:
    """The networks of run k."""
    learner: Learner = jax.tree.map(lambda x: x[k], runs.learner)
    return learner


def _row(environment: Environment, k: int, seed: int, step: int, runs: Run, means: dict[str, Array]) -> Row:
    """What is known of run k after this step."""
    told = {name: float(numbers[k]) for name, numbers in means.items()}
    return {"step": step, "seed": seed, **told, **measures(environment, _learner(runs, k), told["reward"])}


class _Folder:
    """A study on disk. The rows after the last checkpoint are cut off, as they are measured again."""

    def __init__(self, folder: Path, told: Mapping[str, Any]) -> None:
        self._folder, self._told = folder, told
        self._description, self._metrics, self._checkpoint = (folder / name for name in FILES)
        self.stored = os.path.exists(self._checkpoint)  # also of names that no file can have
        measured = os.path.exists(self._metrics)
        if not self.stored and not measured:
            return  # what was begun here before was never measured
        expected = "the description of a study"
        before = read(self._description, lambda data: parse(decode(data), expected), expected)
        if not isinstance(before, dict):
            fail(str(self._description), f"is not {expected}", expected)
        changed = sorted(key for key in {*before, *told} if before.get(key) != told.get(key))
        if changed:
            fail(str(folder), f"holds a study of other {', '.join(changed)}", "a new folder, or the same study")
        rows = [] if self.stored else read(self._metrics, bytes.splitlines, "measurements")
        if len(rows) > len(told["seeds"]):  # of one measurement they may be those of a run that was killed then
            fail(str(folder), f"has lost {self._checkpoint.name}", "all files of the study, or a new folder")

    def begin(self) -> None:
        """Write what the study is. Rows of one that was killed before its first checkpoint do not count."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except (OSError, ValueError) as error:  # a ValueError if no folder can have this name
            why = error.strerror if isinstance(error, OSError) else error
            fail(str(self._folder), f"cannot be made ({why})", "a folder that can be written to")
        write_text(self._description, json.dumps(self._told, indent=1) + "\n")
        self._metrics.unlink(missing_ok=True)

    def load(self, like: Any) -> tuple[Run, int, list[Row]]:
        """The runs, how many iterations they have had, and the rows up to then."""
        runs, counts = restore(self._checkpoint, like, "iterations", "bytes")
        expected = f"the measurements up to {self._checkpoint.name}"

        def parsed(data: bytes) -> list[Row]:
            if len(data) < counts["bytes"]:
                fail("content", f"has {len(data)} bytes", f"the {counts['bytes']} up to {self._checkpoint.name}")
            try:
                return [json.loads(line) for line in data[: counts["bytes"]].splitlines()]
            except ValueError as error:
                fail("content", f"is not readable ({error})", expected)

        rows = read(self._metrics, parsed, expected)
        os.truncate(self._metrics, counts["bytes"])
        return runs, counts["iterations"], rows

    def store(self, rows: Sequence[Row], runs: Run, iterations: int) -> None:
        """Add rows, then let the checkpoint say that they count."""
        text = "".join(json.dumps(row) + "\n" for row in rows).encode()
        with open(self._metrics, "ab") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            length = file.tell()
        save(self._checkpoint, runs, iterations=iterations, bytes=length)
