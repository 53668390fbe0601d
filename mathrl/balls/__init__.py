"""Ball arithmetic for NumPy arrays: numbers known within bounds, which refuse to answer what these leave open.

A ball is a midpoint and a radius, and every operation returns a ball that holds all results of the numbers inside
(python-flint's `arb`). The functions of `mathrl.softmax` and `mathrl.operators` take arrays of balls, and so compute
with proof:

>>> from mathrl.balls import balls, precision
>>> from mathrl.softmax import entropy
>>> with precision(100):
...     print(entropy(balls(["1/3", "1/3", "1/3"])))
[1.09861228866810969139524523692 +/- ...]

A largest entry, a soft maximum and an absolute value are enclosed. A comparison that the balls leave open, and with
it an argmax or a mask by value, raises `Undecided`:

>>> balls(0.5, radius=0.1) > balls(0.55)
Traceback (most recent call last):
mathrl.arithmetic.undecided.Undecided: [0.5 +/- 0.101] > 0.550000000000000 is undecided: ...

Give every array as balls: floats among balls are taken at their exact binary value, but what is computed from floats
alone is rounded, and no ball knows of it.
"""

from mathrl.arithmetic import Undecided
from mathrl.balls.arrays import balls, contains, midpoints, radii
from mathrl.balls.ball import Ball, precision

__all__ = ["Ball", "Undecided", "balls", "contains", "midpoints", "precision", "radii"]
