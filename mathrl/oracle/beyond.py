"""Mistakes where nothing should count: past the end of an episode, at a time limit, and for unavailable actions.

    V(e) = c(e) in place of 0 at terminal states e:   r(s, a) + γ Σ_e P(e|s, a) c(e)  is paid              (1)
    r + γ (1 − τ) P V in place of r + γ P V           where a time limit that cuts a share τ is an end      (2)
    V = E_u[Q] + α Σ_i H(u^i), or a maximum of Q      over all actions, unavailable ones too                (3)

In (1) c may be the entropy of what a policy would play there, once or for ever, or somebody's own value of e. In (3) Q
of unavailable actions is what somebody has for it, and u is uniform over all actions where the policy is uniform over
the available ones. What was given where nothing counts is not compared, but it may show which mistake was made
(`Ignored`). Games are those of `mathrl.oracle.counted`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.games.availability import joint
from mathrl.games.model import Game
from mathrl.games.policies import Policy
from mathrl.games.profile import Profile
from mathrl.operators import entropy_bonus, expectation
from mathrl.oracle.arrays import numbers
from mathrl.oracle.counted import counted, zeroed
from mathrl.oracle.diagnose import Mistake
from mathrl.oracle.wrong_backups import next_values, paid
from mathrl.oracle.wrong_values import Maximum, Mean
from mathrl.values.policy_values import backup, evaluate, evaluate_joint

__all__ = ["Ignored", "beyond_in_targets", "beyond_in_values", "entropy_after_ends"]

ENTROPY_ONCE = "with the entropy of terminal states, in which nothing is played"
ENTROPY_FOR_EVER = "with entropy for ever after an end, α Σ H/(1 − γ), as where `done` is ignored"
OWN_VALUES = "with the bootstrap past an end, from their own values of terminal states, as where `done` is ignored"
NEXT_EPISODE = "with the bootstrap past an end, from the state in which the next episode starts"
SOME_VALUE = "with {weight:.6g} as the value of terminal states, in place of 0"
LIMIT = "with a time limit taken for an end: without the bootstrap where `truncated` says that it cuts"
UNCUT = "with returns that run on where `truncated` says that a time limit cuts them"
ALL_ENTROPY = "with the entropy of unavailable actions too"
ALL_MEAN = "with the mean over unavailable actions too, and their entropy"
ALL_LARGEST = "with the maximum over unavailable actions too in place of the mean"
ALL_SOFT = "with the soft maximum over unavailable actions too in place of the soft value"


@dataclass(frozen=True)
class Ignored:
    """What somebody gave for a game, with what counts nowhere; None where that was a function, or not given.

    `game`    the game itself, with its transitions to terminal states
    `policy`  one array (S, A_i) per agent
    `q`, `v`  in the shapes of q and v; of any numbers where nothing counts
    """

    game: Game
    policy: Policy | None = None
    q: FloatArray | None = None
    v: FloatArray | None = None

    @classmethod
    def of(cls, game: Game, *, policy: Any, agent_axis: bool, q: Any = None, v: Any = None) -> Self:
        """Keep what was given as arrays, which have been checked, where anything counts nowhere."""
        if game.masks is None and game.ended is None:
            return cls(game)
        agents = (game.num_agents,) * agent_axis
        rows = None if callable(policy) or any(map(callable, policy)) else policy
        return cls(
            game,
            None if rows is None else tuple(numbers("policy", own).reshape(game.num_states, -1) for own in rows),
            None if q is None or callable(q) else numbers("q", q).reshape(*agents, game.num_states, *game.num_actions),
            None if v is None or callable(v) else numbers("v", v).reshape(*agents, game.num_states),
        )

    def at_ends(self, policy: Policy) -> Iterator[Policy]:
        """Yield the policy with rows of terminal states that are uniform, and as given where these are such rows."""
        ended = self.game.terminal
        yield tuple(np.where(ended[:, None], 1 / own.shape[1], own) for own in policy)
        if self.policy is not None and all(
            (own[ended] >= 0).all() and np.allclose(own[ended].sum(axis=1), 1) for own in self.policy
        ):
            yield tuple(np.where(ended[:, None], raw, own) for raw, own in zip(self.policy, policy, strict=True))


def beyond_in_values(
    game: Game,
    policy: Policy,
    theirs: FloatArray,
    exact: FloatArray,
    plain: FloatArray,
    ignored: Ignored,
    cut_sa: FloatArray | None,
    *,
    array: str,
    most_left: float,
    temperature: float,
    entropy: str,
) -> Iterator[Mistake]:
    """Yield such mistakes in a soft Q or V; the arguments are those of `value_mistakes`."""
    kind: dict[str, Any] = {"temperature": temperature, "entropy": entropy}
    shape = exact.shape if array == "v" else exact.shape[: -game.num_agents]
    w_sa = Profile.of(policy).joint_sa

    def of(other: Game, w_sa: FloatArray, bonus: FloatArray) -> FloatArray:
        values = evaluate_joint(other, w_sa, np.atleast_2d(np.zeros(shape) + bonus), agent_axis=True)
        return (values.q_msa if array == "q" else values.v_ms).reshape(exact.shape)

    def ends_worth(c: FloatArray) -> FloatArray:
        return of(_with_ends_worth(game, ignored, np.zeros(shape) + c), w_sa, np.zeros(shape))

    bonus = entropy_bonus(policy, **kind)
    if cut_sa is not None:
        kept = (1 - cut_sa).ravel()
        yield Mistake.instead(of(_scaled(game, kept), w_sa, bonus), LIMIT)
    if game.ended is not None:
        yield from _of_ends(game, policy, exact, ignored, ends_worth, **kind)
        if game.discount < 1:
            yield Mistake.instead(of(_starting_again(game, ignored), w_sa, bonus), NEXT_EPISODE)
    everything = _over_all(game, policy)
    if everything is not None:
        nothing_paid = paid(game, np.zeros((1, *w_sa.shape)))
        yield Mistake.instead(plain + of(nothing_paid, w_sa, entropy_bonus(everything, **kind)), ALL_ENTROPY)
    if array == "q" and (opened := _opened(game, ignored)) is not None:
        played, given = opened
        for wrong in _over_all_values(played, everything, np.zeros(shape) + bonus, **kind):
            v = wrong((theirs + given).reshape(*shape, -1))
            moved = zeroed(game, backup(game, np.atleast_2d(v)).reshape(exact.shape))
            if np.abs(moved - theirs).max() <= 2 * most_left:
                yield Mistake.instead(zeroed(game, wrong.critic(played).reshape(exact.shape)), wrong.phrase)


def beyond_in_targets(
    game: Game,
    policy: Policy,
    target: Callable[..., FloatArray],
    exact: FloatArray,
    ignored: Ignored,
    *,
    v: FloatArray,
    q: FloatArray | None,
    cut_sa: FloatArray | None,
    **kind: Any,
) -> Iterator[Mistake]:
    """Yield such mistakes in a target; the arguments are those of `target_mistakes`."""

    def ends_worth(c: FloatArray) -> FloatArray:
        paying = _with_ends_worth(game, ignored, np.zeros_like(v) + c)
        return target(paying, v=np.zeros_like(v), **(kind | {"temperature": 0.0}))

    if cut_sa is not None:
        yield Mistake.instead(target(game, v=v, at_cuts=np.zeros_like(v), **kind), LIMIT)
        yield Mistake.instead(target(game, v=v, cut_sa=None, **kind), UNCUT)
    if game.ended is not None:
        yield from _of_ends(game, policy, exact, ignored, ends_worth, **kind)
        if game.discount < 1:
            yield Mistake.instead(target(_starting_again(game, ignored), v=v, **kind), NEXT_EPISODE)
            for rows in ignored.at_ends(policy):
                goes_on = replace(ignored.game, ended=None)
                for c in _own_values(ignored, rows, **kind):
                    own = target(counted(goes_on), policy=rows, v=np.where(ignored.game.terminal, c, v), **kind)
                    yield Mistake.instead(zeroed(game, own), OWN_VALUES)
    everything, bonus = _over_all(game, policy), np.zeros_like(v) + entropy_bonus(policy, **kind)
    if everything is not None:
        all_bonus = np.zeros_like(v) + entropy_bonus(everything, **kind)
        with_all = paid(game, backup(game, np.atleast_2d(all_bonus)))
        yield Mistake.instead(target(with_all, v=v - bonus, **(kind | {"temperature": 0.0})), ALL_ENTROPY)
    if q is not None and (opened := _opened(game, ignored)) is not None:
        played, given = opened
        for wrong in _over_all_values(played, everything, bonus, **kind):
            yield Mistake.instead(target(game, v=wrong((q + given).reshape(*v.shape, -1)), **kind), wrong.phrase)


def entropy_after_ends(game: Game, policy: Policy, ignored: Ignored, *, temperature: float, entropy: str) -> FloatArray:
    """Return what Q gains, (…, S, A_1, …, A_n), where the entropy of uniform play counts for ever after an end."""
    rows = next(ignored.at_ends(policy))
    for_ever = entropy_bonus(rows, temperature=temperature, entropy=entropy) / (1 - game.discount)
    return evaluate(_with_ends_worth(game, ignored, for_ever), policy, temperature=0.0, entropy="none").q


def _of_ends(
    game: Game,
    policy: Policy,
    exact: FloatArray,
    ignored: Ignored,
    ends_worth: Callable[[FloatArray], FloatArray],
    *,
    temperature: float,
    entropy: str,
) -> Iterator[Mistake]:
    """Mistakes (1); `ends_worth(c)` is what c adds to the exact numbers."""
    kind: dict[str, Any] = {"temperature": temperature, "entropy": entropy}
    ended = ignored.game.terminal
    for rows in ignored.at_ends(policy):
        how_often = [(1.0, ENTROPY_ONCE)]
        if game.discount < 1:
            how_often.append((1 / (1 - game.discount), ENTROPY_FOR_EVER))
        bonus = np.where(ended, entropy_bonus(rows, **kind), 0.0)
        yield Mistake(exact, ends_worth(bonus), how_often)
        for c in _own_values(ignored, rows, **kind):
            if not any(np.allclose(c, weight * bonus) for weight, _ in how_often):  # else it is this entropy alone
                yield Mistake(exact, ends_worth(c), ((1.0, OWN_VALUES),))
    yield Mistake(exact, ends_worth(ended.astype(np.float64)), (), SOME_VALUE)


def _own_values(ignored: Ignored, policy: Policy, **kind: Any) -> Iterator[FloatArray]:
    """What somebody's own q and v make of terminal states, where that is known and finite; 0 elsewhere."""
    ended = ignored.game.terminal
    if ignored.q is not None:
        at_ends = np.where(ended.reshape(-1, *[1] * len(policy)), ignored.q, 0.0)
        if np.isfinite(at_ends).all():
            yield np.where(ended, expectation(at_ends, policy) + entropy_bonus(policy, **kind), 0.0)
    if ignored.v is not None and np.isfinite(ignored.v[..., ended]).all():
        yield np.where(ended, ignored.v, 0.0)


