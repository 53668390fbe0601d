"""The joint action learner of the authors' code, which divides expected values by their sum before it compares them.

It is in github.com/rommeoijcai2019/rommeo, maci/learners/tabular/Q.py. An agent plays at random with probability ε_t,
or else the action (2):

    EV(a)   = Σ_b Q(a, b) P(b),     P: how often the other played b in the last 50 episodes                 (1)
    argmax_a EV(a) / Σ_a' EV(a')                                                                             (2)

Where the sum is negative, this is the action that is worth the LEAST. With λ_t = 10000/(10000 + t),

    Q(a, b) ← Q(a, b) + λ_t (r − Q(a, b)),     ε_t = 0.1 λ_t.                                                (3)

Claus and Boutilier's learner, which is in `mathrl.learners`, compares EV itself.

Here counts stand for P, which changes neither (2) nor the largest of (1), and sums are written out: so actions that are
worth the same tie, and do so on every processor.
"""

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.figures.rommeo.simulated import EPISODES
from mathrl.games import load

__all__ = ["rewards"]

WINDOW, EXPLORATION, DECAY = 50, 0.1, 10_000.0
"""The settings of the code: of how many episodes (1) is, ε_0, and what λ_t falls by."""


def rewards(seed: int, runs: int, *, divided: bool = True) -> FloatArray:
    """What is paid in each episode of the climbing game, (runs, episodes).

    `divided`  whether agents play by (2); else they take the largest of (1)
    """
    rng, pays = np.random.default_rng(seed), load("climbing").rewards[0]
    run, agent = np.arange(runs)[:, None], np.arange(2)
    Q_riab, n_rib = rng.random((runs, 2, 3, 3)), rng.dirichlet(np.ones(3), (runs, 2))
    seen, paid = np.zeros((EPISODES, runs, 2, 3)), np.zeros((runs, EPISODES))
    for t in range(EPISODES):
        λ = DECAY / (DECAY + t)
        EV_ria = _sum(Q_riab * n_rib[:, :, None])  # (1)
        with np.errstate(all="ignore"):  # a sum of 0 makes numbers that are not finite, as in the code
            worth = EV_ria / _sum(EV_ria)[..., None] if divided else EV_ria
        random = rng.random((runs, 2)) < EXPLORATION * λ
        own = np.where(random, rng.integers(3, size=(runs, 2)), worth.argmax(axis=-1))  # (2)
        other = own[:, ::-1]
        paid[:, t] = pays[own[:, 0], own[:, 1]]
        seen[t] = other[..., None] == np.arange(3)
        n_rib = seen[max(0, t + 1 - WINDOW) : t + 1].sum(axis=0)
        Q_riab[run, agent, own, other] += λ * (paid[:, t, None] - Q_riab[run, agent, own, other])  # (3)
    return paid


def _sum(x: FloatArray) -> FloatArray:
    """Over the last axis, one after the other."""
    return np.asarray(x[..., 0] + x[..., 1] + x[..., 2])
