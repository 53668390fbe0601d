"""Numbers in the text of game files: integers, decimals and rationals (1/3), between spaces or commas."""

import re
from fractions import Fraction
from math import isfinite

import numpy as np

from mathrl.base.checks import FloatArray

__all__ = ["as_number", "plain_numbers", "written_number"]

NUMBER = re.compile(r"[+-]?(\d+/\d+|(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?)", re.ASCII)
PLAIN = b"0123456789+-.eE, \t\r\n"
"""The characters of a text of integers and decimals. Of words of these `float` reads those that are numbers alone."""


def as_number(word: str) -> float | None:
    """The number that a word is: nan where a float cannot hold it, None where the word is no number."""
    if not NUMBER.fullmatch(word):
        return None
    try:
        value = float(Fraction(word)) if "/" in word else float(word)
    except (ZeroDivisionError, OverflowError, ValueError):  # the last of more digits than Python reads
        return float("nan")
    return value if isfinite(value) else float("nan")


def plain_numbers(text: str) -> FloatArray | None:
    """All numbers of a text of integers and decimals, at once; None where it holds anything else."""
    if not text.isascii() or text.encode("ascii").translate(None, PLAIN):
        return None
    words = text.replace(",", " ").split()
    try:
        numbers = np.fromiter(map(float, words), dtype=np.float64, count=len(words))
    except ValueError:
        return None
    return numbers if np.isfinite(numbers).all() else None


def written_number(value: float) -> str:
    """A number in the fewest digits that read back exactly."""
    return repr(float(value)).removesuffix(".0")
