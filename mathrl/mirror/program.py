"""Separable concave programs over the simplex, solved to rounding: the inner maximisation of mirror learning.

For one state: values q(a), the old policy o = exp x, and

    maximise  Σ_a q(a) p(a) + α H(p) − β KL(p‖o) − w/2 ‖p − o‖² − Σ_a [(p − (1+ε) o)₊ up + ((1−ε) o − p)₊ down](a)   (1)
    over p ≥ 0 with Σ_a p(a) = 1 and, if asked for,  KL(p‖o) ≤ R  or  ½‖p − o‖₁ ≤ R  or  o/R ≤ p ≤ R o.          (2)

With a multiplier λ of Σ p = 1 each p(a) is a falling function of λ with flats (the kinks of (1), the bounds of (2)):

    α + β > 0 = w    log p = x + (q − α x − λ)/(α + β): between two flats λ is a log Σ exp, nothing is iterated    (3)
    w > 0            (α + β) log(p/o) + w (p − o) = q − α x − λ: a safeguarded Newton method on λ                  (4)
    all three 0      a face of maximisers, cut out by values within `tie` of the critical one                      (5)

The ball of total variation decouples: where it binds, p is o plus a rise of mass R minus a fall of mass R, each with a
multiplier of its own (6). In the KL ball β becomes β + μ; d KL/dμ is known, and μ is found by Newton's method on
KL^(-1/2) in a bracket that starts with μ ≤ (gain without the ball)/R (7). On a face (5) the p of largest entropy is
taken, the limit α → 0: p(a) is the common level, cut to the face (8).
"""

import numpy as np

from mathrl.base.checks import FloatArray
from mathrl.base.compile import kernel

__all__ = ["EVERYWHERE", "KL_BALL", "RATIO", "TOTAL_VARIATION_BALL", "maximise"]

EVERYWHERE, KL_BALL, TOTAL_VARIATION_BALL, RATIO = 0, 1, 2, 3
"""Kinds of neighbourhoods, the constraints (2)."""

EPS, TINY = float(np.finfo(np.float64).eps), float(np.finfo(np.float64).tiny)
MOST_STEPS = 200
"""Of safeguarded searches: bisection alone ends at adjacent doubles in about 64, or 1,100 where the bracket has 0."""


@kernel
def _normalise(y_a: FloatArray, mass: float) -> None:
    """Shift y so that Σ exp y(a) = `mass`, to rounding of the mass whatever the size of y; not all are −∞."""
    largest, total = np.max(y_a), 0.0
    for a in range(len(y_a)):
        y_a[a] -= largest
        total += np.exp(y_a[a])
    y_a += np.log(mass / total)


@kernel
def _cut(u: float, low: float, high: float, up: float, down: float, least: float, most: float) -> float:
    """log p at the level u of (3): slope 1, but for flats at the kinks `low` and `high` and at the bounds."""
    if u > high:
        u = max(high, u - up)
    elif u < low:
        u = min(low, u + down)
    return min(max(u, least), most)


@kernel
def _level_of(y: float, low: float, high: float, up: float, down: float) -> float:
    """The level at which log p = y: the inverse of `_cut` inside the bounds."""
    if y > high:
        return y + up
    return y - down if y < low else y


@kernel
def _mass_at(t: float, e_a: FloatArray, kinks: FloatArray, least_a: FloatArray, most_a: FloatArray) -> float:
    total = 0.0
    for a in range(len(e_a)):
        y = _cut(e_a[a] + t, kinks[0, a], kinks[1, a], kinks[2, a], kinks[3, a], least_a[a], most_a[a])
        total += np.exp(y)
    return total


@kernel
def _free(y: float, kinks_a: FloatArray, least: float, most: float) -> bool:
    """Whether log p = y lies on no flat: not at a bound, not at a kink (see `_fill`)."""
    if y in (-np.inf, least, most):
        return False
    return not (y == kinks_a[1] and kinks_a[2] > 0) and not (y == kinks_a[0] and kinks_a[3] > 0)


