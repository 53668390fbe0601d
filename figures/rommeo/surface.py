"""The max-of-two-quadratics game: its surface, critical points, valley and basins, exactly.

    f(x) = max(f_1, f_2),   f_1 = −c |x + e|²,   f_2 = 10 − |x − e|²,   e = (5, 5),   x in [−10, 10]²       (1)

Both agents are paid f, so that their gradients are the two parts of its gradient. f_2 ≥ f_1 on a disc, on the circle of
which the pieces meet:

    |x − m e| ≤ ρ,   m = (1 + c)/(1 − c),   ρ² = 50 (m² − 1) + 10/(1 − c)                                   (2)

Outside the disc gradient ascent runs straight towards −e; inside, where e is, straight towards e, and it stays there,
as a disc is convex. On the arc that −e sees, (x + e)·(x − m e) < 0, both run away from the circle: that is the valley.
On the other arc ascent towards −e runs into the disc, and on to e. So the basin of e is the disc and its shadow, seen
from −e; the rest is the basin of −e. The highest point of the valley is the lowest that a path from one to the other
must cross:

    x = s e,   s = m − ρ/√50,   f(x) = −50 c (1 + s)²                                                       (3)

There 0 lies between the two gradients; nowhere else is the gradient 0 but at e and −e. The shadow lies within the angle
θ of the diagonal, with sin θ = ρ/(√50 (m + 1)).
"""

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from mathrl.base.checks import FloatArray

__all__ = ["BOX", "CODE", "PRINTED", "Surface"]

BOX = 10.0
"""Actions are in [−10, 10]."""

NORM = math.sqrt(50)
"""|e|."""


@dataclass(frozen=True)
class Surface:
    """The surface (1) with this c, a fraction in (0, 1)."""

    c: Fraction

    @property
    def m(self) -> Fraction:
        """Where the disc's centre is, in multiples of e."""
        return (1 + self.c) / (1 - self.c)

    @property
    def radius_squared(self) -> Fraction:
        """ρ² of (2)."""
        return 50 * (self.m**2 - 1) + 10 / (1 - self.c)

    @property
    def radius(self) -> float:
        """ρ of (2)."""
        return math.sqrt(self.radius_squared)

    @property
    def sine_squared(self) -> Fraction:
        """sin² θ, of half the angle under which −e sees the disc."""
        return self.radius_squared / (50 * (self.m + 1) ** 2)

    @property
    def saddle(self) -> float:
        """s of (3): the highest point of the valley is (5 s, 5 s)."""
        return float(self.m) - math.sqrt(self.radius_squared / 50)

    @property
    def exact_saddle(self) -> Fraction | None:
        """s of (3) as a fraction; None where it is none."""
        squared = self.radius_squared / 50
        root = Fraction(math.isqrt(squared.numerator), math.isqrt(squared.denominator))
        return self.m - root if root**2 == squared else None

    def diagonal(self, x: Fraction) -> tuple[Fraction, Fraction]:
        """f_1 and f_2 of (x, x)."""
        return -2 * self.c * (x + 5) ** 2, 10 - 2 * (x - 5) ** 2

    def maxima(self) -> tuple[tuple[Fraction, Fraction], ...]:
        """Where f is largest around, both agents' action and f there, the lowest first.

        A piece is concave and alike in both actions, so that it is largest on the diagonal, where three of its values
        determine it; that is a maximum of f if the other piece is less there.
        """
        found = []
        for piece in range(2):
            before, middle, after = (self.diagonal(Fraction(x))[piece] for x in (-1, 0, 1))
            top = (before - after) / (2 * (before + after - 2 * middle))
            values = self.diagonal(top)
            if values[piece] > values[1 - piece]:
                found.append((top, values[piece]))
        return tuple(sorted(found, key=lambda maximum: maximum[1]))

    def value(self, x: FloatArray) -> FloatArray:
        """f of points (…, 2)."""
        return np.maximum(*self.pieces(x))

    def pieces(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """f_1 and f_2 of points (…, 2)."""
        x = np.asarray(x, dtype=float)
        return -float(self.c) * ((x + 5) ** 2).sum(axis=-1), 10 - ((x - 5) ** 2).sum(axis=-1)

    def gradient(self, x: FloatArray) -> FloatArray:
        """The gradient of the larger piece at points (…, 2); of f_2 where they meet."""
        first, second = self.pieces(x)
        x = np.asarray(x, dtype=float)
        return np.where((second >= first)[..., None], -2 * (x - 5), -2 * float(self.c) * (x + 5))

    def inside(self, x: FloatArray) -> npt.NDArray[np.bool_]:
        """Whether f_2 is the larger piece, or they are equal."""
        first, second = self.pieces(x)
        return np.asarray(second >= first)

    def entry(self, x: FloatArray) -> FloatArray | None:
        """Where the straight line from x, which is outside the disc, to −e enters the disc; None where it does not."""
        start, back = np.asarray(x, dtype=float) - 5 * float(self.m), -5 - np.asarray(x, dtype=float)
        a, b, c = back @ back, 2 * start @ back, start @ start - float(self.radius_squared)
        root = b * b - 4 * a * c
        if root <= 0 or a == 0:
            return None
        t = (-b - math.sqrt(root)) / (2 * a)
        return np.asarray(x, dtype=float) + t * back if 0 <= t <= 1 else None

    def path(self, x: FloatArray) -> FloatArray:
        """The corners of the path of gradient ascent from x: x, where it enters the disc, and its end."""
        x, e = np.asarray(x, dtype=float), np.full(2, 5.0)
        if self.inside(x):
            return np.stack([x, e])
        turn = self.entry(x)
        return np.stack([x, -e]) if turn is None else np.stack([x, turn, e])

    def basin_share(self) -> tuple[float, float]:
        """The share of the box [−10, 10]² from which ascent ends at e, and the bound of quadrature's error."""
        from scipy.integrate import quad

        theta = math.asin(math.sqrt(self.sine_squared))
        distance, ρ = NORM * float(self.m + 1), self.radius

        def ring(φ: float) -> float:
            """Half of what lies between the disc's near side and the edge of the box, seen from −e at the angle φ."""
            near = distance * math.cos(φ) - math.sqrt(max(0.0, ρ**2 - (distance * math.sin(φ)) ** 2))
            edge = (BOX + 5) / math.cos(math.pi / 4 - φ)
            return max(0.0, edge**2 - near**2) / 2

        cut = self._leaves_box(theta, distance)
        area, error = quad(ring, 0.0, cut, epsabs=1e-12, epsrel=1e-12, limit=200)
        return 2 * area / (2 * BOX) ** 2, 2 * error / (2 * BOX) ** 2

    def _leaves_box(self, theta: float, distance: float) -> float:
        """The angle up to which the disc's near side lies in the box: θ, or less."""
        from scipy.optimize import brentq

        def beyond(φ: float) -> float:
            near = distance * math.cos(φ) - math.sqrt(max(0.0, self.radius**2 - (distance * math.sin(φ)) ** 2))
            return near - (BOX + 5) / math.cos(math.pi / 4 - φ)

        return theta if beyond(theta) <= 0 else float(brentq(beyond, 0.0, theta, xtol=1e-15))


PRINTED = Surface(Fraction(4, 45))
"""As the text prints it: f_1 = 0.8 [−((a¹ + 5)/3)² − ((a² + 5)/3)²]."""

CODE = Surface(Fraction(4, 15))
"""As the authors' code has it, and as Figure 2a is drawn: the squares are divided by 3, not what is squared."""
