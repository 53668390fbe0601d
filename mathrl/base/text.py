"""How messages quote what a user gave, in one line that does not act on a terminal, and how they write a residue."""

import math
import re
from typing import Any

__all__ = ["at_most", "printable", "shown"]

_LONGEST = 70
"""The most characters of a value that a message quotes."""


def at_most(residue: float) -> str:
    """Write a small difference x ≥ 0 as a power of ten that it does not exceed, and no rounding errors in digits.

    Below 1e-9 all are alike: which of them comes out is up to the processor.

    >>> at_most(3e-14), at_most(0.0), at_most(2e-5)
    ('1e-09', '1e-09', '1e-04')
    """
    return f"{10.0 ** math.ceil(math.log10(max(residue, 1e-9)) - 1e-9):.0e}"


def printable(text: str) -> str:
    r"""Write every character of `text` that is not printable as its escape, and a line break as `\n`.

    >>> print(printable("a\x1b[2Jb\nc"))
    a\x1b[2Jb\nc
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shown(value: Any) -> str:
    """Write a value as a message quotes it: its `repr` in one line, cut after some 70 characters.

    >>> shown([[1, 2], "a"]), shown(10**99)[-5:]
    ("[[1, 2], 'a']", '0000…')
    """
    try:
        said = re.sub(r"\s*\n\s*", " ", repr(value))
    except Exception:  # a number of more digits than Python writes, or an object whose __repr__ is broken
        return f"of type {type(value).__name__}"
    return said if len(said) <= _LONGEST else said[: _LONGEST - 1] + "…"