@kernel
def _fill(
    e_a: FloatArray, kinks: FloatArray, least_a: FloatArray, most_a: FloatArray, mass: float, out_a: FloatArray
) -> None:
    """(3): write log p(a) = cut(e(a) + t) with Σ p = `mass`; e(a) = −∞ leaves an action out.

    `kinks` holds log (1−ε)o, log (1+ε)o, up/(α + β), down/(α + β); t is found exactly, flat by flat.
    """
    actions = len(e_a)
    levels = np.empty(6 * actions)
    count = 0
    for a in range(actions):
        e, low, high, up, down = e_a[a], kinks[0, a], kinks[1, a], kinks[2, a], kinks[3, a]
        if e == -np.inf:
            continue
        if np.isfinite(high) and up > 0:
            levels[count], levels[count + 1] = high - e, high + up - e
            count += 2
        if np.isfinite(low) and down > 0:
            levels[count], levels[count + 1] = low - e, low - down - e
            count += 2
        if np.isfinite(least_a[a]):
            levels[count] = _level_of(least_a[a], low, high, up, down) - e
            count += 1
        if np.isfinite(most_a[a]):
            levels[count] = _level_of(most_a[a], low, high, up, down) - e
            count += 1
    t = -np.max(e_a)
    if count:
        ordered = levels[:count]
        ordered.sort()
        below, above = -1, count
        while above - below > 1:
            middle = (below + above) // 2
            if _mass_at(ordered[middle], e_a, kinks, least_a, most_a) <= mass:
                below = middle
            else:
                above = middle
        if below < 0:
            t = ordered[0] - 1.0
        elif above == count:
            t = ordered[below] + 1.0
        else:
            t = 0.5 * (ordered[below] + ordered[above])
    free_a = np.full(actions, -np.inf)
    fixed = 0.0
    for a in range(actions):
        low, high = kinks[0, a], kinks[1, a]
        y = _cut(e_a[a] + t, low, high, kinks[2, a], kinks[3, a], least_a[a], most_a[a])
        out_a[a] = y
        if _free(y, kinks[:, a], least_a[a], most_a[a]):
            free_a[a] = y
        else:
            fixed += np.exp(y)
    left = mass - fixed
    if left > 0 and np.max(free_a) > -np.inf:
        _normalise(free_a, left)
        for a in range(actions):
            if free_a[a] > -np.inf:
                out_a[a] = min(max(free_a[a], least_a[a]), most_a[a])


@kernel
def _ratio(z: float, k: float) -> float:
    """The r with r + k (exp r − 1) = z, for k ≥ 0: Newton's method, monotone from a start above the root."""
    r = z / (1.0 + k)
    if z > 0:
        r = min(r, z)
        if k > 0:
            r = min(r, np.log1p(z / k))
    elif r < -0.5:
        r = min(r, z + k, np.log(max(z + k + np.log(k), 1.0)) - np.log(k)) if k > 0 else z
    for _ in range(MOST_STEPS):
        following = r - (r + k * np.expm1(r) - z) / (1.0 + k * np.exp(r))
        if not following < r:
            break
        r = following
    return r


@kernel
def _press(
    h_a: FloatArray, x_a: FloatArray, a: float, w: float, least_a: FloatArray, most_a: FloatArray, mass: float,
    out_a: FloatArray,
) -> None:  # fmt: skip
    """(4): write log p(a) for a log(p/o) + w (p − o) = h − λ between the bounds (logarithms), with Σ p = `mass`.

    h = q − α x; where x = −∞ (then β = 0, so a = α) it is q, and the equation reads a log p + w p = q − λ.
    """
    actions = len(h_a)
    floor = 0.0
    allowed = 0
    for b in range(actions):
        if h_a[b] > -np.inf:
            floor += np.exp(least_a[b])
            allowed += 1
    room = max(mass - floor, 0.0) / allowed
    left, right, start = np.inf, -np.inf, -np.inf
    for b in range(actions):
        if h_a[b] == -np.inf:
            continue
        o, x = np.exp(x_a[b]), x_a[b] if x_a[b] > -np.inf else 0.0
        y = min(most_a[b], np.log(mass))
        price = h_a[b] - w * (np.exp(y) - o) - (a * (y - x) if a > 0 else 0.0)
        left = min(left, price)
        if most_a[b] >= np.log(mass):
            start = max(start, price)
        p = np.exp(least_a[b]) + room
        right = max(right, h_a[b] - w * (p - o) - (a * (np.log(p) - x) if a > 0 else 0.0))
    left = max(left, start)
    lam = left
    excess = 0.0
    weight_a = np.empty(actions)
    weights = 0.0
    for _ in range(MOST_STEPS):
        total, weights = 0.0, 0.0
        for b in range(actions):
            weight_a[b] = 0.0
            out_a[b] = -np.inf
            if h_a[b] == -np.inf:
                continue
            o, x = np.exp(x_a[b]), x_a[b]
            if a > 0:
                ref = x if x > -np.inf else 0.0
                offset = 0.0 if x > -np.inf else w
                y = ref + _ratio((h_a[b] - lam - offset) / a, w * np.exp(ref) / a)
            else:
                p = o + (h_a[b] - lam) / w
                y = np.log(p) if p > 0 else -np.inf
            if y <= least_a[b]:
                y = least_a[b]
            elif y >= most_a[b]:
                y = most_a[b]
            else:
                weight_a[b] = np.exp(y) / (a + w * np.exp(y))
                weights += weight_a[b]
            out_a[b] = y
            total += np.exp(y)
        excess = total - mass
        if abs(excess) <= EPS * mass:
            break
        if excess > 0:
            left = lam
        else:
            right = lam
        following = lam + excess / weights if weights > 0 else np.inf
        if not left < following < right:
            following = 0.5 * (left + right)
        if following == lam or not left < following < right:
            break
        lam = following
    for b in range(actions):  # what rounding of λ leaves, taken off to first order
        if weight_a[b] > 0:
            p = np.exp(out_a[b]) - excess * weight_a[b] / weights
            out_a[b] = min(max(np.log(p), least_a[b]), most_a[b]) if p > 0 else out_a[b]


