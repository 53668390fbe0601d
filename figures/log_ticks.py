"""Ticks and their labels on a logarithmic axis of any range: few enough that no label touches another."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["log_ticks"]

GAP = 1.5
"""The least distance of two labels, in letters."""

MOST = 7

BETWEEN = 4
"""The least distance between an axis and that of the next panel, in letters."""


def log_ticks(low: float, high: float, letters: int) -> tuple[list[float], list[str]]:
    """Choose the most ticks, at least two if possible, whose labels fit on a logarithmic axis `letters` letters wide.

    They are 1, 2 and 5 times powers of ten, or fewer of these where there are many. In a short range they are equally
    spaced numbers.
    """
    digits = int(np.clip(3 + np.ceil(np.log10(high / (high - low))), 6, 15))
    for values in _candidates(low, high):
        ticks = [tick for tick in values if low <= tick <= high]
        labels = [_label(tick, digits) for tick in ticks]
        if 2 <= len(ticks) <= MOST and _fit(np.log(ticks) - np.log(low), np.log(high) - np.log(low), labels, letters):
            return ticks, labels
    return [low], [_label(low, digits)]


def _candidates(low: float, high: float) -> Iterator[list[float]]:
    """Sets of ticks, the finest first."""
    from matplotlib.ticker import MaxNLocator

    first, last = int(np.floor(np.log10(low))), int(np.ceil(np.log10(high)))
    for digits in ((1, 2, 5), (1, 3), (1,)):
        yield [float(f"{digit}e{exponent}") for exponent in range(first, last + 1) for digit in digits]
    for stride in range(2, last - first):
        yield [float(f"1e{exponent}") for exponent in range(first, last + 1) if exponent % stride == 0]
    for most in (6, 5, 4, 3, 2, 1):
        yield list(map(float, MaxNLocator(most).tick_values(low, high)))


def _fit(at: npt.NDArray[np.float64], length: float, labels: Sequence[str], letters: int) -> bool:
    """Whether the labels keep their distance, also from those of the neighbouring panels, which are the same."""
    sizes = np.array([len(label) for label in labels])
    at = at * letters / length
    room = np.diff(np.append(at, at[0] + letters + BETWEEN))
    return bool((room >= (sizes + np.roll(sizes, -1)) / 2 + GAP).all())


def _label(value: float, digits: int) -> str:
    """A number in the shortest form that Python reads: 1e9, not 1e+09."""
    mantissa, e, exponent = f"{value:.{digits}g}".partition("e")
    return f"{mantissa}e{int(exponent)}" if e else mantissa
