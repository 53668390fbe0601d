"""Policy hill-climbing that learns fast while it loses and slowly while it wins.

    Q(a)  ← Q(a) + α_t (r + γ max Q − Q(a))                              for the action played      (1)
    π̄(a)  ← π̄(a) + (π(a) − π̄(a))/C                                      in the C-th episode        (2)
    δ     = δ_win if Σ_a π(a) Q(a) > Σ_a π̄(a) Q(a), else δ_lose                                     (3)
    δ_a   = min(π(a), δ/(|A| − 1))                                                                  (4)
    π(a)  ← π(a) − δ_a for a ≠ argmax Q,   π(a) ← π(a) + Σ_{a'≠a} δ_{a'} for a = argmax Q           (5)

Bowling and Veloso, Multiagent learning using a variable learning rate, Artificial Intelligence 136 (2002), and Rational
and convergent learning in stochastic games, IJCAI 2001, for one state. Each agent learns so from its own rewards and
actions. Of several largest Q the first counts. With δ_win = δ_lose it is policy hill-climbing.

(1) to (5) and the rates were compared with two public codes, not with the papers' own text:
- OpenSpiel (github.com/google-deepmind/open_spiel, open_spiel/python/algorithms/wolf_phc.py), whose schedules are said
  to be those of the paper: δ_win = 1/(20000 + t), δ_lose = 2/(20000 + t), α_t = 1/(100 + t/10000), exploration 0.2.
  It has (1) to (5), but in (4) and (5) it shares between all actions of largest Q, and moves nothing where all are.
- ROMMEO's authors (github.com/rommeoijcai2019/rommeo, maci/learners/tabular/PHC.py, and the same in
  github.com/ying-wen/malib_deprecated): δ_win = 0.0025 and δ_lose = 0.005, the defaults here, α_t = 10000/(10000 + t),
  and a random π at first. They have (1) to (3). In place of (4) and (5) only the action that was played moves, up by δ
  if its Q is the largest, else down by δ/(|A| − 1); then π is shifted to be no less than 0, and divided by its sum.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mathrl.base.checks import FloatArray, flag
from mathrl.base.compile import inner
from mathrl.games import Game
from mathrl.learners.by_play import ByPlay, by_play, one_run
from mathrl.learners.learner import Runs, learner
from mathrl.learners.learning import Learning
from mathrl.learners.pieces import Payoffs
from mathrl.learners.q_learning import Common, learn_own
from mathrl.learners.schedule import Schedule, at, scheduled

__all__ = ["WolfPhc", "wolf_phc"]


@dataclass(frozen=True, kw_only=True)
class WolfPhc(ByPlay):
    """Settings of `wolf_phc`: those of `ByPlay`, and three more. Both δ may be a `Schedule` of the episode.

    `step`           α of (1)
    `win`            δ_win of (3), in [0, 1]
    `lose`           δ_lose of (3), in [0, 1]
    `random_policy`  whether π is at first drawn uniformly from the simplex; by default it is uniform
    """

    win: float | Schedule = 0.0025
    lose: float | Schedule = 0.005
    random_policy: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        scheduled("win", self.win, 1.0)
        scheduled("lose", self.lose, 1.0)
        flag("random_policy", self.random_policy)


@learner(WolfPhc)
def wolf_phc(game: Game, settings: WolfPhc, runs: Runs) -> Learning:
    """Let all agents of a matrix game learn by (1)-(5), an episode being one joint action.

    The arguments are those of `mathrl.learners.Learner`, and the settings those of `WolfPhc`. Any number of agents and
    actions, all available.
    """
    return by_play("wolf_phc", game, settings, runs, _begun, _RUN)


class _Memory(NamedTuple):
    """Settings as numbers, Q, π and π̄."""

    win: FloatArray
    lose: FloatArray
    q_ia: FloatArray
    pi_ia: FloatArray
    mean_ia: FloatArray


def _begun(s: WolfPhc, game: Payoffs, rng: np.random.Generator, episodes: int) -> _Memory:
    shape = game.most[:2]
    q_ia, pi_ia = rng.uniform(*s.initial_q, size=shape), np.zeros(shape)
    for own, size in zip(pi_ia, game.sizes, strict=True):
        own[:size] = rng.dirichlet(np.ones(size)) if s.random_policy else 1 / size
    return _Memory(
        win=scheduled("win", s.win).numbers,
        lose=scheduled("lose", s.lose).numbers,
        q_ia=q_ia,
        pi_ia=pi_ia,
        mean_ia=np.zeros(shape),
    )


@inner
def _strategies(game: Payoffs, common: Common, own: _Memory, t: int, out_pi_ia: FloatArray) -> None:
    for i in range(len(game.sizes)):
        for a in range(game.sizes[i]):
            out_pi_ia[i, a] = own.pi_ia[i, a]


@inner
def _update(rng: np.random.Generator, game: Payoffs, common: Common, own: _Memory, t: int, joint: int) -> None:
    learn_own(game, common, t, joint, own.q_ia)  # (1)
    for i in range(len(game.sizes)):
        q_a, pi_a, mean_a, size = own.q_ia[i], own.pi_ia[i], own.mean_ia[i], game.sizes[i]
        gain, best = 0.0, 0
        for a in range(size):
            mean_a[a] += (pi_a[a] - mean_a[a]) / (t + 1.0)  # (2)
            gain += (pi_a[a] - mean_a[a]) * q_a[a]
            if q_a[a] > q_a[best]:
                best = a
        delta = at(own.win, t) if gain > 0.0 else at(own.lose, t)  # (3)
        rest = 0.0
        for a in range(size):
            if a != best:
                pi_a[a] -= min(pi_a[a], delta / (size - 1.0))  # (4), (5)
                rest += pi_a[a]
        pi_a[best] = 1.0 - rest  # so that the sum stays 1 to rounding


_RUN = one_run("wolf_phc", _strategies, _update)
