"""The learners step by step in plain arrays, and their exact mean-field dynamics.

A learner's state x changes by what is played. With D_x the distribution of the joint action in state x, the mean field
is

    x_{t+1} = Σ_a D_{x_t}(a) F_t(x_t, a)                                                           (1)

where F_t(x, a) is the state after a. It is enumerated, not sampled: the first step from x_0 is the exact expectation of
a run's, and later ones are what runs tend to as many small steps average out. For all learners here but WoLF-PHC, F is
linear in the indicator of a, and (1) is F at the distribution itself.

`Plain` is also the definition that the kernels are tested against: `played` draws as they do.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, singledispatch
from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray, count
from mathrl.games import Game
from mathrl.learners.fmq import Fmq
from mathrl.learners.jal import Jal
from mathrl.learners.pieces import Payoffs, payoffs
from mathrl.learners.pr2_q import Pr2Q
from mathrl.learners.rommeo_q_learning import RommeoQ
from mathrl.learners.schedule import Schedule, scheduled
from mathrl.learners.wolf_phc import WolfPhc

__all__ = ["Plain", "mean_field", "plain"]

State = Mapping[str, FloatArray]


@dataclass(frozen=True, eq=False)
class Plain:
    """A learner on a matrix game, in plain arrays. Its states are dicts of arrays, agents first."""

    settings: Any
    given: Payoffs

    linear = True
    """Whether `after` is linear in the distribution."""

    def at(self, name: str, t: int) -> float:
        """A setting that may be a schedule, at time t."""
        return self._schedules[name].at(t)

    @cached_property
    def _schedules(self) -> dict[str, Schedule]:
        """The settings that may be schedules."""
        names = {"step", "temperature", "win", "lose", "exploration"} & set(vars(self.settings))
        return {name: scheduled(name, getattr(self.settings, name)) for name in names}

    @cached_property
    def _rewards(self) -> list[FloatArray]:
        """The rewards of each agent as a table, (A_i, B_i)."""
        return [self._table(i, own) for i, own in enumerate(self.given.r_ia)]

    def _table(self, i: int, of_joint: FloatArray) -> FloatArray:
        """Numbers of joint actions, (A,), as a table of agent i's and the others' actions, (A_i, B_i)."""
        table = np.zeros((self.given.sizes[i], self.given.others[i]))
        table[self.given.a_ia[i], self.given.b_ia[i]] = of_joint
        return table

    def initial(self, rng: np.random.Generator | None, episodes: int) -> dict[str, FloatArray]:
        """The state at first; of random ones the mean, where there is no generator."""
        raise NotImplementedError

    def policies(self, x: State, t: int) -> list[FloatArray]:
        """What each agent plays, without exploration."""
        raise NotImplementedError

    def after(self, x: State, t: int, p: FloatArray, rng: np.random.Generator | None = None) -> dict[str, FloatArray]:
        """The state after the joint action is drawn from p, (A,): its mean, where it is not a unit vector."""
        raise NotImplementedError

    def explored(self, x: State, t: int) -> list[FloatArray]:
        """What each agent plays, with exploration."""
        ε = self.at("exploration", t)
        return [(1 - ε) * pi + ε / len(pi) for pi in self.policies(x, t)]

    def joint(self, x: State, t: int) -> FloatArray:
        """D_x, the distribution of the joint action, (A,) in C order."""
        p = np.ones(1)
        for own in self.explored(x, t):
            p = np.multiply.outer(p, own).ravel()
        return np.asarray(p / p.sum())  # else rounding doubles in every step

    def mean(self, x: State, t: int) -> dict[str, FloatArray]:
        """The right-hand side of (1)."""
        p = self.joint(x, t)
        if self.linear:
            return self.after(x, t, p)
        states = [(share, self.after(x, t, unit)) for share, unit in zip(p, np.eye(len(p)), strict=True) if share > 0]
        return {name: np.asarray(sum(share * state[name] for share, state in states)) for name in x}

    def played(self, x: State, t: int, rng: np.random.Generator) -> int:
        """A joint action, drawn with the variates that the kernels draw."""
        ε, number = self.at("exploration", t), 0
        for pi in self.policies(x, t):
            if ε > 0 and rng.random() < ε:
                a = min(int(rng.random() * len(pi)), len(pi) - 1)
            else:
                a = min(int((np.cumsum(pi) <= rng.random()).sum()), int(np.flatnonzero(pi)[-1]))
            number = number * len(pi) + a
        return number

    def first_q(self, rng: np.random.Generator | None, *shape: int) -> FloatArray:
        """Q at first."""
        low, high = self.settings.initial_q
        return np.full(shape, (low + high) / 2) if rng is None else rng.uniform(low, high, size=shape)

    @property
    def most(self) -> tuple[int, int, int]:
        """The numbers of agents, of actions and of the others' joint actions, the largest."""
        return len(self.given.sizes), int(self.given.sizes.max()), int(self.given.others.max())

    def tables(self, i: int, p: FloatArray) -> tuple[FloatArray, FloatArray]:
        """p and the rewards of agent i as tables, (A_i, B_i)."""
        return self._table(i, p), self._rewards[i]


