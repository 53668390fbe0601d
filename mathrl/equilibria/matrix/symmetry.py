"""Relabellings that leave a matrix game as it is, and what they say of its principal branch.

A relabelling g gives each agent i the name g(i), and each of its actions a the name g(i, a) of an action of g(i). It
leaves the game as it is if

    r^{g(i)}(g(a_1, …, a_n)) = r^i(a_1, …, a_n)   for all agents i and joint actions.                          (1)

Then it maps equilibria to equilibria of the same rationality. At λ = 0 it leaves the only one, uniform, where it is,
and so, as there is one curve through it, each point of the principal branch up to the first at which the derivative is
singular. The points that all such g leave where they are form a subspace, in which the branch lies; if it goes straight
on at a singular point, it goes on in that subspace, which is closed. Actions (i, a) that some g exchange, an orbit, are
therefore played with equal probability all along the branch. Beside a fork where other curves leave the subspace,
rounding errors in their direction grow without bound, and would lead away. So whatever moves the trace is put into the
subspace first: log probabilities, centred for each agent, are replaced by their mean over each orbit.

Relabellings are looked for by colours of actions, which (1) must keep, and (1) is then tested exactly. A search that
takes more than `_MOST` steps is left off; symmetries that it would have found are not used. Changes of the payoffs that
an agent's own actions do not decide are no symmetries here.
"""

from math import frexp

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray
from mathrl.base.compile import inner
from mathrl.equilibria.matrix.memory import Trace

__all__ = ["find", "orbits", "symmetrise"]

Integers = npt.NDArray[np.int64]

_PRIME = 2**31 - 1
_MOST = 100_000
"""Payoffs that are looked at in the search for symmetries of one game."""


@inner
def orbits(r_ma: FloatArray, ends: Integers, most_k: FloatArray, names_rk: Integers, out_orbit_k: Integers) -> bool:
    """Write the orbit of each action, as the first of its actions; whether any has several.

    `r_ma` (m, A) are the payoffs, joint actions in C order, m = 1 for a common one; agent i's actions are those from
    `ends[i]` up to `ends[i + 1]` among the K. `most_k` and `names_rk` are room for K numbers and for 6 rows of K.
    """
    colour_k, K, n = names_rk[0], len(out_orbit_k), len(ends) - 1
    for k in range(K):
        out_orbit_k[k] = k
        colour_k[k] = 0
    if r_ma.shape[0] == n and _all_different(r_ma, ends, most_k):
        return False
    _recolour(r_ma, ends, colour_k, names_rk[4], names_rk[5])
    if _colours(colour_k) == K:
        return False
    name_k = names_rk[1]
    for i in range(n):
        for j in range(i + 1, n):
            if _exchange(ends, colour_k, i, j, name_k) and _same(r_ma, ends, name_k, names_rk[5]):
                _join(name_k, out_orbit_k)
    work = 0
    for k in range(K):
        for other in range(k + 1, K):
            if colour_k[k] == colour_k[other] and out_orbit_k[k] != out_orbit_k[other] and work < _MOST:
                work += _search(r_ma, ends, names_rk, k, other)
                if _same(r_ma, ends, name_k, names_rk[5]):
                    _join(name_k, out_orbit_k)
    several = False
    for k in range(K):
        several |= out_orbit_k[k] != k
    return several


@inner
def find(trace: Trace) -> None:
    """Find the orbits of the game in the memory, so that `symmetrise` knows them."""
    orbit_k, size_k = trace.orbit_k, trace.orbit_size_k
    trace.numbers.symmetric = 1.0 if orbits(trace.r_ma, trace.ends, trace.spare_rk[0], trace.names_rk, orbit_k) else 0.0
    for k in range(len(size_k)):
        size_k[k] = 0
    for k in range(len(size_k)):
        size_k[orbit_k[k]] += 1


