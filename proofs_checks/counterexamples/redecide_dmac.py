"""Counterexamples to claims of the DMAC paper, decided from their files alone."""

from typing import Any

from flint import arb

from .exact import apart, distributions, divergence, expect, log_sum, outer, softmax

__all__ = [
    "dmac_proposition_1__from_given_first_states",
    "dmac_proposition_2",
    "dmac_proposition_2__support",
    "dmac_proposition_4",
    "dmac_proposition_5__equation_19",
    "dmac_proposition_5__equation_20",
    "dmac_proposition_5__equation_21",
    "dmac_theorem_2__agents_in_turn",
    "dmac_theorem_2__policies",
]

Instance = dict[str, Any]


def _stays(x: Instance) -> tuple[bool, list[Any], list[Any], Any]:
    """One state, two agents, π = ρ: whether π is the only optimum over product policies; π, Q_ρ* and V_ρ* of it.

    It is, where r less its mean has mean 0 over either agent's action, and is less than ω: then E[r] rises over its
    mean by no more than |r| ‖π^1 − ρ^1‖ ‖π^2 − ρ^2‖ ≤ |r| KL(π‖ρ), by Pinsker's inequality, and ω KL(π‖ρ) is lost.
    """
    (r,), [(one,), (two,)], gamma = x["game"]["rewards"], x["policy"], x["game"]["discount"]
    rewards, joint = [pay for row in r for pay in row], outer((one, two))
    mean = expect(joint, rewards)
    flat_rows = all(expect(two, row) == mean for row in r)
    flat_columns = all(expect(one, column) == mean for column in zip(*r, strict=True))
    small = all(abs(pay - mean) < x["temperature"] for pay in rewards)
    premises = flat_rows and flat_columns and small and x["policy"] == x["target_policy"]
    premises = premises and distributions([one, two]) and 0 <= gamma < 1 and x["temperature"] > 0
    v = mean / (1 - gamma)
    return premises and all(p > 0 for p in joint), joint, [pay + gamma * v for pay in rewards], v


def dmac_proposition_1__from_given_first_states(x: Instance) -> tuple[bool, Any]:
    """One agent; states are never left, and only the first can be the start: J has no weight on the others.

    There each policy with positive probabilities is optimal in each round, so that two of them may alternate.
    """
    game, (one,), (other,) = x["game"], x["policy"], x["other_policy"]
    never_left = all(row[s] == 1 for s, rows in enumerate(game["transitions"]) for row in rows)
    premises = distributions(game["transitions"]) and distributions(game["start"]) and game["start"][0] == 1
    premises = premises and distributions(one) and distributions(other) and 0 <= game["discount"] < 1
    positive = all(p > 0 for rows in (one, other) for row in rows for p in row) and x["temperature"] > 0
    return premises and never_left and positive, -apart(one[1:], other[1:])


def dmac_proposition_2(x: Instance) -> tuple[bool, Any]:
    """State 0: action 0 leads to 1, action 1 to 2; from there to 3, which pays nothing. In 1 all actions pay as much.

    No action of 2 pays more than those of 1, so V*_{π^k}(2) ≤ V*_{π^k}(1), and the odds of action 0 in state 0 never
    fall. Both actions are optimal, as the best action of 2 pays as much. So π̃(0|0) ≥ π^1(0|0) > π^0(0|0), as printed.
    """
    game, first, omega = x["game"], x["joint_first_policy"], x["temperature"]
    start, equal, mixed, end = game["rewards"]
    ways, after = game["transitions"][0], [row for s in (1, 2, 3) for row in game["transitions"][s]]
    premises = distributions(first) and all(p > 0 for row in first for p in row) and omega > 0
    premises = premises and ways == [[0, 1, 0, 0], [0, 0, 1, 0]] and all(row == [0, 0, 0, 1] for row in after)
    premises = premises and not any([*start, *end]) and len(set(map(str, equal))) == 1 and max(mixed) == equal[0]
    gamma = game["discount"]
    premises = premises and 0 <= gamma < 1
    v = [gamma * log_sum(pays, omega, row) for pays, row in ((equal, first[1]), (mixed, first[2]))]
    return bool(premises), arb(first[0][0]) - softmax(v, omega, first[0])[0]


