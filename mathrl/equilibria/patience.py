"""How long quantal responses are taken in turn before Newton's method, and then a path, is tried instead."""

__all__ = ["LONGEST_PAUSE", "PATIENCE", "ROUNDING"]

PATIENCE = 30
"""After this many responses without a better residual a path is followed instead."""

LONGEST_PAUSE = 64
"""The most responses before Newton's method is tried again; the pause doubles with every failure."""

ROUNDING = 8.0
"""Rounding floors, for each value of an agent, by which values may fall and still count as not falling."""
