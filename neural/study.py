"""A study: one algorithm on one environment with several seeds side by side, measured on the way, and kept on disk.

A run is one compiled function, which all seeds share. As many runs as there are processors are advanced at once, each
in a thread of its own: so seed k alone is, bit for bit, seed k beside others. A study in a folder is stored after each
measurement; one that was killed goes on from there, and ends in the same bytes.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from mathrl.base.checks import count
from mathrl.base.document import plain
from mathrl.base.jobs import processors
from mathrl.neural.algorithm import Algorithm, Run
from mathrl.neural.compiler import known
from mathrl.neural.environments import Environment
from mathrl.neural.folder import Folder, Row
from mathrl.neural.learner import Learner
from mathrl.neural.named import described
from mathrl.neural.runs import as_start, check_runs, of_runs
from mathrl.neural.settings import MOST, Common

__all__ = ["COMPILER", "Study", "study"]


COMPILER = {
    "xla_cpu_parallel_codegen_split_count": 1,
    "xla_backend_optimization_level": 1,
    "xla_cpu_use_fusion_emitters": False,
    "xla_cpu_experimental_ynn_fusion_type": "LIBRARY_FUSION_TYPE_INDIVIDUAL_DOT",
}
"""Options of XLA: the usual optimisation of so many small functions takes longer than it saves.

