"""The branch length at which each of AORPO's bounds on branched returns is least, for the errors of a setup."""

from mathrl.bounds.branch_length import best_branch_length
from mathrl.bounds.claims import CLAIMS
from mathrl.bounds.errors import READINGS, Errors
from mathrl.bounds.setup import Setup

__all__ = ["best_lengths"]


def best_lengths(setup: Setup, errors: Errors, dynamics_error: str) -> dict[tuple[str, str], float]:
    """For each claim and bound the k ≥ 1 at which the bound is least, `math.inf` where only its limit is.

    The result has keys (claim, bound). It covers the theorems on branched returns whose dynamics' error does not depend
    on k. It leaves out printed bounds that are not bounds, and the coupling bound with an average, whose least k is not
    known.
    """
    if dynamics_error not in READINGS:
        return {}
    knows = {"printed": setup.paid.max() > 0, "linear": True, "coupling": dynamics_error != "occupancy"}
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
