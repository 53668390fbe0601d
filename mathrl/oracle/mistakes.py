"""What goes wrong in soft values and targets, as rows of `Mistake`.

Q, V and targets are linear in the rewards and in each agent's entropies. So most slips of a critic are the exact
numbers with a part counted another number of times: base, part, weights. Others take one computation each. They stand
by what is wrong: entropies, rewards, discounts, lengths, soft values and backups (`wrong_values`, `wrong_backups`), the
order of what is right (`rearranged`), and what counts where nothing does (`beyond`). Here they are put together, in the
order in which they are named. Games are those of `mathrl.oracle.counted`.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.games.model import Game
from mathrl.games.naming import agents_label
from mathrl.games.policies import Policy
from mathrl.games.profile import Profile
from mathrl.operators import entropy_bonus
from mathrl.oracle.beyond import Ignored, beyond_in_targets, beyond_in_values
from mathrl.oracle.counted import counts, spread
from mathrl.oracle.diagnose import Mistake
from mathrl.oracle.discounts import discounted, discounts_of_values, nearest_discount
from mathrl.oracle.entropies import early_in_targets, early_in_values, of_entropy
from mathrl.oracle.lengths import of_other_lengths, of_the_bootstrap, of_training, wrongly_discounted
from mathrl.oracle.other_pairs import critics_at_other_pairs, targets_at_other_pairs
from mathrl.oracle.rearranged import rearranged
from mathrl.oracle.rewards import of_rewards, paid_ones, without_rewards
from mathrl.oracle.wrong_backups import (
    BOOTSTRAP_OF_ANOTHER,
    LATE,
    NEXT_REWARD,
    exchanged_values,
    next_values,
    paid,
    wrong_critics,
)
from mathrl.oracle.wrong_values import EARLIER, NO_LOG, bonus_without_log, wrong_soft_values
from mathrl.values.policy_values import backup, evaluate, expected_rewards, has_agent_axis

__all__ = ["target_mistakes", "value_mistakes"]

_DISCOUNTS = (0.9, 0.95, 0.99, 0.995)
"""Discounts that codes often set by default."""

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
    earlier: Policy | None = None,
) -> Iterator[Mistake]:
    """Yield what may go wrong in a soft Q or V that is `exact`; `array` is "q" or "v".

    Critics that cannot be within `most_left` of `theirs` are left out, as they take long to compute. `plain` is the
    exact Q or V without entropy, where the caller has it. `ignored` is what was given where nothing counts, `cut_sa`
    the shares of transitions that a time limit cuts, and `earlier` a policy that may have stood in place of the policy.
    """
    kind: dict[str, Any] = {"temperature": temperature, "entropy": entropy}

    def of(played: Game, entropy: str, temperature: float = temperature) -> FloatArray:
        values = evaluate(played, policy, temperature=temperature, entropy=entropy)
        return values.q if array == "q" else values.v

    near: dict[str, Any] = {"array": array, "most_left": most_left}
    bonus = entropy_bonus(policy, **kind)
    plain = of(game, "none") if plain is None else plain
    own = of(without_rewards(game), "own", temperature or 1.0)
    told: dict[str, Any] = {"discount": game.discount, "names": game.agent_names, **kind}
    yield from of_entropy(exact, plain, own, present=0.0 if array == "q" else bonus, **told)
    present = np.broadcast_to(bonus, exact.shape[: -game.num_agents] if array == "q" else exact.shape)
    if array == "q":
        yield Mistake(exact, spread(game, bonus), ((1.0, "with the entropy of the present state"),))
    else:
        yield Mistake(exact, bonus, ((-1.0, "without the entropy of the present state"),))
    yield from of_training(game, policy, plain, present, array=array)
    yield from early_in_values(game, policy, exact, plain, present, array=array, **kind)
    w_sa = Profile.of(policy).joint_sa
    v_plain = _mean(w_sa, plain.reshape(*plain.shape[: -game.num_agents], -1)) if array == "q" else plain
    later = next_values(game, v_plain)
    later = later.reshape(plain.shape) if array == "q" else _mean(w_sa, later)
    yield Mistake.instead(exact - plain + later, NEXT_REWARD)
    for values, phrase in wrong_critics(game, policy, theirs, exact, earlier=earlier, **near, **kind):
        yield Mistake.instead(values, phrase)
    for values, phrase in critics_at_other_pairs(game, policy, theirs, exact, **near, **kind):
        yield Mistake.instead(values, phrase)
    yield from wrongly_discounted(game, policy, theirs, exact, **near, **kind)
    for discount, fitted in discounts_of_values(game, policy, theirs, **near, **kind):
        values = of(replace(game, discount=discount), entropy)
        yield Mistake.instead(values, discounted(discount, game), fitted=fitted)
    yield from beyond_in_values(game, policy, theirs, exact, plain, ignored, cut_sa, **near, **kind)
    agent_axis = has_agent_axis(game, entropy)
    yield from rearranged(game, theirs, exact, array=array, agent_axis=agent_axis)
    normalised = [(1 - game.discount, "times 1 − γ, as for a normalised return")] if game.discount < 1 else []
    yield Mistake(0.0, exact, normalised, "times {weight:.6g}")
    yield from of_rewards(game, theirs, exact, plain, of(paid_ones(game), "none"))
    everywhere = counts(game, agent_axis, array)
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
    earlier: Policy | None = None,
) -> Iterator[Mistake]:
    """Yield what may go wrong in the targets `exact` that bootstrap from the soft v.

    `q` is what v was computed from, or None. `steps` is None for TD(λ), `trace_decay` for n steps. `ignored` is what
    was given where nothing counts, `cut_sa` the shares of transitions that a time limit cuts, and `earlier` a policy
    that may have stood in place of the policy.
    """
    alpha: dict[str, Any] = {"temperature": temperature}
    kind: dict[str, Any] = alpha | {"entropy": entropy}
    bonus, nothing, w_sa = entropy_bonus(policy, **kind), np.zeros_like(v), Profile.of(policy).joint_sa
    plain = target(game, v=v - bonus, temperature=0.0, entropy=entropy)
    unit: dict[str, Any] = {"temperature": temperature or 1.0, "entropy": "own"}
    own = target(without_rewards(game), v=entropy_bonus(policy, **unit), **unit)
    bootstrap = exact - target(game, v=nothing, **kind)
    at_the_end = exact - target(game, v=v - bonus, **kind)
    rewarded = target(game, v=nothing, temperature=0.0, entropy=entropy)

    twice = "with the entropy of the state they bootstrap from twice: a given v has it already"
    ends = [(1.0, twice)]
    yield from of_entropy(exact, plain, own, discount=game.discount, names=game.agent_names, **kind)
    yield Mistake(exact, spread(game, bonus), ((1.0, "with the entropy of the present state"),))
    yield from early_in_targets(game, policy, target, v - bonus, nothing + bonus, **kind)
    if bonus.any():
        # a bonus at every later state is a reward γ P bonus at every step
        without = paid(
            game, backup(game, np.atleast_2d(nothing + bonus_without_log(game, policy, temperature, entropy)))
        )
        yield Mistake.instead(target(without, v=v - bonus, temperature=0.0, entropy=entropy), NO_LOG)
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
    yield from of_the_bootstrap(game, theirs, exact, bootstrap, entropy, steps)
    next_rewards = next_values(game, expected_rewards(game, w_sa, np.zeros((1, game.num_states))))
    yield Mistake.instead(target(paid(game, next_rewards), v=v, **kind), NEXT_REWARD)
    yield Mistake.instead(target(game, v=_mean(w_sa, next_values(game, v)), **kind), LATE)
    if q is not None:
        q_sa = q.reshape(*v.shape, -1)
        for wrong in wrong_soft_values(game, policy, v.shape, earlier=earlier, **kind):
            yield Mistake.instead(target(game, v=wrong(q_sa), **kind), wrong.phrase)
        alike: dict[str, Any] = {"steps": steps, "trace_decay": trace_decay, **kind}
        for values, phrase in targets_at_other_pairs(game, policy, target, q_sa, nothing + bonus, **alike):
            yield Mistake.instead(values, phrase)
    if earlier is not None and steps != 1:
        yield Mistake.instead(target(game, policy=earlier, v=v, **kind), f"{EARLIER[0]} on the way to the bootstrap")
        if q is not None:
            earlier_v = _mean(Profile.of(earlier).joint_sa, q_sa) + entropy_bonus(earlier, **kind)
            yield Mistake.instead(target(game, policy=earlier, v=earlier_v, **kind), f"{EARLIER[0]} at all steps")
    if v.ndim > 1:
        for (i, j), places in exchanged_values(game):
            phrase = BOOTSTRAP_OF_ANOTHER.format(agents_label(game.agent_names, i, j))
            yield Mistake.instead(target(game, v=v[places], **kind), phrase)
    if trace_decay is not None and trace_decay != 0.5:
        phrase = f"with 1 − λ = {1 - trace_decay:g} in place of λ"
        yield Mistake.instead(target(game, v=v, trace_decay=1 - trace_decay, **kind), phrase)
    yield from _of_other_discounts(game, theirs, lambda played: target(played, v=v, **kind), steps)
    yield from beyond_in_targets(game, policy, target, exact, ignored, v=v, q=q, cut_sa=cut_sa, **kind)
    yield from of_other_lengths(game, policy, v, steps, kind)
    yield from rearranged(game, theirs, exact, array="q", agent_axis=has_agent_axis(game, entropy))
    yield Mistake(0.0, exact, (), "times {weight:.6g}")
    ones = target(paid_ones(game), v=np.zeros(game.num_states), temperature=0.0, entropy="none")
    yield from of_rewards(game, theirs, exact, rewarded, ones)
    yield Mistake(exact, spread(game, np.ones_like(v)), (), "plus {weight:.6g}")


def _of_other_discounts(
    game: Game, theirs: FloatArray, target: Callable[[Game], FloatArray], steps: int | None
) -> Iterator[Mistake]:
    """That the targets, a function of the game, have one of the usual discounts, or any other."""

    def at(discount: float) -> FloatArray:
        return target(replace(game, discount=discount))

    for discount in (*_DISCOUNTS, 1.0, *[game.discount / game.num_joint_actions] * (steps == 1)):
        if discount != game.discount and (discount < 1 or steps is not None):
            yield Mistake.instead(at(discount), discounted(discount, game))
    discount = nearest_discount(at, theirs, game.discount)
    yield Mistake.instead(at(discount), discounted(discount, game), fitted=True)


def _mean(w_sa: FloatArray, q_sa: FloatArray) -> FloatArray:
    """E_w[Q], (…, S), of Q (…, S, A)."""
    return np.asarray(np.einsum("...sa,sa->...s", q_sa, w_sa))