@kernel
def _amount(
    a: int, least: float, most: float, q: float, o: float, up: float, down: float, clip: float, price: float
) -> float:
    """How large p(a) grows while its marginal value is at least `price`, between the bounds."""
    p = least
    if q + down >= price:
        p = min(max((1.0 - clip) * o, least), most)
    if q >= price:
        p = min(max((1.0 + clip) * o, least), most)
    if q - up >= price:
        p = most
    return p


@kernel
def _face(
    q_a: FloatArray, o_a: FloatArray, up_a: FloatArray, down_a: FloatArray, clip: float, least_a: FloatArray,
    most_a: FloatArray, mass: float, tie: float, out: FloatArray,
) -> None:  # fmt: skip
    """(5): write the bounds between which every p with Σ p = `mass` maximises, to `tie`."""
    actions = len(q_a)
    prices = np.empty(3 * actions)
    for a in range(actions):
        prices[3 * a], prices[3 * a + 1], prices[3 * a + 2] = q_a[a] + down_a[a], q_a[a], q_a[a] - up_a[a]
    prices.sort()
    first, last = 0, 3 * actions  # the largest price at which enough is taken; at the smallest all is
    while last - first > 1:
        middle = (first + last) // 2
        total = 0.0
        for a in range(actions):
            most = min(most_a[a], mass)
            total += _amount(a, least_a[a], most, q_a[a], o_a[a], up_a[a], down_a[a], clip, prices[middle])
        if total >= mass:
            first = middle
        else:
            last = middle
    above, below = np.nextafter(prices[first] + tie, np.inf), prices[first] - tie
    for a in range(actions):
        most = max(min(most_a[a], mass), least_a[a])
        out[0, a] = _amount(a, least_a[a], most, q_a[a], o_a[a], up_a[a], down_a[a], clip, above)
        out[1, a] = _amount(a, least_a[a], most, q_a[a], o_a[a], up_a[a], down_a[a], clip, below)


@kernel
def _logarithms(p_a: FloatArray, out_a: FloatArray) -> None:
    for a in range(len(p_a)):
        out_a[a] = np.log(p_a[a]) if p_a[a] > 0 else -np.inf


@kernel
def _no_kinks(kinks: FloatArray) -> None:
    kinks[0, :], kinks[1, :] = -np.inf, np.inf
    kinks[2, :], kinks[3, :] = 0.0, 0.0


@kernel
def _even(lower_a: FloatArray, upper_a: FloatArray, mass: float, out_a: FloatArray) -> None:
    """(8): write log p of the largest entropy between the bounds with Σ p = `mass`."""
    actions = len(lower_a)
    least_a, most_a, e_a = np.empty(actions), np.empty(actions), np.zeros(actions)
    kinks = np.empty((4, actions))
    _no_kinks(kinks)
    _logarithms(lower_a, least_a)
    _logarithms(upper_a, most_a)
    for a in range(actions):
        if upper_a[a] <= 0:
            e_a[a] = -np.inf
    _fill(e_a, kinks, least_a, most_a, mass, out_a)


