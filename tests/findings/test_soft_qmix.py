"""The examples of docs/findings.md on Soft-QMIX, one test for each row, named after it.

"The exact form" of the algorithm: each loss is minimised exactly, over pairs that the current policy draws.
"""

import math
import random
from fractions import Fraction
from functools import cache
from itertools import pairwise, permutations, product

from tests.findings.small import divergence, entropy, expect, log_sum, same, softmax, variation

PAYOFFS = [[8, -12, -12], [-12, 0, 0], [-12, 0, 0]]
"""Table 1 of the paper."""

DIFFER = [[0, 1], [1, 0]]
"""Two agents are paid for differing."""


def objective(table, one, two, temperature):
    """E_π[Q] + α Σ_i H(π^i): −α times the divergence of Eq. 9, but for a constant."""
    mean = sum(p * q * table[a][b] for a, p in enumerate(one) for b, q in enumerate(two))
    return mean + temperature * (entropy(one) + entropy(two))


# The exact monotone fit of a table of two agents.


@cache
def upper_sets(size):
    """The sets of cells of a square that hold, with each cell, all cells of higher rank."""
    steps = [s for s in product(range(size + 1), repeat=size) if all(x >= y for x, y in pairwise(s))]
    return [frozenset((i, j) for i in range(size) for j in range(step[i], size)) for step in steps]


def fit_in_order(table, weights, ranks):
    """The least-squares table that rises with both ranks: max over upper sets of min over lower sets of their mean.

    `weights` are positive. Returns the fit and its weighted squared error.
    """
    size = len(table)
    cells = list(product(range(size), repeat=2))
    ranked = {(ranks[0][a], ranks[1][b]): (weights[a][b], table[a][b]) for a, b in cells}
    means = {}
    for upper, kept in product(upper_sets(size), repeat=2):
        cut = upper - kept
        if cut:
            means[upper, kept] = sum(ranked[c][0] * ranked[c][1] for c in cut) / sum(ranked[c][0] for c in cut)
    at = {
        c: max(min(means[u, k] for k in upper_sets(size) if c not in k) for u in upper_sets(size) if c in u)
        for c in ranked
    }
    fit = [[at[ranks[0][a], ranks[1][b]] for b in range(size)] for a in range(size)]
    return fit, sum(weights[a][b] * (fit[a][b] - table[a][b]) ** 2 for a, b in cells)


def monotone_fit(table, weights):
    """QMIX's best table: the best fit over all orders of both agents' actions."""
    orders = list(permutations(range(len(table))))
    return min((fit_in_order(table, weights, ranks) for ranks in product(orders, repeat=2)), key=lambda found: found[1])


def outer(one, two):
    return [[p * q for q in two] for p in one]


def local_values(table, one, two):
    """The minimiser of Eq. 14 over all f_1, f_2 with the weights π, up to constants: means over the other's actions."""
    return [expect(two, row) for row in table], [expect(one, column) for column in zip(*table, strict=True)]


def additive_fit(table, one, two):
    """The best sum f_1(a) + f_2(b) with weights π."""
    first, second = local_values(table, one, two)
    mean = expect(one, first)
    return [[x + y - mean for y in second] for x in first]


MIXERS = {
    "unrestricted": lambda table, _one, _two: table,
    "additive": additive_fit,
    "monotone": lambda table, one, two: monotone_fit(table, outer(one, two))[0],
}


def update(payoffs, one, two, temperature, mixer="monotone"):
    """One step of the exact form in a game of one state: Eq. 13, 14, 15."""
    fitted = MIXERS[mixer](payoffs, one, two)
    return tuple(softmax(values, temperature) for values in local_values(fitted, one, two))


# Lemma 4.3, Theorem 4.4, and what stands in place of Eq. 9.


