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

from mathrl.base.checks import count, fail
from mathrl.base.files import read, write_text
from mathrl.neural.checkpoint import restore, save
from mathrl.neural.environments import Environment
from mathrl.neural.learner import Learner
from mathrl.neural.loops.off_policy import Run, advanced, begun
from mathrl.neural.measures import measures
from mathrl.neural.settings import Settings
from mathrl.neural.update import Algorithm

__all__ = ["COMPILER", "Row", "Study", "study"]

Row = Mapping[str, float]
"""What is known of one seed at one time: `step`, `seed`, and the numbers that were measured."""

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
    `measurements`    how often the runs are measured, and stored
    `folder`          where the study is kept, in `study.json`, `metrics.jsonl` and `checkpoint.npz`; None: nowhere. If
                      it holds a study of the same description, that goes on
    `description`     what `study.json` says beside settings, seeds and steps
    `progress`        is called with a text before each stretch, and again with true after it

    Returns a `Study`. Raises `ValueError` where an argument does not fit, or the folder holds another study.
    """
    steps, measurements = count("steps", steps, 1), count("measurements", measurements, 1)
    if len(seeds) == 0:
        fail("seeds", "is empty", "a whole number for each run")
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
    done, runs = 0, None
    rows: list[Row] = []
    if kept is not None and kept.stored:
        runs, done, rows = kept.load(jax.eval_shape(begin, of_runs, keys))
    if runs is None:
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
        if progress is not None:
            progress(f"step {step}", True)
    return Study(tuple(rows), tuple(_learner(runs, k) for k in range(len(seeds))))


def _plain(settings: Settings) -> dict[str, Any]:
    """Settings as JSON has them."""
    plain: dict[str, Any] = json.loads(
        json.dumps({item.name: getattr(settings, item.name) for item in fields(settings)})
    )
    return plain


def _of_runs(settings: Settings, runs: int, each: Mapping[str, Sequence[float]]) -> Settings:
    """Settings whose numbers have one entry for each run."""
    whole: Settings = jax.tree.map(lambda x: jnp.full(runs, x, dtype=jnp.result_type(float)), settings)
    differing: dict[str, Any] = {}
    for name, numbers in each.items():
        if not isinstance(getattr(settings, name, None), float):
            fail(f"each[{name!r}]", "is no setting in which runs may differ", "the name of a number among the settings")
        if len(numbers) != runs:
            fail(f"each[{name!r}]", f"has {len(numbers)} numbers", f"{runs}, one for each seed")
        differing[name] = jnp.asarray(numbers, dtype=jnp.result_type(float))
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


_DESCRIPTION = "the description of a study"


def _described(data: bytes) -> dict[str, Any]:
    """What `study.json` says."""
    try:
        described: dict[str, Any] = dict(json.loads(data))
    except (TypeError, ValueError) as error:
        fail("content", f"is not readable ({error})", _DESCRIPTION)
    return described


class _Folder:
    """A study on disk. The rows after the last checkpoint are cut off, as they are measured again."""

    def __init__(self, folder: Path, told: Mapping[str, Any]) -> None:
        self._metrics, self._checkpoint = folder / "metrics.jsonl", folder / "checkpoint.npz"
        description = folder / "study.json"
        self.stored = self._checkpoint.exists()
        if description.exists():
            before = read(description, _described, _DESCRIPTION)
            changed = sorted(key for key in {*before, *told} if before.get(key) != told.get(key))
            if changed:
                fail(str(folder), f"holds a study of other {', '.join(changed)}", "a new folder, or the same study")
            if not self.stored:  # rows of a run that ended before its first checkpoint
                self._metrics.unlink(missing_ok=True)
        else:
            folder.mkdir(parents=True, exist_ok=True)
            write_text(description, json.dumps(told, indent=1) + "\n")

    def load(self, like: Any) -> tuple[Run, int, list[Row]]:
        """The runs, how many iterations they have had, and the rows up to then."""
        runs, counts = restore(self._checkpoint, like, "iterations", "bytes")
        held = self._metrics.stat().st_size if self._metrics.exists() else 0
        if held < counts["bytes"]:
            fail(str(self._metrics), f"has {held} bytes", f"the {counts['bytes']} of before the checkpoint, or more")
        with open(self._metrics, "r+b") as file:
            file.truncate(counts["bytes"])
            rows = [json.loads(line) for line in file.read().splitlines()]
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
