"""The temperature α of quantal responses, given as it is or by the rationality λ = 1/α."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from mathrl.base.checks import as_floats, entry, fail, positive

__all__ = ["one_temperature"]


def one_temperature(temperature: Any, rationality: Any, names: tuple[str, str] = ("temperature", "rationality")) -> Any:
    """Require exactly one of both, and return the temperature, unchecked where it is given itself; else 1/λ.

    Either may be several numbers; `names` is what error messages call them.
    """
    called, other = names
    verb = "are" if called.endswith("s") else "is"
    if temperature is not None and rationality is not None:
        fail(called, f"{verb} given beside {other}", "one of both", f"{other} {verb} 1/{called}")
    if temperature is None and rationality is None:
        fail(called, f"{verb} missing", f"{called}, or {other}, which {verb} 1/{called}")
    if rationality is None:
        return temperature
    if isinstance(rationality, np.ndarray) and rationality.ndim:
        rationality_b = as_floats(other, rationality)
        if not (rationality_b > 0).all():
            k = np.argwhere(~(rationality_b > 0))[0]
            fail(entry(other, k), f"is {rationality_b[tuple(k)]:g}", "a number > 0")
        with np.errstate(over="ignore"):
            return 1 / rationality_b
    if isinstance(rationality, Sequence) and not isinstance(rationality, (str, bytes)):
        return [_inverse(f"{other}[{k}]", value) for k, value in enumerate(rationality)]
    return _inverse(other, rationality)


def _inverse(name: str, rationality: Any) -> float:
    """1/λ, a number of double precision."""
    inverse = 1 / positive(name, rationality)
    if not math.isfinite(inverse):
        fail(name, f"is {rationality:g}", "a number whose inverse is one of double precision")
    return inverse