def best_product(table, temperature):
    """The exact minimiser of Eq. 9 for 2×2 actions: agent 2 answers agent 1, whose best play is searched for."""

    def value(p):
        second = softmax([expect([p, 1 - p], column) for column in zip(*table, strict=True)], temperature)
        return objective(table, [p, 1 - p], second, temperature), second

    p, width = max((i / 64 for i in range(65)), key=lambda x: value(x)[0]), 1 / 64
    while width > 1e-9:
        p = max((max(p - width, 0), p, min(p + width, 1)), key=lambda x: value(x)[0])
        width *= 0.7
    return [p, 1 - p], value(p)[1]


def soft_q(rewards, transitions, policies, temperature, discount=0.5):
    """The soft Q of a product policy, per state a 2×2 table, by iteration."""
    v, pairs = [0.0] * len(rewards), list(product(range(2), repeat=2))
    for _ in range(50):
        q = []
        for state, leads in zip(rewards, transitions, strict=True):
            q.append([[0.0, 0.0], [0.0, 0.0]])
            for a, b in pairs:
                q[-1][a][b] = state[a][b] + discount * expect(leads[a][b], v)
        v = [objective(table, *pi, temperature) for table, pi in zip(q, policies, strict=True)]
    return q


def random_policy(draw, states=2):
    return [tuple([p := draw.random(), 1 - p] for _ in range(2)) for _ in range(states)]


def policy_iteration(seed, temperature, steps):
    """Q of the policies of Eq. 9 in a random game of two states, two agents and two actions each."""
    draw = random.Random(seed)
    rewards = [[[draw.uniform(-1, 1) for _ in range(2)] for _ in range(2)] for _ in range(2)]
    transitions = [[[[p := draw.random(), 1 - p] for _ in range(2)] for _ in range(2)] for _ in range(2)]
    policies, found = random_policy(draw), []
    for _ in range(steps):
        found.append(soft_q(rewards, transitions, policies, temperature))
        policies = [best_product(table, temperature) for table in found[-1]]
    others = [soft_q(rewards, transitions, random_policy(draw), temperature) for _ in range(40)]
    return found, others


def flat(q):
    return [x for table in q for row in table for x in row]


def test_soft_qmix_lemma_4_3():
    for seed in range(4):
        found, _ = policy_iteration(seed, temperature=0.3, steps=4)
        for before, after in pairwise(found):
            assert all(y >= x - 1e-6 for x, y in zip(flat(before), flat(after), strict=True))


def test_soft_qmix_theorem_4_4():
    for seed in range(4):
        found, others = policy_iteration(seed, temperature=0.3, steps=8)
        assert all(abs(x - y) < 1e-5 for x, y in zip(flat(found[-2]), flat(found[-1]), strict=True))
        for other in others:
            assert all(x >= y - 1e-4 for x, y in zip(flat(found[-1]), flat(other), strict=True))
    # Where Eq. 9 has two minimisers the values tend to one limit, but "the" limit policy is a matter of choice.
    one, two = best_product(DIFFER, 0.1)
    assert abs(one[0] - 0.5) > 0.49
    assert same(objective(DIFFER, one, two, 0.1), objective(DIFFER, two, one, 0.1))


def test_soft_qmix_equation_10():
    start, temperature = [0.6, 0.4], 0.1
    one, two = update(DIFFER, start, start, temperature, "unrestricted")
    assert same(one[0], 1 / (1 + math.exp(2)))  # the mean payoffs are 0.4 and 0.6
    assert same(one, two)
    before, after = objective(DIFFER, start, start, temperature), objective(DIFFER, one, two, temperature)
    assert abs(before - 0.615) < 0.001
    assert abs(after - 0.283) < 0.001
    best = objective(DIFFER, *best_product(DIFFER, temperature), temperature)
    assert best > 1 > before > after  # Eq. 9 is minimised at 1 and more
    for mixer in MIXERS:
        one, two = start, start
        path = []
        for _ in range(30):
            one, two = update(DIFFER, one, two, temperature, mixer)
            path.append((one, two))
        rewards = [objective(DIFFER, *pair, 0.0) for pair in path]
        assert objective(DIFFER, *path[0], temperature) < before - 0.3
        assert max(rewards[-4:]) < 0.001
        assert same(path[-1][0], path[-3][0])
        assert abs(path[-1][0][0] - path[-2][0][0]) > 0.99


