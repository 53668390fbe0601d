"""What the learners in plain arrays have in common: how they explore, draw and average, and steps of their tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.learners.pieces import Payoffs
from mathrl.learners.schedule import Schedule, scheduled

__all__ = ["Plain", "PlainTables", "State", "frequencies", "softened"]

State = Mapping[str, FloatArray]


@dataclass(frozen=True, eq=False)
class Plain:
    """A learner on a matrix game, in plain arrays. Its states are dicts of arrays, agents first."""

    settings: Any
    given: Payoffs

    linear = True
    """Whether `after` is linear in the distribution."""

    @property
    def agents(self) -> range:
        """The agents' numbers."""
        return range(len(self.given.sizes))

    def at(self, name: str, t: int) -> float:
        """A setting that may be a schedule, at time t."""
        return self._schedules[name].at(t)

    @cached_property
    def _schedules(self) -> dict[str, Schedule]:
        """The settings that may be schedules."""
        names = {"step", "temperature", "win", "lose", "exploration"} & set(vars(self.settings))
        return {name: scheduled(name, getattr(self.settings, name)) for name in names}

    @cached_property
    def rewards(self) -> list[FloatArray]:
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
        """The mean of the state after an episode."""
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

    def tables(self, i: int, p: FloatArray) -> tuple[FloatArray, FloatArray]:
        """p and the rewards of agent i as tables, (A_i, B_i)."""
        return self._table(i, p), self.rewards[i]

    def learn_joint(self, q_iab: FloatArray, i: int, t: int, p: FloatArray, v: float) -> None:
        """Move agent i's Q of joint actions towards r + γ v by the step, as often as p says."""
        p_ab, r_ab = self.tables(i, p)
        q_ab = q_iab[i, : p_ab.shape[0], : p_ab.shape[1]]
        q_ab += self.at("step", t) * p_ab * (r_ab + self.settings.discount * v - q_ab)

    def learn_own(self, q_ia: FloatArray, i: int, t: int, p: FloatArray) -> None:
        """Move agent i's Q of own actions towards r + γ max Q by the step, as often as p says."""
        p_ab, r_ab = self.tables(i, p)
        q_a = q_ia[i, : len(p_ab)]
        q_a += self.at("step", t) * (p_ab * (r_ab + self.settings.discount * q_a.max() - q_a[:, None])).sum(axis=1)


class PlainTables(Plain):
    """A learner that expects something of each action, from Q of joint actions and counts, and plays softly."""

    def expected(self, x: State, i: int) -> FloatArray:
        """What agent i expects of its actions, (A_i,)."""
        raise NotImplementedError

    def counted(self, counts: FloatArray, i: int, p_ab: FloatArray) -> None:
        """Count what is drawn from p."""
        raise NotImplementedError

    def policies(self, x: State, t: int) -> list[FloatArray]:
        """The Boltzmann distributions of what they expect."""
        return [softened(self.expected(x, i), self.at("temperature", t)) for i in self.agents]

    def after(self, x: State, t: int, p: FloatArray, rng: np.random.Generator | None = None) -> dict[str, FloatArray]:
        """Q after a step, towards what they expected, and the counts."""
        q, counts = x["q"].copy(), x["counts"].copy()
        for i in self.agents:
            self.learn_joint(q, i, t, p, self.expected(x, i).max())
            self.counted(counts, i, self.tables(i, p)[0])
        return {"q": q, "counts": counts}


def frequencies(counts: FloatArray, prior_count: float) -> FloatArray:
    """The frequencies in the last axis, uniform where there is nothing."""
    c = counts + prior_count
    total = c.sum(axis=-1, keepdims=True)
    return np.where(total > 0, c / np.where(total > 0, total, 1), 1 / c.shape[-1])


def softened(x_a: FloatArray, temperature: float) -> FloatArray:
    """The Boltzmann distribution of x."""
    weights = np.exp((x_a - x_a.max()) / temperature)
    return np.asarray(weights / weights.sum())
