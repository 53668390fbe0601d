"""Identities on symbols: a check whose entries all expand to 0 holds for all numbers, at the sizes that it has."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import sympy

from mathrl.proofs_checks.slack import Slack

__all__ = ["Log", "expands_to_zero", "symbols"]


class Log(sympy.Symbol):  # type: ignore[misc]
    """A positive symbol p whose logarithm is another symbol: `mathrl.operators` ask an entry for its own logarithm."""

    def log(self) -> sympy.Symbol:
        """The symbol log p."""
        return sympy.Symbol(f"log {self.name}")


def symbols(name: str, shape: tuple[int, ...], *, with_logs: bool = False) -> Any:
    """An array of symbols name[0,0], name[0,1], …; with `with_logs` their logarithms are symbols too."""
    found = np.empty(shape, dtype=object)
    for place in np.ndindex(shape):
        label = f"{name}{list(place)}".replace(" ", "")
        found[place] = Log(label, positive=True) if with_logs else sympy.Symbol(label)
    return found


def expands_to_zero(slack: Slack, where: Iterable[Mapping[Any, Any]] = ()) -> int:
    """Prove all equations of a slack on symbols, and return how many they are.

    `slack`  of a check that was called with symbols; equations alone
    `where`  what symbols stand for, in order, as for `sympy.Expr.subs`: probabilities that sum to 1, for example

    Raises `ArithmeticError` naming the first difference that does not expand to 0.
    """
    assert slack.equation.all(), "an inequality does not expand to 0"
    for left, right in zip(slack.left, slack.right, strict=True):
        difference = sympy.sympify(left - right)
        for known in where:
            difference = difference.subs(known, simultaneous=True)
        if sympy.expand(difference) != 0:
            raise ArithmeticError(f"{sympy.expand(difference)} is not 0")
    return len(slack.left)
