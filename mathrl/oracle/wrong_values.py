"""Wrong soft values of a Q, which a code may compute in place of E_π[Q] + bonus.

V = c E_w[Q] + bonus         a mean over joint actions w, counted c times, with any bonus               (1)
V = max_a Q + bonus          a maximum, or α log Σ_a exp(Q/α)                                           (2)
Q = r + γ P V                where a critic ends that bootstraps from (1) or (2)                        (3)
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.games.given import Booleans
from mathrl.games.model import Game
from mathrl.games.naming import agents_label
from mathrl.games.policies import Policy, uniform_policy
from mathrl.games.profile import Profile
from mathrl.operators import entropy_bonus
from mathrl.oracle.counted import zeroed
from mathrl.softmax import soft_max
from mathrl.solvers import optimal, soft_q_iteration
from mathrl.values.policy_values import backup, evaluate_joint

__all__ = [
    "EARLIER",
    "NO_LOG",
    "Maximum",
    "Mean",
    "bonus_without_log",
    "mean_for_sum",
    "wrong_soft_values",
]

NO_LOG = "with π in place of log π in the entropy"
MODES = "with each agent's likeliest action in place of the mean"
LARGEST = "with the maximum over joint actions in place of the mean"
UNIFORM = (
    "with the uniform policy in place of the given one",
    "with the mean over uniform actions in place of the policy's",
    "with the entropy of uniform play in place of the policy's",
)
EARLIER = (
    "with the earlier policy in place of the present one",
    "with the actions of the earlier policy, but the entropy of the present one",
    "with the entropy of the earlier policy, but the actions of the present one",
)


@dataclass(frozen=True, eq=False)
class Mean:
    """The wrong soft value (1).

    `phrase`  what to say of it
    `w_sa`    w, joint probabilities (S, A)
    `bonus`   what is added, (…, S)
    `share`   c > 0
    """

    phrase: str
    w_sa: FloatArray
    bonus: FloatArray
    share: float = 1.0

    def __call__(self, q_sa: FloatArray) -> FloatArray:
        """V, (…, S), of Q (…, S, A)."""
        return np.asarray(self.share * np.einsum("...sa,sa->...s", q_sa, self.w_sa) + self.bonus)  # (1)

    def critic(self, game: Game) -> FloatArray:
        """Q of (3), (m, S, A): the exact one of w with discount c γ and bonus/c."""
        discounted = replace(game, discount=self.share * game.discount)
        bonus_ms = np.atleast_2d(self.bonus) / self.share
        return evaluate_joint(discounted, self.w_sa, bonus_ms, agent_axis=True).q_msa  # (3)


@dataclass(frozen=True, eq=False)
class Maximum:
    """The wrong soft value (2).

    `phrase`       what to say of it
    `bonus`        what is added, (…, S)
    `temperature`  α of the soft maximum, 0 for the maximum itself
    `barred_sa`    the joint actions that it leaves out, (S, A); None for none
    """

    phrase: str
    bonus: FloatArray
    temperature: float = 0.0
    barred_sa: Booleans | None = None

    def __call__(self, q_sa: FloatArray) -> FloatArray:
        """V, (…, S), of Q (…, S, A)."""
        q_sa = self._without_barred(q_sa)
        largest = soft_max(q_sa, self.temperature) if self.temperature else q_sa.max(axis=-1)
        return np.asarray(largest + self.bonus)  # (2)

    def critic(self, game: Game) -> FloatArray:
        """Q of (3), (m, S, A): the optimum for rewards r + γ P bonus, of each agent by itself."""
        found = []
        for r_sa in backup(game, np.atleast_2d(self.bonus)):
            rewards = self._without_barred(r_sa).reshape(game.num_states, *game.num_actions)
            own = Game.unchecked(rewards, game.transitions, game.discount, game.start, like=game)
            best = soft_q_iteration(own, temperature=self.temperature) if self.temperature else optimal(own)
            found.append(zeroed(game, best.q).reshape(game.num_states, -1))
        return np.stack(found)  # (3)

    def _without_barred(self, q_sa: FloatArray) -> FloatArray:
        """Q with −∞ at what is left out."""
        return q_sa if self.barred_sa is None else np.where(self.barred_sa, -np.inf, q_sa)


def wrong_soft_values(
    game: Game,
    policy: Policy,
    shape: tuple[int, ...],
    *,
    temperature: float,
    entropy: str,
    earlier: Policy | None = None,
) -> Iterator[Mean | Maximum]:
    """Yield what a code may compute in place of the soft value of a Q, the bonus in the `shape` of V.

    `earlier` is a policy that may have stood in the place of `policy`.
    """
    w_sa = Profile.of(policy).joint_sa
    modes = Profile.of(np.eye(rows.shape[1])[rows.argmax(axis=1)] for rows in policy)
    nothing = np.zeros(shape)
    kind: dict[str, Any] = {"temperature": temperature, "entropy": entropy}
    bonus = nothing + entropy_bonus(policy, **kind)
    barred: dict[str, Any] = {"barred_sa": game.barred_sa}
    yield Maximum(LARGEST, nothing, **barred)
    if temperature > 0:
        phrase = "with the soft maximum over joint actions in place of the soft value"
        yield Maximum(phrase, nothing, temperature, **barred)
    yield Mean(MODES, modes.joint_sa, nothing)
    if (actions := game.num_joint_actions) > 1:
        yield Mean(mean_for_sum(game, entropy), w_sa, bonus / actions, 1 / actions)
    if bonus.any():
        yield Maximum(f"{LARGEST}, but with the entropy", bonus, **barred)
        yield Mean(f"{MODES}, but with the entropy", modes.joint_sa, bonus)
        yield Mean(f"{mean_for_sum(game, 'none')}, but with the whole entropy", w_sa, bonus, 1 / actions)
        yield Mean(NO_LOG, w_sa, nothing + bonus_without_log(game, policy, temperature, entropy))
    yield from _of_exchanged_agents(game, policy, bonus)
    yield from _of_another_policy(policy, uniform_policy(game), bonus, kind, *UNIFORM)
    if earlier is not None:
        yield from _of_another_policy(policy, earlier, bonus, kind, *EARLIER)


def _of_exchanged_agents(game: Game, policy: Policy, bonus: FloatArray) -> Iterator[Mean]:
    """Means of Q at joint actions in which the agents have changed places, as in Q(s, a^2, a^1)."""
    w_sa = Profile.of(policy).joint_sa
    found = [w_sa]

    def known(other_sa: FloatArray) -> bool:
        """Whether all that is played is available, so that Q says what it is worth."""
        barred_sa = game.barred_sa
        return barred_sa is None or not other_sa[barred_sa & ~game.terminal[:, None]].any()

    for i, j in combinations(range(game.num_agents), 2):
        if game.num_actions[i] == game.num_actions[j]:
            places = list(policy)
            places[i], places[j] = policy[j], policy[i]
            found.append(Profile.of(places).joint_sa)
            if known(found[-1]):
                phrase = f"with Q at the actions of {agents_label(game.agent_names, i, j)} exchanged"
                yield Mean(phrase, found[-1], bonus)
    backwards = w_sa.reshape(-1, *game.num_actions).transpose(0, *range(game.num_agents, 0, -1)).reshape(w_sa.shape)
    if known(backwards) and not any(np.allclose(backwards, w, rtol=1e-12, atol=0) for w in found):
        yield Mean("with Q at joint actions that are numbered from the last agent to the first", backwards, bonus)


def _of_another_policy(
    policy: Policy, other: Policy, bonus: FloatArray, kind: dict[str, Any], whole: str, actions: str, entropies: str
) -> Iterator[Mean]:
    """Means of Q under another policy, its entropy, or both, with what to say of each."""
    w_sa, other_sa = Profile.of(policy).joint_sa, Profile.of(other).joint_sa
    other_bonus = np.zeros_like(bonus) + entropy_bonus(other, **kind)
    if np.array_equal(w_sa, other_sa):
        return
    yield Mean(whole, other_sa, other_bonus)
    if bonus.any() or other_bonus.any():
        yield Mean(actions, other_sa, bonus)
        yield Mean(entropies, w_sa, other_bonus)


def mean_for_sum(game: Game, entropy: str) -> str:
    """What to say where a sum over joint actions is divided by their number."""
    summed = "π Q" if entropy == "none" else "π (Q − α log π)"
    return f"with the mean of {summed} over the {game.num_joint_actions} joint actions in place of its sum"


def bonus_without_log(game: Game, policy: Policy, temperature: float, entropy: str) -> FloatArray:
    """−α Σ_j E[π^j] in place of −α Σ_j E[log π^j], (S,); for "own" of each agent, (n, S); 0 where an episode ended."""
    own = -temperature * np.stack([(rows**2).sum(axis=1) for rows in policy])
    if game.ended is not None:
        own[:, game.ended] = 0.0
    return own if entropy == "own" else own.sum(axis=0)
