"""Counterexamples to claims of the ROMMEO paper, decided from their files alone.

In all of them there are two agents, and agent 0 is the one whose pair it is: tables are q[a][b] in each state, and a
conditional policy is a list over b of rows over a.
"""

from typing import Any

from flint import arb, fmpq

from .exact import distributions, divergence, entropy, expect, log_sum, softmax

__all__ = [
    "rommeo_definition_1__parts_of_optima",
    "rommeo_equation_49",
    "rommeo_equation_53",
    "rommeo_theorem_1",
    "rommeo_theorem_2",
    "rommeo_theorem_5",
]

Instance = dict[str, Any]


def rommeo_definition_1__parts_of_optima(x: Instance) -> tuple[bool, Any]:
    """One state of two agents: agent 0 plays its part of the first optimum, agent 1 its part of the second."""
    (table,), discount = x["game"]["rewards"], x["game"]["discount"]
    (first, _), (_, second) = x["first_optimum"], x["second_optimum"]
    largest = max(max(row) for row in table)
    optima = all(table[a][b] == largest for a, b in (x["first_optimum"], x["second_optimum"]))
    sound = distributions([x["game"]["transitions"], x["game"]["start"]]) and 0 < discount < 1
    return optima and sound, discount / (1 - discount) * (table[first][second] - largest)


def rommeo_equation_49(x: Instance) -> tuple[bool, Any]:
    """One state: the new policy with the model that Eq. 39 makes from the old one, against the old model.

    As printed, ρ̃ ∝ P exp(E_π[Q]) and means of Q are taken over π; or ρ̃ has the entropy of π, and means are over π̃.
    The larger of both slacks is returned, so that each of these readings is violated.
    """
    game, alpha, (prior,), (policy,), (model,) = (
        x["game"], x["temperature"], x["prior"], x["conditional_distribution"], x["model"]
    )  # fmt: skip
    (q,) = _tables(game, [_value(x, policy, model)], game["discount"])
    columns = list(zip(*q, strict=True))
    expected = [expect(own, column) for own, column in zip(policy, columns, strict=True)]
    with_entropy = [mean + alpha * entropy(own) for mean, own in zip(expected, policy, strict=True)]
    new = [softmax(column, alpha) for column in columns]
    mixed = [mean + alpha * entropy(own) for mean, own in zip(expected, new, strict=True)]
    printed, other = (expect(rho, mixed) - divergence(rho, prior) for rho in (_printed(q, policy, prior), model))
    over_new = [_attained(q, new, rho, prior, alpha) for rho in (softmax(with_entropy, 1, prior), model)]
    larger = arb(printed - other).max(over_new[0] - over_new[1])
    return _premises(x) and len(x["prior"]) == 1, larger


def rommeo_equation_53(x: Instance) -> tuple[bool, Any]:
    """One state, where Q is r and γ V: the new policy with Eq. 39 whose entropy does not depend on b."""
    game, (prior,), (policy,), (model,) = x["game"], x["prior"], x["conditional_distribution"], x["model"]
    v = _value(x, policy, model)
    (q,) = _tables(game, [v], game["discount"])
    new = [softmax(column, x["temperature"]) for column in zip(*q, strict=True)]
    return _premises(x) and len(x["prior"]) == 1, game["discount"] * (_value(x, new, _printed(q, policy, prior)) - v)


def rommeo_theorem_1(x: Instance) -> tuple[bool, Any]:
    """V* by 600 sweeps and the contraction's bound; the pair of Eq. 10 and 11; then J of Eq. 6 of both pairs."""
    game, alpha, first = x["game"], x["temperature"], [arb(0)] * len(x["prior"])
    v = first
    for sweep in range(600):
        v = [_soft(q, p, alpha) for q, p in zip(_tables(game, v, game["discount"]), x["prior"], strict=True)]
        first = v if sweep == 0 else first
    left = game["discount"] ** 600 / (1 - game["discount"]) * max(abs(value).upper() for value in first)
    tables = _tables(game, [value + arb(0, arb(left).upper()) for value in v], game["discount"])
    policy = [[softmax(column, alpha) for column in zip(*q, strict=True)] for q in tables]
    model = [softmax(_columns(q, alpha), 1, p) for q, p in zip(tables, x["prior"], strict=True)]
    given = (x["conditional_distribution"], x["model"])
    best, other = (_over(x, pi, rho) for pi, rho in ((policy, model), given))
    return _premises(x), best - other


