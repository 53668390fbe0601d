"""The examples of docs/findings.md on DMAC, one test for each row, named after it."""

import math
import random
from fractions import Fraction
from itertools import pairwise

from tests.findings.small import CLOSE, divergence, entropy, expect, log_sum, same, softmax


def odds_of_less_to_learn(temperature, averaging, steps=400):
    """Odds of the two first actions: one leads to where all pay 1, the other to where actions pay 1 and 0; γ = 1/2.

    Returns the odds of the targets after steps 1, 2, …: `averaging` is τ of A.10, and at 1 they are the policies of
    Eq. 3. Policies and targets have one limit.
    """
    first, second, found = [0.5, 0.5], [0.5, 0.5], []
    for _ in range(steps):
        values = [
            0.5 * 1,
            0.5 * log_sum([1, 0], temperature, second),
        ]  # γ V of the state where all pay 1, and of the other
        policy, later = softmax(values, temperature, first), softmax([1, 0], temperature, second)
        first = [(1 - averaging) * old + averaging * new for old, new in zip(first, policy, strict=True)]
        second = [(1 - averaging) * old + averaging * new for old, new in zip(second, later, strict=True)]
        found.append(first[0] / first[1])
    return found


def test_dmac_proposition_2():
    for temperature in (0.3, 1.0, 3.0):
        odds = odds_of_less_to_learn(temperature, averaging=1.0)
        assert same(odds[-1], math.sqrt(2))
        # A proof, not only a number: the odds never fall, since the first value is never the smaller one.
        assert all(later >= earlier - CLOSE for earlier, later in pairwise(odds))
        assert odds[0] > 1 + 1e-3  # so they do not tend to 1, as printed
    # The formula: ℓ is 0 where all pay 1, and log 1/2 where one action of two is optimal.
    assert same(math.exp(0.5 * 0) / math.exp(0.5 * math.log(0.5)), math.sqrt(2))
    # For γ = 0 the printed form holds: rewards (1, 1, 0) in one state, start (1/2, 1/4, 1/4), limit (2/3, 1/3, 0).
    policy = [0.5, 0.25, 0.25]
    for _ in range(100):
        policy = softmax([1, 1, 0], 1.0, policy)
    assert same(policy, [2 / 3, 1 / 3, 0])


def test_dmac_equation_29():
    found = {(1.0, 0.5): 1.387, (0.1, 0.5): 1.362, (1.0, 0.1): 1.370}
    for (temperature, averaging), expected in found.items():
        odds = odds_of_less_to_learn(temperature, averaging, steps=2000)
        assert abs(odds[-1] - expected) < 0.0006
        assert odds[0] > 1 + 1e-3
        assert all(later >= earlier - CLOSE for earlier, later in pairwise(odds))
    assert max(found.values()) < math.sqrt(2) - 0.02  # the moving average does not share the limit of Eq. 3 either


def returns_of_the_lead(temperature, averaging, steps):
    """J(π^t), J_{ρ^t}(π^t) where action 1 of state 0 costs 3/4 and leads to state 1, action 0 pays 1; γ = 1/2."""
    first, second, found = [0.25, 0.75], [0.01, 0.99], []
    for _ in range(steps):
        values = [1, -0.75 + 0.5 * log_sum([3, 0], temperature, second)]
        policy, later = softmax(values, temperature, first), softmax([3, 0], temperature, second)
        found.append((expect(policy, [1, -0.75 + 0.5 * expect(later, [3, 0])]), log_sum(values, temperature, first)))
        first = [(1 - averaging) * old + averaging * new for old, new in zip(first, policy, strict=True)]
        second = [(1 - averaging) * old + averaging * new for old, new in zip(second, later, strict=True)]
    return found


def test_dmac_text_4_6():
    (before, regularised_before), (after, regularised_after) = returns_of_the_lead(0.25, averaging=0.2, steps=2)
    assert abs(before - 0.975) < 0.001
    assert abs(after - 0.946) < 0.001
    assert regularised_after > regularised_before + 0.01
    returns = [original for original, _ in returns_of_the_lead(0.25, averaging=1.0, steps=30)]
    assert all(later >= earlier - CLOSE for earlier, later in pairwise(returns))


