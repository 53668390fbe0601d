"""Backups that are wrong in what follows a step, and the critics that are trained on them.

    Q = r + γ P V                with a wrong soft value V of Q (`mathrl.oracle.wrong_values`)              (1)
    V = E_π[r + γ P P_π V] + bonus,   Q = r + γ P P_π V               from a state too late                 (2)
    V^i = E_π[r^i + γ P V^j] + bonus^i,   V^j with V^i in the same way                                      (3)

(3) has the values of agents i and j exchanged. Each of these backups is a γ-contraction Γ, so that

    max |Γ x − x| ≤ 2 max |x − fixed point of Γ|.                                                           (4)

Where one application of Γ moves somebody's numbers too far for that, they are no such critic's, and none is computed.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.games.model import Game
from mathrl.games.naming import agents_label
from mathrl.games.policies import Policy
from mathrl.games.profile import Profile
from mathrl.operators import entropy_bonus
from mathrl.oracle.wrong_values import wrong_soft_values
from mathrl.values.linear_system import resolvent
from mathrl.values.policy_values import backup, expected_rewards, policy_transitions

__all__ = [
    "BOOTSTRAP_OF_ANOTHER",
    "LATE",
    "NEXT_REWARD",
    "exchanged_values",
    "next_values",
    "paid",
    "wrong_critics",
]

LATE = "with the bootstrap from one state too late"
NEXT_REWARD = "with the reward of the next step in place of that of the present one"
BOOTSTRAP_OF_ANOTHER = "with the bootstrap of {} from each other's values"


def wrong_critics(
    game: Game,
    policy: Policy,
    theirs: FloatArray,
    exact: FloatArray,
    *,
    array: str,
    most_left: float,
    earlier: Policy | None = None,
    **kind: Any,
) -> Iterator[tuple[FloatArray, str]]:
    """Yield Q or V of critics that are trained on wrong backups, with what to say of each; `array` is "q" or "v".

    Only of those that may be within `most_left` of `theirs`, by (4). `earlier` is as in `wrong_soft_values`.
    """
    shape = exact.shape if array == "v" else exact.shape[: -game.num_agents]
    w_sa, bonus = Profile.of(policy).joint_sa, np.zeros(shape) + entropy_bonus(policy, **kind)

    def backed_up(v: FloatArray) -> FloatArray:
        """r + γ P v, (…, S, A)."""
        return backup(game, np.atleast_2d(v)).reshape(*shape, -1)

    def soft(q_sa: FloatArray) -> FloatArray:
        """E_π[Q] + bonus, (…, S)."""
        return np.asarray(np.einsum("...sa,sa->...s", q_sa, w_sa) + bonus)

    def late(v: FloatArray) -> FloatArray:
        """R + γ P P_π v, (…, S, A)."""
        return backed_up(np.einsum("...sa,sa->...s", next_values(game, v), w_sa))

    def possible(bootstrap: Callable[[FloatArray], FloatArray], value: Callable[[FloatArray], FloatArray]) -> bool:
        """Whether theirs may be a fixed point of Q = bootstrap(V), V = value(Q)   (4)."""
        x = theirs.reshape(*shape, -1) if array == "q" else theirs
        moved = bootstrap(value(x)) if array == "q" else value(bootstrap(x))
        return bool(np.abs(moved - x).max() <= 2 * most_left)

    right = backed_up(exact) if array == "v" else None
    for wrong in wrong_soft_values(game, policy, shape, earlier=earlier, **kind):
        if right is not None:
            yield wrong(right), wrong.phrase
        if possible(backed_up, wrong):
            q_sa = wrong.critic(game).reshape(*shape, -1)
            yield q_sa.reshape(exact.shape) if array == "q" else wrong(q_sa), wrong.phrase
    if possible(late, soft):
        v = _too_late(game, w_sa, np.atleast_2d(bonus)).reshape(shape)
        yield late(v).reshape(exact.shape) if array == "q" else v, LATE
    if len(shape) > 1:
        for (i, j), places in exchanged_values(game):

            def of_another(v: FloatArray, places: list[int] = places) -> FloatArray:
                return backed_up(v[places])

            if possible(of_another, soft):
                v = _with_exchanged_values(game, w_sa, bonus, i, j)
                values = of_another(v).reshape(exact.shape) if array == "q" else v
                yield values, BOOTSTRAP_OF_ANOTHER.format(agents_label(game.agent_names, i, j))


def exchanged_values(game: Game) -> Iterator[tuple[tuple[int, int], list[int]]]:
    """Yield each pair of agents, and the agents in order but for these two, which have changed places."""
    for i, j in combinations(range(game.num_agents), 2):
        places = list(range(game.num_agents))
        places[i], places[j] = j, i
        yield (i, j), places


def next_values(game: Game, v: FloatArray) -> FloatArray:
    """Σ_t P(t|s, a) v(t), (…, S, A)."""
    alone = Game.unchecked(np.zeros((game.num_states, *game.num_actions)), game.transitions, 1.0, game.start)
    return backup(alone, np.atleast_2d(v)).reshape(*v.shape, -1)


def paid(game: Game, rewards_msa: FloatArray) -> Game:
    """Return the game with other rewards, (m, S, A): a common payoff where m is 1."""
    common = len(rewards_msa) == 1
    cells = (game.num_states, *game.num_actions)
    return replace(game, rewards=rewards_msa.reshape(cells if common else (-1, *cells)), common_payoff=common)


def _too_late(game: Game, w_sa: FloatArray, bonus_ms: FloatArray) -> FloatArray:
    """V of (2), (m, S): I − γ P² = (I − √γ P)(I + √γ P)."""
    P_st, root = policy_transitions(game, w_sa), float(np.sqrt(game.discount))
    forth, back = resolvent(P_st, root), resolvent(P_st, -root)
    return np.stack([forth(back(b_s)) for b_s in expected_rewards(game, w_sa, bonus_ms)])  # (2)


def _with_exchanged_values(game: Game, w_sa: FloatArray, bonus: FloatArray, i: int, j: int) -> FloatArray:
    """V of (3), (n, S): V^i + V^j has the discount γ, V^i − V^j the discount −γ."""
    P_st = policy_transitions(game, w_sa)
    b_ms = expected_rewards(game, w_sa, bonus)
    together, apart = resolvent(P_st, game.discount), resolvent(P_st, -game.discount)
    total, difference = together(b_ms[i] + b_ms[j]), apart(b_ms[i] - b_ms[j])
    v = np.stack([together(b_s) if k not in (i, j) else total / 2 for k, b_s in enumerate(b_ms)])
    v[i], v[j] = (total + difference) / 2, (total - difference) / 2  # (3)
    return v
