"""PR2-Q in plain arrays; its equations are those of `mathrl.learners.pr2_q`."""

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.learners.plain.learner import PlainTables, State, frequencies, softened

__all__ = ["PlainPr2Q"]


class PlainPr2Q(PlainTables):
    """`pr2_q`."""

    def initial(self, rng: np.random.Generator | None, episodes: int) -> dict[str, FloatArray]:
        """Q, and how often each agent has seen each joint action."""
        return {"q": self.first_q(rng, *self.given.most), "counts": np.zeros(self.given.most)}

    def expected(self, x: State, i: int) -> FloatArray:
        """E of (2)."""
        q_ab = x["q"][i, : self.given.sizes[i], : self.given.others[i]]
        if self.settings.frequency:
            counts_ab = x["counts"][i, : q_ab.shape[0], : q_ab.shape[1]]
            rho_ab = frequencies(counts_ab, self.settings.prior_count)
        else:
            rho_ab = np.stack([softened(q_b, self.settings.model_temperature) for q_b in q_ab])
        return np.asarray((rho_ab * q_ab).sum(axis=1))

    def counted(self, counts: FloatArray, i: int, p_ab: FloatArray) -> None:
        """n of the frequencies."""
        counts[i, : p_ab.shape[0], : p_ab.shape[1]] += p_ab
