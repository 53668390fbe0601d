"""Counterexamples to claims of the HASAC paper, decided from their files alone."""

from typing import Any

from flint import arb, arb_mat, fmpq

from .exact import apart, distributions, entropy, expect, outer, softmax

__all__ = [
    "hasac_corollary_1__part_1",
    "hasac_lemma_4_2__objective",
    "hasac_lemma_g_2",
    "hasac_lemma_g_2__balls",
    "hasac_proposition_1",
    "hasac_proposition_1__agent_by_agent",
    "hasac_proposition_1__normaliser",
    "hasac_theorem_1",
    "hasac_theorem_1__discounted",
    "hasac_theorem_1__under_assumption_1",
    "hasac_theorem_2",
    "hasac_theorem_2__from_any_start",
    "hasac_theorem_3__part_1",
    "hasac_theorem_3__part_2",
    "hasac_theorem_3__part_3",
    "hasac_theorem_3__part_4",
]

Instance = dict[str, Any]


def hasac_proposition_1(x: Instance) -> tuple[bool, Any]:
    """One state, so that Q is r and a constant. Eq. 8 for agent 0, then 1; then E[r] + α Σ H of both joint policies."""
    premises, r, *new = _in_turn(x)
    alpha, other = x["temperature"], [rows[0] for rows in x["other_policy"]]
    value, rival = (
        expect(outer(pair), [pay for row in r for pay in row]) + alpha * (entropy(pair[0]) + entropy(pair[1]))
        for pair in (new, other)
    )
    return premises and distributions(other), value - rival


def hasac_proposition_1__agent_by_agent(x: Instance) -> tuple[bool, Any]:
    """One state. After agent 0 and then agent 1 have updated, agent 0 would answer the new policy of agent 1."""
    (premises, r, new_one, new_two), alpha = _in_turn(x), x["temperature"]
    payoffs = [expect(new_two, row) for row in r]
    value, answered = (expect(own, payoffs) + alpha * entropy(own) for own in (new_one, softmax(payoffs, alpha)))
    return premises, value - answered


def hasac_proposition_1__normaliser(x: Instance) -> tuple[bool, Any]:
    """One state. At agent 1's turn Σ_b exp(E[Q(·, b)]/α) over E[Σ_b exp(Q(·, b)/α)]; constants in Q cancel."""
    (premises, r, new_one, _), alpha = _in_turn(x), x["temperature"]
    above = sum(((expect(new_one, column) / alpha).exp() for column in zip(*r, strict=True)), arb(0))
    below = expect(new_one, [sum(((arb(pay) / alpha).exp() for pay in row), arb(0)) for row in r])
    return premises, -abs(above / below - 1)


def hasac_lemma_4_2__objective(x: Instance) -> tuple[bool, Any]:
    """One agent: J of Eq. 2 after the update, less J before."""
    (old,) = x["policy"]
    new = [softmax(row, x["temperature"]) for row in _soft_q(x, old)]
    return _is_game(x) and distributions(old), _over_horizon(x, new) - _over_horizon(x, old)


def hasac_theorem_1(x: Instance) -> tuple[bool, Any]:
    """One agent. Uniform is best for Eq. 2 as all actions tie, by steps to go, where and when the game may be."""
    game, (old,) = x["game"], x["policy"]
    values, reached = [[fmpq(0) for _ in old]], {s for s, p in enumerate(game["start"]) if p > 0}
    for _ in range(x["horizon"]):
        values.insert(0, [expect(own, row) for own, row in zip(old, _ahead(game, values[0]), strict=True)])
    ties = all(own == [fmpq(1, len(own))] * len(own) for own in old)
    for later in values[1:]:
        ties = ties and all(min(row) == max(row) for s, row in enumerate(_ahead(game, later)) if s in reached)
        reached = {t for s in reached for row in game["transitions"][s] for t, p in enumerate(row) if p > 0}
    best = [softmax(row, x["temperature"]) for row in _soft_q(x, old)]
    return _is_game(x) and ties, -max(abs(best[0][a] - p) for a, p in enumerate(old[0]))


def hasac_theorem_1__discounted(x: Instance) -> tuple[bool, Any]:
    """One agent, states that are never left, payoffs that depend on no action: V(s) and so J is a mean of entropies."""
    game, (old,), states = x["game"], x["policy"], range(len(x["policy"][0]))
    uniform = [[fmpq(1, len(own))] * len(own) for own in old]
    stays = all(row == [int(s == t) for t in states] for s in states for row in game["transitions"][s])
    level = all(min(row) == max(row) for row in game["rewards"])
    best = all(old[s] == uniform[s] for s in states if game["start"][s] > 0)
    return _is_game(x) and distributions(old) and stays and level and best, -apart(old, uniform)


