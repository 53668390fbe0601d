"""How a run can end: one vocabulary for solvers, batches and compiled code; and the rounding floor of a residual.

Compiled code cannot hold an enum of sentences. It writes the integer codes below, which are the places of the members
of `Status`; `statuses` gives the members back.
"""

from enum import StrEnum

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray
from mathrl.games.model import BARRED

__all__ = [
    "CONVERGED",
    "CYCLED",
    "INTERRUPTED",
    "MAX_STEPS",
    "NEWTON",
    "OUT_OF_CLASS",
    "RESPONSES",
    "ROADS",
    "STALLED",
    "TRACED",
    "UNIQUE",
    "Status",
    "rounding_floor",
    "statuses",
]


class Status(StrEnum):
    """How a run ended, as a sentence that says what happened and what to do next."""

    CONVERGED = "solved: the residual is as small as tol asks for"
    MAX_STEPS = (
        "max_steps steps were not enough: raise max_steps or tol, or, where the solver takes an initial_policy, run it "
        "again from this policy"
    )
    STALLED = (
        "the solver cannot make the residual any smaller: try a larger tol, another temperature or, where the solver "
        "takes one, another initial_policy"
    )
    CYCLED = (
        "the iteration came back to an earlier point and would repeat this cycle for ever: another initial_policy may "
        "lead elsewhere"
    )
    OUT_OF_CLASS = "the solver cannot solve this kind of game: use the solver qre, which takes any game"
    INTERRUPTED = (
        "the run was interrupted, and this is the last point that it reached: where the solver takes an "
        "initial_policy, run it again from this policy"
    )


CONVERGED, MAX_STEPS, STALLED, CYCLED, OUT_OF_CLASS, INTERRUPTED = range(len(Status))
"""The code of each status, in the order of `Status`, for compiled code."""

ROADS = ("responses", "newton", "unique", "traced")
"""The ways on which batches find answers, by their codes."""

RESPONSES, NEWTON, UNIQUE, TRACED = range(len(ROADS))
"""The code of each road: quantal responses in turn; Newton's method; the same where only one equilibrium exists; the
trace of the principal branch.
"""


def statuses(codes: npt.NDArray[np.int64]) -> npt.NDArray[np.object_]:
    """The members of `Status` whose codes these are."""
    return np.array([*Status], dtype=object)[codes]


def rounding_floor(q: FloatArray, temperature: float | None = None) -> float:
    """The residual that rounding alone leaves: eps · max(1, ‖Q‖∞ / temperature), or eps · ‖Q‖∞ without a temperature.

    The first is the error of a probability softmax(Q / temperature) if Q has a relative error of eps. At temperatures
    above ‖Q‖∞ it is the rounding of the probability itself.
    """
    least = q.min()
    if least <= BARRED / 2:  # actions that are not available
        least = q.min(where=q > BARRED / 2, initial=np.inf)
    eps, scale = float(np.finfo(np.float64).eps), float(max(q.max(), -least))
    return eps * scale if temperature is None else eps * max(1.0, scale / temperature)
