"""Whether a statement comes out of estimates, by their intervals: it does, it does not, or it is undecided (None)."""

from collections.abc import Iterable

import numpy as np

from mathrl.base.reproduction import Estimate

__all__ = ["above", "every", "share_decided"]


def above(found: Estimate, bound: float = 0.0) -> bool | None:
    """Whether a number is above a bound: its whole interval is; None where the interval holds the bound.

    >>> found = Estimate(0.5, 0.1, 0.9, seeds=8)
    >>> above(found), above(found, 1.0), above(found, 0.2)
    (True, False, None)
    """
    return None if found.low <= bound <= found.high else found.low > bound


def every(cases: Iterable[bool | None]) -> bool | None:
    """Whether something is so in every case: not if it is not so in one, and None if it is undecided in some others.

    >>> every([True, True]), every([True, None]), every([True, None, False])
    (True, None, False)
    """
    found = list(cases)
    return False if False in found else None if None in found else True


def share_decided(cases: Iterable[bool | None]) -> float | None:
    """In which share of the cases something is so; None where it may be so in all, but is undecided in some.

    Where it is not so in one case, cases that are undecided do not count as such in which it is so.

    >>> share_decided([True, True]), share_decided([True, None]), share_decided([True, None, False, False])
    (1.0, None, 0.25)
    """
    found = list(cases)
    return None if not found or every(found) is None else float(np.mean([case is True for case in found]))
