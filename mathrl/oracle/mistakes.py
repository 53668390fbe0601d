"""What goes wrong in soft values and targets, as rows of `Mistake`.

Q, V and targets are linear in the rewards and in each agent's entropies. So most slips of a critic are the exact
numbers with a part counted another number of times: base, part, weights. Others, such as a wrong discount, take one
computation each.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import log
from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.games.model import Game
from mathrl.games.policies import Policy
from mathrl.games.profile import Profile
from mathrl.operators import entropy_bonus, soft_value
from mathrl.oracle.diagnose import Mistake, least_squares
from mathrl.oracle.targets import one_step_target
from mathrl.softmax import soft_max
from mathrl.solvers import optimal, soft_q_iteration
from mathrl.values.linear_system import sweep
from mathrl.values.policy_values import backup, evaluate, policy_transitions

__all__ = ["target_mistakes", "value_mistakes"]

_LONGEST = 20
"""How many steps the longest recognised targets have; longer ones are reported as "more than" so many."""

_DISCOUNTS = (0.9, 0.95, 0.99, 0.995)
"""Discounts that codes often set by default."""

_SWEEPS = 5_000
"""How many steps ahead entropies are followed at most; where they have not settled by then, nothing is said."""

Target = Callable[..., FloatArray]
"""`target(game, v=…, temperature=…, entropy=…)` at the policy, with its steps or trace decay."""


def value_mistakes(
    game: Game, policy: Policy, theirs: FloatArray, exact: FloatArray, *, array: str, temperature: float, entropy: str
) -> Iterator[Mistake]:
    """Yield what may go wrong in a soft Q or V that is `exact`; `array` is "q" or "v"."""
    kind: dict[str, Any] = {"temperature": temperature, "entropy": entropy}

    def of(played: Game, entropy: str) -> FloatArray:
        values = evaluate(played, policy, temperature=temperature, entropy=entropy)
        return values.q if array == "q" else values.v

    present = entropy_bonus(policy, **kind)
    plain, own = of(game, "none"), of(_without_rewards(game), "own")
    yield from _of_entropy(exact, plain, own, discount=game.discount, present=0.0 if array == "q" else present, **kind)
    if array == "q":
        yield Mistake(exact, _spread(present, game), ((1.0, "with the entropy of the present state"),))
        yield from _of_training(game, policy, plain, np.broadcast_to(present, exact.shape[: -game.num_agents]))
    else:
        yield Mistake(exact, present, ((-1.0, "without the entropy of the present state"),))
    for discount in _discounts(game, policy, theirs, array=array, **kind):
        phrase = f"with discount {discount:g}"
        yield Mistake(0.0, of(replace(game, discount=discount), entropy), ((1.0, phrase),), fitted=True)
    if game.common_payoff and entropy != "own":
        for best, whose in (
            (optimal(game), "of the best joint policy: with the maximum over joint actions in place of the mean"),
            (soft_q_iteration(game, temperature=temperature), "of the soft optimum over joint policies"),
        ):
            yield _instead(best.q if array == "q" else best.v, whose)
    yield Mistake(0.0, exact, ((1 - game.discount, "times 1 − γ, as for a normalised return"),), "times {weight:.6g}")
    yield Mistake(exact - plain, plain, (), "with rewards {weight:.6g} times the game's")
    yield Mistake(exact, np.ones_like(exact), (), "plus {weight:.6g}")


def target_mistakes(
    game: Game,
    policy: Policy,
    exact: FloatArray,
    target: Target,
    *,
    v: FloatArray,
    q: FloatArray | None,
    temperature: float,
    entropy: str,
    steps: int | None,
) -> Iterator[Mistake]:
    """Yield what may go wrong in the targets `exact` that bootstrap from the soft v.

    `q` is what v was computed from, or None. `steps` is None for TD(λ).
    """
    alpha: dict[str, Any] = {"temperature": temperature}
    kind: dict[str, Any] = alpha | {"entropy": entropy}
    bonus, nothing = entropy_bonus(policy, **kind), np.zeros_like(v)
    plain = target(game, v=v - bonus, temperature=0.0, entropy=entropy)
    own = target(_without_rewards(game), v=entropy_bonus(policy, **alpha, entropy="own"), **alpha, entropy="own")
    bootstrap = exact - target(game, v=nothing, **kind)
    at_the_end = exact - target(game, v=v - bonus, **kind)
    rewarded = target(game, v=nothing, temperature=0.0, entropy=entropy)
    twice = "with the entropy of the state they bootstrap from twice: a given v has it already"
    ends = [(1.0, twice)]
    yield from _of_entropy(exact, plain, own, discount=game.discount, **kind)
    yield Mistake(exact, _spread(bonus, game), ((1.0, "with the entropy of the present state"),))
    if steps != 1:
        middle = (
            "of all steps before the bootstrap"
            if steps is None
            else "of step 1"
            if steps == 2
            else f"of steps 1 … {steps - 1}"
        )
        on_the_way = exact - target(game, v=v, temperature=0.0, entropy=entropy)
        yield Mistake(exact, on_the_way, ((-1.0, f"without the entropy {middle}"),))
        ends.append((-1.0, "without the entropy of the state they bootstrap from"))
    yield Mistake(exact, at_the_end, ends)
    known = [(0.0, "without the bootstrap")]
    if steps is not None and steps > 1 and game.discount > 0:
        known.append((game.discount ** (1 - steps), f"with the bootstrap discounted by γ in place of γ^{steps}"))
    yield Mistake(exact - bootstrap, bootstrap, known)
    if q is not None:
        q_sa = q.reshape(*v.shape, -1)
        yield _instead(
            target(game, v=q_sa.max(axis=-1), **kind), "with the maximum over joint actions in place of the mean"
        )
        soft = np.asarray(soft_max(q_sa, temperature))
        yield _instead(
            target(game, v=soft, **kind), "with the soft maximum over joint actions in place of the soft value"
        )
    for discount in (*_DISCOUNTS, 1.0):
        if discount != game.discount and (discount < 1 or steps is not None):
            yield _instead(target(replace(game, discount=discount), v=v, **kind), f"with discount {discount:g}")
    y = one_step_target(game, policy=policy, v=v, **kind)
    for n in range(1, _LONGEST + 1):
        if n != steps:
            yield _instead(y, f"of {n} step{'s' * (n > 1)}")
        y = one_step_target(game, policy=policy, q=y, **kind)
    yield Mistake(0.0, exact, (), "times {weight:.6g}")
    yield Mistake(exact - rewarded, rewarded, (), "with rewards {weight:.6g} times the game's")
    yield Mistake(exact, np.ones_like(exact), (), "plus {weight:.6g}")


def _of_entropy(
    exact: FloatArray,
    plain: FloatArray,
    own: FloatArray,
    *,
    temperature: float,
    entropy: str,
    discount: float,
    present: FloatArray | float = 0.0,
) -> Iterator[Mistake]:
    """Mistakes in how much entropy is counted, and whose.

    `plain` has no entropy, and `own` (n, …) is what each agent's entropy adds to it. `present` is the part that belongs
    to the present state and is not discounted.
    """
    weights = [
        (0.0, "without any entropy"),
        (-1.0, "with the entropy subtracted"),
        (1 / log(2), "with the entropy in bits, by logarithms to base 2"),
        (1 / temperature, "with temperature 1"),
        (1 / temperature / temperature, "with 1/temperature in place of the temperature"),
    ]
    if entropy == "team":
        weights.append((1 / len(own), "with the mean of the agents' entropies in place of their sum"))
    yield Mistake(plain, exact - plain, weights, "with the entropy weighed {weight:.6g} times")
    if discount > 0:
        phrase = "with the entropy discounted one step too little, as aorpo Eq. 5 prints it"
        yield Mistake(exact, exact - plain - present, ((1 / discount - 1, phrase),))
    if entropy != "team":
        yield Mistake(plain, own.sum(axis=0), ((1.0, "with the entropy of all agents"),))
    if entropy != "own" and exact.ndim == own.ndim:
        yield Mistake(plain, own, ((1.0, "with each agent's own entropy alone"),))
    for i, part in enumerate(own):
        yield Mistake(plain, part, ((1.0, f"with the entropy of agent {i} alone"),))


def _of_training(game: Game, policy: Policy, plain: FloatArray, ahead: FloatArray) -> Iterator[Mistake]:
    """That a critic was trained on n-step targets without the entropy of the steps in between, for every n.

    Its Q counts the entropy of every n-th state alone: Q = plain + γ P Σ_{m≥1} (γ P_π)^{nm−1} bonus. All n are summed
    in one pass over time. It follows `ahead` = (γ P_π)^t bonus until that is the same in all states; the rest is a
    geometric series.
    """
    if game.discount == 0 or not ahead.any():
        return
    P_st, nothing = policy_transitions(game, Profile.of(policy).joint_sa), np.zeros(game.num_states)
    steps = np.arange(2, _LONGEST + 2)
    sums = np.zeros((len(steps), *ahead.shape))
    rounding, passed = np.finfo(np.float64).eps * ahead.max(), 0
    while np.ptp(ahead, axis=-1).max() > rounding:
        if passed == _SWEEPS:
            return
        passed += 1
        sums[passed % steps == 0] += ahead
        rows = [sweep(P_st, game.discount, nothing, row) for row in np.atleast_2d(ahead)]
        ahead = np.reshape(rows, ahead.shape)
    unrewarded = _without_rewards(game)
    for n, total in zip(steps.tolist(), sums, strict=True):
        rest = game.discount ** (-(passed + 1) % n) / (1 - game.discount**n)
        later = backup(unrewarded, np.atleast_2d(total + rest * ahead))
        trained = f"{n}-step targets" if n <= _LONGEST else f"targets of more than {_LONGEST} steps"
        phrase = f"of a critic trained on {trained} without the entropy of the steps in between"
        yield Mistake(plain, later.reshape(*ahead.shape, *game.num_actions), ((1.0, phrase),))


def _discounts(
    game: Game, policy: Policy, theirs: FloatArray, *, array: str, temperature: float, entropy: str
) -> list[float]:
    """The discounts that bring `theirs` nearest to their own one-step targets: 1 − γ to one digit, and to two."""
    soft: dict[str, Any] = {"policy": policy, "temperature": temperature, "entropy": entropy}

    def backed_up(discount: float) -> FloatArray:
        y = one_step_target(replace(game, discount=discount), **(soft | {array: theirs}))
        return y if array == "q" else np.asarray(soft_value(y, **soft))

    now = backed_up(0.0)
    rest = 1 - least_squares(theirs - now, backed_up(1.0) - now)
    rounded = {1 - float(f"{rest:.{digits}g}") for digits in (1, 2)}
    return [discount for discount in sorted(rounded) if 0 < discount < 1 and discount != game.discount]


def _instead(values: FloatArray, phrase: str) -> Mistake:
    """That theirs are these values."""
    return Mistake(0.0, values, ((1.0, phrase),))


def _without_rewards(game: Game) -> Game:
    """The game with all rewards 0."""
    return replace(game, rewards=np.zeros_like(game.rewards))


def _spread(values: FloatArray, game: Game) -> FloatArray:
    """Values (…, S) of states, to be added to a Q (…, S, A_1, …, A_n)."""
    return values.reshape(*values.shape, *[1] * game.num_agents)