def softened(x_a: FloatArray, temperature: float) -> FloatArray:
    """The Boltzmann distribution of x."""
    weights = np.exp((x_a - x_a.max()) / temperature)
    return np.asarray(weights / weights.sum())


class PlainJal(Plain):
    """`jal`."""

    def initial(self, rng: np.random.Generator | None, episodes: int) -> dict[str, FloatArray]:
        n, most, others = self.most
        return {"q": self.first_q(rng, n, most, others), "counts": np.zeros((n, most))}

    def expected(self, x: State, i: int) -> FloatArray:
        """EV of one agent."""
        p_b = np.ones(1)
        for j, size in enumerate(self.given.sizes):
            if j != i:
                c = x["counts"][j, :size] + self.settings.prior_count
                p_b = np.multiply.outer(p_b, c / c.sum() if c.sum() > 0 else np.full(size, 1 / size)).ravel()
        return np.asarray(x["q"][i, : self.given.sizes[i], : len(p_b)] @ p_b)

    def policies(self, x: State, t: int) -> list[FloatArray]:
        return [softened(self.expected(x, i), self.at("temperature", t)) for i in range(len(self.given.sizes))]

    def after(self, x: State, t: int, p: FloatArray, rng: np.random.Generator | None = None) -> dict[str, FloatArray]:
        q, counts = x["q"].copy(), x["counts"].copy()
        for i, (size, others) in enumerate(zip(self.given.sizes, self.given.others, strict=True)):
            p_ab, r_ab = self.tables(i, p)
            target = r_ab + self.settings.discount * self.expected(x, i).max()
            q[i, :size, :others] += self.at("step", t) * p_ab * (target - q[i, :size, :others])
            counts[i, :size] += p_ab.sum(axis=1)
        return {"q": q, "counts": counts}


class PlainPr2Q(Plain):
    """`pr2_q`."""

    def initial(self, rng: np.random.Generator | None, episodes: int) -> dict[str, FloatArray]:
        n, most, others = self.most
        return {"q": self.first_q(rng, n, most, others), "counts": np.zeros((n, most, others))}

    def expected(self, x: State, i: int) -> FloatArray:
        """E of one agent."""
        q_ab = x["q"][i, : self.given.sizes[i], : self.given.others[i]]
        if not self.settings.frequency:
            rho_ab = np.stack([softened(q_b, self.settings.model_temperature) for q_b in q_ab])
        else:
            c = x["counts"][i, : q_ab.shape[0], : q_ab.shape[1]] + self.settings.prior_count
            total = c.sum(axis=1, keepdims=True)
            rho_ab = np.where(total > 0, c / np.where(total > 0, total, 1), 1 / q_ab.shape[1])
        return np.asarray((rho_ab * q_ab).sum(axis=1))

    def policies(self, x: State, t: int) -> list[FloatArray]:
        return [softened(self.expected(x, i), self.at("temperature", t)) for i in range(len(self.given.sizes))]

    def after(self, x: State, t: int, p: FloatArray, rng: np.random.Generator | None = None) -> dict[str, FloatArray]:
        q, counts = x["q"].copy(), x["counts"].copy()
        for i, (size, others) in enumerate(zip(self.given.sizes, self.given.others, strict=True)):
            p_ab, r_ab = self.tables(i, p)
            target = r_ab + self.settings.discount * self.expected(x, i).max()
            q[i, :size, :others] += self.at("step", t) * p_ab * (target - q[i, :size, :others])
            counts[i, :size, :others] += p_ab
        return {"q": q, "counts": counts}