Without its emitters for fused loops XLA compiles in half the time, and a step takes up to a fifth longer. A version of
XLA that does not know one of these compiles without it.
"""


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
    settings: Common,
    *,
    steps: int,
    seeds: Sequence[int] = (0,),
    each: Mapping[str, Sequence[float]] | None = None,
    initial_policy: Any = None,
    measurements: int = 20,
    jobs: int | None = None,
    folder: str | PathLike[str] | None = None,
    description: Mapping[str, Any] | None = None,
    progress: Callable[[str, bool], None] | None = None,
    measured: Callable[[Sequence[Row]], None] | None = None,
) -> Study:
    """Train one run for each seed, and measure them on the way.

    `algorithm`       what learns, of `mathrl.neural.algorithms`
    `environment`     what it learns in; it is hashable, as the same one is not compiled twice
    `settings`        its settings, of the class `algorithm.settings`
    `steps`           how many steps of the environment each run takes, over all its copies; rounded up so that all
                      stretches between measurements are equally long
    `seeds`           a whole number for each run
    `each`            settings in which the runs differ: by name, a number for each run
    `initial_policy`  (n, A), rows sum to 1: where policies over actions start in every state; None: near uniform. What
                      has probability 0 there is never played, also later
    `measurements`    how often the runs are measured, and stored; at most after each iteration
    `jobs`            how many runs are advanced at once, which changes no result; None: as many as there are processors
    `folder`          where the study is kept, in `study.json`, `metrics.jsonl` and `checkpoint.npz`; None: nowhere. If
                      it holds a study of the same description, that goes on
    `description`     what `study.json` says beside algorithm, game, settings, seeds and steps, such as the game's name
    `progress`        is called with a text before each stretch, and again with true after it
    `measured`        is called with all rows that are stored, at first with those of a study that goes on

    Returns a `Study`. Raises `ValueError` where an argument does not fit, or the folder holds another study; then
    nothing is written.
    """
    steps, measurements = count("steps", steps, 1, MOST), count("measurements", measurements, 1)
    jobs = processors() if jobs is None else count("jobs", jobs, 1)
    check_runs(algorithm, environment, settings, seeds, each or {})
    first = None if initial_policy is None else as_start(environment, initial_policy)
    steps_each = algorithm.loop.steps(settings)
    measurements = min(measurements, -(-steps // steps_each))
    stretch = -(-steps // (steps_each * measurements))
    total = stretch * measurements
    seeds = [int(seed) for seed in seeds]
    told = {
        "algorithm": algorithm.name,
        "environment": type(environment).__name__,
        **(description or {}),
        **described(environment),
        "settings": asdict(settings),
        "seeds": seeds,
        "steps": total * steps_each,
        "each": {name: list(numbers) for name, numbers in (each or {}).items()},
        "measurements": measurements,
    }
    if first is not None:
        told["initial_policy"] = first
    own = of_runs(settings, len(seeds), each or {})
    keys = [jax.random.key(jnp.uint32(seed)) for seed in seeds]
    policy = None if first is None else jnp.asarray(first, dtype=jnp.result_type(float))
    options = tuple(known(COMPILER).items())
    begin = _beginning(algorithm, environment, options)
    like = jax.eval_shape(begin, own[0], keys[0], policy)
    kept = Folder(Path(folder), plain(told)) if folder is not None else None
    done, rows = 0, list[Row]()
    if kept is not None and kept.stored:
        runs, done, rows = kept.load([like] * len(seeds))
        if measured is not None:
            measured(tuple(rows))
        if done == total:
            return _ended(rows, runs)
    further = _advance(algorithm, environment, stretch, total, options, _Shapes.of(like, own[0]))
    if done == 0:  # what does not fit was refused above, before anything is written
        if kept is not None:
            kept.begin()
        runs = [begin(one, key, policy) for one, key in zip(own, keys, strict=True)]
    with ThreadPoolExecutor(min(jobs, len(seeds))) as threads:
        while done < total:
            step = (done + stretch) * steps_each
            if progress is not None:
                progress(f"step {step}", False)
            ended = list(threads.map(further, runs, own, [jnp.asarray(done)] * len(seeds)))
            done += stretch
            runs = [run for run, _ in ended]
            new = [_row(algorithm, environment, seed, step, *one) for seed, one in zip(seeds, ended, strict=True)]
            rows += new
            if kept is not None:
                kept.store(new, runs, done)
            if measured is not None:
                measured(tuple(rows))
            if progress is not None:
                progress(f"step {step}", True)
    return _ended(rows, runs)


Begin = Callable[[Common, Array, Array | None], Run]
Further = Callable[[Run, Common, Array], tuple[Run, dict[str, Array]]]


@functools.lru_cache(maxsize=4)
def _beginning(algorithm: Algorithm, environment: Environment, options: tuple[tuple[str, Any], ...]) -> Begin:
    """What begins a run."""
    begun = functools.partial(algorithm.loop.begun, algorithm, environment)
    return jax.jit(begun, compiler_options=dict(options))


class _Shapes(NamedTuple):
    """What a run and its settings are made of, in a form by which a compiled function is found again."""

    form: Any
    leaves: tuple[Any, ...]

    @classmethod
    def of(cls, *trees: Any) -> "_Shapes":
        leaves, form = jax.tree.flatten(jax.eval_shape(lambda: trees))
        return cls(form, tuple(leaves))


@functools.lru_cache(maxsize=4)
def _advance(
    algorithm: Algorithm,
    environment: Environment,
    stretch: int,
    total: int,
    options: tuple[tuple[str, Any], ...],
    shapes: _Shapes,
) -> Further:
    """What takes a run further by a stretch. It is compiled here once, not by each of the threads that call it."""

    def advanced(run: Run, own: Common, first: Array) -> tuple[Run, dict[str, Array]]:
        return algorithm.loop.advanced(algorithm, environment, run, stretch, own, first, jnp.asarray(total))

    run, own = jax.tree.unflatten(shapes.form, shapes.leaves)
    lowered = jax.jit(advanced, donate_argnums=0).lower(run, own, jnp.asarray(0))
    compiled = lowered.compile(compiler_options=dict(options))

    def further(run: Run, own: Common, first: Array) -> tuple[Run, dict[str, Array]]:
        ended: tuple[Run, dict[str, Array]] = compiled(run, own, first)
        return jax.block_until_ready(ended)  # type: ignore[no-untyped-call, no-any-return]

    return further


def _row(
    algorithm: Algorithm, environment: Environment, seed: int, step: int, run: Run, means: Mapping[str, Array]
) -> Row:
    """What is known of a run after this step."""
    told = {name: float(number) for name, number in means.items()}
    return {"step": step, "seed": seed, **told, **algorithm.measures(environment, run.learner, told["reward"])}


def _ended(rows: Sequence[Row], runs: Sequence[Run]) -> Study:
    return Study(tuple(rows), tuple(run.learner for run in runs))
