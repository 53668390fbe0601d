"""The symmetries of a small matrix game, and how far a policy is from having them."""

from collections.abc import Iterator
from itertools import permutations, product
from math import factorial, prod

import numpy as np

from mathrl.games import Game
from mathrl.games.policies import Policy
from mathrl.games.profile import Profile

__all__ = ["asymmetry"]

_MOST = 100_000
"""Relabellings that are tried; a game with more of them counts as having no symmetry."""


def asymmetry(game: Game, policy: Policy) -> float:
    """The farthest that a symmetry of `game` moves a probability of `policy`.

    It is 0 along the principal branch: a symmetry maps the curve through the uniform policy to a curve through the
    uniform policy, where there is but one, and straight on through a bifurcation commutes with it.
    """
    pi_k = Profile.of(policy).pi_sk
    return max((float(np.abs(Profile.of(image).pi_sk - pi_k).max()) for image in _images(game, policy)), default=0.0)


def _images(game: Game, policy: Policy) -> Iterator[Policy]:
    """The policy under each relabelling of agents and actions that leaves all payoffs as they are."""
    if factorial(game.num_agents) * prod(map(factorial, game.num_actions)) > _MOST:
        return
    r_ia = np.broadcast_to(game.rewards_isa.reshape(-1, *game.num_actions), (game.num_agents, *game.num_actions))
    for order in permutations(range(game.num_agents)):
        turned_ia = r_ia[list(order)].transpose(0, *(agent + 1 for agent in order))
        if turned_ia.shape != r_ia.shape:
            continue
        for actions in product(*(permutations(range(size)) for size in game.num_actions)):
            if np.array_equal(turned_ia[np.ix_(range(game.num_agents), *actions)], r_ia):
                yield tuple(policy[old][:, list(own)] for old, own in zip(order, actions, strict=True))
