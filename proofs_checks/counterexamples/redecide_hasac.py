"""Counterexamples to claims of the HASAC paper, decided from their files alone."""

from typing import Any

from .exact import distributions, entropy, expect, outer, softmax

__all__ = ["hasac_proposition_1"]

Instance = dict[str, Any]


def hasac_proposition_1(x: Instance) -> tuple[bool, Any]:
    """One state, so that Q is r and a constant. Eq. 8 for agent 0, then 1; then E[r] + α Σ H of both joint policies."""
    (r,), [(one,), (two,)] = x["game"]["rewards"], x["policy"]
    alpha, other = x["temperature"], [rows[0] for rows in x["other_policy"]]
    new_one = softmax([expect(two, row) for row in r], alpha)
    new_two = softmax([expect(new_one, column) for column in zip(*r, strict=True)], alpha)
    value, rival = (
        expect(outer(pair), [pay for row in r for pay in row]) + alpha * (entropy(pair[0]) + entropy(pair[1]))
        for pair in ((new_one, new_two), other)
    )
    premises = distributions([one, two, *other]) and alpha > 0 and x["order"] == [0, 1]
    return premises, value - rival
