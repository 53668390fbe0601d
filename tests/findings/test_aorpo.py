"""The examples of docs/findings.md on AORPO, one test for each row, named after it.

Returns are normalised, (1 − γ) Σ_{t≥0} γ^t r_t, as in Lemma C.3 of the paper, unless a test says otherwise.
"""

import math
import random
from fractions import Fraction
from itertools import product

import pytest

from tests.findings.small import CLOSE, discounted, expect, log_sum, same, variation

# Theorems 6 and 7, Section 5.2 and Eq. 5: soft Q-learning.


def values_of_one_state(rewards, discount, backup, steps=200):
    """V = backup(Q) at the fixed point of Q = r + γ V in a game of one state; `rewards` lists all joint actions."""
    v = 0.0
    for _ in range(steps):
        v = backup([r + discount * v for r in rewards])
    return v


def test_aorpo_theorem_6():
    def weighted(phi):
        """The operator of Theorem 6, for two agents with two actions each; Q lists (own, other) in order."""
        return lambda q: math.log(sum(phi[b] * (math.exp(q[b]) + math.exp(q[2 + b])) for b in range(2)))

    for rewards in ([0.0] * 4, [1.0, -1.0, 0.5, 0.0]):
        plain = values_of_one_state(rewards, 0.5, log_sum)
        uniform = values_of_one_state(rewards, 0.5, weighted([0.5, 0.5]))
        assert same(plain - uniform, math.log(2) / (1 - 0.5))
        for phi in ([1.0, 0.0], [0.3, 0.7], [0.0, 1.0]):  # whatever the real policy of the other agent is
            assert values_of_one_state(rewards, 0.5, weighted(phi)) < plain - 0.1
    assert same(values_of_one_state([0.0] * 4, 0.5, log_sum), 4 * math.log(2))
    assert same(values_of_one_state([0.0] * 4, 0.5, weighted([0.5, 0.5])), 2 * math.log(2))
    # In the proof D_2 is |α log (Σ_b φ(b) W(b)/Σ_b W(b))| where φ_t = φ: log 2 for Q = 0, while its bound is log 1.
    assert same(abs(math.log((0.5 * 2 + 0.5 * 2) / 4)), math.log(2))


def test_aorpo_theorem_7():
    # Common payoff (2, 1; 1, 0), γ = 1/2. Full sweeps from Q = 0 meet only stage games c r + d with c ≥ 0, each of
    # which has its optimum at (0, 0), as action 0 dominates.
    rewards = [2.0, 1.0, 1.0, 0.0]
    nash = values_of_one_state(rewards, 0.5, max)
    assert same(nash, 4)
    for temperature in (1.0, 0.1):
        soft = values_of_one_state(rewards, 0.5, lambda q, at=temperature: log_sum(q, at))
        assert nash + 1e-6 < soft <= nash + temperature * math.log(4) / (1 - 0.5) + CLOSE
    assert abs(values_of_one_state(rewards, 0.5, log_sum) - 5.253) < 0.001
    # Matching pennies: the Nash value is 0, also of the stage games c r^i + d less d.
    for temperature in (1.0, 0.1, 0.01):
        for sign in (1, -1):
            pennies = [sign * r for r in (1.0, -1.0, -1.0, 1.0)]
            soft = values_of_one_state(pennies, 0.5, lambda q, at=temperature: log_sum(q, at))
            assert 2 <= soft <= 2 + temperature * math.log(4) / (1 - 0.5)


def zero_sum_value(m):
    """The value of a 2×2 zero-sum game."""
    low, high = max(map(min, m)), min(max(m[0][b], m[1][b]) for b in range(2))
    if low == high:
        return low
    return (m[0][0] * m[1][1] - m[0][1] * m[1][0]) / (m[0][0] + m[1][1] - m[0][1] - m[1][0])


