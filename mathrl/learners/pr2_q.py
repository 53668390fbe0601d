"""PR2-Q: probabilistic recursive reasoning with a table of Q.

    ρ(b|a)  ∝ exp(Q(a, b)/β)                     what the others answer, if I play a                (1)
    E(a)    = Σ_b ρ(b|a) Q(a, b)                                                                    (2)
    π(a)    ∝ exp(E(a)/T_t)                                                                         (3)
    Q(a, b) ← Q(a, b) + α_t (r + γ max E − Q(a, b))        for what was played                      (4)

Wen, Yang, Luo, Wang and Pan, Probabilistic recursive reasoning for multi-agent reinforcement learning, ICLR 2019, for
one state. There ρ(b|a) ∝ exp(Q(a, b) − Q(a)) with a second table Q(a): it is the same for all b and drops out, and
β = T = 1. With `frequency`, ρ is instead how often b was seen with a: (n(a, b) + c_0)/Σ_b' (n(a, b') + c_0), uniform
where there is nothing. b is the joint action of all others. One agent alone learns by Q-learning of one state.

This was compared with three public versions of the authors' tabular code, not with the paper's own text: class RRQAgent
in github.com/rommeoijcai2019/rommeo (maci/learners/tabular/Q.py) and in github.com/ying-wen/malib_deprecated
(malib/agents/tabular/q_learning/pr2_q.py), which are alike, and a third that is called pr2q. All have (2), (3) with
T = 1, (4) with α_t = 10000/(10000 + t), a target of r alone where the episode ends, and Q uniform in [0, 1) at first.
In ρ they differ from (1) and from each other:
- By default ρ is n(a, b)/(Σ_b' n(a, b') + ε), with the joint action just played counted before V is taken; what was not
  seen has 0 in place of 1/|B|. ε is 0.01 in the third, and 0.1 in the others, which then divide by the sum of the whole
  table + 0.1, so that E is some |A| times smaller.
- As an option the third takes a soft-max of Q(a, b) − Q(a), with T = 1; that of the same authors' utilities sums to 1
  over a and not over b, so that Q(a) does not drop out. The others take log exp(Q(a, b) − Q(a)) divided by its sum over
  b, which need not be a distribution.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mathrl.base.checks import FloatArray, flag, not_negative, positive
from mathrl.base.compile import inner
from mathrl.games import Game
from mathrl.learners.by_play import SoftByPlay, by_play, one_run
from mathrl.learners.learner import Runs, learner
from mathrl.learners.learning import Learning
from mathrl.learners.pieces import Payoffs, boltzmann, frequencies
from mathrl.learners.q_learning import Common, learn_joint, soften
from mathrl.learners.records import Records

__all__ = ["Pr2Q", "pr2_q"]


@dataclass(frozen=True, kw_only=True)
class Pr2Q(SoftByPlay):
    """Settings of `pr2_q`: those of `SoftByPlay`, and three more.

    `step`               α of (4)
    `temperature`        T of (3)
    `model_temperature`  β of (1), > 0
    `frequency`          whether ρ is the frequency instead
    `prior_count`        c_0 of the frequency, ≥ 0
    """

    model_temperature: float = 1.0
    frequency: bool = False
    prior_count: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        positive("model_temperature", self.model_temperature)
        flag("frequency", self.frequency)
        not_negative("prior_count", self.prior_count)


@learner(Pr2Q)
def pr2_q(game: Game, settings: Pr2Q, runs: Runs) -> Learning:
    """Let all agents of a matrix game learn by (1)-(4), an episode being one joint action.

    The arguments are those of `mathrl.learners.Learner`, and the settings those of `Pr2Q`. Any number of agents and
    actions, all available. `models` of what it returns is Σ_a π(a) ρ(b|a).
    """
    return by_play("pr2_q", game, settings, runs, _begun, _RUN, models=True)


class _Memory(NamedTuple):
    """Settings as numbers, Q, n, and what follows from them in each episode."""

    model_temperature: float
    frequency: bool
    prior_count: float
    q_iab: FloatArray
    counts_iab: FloatArray
    rho_iab: FloatArray


def _begun(s: Pr2Q, game: Payoffs, rng: np.random.Generator, episodes: int) -> _Memory:
    return _Memory(
        model_temperature=float(s.model_temperature),
        frequency=bool(s.frequency),
        prior_count=float(s.prior_count),
        q_iab=rng.uniform(*s.initial_q, size=game.most),
        counts_iab=np.zeros(game.most),
        rho_iab=np.empty(game.most),
    )


@inner
def _strategies(game: Payoffs, common: Common, own: _Memory, t: int, out_pi_ia: FloatArray) -> None:
    for i in range(len(game.sizes)):
        for a in range(game.sizes[i]):
            if own.frequency:
                frequencies(own.counts_iab[i, a], game.others[i], own.prior_count, own.rho_iab[i, a])
            else:
                boltzmann(own.q_iab[i, a], game.others[i], own.model_temperature, own.rho_iab[i, a])  # (1)
            out_pi_ia[i, a] = 0.0
            for b in range(game.others[i]):
                out_pi_ia[i, a] += own.rho_iab[i, a, b] * own.q_iab[i, a, b]  # (2)
        soften(game, common, t, i, out_pi_ia[i])  # (3)


@inner
def _update(rng: np.random.Generator, game: Payoffs, common: Common, own: _Memory, t: int, joint: int) -> None:
    for i in range(len(game.sizes)):
        learn_joint(game, common, t, i, joint, own.q_iab[i])  # (4)
        own.counts_iab[i, game.a_ia[i, joint], game.b_ia[i, joint]] += 1.0


@inner
def _recorded(game: Payoffs, own: _Memory, pi_ia: FloatArray, k: int, records: Records) -> None:
    for i in range(len(game.sizes)):
        for a in range(game.sizes[i]):
            for b in range(game.others[i]):
                records.models[k, i, b] += pi_ia[i, a] * own.rho_iab[i, a, b]


_RUN = one_run("pr2_q", _strategies, _update, _recorded)
