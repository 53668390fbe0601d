"""How messages quote what a user gave: in one line, without characters that would act on a terminal, not too long."""

import re
from typing import Any

__all__ = ["printable", "shown"]

_LONGEST = 70
"""The most characters of a value that a message quotes."""


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
