"""Other discounts that may explain somebody's numbers, and what to say of them.

A game that takes a share of its steps for ends has the values of a smaller discount: one that ends goes on with
probability 1 − share, so that γ (1 − share) counts in place of γ.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.games.model import Game
from mathrl.games.policies import Policy
from mathrl.operators import soft_value
from mathrl.oracle.diagnose import RTOL, least_squares
from mathrl.oracle.expected import expected_target

__all__ = ["discounted", "discounts_of_values", "nearest_discount"]

_DIFFERENCE = 1e-4
"""The share of a discount by which it is varied to see what it changes."""


def discounts_of_values(
    game: Game,
    policy: Policy,
    theirs: FloatArray,
    *,
    array: str,
    most_left: float,
    **kind: Any,
) -> list[tuple[float, bool]]:
    """The discounts that may explain `theirs` but for `most_left`, and whether they are fitted.

    A fitted one brings theirs nearest to their own one-step targets: 1 − γ to one digit, to two and, where a part of
    the steps may be taken for ends, to all digits. γ/A is that of a Q with a mean over A joint actions for the sum.
    """
    soft: dict[str, Any] = {"policy": policy, **kind}

    def backed_up(discount: float) -> FloatArray:
        y = expected_target(replace(game, discount=discount), **(soft | {array: theirs}))
        return y if array == "q" else np.asarray(soft_value(y, **soft))

    now = backed_up(0.0)
    ahead = backed_up(1.0) - now

    def missed(discount: float) -> float:
        return float(np.abs(now + discount * ahead - theirs).max())

    nearest = least_squares(theirs - now, ahead)
    found = {1 - float(f"{1 - nearest:.{digits}g}"): True for digits in (1, 2)}
    enough = 2 * missed(nearest) + RTOL / 10 * float(np.abs(theirs).max())
    if nearest < game.discount and min(map(missed, found)) > enough:
        found[nearest] = True
    if array == "q":
        found[game.discount / game.num_joint_actions] = False
    return [
        (discount, fitted)
        for discount, fitted in sorted(found.items())
        if 0 < discount < 1 and discount != game.discount and missed(discount) <= 2 * most_left
    ]


def nearest_discount(target: Callable[[float], FloatArray], theirs: FloatArray, most: float) -> float:
    """The discount up to `most` whose target is nearest to `theirs`, by Gauss-Newton steps from two discounts.

    They end where a step does not halve what is left: then no discount explains theirs, or rounding alone is left.
    """
    nearest, least = most, np.inf
    for start in (most, most / 4):
        discount, left = start, np.inf
        while discount > 0:
            y = target(discount)
            largest = float(np.abs(theirs - y).max())
            if largest < least:
                nearest, least = discount, largest
            if not largest < left / 2:
                break
            left, less = largest, discount * (1 - _DIFFERENCE)
            step = least_squares(theirs - y, (y - target(less)) / (discount - less))
            discount = min(max(discount + step, 0.0), most)
    return nearest


def discounted(discount: float, game: Game) -> str:
    """What to say of another discount. A smaller one is that of a game that ends in a part of the steps."""
    phrase = f"with discount {discount:g}"
    if discount >= game.discount:
        return phrase
    share = 100 * (1 - discount / game.discount)
    return f"{phrase}, as where {share:.3g} % of the steps, such as those at a time limit, are taken for an end"
