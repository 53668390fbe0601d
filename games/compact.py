"""A game without most of the actions that there are not: in every state the available ones come first, and the actions
beyond the most that an agent has in any state are left out.

To rename actions, in each state in its own way, changes nothing. Nothing is masked any more in a matrix game, nor where
the number of an agent's available actions is the same in all states; elsewhere each agent's first action is available.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray
from mathrl.games.given import Booleans
from mathrl.games.model import Game
from mathrl.games.naming import ActionNames
from mathrl.games.policies import Policy

__all__ = ["Compact", "available_first", "compact", "joint_places", "lifted", "restricted"]

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Compact:
    """A compact game, and the way to it and back.

    `game`         the compact game; the game as it was where all actions are available
    `num_actions`  (A_1, …, A_n) of the game as it was
    `places`       per agent (S, A_i'), the action as it was of each action of the compact game; None where both are the
                   same
    """

    game: Game
    num_actions: tuple[int, ...]
    places: tuple[Integers, ...] | None

    def restrict(self, policy: Policy) -> Policy:
        """The policy as one of the compact game."""
        return policy if self.places is None else restricted(policy, self.places)

    def lift(self, policy: Policy) -> Policy:
        """A policy (S, A_i') of the compact game, or several (…, S, A_i'), as of the game that it was made of."""
        return policy if self.places is None else lifted(policy, self.places, self.num_actions)


def compact(game: Game) -> Compact:
    """Make a game compact."""
    if game.masks is None:
        return Compact(game, game.num_actions, None)
    places = available_first(game.masks)
    num_actions = tuple(place.shape[1] for place in places)
    rows_sa = joint_places(places, game.num_actions)
    whole = (game.num_states, game.num_joint_actions)
    rewards = np.take_along_axis(game.rewards.reshape(-1, *whole), rows_sa[None], axis=2)
    if game.sparse:
        transitions: Any = game.csr_xt[(rows_sa + whole[1] * np.arange(whole[0])[:, None]).ravel()]
        stored = [transitions.data, transitions.indices, transitions.indptr]
    else:
        dense = np.take_along_axis(game.dense_xt.reshape(*whole, -1), rows_sa[..., None], axis=1)
        transitions = dense.reshape(whole[0], *num_actions, whole[0])
        stored = [transitions]
    masks = restricted(game.masks, places)
    for array in (rewards, *stored, *masks):
        array.flags.writeable = False
    small = replace(
        game,
        rewards=rewards.reshape(*game.rewards.shape[: -game.num_agents], *num_actions),
        transitions=transitions,
        num_actions=num_actions,
        action_names=_action_names(game, places),
        masks=None if all(own.all() for own in masks) else masks,
    )
    return Compact(small, game.num_actions, places)


def _action_names(game: Game, places: Sequence[Integers]) -> ActionNames | None:
    """The names of the actions that are left; of an agent none, where another is left in one state than in another."""
    if game.action_names is None:
        return None
    return tuple(
        None if own is None or (place != place[0]).any() else tuple(own[action] for action in place[0])
        for own, place in zip(game.action_names, places, strict=True)
    )


def available_first(masks: Iterable[Booleans]) -> tuple[Integers, ...]:
    """Per agent (S, A_i'): in each state the available actions in their order, then others, as many as one state needs.

    A_i' is the largest number of actions that agent i has in a state.
    """
    return tuple(np.argsort(~own, axis=1, kind="stable")[:, : own.sum(axis=1).max()] for own in masks)


def joint_places(places: Sequence[Integers], num_actions: Sequence[int]) -> Integers:
    """Which joint action (S, A') is meant by each that is left, in C order among A_1 · … · A_n."""
    rows = reduce(
        lambda joint, agent: (joint[..., None] * agent[1] + agent[0][:, None, :]).reshape(len(joint), -1),
        zip(places, num_actions, strict=True),
        np.zeros((len(places[0]), 1), np.int64),
    )
    return np.asarray(rows)


def restricted(arrays: Iterable[npt.NDArray[Any]], places: Sequence[Integers]) -> tuple[npt.NDArray[Any], ...]:
    """Of arrays (S, A_i) the entries of the actions that are left, (S, A_i')."""
    return tuple(np.take_along_axis(own, place, axis=1) for own, place in zip(arrays, places, strict=True))


def lifted(policy: Sequence[FloatArray], places: Sequence[Integers], num_actions: Sequence[int]) -> Policy:
    """Policies (…, S, A_i') as (…, S, A_i), 0 where an action was left out."""
    found = []
    for own, place, actions in zip(policy, places, num_actions, strict=True):
        found.append(np.zeros((*own.shape[:-1], actions)))
        np.put_along_axis(found[-1], np.broadcast_to(place, own.shape), own, axis=-1)
    return tuple(found)