class PlainFmq(Plain):
    """`fmq`. In place of R and m it keeps how often each joint action was played: they follow from it."""

    def initial(self, rng: np.random.Generator | None, episodes: int) -> dict[str, FloatArray]:
        n, most, others = self.most
        return {"q": self.first_q(rng, n, most), "counts": np.zeros((n, most, others))}

    def policies(self, x: State, t: int) -> list[FloatArray]:
        found = []
        for i, (size, others) in enumerate(zip(self.given.sizes, self.given.others, strict=True)):
            n_ab, (_, r_ab) = x["counts"][i, :size, :others], self.tables(i, np.zeros(self.given.r_ia.shape[1]))
            best_a = np.where(n_ab > 0, r_ab, -np.inf).max(axis=1, keepdims=True)
            hits_a, plays_a = (n_ab * (r_ab == best_a)).sum(axis=1), n_ab.sum(axis=1)
            bonus_a = np.where(plays_a > 0, hits_a / np.where(plays_a > 0, plays_a, 1), 0)
            bonus_a = bonus_a * np.where(plays_a > 0, best_a[:, 0], 0.0)
            found.append(softened(x["q"][i, :size] + self.settings.weight * bonus_a, self.at("temperature", t)))
        return found

    def after(self, x: State, t: int, p: FloatArray, rng: np.random.Generator | None = None) -> dict[str, FloatArray]:
        q, counts = x["q"].copy(), x["counts"].copy()
        for i, (size, others) in enumerate(zip(self.given.sizes, self.given.others, strict=True)):
            p_ab, r_ab = self.tables(i, p)
            target = r_ab + self.settings.discount * q[i, :size].max()
            q[i, :size] += self.at("step", t) * (p_ab * (target - q[i, :size, None])).sum(axis=1)
            counts[i, :size, :others] += p_ab
        return {"q": q, "counts": counts}


class PlainWolfPhc(Plain):
    """`wolf_phc`."""

    linear = False

    def initial(self, rng: np.random.Generator | None, episodes: int) -> dict[str, FloatArray]:
        n, most, _ = self.most
        q, pi = self.first_q(rng, n, most), np.zeros((n, most))
        for own, size in zip(pi, self.given.sizes, strict=True):
            drawn = self.settings.random_policy and rng is not None
            own[:size] = rng.dirichlet(np.ones(size)) if drawn and rng is not None else 1 / size
        return {"q": q, "pi": pi, "mean": np.zeros((n, most))}

    def policies(self, x: State, t: int) -> list[FloatArray]:
        return [pi[:size] for pi, size in zip(x["pi"], self.given.sizes, strict=True)]

    def after(self, x: State, t: int, p: FloatArray, rng: np.random.Generator | None = None) -> dict[str, FloatArray]:
        q, pi, mean = x["q"].copy(), x["pi"].copy(), x["mean"].copy()
        for i, size in enumerate(self.given.sizes):
            p_ab, r_ab = self.tables(i, p)
            target = r_ab + self.settings.discount * q[i, :size].max()
            q[i, :size] += self.at("step", t) * (p_ab * (target - q[i, :size, None])).sum(axis=1)
            mean[i] += (pi[i] - mean[i]) / (t + 1)
            wins = (pi[i, :size] - mean[i, :size]) @ q[i, :size] > 0
            delta, best = self.at("win" if wins else "lose", t), int(q[i, :size].argmax())
            down = np.minimum(pi[i, :size], delta / (size - 1)) if size > 1 else np.zeros(1)
            pi[i, :size] -= np.where(np.arange(size) == best, 0, down)
            pi[i, best] += 1 - pi[i, :size].sum()
        return {"q": q, "pi": pi, "mean": mean}


