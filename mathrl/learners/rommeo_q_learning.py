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
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mathrl.base.checks import FloatArray, count, flag, not_negative, room
from mathrl.base.compile import inner
from mathrl.games import Game
from mathrl.learners.by_play import SoftByPlay, by_play, one_run
from mathrl.learners.learner import Runs, learner
from mathrl.learners.learning import Learning
from mathrl.learners.pieces import IntArray, Payoffs, frequencies
from mathrl.learners.q_learning import Common, learn_joint
from mathrl.learners.records import Records
from mathrl.learners.schedule import at

__all__ = ["RommeoQ", "rommeo_q_learning"]


@dataclass(frozen=True, kw_only=True)
class RommeoQ(SoftByPlay):
    """Settings of `rommeo_q_learning`: those of `SoftByPlay`, and four more.

    `step`         λ of (5)
    `temperature`  α of (2) and (3)
    `window`       M, how many joint actions are kept, ≥ 1; None: all
    `samples`      N of (5), drawn uniformly from what is kept; 0: the newest
    `prior_count`  c_0 of (1), ≥ 0
    `empirical`    whether P takes the place of ρ in (4)
    """

    window: int | None = None
    samples: int = 0
    prior_count: float = 0.0
    empirical: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.window is not None:
            count("window", self.window, 1)
        count("samples", self.samples)
        not_negative("prior_count", self.prior_count)
        flag("empirical", self.empirical)


@learner(RommeoQ)
def rommeo_q_learning(game: Game, settings: RommeoQ, runs: Runs) -> Learning:
    """Let all agents of a matrix game learn by (1)-(5), an episode being one joint action.

    The arguments are those of `mathrl.learners.Learner`, and the settings those of `RommeoQ`. Any number of agents and
    actions, all available. `models` of what it returns is ρ, also with `empirical`, and `observed` is P.
    """
    return by_play("rommeo_q_learning", game, settings, runs, _begun, _RUN, models=True, observed=True)


class _Memory(NamedTuple):
    """Settings as numbers, Q, the joint actions that are kept, how often each is there, and what follows from them."""

    samples: int
    prior_count: float
    empirical: bool
    q_iab: FloatArray
    counts_ib: FloatArray
    kept: IntArray
    p_ib: FloatArray
    rho_ib: FloatArray
    pi_ab: FloatArray


def _begun(s: RommeoQ, game: Payoffs, rng: np.random.Generator, episodes: int) -> _Memory:
    n, most, others = game.most
    window = min(s.window or episodes, episodes)
    room("episodes", window)
    return _Memory(
        samples=int(s.samples),
        prior_count=float(s.prior_count),
        empirical=bool(s.empirical),
        q_iab=rng.uniform(*s.initial_q, size=(n, most, others)),
        counts_ib=np.zeros((n, others)),
        kept=np.zeros(window, dtype=np.int64),
        p_ib=np.empty((n, others)),
        rho_ib=np.empty((n, others)),
        pi_ab=np.empty((most, others)),
    )


@inner
def _model(
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


@inner
def _strategies(game: Payoffs, common: Common, own: _Memory, t: int, out_pi_ia: FloatArray) -> None:
    for i in range(len(game.sizes)):
        frequencies(own.counts_ib[i], game.others[i], own.prior_count, own.p_ib[i])  # (1)
        common.v_i[i] = _model(
            own.q_iab[i], game.sizes[i], game.others[i], at(common.temperature, t), own.p_ib[i], own.empirical,
            own.rho_ib[i], own.pi_ab, out_pi_ia[i],
        )  # fmt: skip


@inner
def _update(rng: np.random.Generator, game: Payoffs, common: Common, own: _Memory, t: int, joint: int) -> None:
    place, size = t % len(own.kept), min(t + 1, len(own.kept))
    for i in range(len(game.sizes)):
        if t >= len(own.kept):
            own.counts_ib[i, game.b_ia[i, own.kept[place]]] -= 1.0
        own.counts_ib[i, game.b_ia[i, joint]] += 1.0
    own.kept[place] = joint
    for _ in range(max(own.samples, 1)):
        for i in range(len(game.sizes)):
            drawn = joint if own.samples == 0 else own.kept[min(int(rng.random() * size), size - 1)]
            learn_joint(game, common, t, i, drawn, own.q_iab[i])  # (5)


@inner
def _recorded(game: Payoffs, own: _Memory, pi_ia: FloatArray, k: int, records: Records) -> None:
    for i in range(len(game.sizes)):
        for b in range(game.others[i]):
            records.models[k, i, b] = own.rho_ib[i, b]
            records.observed[k, i, b] = own.p_ib[i, b]


_RUN = one_run("rommeo_q_learning", _strategies, _update, _recorded)
