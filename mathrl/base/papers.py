"""The five papers, in the order of their years."""

__all__ = ["TITLES"]

TITLES = {"rommeo": "ROMMEO", "aorpo": "AORPO", "hasac": "HASAC", "dmac": "DMAC", "soft-qmix": "Soft-QMIX"}
"""What each paper's method is called, by the name that ids begin with."""