@kernel
def _excess(p_a: FloatArray, o_a: FloatArray) -> float:
    """½‖p − o‖₁ as the larger of what rises and what falls."""
    rise, fall = 0.0, 0.0
    for a in range(len(p_a)):
        rise += max(p_a[a] - o_a[a], 0.0)
        fall += max(o_a[a] - p_a[a], 0.0)
    return max(rise, fall)


@kernel
def _join(rise_a: FloatArray, fall_a: FloatArray, x_a: FloatArray, out_a: FloatArray) -> None:
    """(6): the logarithms of what rose, by more than a log of exp may round, and of what fell where nothing rose."""
    for a in range(len(x_a)):
        slack = 4 * EPS * (1.0 - x_a[a]) if x_a[a] > -np.inf else 0.0
        out_a[a] = rise_a[a] if rise_a[a] > x_a[a] + slack else min(fall_a[a], x_a[a])


@kernel
def _divergence(y_a: FloatArray, x_a: FloatArray) -> float:
    """KL(p‖o) = Σ o (r exp r − (exp r − 1)) with r = log p − log o: terms that are not negative, exact for small r."""
    total = 0.0
    for a in range(len(y_a)):
        if x_a[a] == -np.inf:
            if y_a[a] > -np.inf:
                return np.inf
            continue
        if y_a[a] == -np.inf:
            total += np.exp(x_a[a])
            continue
        r = y_a[a] - x_a[a]
        if abs(r) < 1e-2:  # Σ (n − 1) rⁿ/n!, n = 2 … 8
            series, term = 0.0, r
            for n in range(2, 9):
                term *= r / n
                series += (n - 1) * term
            total += np.exp(x_a[a]) * series
        else:
            total += np.exp(y_a[a]) * r - np.exp(x_a[a]) * np.expm1(r)
    return total


@kernel
def _at_price(
    a: float, h_a: FloatArray, x_a: FloatArray, w: float, kinks: FloatArray, least_a: FloatArray, most_a: FloatArray,
    mass: float, out_a: FloatArray,
) -> None:  # fmt: skip
    """Solve (1) with a = α + β > 0 or w > 0; `kinks` as in `_fill`, but up and down not yet over a."""
    actions = len(h_a)
    if w > 0:
        _press(h_a, x_a, a, w, least_a, most_a, mass, out_a)
        return
    e_a, scaled = np.empty(actions), kinks.copy()
    kinked = False
    for b in range(actions):
        e_a[b] = h_a[b] / a if x_a[b] == -np.inf else x_a[b] + h_a[b] / a
        scaled[2, b], scaled[3, b] = kinks[2, b] / a, kinks[3, b] / a
        kinked |= (kinks[2, b] > 0 and kinks[1, b] < np.inf) or (kinks[3, b] > 0 and kinks[0, b] > -np.inf)
        kinked |= np.isfinite(least_a[b]) or np.isfinite(most_a[b])
    if kinked:
        _fill(e_a, scaled, least_a, most_a, mass, out_a)
        return
    out_a[:] = e_a
    _normalise(out_a, mass)


