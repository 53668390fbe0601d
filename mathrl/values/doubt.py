"""How far rounding may move a response: each action of an agent against its best one.

    Q(s, a) − Q(s, b)  is off by at most about  δ(s, a) + δ(s, b) + eps γ H Σ_t |P(t|s, a) − P(t|s, b)| |V(t)|     (1)

with b the best action, δ what rounding leaves of a sum (`mathrl.values.attained`), and V known to H of its own
roundings, where H is how long play lasts: what is added to all V alike moves no response. Of two actions that are paid
the same and lead to the same states, (1) is 0: they tie exactly. Q and P are the means over what the others play.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray
from mathrl.games.model import Game, shown_q
from mathrl.games.policies import Policy, joint_policy
from mathrl.games.profile import Profile
from mathrl.iteration.outcome import rounding_floor
from mathrl.values.attained import own_parts, roundings
from mathrl.values.policy_values import Values

__all__ = ["NO_DOUBT", "SMALL", "Doubt", "doubt_of_gains", "doubt_of_joint", "doubt_of_responses"]

SMALL = 2.0**-20
"""A probability is known well enough if rounding moves it by less than this."""

_FAR = 50.0
"""An action that is so many temperatures behind the best one is not played to speak of."""

_BLOCK = 2**22
"""How many probabilities are compared at once, about."""

_EPS = float(np.finfo(np.float64).eps)


class Doubt(NamedTuple):
    """How far rounding may move an answer.

    `moves`  the most by which a probability may be off
    `size`   the largest (1) of actions whose probability may be off by more than `SMALL`, in units of the rewards
    """

    moves: float
    size: float


NO_DOUBT = Doubt(0.0, 0.0)


@dataclass(frozen=True)
class _Choice:
    """What one agent chooses from, while the others play their policies.

    `game`      the game
    `r_sa`      the agent's rewards, (S, A)
    `v_s`       its values V, (S,)
    `axes`      joint actions as (those of agents before it, its own, those of agents after it)
    `others_sa` what the others play of each joint action, (S, A)
    `q_sa`      E[Q], (S, A_i), −∞ where an action is not available
    `delta_sa`  E[δ], (S, A_i)
    """

    game: Game
    r_sa: FloatArray
    v_s: FloatArray
    axes: tuple[int, int, int]
    others_sa: FloatArray
    q_sa: FloatArray
    delta_sa: FloatArray

    @property
    def best_s(self) -> npt.NDArray[np.int64]:
        """b, the action of largest Q."""
        return np.asarray(self.q_sa.argmax(axis=1))

    def compared(self, temperature: float, horizon: float) -> tuple[FloatArray, FloatArray]:
        """Return Q(s, a) − Q(s, b) for the best action b, and (1), (S, A_i) each.

        (1) is at most H (δ(s, a) + δ(s, b)), and that is what it is in states where it does not matter.
        """
        game, joint_actions = self.game, self.game.num_joint_actions
        best_s = self.best_s[:, None]
        behind_sa = self.q_sa - np.take_along_axis(self.q_sa, best_s, axis=1)
        one_step_sa = self.delta_sa + np.take_along_axis(self.delta_sa, best_s, axis=1)
        np.put_along_axis(one_step_sa, best_s, 0.0, axis=1)
        off_sa = horizon * one_step_sa
        s = np.flatnonzero(((one_step_sa > 0) & (behind_sa + off_sa >= -_FAR * temperature)).any(axis=1))
        together = max(1, _BLOCK // (joint_actions * game.num_states))
        for some in (s[first : first + together] for first in range(0, len(s), together)):
            differ_sa, ahead_sa = self._apart(some, best_s[some], horizon)
            off_sa[some] = np.where(differ_sa > 0, one_step_sa[some] + ahead_sa, 0.0)
        return behind_sa, off_sa

    def _apart(
        self, s: npt.NDArray[np.int64], best_s: npt.NDArray[np.int64], horizon: float
    ) -> tuple[FloatArray, FloatArray]:
        """Whether a differs from b, 0 where it does not, and the last term of (1), in some states (S', A_i)."""
        game, actions = self.game, np.arange(self.game.num_joint_actions)
        own = actions // self.axes[2] % self.axes[1]
        instead_sa = actions + (best_s - own) * self.axes[2]  # b in the place of a
        x, y = ((s[:, None] * len(actions) + each).ravel() for each in (actions, instead_sa))
        P: Any = game.csr_xt if game.sparse else game.dense_xt
        apart_xt: Any = game.discount * abs(P[x] - P[y])
        r_x = self.r_sa.ravel()
        differ_x = (np.asarray(apart_xt.sum(axis=1)).ravel() > 0) | (r_x[x] != r_x[y])
        return self._mean(s, differ_x), self._mean(s, _EPS * horizon * (apart_xt @ np.abs(self.v_s)))

    def _mean(self, s: npt.NDArray[np.int64], each_x: FloatArray) -> FloatArray:
        """The mean in some states over what the others play, from that of each joint action."""
        weighed_sa = self.others_sa[s] * each_x.reshape(len(s), -1)
        return np.asarray(weighed_sa.reshape(-1, *self.axes).sum(axis=(1, 3)))


def doubt_of_responses(
    values: Values, policy: Profile, temperature: float, horizon: float, log_target: Policy | None = None
) -> Doubt:
    """Return the doubt about the agents' responses ∝ ρ^i exp(Q^i/α) to a policy; ρ is 1 without `log_target`.

    `horizon` is how long play lasts.
    """
    if _sure(values, temperature, horizon):
        return NO_DOUBT
    return _moved(_each_agent(values, policy, temperature, log_target), temperature, horizon)


def doubt_of_gains(values: Values, policy: Profile, temperature: float, horizon: float, log_first: Policy) -> Doubt:
    """Return the doubt about the agents' gains max Q^i − V over the temperature, of actions whose log π_0 is finite.

    It is that of the best action alone, and of those that may be as good.
    """
    if _sure(values, temperature, horizon):
        return NO_DOUBT
    size = 0.0
    allowed = tuple(np.where(log_sa > -np.inf, 0.0, -np.inf) for log_sa in log_first)
    for choice in _each_agent(values, policy, temperature, allowed):
        behind_sa, off_sa = choice.compared(temperature, horizon)
        size = max(size, float(np.take_along_axis(choice.delta_sa, choice.best_s[:, None], axis=1).max()))
        size = max(size, float(off_sa.max(where=behind_sa + off_sa >= 0, initial=0.0)))
    return Doubt(size / temperature, size)


def doubt_of_joint(games: Sequence[Game], values: Values, temperature: float, horizon: float) -> Doubt:
    """Return the doubt about joint policies ∝ exp(Q/α), one for each value function, which is that of a game."""
    if _sure(values, temperature, horizon):
        return NO_DOUBT
    alone = (1, games[0].num_joint_actions, 1)
    choices = (
        _Choice(game, game.rewards_isa[0], v_s, alone, np.ones_like(q_sa), shown_q(game, q_sa), delta_sa)
        for game, q_sa, v_s in zip(games, values.q_msa, values.v_ms, strict=True)
        for delta_sa in roundings(game, q_sa[None], v_s[None])
    )
    return _moved(choices, temperature, horizon)


def _sure(values: Values, temperature: float, horizon: float) -> bool:
    """Whether even the largest Q are known well enough, so that there is no need to look at each."""
    return 4 * horizon * rounding_floor(values.q_msa, temperature) <= SMALL


def _moved(choices: Iterable[_Choice], temperature: float, horizon: float) -> Doubt:
    """The doubt about the probability of each action, beside the best one alone."""
    moves = size = 0.0
    for choice in choices:
        behind_sa, off_sa = choice.compared(temperature, horizon)
        with np.errstate(over="ignore"):
            moves_sa = _logistic((behind_sa + off_sa) / temperature) - _logistic(behind_sa / temperature)
        moves = max(moves, float(moves_sa.max()))
        size = max(size, float(off_sa.max(where=moves_sa > SMALL, initial=0.0)))
    return Doubt(moves, size)


def _logistic(x: FloatArray) -> FloatArray:
    return np.asarray(np.exp(-np.logaddexp(0.0, -x)))


def _each_agent(values: Values, policy: Profile, temperature: float, log_target: Policy | None) -> Iterator[_Choice]:
    game, ones = values.game, tuple(map(np.ones_like, policy))
    for i, (q_sa, delta_sa) in enumerate(own_parts(values, policy)):
        axes = (prod(game.num_actions[:i]), game.num_actions[i], prod(game.num_actions[i + 1 :]))
        others_sa = joint_policy((*policy[:i], ones[i], *policy[i + 1 :])).reshape(game.num_states, -1)
        r_sa, v_s = (each[min(i, len(each) - 1)] for each in (game.rewards_isa, values.v_ms))
        weighed_sa = q_sa if log_target is None else q_sa + temperature * log_target[i]
        yield _Choice(game, r_sa, v_s, axes, others_sa, weighed_sa, delta_sa)
