"""Joint action learning in plain arrays; its equations are those of `mathrl.learners.jal`."""

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.learners.plain.learner import PlainTables, State, frequencies

__all__ = ["PlainJal"]


class PlainJal(PlainTables):
    """`jal`."""

    def initial(self, rng: np.random.Generator | None, episodes: int) -> dict[str, FloatArray]:
        """Q, and how often each agent has played each action."""
        return {"q": self.first_q(rng, *self.given.most), "counts": np.zeros(self.given.most[:2])}

    def expected(self, x: State, i: int) -> FloatArray:
        """EV of (2)."""
        p_b = np.ones(1)
        for j, size in enumerate(self.given.sizes):
            if j != i:
                p_j = frequencies(x["counts"][j, :size], self.settings.prior_count)
                p_b = np.multiply.outer(p_b, p_j).ravel()
        return np.asarray(x["q"][i, : self.given.sizes[i], : len(p_b)] @ p_b)

    def counted(self, counts: FloatArray, i: int, p_ab: FloatArray) -> None:
        """c of (1)."""
        counts[i, : len(p_ab)] += p_ab.sum(axis=1)
