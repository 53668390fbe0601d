"""How far simulated states are from real ones: aorpo's model compounding error (§6.3, Figures 5, 8 and 11), exactly.

A real and a simulated trajectory leave the same s_0 and are independent from there on. With states as vectors φ(s),
μ_i = E[φ(s_i)|s_0] and σ²_i = E‖φ(s_i) − μ_i‖², and the same with hats for the simulated one,

    ε_c = 1/h Σ_{i=1}^h E‖φ(s_i) − φ(ŝ_i)‖²                                                             (1)
    E‖φ(s_i) − φ(ŝ_i)‖² = σ²_i + σ̂²_i + E‖μ_i − μ̂_i‖²                                                   (2)

So a perfect model has an error of 1/h Σ 2σ²_i, its floor, and a wrong model that is less random may have less: where a
coin with P(heads) = 3/5 decides s_1, one-hot, the perfect model's error is 24/25, that of "always heads" 4/5. The last
term of (2) alone is least for a perfect model.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray
from mathrl.bounds.process import Process, mean

__all__ = ["Compounding", "compounding"]

IntArray = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Compounding:
    """How far simulated states are from real ones after h = 1 … k steps: aorpo's model compounding error (§6.3).

        ε_c = 1/h Σ_{i=1}^h E‖φ(s_i) − φ(ŝ_i)‖² = 1/h Σ_i [σ²_i + σ̂²_i + E‖μ_i − μ̂_i‖²]

    The real and the simulated trajectory leave the same s_0 and are independent from there on. φ(s) is the state as a
    vector; μ_i and σ²_i are mean and variance of φ(s_i) given s_0, and with hats those of φ(ŝ_i). Each array is (k,).

    `error`  ε_c
    `floor`  ε_c of a perfect model with perfect opponent models, 1/h Σ_i 2 σ²_i
    `bias`   1/h Σ_i E‖μ_i − μ̂_i‖², the part of ε_c that tells the model from a perfect one
    """

    error: FloatArray
    floor: FloatArray
    bias: FloatArray


def compounding(
    start_s: FloatArray, real: Process, simulated: Sequence[Process], features_sd: FloatArray | None
) -> Compounding:
    """Compute (1) where s_0 ~ `start_s` and step i of the simulated trajectory is that of `simulated[i - 1]`.

    `features_sd` holds φ(s), (S, d); None: one-hot vectors.
    """
    from_x = np.flatnonzero(start_s)
    if features_sd is not None:
        features_sd = features_sd - features_sd.mean(axis=0)  # distances stay, squares lose less to rounding
    reals = _means(from_x, [real] * len(simulated), features_sd)
    simulations = _means(from_x, simulated, features_sd)
    squares_s = np.ones(len(start_s)) if features_sd is None else (features_sd**2).sum(axis=1)
    weight_x, law_s, simulated_s, terms = start_s[from_x], start_s, start_s, []
    for process, real_xd, simulated_xd in zip(simulated, reals, simulations, strict=True):
        law_s, simulated_s = real.after(law_s), process.after(simulated_s)
        variance = mean(law_s, squares_s) - mean(weight_x, (real_xd**2).sum(axis=1))
        simulated_variance = mean(simulated_s, squares_s) - mean(weight_x, (simulated_xd**2).sum(axis=1))
        bias = mean(weight_x, ((real_xd - simulated_xd) ** 2).sum(axis=1))
        terms.append((variance + simulated_variance + bias, 2 * variance, bias))  # (2)
    error, floor, bias_h = (np.cumsum(terms, axis=0) / np.arange(1, len(terms) + 1)[:, None]).T  # (1)
    return Compounding(*(np.maximum(of_h, 0) for of_h in (error, floor, bias_h)))  # rounding may leave less than 0


def _means(from_x: IntArray, processes: Sequence[Process], features_sd: FloatArray | None) -> Iterable[FloatArray]:
    """E[φ(s_i)|s_0] for i = 1 … k, each (X, d), for the initial states `from_x`, by the cheaper of two ways."""
    if features_sd is not None and len(processes) * features_sd.shape[1] < 2 * len(from_x):
        return _means_backward(from_x, processes, features_sd)
    return _means_forward(from_x, processes, features_sd)


def _means_forward(
    from_x: IntArray, processes: Sequence[Process], features_sd: FloatArray | None
) -> Iterator[FloatArray]:
    """By the law of s_i given each s_0: k X rows times a chain."""
    law_xs = np.zeros((len(from_x), processes[0].game.num_states))
    law_xs[np.arange(len(from_x)), from_x] = 1
    for process in processes:
        law_xs = process.after(law_xs)
        yield law_xs if features_sd is None else np.einsum("xs,sd->xd", law_xs, features_sd)


def _means_backward(from_x: IntArray, processes: Sequence[Process], features_sd: FloatArray) -> Iterable[FloatArray]:
    """By P_1 ⋯ P_i φ of all i in one sweep from the last step to the first: a chain times k² d / 2 columns."""
    ahead = features_sd[:, :0]
    for process in reversed(processes):
        ahead = process.expected_next(np.concatenate([features_sd, ahead], axis=1))
    return np.moveaxis(ahead[from_x].reshape(len(from_x), len(processes), -1), 1, 0)
