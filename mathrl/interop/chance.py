"""Random numbers that an environment draws, from its own generators or the global ones: noticed, and seeded.

A copy of an environment draws the same numbers again, so that it looks deterministic to whoever only copies and steps.
What tells is that the state of a generator has changed.
"""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from mathrl.interop.exploring import frozen

__all__ = ["generators", "kept_global", "reseed", "states"]


def generators(env: Any) -> list[Any]:
    """Return all generators of random numbers within an environment, of NumPy and of Python."""
    found, seen, to_do = list[Any](), set[int](), [env]
    while to_do:
        value = to_do.pop()
        if id(value) in seen or isinstance(value, (str, bytes, int, float, complex, np.ndarray, type(None), type)):
            continue
        seen.add(id(value))
        if isinstance(value, (np.random.Generator, np.random.RandomState, random.Random)):
            found.append(value)
        elif isinstance(value, dict):
            to_do += value.values()
        elif isinstance(value, (list, tuple, set, frozenset)):
            to_do += value
        elif hasattr(value, "__dict__"):
            to_do += vars(value).values()
    return found


def states(found: Sequence[Any]) -> list[Any]:
    """Return the states of generators, and of the global ones of NumPy and Python: equal where nothing was drawn."""
    own = [_state(one) for one in found]
    return [*map(frozen, own), frozen(np.random.get_state(legacy=False)), random.getstate()]  # noqa: NPY002


def _state(generator: Any) -> Any:
    if isinstance(generator, np.random.Generator):
        return generator.bit_generator.state
    if isinstance(generator, np.random.RandomState):
        return generator.get_state(legacy=False)
    return generator.getstate()


def reseed(found: Sequence[Any], seed: np.random.SeedSequence) -> None:
    """Give generators, and the global ones, states of their own that follow from a seed."""
    *own, for_python, for_numpy = seed.spawn(len(found) + 2)
    for one, child in zip(found, own, strict=True):
        if isinstance(one, np.random.Generator):
            one.bit_generator.state = type(one.bit_generator)(child).state
        elif isinstance(one, np.random.RandomState):
            one.set_state(getattr(np.random, one.get_state(legacy=False)["bit_generator"])(child).state)
        else:
            one.seed(_number(child))
    np.random.seed(_number(for_numpy))  # noqa: NPY002
    random.seed(_number(for_python))


def _number(seed: np.random.SeedSequence) -> int:
    return int(seed.generate_state(1)[0])


@contextmanager
def kept_global() -> Iterator[None]:
    """Leave the global generators as they were."""
    numpy_state, python_state = np.random.get_state(), random.getstate()  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(numpy_state)  # noqa: NPY002
        random.setstate(python_state)
