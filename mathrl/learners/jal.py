"""Joint action learning: Q of joint actions, and the others' actions from how often each was seen.

    P_j(a_j) = (c_j(a_j) + c_0) / Σ_a (c_j(a) + c_0)                      for each other agent j    (1)
    EV(a_i)  = Σ_{a_−i} Q(a_i, a_−i) Π_{j≠i} P_j(a_j)                                               (2)
    π(a_i)   ∝ exp(EV(a_i)/T_t)                                                                     (3)
    Q(a)     ← Q(a) + λ_t (r + γ max EV − Q(a))                           for what was played       (4)

c_j counts what agent j has played; before anything is seen and with c_0 = 0, (1) is uniform. Claus and Boutilier, The
dynamics of reinforcement learning in cooperative multiagent systems, AAAI 1998, sections 3 and 4, where γ = 0 and T
falls geometrically. Each agent learns so from its own rewards. One agent alone learns by Q-learning of one state.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from mathrl.base.checks import FloatArray, discount_factor, instance, not_negative
from mathrl.base.compile import kernel
from mathrl.games import Game
from mathrl.learners.learning import Learning, Records, collected
from mathrl.learners.pieces import IntArray, boltzmann, explored, joint_action, largest, payoffs, product_of_others
from mathrl.learners.schedule import Schedule, at, between, scheduled

__all__ = ["Jal", "jal"]

COOLING = Schedule(16.0, rate=0.9, floor=0.1)


@dataclass(frozen=True)
class Jal:
    """Settings of `jal`. What is a number may be a `Schedule` of the episode.

    `step`         λ of (4), in [0, 1]
    `temperature`  T of (3), > 0 at all times; default: 16 · 0.9^t, on top of 0.1
    `exploration`  the probability of an action that is drawn uniformly instead, in [0, 1]
    `initial_q`    Q at first: uniform draws between these two numbers
    `discount`     γ, in [0, 1): another episode follows, and its value counts; by default 0
    `prior_count`  c_0 of (1), ≥ 0
    """

    step: float | Schedule = 0.1
    temperature: float | Schedule = COOLING
    exploration: float | Schedule = 0.0
    initial_q: tuple[float, float] = (0.0, 0.0)
    discount: float = 0.0
    prior_count: float = 1.0

    def __post_init__(self) -> None:
        scheduled("step", self.step, 1.0)
        scheduled("temperature", self.temperature, above=0.0)
        scheduled("exploration", self.exploration, 1.0)
        between("initial_q", self.initial_q)
        discount_factor("discount", self.discount)
        not_negative("prior_count", self.prior_count)


def jal(
    game: Game,
    *,
    settings: Jal = Jal(),
    episodes: int,
    seeds: int | Iterable[int] = 1,
    seed: int = 0,
    record: int | Iterable[int] = 1,
) -> Learning:
    """Let all agents of a matrix game learn by (1)-(4), an episode being one joint action.

    `game`      a matrix game with any number of agents and actions, all available
    `settings`  steps, temperatures and initial values
    `episodes`  how many joint actions are played, ≥ 1
    `seeds`     how many runs, or their numbers
    `seed`      run k draws from `numpy.random.default_rng([seed, k])`
    `record`    policies are recorded every so many episodes, or after these

    Returns `Learning`; `observed` is the product of (1). Raises `ValueError` naming the argument.
    """
    given = payoffs(game)
    s = instance("settings", settings, Jal, "mathrl.learners.Jal")
    n, most, others = len(given.sizes), int(given.sizes.max()), int(given.others.max())

    def run(rng: np.random.Generator, records: Records) -> None:
        q_iab = rng.uniform(*s.initial_q, size=(n, most, others))
        _run(
            rng, given.r_ia, given.sizes, given.b_ia, given.others,
            scheduled("step", s.step).numbers, scheduled("temperature", s.temperature).numbers,
            scheduled("exploration", s.exploration).numbers, float(s.discount), float(s.prior_count),
            q_iab, np.zeros((n, most)), np.empty((n, most)), np.empty(others), np.empty((n, most)),
            np.empty(n), np.empty(n, dtype=np.int64), records.times, records.policy, records.rewards, records.observed,
        )  # fmt: skip

    return collected(
        "jal", s, game, run, episodes=episodes, seeds=seeds, seed=seed, record=record, observed=True
    )  # fmt: skip


@kernel
def _run(
    rng: np.random.Generator,
    r_ia: FloatArray,
    sizes: IntArray,
    b_ia: IntArray,
    others: IntArray,
    step: FloatArray,
    temperature: FloatArray,
    exploration: FloatArray,
    discount: float,
    prior_count: float,
    q_iab: FloatArray,
    counts_ja: FloatArray,
    p_ja: FloatArray,
    p_b: FloatArray,
    pi_ia: FloatArray,
    v_i: FloatArray,
    actions_i: IntArray,
    times: IntArray,
    out_policy: FloatArray,
    out_rewards: FloatArray,
    out_observed: FloatArray,
) -> None:
    """Play and learn until the last of `times`; Q and the counts are changed."""
    n = len(sizes)
    k = 0
    for t in range(times[-1] + 1):
        for j in range(n):
            total = 0.0
            for a in range(sizes[j]):
                total += counts_ja[j, a] + prior_count
            for a in range(sizes[j]):
                p_ja[j, a] = (counts_ja[j, a] + prior_count) / total if total > 0.0 else 1.0 / sizes[j]  # (1)
        for i in range(n):
            product_of_others(p_ja, sizes, i, p_b)
            if t == times[k]:
                for b in range(others[i]):
                    out_observed[k, i, b] = p_b[b]
            for a in range(sizes[i]):
                pi_ia[i, a] = 0.0
                for b in range(others[i]):
                    pi_ia[i, a] += q_iab[i, a, b] * p_b[b]  # (2)
            v_i[i] = largest(pi_ia[i], sizes[i]) if discount > 0.0 else 0.0
            boltzmann(pi_ia[i], sizes[i], at(temperature, t), pi_ia[i])  # (3)
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
            a, b, r = actions_i[i], b_ia[i, joint], r_ia[i, joint]
            q_iab[i, a, b] += at(step, t) * (r + discount * v_i[i] - q_iab[i, a, b])  # (4)
            counts_ja[i, a] += 1.0
            out_rewards[k - 1, i] += r / (times[k] - times[k - 1])
