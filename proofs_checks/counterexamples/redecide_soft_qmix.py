"""Counterexamples to claims of the Soft-QMIX paper, decided from their files alone."""

from typing import Any

__all__: list[str] = []

Instance = dict[str, Any]
