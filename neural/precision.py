"""Numbers that networks can compute with: others become 0 or infinite in the precision that JAX is set to."""

import jax.numpy as jnp
import numpy as np

from mathrl.base.checks import fail

__all__ = ["in_precision"]


def in_precision(argument: str, number: float, found: str = "", mend: str = "") -> None:
    """Refuse a number that is none of the precision of networks.

    `argument`  what a message names
    `found`     what it says of it; default: what the number is
    """
    kind = np.finfo(jnp.result_type(float))
    if number != 0 and not float(kind.tiny) <= abs(number) <= float(kind.max):
        expected = f"a size from {kind.tiny:.2g} to {kind.max:.2g}, as networks compute in {kind.dtype}"
        fail(argument, found or f"is {number:g}", expected, mend)
