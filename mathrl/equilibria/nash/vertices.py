"""All Nash equilibria of a game of two agents, in fractions, with a proof that there are no others.

Agent 1's payoffs are r¹(a, b) and agent 2's r²(a, b). A mixed strategy y of agent 2 together with agent 1's largest
payoff u against it is a point of a polyhedron, and so is x with agent 2's largest payoff v:

    Y = {(y, u): y ≥ 0, Σ_b y_b = 1, Σ_b r¹(a, b) y_b ≤ u for all a}
    X = {(x, v): x ≥ 0, Σ_a x_a = 1, Σ_a r²(a, b) x_a ≤ v for all b}                              (1)

A point has the label a where x_a = 0 in X or where row a is tight in Y, and the label b where y_b = 0 in Y or where
column b is tight in X. (x, y) is an equilibrium where the two points together have all labels: each action is either
not played or a best response.

A game is nondegenerate if no point of X has more labels than agent 1 has actions, and none of Y more than agent 2 has.
Then points of an equilibrium are vertices, which have exactly so many (von Stengel, Computing equilibria for two-person
games, Handbook of Game Theory 3, 2002, Theorem 2.10). So the pairs of vertices that have all labels are all
equilibria. Vertices are found by solving (1) for every choice of so many labels. A point of too many labels lies on a
face all of whose points have these labels, and every face has a vertex: so the vertices decide nondegeneracy.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, product

from mathrl.base.checks import fail

__all__ = ["AllEquilibria", "Equilibrium", "all_equilibria"]

Numbers = Sequence[Sequence[int | Fraction]]


@dataclass(frozen=True)
class Equilibrium:
    """A Nash equilibrium, in fractions.

    `strategies`  per agent the probabilities of its actions
    `payoffs`     what each agent expects
    """

    strategies: tuple[tuple[Fraction, ...], tuple[Fraction, ...]]
    payoffs: tuple[Fraction, Fraction]

    @property
    def pure(self) -> bool:
        """Whether both agents play one action."""
        return all(max(strategy) == 1 for strategy in self.strategies)


@dataclass(frozen=True)
class AllEquilibria:
    """What `all_equilibria` finds.

    `equilibria`     those that are pairs of vertices, pure ones first
    `nondegenerate`  whether the game is: then there are no others
    """

    equilibria: tuple[Equilibrium, ...]
    nondegenerate: bool


def all_equilibria(first: Numbers, second: Numbers) -> AllEquilibria:
    """All equilibria of a game of two agents that are pairs of vertices of (1); of a nondegenerate game these are all.

    `first`   r¹: rows of whole numbers or fractions, one for each action of agent 1
    `second`  r² in the same form, of the same shape

    The work grows exponentially with the number of actions: it is for a handful. Raises `ValueError` where the rows are
    ragged or the shapes differ.

    >>> found = all_equilibria([[2, 0], [0, 1]], [[1, 0], [0, 2]])  # battle of the sexes
    >>> [[str(p) for p in e.strategies[0]] for e in found.equilibria], found.nondegenerate
    ([['1', '0'], ['0', '1'], ['2/3', '1/3']], True)
    """
    r1, r2 = ([[Fraction(entry) for entry in row] for row in rows] for rows in (first, second))
    m, n = len(r1), len(r1[0]) if r1 else 0
    if n == 0 or any(len(row) != n for row in (*r1, *r2)) or len(r2) != m:
        fail("second", "has another shape than first, or one is ragged or empty", "two tables of the same shape")
    of_first = list(_vertices([list(column) for column in zip(*r2, strict=True)], range(m), range(m, m + n)))
    of_second = list(_vertices(r1, range(m, m + n), range(m)))
    found = [
        Equilibrium((x, y), (u, v))
        for (x, v, own), (y, u, other) in product(of_first, of_second)
        if len(own | other) == m + n
    ]
    few = all(len(own) == m for _, _, own in of_first) and all(len(own) == n for _, _, own in of_second)
    found.sort(key=lambda e: (not e.pure, [-p for strategy in e.strategies for p in strategy]))
    return AllEquilibria(tuple(found), few)


def _vertices(
    rows: list[list[Fraction]], unplayed: range, tight: range
) -> Iterator[tuple[tuple[Fraction, ...], Fraction, frozenset[int]]]:
    """The vertices of {(z, w): z ≥ 0, Σ z = 1, rows z ≤ w}, each once, with its labels."""
    size, seen = len(unplayed), set()
    for chosen in combinations([*unplayed, *tight], size):
        system = [[*([Fraction(1)] * size), Fraction(0), Fraction(1)]]
        for label in chosen:
            if label in unplayed:
                z = [Fraction(int(label == other)) for other in unplayed]
                system.append([*z, Fraction(0), Fraction(0)])
            else:
                system.append([*rows[label - tight.start], Fraction(-1), Fraction(0)])
        solved = _solution(system)
        if solved is None:
            continue
        *z, w = solved
        slack = [w - sum(r * p for r, p in zip(row, z, strict=True)) for row in rows]
        if min(z) < 0 or min(slack) < 0 or tuple(solved) in seen:
            continue
        seen.add(tuple(solved))
        zeros = {label for label, p in zip(unplayed, z, strict=True) if p == 0}
        bound = {label for label, left in zip(tight, slack, strict=True) if left == 0}
        yield tuple(z), w, frozenset(zeros | bound)


def _solution(system: list[list[Fraction]]) -> list[Fraction] | None:
    """The solution of a square system with its right-hand side in the last column, None where it is singular."""
    rows = [list(row) for row in system]
    for k in range(len(rows)):
        pivot = next((j for j in range(k, len(rows)) if rows[j][k] != 0), None)
        if pivot is None:
            return None
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [entry / rows[k][k] for entry in rows[k]]
        for j, row in enumerate(rows):
            if j != k and row[k] != 0:
                rows[j] = [entry - row[k] * own for entry, own in zip(row, rows[k], strict=True)]
    return [row[-1] for row in rows]
