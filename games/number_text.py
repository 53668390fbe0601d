"""Numbers in the text of game files: integers, decimals and rationals (1/3), between spaces or commas."""

import re
import warnings
from fractions import Fraction
from math import isfinite

import numpy as np

from mathrl.base.checks import FloatArray

__all__ = ["as_number", "plain_numbers", "written_number"]

NUMBER = re.compile(r"[+-]?(\d+/\d+|(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?)", re.ASCII)
PLAIN = b"0123456789+-.eE, \t\r\n"
"""The characters of a text of integers and decimals."""

CHUNK = 2**20
"""How many bytes are looked at together: so many stay in the processor's cache."""


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
    """All numbers of a text of integers and decimals, at once; None where it holds anything else.

    NumPy reads one number after the other, also where no space is between them, and warns where it stops before the
    end. So each word is a number if it does not stop, and finds as many numbers as there are words.
    """
    if not text.isascii():
        return None
    data = text.encode("ascii")
    if data.translate(None, PLAIN):
        return None
    data = data.replace(b",", b" ")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            numbers = np.fromstring(data, dtype=np.float64, sep=" ")
    except (ValueError, DeprecationWarning):
        return None
    whole = len(numbers) == _count_words(data) and np.isfinite(numbers).all()
    return numbers if whole else None


def _count_words(data: bytes) -> int:
    """How many words there are between spaces and line breaks."""
    words, after_space = 0, True
    for first in range(0, len(data), CHUNK):
        spaces = np.frombuffer(data, np.uint8, min(CHUNK, len(data) - first), first) <= ord(" ")
        words += int(np.count_nonzero(spaces[:-1] > spaces[1:])) + int(after_space and not spaces[0])
        after_space = bool(spaces[-1])
    return words


def written_number(value: float) -> str:
    """A number in the fewest digits that read back exactly."""
    return repr(float(value)).removesuffix(".0")
