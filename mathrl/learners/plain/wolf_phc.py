"""WoLF-PHC in plain arrays; its equations are those of `mathrl.learners.wolf_phc`."""

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.learners.plain.learner import Plain, State

__all__ = ["PlainWolfPhc"]


class PlainWolfPhc(Plain):
    """`wolf_phc`."""

    linear = False

    def initial(self, rng: np.random.Generator | None, episodes: int) -> dict[str, FloatArray]:
        """Q, π and π̄."""
        shape = self.given.most[:2]
        q, pi = self.first_q(rng, *shape), np.zeros(shape)
        for own, size in zip(pi, self.given.sizes, strict=True):
            own[:size] = rng.dirichlet(np.ones(size)) if rng is not None and self.settings.random_policy else 1 / size
        return {"q": q, "pi": pi, "mean": np.zeros(shape)}

    def policies(self, x: State, t: int) -> list[FloatArray]:
        """π."""
        return [pi[:size] for pi, size in zip(x["pi"], self.given.sizes, strict=True)]

    def after(self, x: State, t: int, p: FloatArray, rng: np.random.Generator | None = None) -> dict[str, FloatArray]:
        """(1) to (5)."""
        q, pi, mean = x["q"].copy(), x["pi"].copy(), x["mean"].copy()
        for i, size in enumerate(self.given.sizes):
            self.learn_own(q, i, t, p)  # (1)
            mean[i] += (pi[i] - mean[i]) / (t + 1)  # (2)
            wins = (pi[i, :size] - mean[i, :size]) @ q[i, :size] > 0
            delta, best = self.at("win" if wins else "lose", t), int(q[i, :size].argmax())  # (3)
            down = np.minimum(pi[i, :size], delta / (size - 1)) if size > 1 else np.zeros(1)  # (4)
            pi[i, :size] -= np.where(np.arange(size) == best, 0, down)
            pi[i, best] += 1 - pi[i, :size].sum()  # (5)
        return {"q": q, "pi": pi, "mean": mean}