class PlainRommeoQ(Plain):
    """`rommeo_q_learning`. It keeps a distribution for each of the last M episodes, the newest last."""

    def initial(self, rng: np.random.Generator | None, episodes: int) -> dict[str, FloatArray]:
        n, most, others = self.most
        window = min(self.settings.window or episodes, episodes)
        return {"q": self.first_q(rng, n, most, others), "kept": np.zeros((window, self.given.r_ia.shape[1]))}

    def strategies(self, x: State, t: int, i: int) -> tuple[FloatArray, FloatArray, FloatArray, float]:
        """π, ρ, P and V of one agent."""
        α, q_ab = self.at("temperature", t), x["q"][i, : self.given.sizes[i], : self.given.others[i]]
        c = self.tables(i, x["kept"].sum(axis=0))[0].sum(axis=0) + self.settings.prior_count
        p_b = c / c.sum() if c.sum() > 0 else np.full(len(c), 1 / len(c))
        most_b = q_ab.max(axis=0)
        w_ab = np.exp((q_ab - most_b) / α)
        soft_b = most_b + α * np.log(w_ab.sum(axis=0))
        top = soft_b[p_b > 0].max()
        tilted = np.where(p_b > 0, p_b * np.exp(np.minimum(soft_b - top, 0)), 0)
        rho_b = tilted / tilted.sum()
        pi_a = w_ab / w_ab.sum(axis=0) @ (p_b if self.settings.empirical else rho_b)
        return pi_a, rho_b, p_b, float(top + math.log(tilted.sum()))

    def policies(self, x: State, t: int) -> list[FloatArray]:
        return [self.strategies(x, t, i)[0] for i in range(len(self.given.sizes))]

    def after(self, x: State, t: int, p: FloatArray, rng: np.random.Generator | None = None) -> dict[str, FloatArray]:
        q, kept = x["q"].copy(), np.concatenate([x["kept"][1:], p[None]])
        v = [self.strategies(x, t, i)[3] for i in range(len(self.given.sizes))]
        size = min(t + 1, len(kept))
        for _ in range(max(self.settings.samples, 1)):
            for i, (own, others) in enumerate(zip(self.given.sizes, self.given.others, strict=True)):
                if self.settings.samples == 0:
                    sampled = p
                elif rng is None:
                    sampled = kept[-size:].sum(axis=0) / size
                else:  # the kernel keeps episode e at place e mod M
                    place = min(int(rng.random() * size), size - 1)
                    sampled = kept[-1 - (t - place) % len(kept)]
                p_ab, r_ab = self.tables(i, sampled)
                target = r_ab + self.settings.discount * v[i]
                q[i, :own, :others] += self.at("step", t) * p_ab * (target - q[i, :own, :others])
        return {"q": q, "kept": kept}


@singledispatch
def plain(settings: Any, game: Game) -> Plain:
    """The learner with these settings on a matrix game, in plain arrays.

    Raises `ValueError` where the game is none, and `TypeError` for settings of no learner.
    """
    raise TypeError(f"settings are of type {type(settings).__name__}, expected those of a learner")


for _settings, _plain in (
    (Jal, PlainJal),
    (Pr2Q, PlainPr2Q),
    (Fmq, PlainFmq),
    (WolfPhc, PlainWolfPhc),
    (RommeoQ, PlainRommeoQ),
):
    plain.register(_settings, lambda settings, game, learner=_plain: learner(settings, payoffs(game)))


def mean_field(game: Game, settings: Any, *, episodes: int) -> tuple[FloatArray, ...]:
    """The policies of the mean field (1), from the mean of the initial state.

    `game`      a matrix game, all actions available
    `settings`  those of a learner: `Fmq`, `Jal`, `Pr2Q`, `RommeoQ` or `WolfPhc`
    `episodes`  how many steps, ≥ 1

    Returns per agent (episodes + 1, A_i): what it would play after 0, 1, … episodes, without exploration. Raises
    `ValueError` as `plain` does.
    """
    episodes = count("episodes", episodes, 1)
    learner = plain(settings, game)
    x = learner.initial(None, episodes)
    policies = [learner.policies(x, 0)]
    for t in range(episodes):
        x = learner.mean(x, t)
        policies.append(learner.policies(x, t + 1))
    return tuple(np.stack(own) for own in zip(*policies, strict=True))
