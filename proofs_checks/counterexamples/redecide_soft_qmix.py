"""Counterexamples to claims of the Soft-QMIX paper, decided from their files alone."""

from typing import Any

from flint import fmpq, fmpq_mat

from .exact import distributions, entropy, expect, log_sum, outer, softmax

__all__ = [
    "soft_qmix_equation_10",
    "soft_qmix_lemma_4_3__policies_of_the_observation",
    "soft_qmix_theorem_4_2",
    "soft_qmix_theorem_4_2__v_a_mean_under_a_reference_policy",
    "soft_qmix_theorem_4_4",
    "soft_qmix_theorem_c_3",
    "soft_qmix_theorem_e_1",
]

Instance = dict[str, Any]


def soft_qmix_equation_10(x: Instance) -> tuple[bool, Any]:
    """One state of two agents: the soft-max of the means over the other's old actions, against another policy."""
    (q,), alpha, ((one,), (two,)) = x["q"], x["temperature"], x["policy"]
    new = (
        softmax([expect(two, row) for row in q], alpha),
        softmax([expect(one, column) for column in zip(*q, strict=True)], alpha),
    )
    fitted, value = (_attained(q, pair, alpha) for pair in (new, [rows[0] for rows in x["other_policy"]]))
    return distributions([x["policy"], x["other_policy"]]) and alpha > 0, fitted - value


def soft_qmix_lemma_4_3__policies_of_the_observation(x: Instance) -> tuple[bool, Any]:
    """Two agents with two actions. Rewards are sums over the agents and transitions do not depend on actions, so that
    Q in state 0 is a sum as well; the solution of Eq. 9 there is the soft-max of its parts, and is played everywhere.
    """
    game, alpha, old = x["game"], x["temperature"], [rows[0] for rows in x["policy"]]
    sums = all(table[0][0] + table[1][1] == table[0][1] + table[1][0] for table in game["rewards"])
    free = all(row == state[0][0] for state in game["transitions"] for rows in state for row in rows)
    alike = all(row == rows[0] for rows in x["policy"] for row in rows)
    laws = distributions([x["policy"], x["other_policy"], game["transitions"], game["start"]])
    premises = sums and free and alike and laws and alpha > 0
    first = game["rewards"][0]
    new = [softmax([first[0][0], first[1][0]], alpha), softmax(first[0], alpha)]
    leads = [state[0][0] for state in game["transitions"]]
    before, after = (_over_time(game, leads, pair, alpha) for pair in (old, new))
    gained = [sum(p * (late - early) for p, late, early in zip(row, after, before, strict=True)) for row in leads]
    return premises and 0 < game["discount"] < 1, game["discount"] * min(gained)


def _over_time(game: Instance, leads: Any, pair: Any, alpha: Any) -> list[Any]:
    """V of a pair that is played in both states, where the states follow each other whatever is done."""
    paid = [_attained(table, pair, alpha) for table in game["rewards"]]
    rows = [[int(s == t) - game["discount"] * leads[s][t] for t in range(2)] for s in range(2)]
    inverse = fmpq_mat(rows).inv()
    return [inverse[s, 0] * paid[0] + inverse[s, 1] * paid[1] for s in range(2)]


def soft_qmix_theorem_4_2(x: Instance) -> tuple[bool, Any]:
    """V = α log Σ exp(Q/α), and both sides of Eq. 12 for the table as parameter."""
    (reference,) = x["reference_distribution"]
    return _apart(x, [fmpq(1)] * len(reference))


def soft_qmix_theorem_4_2__v_a_mean_under_a_reference_policy(x: Instance) -> tuple[bool, Any]:
    """V = α log Σ π̄ exp(Q/α), π̄ also in the divergence's target, and both sides of Eq. 12."""
    return _apart(x, x["reference_distribution"][0])


soft_qmix_theorem_e_1 = soft_qmix_theorem_4_2


def _apart(x: Instance, weights: list[Any]) -> tuple[bool, Any]:
    """One state. ∂KL/∂Q = π/α (log(π/π̄) − y/α less its mean); ∂V/∂Q = π; the largest difference of the two sides."""
    game, alpha, (q,) = x["game"], x["temperature"], [[entry for row in rows for entry in row] for rows in x["q"]]
    pi, v = softmax(q, alpha, weights), log_sum(q, alpha, weights)
    ahead = expect(pi, q) + alpha * -expect(pi, [p.log() for p in pi])
    y = [pay + game["discount"] * ahead for row in game["rewards"][0] for pay in row]
    pulled = [(p / w).log() - target / alpha for p, w, target in zip(pi, weights, y, strict=True)]
    left = [2 * p * (value - target) for p, value, target in zip(pi, q, y, strict=True)]
    right = [p * (t - expect(pi, pulled)) + 2 * p * (v - expect(pi, y)) for p, t in zip(pi, pulled, strict=True)]
    laws = distributions([x["reference_distribution"], game["transitions"], game["start"]])
    premises = laws and len(game["rewards"]) == 1
    premises = premises and alpha > 0 and 0 < game["discount"] < 1
    return premises, -max(abs(one - other) for one, other in zip(left, right, strict=True))


def soft_qmix_theorem_4_4(x: Instance) -> tuple[bool, Any]:
    """One state of two agents with two actions each, that looks the same after both swap their actions.

    The swap maps solutions of Eq. 9 to solutions, and only uniform play to itself: if it is worse than another policy,
    then there are two solutions, and the policies that take them in turn do not converge.
    """
    game, alpha, other = x["game"], x["temperature"], [rows[0] for rows in x["other_policy"]]
    (table,) = game["rewards"]
    (first, second), (third, fourth) = table
    laws = distributions([x["policy"], x["other_policy"], game["transitions"], game["start"]])
    premises = (
        laws
        and len(game["transitions"]) == 1
        and first == fourth
        and second == third
        and alpha > 0
        and 0 < game["discount"] < 1
    )
    uniform, value = (_attained(table, pair, alpha) for pair in ([[fmpq(1, 2)] * 2] * 2, other))
    return premises, (uniform - value) / (1 - game["discount"])


soft_qmix_theorem_c_3 = soft_qmix_theorem_4_4


def _attained(table: Any, pair: Any, alpha: Any) -> Any:
    """E[x(a, b)] + α Σ_i H of what two agents play in one state."""
    mean = expect(outer(pair), [entry for row in table for entry in row])
    return mean + alpha * (entropy(pair[0]) + entropy(pair[1]))
