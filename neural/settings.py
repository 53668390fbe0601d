"""The settings that off-policy algorithms share: numbers that runs may differ in, and what fixes the shape of a run."""

from dataclasses import dataclass, fields
from typing import Any, TypeVar, dataclass_transform

import jax

__all__ = ["Settings", "settings"]

T = TypeVar("T")


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
class Settings:
    """How networks are trained from a replay buffer.

    `temperature`       α, the weight of the entropy; where it is tuned, at the start
    `tuned`             whether α is tuned, until the agents' mean entropy is `target_entropy`
    `target_entropy`    in nats for each agent; of actions in (−1, 1)^d it may be negative
    `actor_rate`        the step size of the actors
    `critic_rate`       the step size of the critics
    `temperature_rate`  the step size of log α
    `final_rate`        what is left of the step sizes at the end, as they fall along a line
    `polyak`            τ: the target critics become (1 − τ) times what they were plus τ times the critics
    `hidden`            units of the hidden layers, of actors and critics
    `batch`             how many windows of steps an update takes
    `steps`             n of the n-step return
    `entropies`         whether the n-step return counts the entropies in between, as the soft Q does
    `epochs`            e, gradient steps of an actor on one batch
    `copies`            how many copies of the environment are played side by side
    `updates`           how many updates follow one step of all copies
    `capacity`          how many steps of all copies the replay buffer holds
    `explore`           how many steps of the environment are first played at random, while nothing learns
    `prepare`           how many updates the critics learn alone after that; as `explore`, in whole steps of all copies
    `time_limit`        after how many steps an episode is cut off, 0 for never
    """

    temperature: float = 0.2
    tuned: bool = False
    target_entropy: float = 0.5
    actor_rate: float = 3e-3
    critic_rate: float = 3e-3
    temperature_rate: float = 3e-3
    final_rate: float = 0.0
    polyak: float = 0.01
    hidden: tuple[int, ...] = (64, 64)
    batch: int = 256
    steps: int = 1
    entropies: bool = True
    epochs: int = 1
    copies: int = 8
    updates: int = 1
    capacity: int = 4096
    explore: int = 1024
    prepare: int = 500
    time_limit: int = 0