def test_aorpo_lemma_d_2():
    # Agent 1 chooses, agent 2 only receives (both of its actions are the same). Payoffs as lists over agent 1's action.
    small, discount = Fraction(1, 10), Fraction(1, 2)
    first, second = ([small, 0], [0, 1]), ([0, small], [0, 1])
    chosen = [game[0].index(max(game[0])) for game in (first, second)]  # the only equilibria of the two stage games
    assert chosen == [0, 1]
    assert all(first[1][0] <= first[1][a] for a in range(2))  # first: a saddle point, agent 2 gains if agent 1 deviates
    assert all(second[i][1] == max(second[i]) for i in range(2))  # second: a global optimum
    apart = max(abs(first[i][a] - second[i][a]) for i in range(2) for a in range(2))
    nash_apart = max(abs(first[i][chosen[0]] - second[i][chosen[1]]) for i in range(2))
    assert (apart, discount * nash_apart) == (
        Fraction(1, 10),
        Fraction(1, 2),
    )  # P is no contraction, not even continuous
    # Where all stage games are of one kind, the values are no further apart than the games.
    draw = random.Random(0)
    for _ in range(200):
        one, other = ([[Fraction(draw.randint(-9, 9)) for _ in range(2)] for _ in range(2)] for _ in range(2))
        gap = max(abs(one[a][b] - other[a][b]) for a in range(2) for b in range(2))
        assert abs(zero_sum_value(one) - zero_sum_value(other)) <= gap  # saddle points
        assert abs(max(map(max, one)) - max(map(max, other))) <= gap  # global optima


def test_aorpo_equation_5():
    # One state, two actions, no rewards, the policy uniform, α = 1, γ = 1/2.
    right = printed = 0.0
    for _ in range(100):
        right = 0 + 0.5 * (right + math.log(2))
        printed = 0 + 0.5 * printed + math.log(2)
    assert same((right, printed), (math.log(2), 2 * math.log(2)))
    at_two = 0.0
    for _ in range(100):
        at_two = 0 + 0.5 * (at_two + 2 * math.log(2))
    assert same(printed, at_two)  # the printed target is the right one at temperature α/γ


def test_aorpo_text_5_2():
    # Q = 0, two actions, α = 2, V = α log Σ exp(Q/α) as before Eq. 7.
    v = log_sum([0, 0], 2.0)
    assert same(math.exp(v / 2), 2)  # the partition function
    assert same(math.exp(v), 4)  # as printed: the probabilities would sum to 1/2
    assert same(math.exp(log_sum([0, 0], 1.0)), 2)  # at α = 1 they agree


# Bounds on returns.


def test_aorpo_text_3_1():
    # One state; the reward is the opponent's action, 1 with probability 1/2, in its model 3/5; γ = 0.99, k = 1.
    error, discount, k = Fraction(1, 10), Fraction(99, 100), 1
    bound = 2 * 1 * (k + 1) * error  # no other error occurs in Theorem 2
    assert (
        error * discount / (1 - discount) == Fraction(99, 10) > bound == Fraction(2, 5)
    )  # the sum of Section 3.1, from t = 1
    assert error <= bound  # its normalised form
    # Theorem 1, with the fork of `test_aorpo_theorem_1`: no reward is paid at t = 0, so that both sums are the same.
    real, learned = fork(Fraction(1, 5), Fraction(9, 10))
    assert (real - learned) / (1 - Fraction(9, 10)) == Fraction(90, 7) > 8


def test_aorpo_lemma_c_3():
    # As before, but rewards −1 and 0.
    rewards, error = [-1, 0], Fraction(1, 10)
    difference = abs(
        expect([Fraction(1, 2), Fraction(1, 2)], rewards) - expect([Fraction(2, 5), Fraction(3, 5)], rewards)
    )
    assert difference == error > 2 * max(rewards) * error == 0
    assert difference <= 2 * max(map(abs, rewards)) * error
    assert difference <= (max(rewards) - min(rewards)) * error


def test_aorpo_theorem_2():
    # From state a the game goes to b with probability 1/10, the model never. State b pays 1 and is never left, but the
    # model goes on to c, which pays nothing. Nobody has a choice. γ = 0.99, k = 1.
    leave, discount, k = Fraction(1, 10), Fraction(99, 100), 1
    # Along the model the game is always in a, so that ε'_m = 1/10; there is no other error.
    bound = 2 * 1 * k * leave
    # In the game, t steps from a end in b with probability 1 − (9/10)^t. After one step in the model nobody is in b.
    real = 1 - (1 - discount) / (1 - discount * (1 - leave))
    branched = 0  # at t = 0 in a; later one step in the model follows, from b to c
    assert real - branched > Fraction(9, 10) > bound == Fraction(1, 5)
    # Along the game ε'_m tends to 1, with which the bound holds.
    assert real <= 2 * 1 * k * 1


