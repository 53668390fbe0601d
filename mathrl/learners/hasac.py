"""HASAC in tables: a joint Q learned from a replay buffer, and soft updates of one agent after another.

After each episode, as often as `updates` says, with a temperature α, steps ζ and η,

    Q(a) ← Q(a) + ζ (r − Q(a))                        for `batch` plays (a, r) drawn from the buffer 𝒟       (1)
    for each agent i of a new permutation:
        Q^i(a^i) = E_{a^{-i} ~ π^{-i}}[ Q(a) ]         with the new policies of the agents before i           (2)
        π^i(a^i) ∝ π^i(a^i)^{1−η} exp(η Q^i(a^i)/α)                                                           (3)

(1) is a gradient step on J_Q of Section 4.2.2 in a game of one state and one step, (2) is Eq. 7 but for a constant, and
(3) for η = 1 is the minimiser of Eq. 8. For η < 1 it is that of KL(π^i ‖ exp(Q^i/α)/Z) + (1/η − 1) KL(π^i ‖ π_old^i), a
step of natural policy gradient on J. If Q = r, then (2) and (3) with η = 1 are HASPI.

Source: Liu et al. (2024), Maximum Entropy Heterogeneous-Agent Reinforcement Learning, Section 4.2 and Table 4. What
the paper leaves open, or gives for networks only, are settings.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray, count, fail, flag, positive, proportion, real, room
from mathrl.base.compile import kernel
from mathrl.games import Game
from mathrl.learners.learner import Runs, learner
from mathrl.learners.learning import Learning
from mathrl.learners.pieces import IntArray
from mathrl.learners.records import Records, collected
from mathrl.learners.teams import copied, marginal, ordered, play, soft_step, start, team

__all__ = ["Hasac", "hasac"]


@dataclass(frozen=True)
class Hasac:
    """How HASAC learns.

    `temperature`  α > 0
    `critic_step`  ζ of (1), in (0, 1]
    `actor_step`   η of (3), in (0, 1]
    `plays`        joint actions an episode, ≥ 1
    `updates`      how often (1) to (3) are done after an episode, ≥ 1
    `batch`        plays that are drawn from the buffer for (1), ≥ 1; the buffer keeps all
    `warmup`       in that many episodes, the first, actions are drawn uniformly, and policies do not learn; ≥ 0
    `initial_q`    what Q is at first
    `shuffle`      whether each round has an order of agents of its own; else it is 0, 1, …

    Raises `ValueError` for other numbers.
    """

    temperature: float = 1.0
    critic_step: float = 1.0
    actor_step: float = 1.0
    plays: int = 1
    updates: int = 1
    batch: int = 16
    warmup: int = 0
    initial_q: float = 0.0
    shuffle: bool = True

    def __post_init__(self) -> None:
        positive("temperature", self.temperature)
        for name in ("critic_step", "actor_step"):
            if proportion(name, getattr(self, name)) == 0:
                fail(name, "is 0", "a number in (0, 1]", "with 0 nothing is learned")
        for name in ("plays", "updates", "batch"):
            count(name, getattr(self, name), 1)
        count("warmup", self.warmup)
        real("initial_q", self.initial_q)
        flag("shuffle", self.shuffle)


@learner(Hasac)
def hasac(game: Game, settings: Hasac, runs: Runs, *, initial_policy: Sequence[Any] | None = None) -> Learning:
    """Learn by HASAC in a matrix game with a common payoff; an episode is `plays` joint actions, and `updates` of them.

    `initial_policy`  one array of probabilities an agent; uniform by default

    The other arguments are those of `mathrl.learners.Learner`, and the settings those of `Hasac`. Any number of agents
    and actions. Raises `ValueError` for games of several states, without a common payoff, or with unavailable actions.

    >>> from mathrl.games import load
    >>> start = [[0.6, 0.2, 0.2]] * 2
    >>> learned = hasac(load("hasac"), temperature=10.0, warmup=100, initial_policy=start, episodes=200)
    >>> round(float(learned.played(2, 2)[0, -1]), 2)  # Table 3 has 0.9555 for each agent
    0.91
    """
    given = team(game, "HASAC")
    first = start(game, initial_policy, positive=settings.actor_step < 1)
    room("episodes", int(runs.times[-1]), settings.plays)

    def run(rng: np.random.Generator, records: Records) -> None:
        paid = np.zeros(len(records.times) - 1)
        _run(
            rng, given.r_ia[0], given.a_ia, given.sizes, first, float(settings.temperature),
            float(settings.critic_step), float(settings.actor_step), settings.plays, settings.updates, settings.batch,
            settings.warmup, float(settings.initial_q), settings.shuffle, records.times, records.policy, paid,
        )  # fmt: skip
        records.rewards[:] = paid[:, None]

    return collected("hasac", settings, game, runs, run)


@kernel
def _run(
    rng: np.random.Generator,
    r_a: FloatArray,
    own_ia: IntArray,
    sizes: IntArray,
    first_ia: FloatArray,
    temperature: float,
    critic_step: float,
    actor_step: float,
    plays: int,
    updates: int,
    batch: int,
    warmup: int,
    initial_q: float,
    shuffle: bool,
    at_t: IntArray,
    policy_tia: FloatArray,
    rewards_t: FloatArray,
) -> None:
    """One run. The buffer holds numbers of joint actions: what each pays is always the same."""
    n, most = first_ia.shape
    pi_ia, uniform_ia = np.zeros((n, most)), np.zeros((n, most))
    copied(first_ia, pi_ia)
    for i in range(n):
        for a in range(sizes[i]):
            uniform_ia[i, a] = 1.0 / sizes[i]
    q_a, x_a = np.empty(len(r_a)), np.empty(most)
    for joint in range(len(q_a)):
        q_a[joint] = initial_q
    order_i, actions_i = np.empty(n, np.int64), np.empty(n, np.int64)
    buffer = np.empty(at_t[-1] * plays, np.int64)
    stored, t = 0, 0
    for episode in range(at_t[-1]):
        if episode == at_t[t]:
            copied(pi_ia, policy_tia[t])
            t += 1
        paid = 0.0
        for _ in range(plays):
            joint = play(rng, uniform_ia if episode < warmup else pi_ia, sizes, actions_i)
            buffer[stored] = joint
            stored += 1
            paid += r_a[joint]
        rewards_t[t - 1] += paid / (plays * (at_t[t] - at_t[t - 1]))
        for _ in range(updates):
            for _ in range(batch):
                drawn = buffer[min(int(rng.random() * stored), stored - 1)]
                q_a[drawn] += critic_step * (r_a[drawn] - q_a[drawn])  # (1)
            if episode >= warmup:
                ordered(rng, shuffle, order_i)
                for k in range(n):
                    i = int(order_i[k])
                    marginal(q_a, pi_ia, own_ia, i, x_a)  # (2)
                    soft_step(x_a, sizes[i], temperature, actor_step, pi_ia[i])  # (3)
    copied(pi_ia, policy_tia[t])
