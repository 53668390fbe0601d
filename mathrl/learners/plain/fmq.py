"""FMQ in plain arrays; its equations are those of `mathrl.learners.fmq`."""

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.learners.plain.learner import Plain, State, softened

__all__ = ["PlainFmq"]


class PlainFmq(Plain):
    """`fmq`. In place of R and m it keeps how often each joint action was played: they follow from it."""

    def initial(self, rng: np.random.Generator | None, episodes: int) -> dict[str, FloatArray]:
        """Q, and how often each joint action was played."""
        return {"q": self.first_q(rng, *self.given.most[:2]), "counts": np.zeros(self.given.most)}

    def policies(self, x: State, t: int) -> list[FloatArray]:
        """π of (2)."""
        return [softened(self.valued(x, i), self.at("temperature", t)) for i in self.agents]

    def valued(self, x: State, i: int) -> FloatArray:
        """E of (1)."""
        size, others = self.given.sizes[i], self.given.others[i]
        n_ab, r_ab = x["counts"][i, :size, :others], self.rewards[i]
        best_a = np.where(n_ab > 0, r_ab, -np.inf).max(axis=1, keepdims=True)
        hits_a, plays_a = (n_ab * (r_ab == best_a)).sum(axis=1), n_ab.sum(axis=1)
        value_a, played = x["q"][i, :size].copy(), plays_a > 0
        value_a[played] += self.settings.weight * (hits_a[played] / plays_a[played] * best_a[played, 0])
        return np.asarray(value_a)

    def after(self, x: State, t: int, p: FloatArray, rng: np.random.Generator | None = None) -> dict[str, FloatArray]:
        """(3), and the counts."""
        q, counts = x["q"].copy(), x["counts"].copy()
        for i in self.agents:
            self.learn_own(q, i, t, p)
            p_ab = self.tables(i, p)[0]
            counts[i, : p_ab.shape[0], : p_ab.shape[1]] += p_ab
        return {"q": q, "counts": counts}
