"""What a game is: the model, the games by name, random families, transformations, simulation, files."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mathrl.games.catalogue import Entry, entry, load, names
from mathrl.games.files import save
from mathrl.games.mask_hint import MaskLikeReward
from mathrl.games.model import Game
from mathrl.games.policies import (
    as_opponent_model,
    as_opponent_models,
    as_policy,
    joint_policy,
    marginals,
    opponents_policy,
    random_policy,
    uniform_policy,
)
from mathrl.games.random import random_matrix, random_stochastic
from mathrl.games.stacking import stack
from mathrl.games.time_limit import with_time_limit
from mathrl.games.transform import permute_actions, relabel_agents, scale_rewards, shift_rewards, to_dense, to_sparse

if TYPE_CHECKING:
    from mathrl.games.simulation import Episodes, discounted_returns, simulate

__all__ = [
    "Entry",
    "Episodes",
    "Game",
    "MaskLikeReward",
    "as_opponent_model",
    "as_opponent_models",
    "as_policy",
    "discounted_returns",
    "entry",
    "joint_policy",
    "load",
    "marginals",
    "names",
    "opponents_policy",
    "permute_actions",
    "random_matrix",
    "random_policy",
    "random_stochastic",
    "relabel_agents",
    "save",
    "scale_rewards",
    "shift_rewards",
    "simulate",
    "stack",
    "to_dense",
    "to_sparse",
    "uniform_policy",
    "with_time_limit",
]


def __getattr__(name: str) -> Any:
    if name in ("Episodes", "discounted_returns", "simulate"):  # numba takes long to import
        return getattr(import_module("mathrl.games.simulation"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
