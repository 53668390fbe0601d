"""Counterexamples to claims of the ROMMEO paper, decided from their files alone."""

from typing import Any

__all__: list[str] = []

Instance = dict[str, Any]
