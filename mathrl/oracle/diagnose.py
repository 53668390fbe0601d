"""Which known mistake explains somebody's numbers: each is the exact ones with a part of them counted c times.

    theirs = base + c · part                                                                             (1)

Q, V and targets are linear in rewards and in each agent's entropies, so that (1) covers most slips of a critic. Every
mistake is one row: base, part, and the weights c that have a name, or a phrase for any other weight.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np

from mathrl.evaluate import evaluate
from mathrl.games.model import Game
from mathrl.games.policies import Policy
from mathrl.games.transform import scale_rewards
from mathrl.games.validate import FloatArray
from mathrl.operators import entropy_bonus, soft_value
from mathrl.oracle.targets import one_step_target

__all__ = ["Mistake", "diagnose", "target_mistakes", "value_mistakes"]

_UNEXPLAINED = 0.01
"""The share of the largest difference that a mistake may leave unexplained."""

_ENOUGH = 3
"""Entries from which on a fitted weight explains something: one weight fits one entry always."""

_LONGEST = 20
"""Steps of the longest targets that a critic may have been trained on."""

Weights = Sequence[tuple[float, str]]
Target = Callable[..., FloatArray]
"""`target(game, v=…, temperature=…, entropy=…)` at the policy, with its steps, which may be changed, or trace decay."""


@dataclass(frozen=True, eq=False)
class Mistake:
    """(1): base, part, the weights c that have a name, and what to say of any other weight, if anything."""

    base: FloatArray | float
    part: FloatArray | float
    known: Weights = ()
    otherwise: str = ""


def diagnose(
    theirs: FloatArray, exact: FloatArray, mistakes: Iterable[Mistake], *, rtol: float, atol: float
) -> tuple[str, ...]:
    """What was made of the exact numbers, in phrases, each of which explains `theirs` alone; empty if none does."""
    rows = [(mistake, np.broadcast_to(mistake.part, exact.shape)) for mistake in mistakes]
    largest = np.abs(theirs - exact).max()

    def explains(mistake: Mistake, part: FloatArray, weight: float) -> bool:
        with np.errstate(over="ignore", invalid="ignore"):  # of weights like 1/temperature
            alternative = mistake.base + weight * part  # (1)
            left, rounding = np.abs(theirs - alternative).max(), atol + rtol * np.abs(alternative).max()
        return bool(left <= min(rounding, _UNEXPLAINED * largest))

    named = [phrase for mistake, part in rows for weight, phrase in mistake.known if explains(mistake, part, weight)]
    if named:
        return tuple(dict.fromkeys(named))
    found = []
    for mistake, part in rows:
        if mistake.otherwise and np.count_nonzero(part) >= _ENOUGH:
            weight = float(((theirs - mistake.base) * part).sum() / (part**2).sum())  # least squares
            if explains(mistake, part, weight):
                found.append(mistake.otherwise.format(weight=weight))
    return tuple(found)


def value_mistakes(
    game: Game, policy: Policy, theirs: FloatArray, exact: FloatArray, *, array: str, temperature: float, entropy: str
) -> list[Mistake]:
    """What goes wrong in a soft Q or V (`array` is "q" or "v") that is `exact`."""
    kind: dict[str, Any] = {"temperature": temperature, "entropy": entropy}

    def of(played: Game, entropy: str) -> FloatArray:
        values = evaluate(played, policy, temperature=temperature, entropy=entropy)
        return values.q if array == "q" else values.v

    present = entropy_bonus(policy, **kind)
    if array == "q":
        special = [
            Mistake(exact, _spread(present, game), ((1.0, "with the entropy of the present state"),)),
            _of_training(game, policy, theirs, **kind),
        ]
    else:
        special = [Mistake(exact, present, ((-1.0, "without the entropy of the present state"),))]
    own = of(scale_rewards(game, 0.0), "own")
    plain = of(game, "none")
    return [
        *_of_entropy(exact, plain, own, discount=game.discount, present=present if array == "v" else 0.0, **kind),
        *special,
        Mistake(0.0, exact, ((1 - game.discount, "times 1 − γ, as for a normalised return"),), "times {weight:.6g}"),
        Mistake(exact - plain, plain, (), "with rewards {weight:.6g} times the game's"),
        Mistake(exact, np.ones_like(exact), (), "plus {weight:.6g}"),
    ]


def target_mistakes(
    game: Game,
    policy: Policy,
    exact: FloatArray,
    target: Target,
    *,
    v: FloatArray,
    temperature: float,
    entropy: str,
    steps: int | None,
) -> list[Mistake]:
    """What goes wrong in the targets `exact` that bootstrap from the soft v; `steps` is None for TD(λ)."""
    bonus = entropy_bonus(policy, temperature=temperature, entropy=entropy)
    own_bonus = entropy_bonus(policy, temperature=temperature, entropy="own")
    without_rewards = scale_rewards(game, 0.0)
    kind: dict[str, Any] = {"entropy": entropy}
    plain = target(game, v=v - bonus, temperature=0.0, **kind)
    own = target(without_rewards, v=own_bonus, temperature=temperature, entropy="own")
    bootstrap = exact - target(game, v=np.zeros_like(v), temperature=temperature, **kind)
    on_the_way = exact - target(game, v=v, temperature=0.0, **kind)
    at_the_end = exact - target(game, v=v - bonus, temperature=temperature, **kind)
    mistakes = [
        *_of_entropy(exact, plain, own, temperature=temperature, entropy=entropy, discount=game.discount),
        Mistake(exact, _spread(bonus, game), ((1.0, "with the entropy of the present state"),)),
    ]
    if steps != 1:
        middle = "of all steps before the bootstrap" if steps is None else f"of steps 1 … {steps - 1}"
        mistakes += [
            Mistake(exact, on_the_way, ((-1.0, f"without the entropy {middle}"),)),
            Mistake(exact, at_the_end, ((-1.0, "without the entropy of the state they bootstrap from"),)),
        ]
    known = [(0.0, "without the bootstrap")]
    if steps is not None and steps > 1 and game.discount > 0:
        known.append((game.discount ** (1 - steps), f"with the bootstrap discounted by γ for γ^{steps}"))
    others = [] if steps is None else [n for n in (steps - 1, steps + 1) if n > 0]
    rewarded = target(game, v=np.zeros_like(v), temperature=0.0, **kind)
    return [
        *mistakes,
        Mistake(exact - bootstrap, bootstrap, known),
        *[
            Mistake(0.0, target(game, v=v, temperature=temperature, steps=n, **kind), ((1.0, f"of {n} steps"),))
            for n in others
        ],
        Mistake(0.0, exact, (), "times {weight:.6g}"),
        Mistake(exact - rewarded, rewarded, (), "with rewards {weight:.6g} times the game's"),
        Mistake(exact, np.ones_like(exact), (), "plus {weight:.6g}"),
    ]


def _of_training(game: Game, policy: Policy, q: FloatArray, *, temperature: float, entropy: str) -> Mistake:
    """That q is the fixed point of n-step targets y without the entropy on the way, for the n that fits best.

    |y − q|/(1 − γ^n) is the most that q may be off that fixed point, and so what this mistake leaves unexplained.
    """
    kind: dict[str, Any] = {"policy": policy, "temperature": 0.0, "entropy": entropy}
    y = one_step_target(game, v=soft_value(q, policy, temperature=temperature, entropy=entropy), **kind)
    found = []
    for steps in range(2, _LONGEST + 1):
        y = one_step_target(game, q=y, **kind)
        found.append(((y - q) / (1 - game.discount**steps), steps))
    least, steps = min(found, key=lambda pair: float(np.abs(pair[0]).max()))
    phrase = f"of a critic trained on {steps}-step targets without the entropy of the steps in between"
    return Mistake(q + least, 0.0, ((0.0, phrase),))


def _of_entropy(
    exact: FloatArray,
    plain: FloatArray,
    own: FloatArray,
    *,
    temperature: float,
    entropy: str,
    discount: float,
    present: FloatArray | float = 0.0,
) -> list[Mistake]:
    """How much entropy, and whose: `own` (n, …) is what each agent's adds to `plain`, which has none.

    `present` is the part of it that is of the present state, and not discounted.
    """
    weights = [
        (0.0, "without any entropy"),
        (-1.0, "with the entropy subtracted"),
        (1 / log(2), "with the entropy in bits, by logarithms to base 2"),
        (1 / temperature, "with temperature 1"),
        (1 / temperature / temperature, "with 1/temperature for the temperature"),
    ]
    if entropy == "team":
        weights.append((1 / len(own), "with the mean of the agents' entropies for their sum"))
    mistakes = [Mistake(plain, exact - plain, weights, "with the entropy weighed {weight:.6g} times")]
    if discount > 0:
        phrase = "with the entropy discounted one step too little, as aorpo Eq. 5 prints it"
        mistakes.append(Mistake(exact, exact - plain - present, ((1 / discount - 1, phrase),)))
    if entropy != "team":
        mistakes.append(Mistake(plain, own.sum(axis=0), ((1.0, "with the entropy of all agents"),)))
    if entropy != "own" and exact.ndim == own.ndim:
        mistakes.append(Mistake(plain, own, ((1.0, "with each agent's own entropy alone"),)))
    elif entropy != "own":
        mistakes += [
            Mistake(plain, part, ((1.0, f"with the entropy of agent {i} alone"),)) for i, part in enumerate(own)
        ]
    return mistakes


def _spread(values: FloatArray, game: Game) -> FloatArray:
    """Values (…, S) of states, to be added to a Q (…, S, A_1, …, A_n)."""
    return values.reshape(*values.shape, *[1] * game.num_agents)
