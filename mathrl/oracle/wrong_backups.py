"""Backups that are wrong in what follows a step, and the critics that are trained on them.

    V = c E_w[Q] + bonus         a mean over joint actions w, counted c times, with any bonus               (1)
    V = max_a Q + bonus          a maximum, or α log Σ_a exp(Q/α)                                           (2)
    Q = r + γ P V                where a critic ends that bootstraps from (1) or (2)                        (3)
    V = E_π[r + γ P P_π V] + bonus,   Q = r + γ P P_π V               from a state too late                 (4)
    Q(s, ·) = r(s, ·) + γ (P bonus)(s, ·) + γ M_s Q(s, ·),   M_s(a, b) = Σ_t P(t|s, a) π(b|t)               (5)

(5) has Q of the present state, at the actions of the next one. Each of these backups is a γ-contraction Γ, so that

    max |Γ x − x| ≤ 2 max |x − fixed point of Γ|.                                                           (6)

Where one application of Γ moves somebody's numbers too far for that, they are no such critic's, and none is computed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.games.given import Booleans
from mathrl.games.model import Game
from mathrl.games.policies import Policy
from mathrl.games.profile import Profile
from mathrl.operators import entropy_bonus
from mathrl.oracle.counted import zeroed
from mathrl.oracle.expected import expected_target
from mathrl.softmax import soft_max
from mathrl.solvers import optimal, soft_q_iteration
from mathrl.values.linear_system import one_thread, resolvent
from mathrl.values.policy_values import backup, evaluate_joint, expected_rewards, policy_transitions

__all__ = [
    "LATE",
    "NEXT_REWARD",
    "NO_LOG",
    "PRESENT",
    "Maximum",
    "Mean",
    "bonus_without_log",
    "mean_for_sum",
    "next_values",
    "paid",
    "targets_at_an_earlier_state",
    "wrong_critics",
    "wrong_soft_values",
]

LATE = "with the bootstrap from one state too late"
NEXT_REWARD = "with the reward of the next step in place of that of the present one"
NO_LOG = "with π in place of log π in the entropy"
PRESENT = "with Q of the present state, at the actions of the next one"


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
    game: Game, policy: Policy, shape: tuple[int, ...], *, temperature: float, entropy: str
) -> Iterator[Mean | Maximum]:
    """Yield what a code may compute in place of the soft value of a Q, the bonus in the `shape` of V."""
    w_sa = Profile.of(policy).joint_sa
    modes = Profile.of(np.eye(rows.shape[1])[rows.argmax(axis=1)] for rows in policy)
    nothing = np.zeros(shape)
    bonus = nothing + entropy_bonus(policy, temperature=temperature, entropy=entropy)
    likeliest = "with each agent's likeliest action in place of the mean"
    largest = "with the maximum over joint actions in place of the mean"
    barred: dict[str, Any] = {"barred_sa": game.barred_sa}
    yield Maximum(largest, nothing, **barred)
    yield Maximum("with the soft maximum over joint actions in place of the soft value", nothing, temperature, **barred)
    yield Mean(likeliest, modes.joint_sa, nothing)
    if (actions := game.num_joint_actions) > 1:
        yield Mean(mean_for_sum(game, entropy), w_sa, bonus / actions, 1 / actions)
    if bonus.any():
        yield Maximum(f"{largest}, but with the entropy", bonus, **barred)
        yield Mean(f"{likeliest}, but with the entropy", modes.joint_sa, bonus)
        yield Mean(f"{mean_for_sum(game, 'none')}, but with the whole entropy", w_sa, bonus, 1 / actions)
        yield Mean(NO_LOG, w_sa, nothing + bonus_without_log(game, policy, temperature, entropy))


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


def wrong_critics(
    game: Game, policy: Policy, theirs: FloatArray, exact: FloatArray, *, array: str, most_left: float, **kind: Any
) -> Iterator[tuple[FloatArray, str]]:
    """Yield Q or V of critics that are trained on wrong backups, with what to say of each; `array` is "q" or "v".

    Only of those that may be within `most_left` of `theirs`, by (6).
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
        """Whether theirs may be a fixed point of Q = bootstrap(V), V = value(Q)   (6)."""
        x = theirs.reshape(*shape, -1) if array == "q" else theirs
        moved = bootstrap(value(x)) if array == "q" else value(bootstrap(x))
        return bool(np.abs(moved - x).max() <= 2 * most_left)

    right = backed_up(exact) if array == "v" else None
    for wrong in wrong_soft_values(game, policy, shape, **kind):
        if right is not None:
            yield wrong(right), wrong.phrase
        if possible(backed_up, wrong):
            q_sa = wrong.critic(game).reshape(*shape, -1)
            yield q_sa.reshape(exact.shape) if array == "q" else wrong(q_sa), wrong.phrase
    if possible(late, soft):
        v = _too_late(game, w_sa, np.atleast_2d(bonus)).reshape(shape)
        yield late(v).reshape(exact.shape) if array == "q" else v, LATE
    present = _of_the_present_state(game, w_sa, bonus, theirs, array, most_left) if game.discount < 1 else None
    if present is not None:
        yield present.reshape(exact.shape), PRESENT


