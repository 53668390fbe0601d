"""What algorithms and environments of their own there are, by name, each in a line; this needs no JAX."""

from collections.abc import Mapping

__all__ = ["ALGORITHMS", "ENVIRONMENTS"]

ALGORITHMS: Mapping[str, str] = {
    "hasac": "soft actor-critic; agents update in turn",
    "masac": "soft actor-critic; agents update all at once",
    "mehaml": "HASAC with a drift; agents update in turn",
    "dmac": "actor-critic regularised towards target policies, which follow the policies; agents update in turn",
}
"""The names and summaries of `mathrl.neural.algorithms.ALGORITHMS`, which takes them from here, in the same order."""

ENVIRONMENTS: Mapping[str, str] = {
    "max-of-two-quadratics": "two agents, continuous actions: a broad hill and a high one (rommeo §5.2)",
}
"""All environments that are no games."""
