"""What a formula asks of its arrays, whatever they hold: floats of any array library, balls, fractions or symbols.

Formulas are written against the array API. `namespace` gives the functions that belong to an array, and `alike` makes
the arguments of a formula numbers of one kind. Six questions have another answer for floats, where rounding and
overflow matter, than for exact or enclosing entries: from where exponents are taken (`shift`), what their sum is
(`log_total`), what part of it an entry is (`log_part`), how a logarithm near 0 keeps its digits (`log_one_plus`), what
follows from a number that enters twice (`at_ends`), and which entries are largest (`maximisers`).
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from mathrl.arithmetic import objects
from mathrl.arithmetic.alike import alike
from mathrl.arithmetic.undecided import Undecided

__all__ = [
    "Undecided",
    "alike",
    "all_there",
    "at_ends",
    "difference",
    "log_one_plus",
    "log_part",
    "log_total",
    "maximisers",
    "mean_there",
    "namespace",
    "or_zero",
    "shift",
    "there",
    "times",
    "weighted",
]


def weighted(weights: Any, q: Any) -> Any:
    """Give w(a) Q(a), with 0 · (−∞) = 0: an action that is not available has Q = −∞, and counts where it is played.

    Finite entries, and their derivatives, are those of w · Q.
    """
    if all_there(q):
        return weights * q
    xp = namespace(q)
    if xp is objects:
        return objects.weighted(weights, q)
    barred = q == -xp.inf
    return xp.where(barred & (weights > 0), -xp.inf, weights * xp.where(barred, xp.zeros_like(q), q))


def times(factors: Any, q: Any) -> Any:
    """Give k Q(a) for numbers k of any sign, −∞ where Q is: a scale makes no action available."""
    if all_there(q):
        return factors * q
    xp = namespace(q)
    return xp.where(there(q), factors * or_zero(q), -xp.inf)


def difference(x: Any, y: Any) -> Any:
    """Give x − y, with (−∞) − (−∞) = 0: both sides of an equation are −∞ for an action that is not available."""
    if all_there(x):
        return x - y
    xp = namespace(x)
    if xp is objects:
        return objects.difference(x, y)
    both = (x == -xp.inf) & (y == -xp.inf)
    return xp.where(both, xp.zeros_like(x), x) - xp.where(both, xp.zeros_like(y), y)


def there(q: Any) -> Any:
    """Say of each entry whether it is not −∞: an action that is not available has Q = −∞, and nan is no such Q."""
    xp = namespace(q)
    return objects.there(q) if xp is objects else q != -xp.inf


def all_there(q: Any) -> bool:
    """Say whether no entry is −∞; False also where that is not known, as in arrays of other libraries than NumPy."""
    return isinstance(q, np.ndarray) and not q.dtype.hasobject and bool(np.min(q, initial=0.0) > -np.inf)


def or_zero(q: Any) -> Any:
    """Q, with 0 where it is −∞."""
    return q if all_there(q) else namespace(q).where(there(q), q, 0.0)


def mean_there(q: Any, axis: int | tuple[int, ...]) -> Any:
    """The mean along the axes of the entries above −∞; −∞ where there are none."""
    xp = namespace(q)
    if all_there(q):
        return xp.mean(q, axis=axis)
    if xp is objects:
        return objects.mean_there(q, axis)
    known = there(q)
    absent = xp.sum(xp.where(known, 0.0, xp.ones_like(q)), axis=axis)
    size = q.size // absent.size
    some = absent < size
    share = xp.where(absent > 0, (size - absent) / size, 1.0)  # exactly 1 where none is absent
    return xp.where(some, xp.mean(xp.where(known, q, 0.0), axis=axis) / xp.where(some, share, 1.0), -xp.inf)


def namespace(x: Any) -> Any:
    """Give the array API functions of the array x; for a NumPy array of objects those of `arithmetic.objects`.

    Raises `TypeError` for an array of python-flint's own `arb`, which answers False to every undecided comparison.
    """
    if not isinstance(x, np.ndarray):
        return x.__array_namespace__()
    if not x.dtype.hasobject:
        return np
    objects.refuse_bare_balls(x)
    return objects


def shift(x: Any) -> Any:
    """A number m(s) near max_a x(s, a), from which exponents are taken; the last axis stays, with length 1.

    log Σ_a exp x(a) = m + log Σ_a exp(x(a) − m) holds for every m. Floats take the largest entry, so that nothing
    overflows. Of a ball its midpoint is taken: an exact number widens no enclosure.
    """
    xp = namespace(x)
    largest = xp.max(x, axis=-1, keepdims=True)
    return objects.midpoint(largest) if xp is objects else largest


def log_total(x: Any) -> Any:
    """log Σ_a exp x(s, a) of numbers that `shift` has brought near 0; the last axis stays, with length 1.

    It grows with each entry, so that balls are enclosed by what their ends give.
    """
    xp = namespace(x)
    return objects.log_total(x) if xp is objects else xp.log(xp.sum(xp.exp(x), axis=-1, keepdims=True))


def log_part(scaled: Any, total: Any, x: Any, temperature: Any, log_weight: Any = None) -> Any:
    """log(exp(x(s, a)/α) / Σ_b w(s, b) exp(x(s, b)/α)), which for floats is `scaled` less `total`.

    Weights are taken over their sum; without `log_weight` they are 1. The part grows with x(s, a) and falls with each
    other x(s, b), so that balls x are enclosed by what two opposite corners give.
    """
    return objects.log_part(x, temperature, log_weight) if namespace(scaled) is objects else scaled - total


def at_ends(function: Callable[..., Any], *arguments: Any) -> Any:
    """f of an array, and perhaps a temperature α > 0, in each of which f grows everywhere or falls everywhere.

    Of balls the hull of what their ends give, which holds all that lies between.
    """
    return objects.at_ends(function, *arguments) if namespace(arguments[0]) is objects else function(*arguments)


def maximisers(x: Any) -> Any:
    """Say of each entry whether x(s, a) = max_b x(s, b), over the last axis.

    Raises `Undecided` for balls that leave it open.
    """
    xp = namespace(x)
    return objects.maximisers(x) if xp is objects else x == xp.max(x, axis=-1, keepdims=True)


def log_one_plus(x: Any, direct: Any) -> Any:
    """log(1 + x), which keeps its digits near x = 0; `direct` is the same number found without x.

    Floats take `direct` where x ≤ −1/2, as 1 + x has lost its digits there. Other entries take it everywhere: they know
    their own error, and need not decide which of the two is better.
    """
    xp = namespace(x)
    if xp is objects:
        return direct
    near = x > -0.5
    return xp.where(near, xp.log1p(xp.where(near, x, 0.0)), direct)
