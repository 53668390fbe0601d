"""The assertion that a policy is a quantal response equilibrium, for the tests of other codes."""

from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray, positive
from mathrl.games.model import Game
from mathrl.operators import ENTROPIES, quantal_response_residuals
from mathrl.oracle.beyond import Ignored, entropy_after_ends
from mathrl.oracle.compare import quantal_responses
from mathrl.oracle.counted import barred
from mathrl.oracle.entries import worst_of_policy
from mathrl.oracle.required import checked, message
from mathrl.values.policy_values import evaluate

__all__ = ["assert_qre"]

__tracebackhide__ = True  # pytest shows the caller's line, not these frames


def assert_qre(game: Game, policy: Any, *, temperature: float, entropy: str = "team", atol: float = 1e-6) -> None:
    """Raise `AssertionError` unless a policy is a quantal response equilibrium, up to a tolerance   (hasac Eq. 3).

        |π^i − softmax(E_{π^{-i}}[Q_π]/α)| ≤ atol   for all agents, states and actions

    `game`         the game
    `policy`       π, as in `compare`
    `temperature`  α > 0
    `entropy`      whose entropy counts: "team" (by default), "own" or "none"
    `atol`         how far a probability may be off

    The message says so where the policy is an equilibrium with another entropy or temperature. Raises `ValueError`
    where an argument is none of these.

    >>> from mathrl.games import load
    >>> assert_qre(load("matching-pennies"), [[0.5, 0.5], [0.5, 0.5]], temperature=0.1)
    """
    played, rows, agent_axis, kind = checked(game, policy, temperature, entropy, 0.0, atol)
    temperature = positive("temperature", kind["temperature"])

    def differences(alpha: float, entropy: str, after_ends: FloatArray | float = 0.0) -> FloatArray:
        """|π − softmax(E[Q_π]/α)| of all agents in one array; `after_ends` is added to Q_π."""
        q = barred(played, evaluate(played, rows, temperature=alpha, entropy=entropy).q + after_ends)
        off: FloatArray = np.abs(np.concatenate(quantal_response_residuals(q, rows, temperature=alpha), axis=1))
        return off

    off = differences(temperature, entropy)
    if (off <= atol).all():
        return

    def met(alpha: float, entropy: str, after_ends: FloatArray | float = 0.0) -> bool:
        """Whether the policy is an equilibrium of another kind."""
        with np.errstate(all="ignore"):  # of a temperature like 1e-300, the rationality
            return bool((differences(alpha, entropy, after_ends) <= atol).all())

    alternatives = [
        *((temperature, other, f'with entropy="{other}"') for other in ENTROPIES if other != entropy),
        (1.0, entropy, "at temperature 1"),
        (1 / temperature, entropy, f"at temperature {1 / temperature:g}: rationality is 1/temperature"),
    ]
    phrases = [phrase for alpha, other, phrase in alternatives if met(alpha, other)]
    if game.ended is not None and game.discount < 1:
        nowhere = Ignored.of(game, policy=policy, agent_axis=agent_axis)
        if met(temperature, entropy, entropy_after_ends(played, rows, nowhere, **kind)):
            phrases.append("where an end is a state like others, with entropy for ever")
    said = f"the policy is a quantal response equilibrium {' and '.join(phrases)}" if phrases else ""
    size = off.size if played.masks is None else sum(int(own[~game.terminal].sum()) for own in played.masks)
    numbers = (int((off > atol).sum()), size)
    q = barred(played, evaluate(played, rows, **kind).q)
    worst = worst_of_policy(rows, quantal_responses(q, rows, temperature))
    raise AssertionError(message(game, "policy", "its own quantal response", numbers, worst, said))
