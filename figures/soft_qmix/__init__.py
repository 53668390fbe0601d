"""Soft-QMIX: what is not computed."""

from mathrl.figures.soft_qmix import unavailable

__all__ = ["unavailable"]
