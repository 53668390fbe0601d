"""Names that other packages give, as far as a game can take them."""

from collections.abc import Iterable
from typing import Any

__all__ = ["different"]


def different(names: Iterable[Any]) -> list[str] | None:
    """Return the names as texts; None where one is empty, or two are the same.

    >>> different(["row", 2]), different(["a", "a"])
    (['row', '2'], None)
    """
    texts = [str(name) for name in names]
    return texts if all(texts) and len(set(texts)) == len(texts) else None