@kernel
def _in_kl_ball(
    alpha: float, beta: float, h_a: FloatArray, x_a: FloatArray, w: float, kinks: FloatArray, least_a: FloatArray,
    most_a: FloatArray, radius: float, steepest: float, out_a: FloatArray,
) -> None:  # fmt: skip
    """(7): write log p where KL(p‖o) = `radius` binds; h = q − α x, −∞ where x is. μ ≤ `steepest`, but for rounding."""
    actions = len(h_a)
    left, right, proven = 0.0, max(steepest, TINY), False
    mean, variance, slack = 0.0, 0.0, 8 * EPS * (np.sqrt(radius) + radius)
    for a in range(actions):
        if h_a[a] > -np.inf:
            mean += np.exp(x_a[a]) * h_a[a]
    for a in range(actions):
        if h_a[a] > -np.inf:
            variance += np.exp(x_a[a]) * (h_a[a] - mean) ** 2
    mu = np.sqrt(0.5 * variance / radius) - alpha - beta  # exact as the radius tends to 0
    if not left < mu < right:
        mu = 1e-2 * right
    for _ in range(MOST_STEPS):
        price = alpha + beta + mu
        _at_price(price, h_a, x_a, w, kinks, least_a, most_a, 1.0, out_a)
        distance = _divergence(out_a, x_a)
        if abs(distance - radius) <= slack:
            break
        if distance > radius:
            left = mu
        else:
            right, proven = mu, True
        total, centre, slope = 0.0, 0.0, 0.0
        for b in range(actions):
            if _free(out_a[b], kinks[:, b], least_a[b], most_a[b]):
                weight = np.exp(out_a[b]) / (price + w * np.exp(out_a[b]))
                total += weight
                centre += weight * (out_a[b] - x_a[b])
        if total > 0:
            centre /= total
        for b in range(actions):
            if _free(out_a[b], kinks[:, b], least_a[b], most_a[b]):
                weight = np.exp(out_a[b]) / (price + w * np.exp(out_a[b]))
                slope += weight * (out_a[b] - x_a[b] - centre) ** 2
        following = np.inf
        if slope > 0 and distance > 0:  # d KL/dμ = −slope
            following = mu + (np.sqrt(distance / radius) - 1.0) * 2.0 * distance / slope
        if not proven and following >= right:
            right *= 4.0
        if not left < following < right:
            following = np.sqrt(left * right) if left > 0 else 1e-2 * right
        if following == mu or not left < following < right:
            break
        mu = following


@kernel
def _value(
    y_a: FloatArray, q_a: FloatArray, x_a: FloatArray, alpha: float, beta: float, w: float, up_a: FloatArray,
    down_a: FloatArray, clip: float,
) -> float:  # fmt: skip
    """The objective (1) at p = exp y."""
    total = 0.0
    for a in range(len(y_a)):
        p, o = np.exp(y_a[a]), np.exp(x_a[a])
        total += q_a[a] * p - 0.5 * w * (p - o) ** 2
        total -= max(p - (1.0 + clip) * o, 0.0) * up_a[a] + max((1.0 - clip) * o - p, 0.0) * down_a[a]
        if p > 0:
            total -= alpha * p * y_a[a]
            if beta > 0:
                total -= beta * p * (y_a[a] - x_a[a])
    return total


