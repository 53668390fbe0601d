"""A study: one algorithm on one environment with several seeds side by side, measured on the way, and kept on disk.

All seeds are one compiled function, mapped over runs. Seed k draws the same random numbers alone and beside others. A
study in a folder is stored after each measurement; one that was killed goes on from there, and ends in the same bytes.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from mathrl.base.checks import count
from mathrl.neural.algorithm import Algorithm, Run
from mathrl.neural.environments import Environment
from mathrl.neural.folder import Folder, Row
from mathrl.neural.learner import Learner
from mathrl.neural.runs import as_json, check_runs, check_start, of_runs
from mathrl.neural.settings import MOST, Common

__all__ = ["COMPILER", "Study", "study"]


COMPILER = {
    "xla_cpu_parallel_codegen_split_count": 1,
    "xla_backend_optimization_level": 1,
    "xla_cpu_use_fusion_emitters": False,
    "xla_cpu_experimental_ynn_fusion_type": "LIBRARY_FUSION_TYPE_INDIVIDUAL_DOT",
}
"""Options of XLA: the usual optimisation of so many small functions takes longer than it saves.

Without its emitters for fused loops XLA compiles in half the time, and a step takes up to a fifth longer.
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
    folder: Path | None = None,
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
    `initial_policy`  (n, A), rows sum to 1: where policies over actions start in every state; None: near uniform
    `measurements`    how often the runs are measured, and stored; at most after each iteration
    `folder`          where the study is kept, in `study.json`, `metrics.jsonl` and `checkpoint.npz`; None: nowhere. If
                      it holds a study of the same description, that goes on
    `description`     what `study.json` says beside settings, seeds and steps
    `progress`        is called with a text before each stretch, and again with true after it
    `measured`        is called with all rows that are stored, at first with those of a study that goes on

    Returns a `Study`. Raises `ValueError` where an argument does not fit, or the folder holds another study; then
    nothing is written.
    """
    steps, measurements = count("steps", steps, 1, MOST), count("measurements", measurements, 1)
    check_runs(algorithm, environment, settings, seeds, each or {})
    if initial_policy is not None:
        check_start(environment, initial_policy)
    steps_each = algorithm.loop.steps(settings)
    measurements = min(measurements, -(-steps // steps_each))
    stretch = -(-steps // (steps_each * measurements))
    total = stretch * measurements
    told = {
        **(description or {}),
        "settings": as_json(settings),
        "seeds": list(seeds),
        "steps": total * steps_each,
    }
    told |= {"each": {name: list(numbers) for name, numbers in (each or {}).items()}, "measurements": measurements}
    own = of_runs(settings, len(seeds), each or {})
    keys = jax.vmap(jax.random.key)(jnp.asarray(seeds, dtype=jnp.uint32))
    policy = None if initial_policy is None else jnp.asarray(initial_policy, dtype=jnp.result_type(float))
    begin, further = _compiled(algorithm, environment, stretch, total, tuple(COMPILER.items()))
    kept = Folder(folder, told) if folder is not None else None
    done, rows = 0, list[Row]()
    like = jax.eval_shape(begin, own, keys, policy)
    if kept is not None and kept.stored:
        runs, done, rows = kept.load(like)
        if measured is not None:
            measured(tuple(rows))
    else:
        jax.eval_shape(further, like, own, jnp.asarray(0))  # refuses what does not fit before anything is written
        if kept is not None:
            kept.begin()
        runs = begin(own, keys, policy)
    while done < total:
        step = (done + stretch) * steps_each
        if progress is not None:
            progress(f"step {step}", False)
        runs, means = further(runs, own, jnp.asarray(done))
        done += stretch
        new = [_row(algorithm, environment, k, seed, step, runs, means) for k, seed in enumerate(seeds)]
        rows += new
        if kept is not None:
            kept.store(new, runs, done)
        if measured is not None:
            measured(tuple(rows))
        if progress is not None:
            progress(f"step {step}", True)
    return Study(tuple(rows), tuple(_learner(runs, k) for k in range(len(seeds))))


Begin = Callable[[Common, Array, Array | None], Any]
Further = Callable[[Any, Common, Array], tuple[Any, dict[str, Array]]]


@functools.lru_cache(maxsize=4)
def _compiled(
    algorithm: Algorithm, environment: Environment, stretch: int, total: int, options: tuple[tuple[str, Any], ...]
) -> tuple[Begin, Further]:
    """What begins all runs, and what takes them further by a stretch; a study that goes on compiles neither again."""

    def advance(runs: Any, own: Common, first: Array) -> tuple[Any, dict[str, Array]]:
        return algorithm.loop.advanced(algorithm, environment, runs, stretch, own, first, jnp.asarray(total))

    begin = jax.vmap(functools.partial(algorithm.loop.begun, algorithm, environment), in_axes=(0, 0, None))
    further = jax.vmap(advance, in_axes=(0, 0, None))
    return (
        jax.jit(begin, compiler_options=dict(options)),
        jax.jit(further, donate_argnums=0, compiler_options=dict(options)),
    )


def _learner(runs: Run, k: int) -> Learner:
    """The networks of run k, cut out in one piece: one array at a time would be compiled for each of their shapes."""
    learner: Learner = _cut(runs.learner, k)
    return learner


@functools.partial(jax.jit, compiler_options=COMPILER)
def _cut(learner: Learner, k: Array) -> Learner:
    """Entry k of all arrays."""
    cut: Learner = jax.tree.map(lambda x: x[k], learner)
    return cut


def _row(
    algorithm: Algorithm, environment: Environment, k: int, seed: int, step: int, runs: Run, means: dict[str, Array]
) -> Row:
    """What is known of run k after this step."""
    told = {name: float(numbers[k]) for name, numbers in means.items()}
    return {"step": step, "seed": seed, **told, **algorithm.measures(environment, _learner(runs, k), told["reward"])}
