"""What goes wrong in soft values and targets, as rows of `Mistake`.

Q, V and targets are linear in the rewards and in each agent's entropies. So most slips of a critic are the exact
numbers with a part counted another number of times: base, part, weights. Others take one computation each: another
discount (`mathrl.oracle.discounts`), what bootstraps from something else (`mathrl.oracle.wrong_backups`), and what
counts where nothing does (`mathrl.oracle.beyond`). Games are those of `mathrl.oracle.counted`.
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
from mathrl.operators import entropy_bonus
from mathrl.oracle.beyond import Ignored, beyond_in_targets, beyond_in_values
from mathrl.oracle.counted import counts, spread
from mathrl.oracle.diagnose import Mistake, least_squares
from mathrl.oracle.discounts import discounted, discounts_of_values, nearest_discount
from mathrl.oracle.expected import expected_target
from mathrl.oracle.wrong_backups import (
    LATE,
    NEXT_REWARD,
    NO_LOG,
    bonus_without_log,
    mean_for_sum,
    next_values,
    paid,
    targets_at_an_earlier_state,
    wrong_critics,
    wrong_soft_values,
)
from mathrl.values.linear_system import sweep
from mathrl.values.policy_values import backup, evaluate, expected_rewards, has_agent_axis, policy_transitions

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
    game: Game,
    policy: Policy,
    theirs: FloatArray,
    exact: FloatArray,
    *,
    array: str,
    most_left: float,
    temperature: float,
    entropy: str,
    plain: FloatArray | None = None,
    ignored: Ignored,
    cut_sa: FloatArray | None = None,
) -> Iterator[Mistake]:
    """Yield what may go wrong in a soft Q or V that is `exact`; `array` is "q" or "v".

    Critics that cannot be within `most_left` of `theirs` are left out, as they take long to compute. `plain` is the
    exact Q or V without entropy, where the caller has it. `ignored` is what was given where nothing counts, and
    `cut_sa` the shares of transitions that a time limit cuts.
    """
    kind: dict[str, Any] = {"temperature": temperature, "entropy": entropy}

    def of(played: Game, entropy: str) -> FloatArray:
        values = evaluate(played, policy, temperature=temperature, entropy=entropy)
        return values.q if array == "q" else values.v

    near: dict[str, Any] = {"array": array, "most_left": most_left}
    present = entropy_bonus(policy, **kind)
    plain, own = of(game, "none") if plain is None else plain, of(_without_rewards(game), "own")
    yield from _of_entropy(exact, plain, own, discount=game.discount, present=0.0 if array == "q" else present, **kind)
    if array == "q":
        yield Mistake(exact, spread(game, present), ((1.0, "with the entropy of the present state"),))
        yield from _of_training(game, policy, plain, np.broadcast_to(present, exact.shape[: -game.num_agents]))
    else:
        yield Mistake(exact, present, ((-1.0, "without the entropy of the present state"),))
    w_sa = Profile.of(policy).joint_sa
    v_plain = _mean(w_sa, plain.reshape(*plain.shape[: -game.num_agents], -1)) if array == "q" else plain
    later = next_values(game, v_plain)
    later = later.reshape(plain.shape) if array == "q" else _mean(w_sa, later)
    yield _instead(exact - plain + later, NEXT_REWARD)
    for values, phrase in wrong_critics(game, policy, theirs, exact, **near, **kind):
        yield _instead(values, phrase)
    for discount, fitted in discounts_of_values(game, policy, theirs, **near, **kind):
        values = of(replace(game, discount=discount), entropy)
        yield Mistake(0.0, values, ((1.0, discounted(discount, game)),), fitted=fitted)
    yield from beyond_in_values(game, policy, theirs, exact, plain, ignored, cut_sa, **near, **kind)
    normalised = [(1 - game.discount, "times 1 − γ, as for a normalised return")] if game.discount < 1 else []
    yield Mistake(0.0, exact, normalised, "times {weight:.6g}")
    yield _of_rewards(exact, plain)
    everywhere = counts(game, has_agent_axis(game, entropy), array)
    yield Mistake(exact, everywhere.astype(np.float64), (), "plus {weight:.6g}")


def target_mistakes(
    game: Game,
    policy: Policy,
    theirs: FloatArray,
    exact: FloatArray,
    target: Target,
    *,
    v: FloatArray,
    q: FloatArray | None,
    temperature: float,
    entropy: str,
    steps: int | None,
    trace_decay: float | None,
    ignored: Ignored,
    cut_sa: FloatArray | None = None,
) -> Iterator[Mistake]:
    """Yield what may go wrong in the targets `exact` that bootstrap from the soft v.

    `q` is what v was computed from, or None. `steps` is None for TD(λ), `trace_decay` for n steps. `ignored` is what
    was given where nothing counts, and `cut_sa` the shares of transitions that a time limit cuts.
    """
    alpha: dict[str, Any] = {"temperature": temperature}
    kind: dict[str, Any] = alpha | {"entropy": entropy}
    bonus, nothing, w_sa = entropy_bonus(policy, **kind), np.zeros_like(v), Profile.of(policy).joint_sa
    plain = target(game, v=v - bonus, temperature=0.0, entropy=entropy)
    own = target(_without_rewards(game), v=entropy_bonus(policy, **alpha, entropy="own"), **alpha, entropy="own")
    bootstrap = exact - target(game, v=nothing, **kind)
    at_the_end = exact - target(game, v=v - bonus, **kind)
    rewarded = target(game, v=nothing, temperature=0.0, entropy=entropy)

    twice = "with the entropy of the state they bootstrap from twice: a given v has it already"
    ends = [(1.0, twice)]
    yield from _of_entropy(exact, plain, own, discount=game.discount, **kind)
    yield Mistake(exact, spread(game, bonus), ((1.0, "with the entropy of the present state"),))
    if bonus.any():
        # a bonus at every later state is a reward γ P bonus at every step
        without = paid(
            game, backup(game, np.atleast_2d(nothing + bonus_without_log(game, policy, temperature, entropy)))
        )
        yield _instead(target(without, v=v - bonus, temperature=0.0, entropy=entropy), NO_LOG)
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
    yield from _of_the_bootstrap(game, theirs, exact, bootstrap, entropy, steps)
    next_rewards = next_values(game, expected_rewards(game, w_sa, np.zeros((1, game.num_states))))
    yield _instead(target(paid(game, next_rewards), v=v, **kind), NEXT_REWARD)
    yield _instead(target(game, v=_mean(w_sa, next_values(game, v)), **kind), LATE)
    if q is not None:
        q_sa = q.reshape(*v.shape, -1)
        for wrong in wrong_soft_values(game, policy, v.shape, **kind):
            yield _instead(target(game, v=wrong(q_sa), **kind), wrong.phrase)
        alike: dict[str, Any] = {"steps": steps, "trace_decay": trace_decay, **kind}
        for values, phrase in targets_at_an_earlier_state(game, policy, target, q_sa, nothing + bonus, **alike):
            yield _instead(values, phrase)
    if trace_decay is not None and trace_decay != 0.5:
        phrase = f"with 1 − λ = {1 - trace_decay:g} in place of λ"
        yield _instead(target(game, v=v, trace_decay=1 - trace_decay, **kind), phrase)
    yield from _of_other_discounts(game, theirs, lambda played: target(played, v=v, **kind), steps)
    yield from beyond_in_targets(game, policy, target, exact, ignored, v=v, q=q, cut_sa=cut_sa, **kind)
    yield from _of_other_lengths(game, policy, v, steps, kind)
    yield Mistake(0.0, exact, (), "times {weight:.6g}")
    yield _of_rewards(exact, rewarded)
    yield Mistake(exact, spread(game, np.ones_like(v)), (), "plus {weight:.6g}")


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
        # where episodes end, all that is ahead has become 0
        rest = game.discount ** (-(passed + 1) % n) / (1 - game.discount**n) if game.ended is None else 0.0
        later = backup(unrewarded, np.atleast_2d(total + rest * ahead))
        trained = f"{n}-step targets" if n <= _LONGEST else f"targets of more than {_LONGEST} steps"
        phrase = f"of a critic trained on {trained} without the entropy of the steps in between"
        yield Mistake(plain, later.reshape(*ahead.shape, *game.num_actions), ((1.0, phrase),))


def _of_the_bootstrap(
    game: Game, theirs: FloatArray, exact: FloatArray, bootstrap: FloatArray, entropy: str, steps: int | None
) -> Iterator[Mistake]:
    """Mistakes in how often the last value counts, γ^n v(s_n) of n steps."""

    def lost(weight: float) -> tuple[float, str]:
        share = 100 * (1 - weight)
        return weight, f"with the bootstrap lost in {share:.3g} % of the samples, such as those at a time limit"

    actions = game.num_joint_actions
    known = [(0.0, "without the bootstrap")]
    if actions > 1:
        known += [(1 / actions, mean_for_sum(game, entropy)), *[lost(1 / actions)] * (steps != 1)]
    if steps is not None and steps > 1:
        weight = float(np.power(game.discount, 1.0 - steps))  # inf where γ is 0 or tiny: it explains nothing
        known.append((weight, f"with the bootstrap discounted by γ in place of γ^{steps}"))
    yield Mistake(exact - bootstrap, bootstrap, known)
    weight = least_squares(theirs - (exact - bootstrap), bootstrap)
    if steps != 1 and 0 < weight < 1:  # after one step it is another discount
        yield Mistake(exact - bootstrap, bootstrap, (lost(weight),), fitted=True)


def _of_other_discounts(
    game: Game, theirs: FloatArray, target: Callable[[Game], FloatArray], steps: int | None
) -> Iterator[Mistake]:
    """That the targets, a function of the game, have one of the usual discounts, or any other."""

    def at(discount: float) -> FloatArray:
        return target(replace(game, discount=discount))

    for discount in (*_DISCOUNTS, 1.0, *[game.discount / game.num_joint_actions] * (steps == 1)):
        if discount != game.discount and (discount < 1 or steps is not None):
            yield _instead(at(discount), discounted(discount, game))
    discount = nearest_discount(at, theirs, game.discount)
    yield Mistake(0.0, at(discount), ((1.0, discounted(discount, game)),), fitted=True)


def _of_other_lengths(
    game: Game, policy: Policy, v: FloatArray, steps: int | None, kind: dict[str, Any]
) -> Iterator[Mistake]:
    """That the targets are those of another number of steps; `kind` is the temperature and whose entropy counts."""
    y = expected_target(game, policy=policy, v=v, **kind)
    for n in range(1, _LONGEST + 1):
        if n != steps:
            yield _instead(y, f"of {n} step{'s' * (n > 1)}")
        y = expected_target(game, policy=policy, q=y, **kind)


def _mean(w_sa: FloatArray, q_sa: FloatArray) -> FloatArray:
    """E_w[Q], (…, S), of Q (…, S, A)."""
    return np.asarray(np.einsum("...sa,sa->...s", q_sa, w_sa))


def _of_rewards(exact: FloatArray, rewarded: FloatArray) -> Mistake:
    """That the rewards count more often or less; `rewarded` is what they add to the exact numbers."""
    known = [(0.0, "without the rewards")]
    return Mistake(exact - rewarded, rewarded, known, "with rewards {weight:.6g} times the game's")


def _instead(values: FloatArray, phrase: str) -> Mistake:
    """That theirs are these values."""
    return Mistake(0.0, values, ((1.0, phrase),))


def _without_rewards(game: Game) -> Game:
    """The game with all rewards 0."""
    return replace(game, rewards=np.zeros_like(game.rewards))