def random_decisions(seed, states=3, actions=2):
    """Rewards, transitions and a first policy of one agent."""
    draw = random.Random(seed)
    rows = lambda count, length: [[draw.uniform(0.1, 1) for _ in range(length)] for _ in range(count)]  # noqa: E731
    normal = lambda row: [x / sum(row) for x in row]  # noqa: E731
    rewards = rows(states, actions)
    transitions = [[normal(row) for row in rows(actions, states)] for _ in range(states)]
    return rewards, transitions, [normal(row) for row in rows(states, actions)]


def regularised_optimum(rewards, transitions, target, temperature, discount=0.5):
    """The optimal policy and its V with divergence from `target` at weight ω (dmac Eq. 19-20), by iteration of V."""
    v = [0.0] * len(rewards)
    for _ in range(60):  # γ^60 is 1e-18
        q = [
            [r + discount * expect(row, v) for r, row in zip(*state, strict=True)]
            for state in zip(rewards, transitions, strict=True)
        ]
        v = [log_sum(values, temperature, rho) for values, rho in zip(q, target, strict=True)]
    return [softmax(values, temperature, rho) for values, rho in zip(q, target, strict=True)], v


def test_dmac_theorem_1():
    for seed in range(5):
        rewards, transitions, first = random_decisions(seed)
        policy = first
        for _ in range(8):
            policy, _ = regularised_optimum(rewards, transitions, policy, temperature=0.7)
        # Eight updates at ω are one update at ω/8: so the update at ω/k, which tends to an optimum, is the k-th policy.
        at_once, v = regularised_optimum(rewards, transitions, first, temperature=0.7 / 8)
        assert all(same(one, other) for one, other in zip(policy, at_once, strict=True))
        _, optimal = regularised_optimum(rewards, transitions, first, temperature=0.002)
        nearly = -math.log(min(map(min, first))) / (1 - 0.5)  # a deterministic policy's discounted divergence at most
        assert all(b - 0.7 / 8 * nearly <= a <= b + 0.002 * nearly for a, b in zip(v, optimal, strict=True))


def test_dmac_equation_12():
    # One state, rewards (1, 0): π̃* plays action 0 alone, and the uniform policy diverges from it by more than log 2.
    assert divergence([0.5, 0.5], [1, 0]) == math.inf > math.log(2)
    # Eq. 14 fails for the same reason. Action 0 pays 1 and stays, action 1 pays 0 and leads to a state t without
    # rewards; γ = 1/2, ω = 1, V(s) = 0, V(t) = 100. Γ takes action 1: 50. Γ_ω cannot leave action 0: 1.
    greedy, kept = max(1 + 0.5 * 0, 0 + 0.5 * 100), log_sum([1 + 0.5 * 0, 0 + 0.5 * 100], 1.0, [1, 0])
    assert (greedy, kept) == (50, 1)
    assert kept < greedy - math.log(2)


def test_dmac_equation_21():
    temperature, discount, v = 2.0, 0.5, 0.0
    for _ in range(100):
        v = log_sum([1 + discount * v] * 2, temperature, [0.5, 0.5])  # Eq. 20
    assert same(v, 2)
    assert same(1 + discount * v, 2)  # Q of the optimal policy
    assert same(1 + discount * temperature * v, 3)  # as printed


def test_dmac_text_4_4():
    q, uniform = [Fraction(0), Fraction(1)], [Fraction(1, 2)] * 2
    targets = [q[a] - 0 for a in range(2)]  # log π/ρ = 0
    assert targets == [0, 1]
    assert expect(uniform, q) == Fraction(1, 2)  # the right target is V of π; neither action gives it
    fitting = softmax([0, 1], 1.0, [0.5, 0.5])  # π ∝ ρ exp(Q/ω): now each action gives V
    values = [float(q[a]) - math.log(fitting[a] / 0.5) for a in range(2)]
    assert same(values[0], values[1])
    assert same(values[0], log_sum([0, 1], 1.0, [0.5, 0.5]))