def dmac_proposition_2__support(x: Instance) -> tuple[bool, Any]:
    """π^0 is the only optimum over product policies with itself as the target, so the iteration stays there."""
    premises, joint, q, _ = _stays(x)
    return premises, -sum(p for p, value in zip(joint, q, strict=True) if value < max(q))


def dmac_proposition_4(x: Instance) -> tuple[bool, Any]:
    """Q = r + γ V, and log π*/ρ = 0: the right side has Q(a') in the place of V."""
    premises, _, q, v = _stays(x)
    return premises, -x["game"]["discount"] * max(abs(value - v) for value in q)


def dmac_proposition_5__equation_19(x: Instance) -> tuple[bool, Any]:
    """The optimum over product policies, and ρ exp(Q/ω)/Z, at the first joint action."""
    premises, joint, q, _ = _stays(x)
    return premises, -abs(softmax(q, x["temperature"], joint)[0] - joint[0])


def dmac_proposition_5__equation_20(x: Instance) -> tuple[bool, Any]:
    """The value of the optimum over product policies, and ω log Σ ρ exp(Q/ω)."""
    premises, joint, q, v = _stays(x)
    return premises, -abs(log_sum(q, x["temperature"], joint) - v)


def dmac_proposition_5__equation_21(x: Instance) -> tuple[bool, Any]:
    """One agent whose actions all pay as much: every policy but ρ costs, so V* = r/(1 − γ) and Q* = V*."""
    (rewards,), (policy,), gamma = x["game"]["rewards"], x["policy"][0], x["game"]["discount"]
    premises = x["policy"] == x["target_policy"] and distributions(policy) and len(set(map(str, rewards))) == 1
    v = rewards[0] / (1 - gamma)
    return premises and x["temperature"] > 0, -abs(rewards[0] + gamma * x["temperature"] * v - v)


def dmac_theorem_2__agents_in_turn(x: Instance) -> tuple[bool, Any]:
    """One state, π = ρ, and neither agent's action matters while the other plays π: each answers π by π, for ever."""
    (r,), [(one,), (two,)], omega = x["game"]["rewards"], x["policy"], x["temperature"]
    rows, columns = [expect(two, row) for row in r], [expect(one, column) for column in zip(*r, strict=True)]
    premises = len(set(map(str, rows))) == len(set(map(str, columns))) == 1 and x["policy"] == x["target_policy"]
    other = [row for (row,) in x["other_policy"]]
    joint, rival, rewards = outer((one, two)), outer(other), [pay for row in r for pay in row]
    better = expect(rival, rewards) - omega * divergence(rival, joint)
    premises = premises and distributions([one, two, *other]) and omega > 0 and 0 <= x["game"]["discount"] < 1
    return premises, (expect(joint, rewards) - better) / (1 - x["game"]["discount"])


def dmac_theorem_2__policies(x: Instance) -> tuple[bool, Any]:
    """Exchanging both agents' actions leaves the game and ρ as they are; only the uniform policy stays the same by it.

    A policy of higher value than the uniform one, which is ρ, shows that no optimum stays the same: each has a mirror
    image, and the iteration may alternate. An optimum gains g, at most |r − mean| x y with x, y the agents' differences
    of their two probabilities, so that one of these is at least √(g/|r − mean|), by which image and policy differ.
    """
    ((a, b), (c, d)), omega = x["game"]["rewards"][0], x["temperature"]
    uniform = outer([row for (row,) in x["target_policy"]])
    premises = a == d and b == c and len(set(map(str, uniform))) == 1 and sum(uniform) == 1 and omega > 0
    rival = [row for (row,) in x["policy"]]
    joint = outer(rival)
    gain = expect(joint, [a, b, c, d]) - (a + b) / 2 - omega * divergence(joint, uniform)
    return premises and distributions(rival) and bool(gain > 0), -(gain / abs((a - b) / 2)).sqrt()
