"""Ball arithmetic for NumPy arrays: numbers known within bounds, which refuse to answer what these leave open.

A ball is a midpoint and a radius, and every operation returns a ball that holds all results of the numbers inside
(python-flint's `arb`). The functions of `mathrl.softmax` and `mathrl.operators` take arrays of balls, and so compute
with proof:

>>> from mathrl.balls import balls, precision
>>> from mathrl.softmax import entropy
>>> with precision(100):
...     print(entropy(balls(["1/3", "1/3", "1/3"])))
[1.0986122886681096913952452369 +/- 2.76e-29]

A largest entry, a soft maximum and an absolute value are enclosed. A comparison that the balls leave open, and with
it an argmax or a mask by value, raises `Undecided`:

>>> balls(1, radius=1) > balls(1)
Traceback (most recent call last):
mathrl.arithmetic.undecided.Undecided: [+/- 2.01] > 1.00000000000000 is undecided: use more precision, or narrower balls

The arguments of one function may be of several kinds: doubles beside balls are taken at their exact binary value, and
rounded nowhere. Make balls of doubles before computing with these alone: that is rounded, and no ball knows of it.
"""

from mathrl.arithmetic import Undecided
from mathrl.balls.arrays import balls, contains, midpoints, radii
from mathrl.balls.ball import Ball, precision

__all__ = ["Ball", "Undecided", "balls", "contains", "midpoints", "precision", "radii"]
