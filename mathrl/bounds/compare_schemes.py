"""What each rollout scheme of aorpo costs and gives, for each k: communications, distances, returns and their bounds.

A branched rollout whose step p has the opponent models of its scheme differs from the real game in its normalised
return by at most

    2 r_max [k ε'_m + Σ_j (n_j + 1) ε_j + γ^{k+1} c + γ^{k+1} c / (1 − γ)],   c = ε_π^i + Σ_j ε_π^j         (1)

which is Theorem 2 with §5.1's budget in place of (k + 1) Σ_j ε_j; where no model acts, with none. The coupling of
`mathrl.bounds.sharper` gives less. With y_h the probability at most that a model acts otherwise h steps after the
branch, y = 1 − Π (1 − ε_π) of all agents' shifts, and R = max r − min r, it gives

    R (1 − γ) Σ_t γ^t (1 − (1 − y_h) c_t),   h = min(t, k)                                                  (2)

where c_t = (1 − y)^{t−h} before the branch, and then h times c ← max(0, (1 − y_p) c − ε'_m).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import inf, pow
from typing import Any

import numpy as np
import numpy.typing as npt

from mathrl.bounds.checked import whole_lengths
from mathrl.bounds.closed_sums import any_of, mean_apart
from mathrl.bounds.errors import Errors, measure
from mathrl.bounds.returns import expected_return, scheduled_return
from mathrl.bounds.rollouts import Rollout, rollout
from mathrl.bounds.schemes import SCHEMES, model_steps
from mathrl.bounds.setup import Setup, check_setup
from mathrl.bounds.theorems import theorem_2

__all__ = ["SchemeComparison", "compare_schemes", "compare_schemes_by_row"]


@dataclass(frozen=True)
class SchemeComparison:
    """One rollout scheme with rollouts of k steps: what it costs, and how far it is from the real game.

    `scheme`                one of `SCHEMES`
    `branch_length`         k
    `lengths`               n_j, the number of steps in which each opponent is played by its model
    `communications`        how many actions are asked of real opponents in one rollout
    `total_variation`       between the real and the simulated law of the state after k steps
    `mean_total_variation`  its mean after 1 … k steps
    `printed_distance`      the bound of `total_variation` by Extended Lemma C.2, step by step
    `coupling_distance`     a sharper one
    `compounding_error`     ε_c of §6.3 with h = k
    `compounding_floor`     ε_c of a perfect model with perfect opponent models
    `compounding_bias`      the part of ε_c that is 0 for a perfect model
    `branched_return`       the return of rollouts that branch from what π_D reached, not normalised
    `discrepancy`           its distance to the real return of π, normalised: (1 − γ) |η_i − η_i^branch|
    `bound`                 of the discrepancy, as §5.1 has it with r_max = max |r|:
                            2 r_max [k ε'_m + Σ_j (n_j + 1) ε_j + γ^{k+1} c (1 + 1/(1 − γ))], c = ε_π^i + Σ_j ε_π^j
    `coupling`              a sharper one, by the coupling of `mathrl.bounds.sharper`
    """

    scheme: str
    branch_length: int
    lengths: tuple[int, ...]
    communications: int
    total_variation: float
    mean_total_variation: float
    printed_distance: float
    coupling_distance: float
    compounding_error: float
    compounding_floor: float
    compounding_bias: float
    branched_return: float
    discrepancy: float
    bound: float
    coupling: float


def compare_schemes(setup: Setup, branch_lengths: Iterable[int], *, start: Any = None) -> tuple[SchemeComparison, ...]:
    """Compare all rollout schemes, for several branch lengths   (aorpo §5.1, §6.3, G.5, G.6).

        (1 − γ) |η_i − η_i^branch| ≤ 2 r_max [k ε'_m + Σ_j (n_j + 1) ε_j + γ^{k+1} c + γ^{k+1} c / (1 − γ)],
        c = ε_π^i + Σ_j ε_π^j,   r_max = max |r|

    `setup`           what is rolled out
    `branch_lengths`  the k ≥ 1 to compare
    `start`           the law of the state at which rollouts begin, (S,), for the distances; by default the game's
                      start. Where rollouts branch from a replay buffer, give `branch_law(setup)`

    Returns one `SchemeComparison` for each k and each of `SCHEMES`. Raises `ValueError` where a length is no whole
    number ≥ 1, or `start` is no distribution.
    """
    return tuple(compare_schemes_by_row(setup, branch_lengths, start=start))


def compare_schemes_by_row(
    setup: Setup, branch_lengths: Iterable[int], *, start: Any = None
) -> Iterator[SchemeComparison]:
    """Yield the rows of `compare_schemes` one at a time   (aorpo §5.1, §6.3, G.5, G.6).

        (1 − γ) |η_i − η_i^branch| ≤ 2 r_max [k ε'_m + Σ_j (n_j + 1) ε_j + γ^{k+1} c + γ^{k+1} c / (1 − γ)],
        c = ε_π^i + Σ_j ε_π^j,   r_max = max |r|

    A row of a large game takes a while where the setup has no `features`.

    `setup`           what is rolled out
    `branch_lengths`  the k ≥ 1 to compare
    `start`           the law of the state at which rollouts begin, (S,), for the distances; by default the game's start

    Returns an iterator of one `SchemeComparison` for each k and each of `SCHEMES`. Raises `ValueError` where a length
    is no whole number ≥ 1, or `start` is no distribution, once the first row is asked for.
    """
    check_setup(setup)
    lengths = whole_lengths(branch_lengths, 1)
    # Where the lengths are fixed, a shorter rollout is the beginning of a longer one.
    longest = max(lengths, default=1)
    fixed = {scheme: rollout(setup, scheme, longest, start=start) for scheme in ("all-model", "all-real")}
    errors, real = measure(setup), expected_return(setup.real, setup.agent)
    for k in lengths:
        for scheme in SCHEMES:
            run = fixed.get(scheme) or rollout(setup, scheme, k, start=start)
            yield _row(setup, errors, real, run, k)


def _row(setup: Setup, errors: Errors, real: float, run: Rollout, k: int) -> SchemeComparison:
    """The row of one rollout, cut to k steps."""
    branched = scheduled_return(setup.data, setup.model, run.policies[: k + 1], setup.agent)
    lengths = tuple(min(n, k) for n in run.lengths)
    return SchemeComparison(
        scheme=run.scheme,
        branch_length=k,
        lengths=lengths,
        communications=int(run.communications[:k].sum()),
        total_variation=float(run.total_variation[k]),
        mean_total_variation=float(run.total_variation[1 : k + 1].mean()),
        printed_distance=float(run.printed[k]),
        coupling_distance=float(run.coupling[k]),
        compounding_error=float(run.compounding.error[k - 1]),
        compounding_floor=float(run.compounding.floor[k - 1]),
        compounding_bias=float(run.compounding.bias[k - 1]),
        branched_return=branched,
        discrepancy=(1 - setup.game.discount) * abs(real - branched),
        bound=_bound(setup, errors, [0] * len(lengths) if run.scheme == "all-real" else [n + 1 for n in lengths], k),
        coupling=_coupling(setup, errors, model_steps(run.scheme, k, lengths)),
    )


def _bound(setup: Setup, errors: Errors, uses: Sequence[int], k: int) -> float:
    """(1), where ε_j counts `uses` times: Theorem 2 multiplies all ε_j by k + 1."""
    budget = [n / (k + 1) * error for n, error in zip(uses, errors.opponent_errors, strict=True)]
    return theorem_2(
        reward_bound=float(np.abs(setup.paid).max()),
        discount=setup.game.discount,
        dynamics_error=errors.current_dynamics["real"],
        policy_shift=errors.policy_shift,
        opponent_shifts=errors.opponent_shifts,
        opponent_errors=budget,
        branch_length=k,
    )  # (1)


def _coupling(setup: Setup, errors: Errors, modelled_pj: npt.NDArray[np.bool_]) -> float:
    """The sharper bound (2)."""
    discount, M, k = setup.game.discount, errors.current_dynamics["real"], len(modelled_pj)
    y_h = [any_of(np.array(errors.opponent_errors)[acting].tolist()) for acting in modelled_pj]
    early, apart, together = 0.0, 0.0, 1.0  # apart is 1 − c, for all t < k or the first of the others
    for h, y in enumerate(y_h):
        early += pow(discount, h) * any_of((apart, y))
        apart, together = min(1.0, any_of((apart, y)) + M), together * (1 - y)
    shift = any_of((errors.policy_shift, *errors.opponent_shifts))
    late = mean_apart(discount, apart, together * shift, shift, inf, averaged=False)
    return float(np.ptp(setup.paid)) * ((1 - discount) * early + pow(discount, k) * any_of((late, y_h[-1])))  # (2)