def next_values(game: Game, v: FloatArray) -> FloatArray:
    """Σ_t P(t|s, a) v(t), (…, S, A)."""
    alone = Game.unchecked(np.zeros((game.num_states, *game.num_actions)), game.transitions, 1.0, game.start)
    return backup(alone, np.atleast_2d(v)).reshape(*v.shape, -1)


def paid(game: Game, rewards_msa: FloatArray) -> Game:
    """Return the game with other rewards, (m, S, A): a common payoff where m is 1."""
    common = len(rewards_msa) == 1
    cells = (game.num_states, *game.num_actions)
    return replace(game, rewards=rewards_msa.reshape(cells if common else (-1, *cells)), common_payoff=common)


def targets_at_an_earlier_state(
    game: Game,
    policy: Policy,
    target: Callable[..., FloatArray],
    q_sa: FloatArray,
    bonus: FloatArray,
    *,
    steps: int | None,
    trace_decay: float | None,
    **kind: Any,
) -> Iterator[tuple[FloatArray, str]]:
    """Yield targets with Q of an earlier state than that to bootstrap from, at the actions of the latter.

    The bootstrap of n steps may be Q(s_0, a_n), as of a replay buffer, or Q(s_{n−1}, a_n). TD(λ) mixes the latter. From
    wrong one-step targets y, n steps make Γ_π^{n−1} y and TD(λ) makes (1 − λ) y + λ (1 − λ) Σ_{n≥1} λ^{n−1} Γ_π^n y.
    """
    w_sa, without_q = Profile.of(policy).joint_sa, target(game, v=bonus, **kind)

    def early(w_sa: FloatArray) -> FloatArray:
        """γ Σ_t P(t|s, a) Σ_b w(b|t) Q(s, b), in the shape of a target."""
        rows = [P_at @ (w_sa[reached] @ q_sa[..., s, :].T) for s, (reached, P_at) in enumerate(_next_states(game))]
        return game.discount * np.moveaxis(np.stack(rows), (0, 1), (-2, -1)).reshape(without_q.shape)

    y = expected_target(game, policy=policy, v=bonus, **kind) + early(w_sa)
    if trace_decay is not None:
        yield (1 - trace_decay) * y + trace_decay * target(game, q=y, **kind), PRESENT
    elif steps == 1:
        yield y, PRESENT
    elif steps is not None:
        latter = "at the actions of the one they bootstrap from"
        yield target(game, q=y, steps=steps - 1, **kind), f"with Q of the state before the last, {latter}"
        P_st = policy_transitions(game, w_sa)
        for _ in range(steps - 1):
            w_sa = game.discount * (P_st @ w_sa)  # γ^k of the actions after k steps
        yield without_q + early(w_sa), f"with Q of the present state, {latter}"


def _too_late(game: Game, w_sa: FloatArray, bonus_ms: FloatArray) -> FloatArray:
    """V of (4), (m, S): I − γ P² = (I − √γ P)(I + √γ P)."""
    P_st, root = policy_transitions(game, w_sa), float(np.sqrt(game.discount))
    forth, back = resolvent(P_st, root), resolvent(P_st, -root)
    return np.stack([forth(back(b_s)) for b_s in expected_rewards(game, w_sa, bonus_ms)])  # (4)


def _of_the_present_state(
    game: Game, w_sa: FloatArray, bonus: FloatArray, theirs: FloatArray, array: str, most_left: float
) -> FloatArray | None:
    """Q of (5), or its V; None once theirs differ by more than `most_left` in a state."""
    q_msa = backup(game, np.atleast_2d(bonus))
    found = np.empty(theirs.shape).reshape(len(q_msa), game.num_states, -1)
    given = theirs.reshape(found.shape)
    for s, (reached, P_at) in enumerate(_next_states(game)):
        mixed = P_at @ w_sa[reached]
        with one_thread():
            own = np.linalg.solve(np.eye(len(mixed)) - game.discount * mixed, q_msa[:, s].T).T  # (5)
        found[:, s] = own if array == "q" else (own @ w_sa[s] + np.atleast_2d(bonus)[:, s])[:, None]
        if not np.abs(found[:, s] - given[:, s]).max() <= most_left:
            return None
    return found


def _next_states(game: Game) -> Iterator[tuple[Any, Any]]:
    """Yield for each state s those that may follow, T, and P(t|s, a) of them, (A, T), sparse as the game's own."""
    actions = game.num_joint_actions
    for s in range(game.num_states):
        if not game.sparse:
            yield slice(None), game.dense_xt[s * actions : (s + 1) * actions]
            continue
        from scipy.sparse import csr_array

        P = game.csr_xt
        starts = P.indptr[s * actions : (s + 1) * actions + 1]
        entries = slice(starts[0], starts[-1])
        reached, places = np.unique(P.indices[entries], return_inverse=True)
        yield reached, csr_array((P.data[entries], places, starts - starts[0]), shape=(actions, len(reached)))
