"""When to stop waiting for a residual that rounding keeps from falling."""

import math

__all__ = ["Patience"]


class Patience:
    """Ends where a residual is not halved within `steps` steps.

    >>> patience = Patience(2)
    >>> [patience.ends(residual) for residual in (8.0, 4.0, 3.0, 3.0)]
    [False, False, False, True]
    """

    def __init__(self, steps: int) -> None:
        self._steps, self._from, self._waited = steps, math.inf, 0

    def ends(self, residual: float, *, moved: bool = False) -> bool:
        """Count a step that led to this residual. With `moved` it has led elsewhere, and the wait begins anew."""
        if moved or residual <= self._from / 2:
            self._from, self._waited = residual, 0
            return False
        self._waited += 1
        return self._waited >= self._steps