def rommeo_theorem_2(x: Instance) -> tuple[bool, Any]:
    """One state, so that V = E[r + α H − KL]/(1 − γ), and the two sides of Eq. 12 differ by γ times the difference."""
    game, alpha, (prior,) = x["game"], x["temperature"], x["prior"]
    v = _value(x, x["conditional_distribution"][0], x["model"][0])
    (q,) = _tables(game, [v], game["discount"])
    return _premises(x) and len(x["prior"]) == 1, -game["discount"] * abs(v - _soft(q, prior, alpha))


def rommeo_theorem_5(x: Instance) -> tuple[bool, Any]:
    """One state, where Q is r and γ V: Eq. 39 with an entropy that does not depend on b, and V of the new model."""
    game, (prior,), (policy,) = x["game"], x["prior"], x["conditional_distribution"]
    v = _value(x, policy, x["model"][0])
    (q,) = _tables(game, [v], game["discount"])
    new_v = _value(x, policy, _printed(q, policy, prior))
    return _premises(x) and len(x["prior"]) == 1, game["discount"] * (new_v - v)


def _premises(x: Instance) -> bool:
    """Two agents with one payoff, rows that sum to 1, a positive prior, α > 0 and 0 < γ < 1."""
    game = x["game"]
    rows = x["prior"], x["model"], x["conditional_distribution"], game["transitions"], game["start"]
    positive = all(p > 0 for row in x["prior"] for p in row)
    two = not isinstance(game["rewards"][0][0][0], list) and game["common_payoff"] and x["agent"] == 0
    return all(map(distributions, rows)) and positive and two and x["temperature"] > 0 and 0 < game["discount"] < 1


def _tables(game: Instance, v: list[Any], discount: Any) -> list[Any]:
    """q[s][a][b] = r + γ Σ_t P(t|s, a, b) V(t)."""
    return [
        [[pay + discount * expect(to, v) for pay, to in zip(*row, strict=True)] for row in zip(*state, strict=True)]
        for state in zip(game["rewards"], game["transitions"], strict=True)
    ]


def _columns(q: list[Any], alpha: Any) -> list[Any]:
    """α log Σ_a exp(q(a, b)/α) of each b."""
    return [log_sum(column, alpha) for column in zip(*q, strict=True)]


def _soft(q: list[Any], prior: list[Any], alpha: Any) -> Any:
    """Eq. 9 in one state."""
    return log_sum(_columns(q, alpha), 1, prior)


def _attained(q: list[Any], policy: list[Any], model: list[Any], prior: list[Any], alpha: Any) -> Any:
    """E_{ρ,π}[q] + α E_ρ[H(π)] − KL(ρ‖P) in one state."""
    columns = zip(policy, zip(*q, strict=True), strict=True)
    return expect(model, [expect(own, column) + alpha * entropy(own) for own, column in columns]) - divergence(
        model, prior
    )


def _printed(q: list[Any], policy: list[Any], prior: list[Any]) -> list[Any]:
    """ρ̃ ∝ P exp(E_π[Q]): Eq. 39, where an entropy of the state alone cancels."""
    return softmax([expect(own, column) for own, column in zip(policy, zip(*q, strict=True), strict=True)], 1, prior)


def _value(x: Instance, policy: list[Any], model: list[Any]) -> Any:
    """V of a pair in a game of one state."""
    paid = _attained(x["game"]["rewards"][0], policy, model, x["prior"][0], x["temperature"])
    return paid / (1 - x["game"]["discount"])


def _over(x: Instance, policy: Any, model: Any) -> Any:
    """Σ_t E[R + α H − KL] over the steps of the horizon, from the last one backwards."""
    v = [arb(0)] * len(model)
    for _ in range(x["horizon"]):
        states = zip(_tables(x["game"], v, fmpq(1)), policy, model, x["prior"], strict=True)
        v = [_attained(*state, x["temperature"]) for state in states]
    return expect(x["game"]["start"], v)