def test_soft_qmix_theorem_4_2():
    # One state, two actions, θ = Q = (0, 0), y = (0, 1), α = 2; π is uniform, and y and the sampling are held fixed.
    temperature, q, y = 2.0, [0.0, 0.0], [0.0, 1.0]
    policy = softmax(q, temperature)
    left = [2 * p * (x - t) for p, x, t in zip(policy, q, y, strict=True)]
    assert same(left, [0, -1])

    def gradient(function):
        """Central differences: third derivatives here are below 1, so that the error is below 1e-9."""
        return [
            (
                function([x + 1e-5 * (a == b) for b, x in enumerate(q)])
                - function([x - 1e-5 * (a == b) for b, x in enumerate(q)])
            )
            / 2e-5
            for a in range(2)
        ]

    kl = gradient(lambda at: divergence(softmax(at, temperature), softmax(y, temperature)))
    mean = expect(policy, y)
    for value in (lambda at: log_sum(at, temperature), lambda at: log_sum(at, temperature, [0.5, 0.5])):
        slope, v = gradient(value), value(q)
        printed = [temperature * k + 2 * g * (v - mean) for k, g in zip(kl, slope, strict=True)]
        assert (
            max(abs(x - z) for x, z in zip(printed, left, strict=True)) > 0.3
        )  # V with a sum, and with a mean (Eq. 11)
    slope, v = gradient(lambda at: log_sum(at, temperature)), log_sum(q, temperature)
    held = mean + temperature * entropy(policy)
    right = [2 * temperature**2 * k + 2 * g * (v - held) for k, g in zip(kl, slope, strict=True)]
    assert all(abs(x - z) < 1e-6 for x, z in zip(right, left, strict=True))


def test_soft_qmix_equation_14():
    draw = random.Random(0)
    for _ in range(50):
        steps = [[Fraction(draw.randint(0, 5)) for _ in range(3)] for _ in range(3)]
        rising = [[sum(steps[i][j] for i in range(a + 1) for j in range(b + 1)) for b in range(3)] for a in range(3)]
        one, two = (
            [Fraction(x, sum(row)) for x in row] for row in [[draw.randint(1, 9) for _ in range(3)] for _ in range(2)]
        )
        values = local_values(rising, one, two)
        assert all(sorted(v) == v for v in values)  # in the order of a monotone Q_tot without being told
        fit = additive_fit(rising, one, two)
        for other in (additive_fit(rising, two, one), [[x + 1 for x in row] for row in fit]):  # two other sums
            errors = [
                sum(one[a] * two[b] * (table[a][b] - rising[a][b]) ** 2 for a, b in product(range(3), repeat=2))
                for table in (fit, other)
            ]
            assert errors[0] <= errors[1]


