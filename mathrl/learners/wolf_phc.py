"""Policy hill-climbing that learns fast while it loses and slowly while it wins.

    Q(a)  ← Q(a) + α_t (r + γ max Q − Q(a))                              for the action played      (1)
    π̄(a)  ← π̄(a) + (π(a) − π̄(a))/C                                      in the C-th episode        (2)
    δ     = δ_win if Σ_a π(a) Q(a) > Σ_a π̄(a) Q(a), else δ_lose                                     (3)
    δ_a   = min(π(a), δ/(|A| − 1))                                                                  (4)
    π(a)  ← π(a) − δ_a for a ≠ argmax Q,   π(a) ← π(a) + Σ_{a'≠a} δ_{a'} for a = argmax Q           (5)

Bowling and Veloso, Multiagent learning using a variable learning rate, Artificial Intelligence 136 (2002), Table 4
(the paper of 2001 has the same, Rational and convergent learning in stochastic games, IJCAI), for one state. Each agent
learns so from its own rewards and actions. Of several largest Q the first counts. With δ_win = δ_lose it is policy
hill-climbing.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from mathrl.base.checks import FloatArray, discount_factor, flag, instance
from mathrl.base.compile import kernel
from mathrl.games import Game
from mathrl.learners.learning import Learning, Records, collected
from mathrl.learners.pieces import IntArray, explored, joint_action, largest, payoffs
from mathrl.learners.schedule import Schedule, at, between, scheduled

__all__ = ["WolfPhc", "wolf_phc"]


@dataclass(frozen=True)
class WolfPhc:
    """Settings of `wolf_phc`. What is a number may be a `Schedule` of the episode.

    `step`            α of (1), in [0, 1]
    `win`             δ_win of (3), in [0, 1]
    `lose`            δ_lose of (3), in [0, 1]
    `exploration`     the probability of an action that is drawn uniformly instead, in [0, 1]
    `initial_q`       Q at first: uniform draws between these two numbers
    `discount`        γ, in [0, 1): another episode follows, and its value counts; by default 0
    `random_policy`   whether π is at first drawn uniformly from the simplex; by default it is uniform
    """

    step: float | Schedule = 0.1
    win: float | Schedule = 0.0025
    lose: float | Schedule = 0.005
    exploration: float | Schedule = 0.0
    initial_q: tuple[float, float] = (0.0, 0.0)
    discount: float = 0.0
    random_policy: bool = False

    def __post_init__(self) -> None:
        for name in ("step", "win", "lose", "exploration"):
            scheduled(name, getattr(self, name), 1.0)
        between("initial_q", self.initial_q)
        discount_factor("discount", self.discount)
        flag("random_policy", self.random_policy)


def wolf_phc(
    game: Game,
    *,
    settings: WolfPhc = WolfPhc(),
    episodes: int,
    seeds: int | Iterable[int] = 1,
    seed: int = 0,
    record: int | Iterable[int] = 1,
) -> Learning:
    """Let all agents of a matrix game learn by (1)-(5), an episode being one joint action.

    `game`      a matrix game with any number of agents and actions, all available
    `settings`  steps, exploration and initial values
    `episodes`  how many joint actions are played, ≥ 1
    `seeds`     how many runs, or their numbers
    `seed`      run k draws from `numpy.random.default_rng([seed, k])`
    `record`    policies are recorded every so many episodes, or after these

    Returns `Learning`. Raises `ValueError` naming the argument.
    """
    given = payoffs(game)
    s = instance("settings", settings, WolfPhc, "mathrl.learners.WolfPhc")
    n, most = len(given.sizes), int(given.sizes.max())

    def run(rng: np.random.Generator, records: Records) -> None:
        q_ia = rng.uniform(*s.initial_q, size=(n, most))
        pi_ia = np.zeros((n, most))
        for own, size in zip(pi_ia, given.sizes, strict=True):
            own[:size] = rng.dirichlet(np.ones(size)) if s.random_policy else 1 / size
        _run(
            rng, given.r_ia, given.sizes, scheduled("step", s.step).numbers, scheduled("win", s.win).numbers,
            scheduled("lose", s.lose).numbers, scheduled("exploration", s.exploration).numbers, float(s.discount),
            q_ia, pi_ia, np.zeros((n, most)),
            np.empty(n, dtype=np.int64), records.times, records.policy, records.rewards,
        )  # fmt: skip

    return collected("wolf_phc", s, game, run, episodes=episodes, seeds=seeds, seed=seed, record=record)


@kernel
def _run(
    rng: np.random.Generator,
    r_ia: FloatArray,
    sizes: IntArray,
    step: FloatArray,
    win: FloatArray,
    lose: FloatArray,
    exploration: FloatArray,
    discount: float,
    q_ia: FloatArray,
    pi_ia: FloatArray,
    mean_ia: FloatArray,
    actions_i: IntArray,
    times: IntArray,
    out_policy: FloatArray,
    out_rewards: FloatArray,
) -> None:
    """Play and learn until the last of `times`; Q, π and π̄ are changed."""
    n = len(sizes)
    k = 0
    for t in range(times[-1] + 1):
        if t == times[k]:
            for i in range(n):
                for a in range(sizes[i]):
                    out_policy[k, i, a] = pi_ia[i, a]
            k += 1
        if k == len(times):
            break
        for i in range(n):
            actions_i[i] = explored(rng, pi_ia[i], sizes[i], at(exploration, t))
        joint = joint_action(actions_i, sizes)
        for i in range(n):
            played, r, size = actions_i[i], r_ia[i, joint], sizes[i]
            v = discount * largest(q_ia[i], size) if discount > 0.0 else 0.0
            q_ia[i, played] += at(step, t) * (r + v - q_ia[i, played])  # (1)
            gain, best = 0.0, 0
            for a in range(size):
                mean_ia[i, a] += (pi_ia[i, a] - mean_ia[i, a]) / (t + 1.0)  # (2)
                gain += (pi_ia[i, a] - mean_ia[i, a]) * q_ia[i, a]
                if q_ia[i, a] > q_ia[i, best]:
                    best = a
            delta = at(win, t) if gain > 0.0 else at(lose, t)  # (3)
            rest = 0.0
            for a in range(size):
                if a != best:
                    pi_ia[i, a] -= min(pi_ia[i, a], delta / (size - 1.0))  # (4), (5)
                    rest += pi_ia[i, a]
            pi_ia[i, best] = 1.0 - rest  # so that the sum stays 1 to rounding
            out_rewards[k - 1, i] += r / (times[k] - times[k - 1])
