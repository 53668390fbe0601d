"""PR2-Q: probabilistic recursive reasoning with a table of Q.

    ρ(b|a)  ∝ exp(Q(a, b)/β)                     what the others answer, if I play a                (1)
    E(a)    = Σ_b ρ(b|a) Q(a, b)                                                                    (2)
    π(a)    ∝ exp(E(a)/T_t)                                                                         (3)
    Q(a, b) ← Q(a, b) + α_t (r + γ max E − Q(a, b))        for what was played                      (4)

Wen, Yang, Luo, Wang and Pan, Probabilistic recursive reasoning for multi-agent reinforcement learning, ICLR 2019,
Theorem 1 and the tabular algorithm, for one state. There ρ(b|a) ∝ exp(Q(a, b) − Q(a)) with a second table Q(a): it is
the same for all b and drops out, and β = T = 1. With `frequency`, ρ is instead
how often b was seen with a, as their code has it by default: (n(a, b) + c_0)/Σ_b' (n(a, b') + c_0), uniform where there
is nothing. b is the joint action of all others. One agent alone learns by Q-learning of one state.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from mathrl.base.checks import FloatArray, discount_factor, flag, instance, not_negative, positive
from mathrl.base.compile import kernel
from mathrl.games import Game
from mathrl.learners.learning import Learning, Records, collected
from mathrl.learners.pieces import IntArray, boltzmann, explored, joint_action, largest, payoffs
from mathrl.learners.schedule import Schedule, at, between, scheduled

__all__ = ["Pr2Q", "pr2_q"]


@dataclass(frozen=True)
class Pr2Q:
    """Settings of `pr2_q`. What is a number may be a `Schedule` of the episode, but for β and c_0.

    `step`               α of (4), in [0, 1]
    `temperature`        T of (3), > 0 at all times
    `model_temperature`  β of (1), > 0
    `frequency`          whether ρ is the frequency instead
    `prior_count`        c_0 of the frequency, ≥ 0
    `exploration`        the probability of an action that is drawn uniformly instead, in [0, 1]
    `initial_q`          Q at first: uniform draws between these two numbers
    `discount`           γ, in [0, 1): another episode follows, and its value counts; by default 0
    """

    step: float | Schedule = 0.1
    temperature: float | Schedule = 1.0
    model_temperature: float = 1.0
    frequency: bool = False
    prior_count: float = 0.0
    exploration: float | Schedule = 0.0
    initial_q: tuple[float, float] = (0.0, 0.0)
    discount: float = 0.0

    def __post_init__(self) -> None:
        scheduled("step", self.step, 1.0)
        scheduled("temperature", self.temperature, above=0.0)
        positive("model_temperature", self.model_temperature)
        flag("frequency", self.frequency)
        not_negative("prior_count", self.prior_count)
        scheduled("exploration", self.exploration, 1.0)
        between("initial_q", self.initial_q)
        discount_factor("discount", self.discount)


def pr2_q(
    game: Game,
    *,
    settings: Pr2Q = Pr2Q(),
    episodes: int,
    seeds: int | Iterable[int] = 1,
    seed: int = 0,
    record: int | Iterable[int] = 1,
) -> Learning:
    """Let all agents of a matrix game learn by (1)-(4), an episode being one joint action.

    `game`      a matrix game with any number of agents and actions, all available
    `settings`  steps, temperatures, the form of the model, and initial values
    `episodes`  how many joint actions are played, ≥ 1
    `seeds`     how many runs, or their numbers
    `seed`      run k draws from `numpy.random.default_rng([seed, k])`
    `record`    policies are recorded every so many episodes, or after these

    Returns `Learning`; `models` is Σ_a π(a) ρ(b|a). Raises `ValueError` naming the argument.
    """
    given = payoffs(game)
    s = instance("settings", settings, Pr2Q, "mathrl.learners.Pr2Q")
    n, most, others = len(given.sizes), int(given.sizes.max()), int(given.others.max())

    def run(rng: np.random.Generator, records: Records) -> None:
        _run(
            rng, given.r_ia, given.sizes, given.b_ia, given.others,
            scheduled("step", s.step).numbers, scheduled("temperature", s.temperature).numbers,
            scheduled("exploration", s.exploration).numbers, float(s.discount), float(s.model_temperature),
            bool(s.frequency), float(s.prior_count), rng.uniform(*s.initial_q, size=(n, most, others)),
            np.zeros((n, most, others)), np.empty((most, others)), np.empty((n, most)), np.empty(n),
            np.empty(n, dtype=np.int64), records.times, records.policy, records.rewards, records.models,
        )  # fmt: skip

    return collected("pr2_q", s, game, run, episodes=episodes, seeds=seeds, seed=seed, record=record, models=True)


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
    model_temperature: float,
    frequency: bool,
    prior_count: float,
    q_iab: FloatArray,
    counts_iab: FloatArray,
    rho_ab: FloatArray,
    pi_ia: FloatArray,
    v_i: FloatArray,
    actions_i: IntArray,
    times: IntArray,
    out_policy: FloatArray,
    out_rewards: FloatArray,
    out_models: FloatArray,
) -> None:
    """Play and learn until the last of `times`; Q and the counts are changed."""
    n = len(sizes)
    k = 0
    for t in range(times[-1] + 1):
        for i in range(n):
            for a in range(sizes[i]):
                if frequency:
                    total = 0.0
                    for b in range(others[i]):
                        total += counts_iab[i, a, b] + prior_count
                    for b in range(others[i]):
                        rho_ab[a, b] = (
                            (counts_iab[i, a, b] + prior_count) / total if total > 0.0 else 1.0 / others[i]
                        )  # fmt: skip
                else:
                    boltzmann(q_iab[i, a], others[i], model_temperature, rho_ab[a])  # (1)
                pi_ia[i, a] = 0.0
                for b in range(others[i]):
                    pi_ia[i, a] += rho_ab[a, b] * q_iab[i, a, b]  # (2)
            v_i[i] = largest(pi_ia[i], sizes[i]) if discount > 0.0 else 0.0
            boltzmann(pi_ia[i], sizes[i], at(temperature, t), pi_ia[i])  # (3)
            if t == times[k]:
                for a in range(sizes[i]):
                    out_policy[k, i, a] = pi_ia[i, a]
                    for b in range(others[i]):
                        out_models[k, i, b] += pi_ia[i, a] * rho_ab[a, b]
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
            counts_iab[i, a, b] += 1.0
            out_rewards[k - 1, i] += r / (times[k] - times[k - 1])