def fork(shift, discount):
    """The returns where π leaves the fork with probability `shift` a step, to +1 in the game, −1 in the model."""
    away = 1 - (1 - discount) / (1 - discount * (1 - shift))
    return away, -away


def random_process(draw, states=2):
    """Random rows of probability, by state and pair of actions."""
    row = lambda n: (lambda x: [y / sum(x) for y in x])([draw.random() ** 3 for _ in range(n)])  # noqa: E731
    return row, [[row(states) for _ in range(4)] for _ in range(states)]


def visits(dynamics, own, other, steps):
    """The distributions of the state at t = 0 … steps − 1, from state 0."""
    states = range(len(dynamics))
    law, found = [float(s == 0) for s in states], []
    for _ in range(steps):
        found.append(law)
        law = [
            sum(
                law[s] * own[s][a] * other[s][b] * dynamics[s][2 * a + b][t]
                for s, a, b in product(states, range(2), range(2))
            )
            for t in states
        ]
    return found


def test_aorpo_theorem_1():
    discount, shift = Fraction(9, 10), Fraction(1, 5)
    real, learned = fork(shift, discount)
    printed = 2 * (discount * 2 * shift / (1 - discount) + 2 * shift)
    once = 2 * discount * shift / (1 - discount)
    assert (real - learned, once, printed) == (Fraction(9, 7), Fraction(18, 5), 8)
    assert real - learned == 2 * discount * shift / (1 - discount * (1 - shift))  # what the coupling gives
    draw = random.Random(1)
    for trial in range(100):
        row, game = random_process(draw)
        model = game if trial % 4 == 0 else random_process(draw)[1]
        rewards = [[draw.uniform(-1, 1) for _ in range(4)] for _ in range(2)]
        own, own_data, other, other_data = ([row(2) for _ in range(2)] for _ in range(4))
        guess = other if trial % 3 == 0 else [row(2) for _ in range(2)]
        gamma, steps = 0.8, 120
        far = lambda one, two: max(variation(x, y) for x, y in zip(one, two, strict=True))  # noqa: E731
        error = min(  # along the game or along the model, whichever is less
            max(
                sum(
                    law[s] * own_data[s][a] * other_data[s][b] * variation(game[s][2 * a + b], model[s][2 * a + b])
                    for s, a, b in product(range(2), repeat=3)
                )
                for law in visits(dynamics, own_data, other_data, steps)
            )
            for dynamics in (game, model)
        )
        returns = [
            (1 - gamma)
            * sum(
                gamma**t * law[s] * own[s][a] * opponent[s][b] * rewards[s][2 * a + b]
                for t, law in enumerate(visits(dynamics, own, opponent, steps))
                for s, a, b in product(range(2), repeat=3)
            )
            for dynamics, opponent in ((game, other), (model, guess))
        ]
        moved, wrong = far(own, own_data) + far(other, other_data), far(other, guess)
        largest = max(abs(r) for state in rewards for r in state)
        once = 2 * largest * (gamma * (error + moved + wrong) / (1 - gamma) + wrong)
        assert abs(returns[0] - returns[1]) <= once + CLOSE


def test_aorpo_lemma_c_4():
    # π stays in a, which pays 1; π_D goes to b, which pays 1 too; the model leaves b for c, which pays 0; k = 1, γ = ½.
    discount, k, shift = Fraction(1, 2), 1, 1
    along_policy = 0  # ε'_m: π never is in b, neither in the game nor in the model
    along_branch = 1  # M^post: from t = 2 on the branch starts in b, and its only step in the model goes wrong
    assert along_policy != along_branch
    returns = discounted([1, 1], discount, last=1), discounted([1, 1], discount, last=0)
    assert returns[0] - returns[1] == discount**2
    for error in (along_policy, along_branch):
        bound = 2 * (k * error + discount ** (k + 1) * shift + discount ** (k + 1) * shift / (1 - discount))
        assert returns[0] - returns[1] <= bound