def test_dmac_text_4_5():
    policy, q, omega = [Fraction(1, 10), Fraction(9, 10)], [Fraction(0), Fraction(1)], Fraction(1, 10)
    score = [[(a == b) - policy[b] for b in range(2)] for a in range(2)]  # ∇ log π of a soft-max

    def total_variance(weights):
        """Of the sampled gradient score · weight, summed over its two entries."""
        mean = [expect(policy, [score[a][b] * weights[a] for a in range(2)]) for b in range(2)]
        square = expect(policy, [sum((score[a][b] * weights[a]) ** 2 for b in range(2)) for a in range(2)])
        return mean, square - sum(x * x for x in mean)

    plain, without = total_variance([q[a] - omega for a in range(2)])  # π = ρ: log π/ρ = 0
    baseline, with_it = total_variance([q[a] - expect(policy, q) for a in range(2)])
    assert plain == baseline == [Fraction(-9, 100), Fraction(9, 100)]
    assert (without, with_it) == (0, Fraction(72, 625))


# Slips.


def test_dmac_appendix_a_3():
    # One state, π = (1, 0), ρ uniform, no rewards, ω = 1, γ = 1/2: the regularised Q is −γ log 2/(1 − γ).
    discount, cost = 0.5, divergence([1, 0], [0.5, 0.5])
    from_operator = from_printed = 0.0
    for _ in range(100):
        from_operator = 0 + discount * (from_operator - cost)  # §4.3
        from_printed = (0 - cost) + discount * from_printed
    assert same(from_operator, -math.log(2))
    assert same(from_printed, -2 * math.log(2))


def test_dmac_equation_18():
    # Two agents with two actions, one state, k_i = 1, Q_i = (0, 1), b = 1, π = ρ uniform, hence Q(a) = a_1 + a_2 + 1.
    actions = [(a, b) for a in range(2) for b in range(2)]
    first_line = Fraction(1, 4) * sum(a + b + 1 for a, b in actions)
    second_line = Fraction(1, 4) * sum((a + 1) + (b + 1) for a, b in actions)  # b(s) within the sum over the agents
    assert (first_line, second_line) == (2, 3)
    # ω: with π = (1, 0) of both agents the lines differ by (ω − 1) times the divergence, 2 log 2.
    omega, far = 2.0, 2 * divergence([1, 0], [0.5, 0.5])
    assert (omega - 1) * far > 1


def test_dmac_appendix_a_6():
    # One state, Q = 0: the policy of Lemma 2 is ρ, the printed one is uniform.
    rho = [0.9, 0.1]
    assert same(softmax([0, 0], 1.0, rho), rho)
    assert same(softmax([0, 0], 1.0), [0.5, 0.5])


def test_dmac_appendix_a_7():
    # One state, two actions that pay 1, ρ uniform, ω = 1, γ = 1/2: Q_ρ* = 2, V_ρ* = 2, and Q̂* = Q_ρ* + ω log ρ.
    discount, v, log_rho = 0.5, 2.0, math.log(0.5)
    assert same((1 + log_rho) + discount * v, 2 + log_rho)
    assert same((1 + log_rho) + v, 3 + log_rho)  # without the γ, as printed
    # ρ(a|s) for ρ(a'|s') in the last line: a sum over a' that is not weighted by ρ at s'.
    here, there, q_there = [0.5, 0.5], [0.9, 0.1], [0, 1]
    right, printed = log_sum(q_there, 1.0, there), [math.log(rho * (1 + math.e)) for rho in here]
    assert all(abs(value - right) > 0.4 for value in printed)


def test_dmac_equation_26():
    # One state, γ = 0, rewards (0, ω log 3), τ = 1/2, ρ^0 uniform: f = (1, 3) at all times.
    f, tau, rho, factors = [Fraction(1), Fraction(3)], Fraction(1, 2), [Fraction(1, 2)] * 2, [[], []]
    for _ in range(2):
        z = expect(rho, f)
        step = [1 - tau + tau * x / z for x in f]  # Eq. 25
        rho, factors = (
            [p * s for p, s in zip(rho, step, strict=True)],
            [[*fs, s] for fs, s in zip(factors, step, strict=True)],
        )
    assert sum(rho) == 1
    assert [Fraction(1, 2) * math.prod(fs) for fs in factors] == rho  # ρ^2 = ρ^0 times the steps of times 0 and 1
    z = expect(rho, f)
    printed = [Fraction(1, 2) * f[a] * math.prod(factors[a]) * (1 - tau + tau * f[a] / z) for a in range(2)]
    assert printed != rho
    assert sum(printed) > 2  # no distribution
    assert entropy([float(x) for x in rho]) < math.log(2)
