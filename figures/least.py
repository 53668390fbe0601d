"""Where AORPO's bounds are least over the branch length: exactly where that is known, else of what was computed."""

import numpy as np
import numpy.typing as npt

from mathrl.bounds import CLAIMS, READINGS, Errors, Setup, best_branch_length

__all__ = ["best_lengths", "least", "rounding"]

FLAT = 1e-9
"""The relative difference below which numbers are the same."""


def best_lengths(setup: Setup, errors: Errors, dynamics_error: str) -> dict[tuple[str, str], float]:
    """(claim, bound) → the k ≥ 1 at which the bound is least, `math.inf` where only its limit is.

    Of the theorems on branched returns, where their dynamics' error does not depend on k; not of a printed bound that
    is none, and not of the coupling bound that takes an average, whose least k is not known.
    """
    if dynamics_error not in READINGS:
        return {}
    knows = {"printed": setup.rewards.max() > 0, "linear": True, "coupling": dynamics_error != "occupancy"}
    return {
        (claim.name, bound): best_branch_length(
            bound,
            discount=setup.game.discount,
            dynamics_error=errors.current_dynamics[dynamics_error],
            policy_shift=errors.policy_shift,
            opponent_shifts=errors.opponent_shifts if each else (errors.opponents_shift,),
            opponent_errors=errors.opponent_errors if each else (errors.opponents_error,),
        )
        for claim in CLAIMS
        if claim.branched and claim.expected == "current"
        for each in ["opponent_shifts" in claim.arguments]
        for bound, known in knows.items()
        if known
    }


def least(values: npt.ArrayLike, rounding: float) -> int | None:
    """Which value is least, None where they do not differ by more than `rounding`."""
    numbers = np.asarray(values)
    if np.ptp(numbers) <= max(rounding, FLAT * np.abs(numbers).max()):
        return None
    return int(numbers.argmin())


def rounding(setup: Setup, *, normalised: bool) -> float:
    """What the difference of two exact returns may be off by."""
    horizon = 1 / (1 - setup.game.discount)
    return 1e-13 * float(np.abs(setup.rewards).max()) * horizon * (1 if normalised else horizon)
