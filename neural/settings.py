"""The settings that algorithms share: numbers that runs may differ in, and what fixes the shape of a run."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar, dataclass_transform

import jax

from mathrl.base.checks import count, discount_factor, fail, flag, instance, not_negative, positive, proportion, real
from mathrl.neural.precision import in_precision

__all__ = ["MOST", "Common", "Settings", "begin_of_actors", "checked", "settings"]

T = TypeVar("T")

MOST = 2**30
"""How many steps, units, … there may be: compiled code counts in 32 bits."""


@dataclass_transform(frozen_default=True)
def settings(kind: type[T]) -> type[T]:
    """Make a frozen dataclass of settings, in which runs side by side may differ in what is declared as a `float`.

    All else decides what is compiled.
    """
    made: Any = dataclass(frozen=True)(kind)
    numbers = [field.name for field in fields(made) if field.type is float]
    others = [field.name for field in fields(made) if field.type is not float]
    jax.tree_util.register_dataclass(made, data_fields=numbers, meta_fields=others)
    return made  # type: ignore[no-any-return]


@settings
class Common:
    """What the networks of all algorithms are, and how they learn.

    `temperature`       α, the weight of the entropy; where it is tuned, at the start
    `tuned`             whether α is tuned, until the agents' mean entropy is `target_entropy`
    `target_entropy`    in nats for each agent; of actions in (−1, 1)^d it may be negative
    `actor_rate`        the step size of the actors
    `critic_rate`       the step size of the critics
    `temperature_rate`  the step size of log α, which does not fall
    `final_rate`        what is left of the step sizes of networks at the end, as they fall along a line
    `hidden`            units of the hidden layers, of actors and critics
    `epochs`            e, gradient steps of an actor on one batch
    `copies`            how many copies of the environment are played side by side
    `time_limit`        after how many steps an episode is cut off, 0 for never
    """

    temperature: float = 1.0
    tuned: bool = False
    target_entropy: float = 0.5
    actor_rate: float = 3e-3
    critic_rate: float = 3e-3
    temperature_rate: float = 3e-3
    final_rate: float = 0.0
    hidden: tuple[int, ...] = (64, 64)
    epochs: int = 1
    copies: int = 8
    time_limit: int = 0


@settings
class Settings(Common):
    """How networks are trained from a replay buffer.

    `polyak`            τ: the target critics become (1 − τ) times what they were plus τ times the critics
    `batch`             how many windows of steps an update takes
    `n_step`            n of the n-step return. For n > 1 the rewards in between are those of the policies that played
                        then, uncorrected: take a small `capacity`, so that these are near the present ones
    `entropies`         whether the n-step return counts the entropies in between, as the soft Q does; without, its
                        fixed point is not the soft Q (`mathrl reproduce hasac-networks-n-step`)
    `updates`           how many updates follow one step of all copies
    `capacity`          how many steps of all copies the replay buffer holds
    `explore`           how many steps of the environment are first played at random, while nothing learns
    `prepare`           how many updates the critics learn alone after that; as `explore`, in whole steps of all copies
    """

    polyak: float = 0.05
    batch: int = 256
    n_step: int = 1
    entropies: bool = True
    updates: int = 1
    capacity: int = 4096
    explore: int = 1024
    prepare: int = 500


def checked(given: Common) -> None:
    """Refuse settings that are of another kind, out of their range, or of numbers that networks do not compute with.

    Raises `ValueError`, naming the setting, what it is, and what it may be.
    """
    for item in fields(given):
        value, by_kind = getattr(given, item.name), _KINDS.get(item.type, _text)
        _RANGES.get(item.name, by_kind)(item.name, value)
        if item.type is float:
            in_precision(item.name, float(value))
    if isinstance(given, Settings) and given.capacity < given.n_step:
        fail("capacity", f"is {given.capacity}", f"at least n_step, which is {given.n_step}")


def begin_of_actors(settings: Settings) -> int:
    """The step after which actors learn: first all is played at random, then the critics learn alone."""
    iterations = math.ceil(settings.explore / settings.copies) + math.ceil(settings.prepare / settings.updates)
    return iterations * settings.copies


Check = Callable[[str, Any], Any]


def _at_least(least: int) -> Check:
    return lambda name, value: count(name, value, least, MOST)


def _share(name: str, value: Any) -> float:
    return proportion(name, positive(name, value))


def _text(name: str, value: Any) -> str:
    return instance(name, value, str, "text")


def _hidden(name: str, value: Any) -> None:
    if not instance(name, value, tuple, "a tuple of whole numbers"):
        fail(name, "is empty", "a whole number for each hidden layer")
    for layer, units in enumerate(value):
        count(f"{name}[{layer}]", units, 1, MOST)


_KINDS: Mapping[Any, Check] = {float: real, int: _at_least(0), bool: flag}
"""What a setting may be that has no range of its own, by its type."""

_RANGES: Mapping[str, Check] = {
    **dict.fromkeys(("temperature", "relaxation"), positive),
    **dict.fromkeys(("actor_rate", "critic_rate", "temperature_rate", "weight"), not_negative),
    **dict.fromkeys(("batch", "n_step", "epochs", "copies", "updates", "capacity"), _at_least(1)),
    "final_rate": proportion,
    **dict.fromkeys(("averaging", "polyak"), _share),
    "hidden": _hidden,
    "clip": discount_factor,
}
"""The ranges of all settings, those of single algorithms too."""
