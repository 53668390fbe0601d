"""How notes and pictures write numbers that were computed."""

from typing import SupportsFloat

from mathrl.base.reproduction import Estimate

__all__ = ["number", "told"]


def number(x: SupportsFloat, spec: str = ".3f") -> str:
    """A number in words. It is rounded to 9 digits first, so that one half way is not rounded by errors of its sum.

    >>> number(0.0625 - 1e-15), number(0.0625 + 1e-15), number(-3.21, ".1f")
    ('0.062', '0.062', '−3.2')
    """
    return format(round(float(x), 9), spec).replace("-", "−")


def told(found: Estimate, spec: str = ".3f") -> str:
    """A difference and its interval in words, with signs and without one for 0.

    >>> told(Estimate(0.25, -1e-9, 0.5, 8))
    '+0.250 (0.000 to +0.500)'
    """
    low, high = (_signed(end, spec) for end in (found.low, found.high))
    return f"{_signed(found.value, spec)} ({low} to {high})"


def _signed(x: float, spec: str) -> str:
    written = number(x, f"+{spec}")
    return written[1:] if float(written.replace("−", "-")) == 0 else written
