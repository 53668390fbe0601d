"""ROMMEO-Q in plain arrays; its equations are those of `mathrl.learners.rommeo_q_learning`."""

import math

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.learners.plain.learner import Plain, State, frequencies

__all__ = ["PlainRommeoQ"]


class PlainRommeoQ(Plain):
    """`rommeo_q_learning`. It keeps a distribution for each of the last M episodes, the newest last."""

    def initial(self, rng: np.random.Generator | None, episodes: int) -> dict[str, FloatArray]:
        """Q, and what was played last."""
        window = min(self.settings.window or episodes, episodes)
        return {"q": self.first_q(rng, *self.given.most), "kept": np.zeros((window, self.given.r_ia.shape[1]))}

    def strategies(self, x: State, t: int, i: int) -> tuple[FloatArray, FloatArray, FloatArray, float]:
        """π, ρ, P and V of one agent."""
        α, q_ab = self.at("temperature", t), x["q"][i, : self.given.sizes[i], : self.given.others[i]]
        p_b = frequencies(self.tables(i, x["kept"].sum(axis=0))[0].sum(axis=0), self.settings.prior_count)  # (1)
        most_b = q_ab.max(axis=0)
        w_ab = np.exp((q_ab - most_b) / α)
        soft_b = most_b + α * np.log(w_ab.sum(axis=0))
        top = soft_b[p_b > 0].max()
        tilted = np.where(p_b > 0, p_b * np.exp(np.minimum(soft_b - top, 0)), 0)
        rho_b = tilted / tilted.sum()  # (2)
        pi_a = w_ab / w_ab.sum(axis=0) @ (p_b if self.settings.empirical else rho_b)  # (4)
        return pi_a, rho_b, p_b, float(top + math.log(tilted.sum()))

    def policies(self, x: State, t: int) -> list[FloatArray]:
        """π of (4)."""
        return [self.strategies(x, t, i)[0] for i in self.agents]

    def after(self, x: State, t: int, p: FloatArray, rng: np.random.Generator | None = None) -> dict[str, FloatArray]:
        """(5), and what is kept."""
        q, kept = x["q"].copy(), np.concatenate([x["kept"][1:], p[None]])
        v = [self.strategies(x, t, i)[3] for i in self.agents]
        size = min(t + 1, len(kept))
        for _ in range(max(self.settings.samples, 1)):
            for i in self.agents:
                if self.settings.samples == 0:
                    sampled = p
                elif rng is None:
                    sampled = kept[-size:].sum(axis=0) / size
                else:  # the kernel keeps episode e at place e mod M
                    place = min(int(rng.random() * size), size - 1)
                    sampled = kept[-1 - (t - place) % len(kept)]
                self.learn_joint(q, i, t, sampled, v[i])  # (5)
        return {"q": q, "kept": kept}