def _with_ends_worth(game: Game, ignored: Ignored, c: FloatArray) -> Game:
    """The game that pays γ Σ_e P(e|s, a) c(e), over terminal states e, and nothing else   (1)."""
    ahead = next_values(ignored.game, np.where(ignored.game.terminal, c, 0.0))
    rewards = game.discount * zeroed(game, ahead.reshape(*c.shape, *game.num_actions))
    return paid(game, rewards.reshape(-1, game.num_states, game.num_joint_actions))


def _starting_again(game: Game, ignored: Ignored) -> Game:
    """The game that goes on from its start where it should end, as an environment that resets itself."""
    ended = ignored.game.terminal
    probability = next_values(ignored.game, ended.astype(np.float64))
    ends_x = zeroed(game, probability.reshape(-1, *game.num_actions)).ravel()
    start = np.where(ended, 0.0, game.start)
    if game.sparse:
        from scipy.sparse import csr_array

        transitions: Any = (game.csr_xt + csr_array(ends_x[:, None]) @ csr_array(start[None])).tocsr()
        transitions.sort_indices()
    else:
        transitions = (game.dense_xt + ends_x[:, None] * start).reshape(game.transitions.shape)
    return replace(game, transitions=transitions)


def _scaled(game: Game, share_x: FloatArray) -> Game:
    """The game in which each transition counts a share of itself, (S·A,)."""
    if not game.sparse:
        return replace(game, transitions=(share_x[:, None] * game.dense_xt).reshape(game.transitions.shape))
    from scipy.sparse import diags_array

    return replace(game, transitions=(diags_array(share_x) @ game.csr_xt).tocsr())


