"""The examples of docs/findings.md on HASAC and MEHAML, one test for each row, named after it."""

import math
from fractions import Fraction
from itertools import product

from tests.findings.small import divergence, entropy, expect, log_sum, same, softmax

PAYOFFS = [[5, -20, -20], [-20, 10, -20], [-20, -20, 20]]
"""Figure 1(a), the game of Table 3."""


def objective(payoffs, one, two, temperature):
    """E[r] + α Σ_i H(π^i) of two agents in one state."""
    reward = sum(p * q * payoffs[a][b] for a, p in enumerate(one) for b, q in enumerate(two))
    return reward + temperature * (entropy(one) + entropy(two))


def in_turn(payoffs, one, two, temperature):
    """Eq. 8 for agent 1, then for agent 2, in a game of one state (so that Q = r)."""
    one = softmax([expect(two, row) for row in payoffs], temperature)
    columns = list(zip(*payoffs, strict=True))
    return one, softmax([expect(one, column) for column in columns], temperature)


def test_hasac_proposition_1():
    start = [0.6, 0.2, 0.2]
    one, two = in_turn(PAYOFFS, start, start, temperature=1.0)
    assert abs(one[0] - 0.9990) < 0.0001  # as the paper's Table 3 prints it for α = 1
    assert two[0] > 0.9999
    best = [0.0, 0.0, 1.0]
    # Both in nats: the divergence from exp(Q/α)/Z is log Z less the objective over α.
    log_z = log_sum([r for row in PAYOFFS for r in row])
    flat = softmax([r for row in PAYOFFS for r in row])
    for x, y in ((one, two), (best, best)):
        joint = [p * q for p, q in product(x, y)]
        assert same(divergence(joint, flat), log_z - objective(PAYOFFS, x, y, 1.0))
    assert objective(PAYOFFS, best, best, 1.0) > objective(PAYOFFS, one, two, 1.0) + 14.9
    # A smaller example: (1, 0; 0, 2), α = 1/10, start (0.9, 0.1).
    small = [[1, 0], [0, 2]]
    one, two = in_turn(small, [0.9, 0.1], [0.9, 0.1], temperature=0.1)
    assert objective(small, one, two, 0.1) < 1.01 < 2 == objective(small, [0, 1], [0, 1], 0.1)
    # What Lemma 4.2 needs does hold: no step in turn lowers the objective.
    for temperature, payoffs in product((0.1, 1.0, 5.0), (small, [[0, 1], [1, 0]], [[3, -1], [0, 0]])):
        for p, q in product((0.05, 0.3, 0.5, 0.9), repeat=2):
            before = [p, 1 - p], [q, 1 - q]
            after = in_turn(payoffs, *before, temperature)
            assert objective(payoffs, *after, temperature) >= objective(payoffs, *before, temperature) - 1e-9


def test_hasac_theorem_1():
    # One agent, two states that are never left, no rewards, the game starts in state 0; α = 1, γ = 1/2.
    def values(policy):
        return [entropy(row) / (1 - 0.5) for row in policy]

    unequal = [[0.5, 0.5], [0.9, 0.1]]
    assert same(values(unequal)[0], 2 * math.log(2))  # J = V(0) is the largest there is: no agent can raise it
    assert unequal[1] != softmax([0, 0])  # but Eq. 3 wants (1/2, 1/2) in state 1 too
    assert (
        values(unequal)[1] < 2 * math.log(2) - 0.5
    )  # V(1) can be raised: with V for J in every state the theorem holds


def test_hasac_theorem_3():
    # One agent, one state, rewards (0, 1), α = 1. U is |π'(1) − π(1)| ≤ |π(1) − 3/5|/2, and ≤ 1/10 at 3/5.
    p = Fraction(1, 2)
    for k in range(1, 60):
        # The objective p + H(p) rises up to e/(1 + e) > 3/5, so that the best member of the ball is its upper end.
        assert p < Fraction(3, 5)
        assert p / (1 - p) < Fraction(3, 2) < Fraction(27, 10) < math.e
        p += (Fraction(3, 5) - p) / 2
        assert p == Fraction(3, 5) - Fraction(1, 10) / 2**k
    assert abs(softmax([0, 1])[1] - 0.731) < 0.001
    reached, equilibrium = (x + entropy([1 - x, x]) for x in (0.6, softmax([0, 1])[1]))
    assert reached < equilibrium - 0.03


def mirror_objective(policy, rewards, temperature, weights):
    """Σ_s β(s) (E_π[r] + α H(π)) in states that are never left, without drift, as Algorithm 1 maximises it."""
    return sum(
        w * (expect(row, r) + temperature * entropy(row)) for w, row, r in zip(weights, policy, rewards, strict=True)
    )


