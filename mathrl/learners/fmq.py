"""The frequency maximum Q heuristic: independent Q-learning that remembers how often an action paid best.

    E(a) = Q(a) + c · f(a) · R(a),   f(a) = m(a)/n(a)                                               (1)
    π(a) ∝ exp(E(a)/T_t)                                                                            (2)
    Q(a) ← Q(a) + α_t (r + γ max Q − Q(a))                               for the action played      (3)

R(a) is the largest reward that action a has brought so far, n(a) how often it was played, and m(a) how often it brought
R(a). An action not yet played has E = Q. Kapetanakis and Kudenko, Reinforcement learning of coordination in cooperative
multi-agent systems, AAAI 2002, with T_t = 500 e^{−st} + 1, α = 0.9 and γ = 0. With c = 0 it is Q-learning of one state.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from mathrl.base.checks import FloatArray, discount_factor, instance, real
from mathrl.base.compile import kernel
from mathrl.games import Game
from mathrl.learners.learning import Learning, Records, collected
from mathrl.learners.pieces import IntArray, boltzmann, explored, joint_action, largest, payoffs
from mathrl.learners.schedule import Schedule, at, between, scheduled

__all__ = ["Fmq", "fmq"]

COOLING = Schedule(500.0, rate=float(np.exp(-0.006)), floor=1.0)


@dataclass(frozen=True)
class Fmq:
    """Settings of `fmq`. What is a number may be a `Schedule` of the episode, but for c.

    `weight`       c of (1)
    `step`         α of (3), in [0, 1]
    `temperature`  T of (2), > 0 at all times; default: 500 e^{−0.006 t} + 1
    `exploration`  the probability of an action that is drawn uniformly instead, in [0, 1]
    `initial_q`    Q at first: uniform draws between these two numbers
    `discount`     γ, in [0, 1): another episode follows, and its value counts; by default 0
    """

    weight: float = 10.0
    step: float | Schedule = 0.9
    temperature: float | Schedule = COOLING
    exploration: float | Schedule = 0.0
    initial_q: tuple[float, float] = (0.0, 0.0)
    discount: float = 0.0

    def __post_init__(self) -> None:
        real("weight", self.weight)
        scheduled("step", self.step, 1.0)
        scheduled("temperature", self.temperature, above=0.0)
        scheduled("exploration", self.exploration, 1.0)
        between("initial_q", self.initial_q)
        discount_factor("discount", self.discount)


def fmq(
    game: Game,
    *,
    settings: Fmq = Fmq(),
    episodes: int,
    seeds: int | Iterable[int] = 1,
    seed: int = 0,
    record: int | Iterable[int] = 1,
) -> Learning:
    """Let all agents of a matrix game learn by (1)-(3), an episode being one joint action.

    `game`      a matrix game with any number of agents and actions, all available
    `settings`  c, steps, temperatures and initial values
    `episodes`  how many joint actions are played, ≥ 1
    `seeds`     how many runs, or their numbers
    `seed`      run k draws from `numpy.random.default_rng([seed, k])`
    `record`    policies are recorded every so many episodes, or after these

    Returns `Learning`. Raises `ValueError` naming the argument.
    """
    given = payoffs(game)
    s = instance("settings", settings, Fmq, "mathrl.learners.Fmq")
    shape = len(given.sizes), int(given.sizes.max())

    def run(rng: np.random.Generator, records: Records) -> None:
        _run(
            rng, given.r_ia, given.sizes, float(s.weight), scheduled("step", s.step).numbers,
            scheduled("temperature", s.temperature).numbers, scheduled("exploration", s.exploration).numbers,
            float(s.discount), rng.uniform(*s.initial_q, size=shape), np.full(shape, -np.inf), np.zeros(shape),
            np.zeros(shape), np.empty(shape), np.empty(shape[0], dtype=np.int64), records.times,
            records.policy, records.rewards,
        )  # fmt: skip

    return collected("fmq", s, game, run, episodes=episodes, seeds=seeds, seed=seed, record=record)


@kernel
def _run(
    rng: np.random.Generator,
    r_ia: FloatArray,
    sizes: IntArray,
    weight: float,
    step: FloatArray,
    temperature: FloatArray,
    exploration: FloatArray,
    discount: float,
    q_ia: FloatArray,
    best_ia: FloatArray,
    hits_ia: FloatArray,
    plays_ia: FloatArray,
    pi_ia: FloatArray,
    actions_i: IntArray,
    times: IntArray,
    out_policy: FloatArray,
    out_rewards: FloatArray,
) -> None:
    """Play and learn until the last of `times`; Q, R, m and n are changed."""
    n = len(sizes)
    k = 0
    for t in range(times[-1] + 1):
        for i in range(n):
            for a in range(sizes[i]):
                pi_ia[i, a] = q_ia[i, a]
                if plays_ia[i, a] > 0.0:
                    pi_ia[i, a] += weight * hits_ia[i, a] / plays_ia[i, a] * best_ia[i, a]  # (1)
            boltzmann(pi_ia[i], sizes[i], at(temperature, t), pi_ia[i])  # (2)
            if t == times[k]:
                for a in range(sizes[i]):
                    out_policy[k, i, a] = pi_ia[i, a]
        if t == times[k]:
            k += 1
        if k == len(times):
            break
        for i in range(n):
            actions_i[i] = explored(rng, pi_ia[i], sizes[i], at(exploration, t))
        joint = joint_action(actions_i, sizes)
        for i in range(n):
            a, r = actions_i[i], r_ia[i, joint]
            v = discount * largest(q_ia[i], sizes[i]) if discount > 0.0 else 0.0
            q_ia[i, a] += at(step, t) * (r + v - q_ia[i, a])  # (3)
            if r > best_ia[i, a]:
                best_ia[i, a], hits_ia[i, a] = r, 0.0
            if r == best_ia[i, a]:
                hits_ia[i, a] += 1.0
            plays_ia[i, a] += 1.0
            out_rewards[k - 1, i] += r / (times[k] - times[k - 1])
