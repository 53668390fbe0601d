"""Mistakes in how much entropy counts, whose, and when.

    Q = plain + own,   own = γ P Σ_{t≥0} (γ P_π)^t bonus                                                  (1)

Q is linear in each agent's entropies, so that most slips count a part of (1) another number of times.
"""

from collections.abc import Callable, Iterator, Sequence
from math import log
from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.games.model import Game
from mathrl.games.naming import agent_label
from mathrl.games.policies import Policy
from mathrl.oracle.counted import spread, zeroed
from mathrl.oracle.diagnose import Mistake
from mathrl.oracle.wrong_backups import paid
from mathrl.softmax import log_probabilities

__all__ = ["early_in_targets", "early_in_values", "of_entropy"]

EARLY = "with each entropy one step early: that of the state that is left, not of the one that is reached"
EARLY_LOG = "with −α log π of the present action in place of that of the next one"
UNDISCOUNTED = ", and without the discount"


def of_entropy(
    exact: FloatArray,
    plain: FloatArray,
    own: FloatArray,
    *,
    temperature: float,
    entropy: str,
    discount: float,
    present: FloatArray | float = 0.0,
    names: Sequence[str] | None = None,
) -> Iterator[Mistake]:
    """Yield mistakes in how much entropy is counted, and whose.

    `plain` has no entropy, and `own` (n, …) is what each agent's entropy adds to it, at temperature 1 where that is 0.
    `present` is the part that belongs to the present state and is not discounted, and `names` those of the agents.
    """
    if temperature == 0:
        for which, part in (("", own.sum(axis=0)), ("each agent's own ", own)):
            if not which or part.ndim == exact.ndim:
                phrase = f"with {which}entropy, at temperature"
                yield Mistake(plain, part, ((1.0, f"{phrase} 1"),), phrase + " {weight:.6g}")
        return
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
        yield Mistake(plain, part, ((1.0, f"with the entropy of {agent_label(names, i)} alone"),))


def early_in_values(
    game: Game,
    policy: Policy,
    exact: FloatArray,
    plain: FloatArray,
    present: FloatArray,
    *,
    array: str,
    temperature: float,
    entropy: str,
) -> Iterator[Mistake]:
    """Yield what becomes of a Q or V whose targets add the entropy of the state that is left; `present` is its bonus.

    Q = r + γ bonus + γ P E_π[Q], and V = E_π[Q]; without the discount, Q = r + bonus + γ P E_π[Q], V is right.
    """
    if game.discount == 0 or not present.any():
        return
    if array == "v":
        yield Mistake(plain, exact - plain, ((game.discount, EARLY),))
        return
    yield Mistake(plain, exact - plain + spread(game, present), ((game.discount, EARLY),))
    if (logs := _minus_logs(game, policy, temperature, entropy)) is not None:
        yield Mistake(plain, exact - plain + logs, _early(EARLY_LOG, game.discount))


def early_in_targets(
    game: Game,
    policy: Policy,
    target: Callable[..., FloatArray],
    without_entropy: FloatArray,
    bonus: FloatArray,
    *,
    temperature: float,
    entropy: str,
) -> Iterator[Mistake]:
    """Yield targets that add the entropy of each state that is left, or −α log π of the action, once for a step.

    `without_entropy` is E_π[q], shaped as v, and `bonus` what entropy adds to it, in the same shape.
    """
    if not bonus.any():
        return
    plain: dict[str, Any] = {"v": without_entropy, "temperature": 0.0, "entropy": entropy}
    added = [(spread(game, bonus), EARLY)]
    if (logs := _minus_logs(game, policy, temperature, entropy)) is not None:
        added.append((logs, EARLY_LOG))
    zero = target(game, **plain)
    for extra, phrase in added:
        rewards = game.rewards + extra
        part = target(paid(game, rewards.reshape(-1, game.num_states, game.num_joint_actions)), **plain) - zero
        yield Mistake(zero, part, _early(phrase, game.discount))


def _early(phrase: str, discount: float) -> list[tuple[float, str]]:
    """How often a bonus may count that is added too early, and what to say then; where γ is 1 that is once."""
    return [*[(1.0, phrase + UNDISCOUNTED)] * (discount < 1), (discount, phrase)]


def _minus_logs(game: Game, policy: Policy, temperature: float, entropy: str) -> FloatArray | None:
    """−α log π of the joint action, (S, A_1, …, A_n), or of each agent's own, (n, S, …); None where it is infinite."""
    own = []
    for i, rows in enumerate(policy):
        axes = [1] * game.num_agents
        axes[i] = rows.shape[1]
        logs = -temperature * np.asarray(log_probabilities(rows)).reshape(game.num_states, *axes)
        own.append(np.broadcast_to(logs, (game.num_states, *game.num_actions)))
    stacked = zeroed(game, np.stack(own))
    if not np.isfinite(stacked).all():
        return None
    return stacked if entropy == "own" else stacked.sum(axis=0)
