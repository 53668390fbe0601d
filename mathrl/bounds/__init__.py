"""AORPO's calculators: what its bounds on returns under learned models are worth on a game."""

from mathrl.bounds.process import Process
from mathrl.bounds.setup import Setup

__all__ = ["Process", "Setup"]