def hasac_theorem_1__under_assumption_1(x: Instance) -> tuple[bool, Any]:
    """One agent, one state, two actions: E[r] + α H rises up to the softmax, which is beyond the floor."""
    ((own,),), floor = x["policy"], x["floor"]
    best = softmax(x["game"]["rewards"][0], x["temperature"])
    premises = _is_game(x) and own == [floor, 1 - floor] and 0 < floor < fmpq(1, 2) and best[0] < floor
    return premises, best[0] - own[0]


def hasac_theorem_2(x: Instance) -> tuple[bool, Any]:
    """One agent. Its first update is a fixed point: it changes only a state that is never entered again."""
    game, (old,), (other,) = x["game"], x["policy"], x["other_policy"]
    last = [softmax(row, x["temperature"]) for row in _soft_q(x, old)]
    never = all(row[0] == 0 for rows in game["transitions"] for row in rows)
    level = all(min(row) == max(row) for row in _ahead(game, [fmpq(0)] * len(old))[1:])
    stays = all(row[s] == 1 for s in range(1, len(old)) for row in game["transitions"][s])
    uniform = all(own == [fmpq(1, len(own))] * len(own) for own in old)
    premises = _is_game(x) and distributions(other) and never and level and stays and uniform
    return premises, _over_horizon(x, last) - _over_horizon(x, other)


def hasac_theorem_2__from_any_start(x: Instance) -> tuple[bool, Any]:
    """Who is met by c ≥ 9/10 answers softmax((2c − 1)/α) ≥ 9/10: both stay above b, and by symmetry below 1 − b."""
    (r,), [(one,), (two,)], start = x["game"]["rewards"], x["policy"], x["other_policy"]
    bound = softmax([expect(two, row) for row in r], x["temperature"])[0]
    mirrored = all(own[0][::-1] == rows[0] for own, rows in zip(x["policy"], start, strict=True))
    premises = one == two and distributions(one) and r == [[1, 0], [0, 1]] and x["temperature"] > 0
    return premises and mirrored and one[0] > fmpq(1, 2) and bound >= one[0], (1 - bound) - bound


def hasac_lemma_g_2(x: Instance) -> tuple[bool, Any]:
    """One agent, states never left: the further member has the best mean of E[r] + α H; M in state 1, less before."""
    (old,), (new,), radius = x["policy"], x["other_policy"], x["radius"]
    best = [
        _edge(own, softmax(pay, x["temperature"]), radius) for own, pay in zip(old, x["game"]["rewards"], strict=True)
    ]
    premises = _is_game(x) and distributions(new) and _is_neighbourhood(x) and all(best)
    means = [expect(x["sampling_distribution"], _paid(x, each)) for each in (new, best)] if premises else [0, 0]
    return premises and bool(means[0] > means[1]), _paid(x, new)[1] - _paid(x, old)[1]


def hasac_lemma_g_2__balls(x: Instance) -> tuple[bool, Any]:
    """One agent, states never left, β on a state where all pays the same: a member that is old there is a maximiser."""
    (old,), (new,), (level, _) = x["policy"], x["other_policy"], x["game"]["rewards"]
    inside = apart(old, new) <= x["radius"]
    best = min(level) == max(level) and old[0] == new[0] == [fmpq(1, 2)] * 2 and x["sampling_distribution"] == [1, 0]
    premises = _is_game(x) and distributions(new) and _is_neighbourhood(x) and inside and best
    return premises, _paid(x, new)[1] - _paid(x, old)[1]


def hasac_theorem_3__part_1(x: Instance) -> tuple[bool, Any]:
    """The policy of Lemma G.2's example is taken; J of Eq. 2 after it, less before."""
    premises, _ = hasac_lemma_g_2(x)
    return premises, _over_horizon(x, x["other_policy"][0]) - _over_horizon(x, x["policy"][0])


def hasac_theorem_3__part_2(x: Instance) -> tuple[bool, Any]:
    """All policies lie below the centre c, and V rises with them up to the softmax: lim V = V(c), less V(softmax)."""
    last, best = _stops(x)
    return _is_stopping(x), _paid(x, [last])[0] / (1 - x["game"]["discount"]) - _soft_v(x, [best])[0]


def hasac_theorem_3__part_3(x: Instance) -> tuple[bool, Any]:
    """As part 2, with J of Eq. 2."""
    last, best = _stops(x)
    return _is_stopping(x), _over_horizon(x, [last]) - _over_horizon(x, [best])


def hasac_theorem_3__part_4(x: Instance) -> tuple[bool, Any]:
    """As part 2: the limit of the policies, less the softmax."""
    last, best = _stops(x)
    return _is_stopping(x), last[1] - best[1]