def test_aorpo_equation_3():
    discount, errors = Fraction(19, 20), Fraction(1, 100)  # ε'_m = ε_π̂ = 1/100

    def printed(k, shift):
        return k * 2 * errors + errors + discount ** (k + 1) * shift * (1 + 1 / (1 - discount))

    def counted(k, shift):
        """The same with min(t, k) steps in the model at time t, by its sum in closed form."""
        model = 2 * errors * discount * (1 - discount**k) / (1 - discount) + errors
        return model + discount ** (k + 1) * shift * (1 + 1 / (1 - discount))

    for shift, best in ((Fraction(3, 100), 8), (Fraction(1, 10), 32), (Fraction(3, 10), 53)):
        assert min(range(1, 200), key=lambda k, by=shift: printed(k, by)) == best
        assert all(counted(k + 1, shift) < counted(k, shift) <= printed(k, shift) for k in range(1, 200))
    # The closed form is the sum over time; and where the models are worse than the shift, the least k is the best.
    total = (1 - discount) * sum(discount**t * min(t, 3) for t in range(400))
    assert abs(total - discount * (1 - discount**3) / (1 - discount)) < Fraction(1, 10**6)
    assert all(counted(k + 1, Fraction(1, 100)) > counted(k, Fraction(1, 100)) for k in range(1, 200))


def test_aorpo_extended_theorem_b_1():
    # The opponent plays 0 and 1 with 1/2 each. π^i copies it, π_D^i plays 0 and 1 independently. Where the actions
    # agree, the game goes to a state that pays 1 and the model to one that pays −1; else both go to one that pays 0.
    discount = Fraction(1, 4)
    copy = {(0, 0): Fraction(1, 2), (1, 1): Fraction(1, 2)}
    apart = {pair: Fraction(1, 4) for pair in product(range(2), repeat=2)}
    own = [[sum(p for (a, _), p in play.items() if a == action) for action in range(2)] for play in (copy, apart)]
    assert variation(*own) == 0  # ε_π^i, if π^i(·|s) is what the agent plays in state s
    error = sum(p for (a, b), p in apart.items() if a == b)  # ε_m, at t = 0; later it is 0
    discrepancy = discounted([0], discount, last=1) - discounted([0], discount, last=-1)
    assert discrepancy == Fraction(1, 2) > 2 * discount * error / (1 - discount) == Fraction(1, 3)
    # With the largest distance of π^i(·|s, b) over b, which is 1/2, the bound holds.
    worst = max(variation([int(a == b) for a in range(2)], own[1]) for b in range(2))
    assert worst == Fraction(1, 2)
    assert discrepancy <= 2 * (discount * (error + 2 * worst) / (1 - discount) + 2 * worst)


def test_aorpo_extended_lemma_c_1():
    sure, even = [Fraction(1), Fraction(0)], [Fraction(1, 2), Fraction(1, 2)]
    joint = [[x * y for x in row for y in row] for row in (sure, even)]
    assert variation(*joint) == Fraction(3, 4) < 2 * variation(sure, even) == 1
    draw = random.Random(0)
    for _ in range(200):  # it is at most the sum
        rows = [[Fraction(draw.randint(1, 9)) for _ in range(2)] for _ in range(4)]
        p, q, r, s = ([x / sum(row) for x in row] for row in rows)
        assert variation([x * y for x in p for y in q], [x * y for x in r for y in s]) <= variation(p, r) + variation(
            q, s
        )


# The algorithm and its evaluation.


def lengths(k, errors):
    """Line 8 of Algorithm 1."""
    return [math.floor(k * min(errors) / error) for error in errors]


def test_aorpo_algorithm_1():
    assert lengths(3, [Fraction(1, 10), Fraction(3, 10)]) == [3, 1]
    with pytest.raises(ZeroDivisionError):
        lengths(3, [Fraction(0), Fraction(3, 10)])


def test_aorpo_text_5_1():
    errors, k = [Fraction(1, 10), Fraction(1)], 1
    n = lengths(k, errors)
    left, right = sum((m + 1) * e for m, e in zip(n, errors, strict=True)), len(errors) * k * min(errors)
    assert (n, left, right) == ([1, 0], Fraction(6, 5), Fraction(1, 5))
    draw = random.Random(0)
    for _ in range(200):
        k, errors = draw.randint(1, 9), [Fraction(draw.randint(1, 99), 100) for _ in range(3)]
        left = sum((m + 1) * e for m, e in zip(lengths(k, errors), errors, strict=True))
        assert 0 < left - 3 * k * min(errors) <= sum(errors)


