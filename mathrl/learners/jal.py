"""Joint action learning: Q of joint actions, and the others' actions from how often each was seen.

    P_j(a_j) = (c_j(a_j) + c_0) / Σ_a (c_j(a) + c_0)                      for each other agent j    (1)
    EV(a_i)  = Σ_{a_−i} Q(a_i, a_−i) Π_{j≠i} P_j(a_j)                                               (2)
    π(a_i)   ∝ exp(EV(a_i)/T_t)                                                                     (3)
    Q(a)     ← Q(a) + λ_t (r + γ max EV − Q(a))                           for what was played       (4)

c_j counts what agent j has played; before anything is seen and with c_0 = 0, (1) is uniform. Claus and Boutilier, The
dynamics of reinforcement learning in cooperative multiagent systems, AAAI 1998, sections 3 and 4, where γ = 0 and T
falls geometrically. Each agent learns so from its own rewards. One agent alone learns by Q-learning of one state.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mathrl.base.checks import FloatArray, not_negative
from mathrl.base.compile import inner
from mathrl.games import Game
from mathrl.learners.by_play import SoftByPlay, by_play, one_run
from mathrl.learners.learner import Runs, learner
from mathrl.learners.learning import Learning
from mathrl.learners.pieces import Payoffs, frequencies, product_of_others
from mathrl.learners.q_learning import Common, learn_joint, soften
from mathrl.learners.records import Records
from mathrl.learners.schedule import Schedule

__all__ = ["Jal", "jal"]

COOLING = Schedule(16.0, rate=0.9, floor=0.1)


@dataclass(frozen=True, kw_only=True)
class Jal(SoftByPlay):
    """Settings of `jal`: those of `SoftByPlay`, and one more.

    `step`         λ of (4)
    `temperature`  T of (3); default: 16 · 0.9^t, on top of 0.1
    `prior_count`  c_0 of (1), ≥ 0
    """

    temperature: float | Schedule = COOLING
    prior_count: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        not_negative("prior_count", self.prior_count)


@learner(Jal)
def jal(game: Game, settings: Jal, runs: Runs) -> Learning:
    """Let all agents of a matrix game learn by (1)-(4), an episode being one joint action.

    The arguments are those of `mathrl.learners.Learner`, and the settings those of `Jal`. Any number of agents and
    actions, all available. `observed` of what it returns is the product of (1).
    """
    return by_play("jal", game, settings, runs, _begun, _RUN, observed=True)


class _Memory(NamedTuple):
    """Settings as numbers, Q, c, and what follows from them in each episode."""

    prior_count: float
    q_iab: FloatArray
    counts_ja: FloatArray
    p_ja: FloatArray
    p_b: FloatArray


def _begun(s: Jal, game: Payoffs, rng: np.random.Generator, episodes: int) -> _Memory:
    n, most, others = game.most
    return _Memory(
        prior_count=float(s.prior_count),
        q_iab=rng.uniform(*s.initial_q, size=(n, most, others)),
        counts_ja=np.zeros((n, most)),
        p_ja=np.empty((n, most)),
        p_b=np.empty(others),
    )


@inner
def _strategies(game: Payoffs, common: Common, own: _Memory, t: int, out_pi_ia: FloatArray) -> None:
    for j in range(len(game.sizes)):
        frequencies(own.counts_ja[j], game.sizes[j], own.prior_count, own.p_ja[j])  # (1)
    for i in range(len(game.sizes)):
        product_of_others(own.p_ja, game.sizes, i, own.p_b)
        for a in range(game.sizes[i]):
            out_pi_ia[i, a] = 0.0
            for b in range(game.others[i]):
                out_pi_ia[i, a] += own.q_iab[i, a, b] * own.p_b[b]  # (2)
        soften(game, common, t, i, out_pi_ia[i])  # (3)


@inner
def _update(rng: np.random.Generator, game: Payoffs, common: Common, own: _Memory, t: int, joint: int) -> None:
    for i in range(len(game.sizes)):
        learn_joint(game, common, t, i, joint, own.q_iab[i])  # (4)
        own.counts_ja[i, game.a_ia[i, joint]] += 1.0


@inner
def _recorded(game: Payoffs, own: _Memory, pi_ia: FloatArray, k: int, records: Records) -> None:
    for i in range(len(game.sizes)):
        product_of_others(own.p_ja, game.sizes, i, records.observed[k, i])


_RUN = one_run("jal", _strategies, _update, _recorded)
