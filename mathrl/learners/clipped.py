"""The clipped policy gradient of a team in tables, for `happo` and `mappo`: softmax policies and a learned value.

An episode is `plays` joint actions a_b of the policy π_old, and one update from them. With steps ζ and η,

    A_b = r(a_b) − V,   then   V ← V + ζ (mean of the r(a_b) − V)                                             (1)
    M_b = A_b;   for each agent i of a permutation:
        π^i = softmax(θ^i),   ρ_b = π^i(a_b^i) / π_old^i(a_b^i)
        L^i(θ^i) = mean_b min( ρ_b M_b, clip(ρ_b, 1 − ε, 1 + ε) M_b ) + β H(π^i)                              (2)
        θ^i ← θ^i + η ∇L^i(θ^i)                                   as often as `epochs` says                   (3)
        M_b ← ρ_b M_b                                             in HAPPO only                               (4)

`normalise` replaces A_b by (A_b − mean)/(standard deviation + 1e-5), as most codes do.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray, count, flag, not_negative, positive, proportion, real, room
from mathrl.base.compile import inner, kernel
from mathrl.games import Game
from mathrl.learners.learner import Runs
from mathrl.learners.learning import Learning
from mathrl.learners.pieces import IntArray, boltzmann
from mathrl.learners.records import Records, collected
from mathrl.learners.teams import copied, ordered, play, start, team

__all__ = ["Clipped", "clipped"]


@dataclass(frozen=True)
class Clipped:
    """How HAPPO and MAPPO learn.

    `step`           η of (3), > 0
    `plays`          joint actions an episode, ≥ 1
    `epochs`         gradient steps an agent makes after an episode, ≥ 1
    `clip`           ε of (2), > 0; infinity: no clipping
    `entropy`        β of (2), ≥ 0
    `critic_step`    ζ of (1), in [0, 1]; with 1, V is the mean of the episode before
    `initial_value`  what V is at first
    `normalise`      whether advantages are divided by their deviation
    `shuffle`        whether each episode has an order of agents of its own; else it is 0, 1, …

    The defaults of `epochs` and `entropy` are those of the paper's Table 19, that of `clip` is 0.2; for its matrix game
    it names none. Raises `ValueError` for other numbers.
    """

    step: float = 0.1
    plays: int = 10
    epochs: int = 5
    clip: float = 0.2
    entropy: float = 0.0
    critic_step: float = 1.0
    initial_value: float = 0.0
    normalise: bool = False
    shuffle: bool = True

    def __post_init__(self) -> None:
        positive("step", self.step)
        for name in ("plays", "epochs"):
            count(name, getattr(self, name), 1)
        if self.clip != np.inf:
            positive("clip", self.clip)
        not_negative("entropy", self.entropy)
        proportion("critic_step", self.critic_step)
        real("initial_value", self.initial_value)
        flag("normalise", self.normalise)
        flag("shuffle", self.shuffle)


def clipped(
    learner: str, sequential: bool, game: Game, settings: Clipped, runs: Runs, initial_policy: Sequence[Any] | None
) -> Learning:
    """The runs of `happo` (sequential) and of `mappo`; the other arguments are theirs."""
    given = team(game, learner.upper())
    first = start(game, initial_policy, positive=True)
    room("plays", settings.plays, game.num_agents)

    def run(rng: np.random.Generator, records: Records) -> None:
        paid = np.zeros(len(records.times) - 1)
        _run(
            rng, given.r_ia[0], given.a_ia, given.sizes, first, float(settings.step), settings.plays, settings.epochs,
            float(settings.clip), float(settings.entropy), float(settings.critic_step), float(settings.initial_value),
            settings.normalise, settings.shuffle, sequential, records.times, records.policy, paid,
        )  # fmt: skip
        records.rewards[:] = paid[:, None]

    return collected(learner, settings, game, runs, run)


@kernel
def _run(
    rng: np.random.Generator,
    r_a: FloatArray,
    own_ia: IntArray,
    sizes: IntArray,
    first_ia: FloatArray,
    step: float,
    plays: int,
    epochs: int,
    clip: float,
    entropy: float,
    critic_step: float,
    initial_value: float,
    normalise: bool,
    shuffle: bool,
    sequential: bool,
    at_t: IntArray,
    policy_tia: FloatArray,
    rewards_t: FloatArray,
) -> None:
    """One run."""
    n, most = first_ia.shape
    pi_ia, logit_ia = np.zeros((n, most)), np.zeros((n, most))
    copied(first_ia, pi_ia)
    for i in range(n):
        for a in range(sizes[i]):
            logit_ia[i, a] = math.log(pi_ia[i, a])
    value = initial_value
    order_i, actions_i = np.empty(n, np.int64), np.empty(n, np.int64)
    joint_b, m_b = np.empty(plays, np.int64), np.empty(plays)
    old_a, slope_a = np.empty(most), np.empty(most)
    t = 0
    for episode in range(at_t[-1]):
        if episode == at_t[t]:
            copied(pi_ia, policy_tia[t])
            t += 1
        paid = 0.0
        for b in range(plays):
            joint_b[b] = play(rng, pi_ia, sizes, actions_i)
            m_b[b] = r_a[joint_b[b]] - value
            paid += r_a[joint_b[b]] / plays
        rewards_t[t - 1] += paid / (at_t[t] - at_t[t - 1])
        value += critic_step * (paid - value)  # (1)
        if normalise:
            _normalised(m_b)
        ordered(rng, shuffle, order_i)
        for k in range(n):
            i = int(order_i[k])
            for a in range(sizes[i]):
                old_a[a] = pi_ia[i, a]
            for _ in range(epochs):
                _gradient(m_b, joint_b, own_ia[i], old_a, pi_ia[i], sizes[i], clip, entropy, slope_a)
                for a in range(sizes[i]):
                    logit_ia[i, a] += step * slope_a[a]  # (3)
                boltzmann(logit_ia[i], sizes[i], 1.0, pi_ia[i])
            if sequential:
                for b in range(plays):
                    own = own_ia[i, joint_b[b]]
                    m_b[b] *= pi_ia[i, own] / old_a[own]  # (4)
    copied(pi_ia, policy_tia[t])


@inner
def _normalised(m_b: FloatArray) -> None:
    mean, square = 0.0, 0.0
    for m in m_b:
        mean += m / len(m_b)
    for m in m_b:
        square += (m - mean) ** 2 / len(m_b)
    for b in range(len(m_b)):
        m_b[b] = (m_b[b] - mean) / (math.sqrt(square) + 1e-5)


@inner
def _gradient(
    m_b: FloatArray,
    joint_b: IntArray,
    own_a: IntArray,
    old_a: FloatArray,
    pi_a: FloatArray,
    size: int,
    clip: float,
    entropy: float,
    out_a: FloatArray,
) -> None:
    """Write ∇L of (2): mean_b of ρ_b M_b (1{c = a_b} − π(c)) where min takes ρ_b M_b, plus β ∇H."""
    bonus = 0.0
    for a in range(size):
        if entropy > 0.0 and pi_a[a] > 0.0:
            bonus -= pi_a[a] * math.log(pi_a[a])
    for a in range(size):
        out_a[a] = 0.0
        if entropy > 0.0 and pi_a[a] > 0.0:
            out_a[a] -= entropy * pi_a[a] * (math.log(pi_a[a]) + bonus)
    for b in range(len(m_b)):
        own = own_a[joint_b[b]]
        ratio = pi_a[own] / old_a[own]
        if (m_b[b] > 0.0 and ratio < 1.0 + clip) or (m_b[b] < 0.0 and ratio > 1.0 - clip):
            weight = ratio * m_b[b] / len(m_b)
            out_a[own] += weight
            for a in range(size):
                out_a[a] -= weight * pi_a[a]
