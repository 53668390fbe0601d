"""The principal branch of many matrix games at one rationality, without dominated actions that are in the way."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray
from mathrl.equilibria.matrix.dominated import enormous, without_dominated
from mathrl.equilibria.matrix.principal import Found, principal
from mathrl.iteration.outcome import CONVERGED

__all__ = ["reached"]

Integers = npt.NDArray[np.int64]


def reached(r_bma: FloatArray, num_actions: Integers, rationality: float, step_length: float, max_steps: int) -> Found:
    """Solve games (B, m, A) as `principal` does; each trace takes at most so many steps.

    Actions that are dominated by very much are left out before the trace where payoffs are `enormous`, else where the
    trace of the whole game is lost or takes too many steps.
    """
    given = _Given(r_bma, num_actions, rationality, step_length, max_steps)
    early_b = enormous(r_bma, rationality)
    if not early_b.any():
        found = principal(r_bma, num_actions, rationality, step_length, max_steps)
    else:
        B, K = len(r_bma), int(num_actions.sum())
        found = Found(np.zeros((B, K)), np.zeros(B), *(np.zeros(B, np.int64) for _ in range(3)))
        for b in np.flatnonzero(early_b).tolist():
            early_b[b] = given.smaller(b, found)
        whole = principal(r_bma[~early_b], num_actions, rationality, step_length, max_steps)
        for rows, own in zip(found, whole, strict=True):
            rows[~early_b] = own
    for b in np.flatnonzero((found.status_b != CONVERGED) & ~early_b).tolist():
        given.smaller(b, found)
    return found


@dataclass(frozen=True)
class _Given:
    r_bma: FloatArray
    num_actions: Integers
    rationality: float
    step_length: float
    max_steps: int

    def smaller(self, b: int, out: Found) -> bool:
        """Solve one game without dominated actions and write its row; False where there are none."""
        shape = self.num_actions.tolist()
        kept = without_dominated(self.r_bma[b], shape, self.rationality)
        if kept is None:
            return False
        r = self.r_bma[b].reshape(-1, *shape)[(slice(None), *np.ix_(*kept))]
        sizes = np.array(r.shape[1:])
        own = principal(r.reshape(1, len(r), -1), sizes, self.rationality, self.step_length, self.max_steps)
        out.policy_bk[b] = 0.0
        out.policy_bk[b, np.concatenate(kept)] = own.policy_bk[0]
        out.steps_b[b] += own.steps_b[0]
        out.residual_b[b], out.road_b[b], out.status_b[b] = own.residual_b[0], own.road_b[0], own.status_b[0]
        return True
