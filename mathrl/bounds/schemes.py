"""Who acts for each opponent in a rollout of k steps, and how G.6 of aorpo compares two ways of ordering them.

| scheme | opponent j is its model |
|---|---|
| "simu-to-real" | in the first n_j steps (Algorithm 1) |
| "real-to-simu" | in the last n_j steps (G.6) |
| "all-model" | in all steps |
| "all-real" | in none |

    D = Σ_{t=1}^k Σ_{p≤t} Σ_j ε_j [π̂^j acts in step p]                                                 (1)

bounds Σ_t TV(law of s_t with the models, law of s_t with the real opponents), both in the learned dynamics: Extended
Lemma C.2 at each state of the rollout, summed. It speaks of bounds: of the distances themselves either order may have
the larger. Where the opponent plays as modelled in the first state and not in the second, models used first do no harm.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import choice, count, fail, iterated
from mathrl.bounds.checked import MOST_STEPS
from mathrl.bounds.schedule import exact_error, exact_errors, rollout_lengths

__all__ = [
    "SCHEMES",
    "accumulated_distance",
    "model_steps",
    "printed_real_to_simu",
    "printed_simu_to_real",
    "scheme_lengths",
]

SCHEMES = ("simu-to-real", "real-to-simu", "all-model", "all-real")
"""The rollout schemes of aorpo §5.1, §6.3 and G.6."""


def scheme_lengths(
    scheme: str, branch_length: int, opponent_errors: Sequence[Any], lengths: Sequence[int] | None = None
) -> tuple[int, ...]:
    """Return n_j, the number of steps in which each opponent is played by its model.

    They are `lengths` where these are given, else `rollout_lengths` of the errors. The schemes that fix the lengths at
    k or at 0 take none.
    """
    choice("scheme", scheme, SCHEMES)
    branch_length = count("branch_length", branch_length, maximum=MOST_STEPS)
    num_opponents = len(exact_errors(opponent_errors))
    if scheme in ("all-model", "all-real"):
        if lengths is not None:
            fail("lengths", f"is given with the scheme {scheme!r}", "None", "the scheme fixes the lengths")
        return (branch_length if scheme == "all-model" else 0,) * num_opponents
    if lengths is None:
        return rollout_lengths(branch_length, opponent_errors)
    given = list(iterated("lengths", lengths, "one whole number per opponent"))
    if len(given) != num_opponents:
        fail("lengths", f"has {len(given)} numbers", f"{num_opponents}, one per opponent")
    for j, length in enumerate(given):
        if count(f"lengths[{j}]", length) > branch_length:
            fail(f"lengths[{j}]", f"is {length}", f"at most the branch length {branch_length}")
    return tuple(map(int, given))


def model_steps(scheme: str, branch_length: int, lengths: Sequence[int]) -> npt.NDArray[np.bool_]:
    """Say in which step which opponent is played by its model: booleans (k, n − 1), for the steps p = 1 … k.

    >>> model_steps("real-to-simu", 3, [3, 1]).astype(int).tolist()
    [[1, 0], [1, 0], [1, 1]]
    """
    first_pj = np.arange(branch_length)[:, None] < np.asarray(lengths, dtype=np.int64)
    return first_pj[::-1] if scheme == "real-to-simu" else first_pj


def accumulated_distance(
    scheme: str, branch_length: int, opponent_errors: Sequence[Any], lengths: Sequence[int] | None = None
) -> Fraction:
    """Compute what the opponents' errors add to the bounds of all k states' distances together, exactly   (aorpo G.6).

        D = Σ_{t=1}^k Σ_{p≤t} Σ_j ε_j [π̂^j acts in step p]                                                 (1)

    `scheme`           one of `SCHEMES`
    `branch_length`    k
    `opponent_errors`  ε_j of each opponent, in [0, 1]; floats are read as the simplest fractions near them
    `lengths`          n_j, the number of steps in which each model acts; by default `rollout_lengths`

    Returns D, a fraction. Raises `ValueError` where an argument does not fit.

    >>> accumulated_distance("simu-to-real", 3, [0.1, 0.2]), accumulated_distance("real-to-simu", 3, [0.1, 0.2])
    (Fraction(6, 5), Fraction(4, 5))
    """
    modelled_pj = model_steps(scheme, branch_length, scheme_lengths(scheme, branch_length, opponent_errors, lengths))
    states_p = branch_length - np.arange(branch_length)  # after step p, itself included
    counts = (states_p[:, None] * modelled_pj).sum(axis=0).tolist()
    return sum((n * error for n, error in zip(counts, exact_errors(opponent_errors), strict=True)), Fraction(0))  # (1)


def printed_simu_to_real(branch_length: int, length: int, small_error: Any, error: Any) -> Fraction:
    """Compute the accumulated distance of simu-to-real for two opponents, as G.6 prints it   (aorpo G.6).

        Σ_{t=1}^k t (ε_1 + ε_2) + l (k − l)(ε_1 + ε_2) + Σ_{t=l+1}^k (t − l) ε_1

    `branch_length`  k
    `length`         l = n_2 ≤ k, while n_1 = k
    `small_error`    ε_1, in [0, 1]
    `error`          ε_2, in [0, 1]

    Returns a fraction. It exceeds `accumulated_distance` by Σ_{t=l+1}^k t (ε_1 + ε_2): the first sum should end at l.
    The paper goes on with that sum. Raises `ValueError` where an argument does not fit.
    """
    k, length, one, both = _of_two(branch_length, length, small_error, error)
    return _triangle(k) * both + length * (k - length) * both + _triangle(k - length) * one


def printed_real_to_simu(branch_length: int, length: int, small_error: Any, error: Any) -> Fraction:
    """Compute the accumulated distance of real-to-simu for two opponents, as G.6 prints it   (aorpo G.6).

        Σ_{t=1}^{k−l} t ε_1 + l (k − l) ε_1 + Σ_{t=k−l+1}^k (t − k + l)(ε_1 + ε_2)

    `branch_length`  k
    `length`         l = n_2 ≤ k, while n_1 = k
    `small_error`    ε_1, in [0, 1]
    `error`          ε_2, in [0, 1]

    Returns a fraction. It equals `accumulated_distance`; that of simu-to-real is larger by l (k − l) ε_2. Raises
    `ValueError` where an argument does not fit.
    """
    k, length, one, both = _of_two(branch_length, length, small_error, error)
    return _triangle(k - length) * one + length * (k - length) * one + _triangle(length) * both


def _of_two(branch_length: int, length: int, small_error: Any, error: Any) -> tuple[int, int, Fraction, Fraction]:
    """k, l = `length`, ε_1 and ε_1 + ε_2."""
    if count("length", length) > count("branch_length", branch_length):
        fail("length", f"is {length}", f"at most the branch length {branch_length}")
    one, two = exact_error("small_error", small_error), exact_error("error", error)
    return int(branch_length), int(length), one, one + two


def _triangle(m: int) -> int:
    """1 + 2 + … + m."""
    return m * (m + 1) // 2
