"""The frequency maximum Q heuristic: independent Q-learning that remembers how often an action paid best.

    E(a) = Q(a) + c · f(a) · R(a),   f(a) = m(a)/n(a)                                               (1)
    π(a) ∝ exp(E(a)/T_t)                                                                            (2)
    Q(a) ← Q(a) + α_t (r + γ max Q − Q(a))                               for the action played      (3)

R(a) is the largest reward that action a has brought so far, n(a) how often it was played, and m(a) how often it brought
R(a). An action not yet played has E = Q. Kapetanakis and Kudenko, Reinforcement learning of coordination in cooperative
multi-agent systems, AAAI 2002, with T_t = 500 e^{−st} + 1, α = 0.9 and γ = 0. With c = 0 it is Q-learning of one state.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mathrl.base.checks import FloatArray, real
from mathrl.base.compile import inner
from mathrl.games import Game
from mathrl.learners.by_play import SoftByPlay, by_play, one_run
from mathrl.learners.learner import Runs, learner
from mathrl.learners.learning import Learning
from mathrl.learners.pieces import Payoffs, boltzmann
from mathrl.learners.q_learning import Common, learn_own
from mathrl.learners.schedule import Schedule, at

__all__ = ["Fmq", "fmq"]

COOLING = Schedule(500.0, rate=float(np.exp(-0.006)), floor=1.0)


@dataclass(frozen=True, kw_only=True)
class Fmq(SoftByPlay):
    """Settings of `fmq`: those of `SoftByPlay`, and one more.

    `step`         α of (3)
    `temperature`  T of (2); default: 500 e^{−0.006 t} + 1
    `weight`       c of (1)
    """

    step: float | Schedule = 0.9
    temperature: float | Schedule = COOLING
    weight: float = 10.0

    def __post_init__(self) -> None:
        super().__post_init__()
        real("weight", self.weight)


@learner(Fmq)
def fmq(game: Game, settings: Fmq, runs: Runs) -> Learning:
    """Let all agents of a matrix game learn by (1)-(3), an episode being one joint action.

    The arguments are those of `mathrl.learners.Learner`, and the settings those of `Fmq`. Any number of agents and
    actions, all available.
    """
    return by_play("fmq", game, settings, runs, _begun, _RUN)


class _Memory(NamedTuple):
    """Settings as numbers, Q, R, m and n."""

    weight: float
    q_ia: FloatArray
    best_ia: FloatArray
    hits_ia: FloatArray
    plays_ia: FloatArray


def _begun(s: Fmq, game: Payoffs, rng: np.random.Generator, episodes: int) -> _Memory:
    shape = game.most[:2]
    return _Memory(
        weight=float(s.weight),
        q_ia=rng.uniform(*s.initial_q, size=shape),
        best_ia=np.full(shape, -np.inf),
        hits_ia=np.zeros(shape),
        plays_ia=np.zeros(shape),
    )


@inner
def _strategies(game: Payoffs, common: Common, own: _Memory, t: int, out_pi_ia: FloatArray) -> None:
    for i in range(len(game.sizes)):
        for a in range(game.sizes[i]):
            out_pi_ia[i, a] = own.q_ia[i, a]
            if own.plays_ia[i, a] > 0.0:
                out_pi_ia[i, a] += own.weight * own.hits_ia[i, a] / own.plays_ia[i, a] * own.best_ia[i, a]  # (1)
        boltzmann(out_pi_ia[i], game.sizes[i], at(common.temperature, t), out_pi_ia[i])  # (2)


@inner
def _update(rng: np.random.Generator, game: Payoffs, common: Common, own: _Memory, t: int, joint: int) -> None:
    learn_own(game, common, t, joint, own.q_ia)  # (3)
    for i in range(len(game.sizes)):
        a, r = game.a_ia[i, joint], game.r_ia[i, joint]
        if r > own.best_ia[i, a]:
            own.best_ia[i, a], own.hits_ia[i, a] = r, 0.0
        if r == own.best_ia[i, a]:
            own.hits_ia[i, a] += 1.0
        own.plays_ia[i, a] += 1.0


_RUN = one_run("fmq", _strategies, _update)