def test_soft_qmix_equation_7():
    # Two states, two agents, two actions, α = 1, γ = 1/2, a fixed policy; the exact fit to T_λ Q, again and again.
    draw = random.Random(3)
    rewards = [[[draw.uniform(-1, 1) for _ in range(2)] for _ in range(2)] for _ in range(2)]
    leads = [[[[p := draw.random(), 1 - p] for _ in range(2)] for _ in range(2)] for _ in range(2)]
    policies, discount, pairs = random_policy(draw), 0.5, list(product(range(2), repeat=2))
    exact = soft_q(rewards, leads, policies, 1.0)
    weights = [outer(*pi) for pi in policies]

    def swept(fit, weights, decay):
        q = [[[0.0] * 2 for _ in range(2)] for _ in range(2)]
        for _ in range(60):
            v = [objective(table, *pi, 1.0) for table, pi in zip(q, policies, strict=True)]
            delta = [
                [
                    [rewards[s][a][b] + discount * expect(leads[s][a][b], v) - q[s][a][b] for b in range(2)]
                    for a in range(2)
                ]
                for s in range(2)
            ]
            later = [0.0, 0.0]  # Σ_{l ≥ 0} (γλ)^l E[δ_{t+l}], where the policy draws the first action too
            for _ in range(60):
                later = [
                    sum(
                        policies[s][0][a]
                        * policies[s][1][b]
                        * (delta[s][a][b] + discount * decay * expect(leads[s][a][b], later))
                        for a, b in pairs
                    )
                    for s in range(2)
                ]
            target = [
                [
                    [q[s][a][b] + delta[s][a][b] + discount * decay * expect(leads[s][a][b], later) for b in range(2)]
                    for a in range(2)
                ]
                for s in range(2)
            ]
            q = [fit(table, w) for table, w in zip(target, weights, strict=True)]
        return q

    monotone = lambda table, w: monotone_fit(table, w)[0]  # noqa: E731
    nearest = [monotone(table, w) for table, w in zip(exact, weights, strict=True)]
    assert any(not same(x, y) for x, y in zip(flat(nearest), flat(exact), strict=True))  # the fit is not exact
    for decay in (0.0, 0.5, 0.9):
        assert same(flat(swept(monotone, weights, decay)), flat(nearest))
    uniform = [[[0.25] * 2 for _ in range(2)] for _ in range(2)]  # with other weights λ matters
    one, other = (flat(swept(monotone, uniform, decay)) for decay in (0.0, 0.9))
    assert max(abs(x - y) for x, y in zip(one, other, strict=True)) > 0.001


def test_soft_qmix_equation_26():
    # Two steps in which nothing is paid; two actions, π uniform, α = 1, γ = 1/2, V(s_{t+2}) = 3, and Q = 0 at s_t and
    # at s_{t+1}, so that V(s_{t+1}) = E[Q − α log π] = log 2, as in Eq. 4.
    discount, first, second = 0.5, math.log(2), 3.0
    steps = discount * first + discount * (discount * second)  # δ_t + γ δ_{t+1}
    log_pi = math.log(0.5)
    printed = -log_pi + discount**2 * first
    right = -discount * log_pi + discount**2 * second
    assert same(steps, math.log(2) / 2 + 3 / 4)
    assert same(steps, right)
    assert same(printed, 5 / 4 * math.log(2))


# IGM, IGI and the matrix game.


def test_soft_qmix_text_3_2():
    local, mixed = [0, 1], [0, 0]  # Q_tot = 0 · Q_1: its derivative by Q_1 is 0, not negative
    maximisers = lambda values: {a for a, x in enumerate(values) if x == max(values)}  # noqa: E731
    assert maximisers(local) == {1}
    assert maximisers(mixed) == {0, 1}
    assert maximisers(local) < maximisers(mixed)


def test_soft_qmix_appendix_b():
    for temperature in (0.1, 1.0, 10.0):
        # exp(r/α) for the payoffs (1, 0; 0, 1) has the determinant e^{2/α} − 1 > 0, so that it is no product.
        joint = softmax([1, 0, 0, 1], temperature)
        assert joint[0] * joint[3] - joint[1] * joint[2] > 1e-3
    # The best product policy is a product by definition; it has less.
    table, joint = [[1, 0], [0, 1]], softmax([1, 0, 0, 1], 0.5)
    best = objective(table, *best_product(table, 0.5), 0.5)
    assert best < expect(joint, [1, 0, 0, 1]) + 0.5 * entropy(joint) - 0.1


def test_soft_qmix_table_2_c():
    ones = [[Fraction(1)] * 3 for _ in range(3)]
    table = [[Fraction(x) for x in row] for row in PAYOFFS]
    _, learned_order = fit_in_order(table, ones, ((0, 1, 2), (0, 1, 2)))  # A lowest, as the printed Q_tot has it
    fit, error = monotone_fit(table, ones)
    assert (learned_order, error) == (320, 288)
    assert fit == [[8, -6, -6], [-6, -6, -6], [-6, -6, -6]]