@inner
def symmetrise(trace: Trace, to_x: FloatArray) -> None:
    """Replace log ratios by the nearest that are the same after each symmetry; λ is left as it is."""
    if trace.numbers.symmetric == 0.0:
        return
    ends, orbit_k = trace.ends, trace.orbit_k
    own_k, total_k = trace.spare_rk[0], trace.spare_rk[1]
    for i in range(len(ends) - 1):
        first, last, mean = ends[i], ends[i + 1], 0.0
        own_k[first] = 0.0
        for k in range(first + 1, last):
            own_k[k] = to_x[k - i - 1]
            mean += own_k[k] / (last - first)
        for k in range(first, last):
            own_k[k] -= mean
    for k in range(len(own_k)):
        total_k[k] = 0.0
    for k in range(len(own_k)):
        total_k[orbit_k[k]] += own_k[k] / trace.orbit_size_k[orbit_k[k]]
    for i in range(len(ends) - 1):
        for k in range(ends[i] + 1, ends[i + 1]):
            to_x[k - i - 1] = total_k[orbit_k[k]] - total_k[orbit_k[ends[i]]]


@inner
def _all_different(r_ma: FloatArray, ends: Integers, most_k: FloatArray) -> bool:
    """Whether no two actions may earn the same at most: then nothing but the game as it is has the same payoffs."""
    most_k[:] = -np.inf
    step = r_ma.shape[1]
    for i in range(len(ends) - 1):
        actions = ends[i + 1] - ends[i]
        step //= actions
        for a in range(r_ma.shape[1]):
            k = ends[i] + a // step % actions
            most_k[k] = max(most_k[k], r_ma[i, a])
    for k in range(len(most_k)):
        for other in range(k):
            if most_k[other] == most_k[k]:
                return False
    return True


@inner
def _mixed(word: int) -> int:
    """A number below the prime that says little of the one it is made of."""
    word %= _PRIME
    return (word * word % _PRIME * word + 1_234_567) % _PRIME


@inner
def _places(a: int, ends: Integers, out_place_k: Integers) -> None:
    """Write each agent's action in joint action a, counted among the K."""
    for step in range(1, len(ends)):
        i = len(ends) - 1 - step
        actions = ends[i + 1] - ends[i]
        out_place_k[i] = ends[i] + a % actions
        a //= actions


@inner
def _recolour(r_ma: FloatArray, ends: Integers, colour_k: Integers, new_k: Integers, place_k: Integers) -> None:
    """Replace the colours by ones that also tell what is paid when an action is played, and beside which colours."""
    n = len(ends) - 1
    for k in range(len(colour_k)):
        new_k[k] = _mixed(colour_k[k])
    for a in range(r_ma.shape[1]):
        _places(a, ends, place_k)
        beside = 0
        for i in range(n):
            beside += _mixed(colour_k[place_k[i]] + 1)
        for i in range(n):
            mantissa, exponent = frexp(r_ma[0 if r_ma.shape[0] == 1 else i, a])
            paid = int(mantissa * 2.0**53) % _PRIME + (exponent + 2048) * 7919
            word = _mixed(_mixed(paid) + _mixed(colour_k[place_k[i]] + 2) + beside)
            for j in range(n):
                new_k[place_k[j]] = (new_k[place_k[j]] + (word if j == i else _mixed(word + 3))) % _PRIME
    for k in range(len(colour_k)):
        colour_k[k] = new_k[k]


@inner
def _colours(colour_k: Integers) -> int:
    """How many different ones there are."""
    count = 0
    for k in range(len(colour_k)):
        new = 1
        for other in range(k):
            if colour_k[other] == colour_k[k]:
                new = 0
                break
        count += new
    return count