def _over_all(game: Game, policy: Policy) -> Policy | None:
    """The policy, uniform over all actions where it is uniform over the available ones; None if it stays the same."""
    if game.masks is None:
        return None
    going_on, found = ~game.terminal[:, None], []
    for own, available in zip(policy, game.masks, strict=True):
        uniform = available / available.sum(axis=1, keepdims=True)
        same = np.isclose(own, uniform).all(axis=1, keepdims=True) & going_on
        found.append(np.where(same, 1 / own.shape[1], own))
    changed = any((now != own).any() for now, own in zip(found, policy, strict=True))
    return tuple(found) if changed else None


def _over_all_values(
    played: Game, everything: Policy | None, bonus: FloatArray, *, temperature: float, entropy: str
) -> Iterator[Mean | Maximum]:
    """The wrong soft values (3); `bonus` is the right one, in the shape of V."""
    nothing, barred_sa = np.zeros_like(bonus), played.barred_sa
    if everything is not None:
        all_bonus = nothing + entropy_bonus(everything, temperature=temperature, entropy=entropy)
        yield Mean(ALL_MEAN, Profile.of(everything).joint_sa, all_bonus)
    yield Maximum(ALL_LARGEST, nothing, barred_sa=barred_sa)
    if temperature > 0:
        yield Maximum(ALL_SOFT, nothing, temperature, barred_sa)
    if bonus.any():
        yield Maximum(f"{ALL_LARGEST}, but with the entropy", bonus, barred_sa=barred_sa)


def _opened(game: Game, ignored: Ignored) -> tuple[Game, FloatArray] | None:
    """The game in which unavailable actions pay what somebody's q says of them, and that q, 0 for all others.

    None where all actions are available, and where that is not known or not finite.
    """
    if game.masks is None or ignored.game.masks is None or ignored.q is None:
        return None
    given = np.where(joint(ignored.game.masks), 0.0, ignored.q)
    if not np.isfinite(given).all():
        return None
    ended = ignored.game.terminal[:, None]
    masks = None if game.ended is None else tuple(np.where(ended, own, True) for own in game.masks)
    rewards = (game.rewards + given).reshape(-1, game.num_states, game.num_joint_actions)
    return paid(replace(game, masks=masks), rewards), given