def test_soft_qmix_table_2_a():
    printed = [[8, -12, -14], [-8, -28, -30], [-10, -30, -32]]
    rows, columns = [0, -16, -18], [0, -20, -22]
    assert printed == [[8 + x + y for y in columns] for x in rows]  # a sum over the agents
    table = [[Fraction(x) for x in row] for row in PAYOFFS]
    policy = [Fraction(9, 10), Fraction(1, 20), Fraction(1, 20)]
    assert (
        additive_fit(table, policy, policy)[1][1] == Fraction(-648, 25) < -25
    )  # a sum may leave the range of the payoffs
    for first in (policy, [Fraction(1, 3)] * 3, [Fraction(98, 100), Fraction(1, 100), Fraction(1, 100)]):
        fit, _ = monotone_fit(table, outer(first, first))
        assert (
            -12 <= min(map(min, fit)) <= max(map(max, fit)) <= 8
        )  # a monotone fit, with all weights positive, may not


def ends(start, temperature):
    """The policies that the exact form has after 12 steps on Table 1, from one start of both agents."""
    one = two = start
    for _ in range(12):
        one, two = update(PAYOFFS, one, two, temperature)
    return one, two


def test_soft_qmix_text_5():
    for temperature in (0.5, 1.0, 5.0):
        one, two = ends([1 / 3] * 3, temperature)
        assert min(one[0], two[0]) > 0.5  # (A, A), which pays 8
    one, two = ends([0.1, 0.45, 0.45], 1.0)
    assert max(one[0], two[0]) < 0.01  # B and C, which pay 0


# Slips.


def test_soft_qmix_equation_11():
    # Q = (0, 2 log 3), α = 2, the reference uniform.
    q, temperature = [0.0, 2 * math.log(3)], 2.0
    assert same(log_sum(q, temperature), 2 * math.log(4))
    right = [math.exp((x - log_sum(q, temperature)) / temperature) for x in q]
    assert same(right, [1 / 4, 3 / 4])
    mean = log_sum(q, temperature, [0.5, 0.5])
    assert same(sum(math.exp((x - mean) / temperature) for x in q), 2)  # with the mean, as printed, no distribution
    first = [math.exp(x - log_sum(q, temperature) / temperature) for x in q]  # the brackets of Eq. 11
    second = [math.exp(x - log_sum(q, temperature)) / temperature for x in q]  # and of Eq. 28
    assert same(sum(first), 10 / 4)
    assert same(sum(second), 10 / 32)


def test_soft_qmix_equation_18():
    # One state, two joint actions, no rewards, π uniform, α = 1, γ = 1/2.
    right = printed = 0.0
    for _ in range(100):
        right = 0 + 0.5 * (right + math.log(2))  # Eq. 4-5
        printed = (0 + math.log(2)) + 0.5 * printed  # Eq. 18-19
    assert same((right, printed), (math.log(2), 2 * math.log(2)))


def test_soft_qmix_equation_20():
    z = 2.0  # Q = (0, 0), α = 1
    assert same(2 * (math.exp(0) - math.log(z)), 2 - 2 * math.log(2))  # as printed it sums to 0.61
    assert same(2 * math.exp(0 - math.log(z)), 1)


def test_soft_qmix_equation_36():
    # f = (0, 1), α = 1, the old policy uniform; the new one minimises the divergence.
    f, old = [0.0, 1.0], [0.5, 0.5]
    new = softmax(f)
    before, after = (expect(pi, f) + entropy(pi) for pi in (old, new))
    assert abs(before - 1.193) < 0.001
    assert abs(after - 1.313) < 0.001  # the larger one; printed with ≤


def test_soft_qmix_equation_39():
    # One next state, two joint actions, π_old = (1, 0), π_new = (0, 1), Q_tot − Σ f = (1, 0).
    old, new, gap = [1, 0], [0, 1], [1, 0]
    left = expect([p - q for p, q in zip(old, new, strict=True)], gap)
    largest = max(map(abs, gap))
    assert left == 1 > largest * (sum(old) - sum(new)) == 0  # the printed bound is always 0
    assert left <= largest * 2 * variation(old, new)  # with |π_old − π_new|, as in Eq. 40
