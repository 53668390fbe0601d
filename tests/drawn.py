"""A simulation of one number. Processes import this file alone, not that of the test that starts them."""

import numpy as np

__all__ = ["drawn"]


def drawn(part):
    """A number of a seed; a part is a seed and a log of those that were computed."""
    seed, log = part
    with open(log, "a") as file:
        file.write(f"{seed}\n")
    return {"drawn": float(np.random.default_rng(seed).normal())}