@inner
def _exchange(ends: Integers, colour_k: Integers, i: int, j: int, out_name_k: Integers) -> bool:
    """Write the exchange of two agents; whether their actions have the same colours."""
    actions = ends[i + 1] - ends[i]
    if ends[j + 1] - ends[j] != actions:
        return False
    for k in range(len(out_name_k)):
        out_name_k[k] = k
    for a in range(actions):
        out_name_k[ends[i] + a], out_name_k[ends[j] + a] = ends[j] + a, ends[i] + a
        if colour_k[ends[i] + a] != colour_k[ends[j] + a]:
            return False
    return True


@inner
def _search(r_ma: FloatArray, ends: Integers, names_rk: Integers, k: int, other: int) -> int:
    """Look for a relabelling that names k as `other`, and write it; how many payoffs were looked at.

    The two actions get a colour of their own, one before and one after it; where others still share one, two of the
    same colour are given one in turn, an action and itself if possible. It is not said whether (1) holds.
    """
    K, each = len(names_rk[0]), r_ma.shape[1] * (len(ends) - 1)
    name_k, before_k, after_k = names_rk[1], names_rk[2], names_rk[3]
    for x in range(K):
        name_k[x] = 0
        before_k[x] = after_k[x] = names_rk[0, x]
    work = 0
    while work < _MOST:
        before_k[k] = _mixed(before_k[k] + 4)
        after_k[other] = _mixed(after_k[other] + 4)
        found, last = _colours(before_k), 0
        while last < found < K:
            last = found
            _recolour(r_ma, ends, before_k, names_rk[4], names_rk[5])
            _recolour(r_ma, ends, after_k, names_rk[4], names_rk[5])
            found = _colours(before_k)
            work += 2 * each
        if found == K:
            for x in range(K):
                name_k[x] = _first(after_k, before_k[x])
            return work
        k = _of_most(before_k)
        other = k if after_k[k] == before_k[k] else _first(after_k, before_k[k])
        if other < 0:
            return work
    return work


@inner
def _first(colour_k: Integers, colour: int) -> int:
    """The first action of a colour; −1 where there is none."""
    for k in range(len(colour_k)):
        if colour_k[k] == colour:
            return k
    return -1


@inner
def _of_most(colour_k: Integers) -> int:
    """The first action of the most frequent colour."""
    best, most = 0, 0
    for k in range(len(colour_k)):
        count = 0
        for colour in colour_k:
            count += colour == colour_k[k]
        if count > most:
            best, most = k, count
    return best


@inner
def _same(r_ma: FloatArray, ends: Integers, name_k: Integers, place_k: Integers) -> bool:
    """Whether names are those of a relabelling, and (1) holds exactly."""
    n, m = len(ends) - 1, r_ma.shape[0]
    for k in range(len(name_k)):
        if name_k[k] < 0 or _first(name_k, k) < 0:
            return False
    for i in range(n):
        to = _agent(ends, name_k[ends[i]])
        for k in range(ends[i], ends[i + 1]):
            if _agent(ends, name_k[k]) != to or ends[to + 1] - ends[to] != ends[i + 1] - ends[i]:
                return False
    for a in range(r_ma.shape[1]):
        _places(a, ends, place_k)
        renamed = 0
        for j in range(n):
            for i in range(n):
                named = name_k[place_k[i]]
                if ends[j] <= named < ends[j + 1]:
                    renamed = renamed * (ends[j + 1] - ends[j]) + named - ends[j]
        for i in range(m):
            to = 0 if m == 1 else _agent(ends, name_k[place_k[i]])
            if r_ma[i, a] != r_ma[to, renamed]:
                return False
    return True


@inner
def _agent(ends: Integers, k: int) -> int:
    """Whose action k is."""
    i = 0
    while ends[i + 1] <= k:
        i += 1
    return i


@inner
def _join(name_k: Integers, orbit_k: Integers) -> None:
    """Make one orbit of those that names connect."""
    for k in range(len(name_k)):
        low, high = min(orbit_k[k], orbit_k[name_k[k]]), max(orbit_k[k], orbit_k[name_k[k]])
        for x in range(len(orbit_k)):
            if orbit_k[x] == high:
                orbit_k[x] = low
