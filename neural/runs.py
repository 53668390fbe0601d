"""What the runs of a study are to be: refused where it does not fit, and spread over the runs."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from mathrl.base.checks import FloatArray, as_floats, count, fail, instance, iterated, probabilities, real, shape
from mathrl.base.runs import Runs
from mathrl.base.text import shown
from mathrl.neural.algorithm import Algorithm
from mathrl.neural.environments import Environment
from mathrl.neural.heads import Categorical
from mathrl.neural.learner import value_scale
from mathrl.neural.precision import in_precision
from mathrl.neural.settings import Common, checked

__all__ = ["as_start", "check_runs", "drawn_seeds", "kept", "of_runs"]


def check_runs(
    algorithm: Algorithm,
    environment: Any,
    settings: Common,
    seeds: Sequence[int],
    each: Mapping[str, Sequence[float]],
) -> None:
    """Refuse settings and values out of range, also where runs differ in them, and seeds that are none or two alike."""
    instance("algorithm", algorithm, Algorithm, "one of mathrl.neural.algorithms, such as HASAC")
    if not hasattr(environment, "num_random"):
        fail(
            "environment",
            f"is {shown(environment)}",
            "an Environment",
            "mathrl.neural.tabular.tabular makes one of a game",
        )
    instance("settings", settings, algorithm.settings, f"the settings of {algorithm.name}")
    _check_settings(algorithm, environment, settings)
    if len(instance("seeds", seeds, Sequence, "a list of whole numbers")) == 0:
        fail("seeds", "is empty", "a whole number for each run")
    for k, seed in enumerate(seeds):
        count(f"seeds[{k}]", seed, 0, 2**32 - 1)
    if not each and len(set(seeds)) < len(seeds):
        fail("seeds", f"has {max(seeds, key=list(seeds).count)} twice", "each seed once", "runs would be the same")
    may_differ = {item.name for item in fields(settings) if item.type is float}
    several = dict[str, list[float]]()
    for name, given in each.items():
        if name not in may_differ:
            fail(f"each[{name!r}]", "is no setting in which runs may differ", "the name of a number among the settings")
        numbers = list(iterated(f"each[{name!r}]", given, "a number for each seed"))
        if len(numbers) != len(seeds):
            fail(f"each[{name!r}]", f"has {len(numbers)} numbers", f"{len(seeds)}, one for each seed")
        several[name] = [real(f"each[{name!r}]", number) for number in numbers]
    for k in range(len(seeds) if each else 0):
        own: dict[str, Any] = {name: numbers[k] for name, numbers in several.items()}
        _check_settings(algorithm, environment, replace(settings, **own))


def _check_settings(algorithm: Algorithm, environment: Environment, settings: Common) -> None:
    """Refuse what is out of its range, and values that networks cannot compute with."""
    checked(settings)
    if settings.tuned and isinstance(environment.head, Categorical):
        most = math.log(environment.head.size)
        if not 0 <= settings.target_entropy <= most:
            expected = f"a number from 0 to {most:.4g}, the largest entropy of {environment.head.size} actions"
            fail("target_entropy", f"is {settings.target_entropy:g}", expected)
    bound = float(value_scale(environment, algorithm.bonus(environment, settings)))
    in_precision("game", bound, f"has values of up to {bound:.2g}", "scale rewards and temperature together")


def as_start(environment: Environment, policy: Any) -> FloatArray:
    """First policies as an array (n, A); those that are no probabilities are refused, and any of continuous actions."""
    if not isinstance(environment.head, Categorical):
        fail("initial_policy", "is given", "None", "the environment has continuous actions")
    rows = as_floats("initial_policy", policy)
    shape("initial_policy", rows, (environment.num_agents, environment.head.size))
    probabilities("initial_policy", rows)
    return rows


def of_runs(settings: Common, runs: int, each: Mapping[str, Sequence[float]]) -> list[Common]:
    """The settings of each run, with numbers as arrays."""
    whole: Common = jax.tree.map(lambda x: jnp.asarray(x, dtype=jnp.result_type(float)), settings)

    def of(k: int) -> Common:
        own: dict[str, Any] = {name: jnp.asarray(given[k], jnp.result_type(float)) for name, given in each.items()}
        return replace(whole, **own)

    return [of(k) for k in range(runs)]


def drawn_seeds(seed: int, number: int) -> list[int]:
    """Seeds of so many runs, drawn from any whole number: those of another number are a fresh sample."""
    whole = np.random.SeedSequence(count("seed", seed, maximum=None))
    return [int(one) for one in whole.generate_state(number)]


def kept(runs: Runs, function: Callable[..., Any], part: Any, name: str) -> dict[str, Any]:
    """How `study` runs as one of other simulations: `jobs`, `folder` and `progress`.

    `function`, `part` and `name` say what is simulated, as `Runs.map` has it.
    """
    return {"jobs": runs.jobs, "folder": runs.place(function, part, name=name), "progress": runs.advance}
