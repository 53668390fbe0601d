"""The examples of docs/findings.md on ROMMEO, one test for each row, named after it."""

import math
import random
from fractions import Fraction
from itertools import combinations

from tests.findings.small import CLOSE, expect, log_sum, same, softmax, solve


def soft_value(table, prior, temperature):
    """log Σ_b P(b) (Σ_a exp(Q(a, b)/α))^α, Eq. 9; `table` has a row for each b."""
    return log_sum([log_sum(row, temperature) for row in table], 1.0, prior)


def test_rommeo_theorem_3():
    draw = random.Random(0)
    for temperature in (0.3, 1.0, 4.0):
        for _ in range(100):
            one, other = ([[draw.uniform(-3, 3) for _ in range(3)] for _ in range(2)] for _ in range(2))
            prior = [p := draw.random(), 1 - p]
            gap = max(
                abs(x - y) for row, with_ in zip(one, other, strict=True) for x, y in zip(row, with_, strict=True)
            )
            apart = abs(soft_value(one, prior, temperature) - soft_value(other, prior, temperature))
            assert apart <= gap + CLOSE  # times γ: a contraction, whatever the rewards are
    # Q and Q + 1: the values differ by 1 for every α. Eq. 61 has αε in place of ε, which is right for α = 1 only.
    for temperature in (0.5, 1.0, 2.0):
        lifted = soft_value([[1.0, 2.0]], [1.0], temperature) - soft_value([[0.0, 1.0]], [1.0], temperature)
        assert same(lifted, 1)
        assert same(lifted, temperature) == (temperature == 1)


def test_rommeo_equation_28():
    # One step, one state, two own actions, nobody else, R = 0, so that P(o = 1) = exp(R) = 1 for both actions.
    chances, policy = [Fraction(1), Fraction(1)], [Fraction(1, 2)] * 2
    assert sum(1 * c for c in chances) == 2  # the evidence with the printed weight 1 of each own action: no probability
    assert sum(Fraction(1, 2) * c for c in chances) == 1
    bound = expect(policy, [0 - math.log(0.5)] * 2)
    assert same(bound, math.log(2))  # Eq. 31; with log 1/2 in place of log 1 it is 0
    assert same(bound + 1 * math.log(0.5), 0)


def test_rommeo_equation_27():
    # Nobody has a choice. The game goes to two states with 1/2 each, whose rewards are log 1/3 and 0.
    evidence = Fraction(1, 2) * Fraction(1, 3) + Fraction(1, 2) * 1
    assert evidence == Fraction(2, 3)
    bound = 0.5 * math.log(1 / 3) + 0.5 * 0  # q keeps the transitions, and has nothing else to choose
    assert evidence**2 == Fraction(4, 9) > Fraction(1, 3)  # 2 log of the evidence, and twice the bound
    assert same(math.exp(2 * bound), 1 / 3)
    # Where the game goes to one state only the bound is attained.
    assert same(math.log(1 / 3), 1.0 * math.log(1 / 3))


def test_rommeo_algorithm_1():
    # Two own actions, one action of the others, Q = 0, π uniform, α = 2.
    temperature = 2.0
    sampled = math.log(expect([0.5, 0.5], [(1 ** (1 / temperature) * math.exp(0)) ** temperature / 0.5] * 2))
    assert same(sampled, math.log(2))  # the mean over samples; it does not depend on the sample here
    assert same(soft_value([[0.0, 0.0]], [1.0], temperature), temperature * math.log(2))
    # Eq. 15 gives Eq. 9 for every sample: Q − log ρ − α log π + log P at the policies of Eq. 10 and 11.
    table, prior = [[0.0, 1.0], [2.0, -1.0]], [0.3, 0.7]
    value = soft_value(table, prior, temperature)
    rho = softmax([log_sum(row, temperature) for row in table], 1.0, prior)
    for b, row in enumerate(table):
        pi = softmax(row, temperature)
        for a, q in enumerate(row):
            assert same(q - math.log(rho[b]) - temperature * math.log(pi[a]) + math.log(prior[b]), value)


def test_rommeo_equation_56():
    # α = 2, Q = (0, log 4): exp(Q/α) = (1, 2), exp(Q) = (1, 4).
    printed, right = (
        [Fraction(1, 2) * 1 / Fraction(3), Fraction(1, 2) * 4 / Fraction(3)],
        [Fraction(1, 3), Fraction(2, 3)],
    )
    assert same(softmax([0, math.log(4)], 2.0), [float(x) for x in right])
    assert sum(printed) == Fraction(5, 6)


def test_rommeo_equation_57():
    # α = 2, two actions of the others, P uniform, Q(·, b) = (0, log 4) and (0, 0): Σ_a exp(Q/α) = 3 and 2.
    weights = [Fraction(1, 2) * Fraction(1 + 2) ** 2, Fraction(1, 2) * Fraction(1 + 1) ** 2]
    printed = [Fraction(1, 2) * Fraction(1 + 4) ** 2, Fraction(1, 2) * Fraction(1 + 1) ** 2]  # Σ_a exp(Q) = 5 and 2
    value = soft_value([[0, math.log(4)], [0, 0]], [0.5, 0.5], 2.0)
    assert same(math.exp(value), float(sum(weights)))
    assert sum(weights) / sum(weights) == 1
    assert sum(printed) / sum(weights) == Fraction(29, 13)  # no distribution


ROWS = [[11, -30, 0], [-30, 7, 6], [0, 0, 5]]
"""The climbing game as printed; the second agent has 3 in place of 5 at (C, C)."""


def equilibria(one, two):
    """All equilibria of a game whose equilibria have supports of equal size, by solving for each pair of supports."""
    found = []
    for size in (1, 2, 3):
        for rows in combinations(range(3), size):
            for columns in combinations(range(3), size):
                right = [0] * size + [1]
                theirs = solve([[one[i][j] for j in columns] + [-1] for i in rows] + [[1] * size + [0]], right)
                ours = solve([[two[i][j] for i in rows] + [-1] for j in columns] + [[1] * size + [0]], right)
                if ours is None or theirs is None or min(ours[:size] + theirs[:size]) <= 0:
                    continue
                x, y = [Fraction(0)] * 3, [Fraction(0)] * 3
                for k in range(size):
                    x[rows[k]], y[columns[k]] = ours[k], theirs[k]
                best_one = max(expect(y, one[i]) for i in range(3))
                best_two = max(sum(x[i] * two[i][j] for i in range(3)) for j in range(3))
                if (best_one, best_two) == (theirs[size], ours[size]):
                    found.append((x, y))
    return found


def test_rommeo_text_5_1():
    printed = [row[:] for row in ROWS]
    printed[2][2] = 3
    assert equilibria(ROWS, printed) == [
        ([1, 0, 0], [1, 0, 0]),
        ([0, 1, 0], [0, 1, 0]),
        ([Fraction(3, 14), 0, Fraction(11, 14)], [Fraction(5, 16), 0, Fraction(11, 16)]),
    ]
    assert len(equilibria(ROWS, ROWS)) == 3  # with 5 for both agents too
    assert printed != ROWS  # "fully cooperative" is not what (5, 3) is