@kernel
def _row(
    q_a: FloatArray, x_a: FloatArray, up_a: FloatArray, down_a: FloatArray, alpha: float, beta: float, w: float,
    clip: float, kind: int, radius: float, tie: float, out_a: FloatArray,
) -> None:  # fmt: skip
    """Write log p of the maximiser of (1) over (2)."""
    actions = len(q_a)
    inside = beta > 0 or kind in (KL_BALL, RATIO)
    unique = alpha + beta > 0 or w > 0
    h_a, o_a = np.empty(actions), np.exp(x_a)
    least_a, most_a = np.full(actions, -np.inf), np.full(actions, np.inf)
    kinks = np.empty((4, actions))
    _no_kinks(kinks)
    for a in range(actions):
        h_a[a] = q_a[a] if x_a[a] == -np.inf else q_a[a] - alpha * x_a[a]
        if inside and x_a[a] == -np.inf:
            h_a[a], most_a[a] = -np.inf, -np.inf
        if up_a[a] > 0 or down_a[a] > 0:
            kinks[0, a] = x_a[a] + np.log1p(-clip) if clip < 1 else -np.inf
            kinks[1, a] = x_a[a] + np.log1p(clip)
            kinks[2, a], kinks[3, a] = up_a[a], down_a[a]
        if kind == RATIO:
            least_a[a], most_a[a] = x_a[a] - np.log(radius), x_a[a] + np.log(radius)
    unbounded = np.full(actions, -np.inf)
    if unique:
        _at_price(alpha + beta, h_a, x_a, w, kinks, least_a, most_a, 1.0, out_a)
        if kind == TOTAL_VARIATION_BALL and _excess(np.exp(out_a), o_a) > radius:
            fall_a = np.empty(actions)
            _at_price(alpha + beta, h_a, x_a, w, kinks, unbounded, x_a, 1.0 - radius, fall_a)
            _at_price(alpha + beta, h_a, x_a, w, kinks, x_a, most_a, 1.0 + radius, out_a)
            _join(out_a, fall_a, x_a, out_a)
        elif kind == KL_BALL and _divergence(out_a, x_a) > radius:
            gain = _value(out_a, q_a, x_a, alpha, beta, w, up_a, down_a, clip)
            gain -= _value(x_a, q_a, x_a, alpha, beta, w, up_a, down_a, clip)
            _in_kl_ball(alpha, beta, h_a, x_a, w, kinks, least_a, most_a, radius, gain / radius, out_a)
        return
    bounds = np.empty((2, actions))
    _face(q_a, o_a, up_a, down_a, clip, np.exp(least_a), np.exp(most_a), 1.0, tie, bounds)
    _even(bounds[0], bounds[1], 1.0, out_a)
    if kind == TOTAL_VARIATION_BALL and _excess(np.exp(out_a), o_a) > radius:
        rise_bounds, fall_bounds, fall_a = np.empty((2, actions)), np.empty((2, actions)), np.empty(actions)
        nearest = np.minimum(np.maximum(o_a, bounds[0]), bounds[1])
        if _excess(nearest, o_a) <= radius:
            rise_bounds[0], rise_bounds[1] = np.maximum(bounds[0], o_a), np.maximum(bounds[1], o_a)
            fall_bounds[0], fall_bounds[1] = np.minimum(bounds[0], o_a), np.minimum(bounds[1], o_a)
        else:
            top = np.full(actions, 1.0 + radius)
            for close in (tie, 0.0):
                _face(q_a, o_a, up_a, down_a, clip, o_a, top, 1.0 + radius, close, rise_bounds)
                _face(q_a, o_a, up_a, down_a, clip, np.zeros(actions), o_a, 1.0 - radius, close, fall_bounds)
                if not np.any((rise_bounds[1] > o_a) & (fall_bounds[0] < o_a)):
                    break
        _even(fall_bounds[0], fall_bounds[1], 1.0 - radius, fall_a)
        _even(rise_bounds[0], rise_bounds[1], 1.0 + radius, out_a)
        _join(out_a, fall_a, x_a, out_a)
    elif kind == KL_BALL and _divergence(out_a, x_a) > radius:
        e_a, still = x_a.copy(), np.empty((4, actions))
        _no_kinks(still)
        lower_a, upper_a, zero_a = np.empty(actions), np.empty(actions), np.zeros(actions)
        _logarithms(bounds[0], lower_a)
        _logarithms(bounds[1], upper_a)
        nearest = np.empty(actions)
        for a in range(actions):
            if upper_a[a] == -np.inf:
                e_a[a] = -np.inf
        _fill(e_a, still, lower_a, upper_a, 1.0, nearest)
        least = _divergence(nearest, x_a)
        if least < radius:
            flat_a = -x_a  # the entropy's own h: q = 0 and α = 1, on the face
            for a in range(actions):
                if upper_a[a] == -np.inf:
                    flat_a[a] = -np.inf
            gain = _value(out_a, zero_a, x_a, 1.0, 0.0, 0.0, zero_a, zero_a, 0.0)
            gain -= _value(nearest, zero_a, x_a, 1.0, 0.0, 0.0, zero_a, zero_a, 0.0)
            _in_kl_ball(1.0, 0.0, flat_a, x_a, 0.0, still, lower_a, upper_a, radius, gain / (radius - least), out_a)
        else:
            gain = _value(out_a, q_a, x_a, 0.0, 0.0, 0.0, up_a, down_a, clip)
            gain -= _value(x_a, q_a, x_a, 0.0, 0.0, 0.0, up_a, down_a, clip)
            _in_kl_ball(0.0, 0.0, h_a, x_a, 0.0, kinks, least_a, most_a, radius, gain / radius, out_a)


@kernel
def maximise(
    q_sa: FloatArray, x_sa: FloatArray, up_sa: FloatArray, down_sa: FloatArray, alpha: float, beta: float, w: float,
    clip: float, kind: int, radius: float, tie: float, out_sa: FloatArray, out_log_sa: FloatArray,
) -> None:  # fmt: skip
    """Write p, and log p, of the maximiser of (1) over (2) for every row; rows of p sum to 1 to rounding."""
    for s in range(q_sa.shape[0]):
        shift = np.max(q_sa[s])
        _row(q_sa[s] - shift, x_sa[s], up_sa[s], down_sa[s], alpha, beta, w, clip, kind, radius, tie, out_log_sa[s])
        out_sa[s] = np.exp(out_log_sa[s])
        total = np.sum(out_sa[s])
        out_sa[s] /= total
        out_log_sa[s] -= np.log(total)