def test_aorpo_text_6_3_extra_errors():
    # One step: the next state is the opponent's action, in the model the other one. The opponent plays 0, its model 1.
    real = 0
    with_opponent, with_model = (1 - action for action in (0, 1))
    assert abs(with_opponent - real) == 1
    assert abs(with_model - real) == 0


def test_aorpo_text_6_3_measure():
    # The state is 1 with probability 3/5 in each step, and 0 else, whatever anyone does.
    real, perfect, sure = [Fraction(2, 5), Fraction(3, 5)], [Fraction(2, 5), Fraction(3, 5)], [Fraction(0), Fraction(1)]

    def squared(model):
        return sum(real[s] * model[t] * (s - t) ** 2 for s in range(2) for t in range(2))

    assert squared(perfect) == 2 * Fraction(3, 5) * Fraction(2, 5) == Fraction(12, 25)
    assert squared(sure) == Fraction(2, 5) < squared(perfect)


def test_aorpo_appendix_g_6_sum():
    def simu_to_real(k, m, one, two, first):
        last = sum((t - m) * one for t in range(m + 1, k + 1))
        return sum(t * (one + two) for t in range(1, first + 1)) + m * (k - m) * (one + two) + last

    def real_to_simu(k, m, one, two):
        last = sum((t - k + m) * (one + two) for t in range(k - m + 1, k + 1))
        return sum(t * one for t in range(1, k - m + 1)) + m * (k - m) * one + last

    one, two = Fraction(1, 10), Fraction(2, 10)
    assert simu_to_real(2, 1, one, two, first=2) == Fraction(13, 10)  # as printed, to k
    assert simu_to_real(2, 1, one, two, first=1) == Fraction(7, 10)  # to l
    assert real_to_simu(2, 1, one, two) == Fraction(1, 2)
    for k, m in ((2, 1), (5, 2), (7, 3)):
        assert simu_to_real(k, m, one, two, first=m) - real_to_simu(k, m, one, two) == m * (k - m) * two


def test_aorpo_appendix_g_6_order():
    # The next state is opponent 2's action. It plays 1 in both states; its model plays 1 in state 0 and 0 in state 1.
    # Opponent 1 has a perfect model and changes nothing. Two steps from state 0, one of them with opponent 2's model.
    real, model = {0: 1, 1: 1}, {0: 1, 1: 0}
    truth = real[real[0]]
    simu_to_real, real_to_simu = real[model[0]], model[real[0]]
    assert abs(simu_to_real - truth) == 0
    assert abs(real_to_simu - truth) == 1


def test_aorpo_appendix_e():
    def misses(opponent, model):
        return sum(p * q for a, p in enumerate(opponent) for b, q in enumerate(model) if a != b)

    even, sure, off = [Fraction(1, 2), Fraction(1, 2)], [Fraction(1), Fraction(0)], [Fraction(3, 5), Fraction(2, 5)]
    assert (misses(even, even), variation(even, even)) == (Fraction(1, 2), 0)
    assert (misses(sure, off), variation(sure, off)) == (Fraction(2, 5), Fraction(2, 5))
    assert misses(even, even) > misses(sure, off)


def test_aorpo_table_1():
    def printed(x, y, a, b, e):
        return min(max(x + Fraction(e - a, b - a) * (y - x), x), y)

    for x, y, a, b in (
        (1, 10, 15, 100),
        (1, 6, 15, 100),
        (1, 8, 40, 100),
        (1, 10, 30, 120),
        (1, 8, 20, 100),
        (1, 5, 20, 100),
    ):
        assert (printed(x, y, a, b, 0), printed(x, y, a, b, 200)) == (x, y)
        assert printed(x, y, a, b, Fraction(a + b, 2)) == Fraction(x + y, 2)
    assert {printed(10, 1, 15, 100, e) for e in (0, 50, 100)} == {1}  # a length that falls would fall at once


def test_aorpo_table_5():
    # AORPO against AORPO in Predator prey, in Table 3(c) and in Table 5(c).
    assert Fraction("-45.70") - Fraction("-45.69") == Fraction(-1, 100)
    # The same cell in the other two scenarios is printed alike: −7.65 and 20.89.
