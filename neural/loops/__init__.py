"""The loops in which algorithms learn from an environment."""

from mathrl.neural.loops.off_policy import OFF_POLICY

__all__ = ["OFF_POLICY"]