def hasac_corollary_1__part_1(x: Instance) -> tuple[bool, Any]:
    """One agent, one state: V less Σ π Q − Σ π log π."""
    (own,) = x["policy"]
    printed = expect(own[0], _soft_q(x, own)[0]) + entropy(own[0])
    return _is_game(x) and distributions(own), -abs(_soft_v(x, own)[0] - printed)


def _in_turn(x: Instance) -> tuple[bool, Any, list[Any], list[Any]]:
    """Two agents in one state: whether policies, α and order are as needed; r; the new policy of agent 0, then of 1."""
    (r,), [(one,), (two,)], alpha = x["game"]["rewards"], x["policy"], x["temperature"]
    new_one = softmax([expect(two, row) for row in r], alpha)
    new_two = softmax([expect(new_one, column) for column in zip(*r, strict=True)], alpha)
    return distributions([one, two]) and alpha > 0 and x["order"] == [0, 1], r, new_one, new_two


def _is_game(x: Instance) -> bool:
    """Whether transitions and start are probabilities, the discount is in [0, 1), and α and T are positive."""
    game = x["game"]
    rows = distributions(game["transitions"]) and distributions(game["start"])
    return rows and 0 <= game["discount"] < 1 and x["temperature"] > 0 and x.get("horizon", 1) > 0


def _paid(x: Instance, policy: Any) -> list[Any]:
    """E_π[r] + α H(π) in each state, of one agent."""
    rewards = x["game"]["rewards"]
    return [expect(own, pay) + x["temperature"] * entropy(own) for own, pay in zip(policy, rewards, strict=True)]


def _over_horizon(x: Instance, policy: Any) -> Any:
    """J of Eq. 2 of one agent."""
    game, paid = x["game"], _paid(x, policy)
    values = [arb(0) for _ in paid]
    for _ in range(x["horizon"]):
        means = [
            expect(own, [expect(row, values) for row in rows])
            for own, rows in zip(policy, game["transitions"], strict=True)
        ]
        values = [now + later for now, later in zip(paid, means, strict=True)]
    return expect(game["start"], values)


def _soft_v(x: Instance, policy: Any) -> list[Any]:
    """V = (I − γ P_π)⁻¹ (E_π[r] + α H(π)) of one agent, in balls."""
    moves, gamma, states = x["game"]["transitions"], x["game"]["discount"], range(len(policy))
    rows = [
        [arb(int(s == t)) - gamma * expect(policy[s], [row[t] for row in moves[s]]) for t in states] for s in states
    ]
    found = arb_mat(rows).solve(arb_mat([[pay] for pay in _paid(x, policy)]))
    return [found[s, 0] for s in states]


def _soft_q(x: Instance, policy: Any) -> list[list[Any]]:
    """Q = r + γ P V of one agent, in balls."""
    game, values = x["game"], _soft_v(x, policy)
    return [
        [pay + game["discount"] * expect(row, values) for pay, row in zip(pays, rows, strict=True)]
        for pays, rows in zip(game["rewards"], game["transitions"], strict=True)
    ]


def _ahead(game: Any, values: Any) -> list[list[Any]]:
    """r + P V without discount."""
    pairs = zip(game["rewards"], game["transitions"], strict=True)
    return [[pay + expect(row, values) for pay, row in zip(pays, rows, strict=True)] for pays, rows in pairs]


def _stops(x: Instance) -> tuple[list[Any], list[Any]]:
    """The policy at the centre, and the softmax, which is the one equilibrium of one agent in one state."""
    return [1 - x["centre"], x["centre"]], softmax(x["game"]["rewards"][0], x["temperature"])


def _is_stopping(x: Instance) -> bool:
    """Whether a step of half the distance to the centre never passes it, the softmax lies beyond, and none is 0."""
    ((own,),), centre = x["policy"], x["centre"]
    below = own[1] < centre < 1 and distributions(own) and x["radius"] > 0 and x["weight"] == 0
    return _is_game(x) and bool(below) and bool(_stops(x)[1][1] > centre)


def _edge(own: Any, best: Any, radius: Any) -> list[Any]:
    """The end of the interval |p − π| ≤ radius on the side of a softmax that lies beyond it; [] where none does."""
    if best[1] > own[1] + radius:
        return [own[0] - radius, own[1] + radius]
    return [own[0] + radius, own[1] - radius] if best[1] < own[1] - radius else []


def _is_neighbourhood(x: Instance) -> bool:
    """Whether states are never left, there is no drift, the ball has a radius, and β and π sum to 1."""
    moves, (old,) = x["game"]["transitions"], x["policy"]
    never_left = all(row[s] == 1 for s, rows in enumerate(moves) for row in rows)
    given = distributions(x["sampling_distribution"]) and distributions(old)
    return never_left and given and x["weight"] == 0 and x["radius"] > 0