def test_hasac_lemma_g_2():
    # One agent, two states that are never left, rewards (0, 10) and (0, −1), α = 1/10, γ = 1/2, the start in state 1.
    rewards, start, far = [[0, 10], [0, -1]], [[0.5, 0.5]] * 2, [[0.01, 0.99]] * 2
    # U(start) is a ball of radius 1/100 in each probability, and `far`. The ball's best member has 0.51 and 0.49.
    near = [[0.49, 0.51], [0.51, 0.49]]
    scores = [mirror_objective(policy, rewards, 0.1, [0.5, 0.5]) for policy in (start, near, far)]
    assert scores[2] > scores[1] + 1 > scores[0] + 1
    values = [(expect(policy[1], rewards[1]) + 0.1 * entropy(policy[1])) / (1 - 0.5) for policy in (start, far)]
    assert values[1] < values[0] - 1.1
    # The policy of the proof, old in state 1 and new in state 0, is better than `far`, but not a member of this U.
    mixed = [far[0], start[1]]
    assert mirror_objective(mixed, rewards, 0.1, [0.5, 0.5]) > scores[2]


def test_hasac_algorithm_1():
    # As before with β = (1, 0): what the agent does in state 1 changes nothing, so that all is an argmax there.
    rewards = [[0, 1], [0, -1]]
    best = softmax(rewards[0], 0.1)
    one, other = [best, [0.5, 0.5]], [best, [0.0, 1.0]]
    assert mirror_objective(one, rewards, 0.1, [1, 0]) == mirror_objective(other, rewards, 0.1, [1, 0])
    values = [expect(policy[1], rewards[1]) + 0.1 * entropy(policy[1]) for policy in (one, other)]
    assert values[1] < values[0] - 0.5


def test_hasac_assumption_1():
    # One agent, one state, rewards (0, 1), α = 1/10, η = 1/100.
    temperature, eta = 0.1, 0.01
    equilibrium = softmax([0, 1], temperature)
    assert abs(equilibrium[0] - 4.54e-5) < 1e-6 < eta
    # Among the η-soft policies the objective is largest at (η, 1 − η), as it falls in π(0) beyond 4.5e-5.
    scores = [1 - p + temperature * entropy([p, 1 - p]) for p in (eta, 0.02, 0.1, 0.5, 0.9)]
    assert scores == sorted(scores, reverse=True)


def test_hasac_table_5():
    # One state, two actions, no rewards, π uniform, α = 1, γ = 0.95, n = 20 (Table 5).
    discount, n, bonus = 0.95, 20, math.log(2)
    one_step = bootstrap_only = all_steps = 0.0
    for _ in range(2000):
        one_step = discount * (one_step + bonus)
        bootstrap_only = discount**n * (bootstrap_only + bonus)
        all_steps = sum(discount**t * bonus for t in range(1, n)) + discount**n * (all_steps + bonus)
    assert same(one_step / bonus, 19)
    assert same(all_steps / bonus, 19)
    assert abs(bootstrap_only / bonus - 0.559) < 0.001


def test_hasac_equation_11():
    # Two agents, one state, α = 1, and any payoffs and policies.
    payoffs, one, two = [[1, -2], [0, 3]], [0.3, 0.7], [0.6, 0.4]
    value = objective(payoffs, one, two, 1.0)
    own = [expect(two, row) + entropy(two) for row in payoffs]  # Q^1(s, a^1), Eq. 7
    assert same(expect(one, [q - value for q in own]), -entropy(one))
    for a, b in product(range(2), repeat=2):  # Lemma A.1
        assert same((own[a] - value) + (payoffs[a][b] - own[a]), payoffs[a][b] - value)


def test_hasac_corollary_1():
    # One state, two actions, no rewards, π uniform, α = 2, γ = 1/2: V = α log 2/(1 − γ), and Q = γ V.
    temperature, discount = 2.0, 0.5
    v = temperature * math.log(2) / (1 - discount)
    assert same(discount * v + temperature * math.log(2), v)
    assert same(v - (discount * v + math.log(2)), math.log(2))  # as printed, without α: too small


def test_hasac_appendix_e_1():
    # As before with α = 1. The proof adds Σ_i H to the reward without the factor γ α.
    temperature, discount = 1.0, 0.5
    right = printed = 0.0
    for _ in range(200):
        right = (0 + discount * temperature * math.log(2)) + discount * right
        printed = (0 + math.log(2)) + discount * printed
    assert same(right, math.log(2))  # Eq. 5-6
    assert same(printed, 2 * math.log(2))
