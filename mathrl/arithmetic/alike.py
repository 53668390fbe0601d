"""Arguments of several kinds in one formula: where balls or fractions are among them, plain numbers are made the same.

NumPy computes with doubles as long as it meets only these, so that of q in balls and a policy in doubles the entropy
would be rounded, and no ball would know of it.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial, wraps
from itertools import islice
from typing import Any, TypeVar

import numpy as np

__all__ = ["alike"]

F = TypeVar("F", bound=Callable[..., Any])

_PLAIN = (int, float, str, np.generic, type(None))
_NO_NUMBERS = (int, str, Sequence[int])
"""How arguments are annotated that say which: agents, axes, and whose entropy."""


def alike(function: F) -> F:
    """Let a function take plain numbers, fractions and balls together: all of them enter as what knows least.

    With a ball among the arguments all become balls; else with a fraction, or another exact number, all become
    fractions. Doubles are taken at their exact binary value, and sparse arrays become dense. What is only of plain
    numbers is given to the function as it is.
    """
    left = {name for name, kind in function.__annotations__.items() if kind in _NO_NUMBERS}
    names = function.__code__.co_varnames

    @wraps(function)
    def of_one_kind(*args: Any, **kwargs: Any) -> Any:
        found = _more_than_plain((*args, *kwargs.values()))
        if not found:
            return function(*args, **kwargs)
        one = next((x for x in found if hasattr(x, "hull")), found[0]) ** 0
        given = dict(zip(names, args, strict=False)) | kwargs
        return function(**{name: x if name in left else _taken(one, x) for name, x in given.items()})

    return of_one_kind  # type: ignore[return-value]


def _more_than_plain(given: Iterable[Any]) -> list[Any]:
    """Numbers that are no plain ones: of each array the first."""
    found: list[Any] = []
    for x in given:
        if isinstance(x, np.ndarray):
            if x.dtype.hasobject:
                found += islice((entry for entry in x.flat if not isinstance(entry, _PLAIN)), 1)
        elif isinstance(x, (tuple, list)):
            found += _more_than_plain(x)
        elif hasattr(x, "__pow__") and not isinstance(x, _PLAIN) and not hasattr(x, "shape"):
            found.append(x)
    return found


def _taken(one: Any, x: Any) -> Any:
    """Numbers and arrays in the arithmetic of `one`."""
    if isinstance(x, (tuple, list)):
        return tuple(_taken(one, item) for item in x)
    if hasattr(x, "toarray"):
        x = x.toarray()
    return np.frompyfunc(partial(_number, one), 1, 1)(x) if isinstance(x, np.ndarray) else _number(one, x)


def _number(one: Any, x: Any) -> Any:
    """x = p/q as 1 · p/q; ±∞, and what is no ratio, as it is."""
    if isinstance(x, np.generic):
        x = x.item()
    if isinstance(x, type(one)) or (isinstance(x, float) and not np.isfinite(x)):
        return x
    if isinstance(x, (int, float)):
        p, q = x.as_integer_ratio()
    elif hasattr(x, "numerator"):
        p, q = int(x.numerator), int(x.denominator)
    else:
        return x
    return one * p / q
