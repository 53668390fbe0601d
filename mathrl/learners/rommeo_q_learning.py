"""ROMMEO-Q as an algorithm that learns from play: a table of Q, and an opponent model tilted towards what pays.

    P(b)    = (how often b is among the last M joint actions of the others + c_0) / (their sum)       (1)
    ρ(b)    ∝ P(b) (Σ_a exp(Q(a, b)/α_t))^{α_t}                                                       (2)
    π(a|b)  ∝ exp(Q(a, b)/α_t)                                                                        (3)
    π(a)    = Σ_b ρ(b) π(a|b)                                            what is played               (4)
    Q(a, b) ← Q(a, b) + λ_t (r + γ V − Q(a, b))                          for N samples of the last M    (5)
    V       = log Σ_b P(b) (Σ_a exp(Q(a, b)/α_t))^{α_t}                                               (6)

Tian et al., A Regularized Opponent Model with Maximum Entropy Objective, IJCAI 2019, Algorithm 1 with Eq. 10 and 11,
for one state. By default γ = 0: the episode ends with the joint action, and the target is r. `empirical` puts P in
place of ρ in (4): that is ROMMEO-Q-EMP of Section 5.1. With N = 0, (5) takes the newest sample instead, as the authors'
code does (github.com/rommeoijcai2019/rommeo, maci/learners/tabular/Q.py). Before anything is seen and with c_0 = 0, (1)
is uniform. b is the joint action of all others. One agent alone learns by Q-learning of one state.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from mathrl.base.checks import FloatArray, count, discount_factor, flag, instance, not_negative
from mathrl.base.compile import inner, kernel
from mathrl.games import Game
from mathrl.learners.learning import Learning, Records, collected
from mathrl.learners.pieces import IntArray, explored, joint_action, payoffs
from mathrl.learners.schedule import Schedule, at, between, scheduled

__all__ = ["RommeoQ", "rommeo_q_learning"]


@dataclass(frozen=True)
class RommeoQ:
    """Settings of `rommeo_q_learning`. Steps, temperatures and exploration may be a `Schedule` of the episode.

    `step`         λ of (5), in [0, 1]
    `temperature`  α of (2) and (3), > 0 at all times
    `window`       M, how many joint actions are kept, ≥ 1; None: all
    `samples`      N of (5), drawn uniformly from what is kept; 0: the newest
    `prior_count`  c_0 of (1), ≥ 0
    `empirical`    whether P takes the place of ρ in (4)
    `exploration`  the probability of an action that is drawn uniformly instead, in [0, 1]
    `initial_q`    Q at first: uniform draws between these two numbers
    `discount`     γ, in [0, 1): another episode follows, and its value counts; by default 0
    """

    step: float | Schedule = 0.1
    temperature: float | Schedule = 1.0
    window: int | None = None
    samples: int = 0
    prior_count: float = 0.0
    empirical: bool = False
    exploration: float | Schedule = 0.0
    initial_q: tuple[float, float] = (0.0, 0.0)
    discount: float = 0.0

    def __post_init__(self) -> None:
        scheduled("step", self.step, 1.0)
        scheduled("temperature", self.temperature, above=0.0)
        if self.window is not None:
            count("window", self.window, 1)
        count("samples", self.samples)
        not_negative("prior_count", self.prior_count)
        flag("empirical", self.empirical)
        scheduled("exploration", self.exploration, 1.0)
        between("initial_q", self.initial_q)
        discount_factor("discount", self.discount)


def rommeo_q_learning(
    game: Game,
    *,
    settings: RommeoQ = RommeoQ(),
    episodes: int,
    seeds: int | Iterable[int] = 1,
    seed: int = 0,
    record: int | Iterable[int] = 1,
) -> Learning:
    """Let all agents of a matrix game learn by (1)-(5), an episode being one joint action.

    `game`      a matrix game with any number of agents and actions, all available
    `settings`  steps, temperatures, what is kept, and initial values
    `episodes`  how many joint actions are played, ≥ 1
    `seeds`     how many runs, or their numbers
    `seed`      run k draws from `numpy.random.default_rng([seed, k])`
    `record`    policies are recorded every so many episodes, or after these

    Returns `Learning`; `models` is ρ, also with `empirical`, and `observed` is P. Raises `ValueError` naming the
    argument.
    """
    given = payoffs(game)
    s = instance("settings", settings, RommeoQ, "mathrl.learners.RommeoQ")
    n, most, others = len(given.sizes), int(given.sizes.max()), int(given.others.max())
    window = min(s.window or count("episodes", episodes, 1), count("episodes", episodes, 1))

    def run(rng: np.random.Generator, records: Records) -> None:
        _run(
            rng, given.r_ia, given.sizes, given.a_ia, given.b_ia, given.others,
            scheduled("step", s.step).numbers, scheduled("temperature", s.temperature).numbers,
            scheduled("exploration", s.exploration).numbers, float(s.discount), int(s.samples),
            float(s.prior_count), bool(s.empirical),
            rng.uniform(*s.initial_q, size=(n, most, others)), np.zeros((n, others)), np.zeros(window, dtype=np.int64),
            0, np.empty((n, others)), np.empty((n, others)), np.empty((most, others)), np.empty((n, most)),
            np.empty(n), np.empty(n, dtype=np.int64), records.times, records.policy, records.rewards, records.models,
            records.observed,
        )  # fmt: skip

    return collected(
        "rommeo_q_learning", s, game, run, episodes=episodes, seeds=seeds, seed=seed, record=record, models=True,
        observed=True,
    )  # fmt: skip


@inner
def _strategies(
    q_ab: FloatArray,
    size: int,
    others: int,
    alpha: float,
    p_b: FloatArray,
    empirical: bool,
    out_rho_b: FloatArray,
    out_pi_ab: FloatArray,
    out_pi_a: FloatArray,
) -> float:
    """Write ρ of (2), π(a|b) of (3) and π of (4) for one agent; return V of (6)."""
    top = -math.inf
    for b in range(others):
        largest, total = q_ab[0, b], 0.0
        for a in range(1, size):
            largest = max(largest, q_ab[a, b])
        for a in range(size):
            out_pi_ab[a, b] = math.exp((q_ab[a, b] - largest) / alpha)
            total += out_pi_ab[a, b]
        for a in range(size):
            out_pi_ab[a, b] /= total  # (3)
        out_rho_b[b] = largest + alpha * math.log(total)
        if p_b[b] > 0.0:
            top = max(top, out_rho_b[b])
    total = 0.0
    for b in range(others):
        out_rho_b[b] = p_b[b] * math.exp(out_rho_b[b] - top) if p_b[b] > 0.0 else 0.0
        total += out_rho_b[b]
    for b in range(others):
        out_rho_b[b] /= total  # (2)
    for a in range(size):
        out_pi_a[a] = 0.0
        for b in range(others):
            out_pi_a[a] += (p_b[b] if empirical else out_rho_b[b]) * out_pi_ab[a, b]  # (4)
    return top + math.log(total)  # (6)


@kernel
def _run(
    rng: np.random.Generator,
    r_ia: FloatArray,
    sizes: IntArray,
    a_ia: IntArray,
    b_ia: IntArray,
    others: IntArray,
    step: FloatArray,
    temperature: FloatArray,
    exploration: FloatArray,
    discount: float,
    samples: int,
    prior_count: float,
    empirical: bool,
    q_iab: FloatArray,
    counts_ib: FloatArray,
    kept: IntArray,
    began: int,
    p_ib: FloatArray,
    rho_ib: FloatArray,
    pi_ab: FloatArray,
    pi_ia: FloatArray,
    v_i: FloatArray,
    actions_i: IntArray,
    times: IntArray,
    out_policy: FloatArray,
    out_rewards: FloatArray,
    out_models: FloatArray,
    out_observed: FloatArray,
) -> None:
    """Play and learn until the last of `times`; Q, the counts and what is kept are changed.

    Of the latter `began` are there.
    """
    n = len(sizes)
    k = 0
    for t in range(times[-1] + 1):
        for i in range(n):
            total = 0.0
            for b in range(others[i]):
                total += counts_ib[i, b] + prior_count
            for b in range(others[i]):
                p_ib[i, b] = (counts_ib[i, b] + prior_count) / total if total > 0.0 else 1.0 / others[i]  # (1)
            v_i[i] = _strategies(
                q_iab[i], sizes[i], others[i], at(temperature, t), p_ib[i], empirical, rho_ib[i], pi_ab, pi_ia[i]
            )  # fmt: skip
            if t == times[k]:
                for a in range(sizes[i]):
                    out_policy[k, i, a] = pi_ia[i, a]
                for b in range(others[i]):
                    out_models[k, i, b] = rho_ib[i, b]
                    out_observed[k, i, b] = p_ib[i, b]
        if t == times[k]:
            k += 1
        if k == len(times):
            break
        for i in range(n):
            actions_i[i] = explored(rng, pi_ia[i], sizes[i], at(exploration, t))
        joint = joint_action(actions_i, sizes)
        number = began + t
        place = number % len(kept)
        for i in range(n):
            if number >= len(kept):
                counts_ib[i, b_ia[i, kept[place]]] -= 1.0
            counts_ib[i, b_ia[i, joint]] += 1.0
            out_rewards[k - 1, i] += r_ia[i, joint] / (times[k] - times[k - 1])
        kept[place] = joint
        size, rate = min(number + 1, len(kept)), at(step, t)
        for _ in range(max(samples, 1)):
            for i in range(n):
                sample = joint if samples == 0 else kept[min(int(rng.random() * size), size - 1)]
                a, b = a_ia[i, sample], b_ia[i, sample]
                q_iab[i, a, b] += rate * (r_ia[i, sample] + discount * v_i[i] - q_iab[i, a, b])  # (5)
